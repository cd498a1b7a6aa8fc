/**
 * One server of one backend. Its configuration is replaced under it; its operational and administrative state,
 * health, slots in use and counters survive.
 *
 *     health   0 ......... rise-1 | rise ............ rise+fall-1
 *              DOWN   DOWN x/rise | UP x/fall                  UP
 *
 * A success counts up one, and from `rise` on jumps to the top; a failure counts down one, and below `rise` falls to 0.
 * A server starts, and leaves maintenance, at `rise`: it takes traffic, and its first failure takes it down.
 *
 * Invariants: `scur` slots are taken, never more than `maxconn` when one is taken; only Backend changes it.
 * Maintenance implies a stopped server; `lastChange` is when `op` (or draining) last changed.
 */

import type { ServerConfig } from '../config/model.ts';
import { ServerCounters } from '../core/counters.ts';
import { Level } from '../core/log.ts';
import type { Backend } from './backend.ts';
import { WaitQueue } from './queue.ts';
import {
  Admin,
  type AdminState,
  ANY_DRAIN,
  ANY_MAINT,
  type IdleConnections,
  NO_IDLE,
  OpState,
  type SourceState,
  type Verdict,
} from './types.ts';
import { because, left, online, subject } from './words.ts';

export class Server {
  readonly backend: Backend;
  /** `sid` of the statistics: from 1 in order of arrival. */
  readonly id: number;
  config: ServerConfig;
  /** Why a discovered server is not taking traffic; empty when it is. */
  reason = '';

  /** Bits of Admin. */
  admin = 0;
  op: OpState = OpState.Running;
  /** 0 .. rise + fall - 1. */
  health: number;
  /** The last finished check, or undefined before the first. */
  verdict: Verdict | undefined = undefined;
  /** A check is in flight. */
  checking = false;
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
  /** Goes up when the address changes: a connection opened under an older number must not be kept for reuse. */
  addressVersion = 0;
  /** Its source has not spoken since the configuration made it. */
  private unheard = true;
  /** Its source says that it is down; checks cannot overrule that. */
  private heldDown = false;

  /** Slots in use; the CSV's scur. */
  scur = 0;
  /** In the group that gets traffic now; Backend's word. */
  elected = false;
  /** Who waits for this very server (algorithms that bind by key); the CSV's qcur. */
  readonly queue: WaitQueue = new WaitQueue();
  readonly counters: ServerCounters = new ServerCounters();
  /** Kept-alive connections without an exchange; `proxy/pool.ts` puts its pool here with the first of them. */
  idle: IdleConnections = NO_IDLE;
  /** For the balancing algorithm in use: its own bookkeeping. `index` is -1 while it does not hold the server. */
  readonly lb: { index: number; position: number; step: number; order: number } = {
    index: -1,
    position: Number.NEGATIVE_INFINITY,
    step: 0,
    order: 0,
  };

  constructor(backend: Backend, id: number, config: ServerConfig, now: number) {
    this.backend = backend;
    this.id = id;
    this.config = config;
    this.weight = config.weight;
    this.maxconn = config.maxconn;
    this.health = this.rise;
    this.lastChange = now;
    if (config.disabled) this.admin |= Admin.ConfigMaint;
    if (config.address === undefined) this.admin |= Admin.ResolutionMaint;
    if (this.admin !== 0) this.op = OpState.Stopped;
  }

  /** May get new traffic. */
  get usable(): boolean {
    return this.admin === 0 && this.op !== OpState.Stopped && this.op !== OpState.Stopping && this.weight > 0 && !this.removed;
  }

  /** The weight that balancing goes by: 16 for each unit of `weight`, less during `slowstart`. */
  get eweight(): number {
    return this.weight * 16;
  }

  /** How many slots there are now; 0 is unlimited. */
  get limit(): number {
    return this.maxconn;
  }

  /** Every slot is taken. */
  get saturated(): boolean {
    const { limit } = this;
    return limit !== 0 && this.scur >= limit;
  }

