/**
 * One request and its response (HAProxy's stream): routed, given a server's slot, carried, answered, counted, logged.
 *
 *     Idle ─begin─▶ Request ─assign─▶ Queued ─▶ Assigned ─▶ Connecting ─▶ Established ─▶ (Tunnel) ─end─▶ Idle
 *                      │                 │           ▲ retry └─────┘            │
 *                      └─── own reply ───┴───────────── fail ───────────────────┘
 *
 * Invariants: `serverObject` is set exactly while a slot is taken; `close` is the one way out and gives it back. After the
 * first response byte has gone to the client (`responded`) an exchange can end but not retry. While a connection carries
 * the exchange somebody is waited for, the client or the server or both, and `watch` has armed that side's time-out.
 *
 * A session has one Exchange and uses it again and again, so nothing here may be kept by others beyond `close`.
 */

import type { Backend } from '../backend/backend.ts';
import { sourceKey } from '../backend/balance/hash.ts';
import type { Server } from '../backend/server.ts';
import type { Waiter } from '../backend/types.ts';
import type { HttpConnectionMode } from '../config/model.ts';
import { monotonic } from '../core/clock.ts';
import { type Failure, Failures } from '../core/failures.ts';
import { Level } from '../core/log.ts';
import { Timed } from '../core/wheel.ts';
import { Body } from '../http/body.ts';
import { Framing, type Head } from '../http/head.ts';
import { responseFraming } from '../http/parse.ts';
import { ResponseHeads } from '../http/response-heads.ts';
import type { Final } from '../rules/types.ts';
import { owned } from './accept.ts';
import { access } from './access.ts';
import { ExchangeFacts } from './exchange-facts.ts';
import { requestHead, responseHead } from './forward.ts';
import { Phase, Reading } from './phases.ts';
import { takeIdle } from './pool.ts';
import type { Program } from './program.ts';
import { type Connection, errorFile, errorText, hasBody, replyHead } from './reply.ts';
import { chooseBackend, isFailure } from './routing.ts';
import { type ConnectionUser, ServerConnection } from './server-connection.ts';
import type { Session } from './session.ts';
import * as tally from './tally.ts';
import { Tunnel, type TunnelOwner } from './tunnel.ts';
import { type Deferred, defer } from './turn.ts';
import type { Reply } from './types.ts';

/** Bodies up to this size are written together with their head, as one string. */
const JOIN_LIMIT = 4096;
/** Pieces up to this size are copied when they must wait for the client; larger ones keep the buffer they stand in. */
const COPY_LIMIT = 16 * 1024;
/** HAProxy's turn-around delay before the same server is tried again, ms. */
const TURN_AROUND = 1000;
/** Most bytes of a POST to the statistics page. */
const STATS_BODY = 16 * 1024;

const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

class ServerTimer extends Timed {
  private readonly exchange: Exchange;
  constructor(exchange: Exchange) {
    super();
    this.exchange = exchange;
  }
  onTimeout(now: number): void {
    this.exchange.onServerTimeout(now);
  }
}

export class Exchange extends ExchangeFacts implements Waiter, ConnectionUser, Deferred, TunnelOwner {
  phase: Phase = Phase.Idle;
  private program: Program | undefined = undefined;
  private connection: ServerConnection | undefined = undefined;
  private readonly timer: ServerTimer;

  private readonly requestBody = new Body();
  private readonly responseBody = new Body();
  /** The request as it is sent, kept until nothing may be tried again. */
  private outgoing = '';
  private keepAlive = true;
  /** Of frontend and backend, whichever asks for more (manual 4.1). */
  private mode: HttpConnectionMode = 'keep-alive';
  /** The server is slower than the client: the session does not read. */
  serverBehind = false;
  /** The client is slower than the server: the connection does not read. */
  private clientBehind = false;
  /** The client's time-out means something now: a body is awaited, or the client has to read. */
  private clientAwaited = false;
  /** The final response's head has gone to the client. */
  private responded = false;
  /** Only the end of the connection tells the client that its response is whole. */
  private untilClose = false;
  private readonly heads = new ResponseHeads();
  /** A POST to the statistics page, being collected. */
  private collecting: Buffer[] | undefined = undefined;
  private collected = 0;
  /** Own reply sent; the rest of the body is read and dropped. */
  private discarding = false;
  private replayed = false;
  private tunnel: Tunnel | undefined = undefined;
  /** The server's socket waits for the beginning of the body. */
  private corked = false;
  /** What was relayed last refers to the connection's buffer. */
  private bufferLent = false;

