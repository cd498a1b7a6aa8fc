/**
 * One listening socket of a frontend and the connections that came in by it.
 *
 * Node cannot stop accepting without closing the socket, so at `maxconn` a connection is accepted and left unread, in
 * arrival order, until another one ends: what its client sees is what it would see in the kernel's backlog.
 */

import type { Server } from '../backend/server.ts';
import type { ShutdownCause } from '../backend/types.ts';
import type { BindConfig } from '../config/model.ts';
import { monotonic, wall } from '../core/clock.ts';
import { ListenerCounters } from '../core/counters.ts';
import { leaveTurn } from '../core/turns.ts';
import type { ListenerTls } from '../tls/types.ts';
import { type Accepted, AcceptedSocket, acceptFrom, type Incoming } from './accept.ts';
import type { Admission } from './admission.ts';
import { BoundSocket } from './bound-socket.ts';
import { bindText, type Frontend } from './frontend.ts';
import { H2Connection } from './h2/connection.ts';
import { Handshake, type HandshakeOwner } from './handshake.ts';
import { logFailedHandshake } from './handshake-log.ts';
import type { Services } from './services.ts';
import { Session } from './session.ts';
import { type ClientSession, Sessions } from './sessions.ts';
import { elapsed } from './steps.ts';
import { TcpSession } from './tcp-session.ts';
import { AcceptedTls, TlsSocket } from './tls-socket.ts';
import { tlsWrap } from './tls-wrap.ts';
import { shortenTurn } from './turn.ts';

/** What is spoken on a connection: served by a Session, an H2Connection, a TcpSession. */
type Spoken = 'h1' | 'h2' | 'tcp';

export class Listener implements HandshakeOwner {
  readonly frontend: Frontend;
  /** `sid` of its statistics row, from 1. */
  id: number;
  config: BindConfig;
  /** Its certificates; undefined is clear text. */
  tls: ListenerTls | undefined = undefined;
  readonly counters: ListenerCounters = new ListenerCounters();
  scur = 0;
  /** Connections that are accepted and not yet served; Admission's. */
  waiting = 0;
  /** No new connections; those that are here finish what they do. */
  closing = false;
  private readonly services: Services;
  private readonly admission: Admission;
  socket: BoundSocket;
  /** It listens; not before it did for the first time, nor while it is paused. */
  open = false;
  private readonly sessions: Sessions = new Sessions();
  private readonly handshakes: Sessions<Handshake> = new Sessions();

  constructor(frontend: Frontend, id: number, config: BindConfig, services: Services, admission: Admission) {
    this.frontend = frontend;
    this.id = id;
    this.config = config;
    this.services = services;
    this.admission = admission;
    this.socket = socketOf(config);
  }

  /** Resolves when it listens, a unix socket still under a name of its own; rejects with the system's error. */
  async listen(): Promise<void> {
    if (this.tls !== undefined && tlsWrap === undefined) throw new Error("this Node's TLS is not as Fairlead knows it");
    this.socket = socketOf(this.config);
    await this.socket.listen();
    this.open = true;
    acceptFrom(this.socket.server, (incoming) => this.onConnection(incoming));
  }

  /** What is really listened on: the port that the system chose for port 0. */
  get text(): string {
    return bindText({ ...this.config, address: this.socket.actual });
  }

  /** Stops accepting until it listens again; who is served goes on. */
  pause(): void {
    this.open = false;
    this.socket.server.close();
    this.admission.forget(this);
  }

  /** Stops accepting for good; idle connections close, the others after their current response. */
  close(): void {
    if (this.closing) return;
    this.closing = true;
    this.pause();
    // A connection with streams is told at once, and finishes those.
    for (const session of this.sessions.all()) if (session.idle || session.streams !== undefined) session.closeCleanly();
  }

  /** Closes everything now. */
  destroy(): void {
    this.close();
    for (const handshake of this.handshakes.all()) handshake.destroy();
    for (const session of this.sessions.all()) session.destroy();
  }

  /** Those who are connected now. */
  clients(): ClientSession[] {
    return this.sessions.all();
  }

  /** Ends whatever has a slot of `server`. */
  shutdown(server: Server, cause: ShutdownCause): void {
    for (const session of this.sessions.all()) session.shutdown(server, cause);
  }

  /** Takes away from `servers` what can be sent elsewhere without harm. */
  abandon(servers: ReadonlySet<Server>): void {
    for (const session of this.sessions.all()) session.abandon(servers);
  }

