/**
 * A response on its way to the client: its heads, its body, and whether the client keeps up.
 *
 * Bytes stand in the buffer of the server's connection and are valid during one call only: what the client's socket does not
 * take at once is either copied, or the buffer is given up for it.
 */

import { Body } from '../http/body.ts';
import { Framing, type Head } from '../http/head.ts';
import { responseFraming } from '../http/parse.ts';
import { ResponseHeads } from '../http/response-heads.ts';
import { headSize } from '../http/size.ts';
import type { ExchangeFacts } from './exchange-facts.ts';
import { JOIN_LIMIT, type Outlet } from './outlet.ts';
import type { ServerConnection } from './server-connection.ts';

/** Pieces up to this size are copied when they must wait for the client; larger ones keep the buffer they stand in. */
const COPY_LIMIT = 16 * 1024;

/** Bytes of `connection`'s buffer to a client as they are. */
export function passOn(bytes: Buffer, client: Outlet, connection: ServerConnection): void {
  if (write(bytes, client, client.pending > 0) && client.pending > 0) connection.surrenderBuffer();
}

/** True when what was written refers to the bytes themselves. `waits`: others are written before them. */
function write(bytes: Buffer, client: Outlet, waits: boolean): boolean {
  if (client.copies === true) {
    client.bytes(bytes);
    return false;
  }
  const lent = !waits || bytes.length > COPY_LIMIT;
  client.bytes(lent ? bytes : Buffer.from(bytes));
  return lent;
}

export class Relay {
  readonly heads: ResponseHeads = new ResponseHeads();
  readonly body: Body = new Body();
  /** The final response's head has gone to the client: from here the exchange can end, but not retry. */
  begun = false;
  /** Something has gone to the client, be it an interim response. */
  said = false;
  /** Only the end of the connection tells the client that its response is whole. */
  untilClose = false;
  /** The client is slower than the server, which is not read meanwhile. */
  clientBehind = false;
  /** How much `take` has taken. */
  taken = 0;
  private readonly exchange: ExchangeFacts;

  constructor(exchange: ExchangeFacts) {
    this.exchange = exchange;
  }

  /** Before the next exchange. */
  reset(): void {
    this.begun = false;
    this.said = false;
    this.untilClose = false;
    this.clientBehind = false;
  }

  /** Lets go of what it holds of a response. */
  clear(): void {
    this.body.clear();
    this.heads.reset();
  }

  /**
   * The final head is parsed, and `piece[at..end)` came with it: takes the beginning of the body, and answers the index behind
   * that. Nothing is said to the client yet: what turns out not to be HTTP (`body.failed`) never was a success.
   */
  take(head: Head, request: Head, piece: Buffer, at: number, end: number): number {
    const framing = responseFraming(head, request.method);
    const framed = request.version !== 10;
    this.body.start(framing, head.contentLength, framed, head.nominated);
    this.untilClose = framing === Framing.UntilClose || (!framed && framing === Framing.Chunked);
    this.taken = headSize(head);
    if (this.body.done || at === end) return at;
    const next = this.body.take(piece, at, end);
    this.taken += this.body.counted;
    return next;
  }

  /** Writes the head, and what `take` has taken of the body. */
  begin(lines: string, connection: ServerConnection): void {
    const { body } = this;
    this.begun = true;
    if (body.size === 0) {
      this.text(lines);
    } else if (body.size <= JOIN_LIMIT) {
      this.text(lines + body.piece.toString('latin1', body.from, body.to));
    } else {
      const { outlet } = this.exchange.session;
      const waits = outlet.pending > 0;
      outlet.cork();
      this.text(lines);
      const lent = this.bytes(body.view(), waits);
      outlet.uncork();
      this.settle(connection, lent);
    }
  }

  /** More of the body: the index behind what belongs to it. */
  more(bytes: Buffer, from: number, to: number, connection: ServerConnection): number {
    const next = this.body.take(bytes, from, to);
    this.exchange.bytesOut += this.body.counted;
    if (!this.body.failed && this.body.size > 0) this.pass(this.body.view(), connection);
    return next;
  }

  /** Bytes of `connection`'s buffer as they are. */
  pass(bytes: Buffer, connection: ServerConnection): void {
    const { outlet } = this.exchange.session;
    passOn(bytes, outlet, connection);
    if (outlet.behind) this.clientBehind = true;
  }

  text(text: string): void {
    this.said = true;
    this.exchange.session.outlet.text(text);
  }

  /** True when what was written refers to the connection's buffer. */
  private bytes(bytes: Buffer, waits: boolean): boolean {
    return write(bytes, this.exchange.session.outlet, waits);
  }

  /** Is any of what was written still waiting for the client? */
  private settle(connection: ServerConnection, lent: boolean): void {
    const { outlet } = this.exchange.session;
    if (outlet.pending === 0) return;
    if (lent) connection.surrenderBuffer();
    if (outlet.behind) this.clientBehind = true;
  }
}
