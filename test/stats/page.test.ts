import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration, type PageView, page, stateClass } from '../../src/stats/page.ts';
import { EVERYTHING } from '../../src/stats/rows.ts';
import { CHECK, makeListen, serverConfig, statsConfig } from './objects.ts';

function view(changes: Partial<PageView> = {}): PageView {
  return {
    facts: {
      version: '0.1.0',
      released: '2026/11/21',
      pid: 26978,
      node: 'edge1',
      startedAt: 0,
      maxconn: 200,
      connections: () => 3,
      idle: () => 98.6,
    },
    stats: statsConfig(),
    proxies: [makeListen('app', [serverConfig('w1', { check: CHECK }), serverConfig('w2')], { id: 6 })],
    selection: EVERYTHING,
    at: { now: 96_500, legends: false, counts: false },
    admin: false,
    norefresh: false,
    result: '',
    ...changes,
  };
}

test('monitoring agents find version, uptime and idleness', () => {
  const text = page(view());
  assert.equal(/HAProxy version ([^,]+),/.exec(text)?.[1], '2.6.0');
  assert.deepEqual(/<b>uptime = <\/b> (\d+)d (\d+)h(\d+)m(\d+)s<br>/.exec(text)?.slice(1), ['0', '0', '01', '36']);
  assert.match(text, /idle = 99 %/);
  assert.match(text, /pid = <\/b> 26978 \(process #1, nbproc = 1, nbthread = 1\)/);
});

test('the page says who it is, and hide-version hides every version', () => {
  assert.match(page(view()), /Fairlead 0\.1\.0/);
  assert.doesNotMatch(page(view({ stats: statsConfig({ hideVersion: true }) })), /version|0\.1\.0/);
});

test('nothing is loaded from elsewhere and nothing is run', () => {
  assert.doesNotMatch(page(view({ admin: true })), /<script|<link|https?:\/\/|@import|url\(/);
});

test('there is a table per proxy with a row per object', () => {
  const text = page(view());
  for (const id of ['app/Frontend', 'app/w1', 'app/w2', 'app/Backend']) assert.ok(text.includes(`id="${id}"`), id);
  assert.match(text, /<tr class="server going" id="app\/w1">/);
  assert.match(text, /<tr class="server plain" id="app\/w2">/);
});

test('a server shows why it is where it is', () => {
  const listen = makeListen('app', [serverConfig('w1', { origin: 'container 3f2a image <x>' })]);
  const server = listen.backend?.servers[0];
  assert.ok(server);
  server.reason = 'health check of the container fails';
  const text = page(view({ proxies: [listen] }));
  assert.ok(text.includes('<small>health check of the container fails</small>'));
  assert.ok(text.includes('title="container 3f2a image &lt;x&gt;"'));
});

test('names and descriptions cannot become markup', () => {
  const evil = '"><script>alert(1)</script>';
  const text = page(
    view({ proxies: [makeListen(evil, [serverConfig(evil)])], stats: statsConfig({ showDesc: evil, showNode: evil }), admin: true }),
  );
  assert.doesNotMatch(text, /<script/);
});

test('a form is there for those who may change servers', () => {
  assert.doesNotMatch(page(view()), /<form/);
  const text = page(view({ admin: true }));
  assert.match(text, /<form method="post" action="\/admin\?stats">/);
  assert.match(text, /<input type="checkbox" name="s" value="w1"/);
  assert.match(text, /<input type="hidden" name="b" value="#6">/);
});

test('the result of a change is told, and only one that we know', () => {
  assert.match(page(view({ result: 'DONE' })), /role="status">Done\./);
  assert.doesNotMatch(page(view({ result: 'WHAT' })), /role="status"/);
});

test('links keep what was chosen', () => {
  const text = page(view({ selection: { ...EVERYTHING, up: true, scope: 'app' }, norefresh: true, stats: statsConfig({ refresh: 10 }) }));
  assert.ok(text.includes('href="/admin?stats;norefresh;scope=app">Show all servers'));
  assert.ok(text.includes('href="/admin?stats;up;scope=app">Refresh by itself'));
  assert.ok(text.includes('href="/admin?stats;csv;norefresh;scope=app">CSV'));
});

const STATES: readonly (readonly [status: string, shown: string])[] = [
  ['UP', 'up'],
  ['OPEN', 'up'],
  ['UP 1/3', 'going'],
  ['DOWN 1/2', 'going'],
  ['DOWN', 'down'],
  ['STOP', 'down'],
  ['NOLB', 'drain'],
  ['DRAIN', 'drain'],
  ['MAINT', 'maint'],
  ['MAINT (resolution)', 'maint'],
  ['PAUSED', 'maint'],
  ['no check', 'plain'],
];

test('every status has its colour', () => {
  for (const [status, shown] of STATES) assert.equal(stateClass(status), shown, status);
});

test('durations are read at a glance', () => {
  assert.deepEqual([7, 306, 11040, 93600, undefined].map(duration), ['7s', '5m6s', '3h4m', '1d2h', undefined]);
});
