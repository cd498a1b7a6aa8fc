/**
 * A long reply of our own on its way to its client: the next part is made when the client's socket has taken the former one,
 * and when it is this reply's turn among all that are under way. So a client that does not read costs what one part is long,
 * and one that has gone costs nothing.
 *
 *     Made ─(first part)─▶ Turn ◀─▶ Client ─▶ over
 *
 * Invariant: between two steps either a turn is waited for, or the client is, and then its time-out is armed.
 */

import { monotonic } from '../core/clock.ts';
import { inTurn } from '../core/turns.ts';
import type { ExchangeFacts } from './exchange-facts.ts';
import { type Connection, sendOpening, sendPart } from './reply.ts';
import type { Drawn, Reply } from './types.ts';

/** Whose reply it is. */
export interface DrawingOwner {
  /** All there is, and nothing is sent yet. */
  onWhole(body: Buffer): void;
  /** The head is to go out. What `connection` the client is told; `chunked`: else only its end tells that the reply is whole. */
  onOpening(chunked: boolean): Connection;
  /** All is sent. */
  onSent(): void;
  onFault(error: unknown): void;
}

export class Drawing {
  private readonly exchange: ExchangeFacts;
  private readonly reply: Reply;
  private readonly body: Drawn;
  private readonly owner: DrawingOwner;
  private readonly chunked: boolean;
  private stage: 'made' | 'turn' | 'client' | 'over' = 'made';
  /** Bytes that the client's socket had taken when the time-out was last armed. */
  private taken = 0;

  constructor(exchange: ExchangeFacts, reply: Reply, body: Drawn, owner: DrawingOwner) {
    this.exchange = exchange;
    this.reply = reply;
    this.body = body;
    this.owner = owner;
    // RFC 9112 6.1.
    this.chunked = exchange.request.version !== 10;
  }

  /** Its first part, as soon as it may be made; the others follow. */
  begin(): void {
    inTurn(this.step);
  }

  /** Nobody waits for it any more. */
  stop(): void {
    this.stage = 'over';
  }

  onDrain(): void {
    if (this.stage !== 'client') return;
    this.stage = 'turn';
    inTurn(this.step);
  }

  /** The client's time is up: true when it has not read anything meanwhile, though it was waited for. */
  get stalled(): boolean {
    if (this.stage !== 'client') return false;
    if (this.exchange.session.outlet.taken === this.taken) return true;
    this.arm();
    return false;
  }

  private readonly step = (): void => {
    if (this.stage === 'over') return;
    try {
      this.draw();
    } catch (error) {
      this.owner.onFault(error);
    }
  };

  private draw(): void {
    const { exchange, body, chunked, owner } = this;
    const first = this.stage === 'made';
    const part = body.next();
    if (first && body.over) {
      owner.onWhole(part);
      return;
    }
    if (first) {
      this.stage = 'turn';
      sendOpening(exchange, this.reply, owner.onOpening(chunked), part, chunked);
    } else {
      sendPart(exchange, '', part, chunked, body.over);
    }
    if (body.over) owner.onSent();
    else this.await();
  }

  private await(): void {
    if (this.exchange.session.outlet.behind) {
      this.stage = 'client';
      this.arm();
    } else {
      inTurn(this.step);
    }
  }

  private arm(): void {
    const { session } = this.exchange;
    this.taken = session.outlet.taken;
    session.armFor(session.listener.frontend.config.timeouts.client, monotonic());
  }
}
