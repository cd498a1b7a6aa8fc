import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { sourceKey } from '../../src/backend/balance/hash.ts';
import { createBalance } from '../../src/backend/balance/index.ts';
import { RandomDraws } from '../../src/backend/balance/random.ts';
import type { BalanceAlgorithm } from '../../src/config/model.ts';
import { Client, makeBackend, sequence, serverConfig } from './support.ts';

function weighted(algorithm: BalanceAlgorithm, ...weights: number[]) {
  return makeBackend(
    weights.map((weight, i) => serverConfig(String(i + 1), { weight })),
    { balance: { algorithm, draws: 2 } },
  );
}

/** As observed on HAProxy 2.6; test/haproxy/balance.test.ts asks it again. */
const OBSERVED: readonly (readonly [BalanceAlgorithm, readonly number[], string])[] = [
  ['roundrobin', [1, 1, 1], '123123123123'],
  ['roundrobin', [100, 50], '112112112112'],
  ['roundrobin', [50, 100], '221221221221'],
  ['roundrobin', [3, 1], '111211121112'],
  ['roundrobin', [5, 1, 1], '11121131112113'],
  ['roundrobin', [1, 2, 3], '323132313231'.slice(0, 6).repeat(2)],
  ['roundrobin', [4, 3], '11212121121212'],
  ['static-rr', [1, 1, 1], '123123123123'],
  ['static-rr', [100, 50], '112112112112'],
  ['static-rr', [5, 1, 1], '11121131112113'],
  ['static-rr', [1, 2, 3], '132323132323'],
  ['static-rr', [4, 3], '11212121121212'],
  ['first', [1, 1, 1], '1111'],
  ['leastconn', [1, 1, 1], '123123123'],
  ['leastconn', [1, 2, 3], '123123123'],
];