  constructor(session: Session) {
    super(session);
    this.timer = new ServerTimer(this);
  }

  // --- the request

  /** The session has a request's head, `headBytes` long. May end the exchange before it returns. */
  begin(head: Head, headBytes: number, available: number, now: number): void {
    this.reset(head, headBytes, now);
    const { frontend } = this.session.listener;
    frontend.counters.reqTot++;
    frontend.counters.reqRate.add(now);
    this.session.setReading(this.requestBody.done ? Reading.Wait : Reading.Body);
    try {
      this.decide(available, now);
    } catch (error) {
      this.onFault(error);
    }
  }

  private reset(head: Head, headBytes: number, now: number): void {
    this.resetFacts(headBytes, now);
    this.phase = Phase.Request;
    this.program = undefined;
    this.outgoing = '';
    this.mode = this.session.listener.frontend.config.connectionMode;
    this.keepAlive = head.keepAlive && this.mode !== 'close';
    this.serverBehind = false;
    this.clientBehind = false;
    this.clientAwaited = false;
    this.responded = false;
    this.untilClose = false;
    this.tunnel = undefined;
    this.heads.reset();
    this.collecting = undefined;
    this.discarding = false;
    this.replayed = false;
    this.corked = false;
    this.requestBody.start(head.framing, head.contentLength, true);
  }

  /** Rules, statistics, redirects and routing, first of the frontend, then of the backend (manual 4.2, "http-request"). */
  private decide(available: number, now: number): void {
    const { frontend } = this.session.listener;
    if (this.intercept(frontend.program, available)) return;
    const chosen = chooseBackend(frontend, this.services.backends, this);
    if (isFailure(chosen)) {
      this.fail(chosen);
      return;
    }
    this.backendObject = chosen;
    tally.countEntered(chosen, now);
    this.mode = stricter(this.mode, chosen.config.connectionMode);
    if (this.mode === 'close') this.keepAlive = false;
    this.program = this.services.programs.get(chosen.config.id);
    if (this.program !== undefined && this.program !== frontend.program && this.intercept(this.program, available)) return;
    this.outgoing = requestHead(this.request, this.session, this.mode, this.program?.forwardFor ?? frontend.program.forwardFor);
    this.assign(undefined, now);
  }

  /** True when a rule, the statistics page or a redirect of this proxy has taken the request. */
  private intercept(program: Program, available: number): boolean {
    const { rules, config } = program;
    if (rules.request !== undefined) {
      const final = rules.request(this);
      if (final !== undefined) return this.end(final, available);
    }
    if (config.stats !== undefined && this.takeStats(available)) return true;
    if (rules.redirect !== undefined) {
      const final = rules.redirect(this);
      if (final !== undefined) return this.end(final, available);
    }
    return false;
  }

  // --- a slot and a connection

  private assign(avoid: Server | undefined, now: number): void {
    const backend = this.backendObject as Backend;
    const key = backend.config.balance.algorithm === 'source' ? sourceKey(this.session.clientAddress) : 0;
    this.queuedAt = now;
    const assigned = backend.assign(this, key, avoid);
    if (assigned === 'queued') {
      this.phase = Phase.Queued;
      const { server, position } = backend.placeOf(this);
      if (server) this.serverQueue = position;
      else this.backendQueue = position;
    } else if (assigned === 'no-server') this.fail(Failures.NoServer);
    else if (assigned === 'full') this.fail(Failures.QueueFull);
    else this.connect(assigned, now);
  }

  onSlot(server: Server): void {
    try {
      this.connect(server, monotonic());
    } catch (error) {
      this.onFault(error);
    }
  }

  onQueueTimeout(): void {
    this.phase = Phase.Request; // the queue has let go of us already
    this.fail(Failures.QueueTimeout);
  }

  /**
   * A slot of `server` is ours. The connection is chosen at the end of this turn: one that is kept alive may have been
   * closed, or have sent what nobody asked for, and by then we know.
   */
  private connect(server: Server, now: number): void {
    this.serverObject = server;
    this.assignedAt = now;
    this.phase = Phase.Connecting;
    defer(this);
  }

