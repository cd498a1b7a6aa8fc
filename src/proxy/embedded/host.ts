/** A host's side: what Node's servers give to their handlers, HTTP/1.1 and HTTP/2 alike, as far as it is used here. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';

/** Of `http`, `https` or `http2`; of the latter by its compatibility API. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;
export type NodeResponse = ServerResponse | Http2ServerResponse;

export type HostSocket = Socket;
/** `stream` is there with HTTP/2 alone. */
export type HostRequest = IncomingMessage & { readonly stream?: ServerHttp2Stream | undefined };
export type HostResponse = ServerResponse & { readonly stream?: ServerHttp2Stream | undefined };

/** RFC 9113 7: what a stream is closed with. */
export const StreamError = { None: 0, Internal: 2 } as const;
