/**
 * What an exchange is answered by the proxy itself: what rules decide (deny, return, redirect, tarpit, reject, silent-drop), error
 * pages, monitor-uri, the statistics and other services, at once, when they are made, or a part at a time (`drawing.ts`).
 *
 * Of a body that came with the request, or comes, is made what the answer needs: a form to the statistics is collected, what has
 * come whole is swallowed so that the connection goes on, and with the rest the connection ends, as in HAProxy.
 */

import { monotonic } from '../core/clock.ts';
import { Framing } from '../http/head.ts';
import type { Final } from '../rules/types.ts';
import { owned } from './accept.ts';
import { Drawing } from './drawing.ts';
import type { ExchangeFacts } from './exchange-facts.ts';
import type { Monitor } from './monitor.ts';
import { Phase } from './phases.ts';
import type { Program } from './program.ts';
import { type Connection, sendContinue, sendError, sendReply, type WholeReply } from './reply.ts';
import { StatsForm, statsTarget } from './stats-form.ts';
import * as tally from './tally.ts';
import type { Drawn, Reply } from './types.ts';
import type { Upload } from './upload.ts';

/** The exchange, as its own replies see it. */
export interface Replying extends ExchangeFacts {
  readonly upload: Upload;
  readonly relay: { begun: boolean; untilClose: boolean };
  /** The client's connection goes on. */
  keepAlive: boolean;
  clientAwaited: boolean;
  /** The client has as long for its body as for a head. */
  armBody(now: number): void;
  close(keepAlive: boolean, now?: number, cut?: boolean): void;
  onFault(error: unknown): void;
}

export class OwnReplies {
  /** What only asks how we are is not told to the log. */
  unlogged = false;
  private readonly exchange: Replying;
  /** The reply is sent; the rest of the body is read and dropped. */
  private discarding = false;
  /** A POST to the statistics page, being collected. */
  private form: StatsForm | undefined = undefined;
  /** A client that waits in vain: its answer in the end, and how much of its body came with its head. */
  private tarpit: { readonly final: Final; readonly available: number } | undefined = undefined;
  /** Of replies that are being made: only the last one asked for counts, and none of an exchange that is over. */
  private asked = 0;
  /** A long reply that is on its way. */
  private drawing: Drawing | undefined = undefined;

  constructor(exchange: Replying) {
    this.exchange = exchange;
  }

  /** Before the next exchange. */
  reset(): void {
    this.unlogged = false;
    this.discarding = false;
    this.form = undefined;
  }

  /** The exchange is over. */
  over(): void {
    this.asked++;
    this.tarpit = undefined;
    this.drawing?.stop();
    this.drawing = undefined;
  }

  /** The body that comes is ours, and no server's. */
  get takesBody(): boolean {
    return this.discarding || this.form !== undefined;
  }

  /** Pieces of it are kept. */
  get collects(): boolean {
    return this.form !== undefined;
  }

  // --- what rules decide

  /** `available`: bytes that have come behind the head. True, always: the exchange is taken. */
  final(final: Final, available: number): boolean {
    const { exchange } = this;
    if (final.kind === 'intercepted') {
      tally.countIntercepted(exchange);
      exchange.termination = 'LR';
    } else {
      const { frontend } = exchange.session.listener;
      tally.countDenied(exchange);
      exchange.reach.recognize(frontend);
      if (final.kind === 'denied' || final.kind === 'tarpitted') frontend.program.recorder?.cookie(exchange);
      exchange.termination = 'PR';
      if (final.kind !== 'denied') {
        this.refuseOddly(final, available);
        return true;
      }
    }
    const service = final.service === undefined ? undefined : exchange.services.named.get(final.service);
    if (service === undefined) this.reply(final.status, final.reply, available, final.close);
    else this.served(service.name, service.answer(exchange), available);
    return true;
  }