  onTurn(): void {
    // The exchange may be over, and even the next one's, which has deferred itself too.
    if (this.phase !== Phase.Connecting || this.connection !== undefined) return;
    try {
      this.takeConnection(this.serverObject as Server, monotonic());
    } catch (error) {
      this.onFault(error);
    }
  }

  private takeConnection(server: Server, now: number): void {
    const idle = this.mayReuse() ? takeIdle(server) : undefined;
    if (idle === undefined) {
      this.openConnection(server, now);
      return;
    }
    this.connection = idle;
    server.counters.reuse++;
    (this.backendObject as Backend).counters.reuse++;
    idle.reuse(this);
    this.carry(idle, now);
  }

  private openConnection(server: Server, now: number): void {
    const backend = this.backendObject as Backend;
    server.counters.connect++;
    backend.counters.connect++;
    this.phase = Phase.Connecting;
    if (backend.config.timeouts.connect !== undefined) this.services.wheel.arm(this.timer, backend.config.timeouts.connect, now);
    this.connection = new ServerConnection(server, this, this.services.wheel, this.session.localPort);
  }

  /**
   * `http-reuse safe`, and a little more: a request that could be sent again may always use a connection that is kept
   * alive; one that could not does so only when its client has seen a response here before (RFC 9112 9.3.1).
   */
  private mayReuse(): boolean {
    if (this.mode !== 'keep-alive') return false;
    return this.session.answered > 0 || this.replayable();
  }

  private replayable(): boolean {
    return this.request.framing === Framing.None && IDEMPOTENT.has(this.request.method);
  }

  onConnected(connection: ServerConnection): void {
    this.carry(connection, monotonic());
  }

  /** `connection` is ours: the request goes out. */
  private carry({ outlet }: ServerConnection, now: number): void {
    this.connectedAt = now;
    this.phase = Phase.Established;
    if (this.requestBody.done) {
      outlet.text(this.outgoing);
      this.watch(now);
      return;
    }
    // One segment for the head and what of the body is there.
    outlet.socket.cork();
    outlet.text(this.outgoing);
    this.corked = true;
    this.watch(now);
    if (!this.session.feeding) {
      this.session.feedHeld();
      this.flush();
    }
  }

  /**
   * Arms the time-out of whoever is waited for: the client for the rest of its body, or to read its response; the server
   * to take the body, or to go on with its response.
   */
  private watch(now: number): void {
    const bodyAwaited = !this.requestBody.done && !this.serverBehind;
    this.clientAwaited = this.clientBehind || bodyAwaited;
    if (this.clientAwaited) this.session.armFor(this.session.listener.frontend.config.timeouts.client, now);
    const serverAwaited = !this.clientBehind && (!bodyAwaited || this.responded);
    this.armServer(serverAwaited ? (this.backendObject as Backend).config.timeouts.server : undefined, now);
  }

  /** The session has handed over what it has: head and body leave together. */
  flush(): void {
    if (!this.corked) return;
    this.corked = false;
    const outlet = this.connection?.outlet;
    if (outlet === undefined) return;
    outlet.socket.uncork();
    if (this.phase !== Phase.Established || this.requestBody.done) return;
    if (outlet.behind) {
      this.serverBehind = true;
      this.watch(monotonic());
    }
  }

  /** Body bytes from the session, `bytes[at..to)`; the index behind what was taken. Nothing is while there is no server for them. */
  onRequestBytes(bytes: Buffer, at: number, to: number): number {
    if (this.phase !== Phase.Established && !this.discarding && this.collecting === undefined) return at;
    if (this.serverBehind) return at;
    const body = this.requestBody;
    const next = body.take(bytes, at, to);
    this.bytesIn += next - at;
    if (body.failed) {
      this.fail(Failures.BodyInvalid);
      return to;
    }
    if (this.collecting !== undefined) this.collect(owned(body.view()));
    else if (!this.discarding) this.sendBody(body.view());
    if (body.done) this.bodyComplete();
    return next;
  }

  private sendBody(piece: Buffer): void {
    if (piece.length === 0) return;
    const { outlet } = this.connection as ServerConnection;
    outlet.bytes(owned(piece));
    if (!this.corked && outlet.behind) this.serverBehind = true;
    this.watch(monotonic());
  }

