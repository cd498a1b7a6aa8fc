/**
 * One server of one backend. Its configuration is replaced under it; its operational and administrative state,
 * health, slots in use and counters survive.
 *
 *     admin.ts      what people, the configuration and its source want of it     (maintenance, drain)
 *     health.ts     the arithmetic of its checks, and of its agent's
 *     findings.ts   what checks, its agent and traffic find out about it
 *     revision.ts   a new configuration, and what its source says
 *     operation.ts  what comes of it                                             (stopped, starting, running, stopping)
 *     departure.ts  how long it may go on once its source has told it to leave
 *     status.ts     both in the words of the statistics, words.ts in those of the log
 *
 * Invariants: `scur` slots are taken, never more than `limit` when one is taken; only Backend changes it.
 * Maintenance implies a stopped server; `lastChange` is when `op` (or draining) last changed.
 */

import { isIP } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { ServerConfig } from '../config/model.ts';
import { ServerCounters } from '../core/counters.ts';
import { Level } from '../core/log.ts';
import { TlsSessions } from '../tls/sessions.ts';
import { changeAdmin, setAdmin } from './admin.ts';
import type { Backend } from './backend.ts';
import { Placement } from './balance/placement.ts';
import { CheckHistory } from './check-history.ts';
import { encryptsChecks } from './checks/secure.ts';
import { Departure } from './departure.ts';
import { offer, remind } from './effects.ts';
import { takeObservation, takeReport, takeVerdict } from './findings.ts';
import { Health } from './health.ts';
import { slotsOf } from './limits.ts';
import { Observer } from './observe.ts';
import { bringUp, holdBack, takeDown } from './operation.ts';
import { WaitQueue } from './queue.ts';
import { checkWords, revise } from './revision.ts';
import { SCALE, Warmup } from './slowstart.ts';
import { statusText } from './status.ts';
import {
  Admin,
  type AdminState,
  type AgentReport,
  ANY_DRAIN,
  ANY_MAINT,
  type IdleConnections,
  NO_IDLE,
  type Observation,
  OpState,
  type SourceState,
  type Verdict,
} from './types.ts';
import { balance, subject } from './words.ts';

/** Who changed it by hand. */
type By = 'CLI' | 'Web interface';

/** Who asked for maintenance or drain. */
type AskedBy = By | 'agent';

/** What is left out stays as it is; port 0 is the server's own. */
interface Redirection {
  readonly address?: string;
  readonly port?: number;
}

/** Node ends the process where a connection is to go to anything else. */
function verify({ address, port = 0 }: Redirection): void {
  if (address !== undefined && isIP(address) === 0) throw new RangeError(`'${address}' is no address to check`);
  if (!(Number.isInteger(port) && port >= 0 && port <= 65535)) throw new RangeError(`${port} is no port to check`);
}

export class Server {
  readonly backend: Backend;
  /** `sid` of the statistics: from 1 in order of arrival. */
  readonly id: number;
  config: ServerConfig;
  /** Why a discovered server is not taking traffic; empty when it is. */
  reason = '';
  /** Why it cannot be spoken to as its words say (a file that is no good): it is down until that has changed. */
  refusal: string | undefined = undefined;

