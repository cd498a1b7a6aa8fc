import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonic } from '../../src/core/clock.ts';
import { EVERYTHING, pairProxies, rowsOf, type Selection, type StatsProxy, selectProxies } from '../../src/stats/rows.ts';
import { CHECK, makeBackend, makeFrontend, makeListen, makeListener, proxyConfig, serverConfig } from './objects.ts';

function shown(proxy: StatsProxy, selection: Partial<Selection> = {}): string[] {
  return rowsOf(proxy, { ...EVERYTHING, ...selection }).map((row) => {
    if (row.side === 'F') return 'FRONTEND';
    return row.side === 'B' ? 'BACKEND' : row.of.config.name;
  });
}

test('a listen has FRONTEND, its servers and BACKEND', () => {
  assert.deepEqual(shown(makeListen('app', [serverConfig('a'), serverConfig('b')])), ['FRONTEND', 'a', 'b', 'BACKEND']);
});

test('listeners have rows with option socket-stats alone', () => {
  for (const socketStats of [false, true]) {
    const frontend = makeFrontend(proxyConfig('web', 'frontend', { socketStats }));
    frontend.listeners = [makeListener(frontend, 1), makeListener(frontend, 2, { name: 'tls' })];
    const rows = shown({ name: 'web', frontend, backend: undefined });
    assert.deepEqual(rows, socketStats ? ['FRONTEND', 'sock-1', 'tls'] : ['FRONTEND']);
  }
});

test(';up hides what is down or in maintenance, ;no-maint only the latter', () => {
  const backend = makeBackend(
    proxyConfig('app', 'backend'),
    ['up', 'down', 'rising', 'maint'].map((name) => serverConfig(name, { check: CHECK, disabled: name === 'maint' })),
  );
  const now = monotonic();
  const check = (name: string, passed: boolean): void => {
    const server = backend.servers.find(({ config }) => config.name === name);
    server?.setVerdict({ code: passed ? 'L4OK' : 'L4CON', passed, status: -1, info: '', duration: 0 }, now);
  };
  check('up', true);
  check('down', false);
  check('rising', false);
  check('rising', true);
  const proxy = { name: 'app', frontend: undefined, backend };
  assert.deepEqual(shown(proxy), ['up', 'down', 'rising', 'maint', 'BACKEND']);
  assert.deepEqual(shown(proxy, { up: true }), ['up', 'rising', 'BACKEND']);
  assert.deepEqual(shown(proxy, { noMaint: true }), ['up', 'down', 'rising', 'BACKEND']);
});

test(';up judges by who is tracked, by the agent, and by hand', () => {
  const agent = { inter: 2000, address: undefined, port: 1, send: '' };
  const backend = makeBackend(proxyConfig('app', 'backend'), [
    serverConfig('checked', { check: CHECK }),
    serverConfig('tracker'),
    serverConfig('asked', { check: CHECK, agent }),
    serverConfig('plain'),
  ]);
  const [checked, tracker, asked, plain] = backend.servers;
  assert.ok(checked !== undefined && tracker !== undefined && asked !== undefined && plain !== undefined);
  const now = monotonic();
  tracker.tracked = checked;
  checked.trackers = [tracker];
  const proxy = { name: 'app', frontend: undefined, backend };
  checked.forceHealth('down', now);
  asked.forceAgent('down', now);
  plain.forceHealth('down', now);
  assert.deepEqual(shown(proxy, { up: true }), ['BACKEND']);
  checked.setVerdict({ code: 'L4OK', passed: true, status: -1, info: '', duration: 0 }, now);
  assert.deepEqual(shown(proxy, { up: true }), ['checked', 'tracker', 'BACKEND']);
});

test('proxies stand in the order of the configuration, both sides of a listen as one, pools behind them', () => {
  const first = proxyConfig('first', 'backend', { id: 100 });
  const app = proxyConfig('app', 'listen', { id: 2 });
  const www = proxyConfig('www', 'frontend', { id: 3 });
  const off = proxyConfig('off', 'backend', { id: 4, disabled: true });
  const pool = proxyConfig('pool', 'backend', { id: 77 });
  const paired = pairProxies(
    [first, app, www, off],
    [www, app].map((config) => makeFrontend(config)),
    [pool, off, app, first].map((config) => makeBackend(config, [])),
  );
  assert.deepEqual(
    paired.map(({ name, frontend, backend }) => [name, frontend !== undefined, backend !== undefined]),
    [
      ['first', false, true],
      ['app', true, true],
      ['www', true, false],
      ['pool', false, true],
    ],
  );
});

test('a frontend and a backend of the same name stay two proxies', () => {
  const front = proxyConfig('app', 'frontend', { id: 1 });
  const back = proxyConfig('app', 'backend', { id: 2 });
  const paired = pairProxies([front, back], [makeFrontend(front)], [makeBackend(back, [])]);
  assert.deepEqual(
    paired.map(({ frontend, backend }) => [frontend !== undefined, backend !== undefined]),
    [
      [true, false],
      [false, true],
    ],
  );
});

test('scope= takes a part of a name, stats scope a whole one', () => {
  const proxies = ['web', 'Web_be', 'other'].map((name) => makeListen(name, []));
  const names = (selection: Partial<Selection>): string[] =>
    selectProxies(proxies, { ...EVERYTHING, ...selection }).map(({ name }) => name);
  assert.deepEqual(names({ scope: 'web' }), ['web', 'Web_be']);
  assert.deepEqual(names({ names: ['web'] }), ['web']);
  assert.deepEqual(names({ names: ['web', 'other'], scope: 'oth' }), ['other']);
  assert.deepEqual(names({}), ['web', 'Web_be', 'other']);
});
