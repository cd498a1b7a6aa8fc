/**
 * A client's HTTP/2 connection (RFC 9113): Node's session on the socket that we accepted, and a lane for each of its streams.
 *
 * For the counters it is one session with many requests, as for HAProxy. Its own time-outs are those between requests; while a
 * stream is open the lane's session has them. Whoever makes streams only to reset them is told to calm down and closed
 * (RFC 9113 10.5, CVE-2023-44487), by the rate at which he does it.
 */

import { randomBytes } from 'node:crypto';
import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Server } from '../../backend/server.ts';
import type { ShutdownCause } from '../../backend/types.ts';
import { monotonic } from '../../core/clock.ts';
import { Timed } from '../../core/wheel.ts';
import type { TlsFacts } from '../../rules/tls-facts.ts';
import type { VariableValue } from '../../rules/variables.ts';
import type { Accepted, ClientSocket } from '../accept.ts';
import type { Listener } from '../listener.ts';
import { Phase } from '../phases.ts';
import type { Services } from '../services.ts';
import { Session } from '../session.ts';
import type { ClientSession, Neighbours, Way } from '../sessions.ts';
import { Lane, type LaneOwner } from './lane.ts';
import { endSession, openSession } from './node-session.ts';
import { sessionOptions } from './options.ts';
import { Translation } from './request.ts';
import { Resets } from './resets.ts';

const NOWHERE: Way = { backend: undefined, server: undefined, phase: Phase.Idle, retries: 0, connection: undefined };

/** How long a closing connection may take to go once its last stream is over, ms. */
const LINGER = 1000;

/** Of all connections: a request is translated and handed over in one go. */
const translation = new Translation();

function webSocketKey(): string {
  return randomBytes(16).toString('base64');
}

export class H2Connection extends Timed implements ClientSession, LaneOwner {
  readonly neighbours: Neighbours = { previous: undefined, next: undefined, listed: false };
  readonly socket: ClientSocket;
  readonly tls: TlsFacts | undefined;
  readonly listener: Listener;
  readonly acceptedWall: number;
  /** `sess.x` of rules. */
  variables: Map<string, VariableValue> | undefined = undefined;
  answered = 0;
  private readonly services: Services;
  private readonly session: ServerHttp2Session;
  private readonly lanes: Set<Lane> = new Set();
  private readonly free: Lane[] = [];
  private readonly resets: Resets = new Resets();
  /** When the stream before began, monotonic; or when the connection came. */
  private readyAt: number;
  private requestsSeen = 0;
  private gone = false;
  private hurried = false;
  /** It takes no more streams. */
  private closing = false;
  /** GOAWAY is on its way, and the end of all that is open. */
  private ending = false;

  /** `accepted` has a stream of Node's, on which nobody reads. What has come already stands in that. */
  constructor(accepted: Accepted, listener: Listener, services: Services, now: number, acceptedWall: number) {
    super();
    const { stream: socket } = accepted;
    if (socket === undefined) throw new TypeError('HTTP/2 needs a socket of its own');
    this.socket = accepted.socket;
    this.tls = accepted.tls;
    this.listener = listener;
    this.services = services;
    this.acceptedWall = acceptedWall;
    this.readyAt = now;
    this.session = openSession(socket, sessionOptions(services.limits.h2), () => this.onDeaf());
    this.session.on('stream', (stream: ServerHttp2Stream, _fields: unknown, _flags: number, raw: readonly string[]) =>
      this.onStream(stream, raw),
    );
    this.session.on('error', () => {});
    this.session.on('close', () => this.onClose());
    socket.on('close', () => this.onClose());
    socket.on('end', () => this.onEnd());
    // Node's session takes what comes, but does not ask for it where nobody has read yet.
    socket.read(0);
    this.awaitStream(now);
  }

  // --- streams

  private onStream(stream: ServerHttp2Stream, raw: readonly string[]): void {
    if (stream.destroyed || stream.closed) {
      // Reset in the same breath: there is nothing to answer.
      stream.on('error', () => {});
      this.onReset();
      return;
    }
    if (this.ending) {
      stream.on('error', () => {});
      return;
    }
    const now = monotonic();
    this.services.wheel.disarm(this);
    const lane = this.free.pop() ?? this.newLane(now);
    const session = lane.session as Session;
    session.readyAt = this.readyAt;
    this.readyAt = now;
    this.requestsSeen++;
    if (!translation.request(raw, stream.endAfterHeaders, webSocketKey)) {
      lane.attach(stream);
      lane.cut(constants.NGHTTP2_PROTOCOL_ERROR);
      session.refuse(MALFORMED);
      this.onReset();
      return;
    }
    lane.take(stream, translation);
    // Its handshake was over when the stop had begun.
    if (this.listener.closing) this.closeCleanly();
  }

