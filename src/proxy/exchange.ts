/**
 * One request and its response (HAProxy's stream): routed, given a server's slot, carried, answered, counted, logged.
 *
 *     Idle ─begin─▶ Request ─▶ the way to a server (`reach.ts`) ─▶ Established ─▶ (Tunnel) ─end─▶ Idle
 *                      │                      │      ▲                  │  │
 *                      │                      │      └── tried again ───┘  │
 *                      └── own reply ─────────┴────────────────────────────┴─ fail
 *
 * Invariants: `close` is the one way out, and gives the slot back. After the first byte has gone to the client an exchange can
 * end but not retry. While a connection carries the exchange somebody is waited for, the client or the server or both, and
 * `watch` has armed that side's time-out.
 *
 * A session has one Exchange and uses it again and again, so nothing here may be kept by others beyond `close`.
 */

import type { Backend } from '../backend/backend.ts';
import type { Server } from '../backend/server.ts';
import { Observation, type ShutdownCause } from '../backend/types.ts';
import type { HttpConnectionMode } from '../config/model.ts';
import { monotonic } from '../core/clock.ts';
import { type Failure, Failures } from '../core/failures.ts';
import { Level } from '../core/log.ts';
import { type Fault, locate } from '../http/fault.ts';
import type { Head } from '../http/head.ts';
import { STRICT } from '../http/parse.ts';
import { headSize } from '../http/size.ts';
import { access, accessEarly } from './access.ts';
import { formKey, seeksForm } from './balance-key.ts';
import { type Carried, Carrier } from './carrier.ts';
import { ExchangeFacts } from './exchange-facts.ts';
import { failureReply } from './failure-reply.ts';
import { interimHead, requestHead, responseHead, stricter } from './forward.ts';
import { KeptBody, keepsBodies } from './kept-body.ts';
import { failureMeans, statusMeans } from './observed.ts';
import { OwnReplies, type Replying } from './own-replies.ts';
import { Phase, Reading, stageOf } from './phases.ts';
import type { Program } from './program.ts';
import { Reach, type ReachOwner } from './reach.ts';
import { Relay } from './relay.ts';
import { sendError } from './reply.ts';
import { idempotent } from './retry.ts';
import { chooseBackend, isFailure } from './routing.ts';
import type { ServerConnection } from './server-connection.ts';
import * as tally from './tally.ts';
import { Tunnel, type Tunnelled } from './tunnel.ts';
import { Upload } from './upload.ts';

export class Exchange extends ExchangeFacts implements ReachOwner, Carried, Replying, Tunnelled {
  readonly reach: Reach = new Reach(this, this);
  private readonly carrier: Carrier = new Carrier(this);
  readonly upload: Upload = new Upload();
  readonly relay: Relay = new Relay(this);
  private readonly own: OwnReplies = new OwnReplies(this);
  keepAlive = true;
  /** Of frontend and backend, whichever asks for more (manual 4.1). */
  mode: HttpConnectionMode = 'keep-alive';
  /** The client's time-out means something now: a body is awaited, or the client has to read. */
  clientAwaited = false;
  /** The body is awaited for the key in it. */
  private formAwaited = false;
  private tunnel: Tunnel | undefined = undefined;

  // --- the request

  /** The session has a request's head. May end the exchange before it returns. */
  begin(head: Head, available: number, now: number): void {
    this.reset(head, headSize(head), now);
    const { frontend } = this.session.listener;
    frontend.counters.reqTot++;
    frontend.counters.reqRate.add(now);
    frontend.program.recorder?.begun(this);
    this.session.setReading(this.upload.bodiless ? Reading.Wait : Reading.Body);
    try {
      this.decide(available, now);
    } catch (error) {
      this.onFault(error);
    }
  }

  /** `size` of what has come. */
  private reset(head: Head, size: number, now: number): void {
    this.resetFacts(size, now);
    this.mode = this.session.listener.frontend.config.connectionMode;
    this.keepAlive = head.keepAlive && this.mode !== 'close';
    this.clientAwaited = false;
    this.upload.reset(head);
    this.relay.reset();
    this.carrier.reset();
    this.tunnel = undefined;
    this.formAwaited = false;
    this.own.reset();
  }

