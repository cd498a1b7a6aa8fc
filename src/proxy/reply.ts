/**
 * Replies of our own, written to a client: error pages, errorfiles, what rules and the statistics answer. They are counted as
 * `http/size.ts` does, without the `connection` line that the exchange adds.
 */

import { errorReply } from '../http/replies.ts';
import { messageSize, replySize } from '../http/size.ts';
import type { ExchangeFacts } from './exchange-facts.ts';
import type { Outlet } from './outlet.ts';
import type { Reply } from './types.ts';

type Connection = '' | 'close' | 'keep-alive';

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

export function sendReply(exchange: ExchangeFacts, status: number, reply: Omit<Reply, 'status'>, connection: Connection): void {
  const { outlet } = exchange.session;
  const { method, version } = exchange.request;
  const parts = Buffer.isBuffer(reply.body) ? [reply.body] : reply.body;
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  // RFC 9110 6.4.1.
  const bodied = status !== 204 && status !== 304;
  const sent = bodied && method !== 'HEAD';
  const chunked = reply.framing === 'chunked' && version !== 10;
  const fields = framedFields(reply, method, chunked, size);
  const head = `HTTP/1.1 ${status} ${reply.reason}\r\n${bodied ? fields : reply.fieldLines}${connectionLine(connection)}\r\n`;
  if (!sent) outlet.text(head);
  else if (chunked) sendChunked(outlet, head, parts);
  else {
    outlet.text(head);
    for (const part of parts) if (part.length > 0) outlet.bytes(part);
  }
  // HAProxy has a length in its own form of a reply that must not tell one, too.
  exchange.bytesOut += replySize(reply.reason, fields) + (sent ? size : 0);
}

/** RFC 9110 10.1.1: the client wants to be told before it sends a body. */
export function sendContinue(exchange: ExchangeFacts): void {
  exchange.session.outlet.text('HTTP/1.1 100 Continue\r\n\r\n');
  exchange.bytesOut += replySize('Continue', '');
}

/** With how long the body is, in HAProxy's order: of chunks it does not say it to a HEAD. */
function framedFields({ framing, fieldLines }: Omit<Reply, 'status'>, method: string, chunked: boolean, size: number): string {
  if (framing === 'own' || (framing === 'chunked' && method === 'HEAD')) return fieldLines;
  return chunked ? `${fieldLines}transfer-encoding: chunked\r\n` : `content-length: ${size}\r\n${fieldLines}`;
}

/** In a chunk for each part, and one call of the system. */
function sendChunked(outlet: Outlet, head: string, parts: readonly Buffer[]): void {
  let before = head;
  outlet.socket.cork();
  for (const part of parts) {
    if (part.length === 0) continue;
    outlet.text(`${before}${part.length.toString(16)}\r\n`);
    outlet.bytes(part);
    before = '\r\n';
  }
  outlet.text(`${before}0\r\n\r\n`);
  outlet.socket.uncork();
}

/** What stands in the configuration for this status: the whole bytes of a reply, empty for none at all. */
function errorFile(exchange: ExchangeFacts, status: number): Buffer | undefined {
  return exchange.reach.backend?.config.errorfiles.get(status) ?? exchange.session.listener.frontend.config.errorfiles.get(status);
}

function connectionLine(connection: Connection): string {
  return connection === '' ? '' : `connection: ${connection}\r\n`;
}
