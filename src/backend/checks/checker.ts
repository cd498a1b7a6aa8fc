/**
 * Active checks: when each server and each agent is asked next, and what becomes of an answer.
 *
 * Intervals count from the end of one check to the beginning of the next. `fastinter` is for servers in transition
 * (or never checked), `downinter` for those surely down, `inter` for the rest (manual 5.2); agents have `agent-inter`.
 * In maintenance nobody is asked, and the rhythm is `inter`.
 *
 * Time-outs (manual 4.2 "timeout check"): with `timeout check`, each connect may take min(timeout connect, inter) and
 * what follows `timeout check`; without it, `inter` is for both together.
 *
 * Invariant: one check of a kind in flight per server; what is aborted reports nothing, so no answer of an address that the
 * configuration or a source has replaced counts. One that an operator replaced (`set server addr`) is asked to the end of
 * the check that is under way, as by HAProxy.
 */

import type { AgentConfig, CheckConnect, ServerCheckConfig } from '../../config/model.ts';
import { monotonic } from '../../core/clock.ts';
import { Timed, type Wheel } from '../../core/wheel.ts';
import type { Server } from '../server.ts';
import { OpState, type Verdict } from '../types.ts';
import { Dialog, type DialogOwner, type Outcome, type Target } from './dialog.ts';
import { openLine } from './line.ts';
import { agentProgram, type Program, programOf } from './program.ts';
import { spokenFor } from './secure.ts';
import { stateHeader } from './state-header.ts';

export interface CheckerParts {
  readonly wheel: Wheel;
  /** `spread-checks`: percent by which an interval may differ, either way. */
  readonly spread: number;
}

export class Checker {
  private readonly parts: { wheel: Wheel; spread: number };
  private readonly checks = new Map<Server, readonly Check[]>();

  constructor(parts: CheckerParts) {
    this.parts = { ...parts };
  }

  /** Of another configuration; counts from the next interval on. */
  set spread(percent: number) {
    this.parts.spread = percent;
  }

  /** Asks servers with `check`, and agents with `agent-check`; begins anew where that goes on already. */
  start(servers: readonly Server[]): void {
    const checks = servers.flatMap((server) => this.make(server));
    // As HAProxy at its start: each begins within its own interval, by its place; quick ones do not hurry the others.
    const least = checks.reduce((shortest, check) => Math.min(shortest, slow(check.interval())), Number.POSITIVE_INFINITY);
    checks.forEach((check, place) => {
      const interval = Number.isFinite(least) ? Math.max(least, check.interval()) : check.interval();
      this.parts.wheel.arm(check, (interval * place) / checks.length);
    });
  }

  /** It has been enabled: what has never asked does so now, and the rhythm of the rest goes on. */
  hasten(server: Server): void {
    for (const check of this.checks.get(server) ?? []) check.hasten();
  }

  private make(server: Server): readonly Check[] {
    this.stop(server);
    const { check, agent } = server.config;
    const checks: Check[] = [];
    if (check !== undefined) checks.push(new HealthCheck(server, this.parts));
    if (agent !== undefined) checks.push(new AgentCheck(server, this.parts));
    if (checks.length > 0) this.checks.set(server, checks);
    return checks;
  }

  stop(server: Server): void {
    for (const check of this.checks.get(server) ?? []) check.stop();
    this.checks.delete(server);
  }

  stopAll(): void {
    for (const server of [...this.checks.keys()]) this.stop(server);
  }
}

/** An interval of a second or more; anything shorter does not count. */
function slow(interval: number): number {
  return interval >= 1000 ? interval : Number.POSITIVE_INFINITY;
}

/** What server and agent have in common. Its timer means the next check while none is in flight, else the time-out. */
abstract class Check extends Timed implements DialogOwner {
  protected readonly server: Server;
  private readonly parts: CheckerParts;
  private readonly dialog: Dialog;
  private readonly later: Later;
  /** When the last one began; 0 before the first. */
  private since = 0;
  private stopped = false;
  private busy = false;

  constructor(server: Server, parts: CheckerParts) {
    super();
    this.server = server;
    this.parts = parts;
    this.dialog = new Dialog(this, openLine);
    this.later = new Later(this.dialog);
  }

  /** As it is now: what an agent is sent may change at run time. */
  protected abstract program(): Program;

  /** Undefined while there is nobody to ask; the rhythm goes on. */
  protected abstract target(): Target | undefined;
  /** A check begins, or is over. */
  protected abstract mark(busy: boolean): void;
  protected abstract report(verdict: Verdict, outcome: Outcome, now: number): void;
  /** Milliseconds to the next one. */
  abstract interval(): number;
  /** Milliseconds that one may take, before `timeout check` has its say. */
  protected abstract patience(): number;

  stop(): void {
    this.stopped = true;
    this.dialog.abort();
    this.settle();
    this.parts.wheel.disarm(this);
  }

  hasten(): void {
    if (this.since === 0) this.parts.wheel.arm(this, 0);
  }

  override onTimeout(now: number): void {
    if (this.busy) this.dialog.expire();
    else this.begin(now);
  }

