import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Backend } from '../../src/backend/backend.ts';
import type { Server } from '../../src/backend/server.ts';
import { monotonic } from '../../src/core/clock.ts';
import type { Reading, Value } from '../../src/stats/field.ts';
import { FIELDS } from '../../src/stats/fields.ts';
import { type Row, read } from '../../src/stats/rows.ts';
import { MATRIX } from './cases/matrix.ts';
import { CHECK, makeBackend, makeFrontend, makeListen, makeListener, proxyConfig, serverConfig } from './objects.ts';

const matrix = MATRIX.trim()
  .split('\n')
  .map((line) => line.split(' ') as [name: string, marks: string]);

function reading(now = monotonic(), changes: Partial<Reading> = {}): Reading {
  return { now, legends: true, counts: false, ...changes };
}

function cell(row: Row, name: string, at = reading()): Value {
  const field = FIELDS.find((candidate) => candidate.name === name);
  assert.ok(field, name);
  return read(field, row, at);
}

/** A backend of one checked server, which has passed a check. */
function checkedServer(now = monotonic()): { backend: Backend; server: Server } {
  const backend = makeBackend(proxyConfig('app', 'backend'), [serverConfig('w1', { check: CHECK })], now);
  const server = backend.servers[0];
  assert.ok(server);
  server.setVerdict({ code: 'L7OK', passed: true, status: 200, info: '', duration: 1.7 }, now);
  return { backend, server };
}

test('the columns are those of HAProxy 2.6, in its order', () => {
  assert.deepEqual(
    FIELDS.map((field) => field.name),
    matrix.map(([name]) => name),
  );
});

const { backend, server } = checkedServer();
const frontend = makeFrontend(proxyConfig('web', 'frontend'));
const unchecked = makeBackend(proxyConfig('plain', 'backend'), [serverConfig('p1')]).servers[0];
assert.ok(unchecked);
const SIDES: readonly (readonly [what: string, row: Row])[] = [
  ['frontend', { side: 'F', of: frontend }],
  ['listener', { side: 'L', of: makeListener(frontend, 1) }],
  ['server with a check', { side: 'S', of: server }],
  ['server without a check', { side: 'S', of: unchecked }],
  ['backend', { side: 'B', of: backend }],
];

for (const [position, [what, row]] of SIDES.entries()) {
  test(`a ${what} has a value in exactly the columns in which HAProxy has one`, () => {
    for (const [name, marks] of matrix) {
      const mark = marks.charAt(position);
      if (mark === '?') continue;
      assert.equal(cell(row, name) !== undefined, mark === 'x', `${name} of a ${what}`);
    }
  });
}

test('what only some configurations have', () => {
  const limited = makeBackend(proxyConfig('app', 'backend'), [serverConfig('w1', { maxconn: 32, maxqueue: 5 })]).servers[0];
  assert.ok(limited);
  const row: Row = { side: 'S', of: limited };
  assert.deepEqual([cell(row, 'slim'), cell(row, 'qlimit')], [32, 5]);
  assert.deepEqual([cell({ side: 'S', of: server }, 'slim'), cell({ side: 'S', of: server }, 'qlimit')], [undefined, undefined]);
  const empty = makeBackend(proxyConfig('none', 'backend'), []);
  assert.deepEqual([cell({ side: 'B', of: empty }, 'status'), cell({ side: 'B', of: empty }, 'downtime')], ['UP', undefined]);
});

test('a finished check is told, and that the next one is running', () => {
  const { server } = checkedServer();
  const row: Row = { side: 'S', of: server };
  const told = (): Value[] => ['check_status', 'check_code', 'check_duration', 'check_desc', 'last_chk'].map((name) => cell(row, name));
  assert.deepEqual(told(), ['L7OK', 200, 1, 'Layer7 check passed', '']);
  server.checking = true;
  assert.equal(cell(row, 'check_status'), '* L7OK');
  server.checking = false;
  server.setVerdict({ code: 'L4CON', passed: false, status: -1, info: 'Connection refused', duration: 0 }, monotonic());
  assert.deepEqual(told(), ['L4CON', undefined, 0, 'Layer4 connection problem', 'Connection refused']);
});

test('before the first check a server is INI', () => {
  const fresh = makeBackend(proxyConfig('app', 'backend'), [serverConfig('w1', { check: CHECK })]).servers[0];
  assert.ok(fresh);
  const row: Row = { side: 'S', of: fresh };
  const names = ['status', 'check_status', 'check_desc', 'check_code', 'check_duration', 'check_rise', 'check_fall', 'check_health'];
  assert.deepEqual(
    names.map((name) => cell(row, name)),
    ['UP 1/3', 'INI', 'Initializing', undefined, undefined, 2, 3, 2],
  );
});

test('maintenance empties the check columns and keeps the counts', () => {
  const { server } = checkedServer();
  server.setAdmin('maint', monotonic());
  const row: Row = { side: 'S', of: server };
  for (const name of [
    'check_status',
    'check_code',
    'check_duration',
    'check_desc',
    'last_chk',
    'check_rise',
    'check_fall',
    'check_health',
  ]) {
    assert.equal(cell(row, name), undefined, name);
  }
  assert.deepEqual([cell(row, 'status'), cell(row, 'chkfail'), cell(row, 'chkdown')], ['MAINT', 0, 1]);
});

