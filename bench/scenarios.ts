/** What is asked of every proxy. Each scenario is one shape of request, always from 64 connections at once. */

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** `/` answers a few bytes; `/64k` and `/1m` are that long. */
  readonly path: string;
  /** One access log line per request, to a UDP port that takes them all. */
  readonly log: boolean;
  /** A script for wrk where a plain GET will not do. */
  readonly lua: string;
}

export const bodySizes: Readonly<Record<string, number>> = { '64k': 64 << 10, '1m': 1 << 20 };
const postBytes = 16 << 10;

export const scenarios: readonly Scenario[] = [
  { name: 'small', title: 'small response, keep-alive', path: '/', log: false, lua: '' },
  { name: 'httplog', title: 'small response, keep-alive, option httplog to UDP', path: '/', log: true, lua: '' },
  { name: '64k', title: '64 KiB response, keep-alive', path: '/64k', log: false, lua: '' },
  { name: '1m', title: '1 MiB response, keep-alive', path: '/1m', log: false, lua: '' },
  {
    name: 'post',
    title: 'POST of 16 KiB, keep-alive',
    path: '/',
    log: false,
    lua: `wrk.method = "POST"\nwrk.body = string.rep("x", ${postBytes})\nwrk.headers["Content-Type"] = "application/octet-stream"\n`,
  },
  {
    name: 'connect',
    title: 'small response, a new connection per request',
    path: '/',
    log: false,
    lua: 'wrk.headers["Connection"] = "close"\n',
  },
];