  get inMaintenance(): boolean {
    return (this.admin & ANY_MAINT) !== 0;
  }

  get draining(): boolean {
    return (this.admin & ANY_DRAIN) !== 0;
  }

  private get rise(): number {
    return this.config.check?.rise ?? 1;
  }

  private get healthy(): number {
    return this.rise + (this.config.check?.fall ?? 1) - 1;
  }

  /** The CSV's `status`, without the `(via ...)` and `(agent)` forms, which need tracking and agents. */
  statusText(): string {
    if ((this.admin & Admin.ResolutionMaint) !== 0) return 'MAINT (resolution)';
    if (this.inMaintenance) return 'MAINT';
    const check = this.config.check;
    if (this.op === OpState.Stopped) return check === undefined || this.health === 0 ? 'DOWN' : `DOWN ${this.health}/${check.rise}`;
    const part = check === undefined || this.health === this.healthy ? '' : ` ${this.health - check.rise + 1}/${check.fall}`;
    if (this.op === OpState.Stopping) return `NOLB${part}`;
    if (this.draining) return `DRAIN${part}`;
    return check === undefined ? 'no check' : `UP${part}`;
  }

  /** Milliseconds of outage, the one that is going on included. */
  downtimeAt(now: number): number {
    return this.op === OpState.Stopped ? this.downtime + (now - this.lastChange) : this.downtime;
  }

  /** 0..256; 0 takes no new traffic. */
  setWeight(weight: number, now: number): void {
    this.weight = weight;
    this.backend.refresh(now);
    this.backend.announce();
  }

  /** 0 is unlimited. Slots in use beyond a lowered limit are left to finish. */
  setMaxconn(maxconn: number, now: number): void {
    this.maxconn = maxconn;
    this.backend.refresh(now);
  }

  /** `set server <b>/<s> state ...`: `ready` also ends a maintenance that the configuration asked for. */
  setAdmin(state: AdminState, now: number): void {
    const others = this.admin & ~(Admin.ForcedMaint | Admin.ConfigMaint | Admin.ForcedDrain);
    if (state === 'ready') this.moveAdmin(others, 'forced', '', now);
    else if (state === 'drain') this.moveAdmin(others | Admin.ForcedDrain, 'forced', '', now);
    else this.moveAdmin(others | (this.admin & Admin.ConfigMaint) | Admin.ForcedMaint, 'forced', '', now);
  }

  /** What its source says of a server that is new: nothing has changed, so nothing is logged. */
  startAs(state: SourceState, reason: string): void {
    this.reason = reason;
    if (state === 'drain') this.admin |= Admin.InheritedDrain;
    if (state !== 'down' || this.config.address === undefined) return;
    this.heldDown = true;
    this.health = 0;
    this.op = OpState.Stopped;
  }

  /**
   * What its configuration and its source say now; the backend refreshes itself afterwards. A server that is down for
   * its source is DOWN here whatever checks find; without an address it is in maintenance instead.
   * Answers whether its checks begin anew.
   */
  update(config: ServerConfig, state: SourceState, reason: string, now: number): boolean {
    this.reason = reason;
    const why = reason === '' ? '' : ` (${reason})`;
    const bits = state === 'drain' ? this.admin | Admin.InheritedDrain : this.admin & ~Admin.InheritedDrain;
    this.moveAdmin(bits, 'source', why, now);
    const held = state === 'down' && config.address !== undefined;
    if (held !== this.heldDown) {
      this.heldDown = held;
      const cause = `, ${reason === '' ? 'says its source' : reason}`;
      if (held) this.goDown(cause, now);
      else this.goUp(this.rise, cause, now);
    }
    const recheck = this.reconfigure(config, now);
    this.unheard = false;
    return recheck;
  }

