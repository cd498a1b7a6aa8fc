/** The exporter as the data plane asks it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricsEndpoint } from '../../src/admin/metrics-endpoint.ts';
import { CONNECTION_ERRORS } from '../../src/core/connection-errors.ts';
import { TlsCounters } from '../../src/core/tls-counters.ts';
import type { Reply } from '../../src/proxy/types.ts';
import { contextOf, type Fields, request } from '../rules/support.ts';
import { makeBackend, proxyConfig, serverConfig } from '../stats/objects.ts';
import { processState } from '../stats/process-state.ts';
import { parseExposition } from '../support/exposition.ts';
import { bodyOf, textOf } from './reply-text.ts';

/** Some lines more than what ends a part. */
const LONGEST_PART = 48 * 1024;

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
  facts: {
    version: '0.1.0',
    sources: () => [],
    droppedLogs: () => [],
    reloads: () => ({ done: 0, failed: 0 }),
    tls: new TlsCounters(),
    certificates: () => [],
  },
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
  assert.equal(bodyOf(reply).length, 0);
  assert.equal(made, before + 1);
});

test('a scope that is none is a bad request', async () => {
  const reply = await ask('/metrics?scope=nothing');
  const { status, fieldLines, framing } = reply;
  const body = bodyOf(reply);
  assert.deepEqual([status, framing], [400, 'own']);
  assert.match(fieldLines, new RegExp(`content-length: ${body.length}\r\n`));
  assert.match(body.toString(), /Your browser sent an invalid request/);
});

test('a report is made as its reader takes it: nobody waits for that of somebody else, and none is kept', async () => {
  const slow = await ask('/metrics?scope=server');
  assert.ok(!Buffer.isBuffer(slow.body));
  const first = slow.body.next();
  assert.ok(first.length < LONGEST_PART, `${first.length} bytes`);
  app.counters.stot = 2;
  assert.match(textOf(await ask('/metrics?scope=backend')), /haproxy_backend_sessions_total\{proxy="app"\} 2\n/);
  // What is read later is of then.
  for (const { counters } of app.servers) counters.hrsp.count(500);
  const { samples } = parseExposition(first.toString() + textOf(slow)).get('haproxy_server_http_responses_total') ?? assert.fail();
  const failed = samples.filter(({ labels }) => labels.get('code') === '5xx');
  assert.deepEqual([failed.length, failed.every(({ value }) => value === 1)], [300, true]);
});

test('what a server is called is told anew when it has changed', async () => {
  const [server] = app.servers;
  assert.ok(server);
  server.config = serverConfig('renamed');
  assert.match(textOf(await ask('/metrics?scope=server')), /haproxy_server_weight\{proxy="app",server="renamed"\} /);
});

test('our own metrics are gathered once for all who ask in one turn of the event loop', async () => {
  let gathered = 0;
  const sources = () => {
    gathered++;
    return [];
  };
  const facts = {
    version: '0.1.0',
    droppedLogs: () => [],
    reloads: () => ({ done: 0, failed: 0 }),
    tls: new TlsCounters(),
    certificates: () => [],
  };
  const counting = new MetricsEndpoint({ state: () => state, facts: { ...facts, sources } });
  const get = () => Promise.resolve(counting.answer(contextOf(request({ target: '/metrics?scope=fairlead' }))));
  const texts = (await Promise.all([get(), get(), get()])).map(textOf);
  assert.equal(gathered, 1);
  for (const text of texts) assert.ok(parseExposition(text).has('fairlead_build_info'));
  await new Promise(setImmediate);
  await get();
  assert.equal(gathered, 2);
});

test('handshakes are told by side, protocol and how they went; certificates by when they end', async () => {
  const tls = new TlsCounters();
  tls.clients.done('TLSv1.3', false, 0);
  tls.clients.done('TLSv1.3', true, 0);
  tls.clients.done('TLSv1.3', true, 0);
  tls.servers.done('TLSv1.2', false, 0);
  tls.clients.fail(CONNECTION_ERRORS.handshakeTimeout);
  const facts = {
    version: '0.1.0',
    sources: () => [],
    droppedLogs: () => [],
    reloads: () => ({ done: 0, failed: 0 }),
    tls,
    certificates: () => [['/etc/site.pem', 4_102_444_800] as const],
  };
  const telling = new MetricsEndpoint({ state: () => state, facts });
  const text = textOf(await telling.answer(contextOf(request({ target: '/metrics?scope=fairlead' }))));
  const samples = text.split('\n').filter((line) => /^fairlead_(?:tls|certificate)_/.test(line));
  assert.deepEqual(samples, [
    'fairlead_tls_handshakes_total{side="client",protocol="TLSv1.3",keys="new"} 1',
    'fairlead_tls_handshakes_total{side="client",protocol="TLSv1.3",keys="resumed"} 2',
    'fairlead_tls_handshakes_total{side="server",protocol="TLSv1.2",keys="new"} 1',
    'fairlead_tls_handshake_failures_total{side="client",reason="Timeout during SSL handshake"} 1',
    'fairlead_certificate_expiry_timestamp_seconds{file="/etc/site.pem"} 4102444800',
  ]);
});

test('a report that fails is the only one', async () => {
  const broken = new MetricsEndpoint({
    state: () => {
      if (made++ === fails) throw new Error('no state');
      return state;
    },
    facts: {
      version: '0.1.0',
      sources: () => [],
      droppedLogs: () => [],
      reloads: () => ({ done: 0, failed: 0 }),
      tls: new TlsCounters(),
      certificates: () => [],
    },
  });
  const fails = made;
  const get = async () => broken.answer(contextOf(request({ target: '/metrics?scope=global' })));
  await assert.rejects(get(), /no state/);
  assert.equal((await get()).status, 200);
});