  /** A rule for responses has decided: what the server has said is not what the client hears. */
  finalOfResponse(final: Final): void {
    const { exchange } = this;
    exchange.reach.drop();
    // As in HAProxy's log: it has not got as far as its body.
    exchange.responseAt = -1;
    switch (final.kind) {
      case 'dropped':
        tally.countDenied(exchange);
        exchange.termination = 'PR';
        this.hangUp(true);
        return;
      case 'denied':
        tally.countResponseDenied(exchange);
        exchange.termination = 'PH';
        break;
      default:
        exchange.termination = 'LH';
    }
    this.reply(final.status, final.reply, 0, final.close);
  }

  /** Late, or not at all. */
  private refuseOddly(final: Final, available: number): void {
    const { exchange } = this;
    const { reach } = exchange;
    // As in HAProxy's log: it is not over with its head.
    exchange.headAt = -1;
    if (final.kind === 'tarpitted') {
      const { kind, timeouts } = (reach.backend ?? exchange.session.listener.frontend).config;
      reach.phase = Phase.Reply;
      exchange.termination = 'PT';
      this.tarpit = { final, available };
      // A frontend connects to nobody.
      reach.arm(timeouts.tarpit ?? (kind === 'frontend' ? 0 : (timeouts.connect ?? 0)), monotonic());
      return;
    }
    this.countHeld(available);
    this.hangUp(final.kind === 'dropped');
  }

  /** Whoever is in it has waited long enough, or has `gone`. False: nobody is. */
  leaveTarpit(gone: boolean): boolean {
    const { tarpit } = this;
    if (tarpit === undefined) return false;
    this.tarpit = undefined;
    this.exchange.reach.assignedAt = monotonic();
    this.reply(tarpit.final.status, tarpit.final.reply, tarpit.available, gone);
    this.swallowHeld();
    return true;
  }

  /** The client gets no answer. `silently`: nor a clean end. */
  private hangUp(silently: boolean): void {
    const { session } = this.exchange;
    this.exchange.close(false, monotonic(), true);
    session.hangUp(silently);
  }

  // --- replies

  /** `reply`, or the page for `status`. */
  reply(status: number, reply: WholeReply | undefined, available: number, close: boolean): void {
    const { exchange } = this;
    const connection = this.open(status, available, close);
    if (reply !== undefined) sendReply(exchange, status, reply, connection);
    else if (!sendError(exchange, status, connection, exchange.request.method === 'HEAD')) exchange.keepAlive = false;
    this.sent(available);
  }

  /** It is to be `status`: does the connection go on behind it? */
  private open(status: number, available: number, close: boolean): Connection {
    const { exchange } = this;
    const { request, session, upload } = exchange;
    exchange.reach.phase = Phase.Reply;
    const here = upload.body.done || (request.framing === Framing.Length && available >= request.contentLength);
    if (close || !here || session.listener.closing) exchange.keepAlive = false;
    exchange.status = status;
    if (!exchange.keepAlive) return 'close';
    return request.version === 10 ? 'keep-alive' : '';
  }

  private sent(available: number): void {
    const { exchange } = this;
    const { session, upload } = exchange;
    const { body } = upload;
    if (!body.done && !exchange.keepAlive) this.countHeld(available);
    if (body.done || !exchange.keepAlive) exchange.close(exchange.keepAlive);
    else {
      this.discarding = true;
      exchange.clientAwaited = true;
      session.armFor(session.listener.frontend.config.timeouts.client, monotonic());
    }
  }

  /** Of a body that nobody reads: what has come with the head. */
  private countHeld(available: number): void {
    const { framing, contentLength } = this.exchange.request;
    if (framing === Framing.Length) this.exchange.bytesIn += Math.min(available, contentLength);
  }

  /** `reply` is by one of the proxy's own services, at once or when it is made. */
  private served(by: string, reply: Reply | Promise<Reply>, available: number): void {
    const { exchange } = this;
    exchange.servedBy = by;
    if (!(reply instanceof Promise)) {
      this.give(reply, available);
      return;
    }
    exchange.reach.phase = Phase.Reply;
    const asked = ++this.asked;
    const ifAwaited = (act: () => void) => {
      if (this.asked === asked && exchange.reach.phase === Phase.Reply) act();
    };
    reply.then(
      (made) => ifAwaited(() => this.give(made, available)),
      (error: unknown) => ifAwaited(() => exchange.onFault(error)),
    );
  }