test('ages are whole seconds, and -1 where there was no session', () => {
  const now = monotonic();
  const { backend, server } = checkedServer(now);
  assert.equal(cell({ side: 'S', of: server }, 'lastsess'), -1);
  server.counters.lastsess = now;
  server.lastChange = now - 5500;
  assert.equal(cell({ side: 'S', of: server }, 'lastsess', reading(now + 2999)), 2);
  assert.equal(cell({ side: 'S', of: server }, 'lastchg', reading(now)), 5);
  server.setAdmin('maint', now);
  assert.equal(cell({ side: 'S', of: server }, 'downtime', reading(now + 7000)), 7);
  assert.equal(cell({ side: 'B', of: backend }, 'downtime', reading(now + 7000)), 7);
  assert.deepEqual([cell({ side: 'B', of: backend }, 'status'), cell({ side: 'B', of: backend }, 'act')], ['DOWN', 0]);
});

test('counters of a frontend are read where they are counted', () => {
  const of = makeFrontend(proxyConfig('web', 'frontend', { id: 4, maxconn: 250 }));
  of.scur = 3;
  of.counters.bin = 11;
  of.counters.intercepted = 2;
  of.counters.hrsp.count(404);
  of.counters.hrsp.count(700);
  const names = ['scur', 'slim', 'bin', 'intercepted', 'hrsp_4xx', 'hrsp_other', 'iid', 'sid', 'pid', 'type', 'mode'];
  assert.deepEqual(
    names.map((name) => cell({ side: 'F', of }, name)),
    [3, 250, 11, 2, 1, 1, 4, 0, 1, 0, 'http'],
  );
});

test('a listener is FULL at its own maxconn', () => {
  const listener = makeListener(frontend, 2, { maxconn: 1 });
  const row: Row = { side: 'L', of: listener };
  assert.deepEqual([cell(row, 'status'), cell(row, 'slim'), cell(row, 'sid'), cell(row, 'svname')], ['OPEN', 1, 2, 'sock-2']);
  listener.scur = 1;
  assert.equal(cell(row, 'status'), 'FULL');
});

test('addresses and the algorithm are shown with show-legends alone', () => {
  const addresses: readonly (readonly [address: string | undefined, shown: string])[] = [
    ['192.0.2.1', '192.0.2.1:19001'],
    ['2001:db8::1', '[2001:db8::1]:19001'],
    ['/run/app.sock', 'unix'],
    [undefined, ''],
  ];
  for (const [address, shown] of addresses) {
    const of = makeBackend(proxyConfig('app', 'backend'), [serverConfig('w1', { address })]).servers[0];
    assert.ok(of);
    assert.equal(cell({ side: 'S', of }, 'addr'), shown);
    assert.equal(cell({ side: 'S', of }, 'addr', reading(0, { legends: false })), undefined);
  }
  assert.equal(cell({ side: 'B', of: backend }, 'algo'), 'roundrobin');
  assert.equal(cell({ side: 'B', of: backend }, 'algo', reading(0, { legends: false })), undefined);
});

test('a backend says how many of its servers are up where servers are hidden', () => {
  const { backend } = makeListen('app', [serverConfig('a'), serverConfig('b', { disabled: true }), serverConfig('c')]);
  assert.ok(backend);
  assert.equal(cell({ side: 'B', of: backend }, 'status', reading(0, { counts: true })), 'UP (2/3)');
  assert.equal(cell({ side: 'B', of: backend }, 'status'), 'UP');
});

test('columns of slow starts, tracking, observed traffic, agents and cookies are there where these are', () => {
  const agent = { inter: 2000, address: undefined, port: 1, send: '' };
  const config = proxyConfig('app', 'backend');
  const { servers } = makeBackend(config, [
    serverConfig('w1', { check: CHECK, weight: 50, slowstart: 3000, observe: 'layer7', cookie: 'one', agent }),
    serverConfig('w2'),
  ]);
  const [one, two] = servers;
  assert.ok(one !== undefined && two !== undefined);
  const now = monotonic();
  two.tracked = one;
  one.setAdmin('maint', now);
  one.setAdmin('ready', now);
  const verdict = { code: 'L7STS', passed: false, status: -1, info: 'via agent : down', duration: 2.5 } as const;
  one.setAgentReport({ verdict, weight: undefined, admin: undefined, state: 'down', maxconn: undefined }, now);
  const names = [
    'status',
    'weight',
    'uweight',
    'throttle',
    'tracked',
    'hanafail',
    'cookie',
    'agent_status',
    'agent_code',
    'agent_duration',
  ];
  const more = ['agent_desc', 'last_agt', 'agent_rise', 'agent_fall', 'agent_health'];
  const told = (of: Server, at = reading(now)): Value[] => [...names, ...more].map((name) => cell({ side: 'S', of }, name, at));
  const heard = ['L7STS', 0, 2, 'Layer7 wrong status', 'via agent : down', 1, 1, 0];
  assert.deepEqual(told(one), ['DOWN (agent)', 50, 50, undefined, undefined, 0, 'one', ...heard]);
  one.forceAgent('up', now);
  assert.deepEqual(told(one).slice(0, 5), ['UP 1/3', 4, 50, 6, undefined]);
  assert.equal(cell({ side: 'B', of: one.backend }, 'weight'), 5);
  assert.equal(told(one, reading(now, { legends: false }))[6], undefined);
  one.enableAgent(false);
  assert.deepEqual(told(one).slice(7), new Array(8).fill(undefined));
  assert.deepEqual(told(two).slice(1, 7), [1, 1, undefined, 'app/w1', undefined, undefined]);
});