  private bodyComplete(): void {
    this.requestBody.clear();
    if (this.phase === Phase.Idle) return;
    this.session.setReading(Reading.Wait);
    if (this.collecting !== undefined) this.answerStats(Buffer.concat(this.collecting));
    else if (this.discarding) this.close(this.keepAlive);
    else this.watch(monotonic());
  }

  onServerDrain(): void {
    if (!this.serverBehind) return;
    this.serverBehind = false;
    if (this.phase === Phase.Established) {
      this.watch(monotonic());
      this.session.feedHeld();
    }
    this.session.regulate();
  }

  // --- the response

  onResponse(bytes: Buffer, length: number): boolean {
    if (this.phase === Phase.Tunnel) return this.tunnelToClient(bytes.subarray(0, length));
    const now = monotonic();
    let from = 0;
    if (!this.responded) {
      from = this.takeHeads(bytes, length, now);
      if (from < 0) return false;
      if (!this.responded) return true;
      if (this.in(Phase.Tunnel)) return from === length || this.tunnelToClient(bytes.subarray(from, length));
    }
    // takeHeads has written the beginning of the body with the head.
    if (!this.in(Phase.Established)) return false;
    if (from < length && !this.responseBody.done) {
      from = this.takeBody(bytes, from, length);
      if (from < 0) return false;
    }
    if (this.responseBody.done) {
      this.finish(from === length, now);
      return true;
    }
    this.watch(now);
    return !this.clientBehind;
  }

  /** A call in between may have changed the phase, which the compiler cannot know. */
  private in(phase: Phase): boolean {
    return this.phase === phase;
  }

  /** Reads heads until the final one; answers the index behind what was used, or -1 when the exchange is over. */
  private takeHeads(bytes: Buffer, length: number, now: number): number {
    const { heads } = this;
    heads.feed(bytes, length);
    for (;;) {
      switch (heads.next(this.responseHead, this.services.limits.headSize)) {
        case 'more':
          return length;
        case 'invalid':
          this.fail(Failures.ResponseInvalid);
          return -1;
        case 'interim':
          this.relayInterim(now);
          break;
        case 'final': {
          this.responseSeen = true;
          const next = this.finalHead(heads.bytes, heads.at, heads.end, now);
          return next < 0 ? -1 : heads.inPiece(next);
        }
      }
    }
  }

  /** RFC 9110 15.2: interim responses are passed on, but not to an HTTP/1.0 client. */
  private relayInterim(now: number): void {
    this.watch(now);
    if (this.request.version === 10) return;
    dropFraming(this.responseHead);
    this.toClient(responseHead(this.responseHead, ''));
  }

  /** The final head is in `responseHead`; writes it with the beginning of the body. The index behind that, or -1. */
  private finalHead(piece: Buffer, at: number, end: number, now: number): number {
    const head = this.responseHead;
    const server = this.serverObject as Server;
    this.responseAt = now;
    this.status = head.status;
    server.counters.reqTot++;
    server.counters.hrsp.count(head.status);
    if (head.status === 101) {
      // RFC 9110 15.2.2: only as the answer to an Upgrade that was forwarded, and to the same protocol.
      if (this.request.upgrade === '' || head.upgrade !== this.request.upgrade) {
        this.fail(Failures.ResponseInvalid);
        return -1;
      }
      this.startTunnel(now);
      return at;
    }
    if (this.denyResponse()) return -1;
    return this.sendHead(piece, at, end);
  }

  private denyResponse(): boolean {
    const frontend = this.session.listener.frontend.program;
    let final = this.program?.rules.response?.(this);
    if (final === undefined && this.program !== frontend) final = frontend.rules.response?.(this);
    if (final === undefined) return false;
    this.dropConnection();
    if (final.kind === 'denied') {
      tally.countResponseDenied(this);
      this.termination = 'PH';
    }
    this.ownReply(final.status, final.reply, 0, final.close);
    return true;
  }

