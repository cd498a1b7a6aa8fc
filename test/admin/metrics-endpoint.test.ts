/** The exporter as the data plane asks it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricsEndpoint } from '../../src/admin/metrics-endpoint.ts';
import type { Reply } from '../../src/proxy/types.ts';
import { contextOf, type Fields, request } from '../rules/support.ts';
import { makeBackend, proxyConfig, serverConfig } from '../stats/objects.ts';
import { processState } from '../stats/process-state.ts';
import { parseExposition } from '../support/exposition.ts';
import { textOf } from './reply-text.ts';

/** How often a report was begun. */
let made = 0;

const servers = Array.from({ length: 300 }, (_, index) => serverConfig(`s${index}`));
const app = makeBackend(proxyConfig('app', 'backend'), servers);
const state = processState([{ name: 'app', frontend: undefined, backend: app }]);

const endpoint = new MetricsEndpoint({
  state: () => {
    made++;
    return state;
  },
  facts: { version: '0.1.0', sources: () => [], droppedLogs: () => [], reloads: () => ({ done: 0, failed: 0 }) },
});

function ask(target: string, fields: Fields = [], method = 'GET'): Reply | Promise<Reply> {
  return endpoint.answer(contextOf(request({ method, target, fields })));
}

test('the answer is what HAProxy answers, in text where nothing else is asked for', async () => {
  const answer = await ask('/metrics');
  const { status, reason, fieldLines, framing } = answer;
  assert.deepEqual([status, reason, framing], [200, 'OK', 'chunked']);
  assert.equal(fieldLines, 'cache-control: no-cache\r\ncontent-type: text/plain; version=0.0.4\r\n');
  assert.ok(parseExposition(textOf(answer)).has('haproxy_process_nbthread'));
});

test('OpenMetrics is an answer of its own type', async () => {
  const answer = await ask('/metrics?scope=global', [
    ['Accept', 'text/html'],
    ['Accept', 'application/openmetrics-text'],
  ]);
  assert.match(answer.fieldLines, /content-type: application\/openmetrics-text; version=1.0.0; charset=utf-8\r\n/);
  assert.ok(parseExposition(textOf(answer), true).has('haproxy_process_requests'));
});

test('HEAD is answered with the same fields, and nothing is made for it', async () => {
  const before = made;
  const reply = ask('/metrics', [], 'HEAD');
  assert.ok(!(reply instanceof Promise));
  assert.equal(reply.fieldLines, (await ask('/metrics?scope=')).fieldLines);
  assert.equal(reply.body.length, 0);
  assert.equal(made, before + 1);
});

test('a scope that is none is a bad request', async () => {
  const { status, fieldLines, framing, body } = await ask('/metrics?scope=nothing');
  assert.deepEqual([status, framing], [400, 'own']);
  assert.match(fieldLines, new RegExp(`content-length: ${body.length}\r\n`));
  assert.match(body.toString(), /Your browser sent an invalid request/);
});

test('who asks for the same while a report is waiting shares it; one that is being made is shared with nobody', async () => {
  const before = made;
  const first = ask('/metrics');
  const shared = ask('/metrics?scope=*');
  const [one, other] = await Promise.all([first, shared]);
  assert.equal(one.body, other.body);
  assert.equal(made, before + 1);
  app.counters.stot = 1;
  const early = ask('/metrics?scope=backend');
  // It has begun when the turn is over: what changes then is not for those who ask later to miss.
  await new Promise(setImmediate);
  app.counters.stot = 2;
  const late = await ask('/metrics?scope=backend');
  assert.notEqual((await early).body, late.body);
  assert.match(textOf(late), /haproxy_backend_sessions_total\{proxy="app"\} 2\n/);
});

test('reports of different kinds are made one after the other', async () => {
  const order: string[] = [];
  await Promise.all(
    ['/metrics?scope=server', '/metrics?scope=global', '/metrics?scope=backend'].map(async (target) => {
      await ask(target);
      order.push(target);
    }),
  );
  assert.deepEqual(order, ['/metrics?scope=server', '/metrics?scope=global', '/metrics?scope=backend']);
});

test('a report that fails is the only one', async () => {
  const broken = new MetricsEndpoint({
    state: () => {
      if (made++ === fails) throw new Error('no state');
      return state;
    },
    facts: { version: '0.1.0', sources: () => [], droppedLogs: () => [], reloads: () => ({ done: 0, failed: 0 }) },
  });
  const fails = made;
  const get = async () => broken.answer(contextOf(request({ target: '/metrics?scope=global' })));
  await assert.rejects(get(), /no state/);
  assert.equal((await get()).status, 200);
});