  /** Rules, statistics, redirects and routing, first of the frontend, then of the backend (manual 4.2, "http-request"). */
  private decide(available: number, now: number): void {
    const { reach } = this;
    const { frontend } = this.session.listener;
    if (frontend.program.monitor?.asked(this.request) === true) {
      this.own.monitor(frontend.program.monitor, available);
      return;
    }
    if (this.intercept(frontend.program, available)) return;
    const chosen = chooseBackend(frontend, this.services.backends, this);
    if (isFailure(chosen)) {
      if (chosen !== Failures.NoServer) this.session.socket.unrouted?.();
      if (chosen === Failures.NoBackend) this.headAt = -1; // as HAProxy logs it
      this.fail(chosen);
      return;
    }
    reach.enter(chosen, frontend.program, now);
    this.mode = stricter(this.mode, chosen.config.connectionMode);
    if (this.mode === 'close') this.keepAlive = false;
    const { program } = reach;
    if (program !== undefined && program !== frontend.program && this.intercept(program, available)) return;
    frontend.program.recorder?.leaving(this);
    reach.bind();
    const { upload } = this;
    upload.lines = requestHead(this.request, this.session, this.mode, program?.forwardFor ?? frontend.program.forwardFor);
    if (!upload.bodiless && !this.disableL7Retry && keepsBodies(chosen.config.retryOn)) {
      upload.kept = new KeptBody(this.services.limits.headSize - upload.lines.length);
    }
    if (chosen.bound && !upload.bodiless && seeksForm(chosen.config.balance, this.request)) this.awaitForm(now);
    else reach.seek(now);
  }

  /** True when a rule, the statistics page or a redirect of this proxy has taken the request. */
  private intercept(program: Program, available: number): boolean {
    const { rules, config } = program;
    if (rules.request !== undefined) {
      const final = rules.request(this);
      if (final !== undefined) return this.own.final(final, available);
    }
    if (config.stats !== undefined && this.own.takeStats(program, available)) return true;
    if (rules.redirect !== undefined) {
      const final = rules.redirect(this);
      if (final !== undefined) return this.own.final(final, available);
    }
    return false;
  }

  /** The body decides which server gets it: it is held until it is whole, or as much as a buffer holds. */
  private awaitForm(now: number): void {
    this.formAwaited = true;
    this.clientAwaited = true;
    this.armBody(now);
  }

  /** The client has as long for a body that is held as for a head. */
  armBody(now: number): void {
    const { httpRequest, client } = this.session.listener.frontend.config.timeouts;
    this.session.armFor(httpRequest ?? client, now);
  }

  private readForm(bytes: Buffer, at: number, to: number): void {
    const { balance } = (this.reach.backend as Backend).config;
    const enough = this.session.clientEnded || to - at >= this.services.limits.headSize;
    const key = formKey(balance, this.request, bytes, at, to, enough);
    if (key === undefined) return;
    this.reach.key = key;
    this.formAwaited = false;
    this.clientAwaited = false;
    this.reach.seek(monotonic());
  }

  /** Ended from outside, while it has a server's slot: to the client it is as if the server had gone. */
  onShutdown(cause: ShutdownCause): void {
    try {
      this.shutDown(cause);
    } catch (error) {
      this.onFault(error);
    }
  }

  private shutDown(cause: ShutdownCause): void {
    switch (this.reach.phase) {
      case Phase.Assigned:
      case Phase.Connecting:
        this.fail(Failures.ConnectFailed, `${cause}C`);
        return;
      case Phase.Established:
        if (this.relay.begun) this.fail(Failures.ResponseShut, this.relay.untilClose ? `${cause}-` : `${cause}D`);
        // Nothing can be said in the middle of a request.
        else if (!this.upload.body.done) this.fail(Failures.ReusedClosed, `${cause}-`);
        else this.fail(Failures.ServerClosed, `${cause}H`);
        return;
      case Phase.Tunnel:
        this.tunnel?.shutDown(cause);
    }
  }

  /** Its server is said to be gone, down or elsewhere; it may be what it has just answered here that says so (`observe`). */
  abandon(): void {
    try {
      if (this.responseSeen || this.tunnel !== undefined) return;
      const { reach } = this;
      if (!reach.abandon({ repeatable: this.repeatable(), harmless: this.replayable })) return;
      this.rewind();
      reach.retry('other', undefined, monotonic());
    } catch (error) {
      this.onFault(error);
    }
  }

  // --- a server

  onUnreached(failure: Failure): void {
    this.fail(failure);
  }

  onAssigned(): void {
    this.carrier.choose();
  }

  get replayable(): boolean {
    return this.upload.bodiless && !this.disableL7Retry && idempotent(this.request.method);
  }

  onConnected(connection: ServerConnection): void {
    this.carry(connection, monotonic());
  }