  private sendHead(piece: Buffer, at: number, end: number): number {
    const head = this.responseHead;
    const { request, responseBody } = this;
    let framing = responseFraming(head, request.method);
    const old = request.version === 10;
    if (head.status === 204) dropFraming(head);
    else if (old) head.remove('transfer-encoding');
    responseBody.start(framing, head.contentLength, !old);
    this.untilClose = framing === Framing.UntilClose || (old && framing === Framing.Chunked);
    if (this.untilClose) this.keepAlive = false;
    // An answer before the end of the request: what follows on this connection would be the rest of the body.
    if (!this.requestBody.done) this.keepAlive = false;
    framing = responseBody.done ? Framing.None : framing;
    const connection = this.keepAlive && !this.session.listener.closing ? (old ? 'keep-alive' : '') : 'close';
    const lines = responseHead(head, connection);
    this.responded = true;
    this.outgoing = '';
    if (framing === Framing.None || at === end) {
      this.toClient(lines);
      return at;
    }
    const next = responseBody.take(piece, at, end);
    if (responseBody.failed) {
      this.responded = false;
      this.fail(Failures.ResponseInvalid);
      return -1;
    }
    if (responseBody.size <= JOIN_LIMIT) {
      this.toClient(lines + responseBody.piece.toString('latin1', responseBody.from, responseBody.to));
    } else {
      const { outlet } = this.session;
      const waits = outlet.pending > 0;
      outlet.socket.cork();
      this.toClient(lines);
      this.relay(responseBody.view(), waits);
      outlet.socket.uncork();
      this.checkClient();
    }
    return next;
  }

  private takeBody(bytes: Buffer, from: number, to: number): number {
    const next = this.responseBody.take(bytes, from, to);
    if (this.responseBody.failed) {
      this.fail(Failures.ResponseCut);
      return -1;
    }
    if (this.responseBody.size > 0) {
      this.relay(this.responseBody.view(), this.session.outlet.pending > 0);
      this.checkClient();
    }
    return next;
  }

  private toClient(text: string): void {
    this.bytesOut += text.length;
    this.session.outlet.text(text);
  }

  private toClientBytes(bytes: Buffer): void {
    this.bytesOut += bytes.length;
    this.session.outlet.bytes(bytes);
  }

  /** Bytes of the connection's buffer: copied where they must wait anyway and giving up the buffer would cost more. */
  private relay(bytes: Buffer, waits: boolean): void {
    this.bufferLent = !waits || bytes.length > COPY_LIMIT;
    this.toClientBytes(this.bufferLent ? bytes : Buffer.from(bytes));
  }

  /** After `relay`: is any of it still waiting for the client? */
  private checkClient(): void {
    const { outlet } = this.session;
    if (outlet.pending === 0) return;
    if (this.bufferLent) this.connection?.surrenderBuffer();
    if (outlet.behind) this.clientBehind = true;
  }

  onClientDrain(): void {
    if (!this.clientBehind) return;
    this.clientBehind = false;
    if (this.phase !== Phase.Tunnel && this.phase !== Phase.Established) return;
    this.connection?.socket.resume();
    if (this.phase === Phase.Established) this.watch(monotonic());
  }

  onServerEnd(): void {
    if (this.tunnel !== undefined) {
      this.tunnel.serverEnded();
      return;
    }
    if (this.responded && this.responseBody.endOfInput()) {
      this.responseHead.keepAlive = false;
      this.finish(true, monotonic());
      return;
    }
    this.serverLost();
  }

  onServerError(): void {
    this.serverLost();
  }

  private serverLost(): void {
    switch (this.phase) {
      case Phase.Connecting:
        this.retry(Failures.ConnectFailed);
        return;
      case Phase.Tunnel:
        this.termination = 'SD';
        this.endTunnel();
        return;
      case Phase.Established:
        break;
      default:
        return;
    }
    if (this.responded) this.fail(Failures.ResponseCut);
    else if (!this.unanswered()) this.fail(Failures.ServerClosed);
    else if (!this.replayed && this.replayable()) this.replay();
    else this.fail(this.session.answered > 0 ? Failures.ReusedClosed : Failures.ServerClosed);
  }

  /** A kept-alive connection broke, and nothing of a response had come (RFC 9110 9.2.2, RFC 9112 9.3.1). */
  private unanswered(): boolean {
    const reused = this.connection !== undefined && this.connection.uses > 1;
    return reused && !this.heads.begun;
  }

  private replay(): void {
    this.replayed = true;
    this.dropConnection();
    this.openConnection(this.serverObject as Server, monotonic());
  }

