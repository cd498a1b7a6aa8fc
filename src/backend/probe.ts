/** What the probes share: where they knock, whom they tell, and the system's words for what went wrong. */

import { connect, type Socket } from 'node:net';
import type { VerdictCode } from './types.ts';

export interface ProbeTarget {
  /** A literal address, or the path of a unix socket. */
  readonly address: string;
  readonly port: number;
}

/** A probe ends with one `onVerdict`, unless it is aborted before. */
export interface ProbeListener {
  /** From now on it is the peer's answer that is waited for. */
  onConnected(): void;
  /** `status` is -1 where there is no HTTP status. */
  onVerdict(code: VerdictCode, status: number, info: string): void;
}

/** One check that is in flight. */
export interface Probe {
  /** Nothing is reported any more. */
  abort(): void;
}

export function open(target: ProbeTarget): Socket {
  const socket = isPath(target) ? connect({ path: target.address }) : connect({ host: target.address, port: target.port });
  // A check alone is no reason to keep the process.
  return socket.unref();
}

/** Ends a connection with RST where there is one: no TIME_WAIT is left behind, and the server sees no lingering client. */
export function reset(socket: Socket, target: ProbeTarget): void {
  if (isPath(target)) socket.destroy();
  else socket.resetAndDestroy();
}

function isPath(target: ProbeTarget): boolean {
  return target.address.startsWith('/');
}

/** errno -> the C library's sentence, which HAProxy shows as `last_chk`. */
const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EAGAIN: 'Resource temporarily unavailable',
  ECONNABORTED: 'Software caused connection abort',
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  EHOSTDOWN: 'Host is down',
  EHOSTUNREACH: 'No route to host',
  EMFILE: 'Too many open files',
  ENETDOWN: 'Network is down',
  ENETUNREACH: 'Network is unreachable',
  ENOENT: 'No such file or directory',
  EPERM: 'Operation not permitted',
  EPIPE: 'Broken pipe',
  EPROTO: 'Protocol error',
  ETIMEDOUT: 'Connection timed out',
};

export function errorWords(error: NodeJS.ErrnoException): string {
  return WORDS[error.code ?? ''] ?? error.code ?? error.message;
}