  private newLane(now: number): Lane {
    const lane = new Lane(this);
    lane.session = new Session(lane, this.listener, this.services, now, this.acceptedWall);
    if (this.hurried) lane.session.hurry();
    this.lanes.add(lane);
    return lane;
  }

  onFree(lane: Lane): void {
    this.free.push(lane);
    this.onOver();
  }

  onGone(lane: Lane): void {
    if (!this.lanes.delete(lane)) return;
    const at = this.free.indexOf(lane);
    if (at >= 0) this.free.splice(at, 1);
    else this.onOver();
  }

  /** A stream is over. */
  private onOver(): void {
    this.answered++;
    if (this.idle && !this.gone) this.awaitStream(monotonic());
  }

  onReset(): void {
    if (this.resets.exceeded(monotonic())) this.calmDown();
  }

  /** Says so at once, before any stream hears of its end: nghttp2 counts resets, too, and would call it an internal error. */
  private calmDown(): void {
    if (this.ending) return;
    if (!this.session.destroyed) this.session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    this.end(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }

  // --- time

  /** Nothing is under way (manual 4.2, "timeout http-keep-alive"). */
  private awaitStream(now: number): void {
    const { httpRequest, httpKeepAlive, client } = this.listener.frontend.config.timeouts;
    const ms = (this.requestsSeen > 0 ? (httpKeepAlive ?? httpRequest) : httpRequest) ?? client;
    if (this.closing || this.listener.closing) this.services.wheel.arm(this, LINGER, now);
    else if (ms === undefined) this.services.wheel.disarm(this);
    else this.services.wheel.arm(this, ms, now);
  }

  /** First with a GOAWAY; who does not take that has had his time. */
  override onTimeout(): void {
    if (this.closing) {
      this.socket.destroy();
      return;
    }
    this.end(constants.NGHTTP2_NO_ERROR);
  }

  /** GOAWAY, and what is open is reset. */
  private end(code: number): void {
    this.closing = true;
    this.ending = true;
    endSession(this.session, code);
    if (!this.gone) this.services.wheel.arm(this, LINGER, monotonic());
  }

  /** nghttp2 neither reads nor writes any more: an error of the connection's, or the last stream after a GOAWAY is over. */
  private onDeaf(): void {
    if (this.gone || this.ending) return;
    if (!this.closing) {
      this.closing = true;
      this.ending = true;
      this.destroyLanes();
      this.socket.end();
    }
    this.services.wheel.arm(this, LINGER, monotonic());
  }

  // --- as a client's session

  get idle(): boolean {
    return this.lanes.size === this.free.length;
  }

  get requests(): number {
    return this.requestsSeen;
  }

  get target(): Way {
    return NOWHERE;
  }

  /** What is under way, each stream as a session of its own. */
  get streams(): ClientSession[] {
    return this.busy().map(({ session }) => session as Session);
  }

  private busy(): Lane[] {
    return [...this.lanes].filter(({ current }) => current !== undefined);
  }

  /** GOAWAY; streams that are open come to their end (RFC 9113 6.8). */
  closeCleanly(): void {
    if (this.closing) return;
    this.closing = true;
    this.session.close();
    if (this.idle) this.awaitStream(monotonic());
  }

  hurry(): void {
    this.hurried = true;
    for (const { session } of this.busy()) session?.hurry();
  }

  destroy(): void {
    this.end(constants.NGHTTP2_CANCEL);
    this.onClose();
  }

  hangUp(silently: boolean): void {
    if (silently) {
      this.socket.resetAndDestroy();
      this.onClose();
    } else this.calmDown();
  }

  shutdown(server: Server, cause: ShutdownCause): void {
    for (const { session } of this.busy()) session?.shutdown(server, cause);
  }

  abandon(servers: ReadonlySet<Server>): void {
    for (const { session } of this.busy()) session?.abandon(servers);
  }

  /** FIN: who has asked is answered all the same, as in HTTP/1.1; what is not whole by now never will be. */
  private onEnd(): void {
    this.closeCleanly();
    for (const lane of this.busy()) lane.onClientEnd();
  }

  private onClose(): void {
    if (this.gone) return;
    this.gone = true;
    this.services.wheel.disarm(this);
    this.destroyLanes();
    this.listener.leave(this);
  }

  private destroyLanes(): void {
    for (const lane of [...this.lanes]) lane.session?.destroy();
  }
}

/** As HAProxy counts and logs a request that could not be read of a stream; the client hears it by its reset. */
const MALFORMED = { code: 'malformed-stream', source: 'client', status: 0, termination: 'PR', retryOn: [] } as const;