  // --- failures and retries

  /** The connection failed before anything was sent: the same server again, or another, or the end. */
  private retry(failure: Failure): void {
    const backend = this.backendObject as Backend;
    const server = this.serverObject as Server;
    const { retries, redispatch, timeouts } = backend.config;
    this.dropConnection();
    if (this.retries >= retries) {
      tally.countRetry(backend, server, 'econ');
      this.fail(failure);
      return;
    }
    this.retries++;
    const last = this.retries === retries;
    const due = redispatch !== undefined && (redispatch < 0 ? last : redispatch > 0 && this.retries % redispatch === 0);
    // A discovered server that refuses is one that is going: its successor is asked at once.
    if (due || !server.usable || server.config.identity !== server.config.name) {
      tally.countRetry(backend, server, 'wredis');
      this.redispatched = true;
      this.giveBack();
      this.assign(server, monotonic());
      return;
    }
    tally.countRetry(backend, server, 'wretr');
    this.phase = Phase.Assigned;
    this.services.wheel.arm(this.timer, Math.min(TURN_AROUND, timeouts.connect ?? TURN_AROUND));
  }

  onServerTimeout(now: number): void {
    switch (this.phase) {
      case Phase.Assigned: {
        const server = this.serverObject as Server;
        server.counters.stot++;
        this.openConnection(server, now);
        return;
      }
      case Phase.Connecting:
        this.retry(Failures.ConnectTimeout);
        return;
      case Phase.Established:
        this.fail(this.responded ? Failures.ResponseStalled : this.serverBehind ? Failures.UploadStalled : Failures.ServerTimeout);
        return;
      case Phase.Tunnel:
        this.termination = 'sD';
        this.endTunnel();
    }
  }

  /** The client's timer fired while this exchange was under way: an old one, unless the client is waited for. */
  onClientTimeout(): void {
    if (this.clientAwaited) this.fail(this.clientBehind ? Failures.ClientStalled : Failures.BodyTimeout);
  }

  /** FIN while its request waits: HAProxy goes on unless the frontend has `option abortonclose`. */
  onClientEnd(): void {
    if (!this.session.listener.frontend.config.abortonclose || this.responded) return;
    if (this.phase === Phase.Established) this.fail(Failures.AnswerAbandoned);
    else this.onClientGone();
  }

  /** FIN inside the request's body. */
  onClientAbort(): void {
    this.onClientGone();
    this.session.destroy();
  }

  /** Nothing can be sent to the client any more. */
  onClientGone(): void {
    if (this.phase === Phase.Idle) return;
    if (this.phase === Phase.Tunnel) {
      this.termination = this.session.clientEnded ? '--' : 'CD';
      this.endTunnel();
      return;
    }
    this.termination = `C${this.stage()}`;
    tally.countAbort(this.backendObject, this.serverObject, 'cliAbrt');
    this.close(false);
  }

  /** HAProxy's second letter for an abort now (manual 8.5). */
  private stage(): string {
    switch (this.phase) {
      case Phase.Request:
      case Phase.Reply:
        return 'R';
      case Phase.Queued:
        return 'Q';
      case Phase.Assigned:
      case Phase.Connecting:
        return 'C';
      default:
        return 'D';
    }
  }

  /** A fault of our own: this exchange ends, nothing else does. */
  onFault(error: unknown): void {
    const { frontend } = this.session.listener;
    frontend.counters.eint++;
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.services.events.event(Level.Err, `internal error in ${frontend.name} for ${this.session.clientAddress}: ${stack}`, frontend.name);
    this.fail(Failures.Internal);
  }

  /** Ends the exchange: with an error reply when none has gone yet, else by cutting the connection. */
  fail(failure: Failure): void {
    if (this.phase === Phase.Idle) return;
    this.termination = failure.termination;
    tally.countFailure(this, failure);
    this.dropConnection();
    if (this.phase === Phase.Queued) {
      this.phase = Phase.Request;
      this.backendObject?.cancel(this);
    }
    if (this.responded || failure.status === 0) {
      const { untilClose } = this;
      this.close(false, monotonic(), true);
      if (untilClose) this.session.reset();
      else this.session.destroy();
      return;
    }
    this.ownReply(failure.status, undefined, 0, failure.source === 'client');
  }

