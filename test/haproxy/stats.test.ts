/** Our statistics beside those of the real HAProxy, over the same configuration. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { StatsEndpoint } from '../../src/admin/stats-endpoint.ts';
import { monotonic } from '../../src/core/clock.ts';
import { Head } from '../../src/http/head.ts';
import type { Reply } from '../../src/proxy/types.ts';
import { pairProxies } from '../../src/stats/rows.ts';
import { CHECK, makeBackend, makeFrontend, makeListener, proxyConfig, serverConfig, statsConfig } from '../stats/objects.ts';
import { parseStats, type StatsRow } from '../support/stats.ts';
import { until } from '../support/wait.ts';

const found = spawnSync('haproxy', ['-v'], { encoding: 'utf8' });
const skip = /version 2\.6\./.test(found.stdout ?? '') ? false : 'HAProxy 2.6 is not installed (Debian 12: apt-get install haproxy)';

let folder = '';
let haproxy: ChildProcess | undefined;

/** Port 1 of the loopback refuses connections. */
const CONFIG = (socket: string): string => `
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
frontend web
    bind unix@${socket} name main
    option socket-stats
    maxconn 100
    default_backend app
    stats uri /admin?stats
    stats realm Haproxy\\ Statistics
    stats admin if TRUE
frontend locked
    bind unix@${socket}.locked
    maxconn 100
    stats uri /admin?stats
    stats realm Haproxy\\ Statistics
    stats auth admin:joypass123
backend app
    retries 0
    server down 127.0.0.1:1 check inter 100ms
    server plain 127.0.0.1:1 maxconn 32 maxqueue 5
    server maint 127.0.0.1:1 check disabled
    server spare 127.0.0.1:1 backup weight 10
backend empty
`;

before(async () => {
  if (skip !== false) return;
  folder = mkdtempSync(join(tmpdir(), 'fairlead-haproxy-'));
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, CONFIG(join(folder, 'web')));
  haproxy = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' });
  await until('HAProxy has found its server down', async () => {
    const row = parseStats((await askHaproxy('/admin?stats;csv')).body).find(({ svname }) => svname === 'down');
    return row?.status === 'DOWN' && row.check_status === 'L4CON';
  });
});

after(async () => {
  if (haproxy !== undefined && haproxy.exitCode === null) {
    haproxy.kill('SIGKILL');
    await once(haproxy, 'exit');
  }
  if (folder !== '') rmSync(folder, { recursive: true });
});

/** The whole answer over one connection, chunks joined. */
async function askHaproxy(
  target: string,
  socket = 'web',
  method = 'GET',
  form = '',
): Promise<{ readonly head: string; readonly body: string }> {
  const client = connect(join(folder, socket));
  const more = method === 'POST' ? `content-length: ${form.length}\r\n` : '';
  client.write(`${method} ${target} HTTP/1.1\r\nhost: x\r\n${more}connection: close\r\n\r\n${form}`);
  let text = '';
  for await (const bytes of client) text += bytes.toString();
  const end = text.indexOf('\r\n\r\n') + 4;
  const body = text.slice(end);
  const head = text.slice(0, end);
  return { head, body: /transfer-encoding: chunked/.test(head) ? unchunk(body) : body };
}

function unchunk(text: string): string {
  let body = '';
  for (let at = 0; ; ) {
    const line = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, line), 16);
    if (!(size > 0)) return body;
    body += text.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}

/** The same proxies as ours, in the same state. */
function ours() {
  const now = monotonic();
  const stats = statsConfig({ realm: 'Haproxy Statistics', admin: [{ place: { file: 'test.cfg', line: 1 }, words: ['if', 'TRUE'] }] });
  const web = makeFrontend(proxyConfig('web', 'frontend', { id: 1, socketStats: true, stats }));
  web.listeners = [
    makeListener(web, 1, { name: 'main', address: { kind: 'unix', path: '/x', mode: undefined, user: undefined, group: undefined } }),
  ];
  const users = [{ user: 'admin', password: 'joypass123' }];
  const locked = makeFrontend(proxyConfig('locked', 'frontend', { id: 2, stats: { ...stats, auth: users } }));
  const to = { address: '127.0.0.1', port: 1 };
  const app = makeBackend(proxyConfig('app', 'backend', { id: 3 }), [
    serverConfig('down', { ...to, check: CHECK }),
    serverConfig('plain', { ...to, maxconn: 32, maxqueue: 5 }),
    serverConfig('maint', { ...to, check: CHECK, disabled: true }),
    serverConfig('spare', { ...to, backup: true, weight: 10 }),
  ]);
  app.servers[0]?.setVerdict({ code: 'L4CON', passed: false, status: -1, info: 'Connection refused', duration: 0 }, now);
  const empty = makeBackend(proxyConfig('empty', 'backend', { id: 4, fullconn: 1 }), []);
  const endpoint = new StatsEndpoint({
    facts: { version: '0', released: '', pid: 1, node: '', startedAt: 0, maxconn: 1, connections: () => 0, idle: () => 100 },
    proxies: () => pairProxies([web.config, locked.config, app.config, empty.config], [web, locked], [app, empty]),
    admits: () => true,
  });
  const ask = (frontend: typeof web, target: string, method = 'GET', form = ''): Reply => {
    const request = new Head();
    request.method = method;
    request.target = target;
    const context = { request, response: undefined, frontend: frontend.name, backend: undefined, server: undefined, disableL7Retry: false };
    const addresses = { clientAddress: '', clientPort: 0, localAddress: '', localPort: 0 };
    const reply = endpoint.handle({ frontend, backend: undefined }, { ...context, ...addresses }, Buffer.from(form));
    assert.ok(reply);
    return reply;
  };
  return { ask, web, locked, app };
}

