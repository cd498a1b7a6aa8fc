/**
 * One client connection: cuts what the client sends into requests and has one exchange after another answer them.
 *
 * `reading` is the whole state of the receiving half and `setReading` the only way to change it:
 *
 *     Head ──head complete──▶ Body ──body complete──▶ Wait ──exchange over──▶ Head
 *       │                       └──────(no body)────────▲          └─close──▶ Linger
 *       └──refused──▶ Linger                     101 ──▶ Tunnel
 *
 * Bytes that nobody can take yet are held, and `regulate` alone decides whether the socket is read: from `reading`, from
 * how much is held, and from whether the other side (the server for a body, the client for a reply) is behind.
 *
 * A FIN ends what the client sends, not what it asked before: what is held is still answered. Linger swallows what still
 * comes, so that closing does not reset the connection before the client has read its reply.
 */

import type { Server } from '../backend/server.ts';
import type { ShutdownCause } from '../backend/types.ts';
import { monotonic } from '../core/clock.ts';
import { type Failure, Failures } from '../core/failures.ts';
import { Timed } from '../core/wheel.ts';
import { locate } from '../http/fault.ts';
import { Head } from '../http/head.ts';
import { parseRequestHead, Refusal } from '../http/parse.ts';
import type { TlsFacts } from '../rules/tls-facts.ts';
import type { VariableValue } from '../rules/variables.ts';
import { type Accepted, type ClientSocket, giveBack, lend, type Mux, owned } from './accept.ts';
import { Exchange } from './exchange.ts';
import type { Listener } from './listener.ts';
import type { Outlet } from './outlet.ts';
import { Reading } from './phases.ts';
import { beginsHttp2, PREFACE } from './preface.ts';
import type { Services } from './services.ts';
import type { ClientSession, Neighbours } from './sessions.ts';
import type { VariableHolder } from './variables.ts';

/**
 * What is read ahead before the client has to wait: of further requests one `tune.bufsize`, of a body that has no server yet
 * so many of them, because an upload that is held up at its beginning costs two calls of the system for each pause.
 */
const BODY_BUFFERS = 4;
/** How long a closing connection may go on sending once its reply is out, ms. */
const LINGER = 1000;
/** Where a request goes that none was made of. */
const NOWHERE = { backend: undefined, server: undefined };

export class Session extends Timed implements ClientSession {
  readonly socket: ClientSocket;
  readonly outlet: Outlet;
  readonly listener: Listener;
  readonly services: Services;
  /** Of its connection; undefined where it is not encrypted. */
  readonly tls: TlsFacts | undefined;
  /** It is one of several on a connection. */
  readonly mux: Mux | undefined;
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly head: Head;
  readonly exchange: Exchange;
  readonly neighbours: Neighbours = { previous: undefined, next: undefined, listed: false };
  reading: Reading = Reading.Head;
  /** Requests that have been answered on this connection. */
  answered = 0;
  /** The client has sent FIN: it may still read. */
  clientEnded = false;
  /** When the first byte of the current request came, monotonic; 0 before it. */
  requestStart = 0;
  /** Since when the next request may come, monotonic: accepted, or the end of its handshake, or of the response before it. */
  readyAt: number;
  /** When it was accepted, wall-clock ms. */
  readonly acceptedWall: number;
  /** ms before `readyAt` of the first request. */
  readonly handshakeTime: number;
  /** `sess.x` of rules. */
  variables: Map<string, VariableValue> | undefined = undefined;
  /** SIGTERM has come. */
  hurried = false;
  /** Bytes are being worked off: whoever wants the next ones gets them from that loop. */
  feeding = false;

  private readonly accepted: Accepted;
  private held: Buffer | undefined = undefined;
  /** The buffer that `held` stands in, where that is to be given back. */
  private lent: Buffer | undefined = undefined;
  /** Bytes of `held` that are known not to hold the end of a head. */
  private scanned = 0;
  private paused = false;
  /** Bytes that waited for the client when its timer was last armed. */
  private pending = 0;

  constructor(accepted: Accepted, listener: Listener, services: Services, now: number, acceptedWall: number) {
    super();
    const { socket } = accepted;
    this.accepted = accepted;
    this.acceptedWall = acceptedWall;
    this.handshakeTime = accepted.handshakeTime ?? 0;
    this.readyAt = now;
    this.socket = socket;
    this.tls = accepted.tls;
    this.mux = accepted.mux;
    this.listener = listener;
    this.services = services;
    this.clientAddress = plainAddress(socket.remoteAddress);
    this.clientPort = socket.remotePort ?? 0;
    this.localAddress = plainAddress(socket.localAddress);
    this.localPort = socket.localPort ?? 0;
    this.head = new Head(services.limits.maxhdr);
    this.exchange = new Exchange(this);
    socket.on('end', () => this.guard(() => this.onEnd()));
    socket.on('error', () => this.guard(() => this.onLost()));
    socket.on('close', () => this.guard(() => this.onLost()));
    this.outlet = accepted.outlet(() => this.guard(() => this.onDrain()));
    this.awaitHead(now);
    accepted.read((bytes, length) => this.onBytes(bytes, length));
  }