  /** A head that is no request, or none that came in time: counted and answered without an exchange. */
  refuse(failure: Failure): void {
    const { session } = this;
    const { frontend } = session.listener;
    const now = monotonic();
    this.reset(this.request, 0, now);
    tally.countRefused(this, failure.status, now);
    this.status = failure.status;
    this.termination = failure.termination;
    const silent = frontend.config.dontlognull && session.requestStart === 0;
    // A connection on which nothing ever came is not told anything it did not ask for.
    if (!(failure === Failures.RequestAborted && session.requestStart === 0)) this.writeError(failure.status, 'close');
    this.bytesOut = 0; // as HAProxy logs it
    if (!silent) access(this, now, true, undefined);
    this.phase = Phase.Idle;
    session.closeCleanly();
  }

  // --- own replies

  private end(final: Final, available: number): boolean {
    if (final.kind === 'denied') {
      tally.countDenied(this);
      this.termination = 'PR';
    } else {
      tally.countIntercepted(this);
      this.termination = 'LR';
    }
    this.ownReply(final.status, final.reply, available, final.close);
    return true;
  }

  /**
   * Answers by ourselves. A body that is here already, or has come, is swallowed and the connection kept; otherwise
   * the connection closes, as HAProxy does it.
   */
  private ownReply(status: number, reply: Final['reply'] | Reply, available: number, close: boolean): void {
    this.phase = Phase.Reply;
    const { request, requestBody, session } = this;
    const here = requestBody.done || (request.framing === Framing.Length && available >= request.contentLength);
    if (close || !here || session.listener.closing) this.keepAlive = false;
    this.status = status;
    const connection = this.keepAlive ? (request.version === 10 ? 'keep-alive' : '') : 'close';
    if (reply === undefined) this.writeError(status, connection);
    else this.writeReply(status, reply, connection);
    if (requestBody.done || !this.keepAlive) this.close(this.keepAlive);
    else {
      this.discarding = true;
      this.clientAwaited = true;
      this.session.armFor(session.listener.frontend.config.timeouts.client, monotonic());
    }
  }

  private writeError(status: number, connection: Connection): void {
    const file = errorFile(this, status);
    if (file === undefined) {
      this.toClient(errorText(status, connection, this.phase === Phase.Reply && this.request.method === 'HEAD'));
      return;
    }
    this.keepAlive = false;
    if (file.length > 0) this.toClientBytes(file);
  }

  private writeReply(status: number, reply: Omit<Reply, 'status'>, connection: Connection): void {
    this.toClient(replyHead(reply, status, connection));
    if (this.request.method !== 'HEAD' && reply.body.length > 0 && hasBody(status)) this.toClientBytes(reply.body);
  }

  // --- statistics page

  private takeStats(available: number): boolean {
    const target = this.statsTarget();
    if (!this.services.stats.matches(target, this.request)) return false;
    if (this.requestBody.done) return this.replyStats(Buffer.alloc(0), available);
    if (this.request.method !== 'POST') return false;
    this.collecting = [];
    this.collected = 0;
    // Of a chunked body only the data is wanted: nobody takes it further.
    this.requestBody.start(this.request.framing, this.request.contentLength, false);
    this.session.armFor(
      this.session.listener.frontend.config.timeouts.httpRequest ?? this.session.listener.frontend.config.timeouts.client,
      monotonic(),
    );
    this.phase = Phase.Reply;
    return true;
  }

  private statsTarget() {
    const { frontend } = this.session.listener;
    const own = frontend.config.kind === 'listen' ? frontend.defaultBackend : undefined;
    return { frontend, backend: this.backendObject ?? own };
  }

  private collect(piece: Buffer): void {
    this.collected += piece.length;
    if (this.collected <= STATS_BODY) this.collecting?.push(piece);
    else {
      this.keepAlive = false;
      this.answerStats(undefined);
    }
  }

  private answerStats(body: Buffer | undefined): void {
    this.collecting = undefined;
    this.replyStats(body, 0);
  }

  private replyStats(body: Buffer | undefined, available: number): boolean {
    const reply = this.services.stats.handle(this.statsTarget(), this, body);
    if (reply === undefined) return false;
    this.statsServed = true;
    tally.countIntercepted(this);
    this.termination = 'LR';
    this.ownReply(reply.status, reply, available, false);
    return true;
  }