  /** `connection` is ours: the request goes out. */
  carry({ outlet, server }: ServerConnection, now: number): void {
    this.reach.established(server, now);
    const whole = this.upload.send(outlet);
    this.watch(now);
    // One segment for the head and what of the body is there.
    if (whole || this.session.feeding) return;
    this.session.feedHeld();
    this.flush();
  }

  /**
   * Arms the time-out of whoever is waited for: the client for the rest of its body, or to read its response; the server
   * to take the body, to answer, or to go on with its response. As in HAProxy the server's patience counts while a body is on
   * its way, too, from its last piece on.
   */
  private watch(now: number): void {
    const { upload } = this;
    const bodyAwaited = !upload.body.done && !upload.serverBehind;
    this.clientAwaited = this.relay.clientBehind || bodyAwaited;
    if (this.clientAwaited) this.session.armFor(this.session.listener.frontend.config.timeouts.client, now);
    this.reach.arm(this.relay.clientBehind ? undefined : (this.reach.backend as Backend).config.timeouts.server, now);
  }

  /** The session has handed over what it has: head and body leave together. */
  flush(): void {
    const behind = this.upload.flush(this.reach.connection?.outlet);
    if (behind && this.reach.phase === Phase.Established) this.watch(monotonic());
  }

  /** The server is slower than the client: the session does not read. */
  get serverBehind(): boolean {
    return this.upload.serverBehind;
  }

  /** Body bytes from the session, `bytes[at..to)`; the index behind what was taken. Nothing is while there is no server for them. */
  onRequestBytes(bytes: Buffer, at: number, to: number): number {
    if (this.formAwaited) this.readForm(bytes, at, to);
    if (this.reach.phase !== Phase.Established && !this.own.takesBody) return at;
    if (this.serverBehind) return at;
    const { body } = this.upload;
    const next = body.take(bytes, at, to);
    this.bytesIn += body.counted;
    if (body.failed) {
      const { invalid, limits } = this.services;
      invalid.noteRequest(this, bytes.subarray(0, to), body.fault, limits.bufsize);
      this.fail(Failures.BodyInvalid);
      return to;
    }
    if (this.own.takesBody) this.own.take(body.view());
    else this.sendBody();
    if (body.done) this.bodyComplete();
    return next;
  }

  /** A response is on its way whose end is the connection's. */
  get endsTheConnection(): boolean {
    return this.reach.phase !== Phase.Idle && this.relay.begun && this.relay.untilClose;
  }

  /** What the session has handed over has gone to the kernel, and nobody refers to it. */
  get uploadSettled(): boolean {
    const { connection } = this.reach;
    return !this.own.collects && this.tunnel === undefined && connection !== undefined && connection.outlet.pending === 0;
  }

  private sendBody(): void {
    if (this.upload.pass((this.reach.connection as ServerConnection).outlet)) this.watch(monotonic());
  }

  private bodyComplete(): void {
    this.upload.body.clear();
    if (this.reach.phase === Phase.Idle) return;
    this.session.setReading(Reading.Wait);
    if (this.own.takesBody) this.own.bodyComplete();
    else this.watch(monotonic());
  }

  onServerDrain(): void {
    if (!this.serverBehind) return;
    this.upload.serverBehind = false;
    if (this.reach.phase === Phase.Established) {
      this.watch(monotonic());
      this.session.feedHeld();
    }
    this.session.regulate();
  }

  // --- the response

  onResponse(bytes: Buffer, length: number): boolean {
    if (this.reach.phase === Phase.Tunnel) return (this.tunnel as Tunnel).fromServer(bytes.subarray(0, length));
    const now = monotonic();
    let from = 0;
    if (!this.relay.begun) {
      from = this.takeHeads(bytes, length, now);
      // Over, or tried again: this connection is closed, or waits in the pool and must be listened to.
      if (from < 0) return true;
      if (!this.relay.begun) return true;
      if (this.in(Phase.Tunnel)) return from === length || (this.tunnel as Tunnel).fromServer(bytes.subarray(from, length));
    }
    // takeHeads has written the beginning of the body with the head.
    if (!this.in(Phase.Established)) return false;
    const { relay } = this;
    if (from < length && !relay.body.done) {
      from = relay.more(bytes, from, length, this.reach.connection as ServerConnection);
      if (relay.body.failed) {
        this.noteResponse(bytes.subarray(0, length), relay.body.fault);
        if (this.reach.observe(Observation.InvalidBody, now)) this.fail(Failures.ResponseBroken);
        return false;
      }
    }
    if (relay.body.done) {
      this.finish(from === length, now);
      return true;
    }
    this.watch(now);
    return !this.relay.clientBehind;
  }

