/** What is written for Prometheus, beyond what test/haproxy/metrics.test.ts compares with HAProxy. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOUNDS, Latency } from '../../src/core/histogram.ts';
import { TlsCounters } from '../../src/core/tls-counters.ts';
import { exposition, SCOPES, type Scope } from '../../src/stats/exposition.ts';
import { FIELDS } from '../../src/stats/fields.ts';
import { OwnMetrics } from '../../src/stats/prometheus.ts';
import type { StatsProxy } from '../../src/stats/rows.ts';
import { type Family, parseExposition, seriesOf } from '../support/exposition.ts';
import { PROMEX } from './cases/promex.ts';
import { CHECK, makeBackend, makeListen, makeListener, PLACE, proxyConfig, serverConfig } from './objects.ts';
import { processState } from './process-state.ts';

const STICK_TABLE = { place: PLACE, type: 'ip', length: 16, size: 100, expire: undefined, nopurge: false } as const;
const SOURCE = { name: 'docker', up: true, snapshots: 3, at: 0, events: 7, failures: 1, servers: 2, refused: 1, routes: 4 };

function ownMetrics(sources = [SOURCE]): OwnMetrics {
  return new OwnMetrics({
    version: '0.1.0',
    sources: () => sources,
    droppedLogs: () => [['127.0.0.1:514', 5]],
    certificates: () => [],
    reloads: () => ({ done: 2, failed: 0 }),
    tls: new TlsCounters(),
  });
}
const own = ownMetrics();

interface Asked {
  readonly scopes?: readonly Scope[];
  readonly noMaint?: boolean;
  readonly openMetrics?: boolean;
}

async function pieces(
  proxies: readonly StatsProxy[],
  { scopes = SCOPES, noMaint = false, openMetrics = false }: Asked = {},
): Promise<string[]> {
  const at = { now: performance.now(), legends: false, counts: false };
  const sources = { process: processState(proxies), proxies, own: await own.families(), at };
  return [...exposition(sources, { scopes: new Set(scopes), noMaint, openMetrics })];
}

async function families(proxies: readonly StatsProxy[], asked: Asked = {}): Promise<ReadonlyMap<string, Family>> {
  return parseExposition((await pieces(proxies, asked)).join(''), asked.openMetrics);
}

/** `series value`, of a family. */
function lines(found: ReadonlyMap<string, Family>, name: string): string[] {
  return found.get(name)?.samples.map((sample) => `${seriesOf(sample)} ${sample.text}`) ?? [];
}

function proxyOf(backend: ReturnType<typeof makeBackend>): StatsProxy {
  return { name: backend.name, frontend: undefined, backend };
}

/** A `listen` with listeners, a backend with a server of every kind, a TCP proxy. */
function arena(): readonly StatsProxy[] {
  const web = makeListen('web', [serverConfig('w1', { check: CHECK }), serverConfig('w2', { maxconn: 5 })], { socketStats: true });
  assert.ok(web.frontend);
  web.frontend.listeners = [makeListener(web.frontend, 1), makeListener(web.frontend, 2)];
  const app = makeBackend(proxyConfig('app', 'backend', { stickTable: STICK_TABLE }), [
    serverConfig('a', { check: CHECK }),
    serverConfig('m', { disabled: true }),
  ]);
  app.counters.latency = new Latency();
  app.servers[0]?.setVerdict({ code: 'L7OK', passed: true, status: 200, info: '', duration: 1500 }, performance.now());
  return [web, proxyOf(app), makeListen('db', [serverConfig('d1')], { mode: 'tcp' })];
}

test('both formats are what Prometheus reads, with the same series in both but for counters that are NaN', async () => {
  const text = await families(arena());
  const open = await families(arena(), { openMetrics: true });
  const series = (found: ReadonlyMap<string, Family>) =>
    [...found.values()]
      .flatMap(({ samples }) => samples.filter(({ text: value }) => value !== 'NaN').map(seriesOf))
      .filter((name) => !/nodejs|process_/.test(name));
  assert.deepEqual(series(open), series(text));
  assert.ok(series(text).length > 300);
});

test("HAProxy's metrics are all there, in its order, with its types and labels", async () => {
  const found = [...(await families(arena())).values()].filter(({ name }) => name.startsWith('haproxy_'));
  const written = found.map(({ name, type, samples }) => `${name} ${type} ${[...(samples[0]?.labels.keys() ?? [])].join()}`.trimEnd());
  assert.deepEqual(written, PROMEX.trim().split('\n'));
});

const PREFIXES: Readonly<Record<string, string>> = { F: 'frontend', L: 'listener', S: 'server', B: 'backend' };

test('the metrics of the rows are all there, and no name is used for two rows', async () => {
  const found = await families(arena());
  const names = new Set<string>();
  for (const { name: column, metric } of FIELDS) {
    if (metric === undefined) continue;
    for (const side of metric.sides) {
      const name: string = `haproxy_${PREFIXES[side]}_${metric.name}`;
      assert.ok(found.has(name), `${name} of ${column}`);
      assert.equal(names.has(name), metric.label !== undefined && metric.label !== 'code="1xx"', name);
      names.add(name);
    }
  }
});

test('a piece is small, however many servers there are', async () => {
  const servers = Array.from({ length: 500 }, (_, index) => serverConfig(`s${index}`, { check: CHECK }));
  const made = await pieces([proxyOf(makeBackend(proxyConfig('app', 'backend'), servers))]);
  assert.ok(made.length > 500);
  assert.ok(made.every((piece) => piece.length < 8192));
});