  /** Bits of Admin. */
  admin = 0;
  /** Who has asked last for maintenance or drain; undefined where nobody has since it was `ready`. */
  adminBy: AskedBy | undefined = undefined;
  op: OpState = OpState.Running;
  readonly check: Health;
  readonly agent: Health = new Health(1, 1);
  /** The last finished check, or undefined before the first. */
  verdict: Verdict | undefined = undefined;
  agentVerdict: Verdict | undefined = undefined;
  readonly checkHistory: CheckHistory = new CheckHistory();
  readonly agentHistory: CheckHistory = new CheckHistory();
  /** A check is in flight. */
  checking = false;
  agentChecking = false;
  /** Errors of traffic ask for the next check at `fastinter`; the next verdict ends it. */
  fastCheck = false;
  /** Called when `fastCheck` becomes true: the next check may have to come sooner. */
  onFastCheck: (() => void) | undefined = undefined;
  /** Of one that was added while the process runs: its checks begin when they are enabled, not an interval later. */
  onEnabled: (() => void) | undefined = undefined;
  readonly observer: Observer = new Observer();
  /** Who it tracks, and who tracks it: the newest first, as in HAProxy's logs. */
  tracked: Server | undefined = undefined;
  trackers: readonly Server[] = [];
  readonly warmup: Warmup = new Warmup(this);
  readonly departure: Departure = new Departure(this);
  /** Monotonic ms. */
  lastChange: number;
  /** Milliseconds, without the outage that is going on. */
  downtime = 0;
  /** Weight as set at run time; starts as the configured one. */
  weight: number;
  /** The maxconn in force, as set at run time; starts as the configured one. 0 is unlimited. */
  maxconn: number;
  /** A removed server finishes its exchanges and takes no new one. */
  removed = false;
  /** Goes up when the address changes, or how it is spoken to: a connection opened under an older number must not be kept for reuse. */
  addressVersion = 0;
  /** `init-addr`: where it is asked while its name has no address. */
  firstAddress: string | undefined = undefined;
  /** Its source has not spoken since the configuration made it. */
  unheard = true;
  /** Its source says that it is down; checks cannot overrule that. */
  heldDown = false;
  /** What was configured, while an operator has set another address. */
  configured: ServerConfig;

  /** Slots in use; the CSV's scur. */
  scur = 0;
  /** In use at once, at most, checks included, since idle connections were purged last. */
  mostUsed = 0;
  /** In the group that gets traffic now; Backend's word. */
  elected = false;
  /** It is not, but takes what those that are have no free slot for. */
  spare = false;
  /** Who waits for this very server (algorithms that bind by key); the CSV's qcur. */
  readonly queue: WaitQueue = new WaitQueue(this);
  readonly counters: ServerCounters = new ServerCounters();
  /** Kept-alive connections without an exchange; `proxy/pool.ts` puts its pool here with the first of them. */
  idle: IdleConnections = NO_IDLE;
  /** Of TLS, for the next connection to go on with. */
  sessions: TlsSessions = new TlsSessions();
  /** What its words of TLS and their files say: `contentOf` of its contexts. */
  tlsContent = '';
  /** For the balancing algorithm in use: its own bookkeeping. */
  readonly lb: Placement = new Placement();

  constructor(backend: Backend, id: number, config: ServerConfig, now: number) {
    this.backend = backend;
    this.id = id;
    this.config = config;
    this.configured = config;
    this.weight = config.weight;
    this.maxconn = config.maxconn;
    const { rise, fall } = checkWords(config);
    this.check = new Health(rise, fall);
    this.check.enabled = config.dynamic !== true;
    this.agent.enabled = config.dynamic !== true;
    this.lastChange = now;
    if (config.disabled) this.admin |= config.dynamic === true ? Admin.ForcedMaint : Admin.ForcedMaint | Admin.ConfigMaint;
    if (config.address === undefined) this.admin |= Admin.ResolutionMaint;
    if (!this.inMaintenance) return;
    this.op = OpState.Stopped;
    this.check.value = 0;
  }

  /** May get new traffic. */
  get usable(): boolean {
    return this.fit && (this.admin & Admin.RolloutDrain) === 0;
  }

  /** Would be usable, if its generation had the traffic. */
  get fit(): boolean {
    const { op, admin } = this;
    const isUp = op === OpState.Running || op === OpState.Starting;
    return isUp && (admin & ANY_DRAIN & ~Admin.RolloutDrain) === 0 && !this.inMaintenance && this.weight > 0 && !this.removed;
  }

  /** The weight that dynamic algorithms go by: 16 for each unit of `weight`, less during `slowstart`. */
  get eweight(): number {
    return this.weight * (this.dynamic ? this.warmup.steps : SCALE);
  }

  /** The backend's algorithm takes other weights while it runs. */
  get dynamic(): boolean {
    return this.backend.dynamic;
  }

