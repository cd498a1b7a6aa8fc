/** Clients of a host of each kind. */

import { once } from 'node:events';
import { type IncomingMessage, type RequestListener, request } from 'node:http';
import http2, { type ClientHttp2Session, type IncomingHttpHeaders, type SecureClientSessionOptions } from 'node:http2';
import https from 'node:https';
import { tlsText } from '../support/tls.ts';
import type { Host, Kind } from './embedded-rig.ts';

export interface Echo {
  readonly method: string;
  readonly url: string;
  readonly lines: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly trailers: Readonly<Record<string, string>>;
}

/** Answers with what it was asked. */
export const echo: RequestListener = async (asked, response) => {
  let body = '';
  for await (const chunk of asked.setEncoding('latin1')) body += chunk;
  const { method, url, rawHeaders: lines, headers, trailers } = asked;
  response.end(JSON.stringify({ method, url, lines, headers, body, trailers }));
};

export async function bodyOf(from: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of from.setEncoding('utf8')) text += chunk;
  return text;
}

interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: Readonly<Record<string, unknown>>;
}

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
}

async function overOne(host: Host, kind: Kind, { method = 'GET', path = '/', headers = {}, body }: Asked): Promise<Got> {
  const send = kind === 'http' ? request : https.request;
  const outgoing = send({
    host: '127.0.0.1',
    port: host.port,
    method,
    path,
    headers,
    agent: false,
    ca: tlsText('ca'),
    maxHeaderSize: 65_536,
  });
  // A reset behind the head is told to both.
  const response = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  outgoing.on('error', () => {});
  // As bytes: with a text Node would write the head in UTF-8, too.
  outgoing.end(body === undefined ? undefined : Buffer.from(body));
  const [got] = await response;
  const text = await bodyOf(got);
  return { status: got.statusCode ?? 0, headers: got.headers, body: text, trailers: got.trailers };
}

export async function withSession<T>(
  host: Host,
  kind: Kind,
  story: (session: ClientHttp2Session) => Promise<T>,
  more: SecureClientSessionOptions = {},
): Promise<T> {
  const scheme = kind === 'http2' ? 'http' : 'https';
  const session = http2.connect(`${scheme}://127.0.0.1:${host.port}`, { ca: tlsText('ca'), ...more });
  session.on('error', () => {});
  try {
    return await story(session);
  } finally {
    session.destroy();
  }
}

export function overTwo(host: Host, kind: Kind, { method = 'GET', path = '/', headers = {}, body }: Asked): Promise<Got> {
  return withSession(host, kind, async (session) => {
    const stream = session.request({ ':method': method, ':path': path, ...headers }, { endStream: body === undefined });
    let trailers = {};
    stream.on('trailers', (got) => {
      trailers = got;
    });
    if (body !== undefined) stream.end(body);
    const [head] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    const text = await bodyOf(stream);
    return { status: Number(head[':status']), headers: head, body: text, trailers };
  });
}

export const KINDS: readonly Kind[] = ['http', 'https', 'http2', 'http2s'];

export function over(host: Host, kind: Kind, asked: Asked = {}): Promise<Got> {
  return kind.startsWith('http2') ? overTwo(host, kind, asked) : overOne(host, kind, asked);
}