describe('balance', () => {
  for (const [algorithm, weights, expected] of OBSERVED) {
    it(`${algorithm} with weights ${weights.join(' ')} gives ${expected}`, () => {
      assert.equal(sequence(weighted(algorithm, ...weights).backend, expected.length), expected);
    });
  }

  it('roundrobin shares exactly by weight over a round, whatever the weights', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 256 }), { minLength: 1, maxLength: 8 }), (weights) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const { backend, servers } = weighted('roundrobin', ...weights);
        sequence(backend, 3 * total);
        servers.forEach((server, i) => {
          assert.ok(
            Math.abs(server.counters.stot - 3 * (weights[i] as number)) <= 1,
            `${server.counters.stot} of ${3 * (weights[i] as number)}`,
          );
        });
      }),
      { numRuns: 50 },
    );
  });

  it('roundrobin keeps its shares when its virtual time is wound back', () => {
    const { backend, servers } = weighted('roundrobin', 1, 2);
    sequence(backend, 9000);
    assert.deepEqual(
      servers.map((server) => server.counters.stot),
      [3000, 6000],
    );
  });

  it('roundrobin follows a weight that changes while it runs', () => {
    const { backend, servers } = weighted('roundrobin', 1, 1);
    sequence(backend, 100);
    servers[0]!.setWeight(3, 0);
    const before = servers.map((server) => server.counters.stot);
    sequence(backend, 400);
    assert.deepEqual(
      servers.map((server, i) => server.counters.stot - (before[i] as number)),
      [300, 100],
    );
  });

  it('roundrobin does not pay back the turns of a server that was away or full', () => {
    const { backend, servers } = weighted('roundrobin', 1, 1);
    servers[0]!.setAdmin('drain', 0);
    assert.equal(sequence(backend, 100), '2'.repeat(100));
    servers[0]!.setAdmin('ready', 0);
    const after = sequence(backend, 10);
    assert.ok(/^(12){5}$|^(21){5}$/.test(after), after);
    servers[0]!.setMaxconn(1, 0);
    const holder = backend.assign(new Client(), 0, undefined);
    assert.notEqual(typeof holder, 'string');
    sequence(backend, 20);
    if (typeof holder !== 'string') backend.release(holder);
    const again = sequence(backend, 10);
    assert.ok(/^(12){5}$|^(21){5}$/.test(again), again);
  });

  for (const algorithm of ['roundrobin', 'static-rr', 'leastconn', 'first', 'random'] as const) {
    it(`${algorithm} skips saturated servers, and avoids one only while another has room`, () => {
      const { backend, servers } = makeBackend([serverConfig('1', { maxconn: 2 }), serverConfig('2', { maxconn: 1 }), serverConfig('3')], {
        balance: { algorithm, draws: 2 },
      });
      for (let i = 0; i < 20; i++) assert.notEqual(typeof backend.assign(new Client(), 0, servers[2]), 'string');
      assert.ok(servers[0]!.scur === 2 && servers[1]!.scur === 1, 'the others are filled first');
      assert.equal(servers[2]!.scur, 17);
      servers[2]!.setMaxconn(17, 0);
      assert.equal(backend.assign(new Client(), 0, undefined), 'queued');
    });
  }

  it('leastconn prefers the server with fewest slots in use for its weight', () => {
    const { backend, servers } = weighted('leastconn', 1, 3);
    for (let i = 0; i < 40; i++) backend.assign(new Client(), 0, undefined);
    assert.deepEqual(
      servers.map((server) => server.scur),
      [10, 30],
    );
    for (let i = 0; i < 20; i++) backend.release(servers[1]!);
    assert.equal(sequence(backend, 3), '222');
  });

  it('random draws by weight and takes the less loaded of its draws', () => {
    const points = [0.99, 0.0];
    let at = 0;
    const balance = new RandomDraws(2, () => points[at++ % 2] as number);
    const { servers } = weighted('roundrobin', 1, 1);
    balance.rebuild(servers);
    servers[1]!.scur = 1;
    assert.equal(balance.pick(0, undefined), servers[0]);
    servers[0]!.scur = 2;
    assert.equal(balance.pick(0, undefined), servers[1]);
    assert.equal(balance.pick(0, servers[1]), servers[0], 'avoided while there is another');
  });

  it('random draws no more often than there are servers', () => {
    let draws = 0;
    const balance = new RandomDraws(100, () => {
      draws++;
      return 0.5;
    });
    balance.rebuild(weighted('roundrobin', 1, 1, 1).servers);
    balance.pick(0, undefined);
    assert.equal(draws, 3);
  });

  it('random reaches every server in proportion to its weight', () => {
    const weights = [1, 5, 0, 2, 7].filter((weight) => weight > 0);
    const { servers } = weighted('roundrobin', ...weights);
    let point = 0;
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const balance = new RandomDraws(1, () => point++ / total);
    balance.rebuild(servers);
    const hits = new Map(servers.map((server) => [server, 0]));
    for (let i = 0; i < total; i++) {
      const server = balance.pick(0, undefined)!;
      hits.set(server, hits.get(server)! + 1);
    }
    assert.deepEqual([...hits.values()], weights);
  });

  it('source gives each key its entry of the map, and another one to who avoids it', () => {
    const { backend, servers } = weighted('source', 4, 3);
    const first = sourceKey('127.0.0.1');
    assert.equal(
      sequence(backend, 14, (i) => first + i),
      '21212112121211',
    );
    const mine = backend.assign(new Client(), first, undefined);
    assert.equal(mine, servers[1]);
    assert.equal(backend.assign(new Client(), first, servers[1]), servers[0]);
  });

  it('has a factory for every algorithm, and none picks from nothing', () => {
    for (const algorithm of ['roundrobin', 'static-rr', 'leastconn', 'first', 'source', 'random'] as const) {
      const balance = createBalance({ algorithm, draws: 2 });
      balance.rebuild([]);
      assert.equal(balance.pick(1, undefined), undefined);
    }
  });
});

describe('sourceKey', () => {
  it('is the address itself for IPv4 and the xor of its words for IPv6', () => {
    assert.equal(sourceKey('127.0.0.1'), 0x7f000001);
    assert.equal(sourceKey('255.255.255.255'), 0xffffffff);
    assert.equal(sourceKey('::1'), 1);
    assert.equal(sourceKey('2001:db8::ff00:42:8329'), (0x20010db8 ^ 0x0000ff00 ^ 0x00428329) >>> 0);
    assert.equal(sourceKey('1:2:3:4:5:6:7:8'), (0x00010002 ^ 0x00030004 ^ 0x00050006 ^ 0x00070008) >>> 0);
    assert.equal(sourceKey('fe80::1%eth0'), (0xfe800000 ^ 1) >>> 0);
  });

  it('of an IPv4-mapped address is that of the IPv4 address, and of no address 0', () => {
    assert.equal(sourceKey('::ffff:10.1.2.3'), sourceKey('10.1.2.3'));
    assert.equal(sourceKey(''), 0);
    assert.equal(sourceKey('unix'), 0);
  });
});
