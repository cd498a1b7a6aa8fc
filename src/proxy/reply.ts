/** Replies of our own, written to a client: error pages, errorfiles, what rules and the statistics answer. */

import { errorReply } from '../http/replies.ts';
import type { ExchangeFacts } from './exchange-facts.ts';
import type { Reply } from './types.ts';

export type Connection = '' | 'close' | 'keep-alive';

/** What stands in the configuration for this status: the whole bytes of a reply, empty for none at all. */
export function errorFile(exchange: ExchangeFacts, status: number): Buffer | undefined {
  return exchange.backendObject?.config.errorfiles.get(status) ?? exchange.session.listener.frontend.config.errorfiles.get(status);
}

/** The page for `status`; `bodiless` for the answer to a HEAD. */
export function errorText(status: number, connection: Connection, bodiless: boolean): string {
  const page = errorReply(status);
  return `HTTP/1.1 ${status} ${page.reason}\r\n${page.fieldLines}${connectionLine(connection)}\r\n${bodiless ? '' : page.body}`;
}

/** The head of a reply; its body follows unless `hasBody` says otherwise. */
export function replyHead(reply: Omit<Reply, 'status'>, status: number, connection: Connection): string {
  const length = hasBody(status) ? `content-length: ${reply.body.length}\r\n` : '';
  return `HTTP/1.1 ${status} ${reply.reason}\r\n${length}${reply.fieldLines}${connectionLine(connection)}\r\n`;
}

/** RFC 9110 6.4.1. */
export function hasBody(status: number): boolean {
  return status !== 204 && status !== 304;
}

function connectionLine(connection: Connection): string {
  return connection === '' ? '' : `connection: ${connection}\r\n`;
}
