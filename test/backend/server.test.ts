import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Admin, NO_IDLE, OpState } from '../../src/backend/types.ts';
import { CHECK, makeBackend, serverConfig, verdict } from './support.ts';

const LEFT = '0 sessions active, 0 requeued, 0 remaining in queue.';
const ONLINE = '0 sessions requeued, 0 total in queue.';
const checked = { check: CHECK };

function pair() {
  const { backend, events, servers } = makeBackend([serverConfig('s1', checked), serverConfig('s2')]);
  return { backend, events, s1: servers[0]!, s2: servers[1]! };
}

describe('the health of a server', () => {
  it('starts at rise, in service, and one success makes it whole', () => {
    const { s1 } = pair();
    assert.equal(s1.statusText(), 'UP 1/3');
    assert.equal(s1.health, 2);
    assert.equal(s1.usable, true);
    s1.setVerdict(verdict('L7OK', 200), 10);
    assert.equal(s1.statusText(), 'UP');
    assert.equal(s1.health, 4);
  });

  it('is asked on a connection, which is one that is needed', () => {
    const { s1, s2 } = pair();
    assert.deepEqual([s1.mostUsed, s1.neededConnections], [0, 0]);
    s1.setVerdict(verdict('L7OK', 200), 10);
    assert.deepEqual([s1.neededConnections, s2.neededConnections], [1, 0]);
  });

  it('falls at the first failure when it was never checked', () => {
    const { s1, events } = pair();
    s1.setVerdict(verdict('L4CON', -1, 'Connection refused'), 10);
    assert.equal(s1.statusText(), 'DOWN');
    assert.deepEqual([s1.health, s1.counters.chkfail, s1.counters.chkdown], [0, 1, 1]);
    assert.deepEqual(events.take(), [
      `1 Server app/s1 is DOWN, reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms. 1 active and 0 backup servers left. ${LEFT}`,
    ]);
  });

  it('counts down fall failures and up rise successes, with the words of each step', () => {
    const { s1, events } = pair();
    s1.setVerdict(verdict('L7OK', 200), 0);
    const words: string[] = [];
    for (const code of ['L7STS', 'L7STS', 'L7STS', 'L7STS', 'L7OK', 'L7OK', 'L7STS', 'L7OK'] as const) {
      s1.setVerdict(verdict(code, code === 'L7OK' ? 200 : 500, code === 'L7OK' ? '' : 'Internal Server Error'), 1000);
      words.push(`${s1.statusText()}:${s1.health}`);
    }
    assert.deepEqual(words, ['UP 2/3:3', 'UP 1/3:2', 'DOWN:0', 'DOWN:0', 'DOWN 1/2:1', 'UP:4', 'UP 2/3:3', 'UP:4']);
    assert.equal(s1.counters.chkfail, 4, 'a failure of a server that is surely down does not count');
    assert.deepEqual(events.take(), [
      `1 Server app/s1 is DOWN, reason: Layer7 wrong status, code: 500, info: "Internal Server Error", check duration: 0ms. 1 active and 0 backup servers left. ${LEFT}`,
      `5 Server app/s1 is UP, reason: Layer7 check passed, code: 200, check duration: 0ms. 2 active and 0 backup servers online. ${ONLINE}`,
    ]);
  });

  it('counts a failure while it is rising', () => {
    const { s1 } = pair();
    s1.setVerdict(verdict('L4CON'), 0);
    s1.setVerdict(verdict('L4OK'), 0);
    s1.setVerdict(verdict('L4CON'), 0);
    assert.deepEqual([s1.health, s1.counters.chkfail, s1.counters.chkdown], [0, 2, 1]);
  });

  it('adds up its outages, the one that is going on included', () => {
    const { s1 } = pair();
    s1.setVerdict(verdict('L4CON'), 1000);
    assert.equal(s1.lastChange, 1000);
    assert.equal(s1.downtimeAt(1500), 500);
    s1.setVerdict(verdict('L4OK'), 2000);
    s1.setVerdict(verdict('L4OK'), 3000);
    assert.equal(s1.lastChange, 3000);
    assert.equal(s1.downtimeAt(9000), 2000);
  });
});