  /** How many slots there are now; 0 is unlimited. */
  get limit(): number {
    return slotsOf(this);
  }

  /** Every slot is taken. */
  get saturated(): boolean {
    const { limit } = this;
    return limit !== 0 && this.scur >= limit;
  }

  /** How many connections to it are thought to be needed; the CSV's need_conn_est. */
  get neededConnections(): number {
    return Math.max(this.mostUsed, this.idle.needed);
  }

  /** No text names it: a source does. It is known by what it is there, not by its name or place. */
  get discovered(): boolean {
    const { identity, name } = this.config;
    return identity !== name;
  }

  /** Its source says that nothing is to be expected of it now, answers to what it has been asked included: it is paused, or cut off. */
  get silenced(): boolean {
    return this.discovered && (this.heldDown || (this.admin & Admin.ResolutionMaint) !== 0);
  }

  /**
   * Nothing new is to be begun with it: it is silenced, or has been found down. Who fails a check may still answer what it has.
   * What operators and the text want of it is none of that: there it finishes what it has.
   */
  get forsaken(): boolean {
    return this.silenced || (this.discovered && this.foundDown);
  }

  /** By its checks, its agent, its traffic, or those of the server that it tracks. */
  private get foundDown(): boolean {
    if (this.op !== OpState.Stopped || this.inMaintenance) return false;
    return this.verdict?.passed === false || this.agentVerdict?.passed === false || this.tracked?.foundDown === true;
  }

  /** Nobody is on it, and nobody will be while its maintenance lasts. */
  get deletable(): boolean {
    return this.inMaintenance && this.scur === 0 && this.queue.length === 0 && !this.removed;
  }

  get inMaintenance(): boolean {
    return (this.admin & ANY_MAINT) !== 0;
  }

  get draining(): boolean {
    return (this.admin & ANY_DRAIN) !== 0;
  }

  /** Its source, or another generation of its pool, wants it to finish: not even its own clients come back to it. */
  get departing(): boolean {
    return (this.admin & (Admin.SourceDrain | Admin.RolloutDrain)) !== 0;
  }

  /** 0 .. rise + fall - 1. */
  get health(): number {
    return this.check.value;
  }

  /** As `health`, of the agent. */
  get agentHealth(): number {
    return this.agent.value;
  }

  /** Configured, and not turned off at run time. Maintenance stops health checks, too, but not those of the agent. */
  get checkEnabled(): boolean {
    return this.config.check !== undefined && this.check.enabled;
  }

  get agentEnabled(): boolean {
    return this.config.agent !== undefined && this.agent.enabled;
  }

  /** The CSV's `status`. */
  statusText(): string {
    return statusText(this);
  }

  /** Milliseconds of outage, the one that is going on included. */
  downtimeAt(now: number): number {
    return this.op === OpState.Stopped ? this.downtime + (now - this.lastChange) : this.downtime;
  }

  // --- by hand ----------------------------------------------------------------------------------------------------

  /** 0..256; 0 takes no new traffic. */
  setWeight(weight: number, now: number): void {
    if (weight === this.weight) return;
    this.weight = weight;
    if (this.op === OpState.Starting) this.warmup.step(now);
    offer(this, now);
    remind(this);
    this.backend.announce();
  }

  /** 0 is unlimited. Slots in use beyond a lowered limit are left to finish. */
  setMaxconn(maxconn: number, now: number): void {
    if (maxconn === this.maxconn) return;
    this.maxconn = maxconn;
    this.backend.refresh(now);
  }

  /** `set server <b>/<s> state ...`: `ready` also ends a maintenance that the configuration asked for. */
  setAdmin(state: AdminState, now: number, by: AskedBy = 'CLI'): void {
    this.adminBy = state === 'ready' ? undefined : by;
    setAdmin(this, state, now);
    if (by === 'agent' || this.config.generation === undefined) return;
    this.backend.rollout.heed(this, state === 'ready');
    this.backend.refresh(now);
  }