  /** The outcome of an active check. */
  setVerdict(verdict: Verdict, now: number): void {
    this.verdict = verdict;
    if (!verdict.passed && this.health > 0) this.counters.chkfail++;
    if (this.inMaintenance || this.heldDown) return;
    if (verdict.passed) {
      if (this.health < this.healthy) this.health++;
      if (this.health < this.rise) return;
      if (this.op === OpState.Stopped) this.goUp(this.healthy, because(verdict), now);
      else this.health = this.healthy;
    } else if (this.health > this.rise) {
      this.health--;
    } else {
      this.health = 0;
      if (this.op !== OpState.Stopped) this.goDown(because(verdict), now);
    }
  }

  private reconfigure(config: ServerConfig, now: number): boolean {
    const old = this.config;
    this.config = config;
    if (config.weight !== old.weight) this.weight = config.weight;
    if (config.maxconn !== old.maxconn) this.maxconn = config.maxconn;
    const moved = config.address !== old.address || config.port !== old.port;
    if (moved) this.changeAddress(old);
    const recheck = moved || !sameCheck(config, old);
    if (recheck) this.forgetHealth(now);
    this.applyConfigured(now);
    return recheck;
  }

  /** It finishes its exchanges and takes no new one; the backend refreshes itself afterwards. */
  remove(reason: string): void {
    this.removed = true;
    this.reason = reason;
  }

  /** After the backend's refresh. */
  announceRemoval(): void {
    this.log(Level.Notice, ` is removed${this.reason === '' ? '' : ` (${this.reason})`}. ${left(this, 0)}`);
  }

  /** A server that was removed is wanted again before its last exchange ended. */
  restore(): void {
    this.removed = false;
  }

  closeIdle(): void {
    this.idle.close();
  }

  private changeAddress(old: ServerConfig): void {
    this.addressVersion++;
    this.closeIdle();
    const { address, port } = this.config;
    if (old.address === undefined || address === undefined) return;
    this.log(Level.Notice, ` changed its address from ${old.address}:${old.port} to ${address}:${port}.`);
  }

  /** New address or new check: what was known of its health is void, but a server in service stays in service. */
  private forgetHealth(now: number): void {
    this.verdict = undefined;
    if (this.op !== OpState.Stopped) this.health = this.rise;
    else this.health = 0;
    const nobodyAsks = this.config.check === undefined && !this.heldDown && !this.inMaintenance;
    if (nobodyAsks && this.op === OpState.Stopped) this.goUp(this.rise, ', it is no longer checked', now);
  }

  private applyConfigured(now: number): void {
    const unresolved = this.config.address === undefined;
    const resolution = unresolved ? this.admin | Admin.ResolutionMaint : this.admin & ~Admin.ResolutionMaint;
    if (resolution !== this.admin) this.moveAdmin(resolution, 'resolution', ` (${this.reason === '' ? 'no address' : this.reason})`, now);
    const disabled = this.config.disabled ? this.admin | Admin.ConfigMaint : this.admin & ~Admin.ConfigMaint;
    if (disabled !== this.admin) this.moveAdmin(disabled, 'forced', '', now);
  }

  /** The one door through which `admin` changes. */
  private moveAdmin(next: number, cause: 'forced' | 'source' | 'resolution', why: string, now: number): void {
    const was = this.admin;
    if (next === was) return;
    this.admin = next;
    const maint = (next & ANY_MAINT) !== 0;
    const wasMaint = (was & ANY_MAINT) !== 0;
    if (maint && !wasMaint) this.enterMaintenance(was === 0, why, now);
    else if (!maint && wasMaint) this.leaveMaintenance(cause, now);
    else if (!maint) this.moveDrain((was & ANY_DRAIN) !== 0, cause, why, now);
    else if (cause === 'forced' && (was & Admin.ForcedMaint) !== 0 && (next & Admin.ForcedMaint) === 0) {
      this.log(Level.Notice, ' is leaving forced maintenance but remains in maintenance.');
    }
  }

