/** What is asked of every proxy. Each scenario is one shape of request, from so many connections at once. */

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** `/` answers a few bytes; `/64k` and `/1m` are that long. */
  readonly path: string;
  /** One access log line per request, to a UDP port that takes them all. */
  readonly log: boolean;
  readonly connections: number;
  /** Bytes of the request's body; 0 is a GET. */
  readonly postBytes: number;
  /** False: the client asks for a new connection each time. */
  readonly keepAlive: boolean;
}

export const bodySizes: Readonly<Record<string, number>> = { '64k': 64 << 10, '1m': 1 << 20 };

const usual = { path: '/', log: false, connections: 64, postBytes: 0, keepAlive: true } as const;

export const scenarios: readonly Scenario[] = [
  { ...usual, name: 'small', title: 'small response, keep-alive' },
  { ...usual, name: 'httplog', title: 'small response, keep-alive, option httplog to UDP', log: true },
  { ...usual, name: '64k', title: '64 KiB response, keep-alive', path: '/64k' },
  { ...usual, name: '1m', title: '1 MiB response, keep-alive', path: '/1m' },
  { ...usual, name: 'post', title: 'POST of 16 KiB, keep-alive', postBytes: 16 << 10 },
  { ...usual, name: 'connect', title: 'small response, a new connection per request', keepAlive: false },
  { ...usual, name: 'conns1000', title: 'small response, 1,000 keep-alive connections', connections: 1000 },
];

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
