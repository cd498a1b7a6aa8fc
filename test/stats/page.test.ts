import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PageView, page, stateClass } from '../../src/stats/page.ts';
import { bytes, duration } from '../../src/stats/page-text.ts';
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
  const listen = makeListen('app', [serverConfig('w1')]);
  const server = listen.backend?.servers[0];
  assert.ok(server);
  server.reason = 'health check of the container fails';
  const text = page(view({ proxies: [listen] }));
  assert.ok(text.includes('<small>health check of the container fails</small>'));
});

test('a phone, which has no column for the last check, shows under the status why a server is down', () => {
  const listen = makeListen('app', [serverConfig('w1', { check: CHECK })]);
  const server = listen.backend?.servers[0];
  assert.ok(server);
  server.setVerdict({ code: 'L7STS', passed: false, status: 503, info: 'Service <Unavailable>', duration: 4 }, 0);
  const text = page(view({ proxies: [listen] }));
  assert.match(text, /DOWN<small class="phone">L7STS\/503 in 4ms: Service &lt;Unavailable&gt;<\/small><\/td>/);
});

test('status and last check stand right behind the name', () => {
  const headings = (page(view()).match(/<thead>.*?<\/thead>/)?.[0] ?? '').replace(/<[^>]*>/g, ' ').split(/\s+/);
  assert.deepEqual(headings.slice(1, 4), ['Status', 'LastChk', 'Queue']);
});

/** What the style sheet takes away in a window of at most this width, by the heading of the column. */
function leftOut(text: string, width: string): string[] {
  const headings = Array.from(text.matchAll(/<th scope="col">([^<]*)/g), (match) => match[1] ?? '');
  const rule = new RegExp(`@media \\(max-width: ${width}\\) \\{ (tr > .*?) \\{ display: none`).exec(text)?.[1] ?? '';
  return Array.from(rule.matchAll(/:nth-child\((\d+)\)/g), (match) => headings[Number(match[1]) - 2] ?? '');
}

test('a narrower window leaves out columns that say nothing in any row, and gets them back when one does', () => {
  const listen = makeListen('app', [serverConfig('w1')]);
  const server = listen.backend?.servers[0];
  assert.ok(server);
  assert.ok(leftOut(page(view({ proxies: [listen] })), '84rem').includes('Warnings'));
  server.counters.wretr++;
  assert.ok(!leftOut(page(view({ proxies: [listen] })), '84rem').includes('Warnings'));
});

test('a phone shows status, sessions, total and the sum of errors', () => {
  const listen = makeListen('app', [serverConfig('w1')]);
  const server = listen.backend?.servers[0];
  assert.ok(server);
  server.counters.econ = 20;
  server.counters.eresp = 3;
  const text = page(view({ proxies: [listen] }));
  const hidden = new Set(leftOut(text, '40rem'));
  const headings = Array.from(text.match(/<thead>.*?<\/thead>/)?.[0].matchAll(/<th scope="col">([^<]*)/g) ?? [], (match) => match[1] ?? '');
  assert.deepEqual(
    headings.filter((heading) => !hidden.has(heading)),
    ['Status', 'Sessions', 'Total', 'Errors'],
  );
  assert.ok(text.includes('<span class="phone">23</span>'));
});

test('where a server is and what it was made from is shown with show-legends alone', () => {
  const proxies = [makeListen('app', [serverConfig('w1', { origin: 'container web image <x>' })])];
  const secrets = /127\.0\.0\.1:19001|container web|roundrobin/;
  assert.doesNotMatch(page(view({ proxies })), secrets);
  const text = page(view({ proxies, at: { now: 96_500, legends: true, counts: false } }));
  assert.ok(text.includes('w1<small>127.0.0.1:19001</small><small>container web image &lt;x&gt;</small></th>'));
  assert.ok(text.includes('Backend<small>roundrobin</small></th>'));
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

test('bytes are three digits and a unit', () => {
  const written = [0, 999, 1000, 12_345, 999_499, 999_500, 4_561_000_000, 1e18, undefined].map(bytes);
  const expected = ['0', '999', '1.00 kB', '12.3 kB', '999 kB', '1.00 MB', '4.56 GB', '1000 PB', undefined];
  assert.deepEqual(
    written.map((text) => text?.replace('\u00a0', ' ')),
    expected,
  );
});