  /** An accepted connection that may be served now. */
  admit(accepted: Accepted): void {
    const { frontend, services } = this;
    const now = monotonic();
    this.countConnection(now);
    if (frontend.config.clitcpka) accepted.socket.setKeepAlive(true);
    if (!(accepted instanceof AcceptedTls)) {
      this.countSession(now);
      this.serve(accepted, this.protocolOf(accepted), now, wall());
      return;
    }
    const { tls } = services.counters;
    tls.total++;
    tls.current++;
    tls.rate.add(now);
    const handshake = new Handshake(accepted, this, services.wheel, now, wall());
    this.handshakes.add(handshake);
    handshake.begin(frontend.config.timeouts.client);
  }

  /** A connection counts when it is accepted, a session when its handshake is over. */
  private countConnection(now: number): void {
    const { frontend, services, counters } = this;
    services.connections++;
    this.scur++;
    frontend.scur++;
    if (this.scur > counters.smax) counters.smax = this.scur;
    if (frontend.scur > frontend.counters.smax) frontend.counters.smax = frontend.scur;
    counters.stot++;
    frontend.counters.connTot++;
    frontend.counters.connRate.add(now);
    services.counters.sessRate.add(now);
    services.counters.connRate.add(now);
  }

  private countSession(now: number): void {
    const { counters } = this.frontend;
    counters.stot++;
    counters.rate.add(now);
  }

  // --- handshakes

  shaken(handshake: Handshake): void {
    const { accepted, acceptedWall } = handshake;
    const now = monotonic();
    accepted.handshakeTime = elapsed(handshake.acceptedAt, now);
    this.handshakes.remove(handshake);
    this.countSession(now);
    this.services.counters.tls.clients.done(accepted.tls.protocol, accepted.tls.resumed, now);
    this.serve(accepted, this.protocolOf(accepted), now, acceptedWall);
  }

  failed(handshake: Handshake): void {
    const { tls } = handshake.accepted;
    this.handshakes.remove(handshake);
    this.services.counters.tls.clients.fail(tls.error);
    logFailedHandshake(handshake, this, this.services);
    this.services.counters.tls.current--;
    this.gone();
  }

  private protocolOf({ tls }: Accepted): Spoken {
    if (this.frontend.config.mode === 'tcp') return 'tcp';
    return (this.config.protocol ?? tls?.alpn) === 'h2' ? 'h2' : 'h1';
  }

  /** Gives a counted connection (a TLS one after its handshake) to who serves it. It may speak from `now` on, monotonic, and came at `acceptedWall`. */
  serve(accepted: Accepted, protocol: Spoken, now: number, acceptedWall: number): void {
    if (protocol === 'tcp') {
      const session = new TcpSession(accepted, this, this.services, now, acceptedWall);
      this.sessions.add(session);
      session.begin(now);
      return;
    }
    if (protocol === 'h2') this.sessions.add(new H2Connection(accepted, this, this.services, now, acceptedWall));
    else this.sessions.add(new Session(accepted, this, this.services, now, acceptedWall));
  }

  /** A client of a `session` that nothing was answered on speaks HTTP/2: `bytes` are all it has sent. */
  upgrade(session: Session, accepted: Accepted, bytes: Buffer): void {
    this.sessions.remove(session);
    accepted.stream?.pause();
    accepted.stream?.unshift(bytes);
    this.sessions.add(new H2Connection(accepted, this, this.services, session.readyAt, session.acceptedWall));
  }

  /** A session is over. */
  leave(session: ClientSession): void {
    if (!this.sessions.remove(session)) return;
    if (session.socket instanceof TlsSocket) this.services.counters.tls.current--;
    this.gone();
  }

  private gone(): void {
    this.services.connections--;
    this.scur--;
    this.frontend.scur--;
    this.admission.left();
    if (this.services.connections === 0) this.services.onIdle();
  }

  private onConnection(incoming: Incoming): void {
    shortenTurn();
    leaveTurn();
    const { tls } = this;
    if (tls === undefined) this.enter(new AcceptedSocket(incoming));
    else if ('handle' in incoming) this.enter(new AcceptedTls(incoming.handle, tls));
    // Node has read for itself: its insides are not as expected.
    else incoming.destroy();
  }

  /** A connection is there: by the socket, or from inside of this process. */
  enter(accepted: Accepted): void {
    // Nobody overtakes: those who wait for a second to pass may have room by now.
    if (this.waiting > 0 || this.admission.full(this)) this.admission.wait(this, accepted);
    else this.admit(accepted);
  }
}

function socketOf({ address, backlog }: BindConfig): BoundSocket {
  return new BoundSocket(address, backlog, { allowHalfOpen: true, noDelay: true });
}
