/** Replies of our own, written to a client: error pages, errorfiles, what rules and the statistics answer. */

import { errorReply } from '../http/replies.ts';
import type { ExchangeFacts } from './exchange-facts.ts';
import type { Reply } from './types.ts';

type Connection = '' | 'close' | 'keep-alive';

/** The page for `status`, `bodiless` for the answer to a HEAD. False: the connection must close, whatever it said. */
export function sendError(exchange: ExchangeFacts, status: number, connection: Connection, bodiless: boolean): boolean {
  const file = errorFile(exchange, status);
  if (file !== undefined) {
    if (file.length > 0) send(exchange, file);
    return false;
  }
  const page = errorReply(status);
  const head = `HTTP/1.1 ${status} ${page.reason}\r\n${page.fieldLines}${connectionLine(connection)}\r\n`;
  sendText(exchange, bodiless ? head : head + page.body);
  return true;
}

export function sendReply(exchange: ExchangeFacts, status: number, reply: Omit<Reply, 'status'>, connection: Connection): void {
  const { fieldLines, framing } = reply;
  const parts = Buffer.isBuffer(reply.body) ? [reply.body] : reply.body;
  const { method, version } = exchange.request;
  const start = `HTTP/1.1 ${status} ${reply.reason}\r\n`;
  const end = `${connectionLine(connection)}\r\n`;
  if (framing === 'chunked' && method === 'HEAD') {
    sendText(exchange, start + fieldLines + end);
    return;
  }
  if (framing === 'chunked' && version !== 10) {
    sendChunked(exchange, `${start}${fieldLines}transfer-encoding: chunked\r\n${end}`, parts);
    return;
  }
  // RFC 9110 6.4.1.
  const bodied = status !== 204 && status !== 304;
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  sendText(exchange, start + (bodied && framing !== 'own' ? `content-length: ${size}\r\n` : '') + fieldLines + end);
  if (!bodied || method === 'HEAD') return;
  for (const part of parts) if (part.length > 0) send(exchange, part);
}

/** In a chunk for each part, and one call of the system. */
function sendChunked(exchange: ExchangeFacts, head: string, parts: readonly Buffer[]): void {
  const { socket } = exchange.session.outlet;
  let before = head;
  socket.cork();
  for (const part of parts) {
    if (part.length === 0) continue;
    sendText(exchange, `${before}${part.length.toString(16)}\r\n`);
    send(exchange, part);
    before = '\r\n';
  }
  sendText(exchange, `${before}0\r\n\r\n`);
  socket.uncork();
}

/** What stands in the configuration for this status: the whole bytes of a reply, empty for none at all. */
function errorFile(exchange: ExchangeFacts, status: number): Buffer | undefined {
  return exchange.reach.backend?.config.errorfiles.get(status) ?? exchange.session.listener.frontend.config.errorfiles.get(status);
}

function connectionLine(connection: Connection): string {
  return connection === '' ? '' : `connection: ${connection}\r\n`;
}

function sendText(exchange: ExchangeFacts, text: string): void {
  exchange.bytesOut += text.length;
  exchange.session.outlet.text(text);
}

function send(exchange: ExchangeFacts, bytes: Buffer): void {
  exchange.bytesOut += bytes.length;
  exchange.session.outlet.bytes(bytes);
}
