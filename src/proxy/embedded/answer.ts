/**
 * A response as it goes out by Node's objects: heads line by line, trailers, and the end that it has come to. What Node's own
 * objects would lose (lines of one name, capital letters) or not survive (fields of a connection on HTTP/2) is seen to here.
 */

import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { CONNECTION_FIELDS, SINGLE_FIELDS } from '../../http/h2-fields.ts';
import { errorReply } from '../../http/replies.ts';
import { byName, type Lines } from './carried-head.ts';
import { type HostRequest, type HostResponse, StreamError } from './host.ts';

/** Of the connection to the client Node takes care. */
const OF_THE_CONNECTION: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

/**
 * The head of `from`, said here and now: what Node's objects do not take must not come to light when the body does.
 *
 * Throws where they do not, with a code of Node's (`ERR_`): then nothing has been said.
 */
export function answerHead(response: HostResponse, from: IncomingMessage): void {
  const status = from.statusCode as number;
  const overHttp1 = response.stream === undefined;
  response.statusCode = status;
  // RFC 9113 8.3.2: there is no reason phrase.
  if (overHttp1 && from.statusMessage !== undefined) response.statusMessage = from.statusMessage;
  if (overHttp1 && /(?:^|,)\s*close\s*(?:,|$)/i.test(from.headers.connection ?? '')) response.setHeader('Connection', 'close');
  const fields = fieldsOf(response, from.rawHeaders);
  for (const { name, values } of fields.values()) response.setHeader(name, single(values));
  // What the host may have set before would frame another body.
  const other = fields.has('content-length') ? 'transfer-encoding' : 'content-length';
  if (response.hasHeader(other)) response.removeHeader(other);
  response.writeHead(status);
}

/** The proxy's own page in place of a head that could not be said. */
export function answerBadGateway(response: HostResponse, from: IncomingMessage): void {
  for (const name of byName(from.rawHeaders).keys()) response.removeHeader(name);
  answerPage(response, 502);
}

/** A response before the final one. */
export type Interim = Pick<IncomingMessage, 'statusCode' | 'rawHeaders'>;

/** 102 and 103; what a client may be told besides, Node has no way to say. Throws where Node does not take it. */
export function answerInterim(response: HostResponse, { statusCode, rawHeaders }: Interim): void {
  if (response.headersSent || response.writableEnded) return;
  const fields = plain(fieldsOf(response, rawHeaders));
  if (response.stream !== undefined) {
    if (!response.stream.destroyed) response.stream.additionalHeaders({ ...fields, ':status': statusCode as number });
  } else if (statusCode === 102) response.writeProcessing();
  else if (statusCode === 103) {
    const link = linksOf(fields.link);
    if (link.length > 0) response.writeEarlyHints({ ...(fields as Record<string, string | string[]>), link });
  }
}

/** Node takes one link in each value, and none with blanks between quotes. */
const LINK = /^<[^>]*>(?:\s*;\s*[^;"\s]+(?:=(")?[^;"\s]*\1)?)*$/;

function linksOf(value: OutgoingHttpHeaders[string]): string[] {
  const lines = Array.isArray(value) ? value : [String(value ?? '')];
  const links = lines.flatMap((line) => line.match(/(?:<[^>]*>|"[^"]*"|[^,"<])+/g) ?? []);
  return links.map((link) => link.trim()).filter((link) => LINK.test(link));
}

/** The end behind all of it. */
export function answerEnd(response: HostResponse, from: IncomingMessage): void {
  if (from.rawTrailers.length > 0) response.addTrailers(plain(fieldsOf(response, from.rawTrailers)));
  response.end();
}

/** What of `raw` its client is told. */
function fieldsOf({ stream }: HostResponse, raw: readonly string[]): ReadonlyMap<string, Lines> {
  const fields = new Map<string, Lines>();
  for (const [key, { name, values }] of byName(raw)) {
    if ((stream === undefined ? OF_THE_CONNECTION : CONNECTION_FIELDS).has(key)) continue;
    const isOne = stream !== undefined && SINGLE_FIELDS.has(key);
    fields.set(key, { name, values: isOne ? values.slice(0, 1) : values });
  }
  return fields;
}

/** By names in small letters: Node looks for `link` so. */
function plain(fields: ReadonlyMap<string, Lines>): OutgoingHttpHeaders {
  return Object.fromEntries(Array.from(fields, ([key, { values }]) => [key, single(values)]));
}

function single(values: string[]): string | string[] {
  return values.length === 1 ? (values[0] as string) : values;
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
