/**
 * One request and its response (HAProxy's stream): routed, given a server's slot, carried, answered, counted, logged.
 *
 *     Idle ─begin─▶ Request ─assign─▶ Queued ─▶ Assigned ─▶ Connecting ─▶ Established ─▶ (Tunnel) ─end─▶ Idle
 *                      │                 │           ▲ retry └─────┘            │
 *                      └─── own reply ───┴───────────── fail ───────────────────┘
 *
 * Invariants: `server` is set exactly while a slot is taken; `close` is the one way out and gives it back. After the
 * first response byte has gone to the client (`responded`) an exchange can end but not retry.
 *
 * A session has one Exchange and uses it again and again, so nothing here may be kept by others beyond `close`.
 */

import type { Backend } from '../backend/backend.ts';
import { sourceKey } from '../backend/balance/hash.ts';
import type { Server } from '../backend/server.ts';
import type { Waiter } from '../backend/types.ts';
import { monotonic } from '../core/clock.ts';
import { type Failure, Failures } from '../core/failures.ts';
import { Level } from '../core/log.ts';
import { Timed } from '../core/wheel.ts';
import { Body } from '../http/body.ts';
import { Framing, Head } from '../http/head.ts';
import { parseResponseHead, responseFraming } from '../http/parse.ts';
import { errorReply } from '../http/replies.ts';
import type { Final, RuleContext } from '../rules/types.ts';
import { access } from './access.ts';
import { requestHead, responseHead } from './forward.ts';
import { Phase, Reading } from './phases.ts';
import { takeIdle } from './pool.ts';
import type { Program } from './program.ts';
import { type ConnectionUser, ServerConnection } from './server-connection.ts';
import type { Services } from './services.ts';
import type { Session } from './session.ts';
import type { Reply } from './types.ts';

/** Bodies up to this size are written together with their head, as one string. */
const JOIN_LIMIT = 4096;
/** HAProxy's turn-around delay before the same server is tried again, ms. */
const TURN_AROUND = 1000;
/** Most bytes of a POST to the statistics page. */
const STATS_BODY = 16 * 1024;
/** A server that keeps sending 1xx is not answering. */
const MAX_INTERIM = 32;

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

export class Exchange implements Waiter, ConnectionUser, RuleContext {
  readonly session: Session;
  readonly services: Services;
  readonly request: Head;
  readonly responseHead: Head;
  phase: Phase = Phase.Idle;
  backendObject: Backend | undefined = undefined;
  private program: Program | undefined = undefined;
  serverObject: Server | undefined = undefined;
  private connection: ServerConnection | undefined = undefined;
  private readonly timer: ServerTimer;

  private readonly requestBody = new Body();
  private readonly responseBody = new Body();
  /** The request as it is sent, kept until nothing may be tried again. */
  private outgoing = '';
  private keepAlive = true;
  /** The server is slower than the client: the session does not read. */
  bodyBlocked = false;
  /** The client is slower than the server: the connection does not read. */
  private clientBlocked = false;
  /** The final response's head has gone to the client. */
  private responded = false;
  private responseSeen = false;
  private interim = 0;
  /** The beginning of a response head that came in pieces. */
  private partial: Buffer | undefined = undefined;
  /** A POST to the statistics page, being collected. */
  private collecting: Buffer[] | undefined = undefined;
  private collected = 0;
  /** Own reply sent; the rest of the body is read and dropped. */
  private discarding = false;
  private replayed = false;
  /** The server's socket waits for the beginning of the body. */
  private corked = false;

  // For counters and the log
  retries = 0;
  redispatched = false;
  /** The statistics page answered. */
  statsServed = false;
  bytesIn = 0;
  bytesOut = 0;
  status = -1;
  termination = '--';
  backendQueue = 0;
  headAt = 0;
  queuedAt = 0;
  assignedAt = -1;
  connectedAt = -1;
  responseAt = -1;

