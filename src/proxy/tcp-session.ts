/**
 * One client connection of a frontend in `mode tcp`: a backend, a server, bytes both ways, a line in the log.
 *
 *     Reaching ──connected──▶ Relaying ──both ended──▶ Over
 *        └─────── no way, time-out, reset ──▶ Closing ────▲    what the client has not got yet still goes out
 *
 * What the client sends before a server is there is held, one `tune.bufsize` of it; then it is not read. A client that is
 * silent until then has `timeout client`; one that has spoken waits for as long as the way to a server takes.
 */

import type { Server } from '../backend/server.ts';
import type { ShutdownCause } from '../backend/types.ts';
import { monotonic } from '../core/clock.ts';
import { type Failure, Failures } from '../core/failures.ts';
import { Level } from '../core/log.ts';
import type { LogFacts } from '../rules/log-facts.ts';
import { type Accepted, type ClientSocket, owned, wasReset } from './accept.ts';
import { Alarm } from './alarm.ts';
import { type Hurried, Hurry } from './hurry.ts';
import type { Listener } from './listener.ts';
import type { Outlet } from './outlet.ts';
import { Phase, stageOf } from './phases.ts';
import { Reach, type ReachOwner } from './reach.ts';
import { chooseBackend, isFailure } from './routing.ts';
import type { ServerConnection } from './server-connection.ts';
import type { Services } from './services.ts';
import type { ClientSession, Neighbours } from './sessions.ts';
import { countAbort, countReset, countUnreached } from './tally.ts';
import { TcpContext } from './tcp-context.ts';
import { type RelayEnd, type RelayOwner, TcpRelay } from './tcp-relay.ts';
import { countTcpEnded, logAccepted, logTcp, type TcpFacts, tcpRecord } from './tcp-tally.ts';

export class TcpSession implements ClientSession, ReachOwner, RelayOwner, TcpFacts, Hurried {
  readonly socket: ClientSocket;
  readonly outlet: Outlet;
  readonly listener: Listener;
  readonly services: Services;
  readonly context: TcpContext;
  readonly serial: number;
  readonly acceptedAt: number;
  readonly acceptedWall: number;
  readonly handshakeTime: number;
  readonly neighbours: Neighbours = { previous: undefined, next: undefined, listed: false };
  /** Nobody knows whether a session that is silent has something under way. */
  readonly idle = false;
  readonly requests = 1;
  /** Of its connection, which is all of it. */
  readonly before = 0;
  readonly reach: Reach;
  bytesIn = 0;
  termination = '--';
  private state: 'reaching' | 'relaying' | 'closing' | 'over' = 'reaching';
  private relay: TcpRelay | undefined = undefined;
  private held: Buffer[] = [];
  private ended = false;
  private paused = false;
  private readonly alarm: Alarm;
  private hurrying: Hurry | undefined = undefined;

  constructor(accepted: Accepted, listener: Listener, services: Services, now: number, acceptedWall: number) {
    const { socket } = accepted;
    this.socket = socket;
    this.listener = listener;
    this.services = services;
    this.handshakeTime = accepted.handshakeTime ?? 0;
    this.acceptedAt = now - this.handshakeTime;
    this.acceptedWall = acceptedWall;
    this.serial = services.serial++;
    this.context = new TcpContext(accepted, this);
    this.reach = new Reach(this, this.context);
    this.reach.reset(now);
    this.alarm = new Alarm(services.wheel, () => this.guard(() => this.onAlarm()));
    this.outlet = accepted.outlet(() => this.guard(() => this.relay?.onClientDrain()));
    socket.on('end', () => this.guard(() => this.onEnd()));
    socket.on('error', () => this.guard(() => this.onGone()));
    socket.on('close', () => this.guard(() => this.onClosed()));
    accepted.read((bytes, length) => this.guard(() => this.onBytes(bytes.subarray(0, length))));
  }

  /** What a log line would tell now. */
  get facts(): LogFacts {
    return tcpRecord(this, monotonic(), false);
  }

  get bytesOut(): number {
    return this.relay?.bytes ?? 0;
  }

  /** It is in its listener's list. */
  begin(now: number): void {
    this.guard(() => {
      logAccepted(this);
      this.alarm.set(this.listener.frontend.config.timeouts.client, now);
      this.route(now);
    });
  }

  private route(now: number): void {
    const { context, reach } = this;
    const { frontend } = this.listener;
    const chosen = chooseBackend(frontend, this.services.backends, context);
    if (isFailure(chosen)) {
      this.onUnreached(chosen);
      return;
    }
    context.backend = chosen.name;
    reach.enter(chosen, frontend.program, now);
    reach.bind();
    reach.seek(now);
  }

  // --- the client

  private onBytes(bytes: Buffer): void {
    if (this.state === 'closing' || this.state === 'over') return;
    this.bytesIn += bytes.length;
    if (this.relay !== undefined) {
      this.relay.onClientBytes(bytes, monotonic());
      return;
    }
    this.alarm.clear();
    this.held.push(owned(bytes));
    this.regulate();
  }

  private onEnd(): void {
    if (this.ended) return;
    if (wasReset(this.socket)) {
      this.onGone();
      return;
    }
    this.ended = true;
    if (this.relay !== undefined) this.relay.onClientEnd();
    // Who has said nothing, or may be given up, is gone. HAProxy sees an end before it asks for a server, too.
    else if (this.state === 'reaching' && (this.held.length === 0 || this.reach.backend?.config.abortonclose === true)) {
      this.close(`C${this.stage}`);
    }
  }

