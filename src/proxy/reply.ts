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
  const { body } = reply;
  // RFC 9110 6.4.1.
  const bodied = status !== 204 && status !== 304;
  const length = bodied ? `content-length: ${body.length}\r\n` : '';
  sendText(exchange, `HTTP/1.1 ${status} ${reply.reason}\r\n${length}${reply.fieldLines}${connectionLine(connection)}\r\n`);
  if (bodied && body.length > 0 && exchange.request.method !== 'HEAD') send(exchange, body);
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
