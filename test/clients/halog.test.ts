/**
 * halog, HAProxy's own reader of its logs, over what Fairlead logs of requests that end in many ways: it must read every
 * line, and make the tables that it makes of HAProxy's log of the same requests.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { Socket } from 'node:net';
import { before, describe, it } from 'node:test';
import { Side } from '../haproxy/side-by-side.ts';
import { type LogReceiver, receiveUdp } from '../support/syslog.ts';
import { startRawUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { installed, missing } from './programs.ts';

const skip = missing('halog', 'haproxy');

const configuration = (port: number, server: string): string => `
global
 nbthread 1
 stats socket %DIR%/ctl
 log stdout format raw local0
 log 127.0.0.1:${port} format rfc3164 local0
defaults
 mode http
 log global
 option httplog
 timeout connect 2s
 timeout client 5s
 timeout server 300ms
 timeout queue 100ms
 timeout http-request 300ms
 timeout tarpit 50ms
 retries 0
frontend www
 bind unix@%DIR%/www
 capture request header Host len 10
 capture request header X-None len 10
 capture response header Content-Length len 10
 capture cookie SID len 8
 http-request deny if { path /denied }
 http-request redirect location /elsewhere if { path /moved }
 http-request return status 200 if { path /returned }
 http-request tarpit if { path /tarpit }
 http-request reject if { path /rejected }
 http-response deny if { status 418 }
 use_backend refused if { path /refused }
 use_backend nobody if { path /nobody }
 use_backend one if { path_beg /one }
 default_backend app
backend app
 server s1 ${server}
backend refused
 server r1 127.0.0.1:1
backend nobody
backend one
 timeout server 5s
 server q1 ${server} maxconn 1`;

const ok = (status: string, body = 'ok'): string => `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** What the server does with a request for this path. */
const SERVER: Readonly<Record<string, (socket: Socket) => void>> = {
  '/404': (socket) => socket.write(ok('404 Not Found')),
  '/503': (socket) => socket.write(ok('503 Service Unavailable')),
  '/418': (socket) => socket.write(ok("418 I'm a teapot")),
  '/304': (socket) => socket.write('HTTP/1.1 304 Not Modified\r\n\r\n'),
  '/closes': (socket) => socket.end(),
  '/junk': (socket) => socket.end('SSH-2.0-OpenSSH\r\n\r\n'),
  '/cut': (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'),
  '/silent': () => {},
  '/stalls': (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'),
  '/one/held': (socket) => held.push(socket),
};

/** Who waits for an answer to `/one/held`. */
const held: Socket[] = [];

async function startServer(): Promise<Upstream> {
  return startRawUpstream((socket) => {
    let received = '';
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      received += bytes.toString('latin1');
      for (let end = received.indexOf('\r\n\r\n'); end >= 0; end = received.indexOf('\r\n\r\n')) {
        const path = received.split(' ', 2)[1] ?? '';
        received = received.slice(end + 4);
        const act = SERVER[path.split('?', 1)[0] ?? ''];
        if (act === undefined) socket.write(ok('200 OK'));
        else act(socket);
      }
    });
  });
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\nCookie: SID=abc\r\n\r\n`;

/** What clients do: paths that are asked for on a connection each, and more. */
const PATHS = [
  ...['/', '/', '/404', '/503', '/304', '/with?a=1', '/with?a=2', '/closes', '/junk', '/cut', '/silent', '/stalls'],
  ...['/denied', '/moved', '/returned', '/tarpit', '/rejected', '/418', '/refused', '/nobody', `/${'x'.repeat(700)}`, '/quote"and#hash'],
];

const STORIES: readonly ((side: Side) => Promise<void>)[] = [
  ...PATHS.map((path) => async (side: Side) => {
    await side.ask('www', get(path));
  }),
  async (side) => {
    await side.ask('www', get('/kept'), get('/kept'), get('/404'));
  },
  async (side) => {
    await side.ask('www', 'GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n');
  },
  /** The head never ends: 408. */
  async (side) => {
    await side.ask('www', 'GET /slow HTTP/1.1\r\nHost:');
  },
  /** Leaves inside the head. */
  async (side) => {
    const client = side.client('www');
    client.socket.end('GET /left HTTP/1.1\r\n');
    await client.rest();
  },
  /** Leaves inside the answer. */
  async (side) => {
    const client = side.client('www');
    client.socket.write(get('/stalls'));
    await until('the answer begins', () => client.received.includes('abc'));
    client.close();
  },
  /** Waits for a server that another one keeps. */
  async (side) => {
    const first = side.client('www');
    first.socket.write(get('/one/held'));
    const server = await until('the server has it', () => held.pop());
    await side.ask('www', get('/one/late'));
    server.write(ok('200 OK'));
    await first.say('');
    first.close();
  },
];

/** As rsyslog writes a file of them. */
function asFile(datagrams: readonly string[]): string {
  return datagrams.map((line) => line.replace(/^<\d+>/, '')).join('');
}

interface Log {
  readonly raw: string;
  readonly syslog: string;
}

const accessLines = (text: string): readonly string[] => text.match(/^unix:1 .*\n/gm) ?? [];

async function record(name: Side['name'], server: string): Promise<Log> {
  const receiver: LogReceiver & { readonly port: number } = await receiveUdp();
  const side = await Side.start(name, configuration(receiver.port, server));
  try {
    let lines = 0;
    for (const story of STORIES) {
      await story(side);
      // One after the other: both write their lines in this order.
      lines = await until(`a line of ${story} by ${name}`, () => {
        const { length } = accessLines(side.output);
        return length > lines ? length : undefined;
      });
    }
    // Those with several requests.
    const expected = STORIES.length + 3;
    await until(`all lines of ${name} have come`, () => Math.min(accessLines(side.output).length, receiver.lines.length) >= expected);
    return { raw: accessLines(side.output).join(''), syslog: asFile(receiver.lines) };
  } finally {
    await side.stop();
    await receiver.stop();
  }
}

/** Which columns of the table are the same wherever it is made; times are not. */
const TABLES: readonly { readonly options: string; readonly columns?: readonly number[] }[] = [
  { options: '-srv', columns: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] },
  { options: '-H -srv', columns: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] },
  ...[
    '-st',
    '-tc',
    '-cc',
    '-c',
    '-H -c',
    '-e -c',
    '-E -c',
    '-Q -c',
    '-QS -c',
    '-hs 500:599 -c',
    '-HS 200: -c',
    '-tcn SH -c',
    '-TCN -- -c',
    '-hdr 1:1',
    '-hdr 2:1',
  ].map((options) => ({ options })),
  ...['-u', '-uc', '-ue', '-ut', '-ua', '-uto', '-uao', '-uba', '-ubt', '-uc -query'].map((options) => ({
    options,
    columns: [0, 1, 6, 7, 8],
  })),
  { options: '-pct', columns: [0] },
];

function halog(
  log: string,
  options: readonly string[],
  columns?: readonly number[],
): { readonly rows: readonly string[]; readonly said: string } {
  const { stdout, stderr, status } = spawnSync(installed('halog') ?? '', options, { input: log, encoding: 'latin1' });
  assert.equal(status, 0, stderr);
  const rows = stdout.split('\n').map((row) => (columns === undefined ? row : columns.map((column) => row.split(' ')[column]).join(' ')));
  return { rows: rows.sort(), said: stderr };
}

describe('halog', { skip }, () => {
  const logs = new Map<Side['name'], Log>();
  const of = (name: Side['name']): Log => logs.get(name) as Log;

  before(async () => {
    if (skip !== false) return;
    const server = await startServer();
    try {
      for (const name of ['haproxy', 'fairlead'] as const) logs.set(name, await record(name, server.address));
    } finally {
      await server.stop();
    }
  });

  for (const [form, skipped] of [
    ['raw', ['-s', '-4']],
    ['syslog', []],
  ] as const) {
    for (const { options, columns } of TABLES) {
      it(`${options} reads every line of a ${form} log, as HAProxy's`, () => {
        const words = [...skipped, ...options.split(' ')];
        const theirs = halog(of('haproxy')[form], words, columns);
        const ours = halog(of('fairlead')[form], words, columns);
        assert.deepEqual(ours, theirs);
        assert.ok(ours.rows.length > 1);
        assert.match(ours.said, /^(?:\d+ lines in, \d+ lines out, 0 parsing errors\n)?$/);
      });
    }
  }
});
