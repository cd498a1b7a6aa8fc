/**
 * Active health checks: when each server is asked next, and what becomes of an answer.
 *
 * Intervals count from the end of one check to the beginning of the next. `fastinter` is for servers in transition
 * (or never checked), `downinter` for those surely down, `inter` for the rest (manual 5.2).
 *
 * Time-outs (manual 4.2 "timeout check"): with `timeout check`, connecting may take min(timeout connect, inter) and
 * the answer then `timeout check`; without it, `inter` is for both together.
 *
 * Invariant: one check in flight per server; what is aborted reports nothing, so no answer of an old address counts.
 */

import type { HttpCheckConfig, ServerCheckConfig } from '../config/model.ts';
import { monotonic } from '../core/clock.ts';
import { type EventLog, Level } from '../core/log.ts';
import { Timed, type Wheel } from '../core/wheel.ts';
import { compileExpect, type Expectation } from './expect.ts';
import type { Probe, ProbeListener, ProbeTarget } from './probe.ts';
import { checkRequest, HttpProbe } from './probe-http.ts';
import { TcpProbe } from './probe-tcp.ts';
import type { Server } from './server.ts';
import { OpState, type VerdictCode } from './types.ts';

export interface CheckerParts {
  readonly wheel: Wheel;
  readonly events: EventLog;
  /** `spread-checks`: percent by which an interval may differ, either way. */
  readonly spread: number;
}

export class Checker {
  private readonly parts: CheckerParts;
  private readonly checks = new Map<Server, Check>();

  constructor(parts: CheckerParts) {
    this.parts = parts;
  }

  /** Checks a server with `check` from `delay` ms on, and begins anew if it is being checked already. */
  start(server: Server, delay = 0): void {
    this.stop(server);
    const config = server.config.check;
    if (config === undefined) return;
    const check = new Check(server, config, this.parts);
    this.checks.set(server, check);
    this.parts.wheel.arm(check, delay);
  }

  stop(server: Server): void {
    this.checks.get(server)?.stop();
    this.checks.delete(server);
  }

  stopAll(): void {
    for (const server of [...this.checks.keys()]) this.stop(server);
  }
}

/** The checks of one server. Its timer means the next check while none is in flight, else the time-out. */
class Check extends Timed implements ProbeListener {
  private readonly server: Server;
  private readonly config: ServerCheckConfig;
  private readonly parts: CheckerParts;
  private readonly http: { readonly request: Buffer; readonly expectation: Expectation } | undefined;
  private probe: Probe | undefined = undefined;
  private connected = false;
  private since = 0;
  private stopped = false;

  constructor(server: Server, config: ServerCheckConfig, parts: CheckerParts) {
    super();
    this.server = server;
    this.config = config;
    this.parts = parts;
    const check = server.backend.config.httpCheck;
    this.http = check === undefined ? undefined : { request: checkRequest(check), expectation: this.compile(check) };
  }

  stop(): void {
    this.stopped = true;
    this.settle();
    this.parts.wheel.disarm(this);
  }

  override onTimeout(now: number): void {
    if (this.probe === undefined) this.begin(now);
    else this.onVerdict(this.connected ? 'L7TOUT' : 'L4TOUT', -1, '');
  }

  onConnected(): void {
    this.connected = true;
    const timeout = this.server.backend.config.timeouts.check;
    if (timeout !== undefined) this.parts.wheel.arm(this, timeout);
  }

  onVerdict(code: VerdictCode, status: number, info: string): void {
    const now = monotonic();
    this.settle();
    const passed = code === 'L4OK' || code === 'L7OK';
    try {
      this.server.setVerdict({ code, passed, status, info, duration: now - this.since }, now);
    } finally {
      // A fault in one of those who got a slot by it must not end the checks.
      if (!this.stopped) this.schedule(now);
    }
  }

  private settle(): void {
    this.probe?.abort();
    this.probe = undefined;
    this.server.checking = false;
  }

  private begin(now: number): void {
    const target = this.target();
    // In maintenance nobody is asked; the rhythm goes on.
    if (target === undefined || this.server.inMaintenance) {
      this.schedule(now);
      return;
    }
    this.since = monotonic();
    this.connected = false;
    this.server.checking = true;
    this.parts.wheel.arm(this, this.connectTimeout(), now);
    this.probe =
      this.http === undefined ? new TcpProbe(target, this) : new HttpProbe(target, this.http.request, this.http.expectation, this);
  }

  private connectTimeout(): number {
    const { check, connect } = this.server.backend.config.timeouts;
    return check !== undefined && connect !== undefined ? Math.min(connect, this.config.inter) : this.config.inter;
  }

  private schedule(now: number): void {
    const interval = this.interval();
    const spread = (interval * this.parts.spread) / 100;
    this.parts.wheel.arm(this, interval + spread * (2 * Math.random() - 1), now);
  }

  private interval(): number {
    const { inter, fastinter = inter, downinter = inter, rise, fall } = this.config;
    const { health, op, verdict } = this.server;
    if (op === OpState.Stopped) return health === 0 ? downinter : fastinter;
    return verdict === undefined || health < rise + fall - 1 ? fastinter : inter;
  }

  private target(): ProbeTarget | undefined {
    const { address, port } = this.server.config;
    const host = this.config.address ?? address;
    return host === undefined ? undefined : { address: host, port: this.config.port ?? port };
  }

  private compile(check: HttpCheckConfig): Expectation {
    try {
      return compileExpect(check.expect);
    } catch (error) {
      const { backend, config } = this.server;
      this.parts.events.event(
        Level.Alert,
        `Server ${backend.name}/${config.name}: http-check expect: ${(error as Error).message}`,
        backend.name,
      );
      return { status: () => false, body: undefined, negate: false };
    }
  }
}
