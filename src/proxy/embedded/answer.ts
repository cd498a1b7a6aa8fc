/**
 * A response as it goes out by Node's objects: heads line by line, trailers, and the end that it has come to. What Node's own
 * objects would lose (lines of one name, capital letters) or not survive (fields of a connection on HTTP/2) is seen to here.
 */

import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { errorReply } from '../../http/replies.ts';
import { byName } from './carried-head.ts';
import { type HostRequest, type HostResponse, StreamError } from './host.ts';

/** Of the connection to the client Node takes care. */
const OF_THE_CONNECTION: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

/** The head of `from`, unless the host has said another one already. */
export function answerHead(response: HostResponse, from: IncomingMessage): void {
  response.statusCode = from.statusCode as number;
  const overHttp1 = response.stream === undefined;
  // RFC 9113 8.3.2: there is no reason phrase.
  if (overHttp1 && from.statusMessage !== undefined) response.statusMessage = from.statusMessage;
  for (const [key, { name, values }] of byName(from.rawHeaders)) {
    if (OF_THE_CONNECTION.has(key)) {
      if (overHttp1 && key === 'connection' && /(?:^|,)\s*close\s*(?:,|$)/i.test(values.join(','))) response.setHeader(name, 'close');
      continue;
    }
    response.setHeader(name, values.length === 1 ? (values[0] as string) : values);
  }
}

/** A response before the final one. */
export type Interim = Pick<IncomingMessage, 'statusCode' | 'rawHeaders'>;

/** 102 and 103; what a client may be told besides, Node has no way to say. */
export function answerInterim(
  response: HostResponse,
  { statusCode, rawHeaders }: Pick<IncomingMessage, 'statusCode' | 'rawHeaders'>,
): void {
  const fields = plain(rawHeaders);
  if (response.headersSent || response.writableEnded) return;
  if (response.stream !== undefined) {
    if (!response.stream.destroyed) response.stream.additionalHeaders({ ...fields, ':status': statusCode as number });
  } else if (statusCode === 102) response.writeProcessing();
  else if (statusCode === 103) response.writeEarlyHints(fields as Record<string, string | string[]>);
}

/** The end behind all of it. */
export function answerEnd(response: HostResponse, from: IncomingMessage): void {
  if (from.rawTrailers.length > 0) response.addTrailers(plain(from.rawTrailers));
  response.end();
}

/** By names in small letters: Node looks for `link` so. */
function plain(raw: readonly string[]): OutgoingHttpHeaders {
  return Object.fromEntries(Array.from(byName(raw), ([key, { values }]) => [key, values.length === 1 ? values[0] : values]));
}

/** No request was made of it: the proxy's own page for `status`. */
export function answerPage(response: HostResponse, status: number): void {
  const { reason, body } = errorReply(status);
  response.statusCode = status;
  if (response.stream === undefined) {
    response.statusMessage = reason;
    response.setHeader('connection', 'close');
  }
  response.setHeader('cache-control', 'no-cache');
  response.setHeader('content-type', 'text/html');
  response.setHeader('content-length', Buffer.byteLength(body));
  response.end(body);
}

/** Ends it in a way that nobody takes for a clean end (RFC 9112 8, RFC 9113 8.1). */
export function cut(request: HostRequest, response: HostResponse): void {
  if (response.stream !== undefined) response.stream.close(StreamError.Internal);
  else reset(request);
}

function reset({ socket }: HostRequest): void {
  try {
    socket.resetAndDestroy();
  } catch {
    // Not a TCP socket: a TLS or unix one has no reset of its own in Node.
    socket.destroy();
  }
}