  /** Its server may still have something to take. */
  private onClosed(): void {
    if (!this.ended || !this.socket.writableFinished) this.onGone();
  }

  /** Reset: nothing can be sent any more. */
  private onGone(): void {
    if (this.state === 'over') return;
    if (this.state !== 'closing') {
      this.termination = 'CD';
      countAbort(this.reach, 'cliAbrt');
    }
    this.relay?.reset();
    this.finish();
  }

  /** Reads the socket, or not: the one place that pauses and resumes it. */
  regulate(): void {
    // Without a relay nothing that has come is anywhere else.
    const behind = this.relay?.serverBehind ?? this.bytesIn >= this.services.limits.bufsize;
    if (behind === this.paused) return;
    this.paused = behind;
    if (behind) this.socket.pause();
    else this.socket.resume();
  }

  private onAlarm(): void {
    if (this.state === 'closing') {
      this.finish();
      return;
    }
    const { reach } = this;
    countAbort(reach, 'cliAbrt');
    if (reach.phase !== Phase.Queued) countUnreached(reach);
    this.close(`c${this.stage}`);
  }

  private get stage(): string {
    return stageOf(this.reach.phase);
  }

  // --- the server

  onAssigned(server: Server, now: number): void {
    this.reach.open(server, now);
  }

  onConnected(connection: ServerConnection): void {
    const { reach } = this;
    const { timeouts } = this.listener.frontend.config;
    const { server } = connection;
    const now = monotonic();
    reach.disarm();
    reach.established(server, now);
    reach.remember();
    this.alarm.clear();
    this.state = 'relaying';
    this.relay = new TcpRelay(this, connection, timeouts, server.backend.config.timeouts, this.services.wheel, now);
    // From here on it is the relay's. Until now a fault of ours would have closed it with the way to it.
    reach.connection = undefined;
    if (this.listener.frontend.config.logStyle.asap) logTcp(this, now, true);
    const held = this.held.splice(0);
    if (held.length > 0) this.relay.onClientBytes(held.length === 1 ? (held[0] as Buffer) : Buffer.concat(held), now);
    this.regulate();
    if (this.ended) this.relay.onClientEnd();
  }

  onServerError(): void {
    this.reach.failed(Failures.ConnectFailed);
  }

  onServerEnd(): void {
    this.reach.failed(Failures.ConnectFailed);
  }

  onUnreached(failure: Failure): void {
    countUnreached(this.reach);
    this.close(failure.termination);
  }

  /** Not before it is connected. */
  onResponse(): boolean {
    return false;
  }

  onServerDrain(): void {}

  /** The relay has time-outs of its own. */
  onServerTimeout(): void {}

  onRelayEnd(end: RelayEnd): void {
    const { reach } = this;
    switch (end) {
      case 'done':
        this.finish();
        return;
      case 'client-timeout':
        countAbort(reach, 'cliAbrt');
        this.close('cD');
        return;
      case 'server-timeout':
        countAbort(reach, 'srvAbrt');
        this.close('sD');
        return;
      case 'server-lost':
        countReset(reach);
        this.close('SD');
    }
  }

  // --- the end

  get target(): ClientSession['target'] {
    return this.reach;
  }

  shutdown(server: Server, cause: ShutdownCause): void {
    if (this.reach.server !== server || this.state === 'closing') return;
    // As HAProxy: bytes have no stage at which they are cut.
    this.close(this.state === 'relaying' ? `${cause}-` : `${cause}${this.stage}`);
  }

  abandon(servers: ReadonlySet<Server>): void {
    const { reach, state } = this;
    if (state !== 'reaching' || reach.server === undefined || !servers.has(reach.server)) return;
    this.guard(() => {
      if (reach.abandon({ repeatable: true, harmless: false })) reach.retry('other', undefined, monotonic());
    });
  }

  /** A draining proxy lets sessions end by themselves. */
  closeCleanly(): void {}

  hurry(): void {
    this.hurrying = new Hurry(this.services.wheel, this);
  }

  onSilent(): void {
    this.guard(() => this.destroy());
  }

  get moved(): number {
    return this.bytesIn + (this.relay?.moved ?? 0);
  }

  destroy(): void {
    if (this.state === 'over') return;
    if (this.state !== 'closing') this.termination = `K${this.stage}`;
    this.finish();
  }

  onFault(error: unknown): void {
    const { frontend } = this.listener;
    frontend.counters.eint++;
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.services.events.event(Level.Err, `internal error in ${frontend.name} for ${this.context.clientAddress}: ${stack}`, frontend.name);
    if (this.state === 'over') return;
    this.termination = `I${this.stage}`;
    this.finish();
  }

  /** The server is let go; the client gets what there is for it, and then an end. */
  private close(termination: string): void {
    this.termination = termination;
    this.state = 'closing';
    this.relay?.close();
    this.reach.end();
    this.held = [];
    const { client } = this.listener.frontend.config.timeouts;
    this.alarm.set(client, monotonic());
    this.socket.end(() => this.guard(() => this.finish()));
  }

  /** The one way out. The slot goes back last, because whoever waits for it runs at once. */
  private finish(): void {
    if (this.state === 'over') return;
    this.state = 'over';
    const now = monotonic();
    this.alarm.clear();
    this.hurrying?.clear();
    this.relay?.close();
    this.reach.end();
    this.held = [];
    try {
      countTcpEnded(this, now);
      logTcp(this, now);
    } finally {
      this.socket.destroy();
      this.listener.leave(this);
      this.reach.release();
    }
  }

  /** A fault of ours ends this session and nothing else. */
  private guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.onFault(error);
    }
  }
}