describe('the administrative state of a server', () => {
  it('is said in the words of HAProxy', () => {
    const { s1, s2, events } = pair();
    s2.setAdmin('drain', 0);
    assert.equal(s2.statusText(), 'DRAIN');
    assert.equal(s2.usable, false);
    s2.setAdmin('maint', 0);
    assert.equal(s2.statusText(), 'MAINT');
    s2.setAdmin('drain', 0);
    s2.setAdmin('ready', 0);
    assert.equal(s2.statusText(), 'no check');
    s1.setAdmin('drain', 0);
    assert.equal(s1.statusText(), 'DRAIN 1/3');
    s1.setAdmin('ready', 0);
    assert.deepEqual(events.take(), [
      `5 Server app/s2 enters drain state. 1 active and 0 backup servers online. ${ONLINE}`,
      `5 Server app/s2 is going DOWN for maintenance. 1 active and 0 backup servers left. ${LEFT}`,
      '5 Server app/s2 is UP/DRAIN (leaving forced maintenance).',
      '5 Server app/s2 remains in forced drain mode.',
      '5 Server app/s2 is UP (leaving forced drain).',
      `5 Server app/s1 enters drain state. 1 active and 0 backup servers online. ${ONLINE}`,
      '5 Server app/s1 is UP (leaving forced drain).',
    ]);
  });

  it('entering maintenance is an outage, leaving it starts over at rise with the old check result', () => {
    const { s1, events } = pair();
    s1.setVerdict(verdict('L7OK', 200), 0);
    s1.setAdmin('maint', 1000);
    assert.deepEqual([s1.op, s1.counters.chkdown, s1.lastChange, s1.downtimeAt(1700)], [OpState.Stopped, 1, 1000, 700]);
    s1.setVerdict(verdict('L7OK', 200), 1800);
    assert.equal(s1.statusText(), 'MAINT', 'a late check result does not bring it back');
    s1.setAdmin('ready', 2000);
    assert.equal(s1.statusText(), 'UP 1/3');
    assert.equal(s1.verdict?.code, 'L7OK');
    assert.equal(s1.downtimeAt(5000), 1000);
    assert.deepEqual(events.take(), [
      `1 Server app/s1 is going DOWN for maintenance. 1 active and 0 backup servers left. ${LEFT}`,
      '5 Server app/s1 is UP/READY (leaving forced maintenance).',
    ]);
  });

  it('a server that was down enters maintenance without another outage', () => {
    const { s1, events } = pair();
    s1.setVerdict(verdict('L4CON'), 1000);
    events.take();
    s1.setAdmin('maint', 3000);
    assert.deepEqual([s1.lastChange, s1.counters.chkdown, s1.downtimeAt(4000)], [1000, 1, 3000]);
    assert.deepEqual(events.take(), ['5 Server app/s1 was DOWN and now enters maintenance.']);
  });

  it('a draining server that fails is DOWN, and stays out of service when it rises', () => {
    const { s1, events } = pair();
    s1.setAdmin('drain', 0);
    events.take();
    s1.setVerdict(verdict('L4CON', -1, 'Connection refused'), 0);
    assert.equal(s1.statusText(), 'DOWN');
    assert.deepEqual(events.take().at(-1), '5 Server app/s1 remains in forced drain mode.');
    s1.setVerdict(verdict('L4OK'), 0);
    s1.setVerdict(verdict('L4OK'), 0);
    assert.equal(s1.statusText(), 'DRAIN');
    assert.equal(s1.usable, false);
  });

  it('a disabled server starts in maintenance and an address-less one in MAINT (resolution)', () => {
    const { servers } = makeBackend([serverConfig('s1', { disabled: true }), serverConfig('s2', { address: undefined })]);
    assert.deepEqual(
      servers.map((server) => server.statusText()),
      ['MAINT', 'MAINT (resolution)'],
    );
    servers[0]!.setAdmin('ready', 0);
    assert.equal(servers[0]!.statusText(), 'no check');
    servers[1]!.setAdmin('ready', 0);
    assert.equal(servers[1]!.statusText(), 'MAINT (resolution)');
  });

  it('says that the last server is gone, and that backups take over', () => {
    const { events, servers, backend } = makeBackend([serverConfig('s1'), serverConfig('b1', { backup: true })]);
    servers[0]!.setAdmin('maint', 1000);
    assert.deepEqual(events.take(), [
      `1 Server app/s1 is going DOWN for maintenance. 0 active and 1 backup servers left. Running on backup. ${LEFT}`,
    ]);
    assert.equal(backend.status(), 'UP');
    servers[1]!.setAdmin('maint', 2000);
    assert.deepEqual(events.take(), [
      `1 Backup Server app/b1 is going DOWN for maintenance. 0 active and 0 backup servers left. ${LEFT}`,
      '0 backend app has no server available!',
    ]);
    assert.equal(backend.status(), 'DOWN');
    assert.deepEqual([backend.counters.chkdown, backend.lastChange, backend.downtimeAt(2500)], [1, 2000, 500]);
    servers[1]!.setAdmin('ready', 3000);
    assert.deepEqual([backend.status(), backend.downtimeAt(9000), backend.lastChange], ['UP', 1000, 3000]);
  });
});

