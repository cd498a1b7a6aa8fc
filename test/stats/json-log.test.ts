/** `option jsonlog`: whatever a client sends, each line is one JSON object. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Notes } from '../../src/rules/notes.ts';
import { jsonLine } from '../../src/stats/json-log.ts';
import { contextOf, request } from '../rules/support.ts';
import { logFacts } from '../support/log-facts.ts';
import { makeFrontend, proxyConfig } from './objects.ts';

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
