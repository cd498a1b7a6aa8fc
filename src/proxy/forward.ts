/** Heads as they are sent on: what a hop must remove was marked by the parser, what a hop must add stands here. */

import type { Backend } from '../backend/backend.ts';
import type { Head } from '../http/head.ts';
import type { ForwardFor } from './program.ts';
import type { Session } from './session.ts';

/** The request for the server, up to and with the empty line. Always HTTP/1.1: our own version (RFC 9110 2.5). */
export function requestHead(
  head: Head,
  session: Session,
  backend: Backend,
  frontendForward: ForwardFor | undefined,
  backendForward: ForwardFor | undefined,
): string {
  let added = '';
  // The backend's header name wins where both have the option (manual 4.2, "option forwardfor").
  const forward = backendForward ?? frontendForward;
  if (forward !== undefined && tells(forward, head, session.clientAddress)) added = `${forward.header}: ${session.clientAddress}\r\n`;
  if (head.upgrade !== '') added += 'connection: upgrade\r\n';
  else if (backend.config.connectionMode !== 'keep-alive') added += 'connection: close\r\n';
  return `${head.method} ${head.target} HTTP/1.1\r\n${head.fieldLines()}${added}\r\n`;
}

function tells(forward: ForwardFor, head: Head, address: string): boolean {
  if (address === '' || forward.excepts(address)) return false;
  return !(forward.ifNone && head.has(forward.name));
}

/** The response for the client, up to and with the empty line; `connection` is the value to send, if any. */
export function responseHead(head: Head, connection: '' | 'close' | 'keep-alive' | 'upgrade'): string {
  const line = connection === '' ? '' : `connection: ${connection}\r\n`;
  return `HTTP/1.1 ${head.status} ${head.reason}\r\n${head.fieldLines()}${line}\r\n`;
}
