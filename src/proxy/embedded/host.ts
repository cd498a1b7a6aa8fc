/** A host's side: what Node's servers give to their handlers, HTTP/1.1 and HTTP/2 alike, as far as it is used here. */

import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';

export type HostSocket = Socket;
/** `stream` is there with HTTP/2 alone. */
export type HostRequest = IncomingMessage & { readonly stream?: ServerHttp2Stream | undefined };
export type HostResponse = ServerResponse & { readonly stream?: ServerHttp2Stream | undefined };

/** RFC 9113 7: what a stream is closed with. */
export const StreamError = { None: 0, Internal: 2 } as const;

/** Of what Node's objects throw where they do not take something. */
export function isOfNode(error: unknown): boolean {
  return String((error as Partial<NodeJS.ErrnoException> | null)?.code).startsWith('ERR_');
}

/** More than any head that a session lets through, bytes. */
const HEAD_LIMIT = 256 * 1024 * 1024;

/** Our session has bounded the response's head before, by `tune.bufsize` and `tune.http.maxhdr`. `outgoing` has no connection yet. */
export function boundElsewhere(outgoing: ClientRequest): void {
  (outgoing as { maxHeaderSize?: number }).maxHeaderSize = HEAD_LIMIT;
  outgoing.maxHeadersCount = 0;
}