  private give(reply: Reply, available: number): void {
    const { body } = reply;
    if (Buffer.isBuffer(body)) this.reply(reply.status, { ...reply, body }, available, false);
    else this.draw(reply, body, available);
    this.swallowHeld();
  }

  /** What has come of a body while its answer was being made. */
  private swallowHeld(): void {
    if (this.discarding) this.exchange.session.feedHeld();
  }

  private draw(reply: Reply, body: Drawn, available: number): void {
    const { exchange } = this;
    const { reach, relay } = exchange;
    reach.phase = Phase.Reply;
    this.drawing = new Drawing(exchange, reply, body, {
      onWhole: (whole) => {
        this.drawing = undefined;
        this.give({ ...reply, body: whole }, available);
      },
      onOpening: (chunked) => {
        relay.begun = true;
        relay.untilClose = !chunked;
        return this.open(reply.status, available, !chunked);
      },
      onSent: () => {
        this.drawing = undefined;
        this.sent(available);
        this.swallowHeld();
      },
      onFault: (error) => exchange.onFault(error),
    });
    this.drawing.begin();
  }

  onClientDrain(): void {
    this.drawing?.onDrain();
  }

  /** True: it was for a reply of ours. One that nobody reads ends; as in HAProxy, the log has it like any other. */
  onClientTimeout(): boolean {
    const { exchange, drawing } = this;
    if (drawing === undefined) return false;
    if (!drawing.stalled) return true;
    exchange.close(false, monotonic(), true);
    if (exchange.relay.untilClose) exchange.session.reset();
    else exchange.session.destroy();
    return true;
  }

  /** True: whoever has gone waited for an answer of ours, and nobody is to blame. */
  onClientGone(): boolean {
    if (this.leaveTarpit(true)) return true;
    if (this.drawing === undefined) return false;
    this.exchange.close(false);
    return true;
  }

  monitor(monitor: Monitor, available: number): void {
    this.unlogged = true;
    tally.countIntercepted(this.exchange);
    this.reply(monitor.status(this.exchange), undefined, available, false);
  }

  // --- statistics

  /** False: they are not asked for. */
  takeStats({ rules }: Program, available: number): boolean {
    const { exchange } = this;
    const { request, services, upload } = exchange;
    if (!services.stats.matches(statsTarget(exchange), request)) return false;
    const final = rules.stats?.(exchange);
    if (final !== undefined) return this.final(final, available);
    if (upload.body.done || request.method !== 'POST') return this.answerStats(Buffer.alloc(0), available);
    this.form = new StatsForm(services.limits.headSize - request.text.length);
    // Of a chunked body only the data is wanted: nobody takes it further.
    upload.body.start(request.framing, request.contentLength, false);
    if (request.expect === '100-continue' && available === 0) sendContinue(exchange);
    exchange.clientAwaited = true;
    exchange.armBody(monotonic());
    exchange.reach.phase = Phase.Reply;
    return true;
  }

  private answerStats(body: Buffer | undefined, available: number): boolean {
    const { exchange } = this;
    const reply = exchange.services.stats.handle(statsTarget(exchange), exchange, body);
    if (reply === undefined) return false;
    tally.countIntercepted(exchange);
    exchange.termination = 'LR';
    this.served('<STATS>', reply, available);
    return true;
  }

  // --- the body

  /** `piece` may be overwritten afterwards. */
  take(piece: Buffer): void {
    const { form } = this;
    if (form === undefined || form.add(owned(piece))) return;
    this.exchange.keepAlive = false;
    this.submit(undefined);
  }

  bodyComplete(): void {
    if (this.form === undefined) this.exchange.close(this.exchange.keepAlive);
    else this.submit(this.form.whole());
  }

  private submit(body: Buffer | undefined): void {
    this.form = undefined;
    this.exchange.clientAwaited = false;
    this.answerStats(body, 0);
  }
}
