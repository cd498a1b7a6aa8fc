import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { History } from '../../../src/stats/page/history.ts';
import { makeListen, serverConfig, statsConfig } from '../objects.ts';

function setUp() {
  const listen = makeListen('app', [serverConfig('w1')]);
  const [server] = listen.backend?.servers ?? [];
  assert.ok(server);
  const history = new History(() => [listen]);
  const row = { side: 'S', of: server } as const;
  return { history, row, counters: server.counters, course: () => history.course(row) };
}

test('a row that nobody has looked at, and one without traffic, has no course', () => {
  const { history, course } = setUp();
  assert.deepEqual(course(), { rates: '', peak: 0, faults: '' });
  history.sample();
  assert.deepEqual(course(), { rates: '', peak: 0, faults: '' });
});

test('sessions and failures are drawn on one scale, the newest last, and what is little is seen', () => {
  const { history, counters, course } = setUp();
  history.sample();
  counters.stot += 200;
  history.sample();
  counters.stot += 1;
  counters.econ += 1;
  counters.hrsp.five += 1;
  history.sample();
  const { rates, peak, faults } = course();
  assert.equal(rates.length, 60);
  assert.equal(rates.slice(-3), '0z1');
  assert.equal(peak, 100);
  assert.equal(faults.slice(-3), '001');
  counters.econ += 500;
  history.sample();
  assert.equal(course().faults.slice(-3), '01z');
  assert.equal(course().rates.slice(-4), '0e10');
});

test('the oldest goes when a new one comes', () => {
  const { history, counters, course } = setUp();
  history.sample();
  counters.stot += 5;
  for (let step = 0; step < 60; step++) history.sample();
  assert.equal(course().rates.charAt(0), 'z');
  history.sample();
  assert.equal(course().rates, '');
});

test('cleared counters begin anew', () => {
  const { history, counters, course } = setUp();
  counters.stot = 50;
  history.sample();
  counters.clear();
  history.sample();
  assert.equal(course().rates, '');
});

test('nothing is remembered where no proxy has a page', () => {
  mock.timers.enable({ apis: ['setInterval'] });
  try {
    for (const stats of [undefined, statsConfig()]) {
      const listen = makeListen('app', [serverConfig('w1')], { stats });
      const [server] = listen.backend?.servers ?? [];
      assert.ok(server);
      const history = new History(() => [listen]);
      history.start();
      mock.timers.tick(2000);
      server.counters.stot += 5;
      mock.timers.tick(2000);
      history.stop();
      assert.equal(history.course({ side: 'S', of: server }).rates === '', stats === undefined);
    }
  } finally {
    mock.timers.reset();
  }
});
