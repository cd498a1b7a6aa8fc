import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { HTTPLOG, TCPLOG } from '../../src/config/keywords/log-style.ts';
import type { Config } from '../../src/config/model.ts';
import { Head } from '../../src/http/head.ts';
import type { AccessRecord } from '../../src/proxy/types.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { Notes } from '../../src/rules/notes.ts';
import { AccessLogWriter, connectLine, httpLine, tcpLine } from '../../src/stats/access-log.ts';
import { LogSinks } from '../../src/stats/log-sinks.ts';
import { contextOf } from '../rules/support.ts';
import { PLACE } from '../support/config.ts';
import { logFacts } from '../support/log-facts.ts';
import { logTarget, makeFrontend, proxyConfig } from './objects.ts';
import { FakeStream } from './streams.ts';

const logs = [logTarget()];
const frontend = makeFrontend(proxyConfig('web', 'frontend', { logs }));
/** Of this machine's zone, so that the line reads the same everywhere. */
const START = new Date(2026, 10, 21, 0, 27, 7, 285).getTime();

function record(changes: Partial<AccessRecord> = {}): AccessRecord {
  const facts = logFacts({ wallStart: START, wallReady: START });
  const context = contextOf(new Head(), { facts });
  return { ...facts, frontend, context, unread: false, ...changes };
}

const nowhere = { backendName: 'web', serverName: '<NOSRV>' };
const unread = {
  ...nowhere,
  timeRequest: -1,
  timeQueue: -1,
  timeConnect: -1,
  timeResponse: -1,
  bytesToClient: 0,
  requestLine: '<BADREQ>',
};
const unrouted = { ...nowhere, timeQueue: -1, timeConnect: -1, timeResponse: -1, timeActive: 0 };

/** What HAProxy 2.6 wrote for the same thing (manual 8.2.3), behind the address and the date. */
const CASES: readonly (readonly [what: string, changes: Partial<AccessRecord>, line: string])[] = [
  ['a plain request', {}, 'web app/w1 0/0/0/1/1 200 154 - - ---- 1/1/0/0/0 0/0 "GET / HTTP/1.1"'],
  [
    'a malformed request',
    { ...unread, timeActive: 0, status: 400, termination: 'PR--' },
    'web web/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>"',
  ],
  [
    'a request that came too slowly',
    { ...unread, timeActive: 3001, status: 408, termination: 'cR--' },
    'web web/<NOSRV> -1/-1/-1/-1/3001 408 0 - - cR-- 1/1/0/0/0 0/0 "<BADREQ>"',
  ],
  [
    'a denied request',
    { ...unrouted, status: 403, bytesToClient: 192, termination: 'PR--', requestLine: 'GET /deny HTTP/1.1' },
    'web web/<NOSRV> 0/-1/-1/-1/0 403 192 - - PR-- 1/1/0/0/0 0/0 "GET /deny HTTP/1.1"',
  ],
  [
    'the statistics',
    { ...nowhere, serverName: '<STATS>', timeResponse: 0, timeActive: 0, bytesToClient: 110751, termination: 'LR--' },
    'web web/<STATS> 0/0/0/0/0 200 110751 - - LR-- 1/1/0/0/0 0/0 "GET / HTTP/1.1"',
  ],
  [
    'no server up',
    { ...unrouted, backendName: 'app', status: 503, bytesToClient: 217, termination: 'SC--' },
    'web app/<NOSRV> 0/-1/-1/-1/0 503 217 - - SC-- 1/1/0/0/0 0/0 "GET / HTTP/1.1"',
  ],
  [
    'a refused connection after two retries',
    { timeConnect: -1, timeResponse: -1, timeActive: 1001, status: 503, bytesToClient: 217, termination: 'SC--', retries: 2 },
    'web app/w1 0/0/-1/-1/1001 503 217 - - SC-- 1/1/0/0/2 0/0 "GET / HTTP/1.1"',
  ],
  [
    'another server after a failed one',
    { retries: 1, redispatched: true },
    'web app/w1 0/0/0/1/1 200 154 - - ---- 1/1/0/0/+1 0/0 "GET / HTTP/1.1"',
  ],
  [
    'a client that left the queue',
    {
      serverName: '<NOSRV>',
      timeQueue: 200,
      timeConnect: -1,
      timeResponse: -1,
      timeActive: 200,
      status: -1,
      bytesToClient: 0,
      termination: 'CQ--',
      actconn: 2,
      feconn: 2,
      beconn: 1,
      backendQueue: 1,
    },
    'web app/<NOSRV> 0/200/-1/-1/200 -1 0 - - CQ-- 2/2/1/0/0 0/1 "GET / HTTP/1.1"',
  ],
];

for (const [what, changes, line] of CASES) {
  test(`${what} is logged as HAProxy logs it`, () => {
    assert.equal(httpLine(record(changes)), `127.0.0.1:54610 [21/Nov/2026:00:27:07.285] ${line}`);
  });
}

/** What the manual says that the options stand for, and lines that are written by hand. */
const COMPILED = [
  ['httplog', HTTPLOG, httpLine],
  ['tcplog', TCPLOG, tcpLine],
] as const;

for (const [name, format, byHand] of COMPILED) {
  test(`option ${name} is its log-format`, () => {
    const style = { ...frontend.config.logStyle, format: { place: PLACE, text: format } };
    const { log } = compileRules(proxyConfig('web', 'frontend', { logFormat: 'custom', logStyle: style }), ({ message }) =>
      assert.fail(message),
    );
    const notes = Object.assign(new Notes(), { requestCookie: 'a=1' });
    notes.request.push('x|y', undefined);
    notes.response.length = 1;
    const odd: readonly Partial<AccessRecord>[] = [{ notes }, { early: true, redispatched: true }, { requestLine: 'GET /"#\x80 HTTP/1.0' }];
    for (const changes of [...CASES.map(([, found]) => found), ...odd]) {
      const facts = record(changes);
      assert.equal(log?.line?.(contextOf(new Head(), { facts })), byHand(facts));
    }
  });
}