  /** Nothing is under way: a stopping proxy may close it. */
  get idle(): boolean {
    return this.reading === Reading.Head && this.held === undefined;
  }

  // --- what the client does

  private onBytes(bytes: Buffer, length: number): void {
    try {
      this.receive(bytes, length);
    } catch (error) {
      this.feeding = false;
      this.exchange.onFault(error);
    }
  }

  /** A fault of ours ends this exchange and nothing else. */
  private guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.feeding = false;
      this.exchange.onFault(error);
    }
  }

  private receive(bytes: Buffer, length: number): void {
    if (this.reading === Reading.Tunnel) {
      this.exchange.onTunnelBytes(owned(bytes.subarray(0, length)));
      return;
    }
    if (this.reading >= Reading.Linger) return;
    const held = this.held;
    if (held === undefined) {
      this.feed(bytes, length, 0);
      return;
    }
    this.held = undefined;
    const joined = Buffer.concat([held, bytes.subarray(0, length)]);
    this.release();
    this.feed(joined, joined.length, this.scanned);
  }

  private onEnd(): void {
    this.clientEnded = true;
    switch (this.reading) {
      case Reading.Head:
      case Reading.Body:
        this.feedHeld();
        this.settleEnd();
        return;
      case Reading.Wait:
        this.exchange.onClientEnd();
        return;
      case Reading.Tunnel:
        this.exchange.onTunnelEnd();
        return;
      case Reading.Linger:
        if (this.outlet.pending === 0) this.destroy();
    }
  }

  /** After a FIN: whether what is held can still become something. */
  private settleEnd(): void {
    if (!this.clientEnded) return;
    if (this.reading === Reading.Head) {
      // Replies that are still on their way keep the rest waiting; `onDrain` comes back here.
      if (this.held !== undefined && this.outlet.behind) return;
      if (this.asked) this.refuse(Failures.RequestAborted);
      else this.closeCleanly();
    } else if (this.reading === Reading.Body && this.held === undefined) {
      this.exchange.onClientAbort();
    }
  }

  /** Reset: be it in the middle of a head. */
  private onLost(): void {
    if (this.reading === Reading.Head && this.asked) this.refuse(Failures.RequestAborted);
    this.onGone();
  }

  /** A request is awaited, or has begun: its end is worth a word. */
  private get asked(): boolean {
    return this.held !== undefined || this.answered === 0;
  }

  /** Reset, or closed by us: nothing can be sent any more. */
  private onGone(): void {
    if (this.reading === Reading.Closed) return;
    const carrying = this.reading === Reading.Body || this.reading === Reading.Wait || this.reading === Reading.Tunnel;
    this.setReading(Reading.Closed);
    this.services.wheel.disarm(this);
    this.held = undefined;
    this.lent = undefined;
    this.socket.destroy();
    try {
      if (carrying) this.exchange.onClientGone();
      this.exchange.onSessionOver();
    } finally {
      this.listener.leave(this);
    }
  }

  private onDrain(): void {
    if (this.reading === Reading.Head) {
      this.awaitHead(monotonic());
      this.feedHeld();
      this.settleEnd();
    } else {
      this.exchange.onClientDrain();
    }
    this.regulate();
  }

  // --- cutting

  /**
   * Works off `bytes[0..to)`; the first `scanned` of them are known not to hold a head's end. Not re-entrant: an exchange
   * that ends at once lets the loop go on.
   */
  private feed(bytes: Buffer, to: number, scanned: number): void {
    this.feeding = true;
    let at = 0;
    let skip = scanned;
    while (at < to && this.reading < Reading.Tunnel) {
      let next: number;
      if (this.reading === Reading.Head) next = this.feedHead(bytes, at, to, skip);
      else if (this.reading === Reading.Body) next = this.exchange.onRequestBytes(bytes, at, to);
      else next = at;
      skip = 0;
      if (next === at) break;
      at = next;
    }
    this.feeding = false;
    this.exchange.flush();
    if (at < to) {
      if (this.reading === Reading.Tunnel) this.exchange.onTunnelBytes(owned(bytes.subarray(at, to)));
      else if (this.reading < Reading.Tunnel) this.hold(bytes.subarray(at, to));
    }
    this.regulate();
  }

  private hold(bytes: Buffer): void {
    const lent = lend(bytes);
    if (lent === undefined) {
      this.held = owned(bytes);
      return;
    }
    this.lent = lent;
    this.held = lent.subarray(0, bytes.length);
  }

  /** Index behind the head, or `at` when it is not complete, or when the client has to read its replies first. */
  private feedHead(bytes: Buffer, at: number, to: number, scanned: number): number {
    if (this.outlet.behind) return at;
    const now = monotonic();
    if (this.requestStart === 0) this.startRequest(now);
    const { limits } = this.services;
    const { requestHeads, streamHeads } = this.listener.frontend.program;
    const rules = this.mux === undefined ? requestHeads : streamHeads;
    const used = parseRequestHead(bytes, at, to, this.head, limits.headSize, scanned, rules);
    if (used === 0) {
      this.scanned = to - at;
      return at;
    }
    this.scanned = 0;
    if (used < 0) {
      if (this.mayUpgrade && beginsHttp2(bytes, at, to)) return this.upgrade(bytes, at, to);
      this.services.invalid.noteRequest(
        { session: this, reach: NOWHERE },
        bytes.subarray(at, to),
        locate(bytes, at, to, used as Refusal, false),
        limits.bufsize,
      );
      this.refuse(failureOf(used as Refusal));
      return at;
    }
    this.exchange.begin(this.head, to - at - used, now);
    return at + used;
  }

  /** Nothing has been said on a connection of clear text: its client may know that HTTP/2 is spoken (RFC 9113 3.3). */
  private get mayUpgrade(): boolean {
    const { config } = this.listener.frontend;
    return this.answered === 0 && this.tls === undefined && this.accepted.stream !== undefined && !config.disableH2Upgrade;
  }

  /** To who speaks HTTP/2, when the preface is whole. */
  private upgrade(bytes: Buffer, at: number, to: number): number {
    if (to - at < PREFACE.length) return at;
    this.setReading(Reading.Closed);
    this.services.wheel.disarm(this);
    this.listener.upgrade(this, this.accepted, Buffer.from(bytes.subarray(at, to)));
    return to;
  }

  /** The first byte of a request: from here the head has `timeout http-request` to be complete. */
  private startRequest(now: number): void {
    this.requestStart = now;
    const { timeouts } = this.listener.frontend.config;
    // The first request's time counts from the connection (manual 4.2, "timeout http-request").
    if (this.answered > 0) this.armFor(timeouts.httpRequest ?? timeouts.client, now);
  }

  /** Goes on with what was held; the exchange calls it when it can take the body, or when it is over. */
  feedHeld(): void {
    if (this.feeding) return;
    const held = this.held;
    if (held === undefined) {
      this.regulate();
      return;
    }
    this.held = undefined;
    this.feed(held, held.length, this.reading === Reading.Head ? this.scanned : 0);
    if (this.held === undefined) this.release();
    if (this.reading === Reading.Body) this.settleEnd();
  }

  /** All that was held has been worked off: its buffer can be used again unless the server's socket still refers to it. */
  private release(): void {
    const { lent } = this;
    this.lent = undefined;
    if (lent !== undefined && this.exchange.uploadSettled) giveBack(lent);
  }

  /** Reads the socket, or not: the one place that pauses and resumes it. */
  regulate(): void {
    if (this.reading === Reading.Closed || this.feeding) return;
    const read = this.wantsBytes();
    if (read !== this.paused) return;
    this.paused = !read;
    if (read) this.socket.resume();
    else this.socket.pause();
  }

  private wantsBytes(): boolean {
    const held = this.held === undefined ? 0 : this.held.length;
    const { bufsize } = this.services.limits;
    switch (this.reading) {
      case Reading.Head:
        return !this.outlet.behind;
      case Reading.Body:
        return !this.exchange.serverBehind && held < BODY_BUFFERS * bufsize;
      case Reading.Wait:
        return held < bufsize;
      case Reading.Tunnel:
        return !this.exchange.serverBehind;
      default:
        return true;
    }
  }

  // --- what the exchange says

  setReading(reading: Reading): void {
    this.reading = reading;
  }

  /** The exchange is over and answered, at `now`. */
  exchangeEnded(keepAlive: boolean, now: number): void {
    if (this.reading === Reading.Closed) return;
    this.answered++;
    this.requestStart = 0;
    const over = this.clientEnded && this.held === undefined && !this.feeding;
    if (!keepAlive || this.listener.closing || over) {
      this.closeCleanly();
      return;
    }
    this.head.forget();
    this.exchange.responseHead.forget();
    this.setReading(Reading.Head);
    this.scanned = 0;
    this.readyAt = now;
    this.awaitHead(now);
    if (this.feeding) return;
    this.feedHeld();
    this.settleEnd();
  }

  /** Responses end; a tunnel may not. */
  hurry(): void {
    this.hurried = true;
    this.exchange.hurry();
  }

  /** FIN after everything that was written; what still comes is swallowed for a while. */
  closeCleanly(): void {
    if (this.reading >= Reading.Linger) return;
    this.held = undefined;
    this.lent = undefined;
    this.setReading(Reading.Linger);
    // A reply that is still on its way has the client's time-out; once it is out the client has a moment to close too.
    this.armFor(this.listener.frontend.config.timeouts.client, monotonic());
    this.socket.end(() => {
      if (this.clientEnded) this.destroy();
      else if (this.reading === Reading.Linger) this.armFor(LINGER, monotonic());
    });
    this.regulate();
  }

  /** A TLS client is told that nothing was cut off (RFC 8446 6.1). */
  private closeIdle(): void {
    if (this.tls === undefined) {
      this.destroy();
      return;
    }
    this.setReading(Reading.Linger);
    this.armFor(LINGER, monotonic());
    this.socket.end(() => this.destroy());
  }

  get requests(): number {
    return this.answered + Number(!this.idle);
  }

  get target(): ClientSession['target'] {
    return this.exchange.reach;
  }

  shutdown(server: Server, cause: ShutdownCause): void {
    if (this.exchange.reach.server === server) this.exchange.onShutdown(cause);
  }

  abandon(servers: ReadonlySet<Server>): void {
    const { server } = this.exchange.reach;
    if (server !== undefined && servers.has(server)) this.exchange.abandon();
  }

  /** Now. What was cut where only the end of the connection would tell is cut by a reset. */
  destroy(): void {
    if (this.exchange.endsTheConnection) this.reset();
    else this.onGone();
  }

  /** A rule has refused its client an answer; `silently`: and a clean end. */
  hangUp(silently: boolean): void {
    this.mux?.hangUp(silently);
    if (silently) this.reset();
    else this.closeCleanly();
  }

  /** Whose variables `sess.x` are. */
  get holder(): VariableHolder {
    return this.mux ?? this;
  }

  /** Requests that the client's connection has had before. */
  get answeredBefore(): number {
    return this.mux === undefined ? this.answered : this.mux.answered;
  }

  /**
   * Closes a connection whose response was cut where only its end would tell: a reset, because a FIN would make the
   * client take what it has for a whole response (RFC 9112 8).
   */
  reset(): void {
    if (this.reading !== Reading.Closed && this.clientPort !== 0) this.socket.resetAndDestroy();
    this.onGone();
  }

  /** A head that is no request: refused without an exchange. */
  refuse(failure: Failure): void {
    this.exchange.refuse(failure);
  }

  // --- time

  /** While replies are still on their way it is the client that is waited for, not its next request. */
  private awaitHead(now: number): void {
    const { timeouts } = this.listener.frontend.config;
    this.pending = this.outlet.pending;
    const waiting = this.answered === 0 ? timeouts.httpRequest : (timeouts.httpKeepAlive ?? timeouts.httpRequest);
    this.armFor(this.pending > 0 ? timeouts.client : (waiting ?? timeouts.client), now);
  }

  /** Arms the client's timer; undefined is no time-out. */
  armFor(ms: number | undefined, now: number): void {
    if (ms === undefined) this.services.wheel.disarm(this);
    else this.services.wheel.arm(this, ms, now);
  }

  override onTimeout(): void {
    this.guard(() => this.expire());
  }

  private expire(): void {
    switch (this.reading) {
      case Reading.Head:
        if (this.pending > 0 && this.outlet.pending < this.pending) this.awaitHead(monotonic());
        else if (this.answered > 0 && this.requestStart === 0) {
          // An idle kept-alive connection just closes; a request that never came or never ended is told so.
          this.closeIdle();
        } else this.refuse(Failures.RequestTimeout);
        return;
      case Reading.Linger:
        this.destroy();
        return;
      default:
        this.exchange.onClientTimeout();
    }
  }
}

function failureOf(refusal: Refusal): Failure {
  switch (refusal) {
    case Refusal.Expect:
      return Failures.ExpectationFailed;
    case Refusal.Connect:
    case Refusal.Trace:
      return Failures.MethodRefused;
    case Refusal.TargetTooLong:
      return Failures.TargetTooLong;
    default:
      return Failures.BadRequest;
  }
}

/** An IPv4 client of a dual-stack socket reads as IPv4. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return '';
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
