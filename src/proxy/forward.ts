/** Heads as they are sent on: what a hop must remove was marked by the parser, what a hop must add stands here. */

import type { HttpConnectionMode } from '../config/model.ts';
import type { Head } from '../http/head.ts';
import type { ForwardFor } from './program.ts';
import type { Session } from './session.ts';

/**
 * The request for the server, up to and with the empty line. Always HTTP/1.1: our own version (RFC 9110 2.5).
 * `forward`: the backend's `option forwardfor`, else the frontend's (manual 4.2).
 */
export function requestHead(head: Head, session: Session, mode: HttpConnectionMode, forward: ForwardFor | undefined): string {
  const { clientAddress } = session;
  // RFC 9112 3.2: an HTTP/1.0 request may come without Host, an HTTP/1.1 request must not leave without.
  let added = head.hosts === 0 && head.host === '' ? `host: ${hostOf(session)}\r\n` : '';
  if (forward !== undefined && tells(forward, head, clientAddress)) added += `${forward.header}: ${clientAddress}\r\n`;
  if (head.upgrade !== '') added += 'connection: upgrade\r\n';
  else if (mode !== 'keep-alive') added += 'connection: close\r\n';
  return `${head.method} ${head.target} HTTP/1.1\r\n${head.fieldLines()}${added}\r\n`;
}

/** What the client connected to: the only authority it has named. */
function hostOf({ localAddress, localPort }: Session): string {
  const host = localAddress.includes(':') ? `[${localAddress}]` : localAddress;
  return localPort === 80 || localPort === 0 ? host : `${host}:${localPort}`;
}

function tells(forward: ForwardFor, head: Head, address: string): boolean {
  if (address === '' || forward.excepts(address)) return false;
  return !(forward.ifNone && head.has(forward.name));
}

/** The final response for the client, up to and with the empty line. `old`: an HTTP/1.0 client, which knows no chunks. */
export function responseHead(head: Head, connection: '' | 'close' | 'keep-alive' | 'upgrade', old: boolean): string {
  if (head.status === 204) dropFraming(head);
  else if (old) head.remove('transfer-encoding');
  return lines(head, connection === '' ? '' : `connection: ${connection}\r\n`);
}

export function interimHead(head: Head): string {
  dropFraming(head);
  return lines(head, '');
}

function lines(head: Head, more: string): string {
  return `HTTP/1.1 ${head.status} ${head.reason}\r\n${head.fieldLines()}${more}\r\n`;
}

/** RFC 9110 8.6, RFC 9112 6.1: a response that has no body by its status says nothing about one. */
function dropFraming(head: Head): void {
  head.remove('content-length');
  head.remove('transfer-encoding');
}

const STRICTNESS: readonly HttpConnectionMode[] = ['keep-alive', 'server-close', 'close'];

/** Of what frontend and backend ask for, the one that closes more (manual 4.1). */
export function stricter(one: HttpConnectionMode, other: HttpConnectionMode): HttpConnectionMode {
  return STRICTNESS.indexOf(one) >= STRICTNESS.indexOf(other) ? one : other;
}
