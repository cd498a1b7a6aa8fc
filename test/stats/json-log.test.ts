/** `option jsonlog`: whatever a client sends, each line is one JSON object. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LogTarget } from '../../src/config/model.ts';
import { Notes } from '../../src/rules/notes.ts';
import { AccessLogWriter } from '../../src/stats/access-log.ts';
import { jsonLine } from '../../src/stats/json-log.ts';
import { LogSinks } from '../../src/stats/log-sinks.ts';
import { contextOf, request } from '../rules/support.ts';
import { logFacts } from '../support/log-facts.ts';
import { logTarget, makeFrontend, proxyConfig } from './objects.ts';
import { FakeStream } from './streams.ts';

function parsed(changes: Parameters<typeof logFacts>[0] = {}, mode: 'http' | 'tcp' = 'http', unread = false): unknown {
  const facts = logFacts({ wallStart: Date.UTC(2026, 10, 21, 9, 30, 24, 285), wallReady: Date.UTC(2026, 10, 21), ...changes });
  const frontend = makeFrontend(proxyConfig('web', 'frontend', { mode }));
  const line = jsonLine({ ...facts, frontend, context: contextOf(request(), { facts }), unread });
  assert.doesNotMatch(line, /\n/);
  return JSON.parse(line);
}

const SESSION = {
  time: '2026-11-21T09:30:24.285Z',
  client: '127.0.0.1',
  client_port: 54610,
  frontend: 'web',
  backend: 'app',
  server: 'w1',
  queue_ms: 0,
  connect_ms: 0,
  total_ms: 1,
  bytes_out: 154,
  bytes_in: 76,
  termination: '----',
  connections: { process: 1, frontend: 1, backend: 0, server: 0 },
  retries: 0,
  redispatched: false,
  queued: { server: 0, backend: 0 },
  number: 0,
  unique_id: null,
  early: false,
  cut: false,
};

const REQUEST = {
  idle_ms: 0,
  request_ms: 0,
  response_ms: 1,
  active_ms: 1,
  status: 200,
  method: 'GET',
  target: '/',
  version: 'HTTP/1.1',
  request_cookie: null,
  response_cookie: null,
  request_headers: [],
  response_headers: [],
};

test('a request is an object of what httplog tells', () => {
  assert.deepEqual(parsed(), { ...SESSION, ...REQUEST });
});

test('a TCP session has nothing of a request', () => {
  assert.deepEqual(parsed({}, 'tcp'), { ...SESSION, time: '2026-11-21T00:00:00.000Z' });
});

test('what was not reached is null', () => {
  const nothing = { timeRequest: -1, timeQueue: -1, timeConnect: -1, timeResponse: -1, status: -1, requestLine: '<BADREQ>' };
  const none = { queue_ms: null, connect_ms: null, request_ms: null, response_ms: null, status: null };
  assert.deepEqual(parsed(nothing, 'http', true), { ...SESSION, ...REQUEST, ...none, method: null, target: null, version: null });
});

test('captures keep their places', () => {
  const notes = new Notes();
  notes.request.length = 3;
  notes.request[1] = 'two';
  notes.responseCookie = 'a=1';
  const read = parsed({ notes }) as { readonly request_headers: unknown; readonly response_cookie: unknown };
  assert.deepEqual(read.request_headers, [null, 'two', null]);
  assert.equal(read.response_cookie, 'a=1');
});

test('any bytes make a line that can be read, and UTF-8 arrives as it was sent', () => {
  const bytes = fc.uint8Array({ maxLength: 40 }).map((all) => Buffer.from(all).toString('latin1'));
  fc.assert(
    fc.property(bytes, bytes, (target, value) => {
      const notes = new Notes();
      notes.request.push(value);
      const {
        request_headers: [header],
      } = parsed({ notes, requestLine: `GET /${target} HTTP/1.1` }) as typeof REQUEST;
      assert.equal(header ?? '', Buffer.from(value, 'latin1').toString('utf8'));
    }),
  );
});

test('what is told before its end says so, and what may not grow any more does not', () => {
  const early = (over: boolean) => (parsed({ early: true, over }) as typeof SESSION).early;
  assert.deepEqual([early(false), early(true)], [true, false]);
});

test('a request line that is cut is told to be', () => {
  const { target, version, cut } = parsed({ requestLine: `GET /${'x'.repeat(50)}` }) as typeof REQUEST & typeof SESSION;
  assert.deepEqual({ target, version, cut }, { target: `/${'x'.repeat(50)}`, version: null, cut: true });
});

/** What a target gets of such a request. */
function written(target: Partial<LogTarget>, changes: Parameters<typeof logFacts>[0]): string {
  const stream = new FakeStream();
  const sinks = new LogSinks({ pid: 1, hostname: 'edge1', stream: () => stream, warn: (message) => assert.fail(message) });
  const frontend = makeFrontend(proxyConfig('web', 'frontend', { logs: [logTarget(target)], logFormat: 'jsonlog' }));
  const facts = logFacts(changes);
  new AccessLogWriter(sinks).exchange({ ...facts, frontend, context: contextOf(request(), { facts }), unread: false });
  sinks.close();
  return stream.text;
}

const LONG: readonly (readonly [what: string, target: string])[] = [
  ['letters', 'x'.repeat(700)],
  ['quotes, which are escaped', '"'.repeat(400)],
  ['bytes that are no UTF-8, which become three each', '\xff'.repeat(400)],
  ['characters of two units', Buffer.from('\u{1f600}'.repeat(200)).toString('latin1')],
];

for (const [what, long] of LONG) {
  for (const length of [800, 1024]) {
    for (const format of ['raw', 'rfc3164'] as const) {
      test(`a target of ${what} is cut, not the line: ${format}, len ${length}`, () => {
        const text = written({ format, length }, { requestLine: `GET /${long} HTTP/1.1`, status: 404 });
        assert.ok(Buffer.byteLength(text) <= length, `${Buffer.byteLength(text)} bytes`);
        // No room is wasted: a unit more of what is cut, escaped, would not fit.
        assert.ok(Buffer.byteLength(text) > length - 12, `${Buffer.byteLength(text)} bytes`);
        const { method, target, version, status, cut } = JSON.parse(text.slice(text.indexOf('{'))) as typeof REQUEST & typeof SESSION;
        assert.deepEqual({ method, version, status, cut }, { method: 'GET', version: 'HTTP/1.1', status: 404, cut: true });
        assert.ok(`/${Buffer.from(long, 'latin1').toString()}`.startsWith(target));
        assert.equal(Buffer.from(target).toString(), target);
      });
    }
  }
}

test('a long value does not push out the short ones', () => {
  const notes = new Notes();
  notes.request.push('x'.repeat(2000), 'short');
  const text = written({ length: 1024 }, { notes, requestLine: `GET /a HTTP/1.1` });
  const read = JSON.parse(text) as { readonly target: string; readonly request_headers: readonly string[] };
  assert.deepEqual([read.target, read.request_headers[1]], ['/a', 'short']);
});

test('a target that takes little has the first fields', () => {
  for (let length = 2; length < 700; length += 7) {
    const text = written({ length: length + 1 }, { requestLine: `GET /${'x'.repeat(700)} HTTP/1.1` });
    assert.ok(Buffer.byteLength(text) <= length + 1);
    const names = Object.keys(JSON.parse(text) as object);
    assert.deepEqual(names, [...Object.keys(SESSION), ...Object.keys(REQUEST)].slice(0, names.length));
  }
});