  /** A call in between may have changed the phase, which the compiler cannot know. */
  private in(phase: Phase): boolean {
    return this.reach.phase === phase;
  }

  /** Reads heads until the final one; answers the index behind what was used, or -1 when the exchange is over. */
  private takeHeads(bytes: Buffer, length: number, now: number): number {
    const { heads } = this.relay;
    const rules = this.reach.program?.responseHeads ?? STRICT;
    heads.feed(bytes, length);
    for (;;) {
      switch (heads.next(this.responseHead, this.services.limits.headSize, rules)) {
        case 'more':
          return length;
        case 'invalid':
          this.noteResponse(heads.bytes.subarray(heads.at, heads.end), locate(heads.bytes, heads.at, heads.end, heads.refusal, true));
          this.attemptFailed(Failures.ResponseInvalid);
          return -1;
        case 'interim':
          this.relayInterim(now);
          break;
        case 'final': {
          const next = this.finalHead(heads.bytes, heads.at, heads.end, now);
          return next < 0 ? -1 : heads.inPiece(next);
        }
      }
    }
  }

  /** For `show errors`: `piece` is what came of it, and it has a fault. */
  private noteResponse(piece: Buffer, fault: Fault): void {
    this.services.invalid.noteResponse(this, piece, fault, this.services.limits.bufsize);
  }

  /** RFC 9110 15.2: interim responses are passed on, but not to an HTTP/1.0 client. */
  private relayInterim(now: number): void {
    this.watch(now);
    tally.countAnswered(this.reach.server as Server, this.responseHead.status);
    this.bytesOut += headSize(this.responseHead);
    if (this.request.version !== 10) this.relay.text(interimHead(this.responseHead));
  }

  /** The final head is in `responseHead`; writes it with the beginning of the body. The index behind that, or -1. */
  private finalHead(piece: Buffer, at: number, end: number, now: number): number {
    const head = this.responseHead;
    const { request, relay } = this;
    const switching = head.status === 101;
    // RFC 9110 15.2.2: only as the answer to an Upgrade that was forwarded, and to the same protocol.
    const unasked = switching && (request.upgrade === '' || head.upgrade !== request.upgrade);
    const next = relay.take(head, request, piece, at, end);
    if (relay.body.failed) this.noteResponse(piece.subarray(0, end), relay.body.fault);
    if (unasked || relay.body.failed) {
      this.attemptFailed(Failures.ResponseInvalid);
      return -1;
    }
    const { statuses } = (this.reach.backend as Backend).config.retryOn;
    if (statuses.size > 0 && statuses.has(head.status) && this.tryAgain(undefined, next === end)) return -1;
    this.bytesOut += relay.taken;
    this.responseSeen = true;
    this.responseAt = now;
    this.status = head.status;
    const server = this.reach.server as Server;
    tally.countAnswered(server, head.status);
    if (!this.reach.observe(statusMeans(head.status), now)) return -1;
    this.reach.remember();
    const { recorder } = this.session.listener.frontend.program;
    recorder?.answered(this);
    if (this.denyResponse()) return -1;
    recorder?.passing(this);
    const { binding } = this.reach;
    binding?.persistence.settle(binding, head, server, request.method);
    if (switching) {
      this.tunnel = new Tunnel(this);
      this.tunnel.begin(now);
      return at;
    }
    this.sendHead();
    if (this.session.listener.frontend.config.logStyle.asap) accessEarly(this, now);
    return next;
  }

  private denyResponse(): boolean {
    const frontend = this.session.listener.frontend.program;
    const { program } = this.reach;
    let final = program?.rules.response?.(this);
    if (final === undefined && program !== frontend) final = frontend.rules.response?.(this);
    if (final === undefined) return false;
    this.own.finalOfResponse(final);
    return true;
  }

  /** The head, and what has come of the body with it. */
  private sendHead(): void {
    const { relay, request, session, upload } = this;
    // An answer before the end of the request: what follows on this connection would be the rest of the body.
    if (relay.untilClose || !upload.body.done) this.keepAlive = false;
    const old = request.version === 10;
    const connection = this.keepAlive && !session.listener.closing ? (old ? 'keep-alive' : '') : 'close';
    upload.letGo();
    relay.begin(responseHead(this.responseHead, connection, old), this.reach.connection as ServerConnection);
  }