  constructor(session: Session) {
    this.session = session;
    this.services = session.services;
    this.request = session.head;
    this.responseHead = new Head(session.services.limits.maxhdr);
    this.timer = new ServerTimer(this);
  }

  // --- RuleContext

  get response(): Head | undefined {
    return this.responseSeen ? this.responseHead : undefined;
  }
  get clientAddress(): string {
    return this.session.clientAddress;
  }
  get clientPort(): number {
    return this.session.clientPort;
  }
  get localAddress(): string {
    return this.session.localAddress;
  }
  get localPort(): number {
    return this.session.localPort;
  }
  get frontend(): string {
    return this.session.listener.frontend.name;
  }
  get backend(): string | undefined {
    return this.backendObject?.name;
  }
  get server(): string | undefined {
    return this.serverObject?.config.name;
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
    this.phase = Phase.Request;
    this.backendObject = undefined;
    this.program = undefined;
    this.outgoing = '';
    this.keepAlive = head.keepAlive;
    this.bodyBlocked = false;
    this.clientBlocked = false;
    this.responded = false;
    this.responseSeen = false;
    this.interim = 0;
    this.partial = undefined;
    this.collecting = undefined;
    this.discarding = false;
    this.replayed = false;
    this.corked = false;
    this.retries = 0;
    this.redispatched = false;
    this.statsServed = false;
    this.bytesIn = headBytes;
    this.bytesOut = 0;
    this.status = -1;
    this.termination = '--';
    this.backendQueue = 0;
    this.headAt = now;
    this.queuedAt = now;
    this.assignedAt = -1;
    this.connectedAt = -1;
    this.responseAt = -1;
    this.requestBody.start(head.framing, head.contentLength, true);
  }