describe('what its source says of a server', () => {
  it('drains it with the reason', () => {
    const { s2, events } = pair();
    s2.update(s2.config, 'drain', 'container is stopping', 0);
    assert.equal(s2.statusText(), 'DRAIN');
    assert.equal(s2.admin, Admin.SourceDrain);
    assert.equal(s2.reason, 'container is stopping');
    s2.setAdmin('ready', 0);
    assert.equal(s2.statusText(), 'DRAIN', 'the operator cannot overrule the source');
    s2.update(s2.config, 'ready', '', 0);
    assert.equal(s2.statusText(), 'no check');
    assert.deepEqual(events.take(), [
      `5 Server app/s2 enters drain state (container is stopping). 1 active and 0 backup servers online. ${ONLINE}`,
      '5 Server app/s2 is UP (leaving drain).',
    ]);
  });

  it('keeps it DOWN whatever checks find', () => {
    const { s1, events } = pair();
    s1.update(s1.config, 'down', 'container is unhealthy', 0);
    for (let i = 0; i < 5; i++) s1.setVerdict(verdict('L7OK', 200), 0);
    assert.equal(s1.statusText(), 'DOWN');
    s1.setAdmin('maint', 0);
    s1.setAdmin('ready', 0);
    assert.equal(s1.statusText(), 'DOWN');
    assert.equal(s1.usable, false);
    s1.update(s1.config, 'ready', '', 0);
    assert.equal(s1.statusText(), 'UP 1/3');
    assert.equal(events.take()[0], `1 Server app/s1 is DOWN, container is unhealthy. 1 active and 0 backup servers left. ${LEFT}`);
  });

  it('puts it into MAINT (resolution) while it has no address', () => {
    const { s2, events } = pair();
    s2.update({ ...s2.config, address: undefined }, 'down', 'no shared network', 0);
    assert.equal(s2.statusText(), 'MAINT (resolution)');
    s2.update({ ...s2.config, address: '127.0.0.2' }, 'ready', '', 0);
    assert.equal(s2.statusText(), 'no check');
    assert.deepEqual(events.take(), [
      `1 Server app/s2 is going DOWN for maintenance (no shared network). 1 active and 0 backup servers left. ${LEFT}`,
      '5 Server app/s2 is UP/READY (resolves again).',
    ]);
  });
});

describe('a new configuration of a server', () => {
  it('keeps health and counters, and a weight or maxconn set at run time unless the text changed it', () => {
    const { s1 } = pair();
    s1.setVerdict(verdict('L7OK', 200), 0);
    s1.counters.stot = 7;
    s1.setWeight(50, 0);
    s1.setMaxconn(9, 0);
    assert.equal(s1.update({ ...s1.config, maxqueue: 3 }, 'ready', '', 0), false);
    assert.deepEqual([s1.weight, s1.maxconn, s1.counters.stot, s1.statusText()], [50, 9, 7, 'UP']);
    s1.update({ ...s1.config, weight: 2, maxconn: 4 }, 'ready', '', 0);
    assert.deepEqual([s1.weight, s1.maxconn], [2, 4]);
  });

  it('a changed address voids what was known, closes idle connections and starts checks anew', () => {
    const { s1, events } = pair();
    let closed = 0;
    s1.idle = { ...NO_IDLE, close: () => closed++ };
    s1.setVerdict(verdict('L7OK', 200), 0);
    assert.equal(s1.update({ ...s1.config, address: '127.0.0.9' }, 'ready', '', 0), true);
    assert.deepEqual([closed, s1.addressVersion, s1.verdict, s1.statusText()], [1, 1, undefined, 'UP 1/3']);
    assert.deepEqual(events.take(), ['5 Server app/s1 changed its address from 127.0.0.1:80 to 127.0.0.9:80.']);
  });

  it('a server that is down for a check that no longer exists comes back', () => {
    const { s1 } = pair();
    s1.setVerdict(verdict('L4CON'), 0);
    s1.update({ ...s1.config, check: undefined }, 'ready', '', 0);
    assert.equal(s1.statusText(), 'no check');
    assert.equal(s1.usable, true);
  });
});

describe('where a server is checked, and its agent asked', () => {
  const agent = { inter: 1000, address: undefined, port: 5, send: '' };
  const make = () => makeBackend([serverConfig('s1', { ...checked, agent, port: 80 })]).servers[0]!;

  it('is changed by halves', () => {
    const s1 = make();
    s1.redirectCheck({ address: '127.0.0.2' });
    s1.redirectCheck({ port: 81 });
    s1.redirectAgent({ port: 82 });
    s1.redirectAgent({ address: '::1' });
    s1.setAgentSend('hello');
    assert.deepEqual([s1.config.check?.address, s1.config.check?.port], ['127.0.0.2', 81]);
    assert.deepEqual(s1.config.agent, { inter: 1000, address: '::1', port: 82, send: 'hello' });
  });

  it('is its own port where that is 0', () => {
    const s1 = make();
    s1.redirectCheck({ port: 81 });
    s1.redirectCheck({ port: 0 });
    s1.redirectAgent({ port: 0 });
    assert.deepEqual([s1.config.check?.port, s1.config.agent?.port], [undefined, 80]);
  });

  it('is nowhere that the system would not take', () => {
    const s1 = make();
    const before = s1.config;
    for (const port of [80.5, -1, 65536, Number.NaN]) {
      assert.throws(() => s1.redirectCheck({ port }), RangeError);
      assert.throws(() => s1.redirectAgent({ port }), RangeError);
    }
    assert.throws(() => s1.redirectCheck({ address: 'localhost' }), RangeError);
    assert.equal(s1.config, before);
  });
});