  /** One flag alone, as the statistics page's `enable`, `disable`, `start` and `stop` do. */
  setFlag(flag: number, on: boolean, why: string, now: number): void {
    this.adminBy = on ? 'Web interface' : undefined;
    changeAdmin(this, on ? flag : 0, on ? 0 : flag, why, now);
  }

  /** `enable health`, `disable health`: what is known of its health counts, or does not, from now on. */
  enableCheck(on: boolean): void {
    if (on && !this.check.enabled) this.onEnabled?.();
    this.check.enabled = on;
    // It was in maintenance meanwhile: in service, it is as one that was never checked.
    if (on && this.op !== OpState.Stopped && !this.check.up) this.check.value = this.check.rise;
  }

  enableAgent(on: boolean): void {
    if (on && !this.agent.enabled) this.onEnabled?.();
    this.agent.enabled = on;
  }

  /** `set server <b>/<s> health ...`: until a check finds something else. Not for a server that tracks another one. */
  forceHealth(health: 'up' | 'stopping' | 'down', now: number, by: By = 'CLI'): void {
    // Its source knows better: a container that is unhealthy does not become healthy by being called so.
    if (this.heldDown) return;
    const cause = `, changed from ${by}`;
    this.check.value = health === 'down' ? 0 : this.check.top;
    if (health === 'up') bringUp(this, cause, now);
    else if (health === 'stopping') holdBack(this, cause, now);
    else takeDown(this, cause, now);
  }

  /** `set server <b>/<s> agent ...`: until the agent says something else. */
  forceAgent(health: 'up' | 'down', now: number, by: By = 'CLI'): void {
    const cause = `, changed from ${by}`;
    this.agent.value = health === 'down' ? 0 : this.agent.top;
    if (health === 'up') bringUp(this, cause, now);
    else takeDown(this, cause, now);
  }

  /** `set server <b>/<s> addr ...`: until its configuration or its source has another address than now. */
  setAddress(address: string, port: number | undefined, now: number): void {
    this.moveTo({ ...this.config, address, port: port ?? this.config.port });
    changeAdmin(this, 0, Admin.ResolutionMaint, '', now);
  }

  /** Its words say how TLS is spoken, to it or to where it is checked. */
  get speaksTls(): boolean {
    const { ssl, check } = this.configured;
    return ssl !== undefined || check?.ssl === true;
  }

  /** `set server <b>/<s> ssl on|off`, where it speaks TLS: of its traffic alone; its checks go on as they did. */
  setSsl(on: boolean): void {
    const { ssl, sslWords = ssl, check } = this.config;
    const checked = check === undefined ? undefined : { ...check, ssl: encryptsChecks(this.config) };
    this.moveTo({ ...this.config, ssl: on ? sslWords : undefined, sslWords, check: checked });
  }

  /** `set server <b>/<s> check-addr`, `check-port`, and its saved state: where its checks go from now on. */
  redirectCheck(target: Redirection): void {
    verify(target);
    const { check } = this.config;
    if (check === undefined) return;
    const { address = check.address, port = check.port } = target;
    // The port that stood with the old address does not stand with another one.
    const addressPort = target.address === undefined ? check.addressPort : undefined;
    this.config = { ...this.config, check: { ...check, address, port: port === 0 ? undefined : port, addressPort } };
  }

  /** `set server <b>/<s> agent-addr`, `agent-port`: where its agent is asked from now on. */
  redirectAgent(target: Redirection): void {
    verify(target);
    const { agent } = this.config;
    if (agent === undefined) return;
    const { address = agent.address, port = agent.port } = target;
    this.config = { ...this.config, agent: { ...agent, address, port: port === 0 ? this.config.port : port } };
  }

  /** `set server <b>/<s> agent-send`: bytes, one character each. */
  setAgentSend(send: string): void {
    const { agent } = this.config;
    if (agent !== undefined) this.config = { ...this.config, agent: { ...agent, send } };
  }

  // --- what is found out about it ---------------------------------------------------------------------------------