  /** Rules, statistics, redirects and routing, first of the frontend, then of the backend (manual 4.2, "http-request"). */
  private decide(available: number, now: number): void {
    const { frontend } = this.session.listener;
    if (frontend.config.connectionMode === 'close') this.keepAlive = false;
    if (this.intercept(frontend.program, available)) return;
    const backend = this.chooseBackend();
    if (backend === undefined) {
      this.fail(this.unrouted());
      return;
    }
    this.backendObject = backend;
    backend.counters.stot++;
    backend.counters.rate.add(now);
    backend.scur++;
    if (backend.scur > backend.counters.smax) backend.counters.smax = backend.scur;
    this.program = this.services.programs.get(backend.config.id);
    if (backend.config.connectionMode === 'close') this.keepAlive = false;
    if (this.program !== undefined && this.program !== frontend.program && this.intercept(this.program, available)) return;
    this.outgoing = requestHead(this.request, this.session, backend, frontend.program.forwardFor, this.program?.forwardFor);
    this.assign(undefined);
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

  private chooseBackend(): Backend | undefined {
    const { frontend } = this.session.listener;
    const { route } = frontend.program.rules;
    if (route !== undefined) {
      const name = route(this);
      // A name that was computed and that no backend has: as if the rule had not matched (manual 4.2, "use_backend").
      const backend = name === undefined ? undefined : this.services.backends.get(name);
      if (backend !== undefined) return backend;
    }
    if (frontend.config.dockerRoutes.length > 0) {
      const table = this.services.backends.routes(frontend.name);
      const path = pathOf(this.request.target);
      const found = table?.lookup(this.request.host, path);
      if (found !== undefined) {
        if (found.rewrite !== undefined) this.request.target = rewritePath(this.request.target, found.path, found.rewrite);
        return this.services.backends.get(found.pool);
      }
      // A listen that routes by label and has no server of its own: the host is unknown, not the server gone.
      if (frontend.config.kind === 'listen' && frontend.defaultBackend?.servers.length === 0) return undefined;
    }
    return frontend.defaultBackend;
  }

  /** Why there is no backend. While a source of routes is silent the host may be one of its, and only its servers are missing. */
  private unrouted(): Failure {
    const { frontend } = this.session.listener;
    if (frontend.config.dockerRoutes.length === 0) return Failures.NoBackend;
    return this.services.backends.routes(frontend.name)?.settled === false ? Failures.NoServer : Failures.NoRoute;
  }

  // --- a slot and a connection

  private assign(avoid: Server | undefined): void {
    const backend = this.backendObject as Backend;
    const key = backend.config.balance.algorithm === 'source' ? sourceKey(this.session.clientAddress) : 0;
    this.queuedAt = monotonic();
    this.backendQueue = backend.queued;
    const assigned = backend.assign(this, key, avoid);
    if (assigned === 'queued') this.phase = Phase.Queued;
    else if (assigned === 'no-server') this.fail(Failures.NoServer);
    else if (assigned === 'full') this.fail(Failures.QueueFull);
    else this.connect(assigned, this.queuedAt);
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

  /** A slot of `server` is ours. */
  private connect(server: Server, now: number): void {
    this.serverObject = server;
    this.assignedAt = now;
    if (this.mayReuse()) {
      const idle = takeIdle(server);
      if (idle !== undefined) {
        server.counters.reuse++;
        (this.backendObject as Backend).counters.reuse++;
        idle.reuse(this);
        this.connection = idle;
        this.onConnected(idle);
        return;
      }
    }
    this.openConnection(server, now);
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
    const mode = (this.backendObject as Backend).config.connectionMode;
    if (mode !== 'keep-alive') return false;
    return this.session.answered > 0 || this.replayable();
  }

  private replayable(): boolean {
    return this.request.framing === Framing.None && IDEMPOTENT.has(this.request.method);
  }

  onConnected(connection: ServerConnection): void {
    const now = monotonic();
    this.connectedAt = now;
    this.phase = Phase.Established;
    const backend = this.backendObject as Backend;
    if (this.requestBody.done) {
      connection.socket.write(this.outgoing, 'latin1');
    } else {
      // One segment for the head and what of the body is there.
      connection.socket.cork();
      connection.socket.write(this.outgoing, 'latin1');
      this.corked = true;
      this.session.armFor(this.session.listener.frontend.config.timeouts.client, now);
      if (!this.session.feeding) {
        this.session.feedHeld();
        this.flush();
      }
    }
    if (this.phase === Phase.Established) this.armServer(backend.config.timeouts.server, now);
  }

  /** The session has handed over what it has: head and body leave together. */
  flush(): void {
    if (!this.corked) return;
    this.corked = false;
    this.connection?.socket.uncork();
  }

  /** Body bytes from the session; the index behind what was taken. Nothing is taken while there is no server for them. */
  onRequestBytes(bytes: Buffer, at: number): number {
    if (this.phase !== Phase.Established && !this.discarding && this.collecting === undefined) return at;
    if (this.bodyBlocked) return at;
    const body = this.requestBody;
    const next = body.take(bytes, at, bytes.length);
    this.bytesIn += next - at;
    if (body.failed) {
      this.fail(Failures.BodyInvalid);
      return bytes.length;
    }
    if (this.collecting !== undefined) this.collect(body.view());
    else if (!this.discarding) this.sendBody(body.view());
    if (body.done) this.bodyComplete();
    return next;
  }

  private sendBody(piece: Buffer): void {
    if (piece.length === 0) return;
    const now = monotonic();
    this.session.armFor(this.session.listener.frontend.config.timeouts.client, now);
    const { socket } = this.connection as ServerConnection;
    if (!socket.write(piece) && socket.writableLength > 0) {
      this.bodyBlocked = true;
      this.session.pauseReading();
    }
  }

  private bodyComplete(): void {
    this.requestBody.clear();
    if (this.phase === Phase.Idle) return;
    this.session.setReading(Reading.Wait);
    if (this.collecting !== undefined) this.answerStats(Buffer.concat(this.collecting));
    else if (this.discarding) this.close(this.keepAlive);
    else this.armServer((this.backendObject as Backend).config.timeouts.server, monotonic());
  }

  onServerDrain(): void {
    if (this.phase === Phase.Tunnel) {
      this.session.socket.resume();
      return;
    }
    if (!this.bodyBlocked) return;
    this.bodyBlocked = false;
    this.session.feedHeld();
  }

  // --- the response

  onResponse(bytes: Buffer, length: number): boolean {
    if (this.phase === Phase.Tunnel) return this.tunnelToClient(bytes.subarray(0, length));
    let from = 0;
    if (!this.responded) {
      from = this.takeHeads(bytes, length);
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
      this.finish(from === length);
      return true;
    }
    this.services.wheel.arm(this.timer, this.responseTimeout(), monotonic());
    return this.keepReading();
  }

  /** A call in between may have changed the phase, which the compiler cannot know. */
  private in(phase: Phase): boolean {
    return this.phase === phase;
  }

  /** Parses heads until the final one; answers the index behind what was used, or -1 when the exchange is over. */
  private takeHeads(bytes: Buffer, length: number): number {
    let piece = bytes;
    let end = length;
    let at = 0;
    let scanned = 0;
    if (this.partial !== undefined) {
      scanned = this.partial.length;
      piece = Buffer.concat([this.partial, bytes.subarray(0, length)]);
      end = piece.length;
      this.partial = undefined;
    }
    const offset = end - length;
    for (;;) {
      const used = parseResponseHead(piece, at, end, this.responseHead, this.services.limits.headSize, scanned);
      if (used === 0) {
        this.partial = at === end ? undefined : Buffer.from(piece.subarray(at, end));
        return length;
      }
      if (used < 0) {
        this.fail(Failures.ResponseInvalid);
        return -1;
      }
      at += used;
      scanned = 0;
      const { status } = this.responseHead;
      if (status >= 200 || status === 101) {
        this.responseSeen = true;
        const next = this.finalHead(piece, at, end);
        return next < 0 ? -1 : next - offset;
      }
      if (++this.interim > MAX_INTERIM) {
        this.fail(Failures.ResponseInvalid);
        return -1;
      }
      this.relayInterim();
      if (at === end) return length;
    }
  }

  /** RFC 9110 15.2: interim responses are passed on, but not to an HTTP/1.0 client. */
  private relayInterim(): void {
    if (this.request.version === 10) return;
    this.toClient(responseHead(this.responseHead, ''));
  }

  /** The final head is in `responseHead`; writes it with the beginning of the body. The index behind that, or -1. */
  private finalHead(piece: Buffer, at: number, end: number): number {
    const now = monotonic();
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
      (this.backendObject as Backend).counters.dresp++;
      this.session.listener.frontend.counters.dresp++;
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
    if (old && framing === Framing.Chunked) head.remove('transfer-encoding');
    responseBody.start(framing, head.contentLength, !old);
    if (framing === Framing.UntilClose || (old && framing === Framing.Chunked)) this.keepAlive = false;
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
      const { socket } = this.session;
      socket.cork();
      this.toClient(lines);
      this.toClientBytes(responseBody.view());
      socket.uncork();
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
      this.toClientBytes(this.responseBody.view());
      this.checkClient();
    }
    return next;
  }

  private toClient(text: string): void {
    this.bytesOut += text.length;
    this.session.socket.write(text, 'latin1');
  }

  private toClientBytes(bytes: Buffer): void {
    this.bytesOut += bytes.length;
    this.session.socket.write(bytes);
  }

  /** After bytes of the connection's buffer were written: is any of them still waiting for the client? */
  private checkClient(): void {
    const { socket } = this.session;
    if (socket.writableLength === 0) return;
    this.connection?.surrenderBuffer();
    if (socket.writableNeedDrain) this.clientBlocked = true;
  }

  /** False while the client is slower: then its time-out runs, not the server's. */
  private keepReading(): boolean {
    if (!this.clientBlocked) return true;
    this.services.wheel.disarm(this.timer);
    this.session.armFor(this.session.listener.frontend.config.timeouts.client, monotonic());
    return false;
  }

  onClientDrain(): void {
    if (!this.clientBlocked) return;
    this.clientBlocked = false;
    if (this.phase === Phase.Tunnel || this.phase === Phase.Established) this.connection?.socket.resume();
    if (this.phase === Phase.Established) this.armServer(this.responseTimeout(), monotonic());
  }

  onServerEnd(): void {
    if (this.phase === Phase.Tunnel) {
      this.session.socket.end();
      this.armHalfClosed((this.backendObject as Backend).config.timeouts.serverFin);
      return;
    }
    if (this.responded && this.responseBody.endOfInput()) {
      this.responseHead.keepAlive = false;
      this.finish(true);
      return;
    }
    this.serverLost(undefined);
  }

  onServerError(error: NodeJS.ErrnoException): void {
    this.serverLost(error);
  }

  private serverLost(_error: NodeJS.ErrnoException | undefined): void {
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
    if (this.responded) {
      const server = this.serverObject as Server;
      server.counters.srvAbrt++;
      (this.backendObject as Backend).counters.srvAbrt++;
      this.fail(Failures.ResponseCut);
    } else if (this.mayReplay()) this.replay();
    else this.fail(Failures.ServerClosed);
  }

  /** A kept-alive connection that broke under a request that may be sent twice (RFC 9110 9.2.2). */
  private mayReplay(): boolean {
    const reused = this.connection !== undefined && this.connection.uses > 1;
    return reused && !this.replayed && this.partial === undefined && this.interim === 0 && this.replayable();
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
      server.counters.econ++;
      backend.counters.econ++;
      this.fail(failure);
      return;
    }
    this.retries++;
    const last = this.retries === retries;
    const due = redispatch !== undefined && (redispatch < 0 ? last : redispatch > 0 && this.retries % redispatch === 0);
    // A discovered server that refuses is one that is going: its successor is asked at once.
    if (due || !server.usable || server.config.identity !== server.config.name) {
      server.counters.wredis++;
      backend.counters.wredis++;
      this.redispatched = true;
      this.giveBack();
      this.assign(server);
      return;
    }
    server.counters.wretr++;
    backend.counters.wretr++;
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
        // While the request is still coming it is the client that is waited for.
        if (!this.requestBody.done && !this.bodyBlocked) return;
        this.fail(this.responded ? Failures.ResponseStalled : Failures.ServerTimeout);
        return;
      case Phase.Tunnel:
        this.termination = 'sD';
        this.endTunnel();
    }
  }

  /** The client's timer fired while this exchange was under way. */
  onClientTimeout(): void {
    if (this.clientBlocked) this.fail(Failures.ClientStalled);
    else if (!this.requestBody.done && !this.bodyBlocked && (this.phase === Phase.Established || this.phase === Phase.Reply))
      this.fail(Failures.BodyTimeout);
  }

  /** FIN while its request waits: HAProxy goes on unless `option abortonclose`. */
  onClientEnd(): void {
    const aborts = this.backendObject?.config.abortonclose === true || this.session.listener.frontend.config.abortonclose;
    if (aborts && !this.responded) this.onClientGone();
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
    this.countAbort();
    this.close(false);
  }

  private countAbort(): void {
    if (this.backendObject !== undefined) this.backendObject.counters.cliAbrt++;
    if (this.serverObject !== undefined) this.serverObject.counters.cliAbrt++;
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
        return this.responded || !this.requestBody.done ? 'D' : 'H';
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
    this.countFailure(failure);
    this.dropConnection();
    if (this.phase === Phase.Queued) {
      this.phase = Phase.Request;
      this.backendObject?.cancel(this);
    }
    if (this.responded || failure.status === 0) {
      this.close(false);
      this.session.destroy();
      return;
    }
    this.ownReply(failure.status, undefined, 0, failure.source === 'client');
  }

  private countFailure(failure: Failure): void {
    const backend = this.backendObject;
    const server = this.serverObject;
    switch (failure) {
      case Failures.NoServer:
      case Failures.QueueTimeout:
      case Failures.QueueFull:
        if (backend !== undefined) backend.counters.econ++;
        return;
      case Failures.ServerClosed:
      case Failures.ServerTimeout:
      case Failures.ResponseInvalid:
      case Failures.ResponseCut:
      case Failures.ResponseStalled:
        if (server !== undefined) server.counters.eresp++;
        if (backend !== undefined) backend.counters.eresp++;
        return;
      case Failures.ClientStalled:
        this.countAbort();
    }
  }

  /** A head that is no request, or none that came in time: counted and answered without an exchange. */
  refuse(failure: Failure): void {
    const { session } = this;
    const { frontend } = session.listener;
    const now = monotonic();
    this.reset(this.request, 0, now);
    frontend.counters.reqTot++;
    frontend.counters.reqRate.add(now);
    frontend.counters.ereq++;
    session.listener.counters.ereq++;
    frontend.counters.hrsp.count(failure.status);
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
    const { frontend, counters } = this.session.listener;
    if (final.kind === 'denied') {
      if (this.backendObject !== undefined) this.backendObject.counters.dreq++;
      else {
        frontend.counters.dreq++;
        counters.dreq++;
      }
      this.termination = 'PR';
    } else {
      this.countIntercepted();
    }
    this.ownReply(final.status, final.reply, available, final.close);
    return true;
  }

  private countIntercepted(): void {
    this.termination = 'LR';
    if (this.backendObject !== undefined) this.backendObject.counters.intercepted++;
    else this.session.listener.frontend.counters.intercepted++;
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
    else this.discarding = true;
  }

  private writeError(status: number, connection: '' | 'close' | 'keep-alive'): void {
    const file = this.backendObject?.config.errorfiles.get(status) ?? this.session.listener.frontend.config.errorfiles.get(status);
    if (file !== undefined) {
      this.keepAlive = false;
      this.toClientBytes(file);
      return;
    }
    const page = errorReply(status);
    const line = connection === '' ? '' : `connection: ${connection}\r\n`;
    const body = this.phase === Phase.Reply && this.request.method === 'HEAD' ? '' : page.body;
    this.toClient(`HTTP/1.1 ${status} ${page.reason}\r\n${page.fieldLines}${line}\r\n${body}`);
  }

  private writeReply(status: number, reply: { reason: string; fieldLines: string; body: Buffer }, connection: string): void {
    const line = connection === '' ? '' : `connection: ${connection}\r\n`;
    const length = status === 204 || status === 304 ? '' : `content-length: ${reply.body.length}\r\n`;
    this.toClient(`HTTP/1.1 ${status} ${reply.reason}\r\n${length}${reply.fieldLines}${line}\r\n`);
    if (this.request.method !== 'HEAD' && reply.body.length > 0 && length !== '') this.toClientBytes(reply.body);
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
    // The bytes stand in a chunk of their own that nobody overwrites.
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
    this.countIntercepted();
    this.ownReply(reply.status, reply, available, false);
    return true;
  }

  // --- tunnel

  /** Both sides agreed to another protocol: bytes both ways, each side may end its half. */
  private startTunnel(now: number): void {
    this.responded = true;
    this.outgoing = '';
    this.phase = Phase.Tunnel;
    this.keepAlive = false;
    this.toClient(responseHead(this.responseHead, 'upgrade'));
    this.session.setReading(Reading.Tunnel);
    this.services.wheel.disarm(this.session);
    this.armTunnel(now);
    this.session.feedHeld();
  }

  private armTunnel(now: number): void {
    const { tunnel, server } = (this.backendObject as Backend).config.timeouts;
    this.armServer(tunnel ?? server, now);
  }

  onTunnelBytes(bytes: Buffer): void {
    if (this.phase !== Phase.Tunnel) return;
    const { socket } = this.connection as ServerConnection;
    this.bytesIn += bytes.length;
    this.armTunnel(monotonic());
    if (!socket.write(bytes) && socket.writableLength > 0) this.session.socket.pause();
  }

  onTunnelEnd(): void {
    this.connection?.socket.end();
    this.armHalfClosed(this.session.listener.frontend.config.timeouts.clientFin);
  }

  /** One side has ended: the other has `timeout client-fin` or `server-fin` where configured (manual 4.2). */
  private armHalfClosed(ms: number | undefined): void {
    if (ms !== undefined) this.services.wheel.arm(this.timer, ms);
  }

  private tunnelToClient(bytes: Buffer): boolean {
    this.toClientBytes(bytes);
    this.checkClient();
    this.armTunnel(monotonic());
    return !this.clientBlocked;
  }

  private endTunnel(): void {
    this.dropConnection();
    this.close(false);
    this.session.destroy();
  }

  // --- the end

  /** The response is complete. `clean`: nothing stands behind it on the server's connection. */
  private finish(clean: boolean): void {
    const connection = this.connection as ServerConnection;
    const mode = (this.backendObject as Backend).config.connectionMode;
    const reusable = clean && this.responseHead.keepAlive && this.requestBody.done && mode === 'keep-alive' && !this.request.bothLengths;
    this.connection = undefined;
    this.responseBody.clear();
    if (reusable) connection.park();
    else connection.close();
    this.close(this.keepAlive && this.requestBody.done);
  }

  /** The one way out: gives the slot back, counts, logs, and tells the session. */
  private close(keepAlive: boolean): void {
    if (this.phase === Phase.Queued) this.backendObject?.cancel(this);
    this.phase = Phase.Idle;
    this.services.wheel.disarm(this.timer);
    this.dropConnection();
    const now = monotonic();
    this.count(now);
    const server = this.serverObject;
    const backend = this.backendObject;
    if (backend !== undefined) backend.scur--;
    this.serverObject = undefined;
    access(this, now, false, server);
    // The slot goes last: whoever waits for it runs now.
    if (server !== undefined) server.backend.release(server);
    this.session.exchangeEnded(keepAlive);
  }

  private count(now: number): void {
    const { frontend, counters } = this.session.listener;
    frontend.counters.bin += this.bytesIn;
    frontend.counters.bout += this.bytesOut;
    counters.bin += this.bytesIn;
    counters.bout += this.bytesOut;
    if (this.status > 0) frontend.counters.hrsp.count(this.status);
    const backend = this.backendObject;
    if (backend === undefined) return;
    const b = backend.counters;
    b.bin += this.bytesIn;
    b.bout += this.bytesOut;
    b.reqTot++;
    if (this.status > 0) b.hrsp.count(this.status);
    const server = this.serverObject;
    if (server === undefined) return;
    const s = server.counters;
    s.bin += this.bytesIn;
    s.bout += this.bytesOut;
    const queue = Math.max(0, Math.round(this.assignedAt - this.queuedAt));
    const connect = this.connectedAt < 0 ? 0 : Math.round(this.connectedAt - this.assignedAt);
    const response = this.responseAt < 0 ? 0 : Math.round(this.responseAt - this.connectedAt);
    const total = Math.round(now - this.session.requestStart);
    s.qtime.add(queue);
    s.ctime.add(connect);
    s.rtime.add(response);
    s.ttime.add(total);
    b.qtime.add(queue);
    b.ctime.add(connect);
    b.rtime.add(response);
    b.ttime.add(total);
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

  private responseTimeout(): number {
    return (this.backendObject as Backend).config.timeouts.server ?? 0x7fffffff;
  }

  private armServer(ms: number | undefined, now: number): void {
    if (ms === undefined) this.services.wheel.disarm(this.timer);
    else this.services.wheel.arm(this.timer, ms, now);
  }
}

function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
}

/** `prefix` of the path becomes `replacement`; what is left always begins with a slash. */
function rewritePath(target: string, prefix: string, replacement: string): string {
  const rest = target.slice(prefix.endsWith('/') ? prefix.length - 1 : prefix.length);
  const joined = replacement.endsWith('/') && rest.startsWith('/') ? replacement + rest.slice(1) : replacement + rest;
  return joined.startsWith('/') ? joined : `/${joined}`;
}