  onClientDrain(): void {
    this.own.onClientDrain();
    if (!this.relay.clientBehind) return;
    this.relay.clientBehind = false;
    if (this.reach.phase !== Phase.Tunnel && this.reach.phase !== Phase.Established) return;
    this.reach.connection?.socket.resume();
    if (this.reach.phase === Phase.Established) this.watch(monotonic());
  }

  onServerEnd(): void {
    if (this.tunnel !== undefined) {
      this.tunnel.serverEnded();
      return;
    }
    if (this.relay.begun && this.relay.body.endOfInput()) {
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
    switch (this.reach.phase) {
      case Phase.Connecting:
        this.reach.failed(Failures.ConnectFailed);
        return;
      case Phase.Tunnel:
        this.tunnel?.serverLost();
        return;
      case Phase.Established:
        if (this.relay.begun) this.fail(Failures.ResponseCut);
        else this.attemptFailed(this.relay.heads.begun ? Failures.HeadCut : Failures.ServerClosed);
    }
  }

  // --- failures and retries

  /** It was sent, and nothing of a response has gone to the client. */
  private attemptFailed(failure: Failure): void {
    const { reach } = this;
    // Who waits for the rest of a request has not failed.
    const observation = failure === Failures.ServerTimeout && !this.upload.body.done ? undefined : failureMeans(failure);
    // As HAProxy: what is tried again was no failure of the server's, but for what it says.
    const always = failure === Failures.ResponseInvalid;
    if (always && !reach.observe(observation, monotonic())) return;
    if (this.tryAgain(failure, false)) return;
    if (!always && !reach.observe(observation, monotonic())) return;
    const closed = failure === Failures.ServerClosed && this.reused;
    // Other requests are on their way on a connection with streams: they are not to be cut for this one.
    this.fail(closed && this.session.mux === undefined && this.session.answered > 0 ? Failures.ReusedClosed : failure);
  }

  /**
   * True when the request has found another attempt, or an end of another kind on the way to it. Without a `failure` it is
   * the status of a response that is not wanted; `whole`: nothing more of it can come.
   */
  private tryAgain(failure: Failure | undefined, whole: boolean): boolean {
    const { reach } = this;
    const next = reach.nextAfter({
      failure,
      status: this.responseHead.status,
      repeatable: this.repeatable(),
      replayable: failure === Failures.ServerClosed && this.reused && this.replayable,
      harmless: this.replayable,
    });
    if (next === 'end') return false;
    const now = monotonic();
    if (failure === undefined) this.carrier.letGo(whole && this.relay.body.done, now);
    else reach.drop();
    if (failure === Failures.ResponseInvalid) tally.countBadResponse(reach);
    this.rewind();
    reach.retry(next, failure, now);
    return true;
  }

  /** Its connection has carried others, and nothing of a response has come. */
  private get reused(): boolean {
    const { connection } = this.reach;
    return connection !== undefined && connection.uses > 1 && !this.relay.heads.begun;
  }

  /** All of it is here, and nothing of a response has gone to the client. */
  private repeatable(): boolean {
    return !this.disableL7Retry && !this.relay.said && this.upload.whole;
  }

  /** As before the first byte of a response. */
  private rewind(): void {
    this.relay.heads.reset();
    this.clientAwaited = false;
    this.upload.serverBehind = false;
    this.session.regulate();
  }

  onServerTimeout(): void {
    switch (this.reach.phase) {
      case Phase.Reply:
        this.own.leaveTarpit(false);
        return;
      case Phase.Established:
        if (this.relay.begun) this.fail(Failures.ResponseStalled);
        else if (this.serverBehind) this.fail(Failures.UploadStalled);
        else this.attemptFailed(Failures.ServerTimeout);
        return;
      case Phase.Tunnel:
        this.tunnel?.timedOut();
    }
  }

  /** Both are waited for since the same moment, and the server's patience ends no later than the client's. */
  private get serverFirst(): boolean {
    const { client } = this.session.listener.frontend.config.timeouts;
    const { server } = (this.reach.backend as Backend).config.timeouts;
    return client !== undefined && server !== undefined && server <= client;
  }

  /** The client's timer fired while this exchange was under way: an old one, unless the client is waited for. */
  onClientTimeout(): void {
    if (this.own.onClientTimeout() || !this.clientAwaited) return;
    if (this.relay.clientBehind) this.fail(Failures.ClientStalled);
    else if (this.in(Phase.Established) && this.serverFirst) this.onServerTimeout();
    else this.fail(Failures.BodyTimeout);
  }

  /** FIN while its request waits: it is served all the same, unless the backend has `option abortonclose` (manual 4.2). */
  onClientEnd(): void {
    if (this.reach.backend?.config.abortonclose !== true || this.relay.begun) return;
    if (this.reach.phase === Phase.Established) this.fail(Failures.AnswerAbandoned);
    else this.onClientGone();
  }

  /** FIN inside the request's body. */
  onClientAbort(): void {
    this.onClientGone();
    this.session.destroy();
  }

  /** Nothing can be sent to the client any more. */
  onClientGone(): void {
    if (this.reach.phase === Phase.Idle) return;
    this.reach.connection?.reset();
    if (this.own.onClientGone()) return;
    if (this.tunnel !== undefined) {
      this.tunnel.clientGone();
      return;
    }
    const stage = stageOf(this.reach.phase);
    this.termination = `C${stage}`;
    // As HAProxy: who waits in a queue and ends its half alone is no abort, nor is who goes before a connection stands.
    if (stage === 'D' || (stage === 'Q' && !this.session.clientEnded)) tally.countAbort(this.reach, 'cliAbrt');
    this.close(false);
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
  fail(failure: Failure, termination: string = failure.termination): void {
    if (this.reach.phase === Phase.Idle) return;
    this.termination = termination;
    tally.countFailure(this, failure);
    this.reach.drop();
    this.reach.cancel();
    if (this.relay.begun || failure.status === 0) {
      const { begun, untilClose } = this.relay;
      this.close(false, monotonic(), true);
      // Without a response of its own, those before it may still be on their way.
      if (!begun) this.session.closeCleanly();
      else if (untilClose) this.session.reset();
      else this.session.destroy();
      return;
    }
    this.own.reply(failure.status, failureReply(this, failure), 0, failure.source === 'client');
  }

  /** A head that is no request, or none that came in time: counted and answered without an exchange. */
  refuse(failure: Failure): void {
    const { session } = this;
    const { config } = session.listener.frontend;
    const probe = session.requestStart === 0 && session.answered === 0;
    if (probe && config.ignoreProbes) {
      session.closeCleanly();
      return;
    }
    const now = monotonic();
    this.reset(this.request, 0, now);
    tally.countRefused(this, failure.status, now);
    this.status = failure.status;
    this.termination = failure.termination;
    // Who has gone hears nothing, and a connection on which nothing ever came is not told anything it did not ask for.
    const told = failure.status !== 0 && !(failure === Failures.RequestAborted && probe);
    if (told && !session.socket.destroyed) sendError(this, failure.status, 'close', false);
    this.bytesOut = 0; // as HAProxy logs it
    if (!(probe && config.dontlognull)) access(this, now, true);
    this.reach.phase = Phase.Idle;
    session.closeCleanly();
  }

  // --- tunnel

  onTunnelBytes(bytes: Buffer): void {
    this.tunnel?.fromClient(bytes);
  }

  /** SIGTERM has come. */
  hurry(): void {
    this.tunnel?.hurry();
  }

  onTunnelEnd(): void {
    this.tunnel?.clientEnded();
  }

  // --- the end

  /** The response is complete. `clean`: nothing stands behind it on the server's connection. */
  private finish(clean: boolean, now: number): void {
    this.carrier.letGo(clean, now);
    this.close(this.keepAlive && this.upload.body.done, now);
  }

  /** No request will follow. */
  onSessionOver(): void {
    this.carrier.onSessionOver();
  }

  /**
   * The one way out: gives the slot back, counts, logs, and tells the session unless it is `cut`, which the caller does.
   * The slot goes back whatever happens before; it goes last, because whoever waits for it runs at once.
   */
  close(keepAlive: boolean, now = monotonic(), cut = false): void {
    const { reach } = this;
    reach.end();
    this.own.over();
    this.tunnel?.close();
    this.tunnel = undefined;
    this.upload.serverBehind = false;
    this.clientAwaited = false;
    this.relay.clear();
    this.upload.letGo();
    if (reach.backend !== undefined) reach.backend.scur--;
    try {
      tally.countEnded(this, now);
      if (!this.own.unlogged) access(this, now, false);
    } finally {
      // It may hold parts of heads, and a connection may be idle for long.
      this.notes = undefined;
      try {
        reach.release();
      } finally {
        if (!cut) this.session.exchangeEnded(keepAlive, now);
      }
    }
  }
}