  // --- tunnel

  /** Both sides agreed to another protocol. */
  private startTunnel(now: number): void {
    const { session } = this;
    const connection = this.connection as ServerConnection;
    this.responded = true;
    this.outgoing = '';
    this.phase = Phase.Tunnel;
    this.keepAlive = false;
    this.toClient(responseHead(this.responseHead, 'upgrade'));
    this.services.wheel.disarm(session);
    this.armServer(undefined, now);
    const { timeouts } = (this.backendObject as Backend).config;
    this.tunnel = new Tunnel(session.outlet, connection.outlet, timeouts, session.listener.frontend.config.timeouts.clientFin, this);
    session.setReading(Reading.Tunnel);
    session.feedHeld();
    if (session.clientEnded) this.onTunnelEnd();
  }

  onTunnelProgress(ms: number | undefined): void {
    this.armServer(ms, monotonic());
  }

  onTunnelBytes(bytes: Buffer): void {
    if (this.tunnel === undefined) return;
    this.bytesIn += bytes.length;
    if (this.tunnel.toServer(bytes)) return;
    this.serverBehind = true;
    this.session.regulate();
  }

  onTunnelEnd(): void {
    this.tunnel?.clientEnded();
  }

  private tunnelToClient(bytes: Buffer): boolean {
    this.relay(bytes, this.session.outlet.pending > 0);
    this.checkClient();
    (this.tunnel as Tunnel).progress();
    return !this.clientBehind;
  }

  private endTunnel(): void {
    this.dropConnection();
    this.close(false);
    this.session.destroy();
  }

  // --- the end

  /** The response is complete. `clean`: nothing stands behind it on the server's connection. */
  private finish(clean: boolean, now: number): void {
    const connection = this.connection as ServerConnection;
    const sent = this.requestBody.done && connection.outlet.pending === 0;
    const reusable = clean && sent && this.responseHead.keepAlive && this.mode === 'keep-alive' && !this.request.bothLengths;
    this.connection = undefined;
    this.responseBody.clear();
    this.heads.reset();
    if (reusable) connection.park();
    else connection.close();
    this.close(this.keepAlive && this.requestBody.done, now);
  }

  /**
   * The one way out: gives the slot back, counts, logs, and tells the session unless it is `cut`, which the caller does.
   * The slot goes back whatever happens before; it goes last, because whoever waits for it runs at once.
   */
  private close(keepAlive: boolean, now = monotonic(), cut = false): void {
    if (this.phase === Phase.Queued) this.backendObject?.cancel(this);
    this.phase = Phase.Idle;
    this.tunnel = undefined;
    this.serverBehind = false;
    this.clientAwaited = false;
    this.services.wheel.disarm(this.timer);
    this.dropConnection();
    const server = this.serverObject;
    try {
      tally.countEnded(this, now);
      if (this.backendObject !== undefined) this.backendObject.scur--;
      this.serverObject = undefined;
      access(this, now, false, server);
    } finally {
      this.serverObject = undefined;
      try {
        if (server !== undefined) server.backend.release(server);
      } finally {
        if (!cut) this.session.exchangeEnded(keepAlive, now);
      }
    }
  }

  private giveBack(): void {
    const server = this.serverObject as Server;
    this.serverObject = undefined;
    server.backend.release(server);
  }

  private dropConnection(): void {
    const { connection } = this;
    if (connection === undefined) return;
    this.connection = undefined;
    connection.close();
  }

  private armServer(ms: number | undefined, now: number): void {
    if (ms === undefined) this.services.wheel.disarm(this.timer);
    else this.services.wheel.arm(this.timer, ms, now);
  }
}

const STRICTNESS: readonly HttpConnectionMode[] = ['keep-alive', 'server-close', 'close'];

function stricter(one: HttpConnectionMode, other: HttpConnectionMode): HttpConnectionMode {
  return STRICTNESS.indexOf(one) >= STRICTNESS.indexOf(other) ? one : other;
}

/** RFC 9110 8.6, RFC 9112 6.1: a response that has no body by its status says nothing about one. */
function dropFraming(head: Head): void {
  head.remove('content-length');
  head.remove('transfer-encoding');
}
