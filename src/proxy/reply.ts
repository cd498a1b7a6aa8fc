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
  const { body, fieldLines, framing } = reply;
  const { method, version } = exchange.request;
  const start = `HTTP/1.1 ${status} ${reply.reason}\r\n`;
  const end = `${connectionLine(connection)}\r\n`;
  if (framing === 'chunked' && method === 'HEAD') {
    sendText(exchange, start + fieldLines + end);
    return;
  }
  if (framing === 'chunked' && version !== 10) {
    sendChunked(exchange, `${start}${fieldLines}transfer-encoding: chunked\r\n${end}`, body);
    return;
  }
  // RFC 9110 6.4.1.
  const bodied = status !== 204 && status !== 304;
  const length = bodied && framing !== 'own' ? `content-length: ${body.length}\r\n` : '';
  sendText(exchange, start + length + fieldLines + end);
  if (bodied && body.length > 0 && method !== 'HEAD') send(exchange, body);
}

/** In one chunk, and one call of the system. */
function sendChunked(exchange: ExchangeFacts, head: string, body: Buffer): void {
  if (body.length === 0) {
    sendText(exchange, `${head}0\r\n\r\n`);
    return;
  }
  const { socket } = exchange.session.outlet;
  socket.cork();
  sendText(exchange, `${head}${body.length.toString(16)}\r\n`);
  send(exchange, body);
  sendText(exchange, '\r\n0\r\n\r\n');
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