test('the date has three digits of milliseconds and follows the request, not the clock', () => {
  assert.match(httpLine(record({ wallStart: START - 285 })), /\[21\/Nov\/2026:00:27:07\.000\]/);
  assert.match(httpLine(record({ wallStart: START + 60_000 })), /\[21\/Nov\/2026:00:28:07\.285\]/);
  assert.match(httpLine(record({ wallStart: START - 278 })), /\[21\/Nov\/2026:00:27:07\.007\]/);
});

test('option tcplog writes what HAProxy writes, from when the request was waited for', () => {
  const tcp = makeFrontend(proxyConfig('tcp1', 'frontend', { logs, logFormat: 'tcplog' }));
  const own = { frontend: tcp, backendName: 'tcp1', serverName: 't1', clientPort: 33900 };
  const wallReady = new Date(2026, 10, 21, 0, 30, 37, 576).getTime();
  const plain = { ...own, wallReady, timeQueue: 1, timeTotal: 1, bytesToClient: 192, actconn: 2 };
  assert.equal(tcpLine(record(plain)), '127.0.0.1:33900 [21/Nov/2026:00:30:37.576] tcp1 tcp1/t1 1/0/1 192 -- 2/1/0/0/0 0/0');
  const bad = { ...own, ...unread, backendName: 'tcp1', wallReady, timeTotal: 0, termination: 'PR--' };
  assert.equal(tcpLine(record(bad)), '127.0.0.1:33900 [21/Nov/2026:00:30:37.576] tcp1 tcp1/<NOSRV> -1/-1/0 0 PR 1/1/0/0/0 0/0');
});

test('a request line cannot end its quotes, its line or the log reader', () => {
  const logged = (requestLine: string) => / "(.*)"$/.exec(httpLine(record({ requestLine })))?.[1];
  assert.equal(logged('GET /q"b#c\r\n\x7f\xe9 HTTP/1.1'), 'GET /q#22b#23c#0D#0A#7F#E9 HTTP/1.1');
  assert.equal(logged('GET /{|}~\\ HTTP/1.1'), 'GET /{|}~\\ HTTP/1.1');
});

test('without option httplog the connection is logged', () => {
  const at = { clientAddress: '127.0.0.1', clientPort: 46608, localAddress: '127.0.0.1', localPort: 29873, frontend };
  assert.equal(connectLine(at), 'Connect from 127.0.0.1:46608 to 127.0.0.1:29873 (web/HTTP)');
  const unix = { ...at, clientAddress: 'unix', clientPort: 7 };
  assert.equal(connectLine(unix), 'Connect to unix:7 (web/HTTP)');
  const relayed = makeFrontend(proxyConfig('t2', 'frontend', { mode: 'tcp' }));
  assert.equal(connectLine({ ...unix, frontend: relayed }), 'Connect to unix:7 (t2/TCP)');
});

test('httplog and tcplog decide which line is written', () => {
  const stream = new FakeStream();
  const sinks = new LogSinks({ pid: 1, hostname: 'h', stream: () => stream, warn: assert.fail });
  const writer = new AccessLogWriter(sinks);
  const plain = makeFrontend(proxyConfig('plain', 'frontend', { logs, logFormat: 'none' }));
  const tcp = makeFrontend(proxyConfig('tcp', 'frontend', { logs, logFormat: 'tcplog' }));
  const at = { clientAddress: '::1', clientPort: 5, localAddress: '::1', localPort: 80 };
  writer.exchange(record());
  writer.exchange(record({ frontend: tcp }));
  writer.connect({ ...at, frontend });
  writer.connect({ ...at, frontend: plain });
  writer.connect({ ...at, frontend: tcp });
  sinks.flush();
  assert.equal(stream.text, `${httpLine(record())}\n${tcpLine(record({ frontend: tcp }))}\n${connectLine({ ...at, frontend: plain })}\n`);
});

const halog = spawnSync('halog', ['-h']);
const skip = halog.error === undefined ? false : 'halog is not installed (Debian: apt-get install haproxy)';

test('halog reads the lines without a parsing error', { skip }, () => {
  const lines = CASES.map(([, changes]) => `${httpLine(record(changes))}\n`).join('');
  const run = (...args: string[]): string => {
    const { stdout, stderr, status } = spawnSync('halog', ['-s', '-4', ...args], { input: lines, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^9 lines in, \d+ lines out, 0 parsing errors/m, stderr);
    assert.doesNotMatch(stderr, /Truncated/);
    return stdout;
  };
  assert.match(run('-H', '-st'), /^200 3$/m);
  assert.match(run('-H', '-tc'), /^SC 2$/m);
  assert.match(run('-H', '-srv'), /^app\/w1 /m);
  assert.match(run('-H', '-u'), /^\d+ .*\/deny/m);
});

test('the configuration names who logs', () => {
  const stream = new FakeStream();
  const sinks = new LogSinks({ pid: 4711, hostname: 'h', stream: () => stream, warn: assert.fail });
  const targets = [logTarget({ format: 'local' })];
  sinks.setTargets({ global: { logs: targets, logTag: 'edge' }, proxies: [] } as unknown as Config);
  sinks.send(targets, 6, 'hello');
  sinks.flush();
  assert.match(stream.text, /^<134>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d edge\[4711\]: hello\n$/);
});