const { ask, web, locked, app } = ours();

function bothRows(theirs: string): readonly (readonly [StatsRow, StatsRow])[] {
  const mine = parseStats(ask(web, '/admin?stats;csv').body.toString());
  const others = parseStats(theirs);
  const name = (row: StatsRow): string => `${row.pxname}/${row.svname}`;
  assert.deepEqual(mine.map(name), others.map(name));
  return mine.map((row, index) => [row, others[index] as StatsRow] as const);
}

test('the header is the same up to the mark', { skip }, async () => {
  const theirs = (await askHaproxy('/admin?stats;csv')).body.split('\n')[0] ?? '';
  const mine = ask(web, '/admin?stats;csv').body.toString().split('\n')[0] ?? '';
  assert.equal(mine.split(',').length, 105);
  assert.ok(theirs.startsWith(mine), mine);
});

test('the same rows have values in the same columns', { skip }, async () => {
  for (const [mine, other] of bothRows((await askHaproxy('/admin?stats;csv')).body)) {
    for (const [column, value] of Object.entries(mine)) {
      assert.equal(value === '', other[column] === '', `${column} of ${mine.pxname}/${mine.svname}: "${value}" beside "${other[column]}"`);
    }
  }
});

/** What depends on the clock, on who has asked, or on how connections are kept. */
const FLUID = new Set(['lastchg', 'downtime', 'check_duration', 'need_conn_est', 'check_status']);

test('idle servers and backends have the same values', { skip }, async () => {
  for (const [mine, other] of bothRows((await askHaproxy('/admin?stats;csv')).body)) {
    if (mine.pxname === 'web') continue;
    for (const [column, value] of Object.entries(mine)) {
      if (!FLUID.has(column)) assert.equal(value, other[column], `${column} of ${mine.pxname}/${mine.svname}`);
    }
  }
});

function asHead({ status, reason, fieldLines }: Reply, length?: number): string {
  return `HTTP/1.1 ${status} ${reason}\r\n${length === undefined ? '' : `content-length: ${length}\r\n`}${fieldLines}`;
}

/** Without what belongs to the connection. Our exchange adds content-length, HAProxy's place for it differs. */
function sorted(head: string): string[] {
  const [start = '', ...fields] = head.trimEnd().split('\r\n');
  return [start, ...fields.filter((line) => !/^(connection|transfer-encoding):/.test(line)).sort()];
}

test('the answer to missing credentials is the same', { skip }, async () => {
  const theirs = await askHaproxy('/admin?stats', 'web.locked');
  const mine = ask(locked, '/admin?stats');
  assert.equal(mine.body.toString(), theirs.body);
  assert.deepEqual(sorted(asHead(mine, mine.body.length)), sorted(theirs.head));
});

test('the answers to reading and to changing have the same fields', { skip }, async () => {
  for (const target of ['/admin?stats', '/admin?stats;csv', '/admin?stats;json', '/admin?stats/;csv;norefresh']) {
    assert.deepEqual(sorted(asHead(ask(web, target))), sorted((await askHaproxy(target)).head), target);
  }
  for (const form of [
    's=plain&action=ready&b=app',
    's=plain&action=ready&b=#3',
    's=nope&action=ready&b=app',
    's=plain',
    's=plain&action=x&b=app',
  ]) {
    const theirs = await askHaproxy('/admin?stats', 'web', 'POST', form);
    assert.deepEqual(sorted(asHead(ask(web, '/admin?stats', 'POST', form), 0)), sorted(theirs.head), form);
  }
});

test('a session dates its server and its backend, and nobody else', { skip }, async () => {
  const { body } = await askHaproxy('/');
  assert.match(body, /503 Service Unavailable/);
  const client = {
    awaited: undefined,
    serverQueue: 0,
    backendQueue: 0,
    onSlot: () => assert.fail(),
    onQueueTimeout: () => assert.fail(),
    onRedistributed: () => assert.fail(),
  };
  const server = app.assign(client, 0, undefined);
  assert.ok(typeof server !== 'string');
  app.release(server);
  const dated = (rows: readonly StatsRow[]) =>
    rows.filter(({ lastsess }) => lastsess !== '' && lastsess !== '-1').map(({ svname }) => svname);
  const rows = bothRows((await askHaproxy('/admin?stats;csv')).body);
  assert.deepEqual(dated(rows.map(([mine]) => mine)), ['plain', 'BACKEND']);
  assert.deepEqual(dated(rows.map(([, other]) => other)), ['plain', 'BACKEND']);
});