  /** The outcome of an active check. */
  setVerdict(verdict: Verdict, now: number): void {
    this.noteCheck();
    const before = this.verdict?.passed;
    takeVerdict(this, verdict, now);
    // What was only believed to be usable may have been found so.
    if (this.config.generation !== undefined && before !== verdict.passed) this.backend.refresh(now);
  }

  /** What an agent said. One that cannot be asked changes nothing. */
  setAgentReport(report: AgentReport, now: number): void {
    this.noteCheck();
    takeReport(this, report, now);
  }

  /** Who asks is on a connection, too. */
  private noteCheck(): void {
    this.mostUsed = Math.max(this.mostUsed, this.scur + 1);
  }

  /** What traffic found; only where `observe` is configured. */
  observe(observation: Observation, now: number): void {
    takeObservation(this, observation, now);
  }

  /** All who are asked say yes. */
  get mayRun(): boolean {
    if (this.heldDown || this.tracked?.op === OpState.Stopped) return false;
    return (!this.checkEnabled || this.check.up) && (!this.agentEnabled || this.agent.up);
  }

  // --- its configuration and its source ---------------------------------------------------------------------------

  /** What its source says of a server that is new: nothing has changed, so nothing is logged. */
  startAs(state: SourceState, reason: string): void {
    this.reason = reason;
    if (state === 'drain') this.admin |= Admin.SourceDrain;
    this.departure.follow(state === 'drain');
    if (state !== 'down' || this.config.address === undefined) return;
    this.heldDown = true;
    this.check.value = 0;
    this.op = OpState.Stopped;
  }

  /**
   * What its configuration and its source say now; the backend refreshes itself afterwards. A server that is down for
   * its source is DOWN here whatever checks find; without an address it is in maintenance instead.
   * Answers whether its checks begin anew.
   */
  update(config: ServerConfig, state: SourceState, reason: string, now: number): boolean {
    return revise(this, { config, state, reason }, now);
  }

  /** It finishes its exchanges and takes no new one; the backend refreshes itself afterwards. */
  remove(reason: string): void {
    this.removed = true;
    this.backend.serversVersion++;
    this.reason = reason;
  }

  /** After the backend's refresh. */
  announceRemoval(): void {
    const why = this.reason === '' ? '' : ` (${this.reason})`;
    const { op } = this;
    this.op = OpState.Stopped;
    this.log(Level.Notice, ` is removed${why}${balance(this, this.scur, 0)}`);
    this.op = op;
  }

  /** A server that was removed is wanted again before its last exchange ended. */
  restore(): void {
    this.removed = false;
    this.backend.serversVersion++;
  }

  closeIdle(): void {
    this.idle.close();
  }

  /** Nothing of it may go on. */
  end(): void {
    this.closeIdle();
    this.warmup.end();
    this.departure.end();
  }

  /** Its configuration is another one. What is open to an old address, or is not spoken as it should be now, is not used again. */
  moveTo(config: ServerConfig): void {
    const { address, port, ssl } = this.config;
    this.config = config;
    this.backend.serversVersion++;
    const sameSsl = config.ssl === ssl || isDeepStrictEqual(config.ssl, ssl);
    if (!sameSsl) this.renewTls();
    else if (config.address !== address || config.port !== port) this.leaveConnections();
  }

  /** Who is trusted is to be seen again. What is open feeds the sessions of old, which nobody asks any more. */
  renewTls(): void {
    this.sessions = new TlsSessions();
    this.leaveConnections();
  }

  private leaveConnections(): void {
    this.addressVersion++;
    this.closeIdle();
  }

  /** The one door through which `op` changes. */
  moveOp(op: OpState, now: number): void {
    if (this.op === OpState.Stopped) this.downtime += now - this.lastChange;
    if (op !== OpState.Starting) this.warmup.end();
    this.op = op;
    this.lastChange = now;
  }

  log(level: Level, message: string): void {
    this.backend.events.event(level, subject(this) + message, this.backend.name);
  }
}