  private enterMaintenance(wasInService: boolean, why: string, now: number): void {
    if (this.op === OpState.Stopped) {
      this.log(Level.Notice, ' was DOWN and now enters maintenance.');
      return;
    }
    this.counters.chkdown++;
    this.moveOp(OpState.Stopped, now);
    const requeued = this.queue.length;
    this.backend.refresh(now);
    this.log(wasInService ? Level.Alert : Level.Notice, ` is going DOWN for maintenance${why}. ${left(this, requeued)}`);
    this.backend.announce();
  }

  private leaveMaintenance(cause: 'forced' | 'source' | 'resolution', now: number): void {
    const host = cause === 'resolution' && this.config.fqdn !== undefined ? ` ('${this.config.fqdn}')` : '';
    const how = cause === 'resolution' ? 'resolves again' : 'leaving forced maintenance';
    if (this.heldDown) {
      this.health = 0;
    } else {
      this.health = this.rise;
      this.moveOp(OpState.Running, now);
    }
    const first = this.unheard && cause === 'resolution';
    if (!first) this.log(Level.Notice, `${host} is ${this.heldDown ? 'DOWN' : 'UP'}/${this.draining ? 'DRAIN' : 'READY'} (${how}).`);
    if (this.draining) this.log(Level.Notice, ' remains in forced drain mode.');
    this.backend.refresh(now);
  }

  private moveDrain(was: boolean, cause: 'forced' | 'source' | 'resolution', why: string, now: number): void {
    if (was === this.draining) return;
    // An outage that is going on keeps its beginning: draining does not end it.
    if (this.op !== OpState.Stopped) this.lastChange = now;
    const requeued = this.queue.length;
    this.backend.refresh(now);
    // A container that was told to stop often waits for its connections: the idle ones are no use to anybody now.
    if (this.draining) this.closeIdle();
    if (this.draining) this.log(Level.Notice, ` enters drain state${why}. ${online(this, requeued)}`);
    else {
      const state = this.op === OpState.Stopped ? 'DOWN' : 'UP';
      this.log(Level.Notice, ` is ${state} (leaving ${cause === 'forced' ? 'forced ' : ''}drain).`);
    }
    this.backend.announce();
  }

  private goDown(cause: string, now: number): void {
    this.health = 0;
    if (this.op === OpState.Stopped) return;
    const wasInService = this.usable;
    this.counters.chkdown++;
    this.moveOp(OpState.Stopped, now);
    const requeued = this.queue.length;
    this.backend.refresh(now);
    this.log(wasInService ? Level.Alert : Level.Notice, ` is DOWN${cause}. ${left(this, requeued)}`);
    if (this.draining) this.log(Level.Notice, ' remains in forced drain mode.');
    this.backend.announce();
  }

  private goUp(health: number, cause: string, now: number): void {
    if (this.inMaintenance) return;
    this.health = health;
    if (this.op !== OpState.Stopped) return;
    this.moveOp(OpState.Running, now);
    const waiting = this.backend.waiting;
    this.backend.refresh(now);
    this.log(Level.Notice, ` is UP${cause}. ${online(this, waiting - this.backend.waiting)}`);
  }

  private moveOp(op: OpState, now: number): void {
    if (this.op === OpState.Stopped) this.downtime += now - this.lastChange;
    this.op = op;
    this.lastChange = now;
  }

  private log(level: Level, message: string): void {
    this.backend.events.event(level, subject(this) + message, this.backend.name);
  }
}

function sameCheck(a: ServerConfig, b: ServerConfig): boolean {
  if (a.check === undefined || b.check === undefined) return a.check === b.check;
  return (
    a.check.inter === b.check.inter &&
    a.check.fastinter === b.check.fastinter &&
    a.check.downinter === b.check.downinter &&
    a.check.rise === b.check.rise &&
    a.check.fall === b.check.fall &&
    a.check.address === b.check.address &&
    a.check.port === b.check.port
  );
}