test('a counter that is unknown is NaN in text, and not there in OpenMetrics', async () => {
  const proxies = [proxyOf(makeBackend(proxyConfig('app', 'backend'), [serverConfig('plain'), serverConfig('checked', { check: CHECK })]))];
  const name = 'haproxy_server_check_failures_total';
  assert.deepEqual(lines(await families(proxies), name), [
    `${name}{proxy="app",server="plain"} NaN`,
    `${name}{proxy="app",server="checked"} 0`,
  ]);
  const open = await families(proxies, { openMetrics: true });
  assert.deepEqual(lines(open, 'haproxy_server_check_failures'), [`${name}{proxy="app",server="checked"} 0`]);
  assert.deepEqual(lines(open, 'haproxy_server_limit_sessions').length, 2);
  assert.equal(open.get('haproxy_process_failed_resolutions')?.type, 'unknown');
});

test('names stand escaped in labels', async () => {
  const name = 'a"b\\c\nd';
  const found = await families([{ name, frontend: undefined, backend: makeBackend(proxyConfig(name, 'backend'), []) }]);
  assert.equal(found.get('haproxy_backend_weight')?.samples[0]?.labels.get('proxy'), name);
});

test('a series stands once: of two servers with one name, the one that stays', async () => {
  const backend = makeBackend(proxyConfig('app', 'backend'), [
    serverConfig('a', { identity: 'old', weight: 1 }),
    serverConfig('a', { identity: 'new', weight: 7 }),
  ]);
  backend.servers[0]?.remove('');
  const found = await families([proxyOf(backend)], { scopes: ['server'] });
  assert.deepEqual(lines(found, 'haproxy_server_uweight'), ['haproxy_server_uweight{proxy="app",server="a"} 7']);
});

test('no-maint leaves out servers in maintenance, but their backend counts them', async () => {
  const found = await families(arena(), { noMaint: true });
  const servers = found.get('haproxy_server_weight')?.samples.map(({ labels }) => labels.get('server'));
  assert.deepEqual(servers, ['w1', 'w2', 'a', 'd1']);
  assert.ok(lines(found, 'haproxy_backend_agg_server_status').includes('haproxy_backend_agg_server_status{proxy="app",state="MAINT"} 1'));
});

test('a scope has its families and no others', async () => {
  for (const [scope, beginning] of [
    ['global', 'haproxy_process_'],
    ['frontend', 'haproxy_frontend_'],
    ['listener', 'haproxy_listener_'],
    ['backend', 'haproxy_backend_'],
    ['server', 'haproxy_server_'],
  ] as const) {
    const names = [...(await families(arena(), { scopes: [scope] })).keys()];
    assert.ok(names.length > 10 && names.every((name) => name.startsWith(beginning)), scope);
  }
  const ours = [...(await families(arena(), { scopes: ['fairlead'] })).keys()];
  assert.ok(ours.length > 20 && ours.every((name) => /^(?:fairlead|process|nodejs)_/.test(name)));
  assert.equal((await families(arena(), { scopes: [] })).size, 0);
});

test('a latency histogram adds up, and only backends that measure have one', async () => {
  const proxies = arena();
  const { latency } = proxies[1]?.backend?.counters ?? {};
  for (const ms of [0.3, 3, 3, 90_000]) latency?.total.add(ms);
  const samples = (await families(proxies)).get('fairlead_backend_request_duration_seconds')?.samples ?? [];
  assert.deepEqual(new Set(samples.map(({ labels }) => labels.get('proxy'))), new Set(['app']));
  const counts = samples.filter(({ name }) => name.endsWith('_bucket')).map(({ labels, value }) => [labels.get('le'), value]);
  assert.equal(counts.length, BOUNDS.length + 1);
  assert.deepEqual(counts.slice(0, 4), [
    ['0.0005', 1],
    ['0.001', 1],
    ['0.0025', 1],
    ['0.005', 3],
  ]);
  assert.deepEqual(counts.slice(-2), [
    ['60.0', 3],
    ['+Inf', 4],
  ]);
  assert.equal(samples.find(({ name }) => name.endsWith('_sum'))?.value, 90.0063);
});

test('what is told of sources, logs and reloads is what there is at that moment', async () => {
  const found = await families([], { scopes: ['fairlead'] });
  assert.deepEqual(lines(found, 'fairlead_discovery_source_up'), ['fairlead_discovery_source_up{source="docker"} 1']);
  assert.deepEqual(lines(found, 'fairlead_discovery_events_total'), ['fairlead_discovery_events_total{source="docker"} 7']);
  assert.deepEqual(lines(found, 'fairlead_log_dropped_total'), ['fairlead_log_dropped_total{target="127.0.0.1:514"} 5']);
  assert.deepEqual(lines(found, 'fairlead_reloads_total'), ['fairlead_reloads_total 2']);
  // A source that the configuration does not name any more has no series any more.
  const sources = [SOURCE];
  const changing = ownMetrics(sources);
  await changing.families();
  sources.splice(0, 1, { ...SOURCE, name: 'docker/other' });
  const up = (await changing.families()).find(({ name }) => name === 'fairlead_discovery_source_up');
  assert.deepEqual(
    up?.samples.map(({ labels }) => labels),
    [{ source: 'docker/other' }],
  );
});

test('nothing is asked that looks at every connection of the process', async () => {
  const names = (await own.families()).map(({ name }) => name);
  assert.deepEqual(
    names.filter((name) => /handles|requests|resources|open_fds/.test(name)),
    [],
  );
  assert.ok(names.includes('nodejs_heap_size_used_bytes') && names.includes('nodejs_gc_duration_seconds'));
});