  onOpening(): void {
    const { check, connect } = this.server.backend.config.timeouts;
    const patience = this.patience();
    this.parts.wheel.arm(this, check !== undefined && connect !== undefined ? Math.min(connect, patience) : patience);
  }

  onConnected(): void {
    const { check } = this.server.backend.config.timeouts;
    if (check !== undefined) this.parts.wheel.arm(this, check);
  }

  onLater(): void {
    if (this.later.slot < 0) this.parts.wheel.arm(this.later, SOON);
  }

  onOutcome(outcome: Outcome): void {
    const now = monotonic();
    this.settle();
    const { code, status, info } = outcome;
    const passed = code === 'L4OK' || code === 'L6OK' || code === 'L7OK' || code === 'L7OKC';
    try {
      this.report({ code, passed, status, info, duration: now - this.since }, outcome, now);
    } finally {
      // A fault in one of those who got a slot by it must not end the checks.
      if (!this.stopped) this.schedule(now);
    }
  }

  private settle(): void {
    this.parts.wheel.disarm(this.later);
    this.busy = false;
    this.mark(false);
  }

  private begin(now: number): void {
    const target = this.target();
    if (target === undefined) {
      this.parts.wheel.arm(this, this.patience(), now);
      return;
    }
    this.since = monotonic();
    this.busy = true;
    this.mark(true);
    this.dialog.begin(target, this.program());
  }

  /** The next one, from `now` on. */
  protected schedule(now: number): void {
    const interval = this.interval();
    const spread = Math.floor((interval * this.parts.spread) / 100);
    this.parts.wheel.arm(this, interval + spread * (1 - 2 * Math.random()), now);
  }

  protected get waiting(): boolean {
    return !this.busy && !this.stopped;
  }
}

/** How long more bytes may be left before they are looked at, where they come one by one. */
const SOON = 40;

class Later extends Timed {
  private readonly dialog: Dialog;

  constructor(dialog: Dialog) {
    super();
    this.dialog = dialog;
  }

  override onTimeout(): void {
    this.dialog.again();
  }
}

class HealthCheck extends Check {
  private readonly state: ((node: string) => string) | undefined;
  private readonly inService = (): boolean => this.server.op !== OpState.Stopped;
  private readonly spoken = (step: CheckConnect): ReturnType<typeof spokenFor> => spokenFor(this.server, step);

  constructor(server: Server, parts: CheckerParts) {
    super(server, parts);
    const { checkRules: rules } = server.backend.config;
    this.state = rules?.stateNode === undefined ? undefined : (node) => stateHeader(server, node);
    server.onFastCheck = () => {
      if (this.waiting) this.hurry(monotonic());
    };
  }

  override stop(): void {
    super.stop();
    this.server.onFastCheck = undefined;
  }

  protected override program(): Program {
    return programOf(this.server.backend.config.checkRules);
  }

  /** As it is now: address and port may change at run time. */
  private get config(): ServerCheckConfig {
    return this.server.config.check as ServerCheckConfig;
  }

  /** In maintenance nobody is asked. */
  protected override target(): Target | undefined {
    const { server, config } = this;
    const address = config.address ?? server.config.address;
    if (address === undefined || server.inMaintenance || !server.checkEnabled) return undefined;
    const port = config.port ?? config.addressPort ?? server.config.port;
    return { address, port, state: this.state, spoken: this.spoken, inService: this.inService };
  }

  protected override mark(busy: boolean): void {
    this.server.checking = busy;
  }

  protected override report(verdict: Verdict, _outcome: Outcome, now: number): void {
    this.server.setVerdict(verdict, now);
  }

  /** A server that is well has `inter` also while its agent keeps it down. */
  override interval(): number {
    const { inter, fastinter = inter, downinter = inter } = this.config;
    const { check, op, fastCheck } = this.server;
    if (fastCheck) return fastinter;
    if (check.value === check.top) return inter;
    return op === OpState.Stopped && check.value === 0 ? downinter : fastinter;
  }

  protected override patience(): number {
    return this.config.inter;
  }

  /** Traffic has failed: the next check may come sooner, not later. */
  private hurry(now: number): void {
    if (now + this.interval() < this.deadline) this.schedule(now);
  }
}

class AgentCheck extends Check {
  private get config(): AgentConfig {
    return this.server.config.agent as AgentConfig;
  }

  protected override program(): Program {
    return agentProgram(this.config.send);
  }

  /** An agent is asked in maintenance, too: it may end it. */
  protected override target(): Target | undefined {
    const { server, config } = this;
    const address = config.address ?? server.config.address;
    if (address === undefined || config.port === undefined || !server.agentEnabled) return undefined;
    return { address, port: config.port, state: undefined, inService: () => false };
  }

  protected override mark(busy: boolean): void {
    this.server.agentChecking = busy;
  }

  protected override report(verdict: Verdict, { said }: Outcome, now: number): void {
    const { weight, admin, state, maxconn } = said ?? NOTHING;
    this.server.setAgentReport({ verdict, weight, admin, state, maxconn }, now);
  }

  override interval(): number {
    return this.config.inter;
  }

  protected override patience(): number {
    return this.config.inter;
  }
}

const NOTHING = { weight: undefined, admin: undefined, state: undefined, maxconn: undefined };
