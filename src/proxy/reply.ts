/**
 * Replies of our own, written to a client: error pages, errorfiles, what rules and the statistics answer. They are counted as
 * `http/size.ts` does, without the `connection` line that the exchange adds.
 */

import { errorReply } from '../http/replies.ts';
import { messageSize, replySize } from '../http/size.ts';
import type { ExchangeFacts } from './exchange-facts.ts';
import { JOIN_LIMIT, type Outlet } from './outlet.ts';
import type { Reply } from './types.ts';

export type Connection = '' | 'close' | 'keep-alive';

const CHUNKED = 'transfer-encoding: chunked\r\n';
const LAST_CHUNK = '0\r\n\r\n';

/** The page for `status`, `bodiless` for the answer to a HEAD. False: the connection must close, whatever it said. */
export function sendError(exchange: ExchangeFacts, status: number, connection: Connection, bodiless: boolean): boolean {
  const { outlet } = exchange.session;
  const file = errorFile(exchange, status);
  if (file !== undefined) {
    if (file.length > 0) outlet.bytes(file);
    exchange.bytesOut += messageSize(file);
    return false;
  }
  const { reason, fieldLines, body } = errorReply(status);
  const sent = bodiless ? '' : body;
  outlet.text(`HTTP/1.1 ${status} ${reason}\r\n${fieldLines}${connectionLine(connection)}\r\n${sent}`);
  // Pages of HAProxy's that say `connection: close` by themselves.
  const own = status === 400 || status === 408 ? connectionLine('close') : '';
  exchange.bytesOut += replySize(reason, fieldLines + own) + sent.length;
  return true;
}

/** What of a reply is sent, whole: one that is drawn begins with `sendOpening`. */
export type WholeReply = Omit<Reply, 'status' | 'body'> & { readonly body: Buffer };

export function sendReply(exchange: ExchangeFacts, status: number, reply: WholeReply, connection: Connection): void {
  const { outlet } = exchange.session;
  const { method, version } = exchange.request;
  const { body } = reply;
  // RFC 9110 6.4.1.
  const bodied = status !== 204 && status !== 304;
  const sent = bodied && method !== 'HEAD';
  const chunked = reply.framing === 'chunked' && version !== 10;
  const fields = framedFields(reply, method, chunked, body.length);
  const head = `HTTP/1.1 ${status} ${reply.reason}\r\n${bodied ? fields : reply.fieldLines}${connectionLine(connection)}\r\n`;
  if (!sent || body.length === 0) outlet.text(sent && chunked ? `${head}${LAST_CHUNK}` : head);
  else if (chunked) sendChunk(outlet, head, body, LAST_CHUNK);
  else if (body.length <= JOIN_LIMIT) outlet.text(head + body.toString('latin1'));
  else {
    outlet.cork();
    outlet.text(head);
    outlet.bytes(body);
    outlet.uncork();
  }
  // HAProxy has a length in its own form of a reply that must not tell one, too.
  exchange.bytesOut += replySize(reply.reason, fields) + (sent ? body.length : 0);
}

/** The head of a 200 that is sent in parts, with the first of them: in chunks, or up to the end of the connection. */
export function sendOpening(exchange: ExchangeFacts, reply: Reply, connection: Connection, part: Buffer, chunked: boolean): void {
  const { status, reason } = reply;
  const fields = chunked ? `${reply.fieldLines}${CHUNKED}` : reply.fieldLines;
  exchange.bytesOut += replySize(reason, fields);
  sendPart(exchange, `HTTP/1.1 ${status} ${reason}\r\n${fields}${connectionLine(connection)}\r\n`, part, chunked, false);
}

/** The next part, behind `before`. */
export function sendPart(exchange: ExchangeFacts, before: string, part: Buffer, chunked: boolean, last: boolean): void {
  const { outlet } = exchange.session;
  exchange.bytesOut += part.length;
  const end = chunked && last ? LAST_CHUNK : '';
  if (part.length === 0) {
    if (before !== '' || end !== '') outlet.text(before + end);
  } else if (chunked) sendChunk(outlet, before, part, end);
  else {
    if (before !== '') outlet.text(before);
    outlet.bytes(part);
  }
}

/** RFC 9110 10.1.1: the client wants to be told before it sends a body. */
export function sendContinue(exchange: ExchangeFacts): void {
  exchange.session.outlet.text('HTTP/1.1 100 Continue\r\n\r\n');
  exchange.bytesOut += replySize('Continue', '');
}

/** With how long the body is, in HAProxy's order: of chunks it does not say it to a HEAD. */
function framedFields({ framing, fieldLines }: WholeReply, method: string, chunked: boolean, size: number): string {
  if (framing === 'own' || (framing === 'chunked' && method === 'HEAD')) return fieldLines;
  return chunked ? `${fieldLines}${CHUNKED}` : `content-length: ${size}\r\n${fieldLines}`;
}

/** In one call of the system. */
function sendChunk(outlet: Outlet, before: string, part: Buffer, behind: string): void {
  outlet.cork();
  outlet.text(`${before}${part.length.toString(16)}\r\n`);
  outlet.bytes(part);
  outlet.text(`\r\n${behind}`);
  outlet.uncork();
}

/** What stands in the configuration for this status: the whole bytes of a reply, empty for none at all. */
function errorFile(exchange: ExchangeFacts, status: number): Buffer | undefined {
  return exchange.reach.backend?.config.errorfiles.get(status) ?? exchange.session.listener.frontend.config.errorfiles.get(status);
}

function connectionLine(connection: Connection): string {
  return connection === '' ? '' : `connection: ${connection}\r\n`;
}
