/** What is asked of every proxy. Each scenario is one shape of request, from so many connections at once. */

/** What clients speak: HTTP/1.1 in clear text or over TLS, HTTP/2 by prior knowledge or over TLS. */
export type Wire = 'clear' | 'tls' | 'h2c' | 'h2';

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** `/` answers a few bytes; `/64k` and `/1m` are that long. */
  readonly path: string;
  /** One access log line per request, to a UDP port that takes them all. */
  readonly log: boolean;
  readonly connections: number;
  readonly wire: Wire;
  /** The key of the proxy's certificate. */
  readonly key: 'rsa' | 'ecdsa';
  /** Requests at a time on each connection, above 1 with HTTP/2 alone. */
  readonly streams: number;
  /** Bytes of the request's body; 0 is a GET. */
  readonly postBytes: number;
  /** False: the client asks for a new connection each time. */
  readonly keepAlive: boolean;
}

export const bodySizes: Readonly<Record<string, number>> = { '64k': 64 << 10, '1m': 1 << 20 };

const usual = { path: '/', log: false, connections: 64, postBytes: 0, keepAlive: true, wire: 'clear', key: 'rsa', streams: 1 } as const;

export const scenarios: readonly Scenario[] = [
  { ...usual, name: 'small', title: 'small response, keep-alive' },
  { ...usual, name: 'httplog', title: 'small response, keep-alive, option httplog to UDP', log: true },
  { ...usual, name: '64k', title: '64 KiB response, keep-alive', path: '/64k' },
  { ...usual, name: '1m', title: '1 MiB response, keep-alive', path: '/1m' },
  { ...usual, name: 'post', title: 'POST of 16 KiB, keep-alive', postBytes: 16 << 10 },
  { ...usual, name: 'connect', title: 'small response, a new connection per request', keepAlive: false },
  { ...usual, name: 'conns1000', title: 'small response, 1,000 keep-alive connections', connections: 1000 },
  { ...usual, name: 'tls', title: 'small response over TLS, keep-alive', wire: 'tls' },
  { ...usual, name: 'tls-64k', title: '64 KiB response over TLS, keep-alive', wire: 'tls', path: '/64k' },
  { ...usual, name: 'tls-connect', title: 'a new TLS connection per request, RSA 2048', wire: 'tls', keepAlive: false },
  {
    ...usual,
    name: 'tls-connect-ecdsa',
    title: 'a new TLS connection per request, ECDSA P-256',
    wire: 'tls',
    keepAlive: false,
    key: 'ecdsa',
  },
  { ...usual, name: 'h2', title: 'HTTP/2 over TLS, 8 connections of 8 streams', wire: 'h2', connections: 8, streams: 8 },
  { ...usual, name: 'h2-single', title: 'HTTP/2 over TLS, 64 connections of one stream', wire: 'h2' },
  {
    ...usual,
    name: 'h2-64k',
    title: '64 KiB response, HTTP/2 over TLS, 8 connections of 8 streams',
    wire: 'h2',
    path: '/64k',
    connections: 8,
    streams: 8,
  },
  {
    ...usual,
    name: 'h2-post',
    title: 'POST of 16 KiB, HTTP/2 over TLS, 8 connections of 8 streams',
    wire: 'h2',
    postBytes: 16 << 10,
    connections: 8,
    streams: 8,
  },
  { ...usual, name: 'h2c', title: 'HTTP/2 in clear text, 8 connections of 8 streams', wire: 'h2c', connections: 8, streams: 8 },
];

/** Of the request that a scenario repeats. */
export function urlOf({ wire, path }: Pick<Scenario, 'wire' | 'path'>, port: number): string {
  return `${wire === 'tls' || wire === 'h2' ? 'https' : 'http'}://127.0.0.1:${port}${path}`;
}

/** The scenario as a script for wrk; empty where a plain GET is meant. */
export function wrkScript({ postBytes, keepAlive }: Scenario): string {
  const lines: string[] = [];
  if (postBytes > 0) {
    lines.push('wrk.method = "POST"', `wrk.body = string.rep("x", ${postBytes})`);
    lines.push('wrk.headers["Content-Type"] = "application/octet-stream"');
  }
  if (!keepAlive) lines.push('wrk.headers["Connection"] = "close"');
  return lines.map((line) => `${line}\n`).join('');
}
