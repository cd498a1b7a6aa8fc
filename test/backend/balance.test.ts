import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createBalance } from '../../src/backend/balance/index.ts';
import { weightMap } from '../../src/backend/balance/map.ts';
import { RandomDraws } from '../../src/backend/balance/random.ts';
import type { Server } from '../../src/backend/server.ts';
import { NO_KEY } from '../../src/backend/types.ts';
import type { BalanceAlgorithm, BalanceConfig, HashConfig } from '../../src/config/model.ts';
import { Client, makeBackend, sequence, serverConfig } from './support.ts';

const CONSISTENT: HashConfig = { method: 'consistent', function: 'sdbm', avalanche: true, balanceFactor: 0 };

function weighted(algorithm: BalanceAlgorithm, ...weights: number[]) {
  return balanced({ algorithm, draws: 2 }, ...weights);
}

function balanced(balance: BalanceConfig, ...weights: number[]) {
  return makeBackend(
    weights.map((weight, i) => serverConfig(String(i + 1), { weight })),
    { balance },
  );
}

function ring(...weights: number[]) {
  return balanced({ algorithm: 'uri', draws: 2, hash: CONSISTENT }, ...weights);
}

/** As observed on HAProxy 2.6; test/haproxy/balance.test.ts asks it again. */
const OBSERVED: readonly (readonly [BalanceAlgorithm, readonly number[], string])[] = [
  ['roundrobin', [1, 1, 1], '123123123123'],
  ['roundrobin', [100, 50], '112112112112'],
  ['roundrobin', [50, 100], '221221221221'],
  ['roundrobin', [3, 1], '111211121112'],
  ['roundrobin', [5, 1, 1], '11121131112113'],
  ['roundrobin', [1, 2, 3], '323132323132'],
  ['roundrobin', [4, 3], '11212121121212'],
  ['roundrobin', [7, 5, 2], '12121312121123121213121211231212131212112312121312121123'],
  ['roundrobin', [256, 1, 17, 3], '11111111111113111111111111411131111111111111113111111111'],
  ['roundrobin', [100, 90, 80, 7, 7], '12132132143212312131231231231251321321321231213123412312'],
  ['static-rr', [1, 1, 1], '123123123123'],
  ['static-rr', [100, 50], '112112112112'],
  ['static-rr', [5, 1, 1], '11121131112113'],
  ['static-rr', [1, 2, 3], '132323132323'],
  ['static-rr', [4, 3], '11212121121212'],
  ['static-rr', [7, 5, 2], '11212131212123112121312121231121213121212311212131212123'],
  ['static-rr', [256, 1, 17, 3], '11111111111112113111111111111111311111111111111131111111'],
  ['static-rr', [100, 90, 80, 7, 7], '12132123123123123121331231241231231212315231213213213123'],
  ['first', [1, 1, 1], '1111'],
  ['leastconn', [1, 1, 1], '123123123'],
  ['leastconn', [1, 2, 3], '123123123'],
];

/** Eleven requests, a change, eleven requests, ...: what HAProxy 2.6 made of it, for three sets of weights. */
const CHANGES = [
  'weight 2 20',
  'state 1 maint',
  'weight 3 7',
  'state 1 ready',
  'state 2 drain',
  'weight 1 1',
  'state 2 ready',
  'weight 1 100',
];
const CHANGED: readonly (readonly [weights: readonly number[], requests: string])[] = [
  [[10, 6, 1], '11212112131 12221221221 22223222222 22232232223 22132212321 31131311313 13333331333 22322231222 31211111211'],
  [[1, 6, 1], '22212223222 12222322222 22222222222 22232232223 22232223222 33333333333 33133333331 32223222132 21131111211'],
  [[3, 6, 50], '33333323333 31323332332 33323323332 23222322232 22322322123 33313313331 33133333331 22232223221 21311111211'],
];

function change(servers: readonly Server[], words: string): void {
  const [what, name, value] = words.split(' ') as [string, string, string];
  const server = servers[Number(name) - 1] as Server;
  if (what === 'weight') server.setWeight(Number(value), 0);
  else server.setAdmin(value as 'ready' | 'drain' | 'maint', 0);
}

describe('whose turn it is', () => {
  for (const algorithm of ['roundrobin', 'first', 'leastconn'] as const) {
    it(`is who is picked then, and the question changes nothing: ${algorithm}`, () => {
      fc.assert(
        fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 }), fc.array(fc.boolean()), (weights, asked) => {
          const one = weighted(algorithm, ...weights);
          const other = weighted(algorithm, ...weights);
          for (const question of asked) {
            const next = question ? one.backend.next?.config.name : undefined;
            const [taken] = sequence(one.backend, 1);
            if (question) assert.equal(taken, next);
            assert.equal(taken, sequence(other.backend, 1)[0]);
          }
        }),
      );
    });
  }

  it('is open where a key or chance decides', () => {
    for (const algorithm of ['random', 'source', 'uri'] as const) assert.equal(weighted(algorithm, 1, 1).backend.next, undefined);
  });

  it('is that of the only one that is there', () => {
    assert.equal(weighted('source', 1).backend.next?.config.name, '1');
  });
});

describe('balance', () => {
  for (const [algorithm, weights, expected] of OBSERVED) {
    it(`${algorithm} with weights ${weights.join(' ')} gives ${expected}`, () => {
      assert.equal(sequence(weighted(algorithm, ...weights).backend, expected.length), expected);
    });
  }

  it('picks from nothing nobody, whatever the algorithm', () => {
    const algorithms = ['roundrobin', 'static-rr', 'leastconn', 'first', 'source', 'uri', 'url_param', 'hdr', 'hash', 'random'] as const;
    for (const algorithm of algorithms) {
      for (const hash of [CONSISTENT, { ...CONSISTENT, method: 'map-based' as const }]) {
        const balance = createBalance({ algorithm, draws: 2, hash });
        balance.rebuild([]);
        assert.equal(balance.pick(1, undefined), undefined);
        assert.equal(balance.pick(NO_KEY, undefined), undefined);
      }
    }
  });

  it('knows which algorithms take other weights while they run', () => {
    const dynamic = (balance: BalanceConfig): boolean => createBalance(balance).dynamic;
    for (const algorithm of ['roundrobin', 'leastconn', 'first', 'random'] as const) assert.equal(dynamic({ algorithm, draws: 2 }), true);
    for (const algorithm of ['static-rr', 'source', 'uri'] as const) assert.equal(dynamic({ algorithm, draws: 2 }), false);
    assert.equal(dynamic({ algorithm: 'source', draws: 2, hash: CONSISTENT }), true);
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

    it(`${algorithm} finds the last free slot among a thousand servers, and each that is given back`, () => {
      const { backend, servers } = makeBackend(
        Array.from({ length: 1000 }, (_, i) => serverConfig(String(i), { maxconn: 1, weight: 1 + (i % 3) })),
        { balance: { algorithm, draws: 2 } },
      );
      for (let i = 0; i < 1000; i++) assert.notEqual(typeof backend.assign(new Client(), NO_KEY, undefined), 'string');
      for (const at of [999, 0, 500, 501, 37]) {
        backend.release(servers[at]!);
        assert.equal(backend.assign(new Client(), NO_KEY, undefined), servers[at]);
      }
      assert.equal(backend.assign(new Client(), NO_KEY, undefined), 'queued');
    });
  }

  for (const algorithm of ['roundrobin', 'leastconn', 'first'] as const) {
    it(`${algorithm} lets requests wait for the one backup server that alone is left`, () => {
      const { backend, servers } = makeBackend([serverConfig('1'), serverConfig('2', { backup: true, maxconn: 1 })], {
        balance: { algorithm, draws: 2 },
      });
      servers[0]!.setAdmin('maint', 0);
      assert.equal(backend.assign(new Client(), NO_KEY, undefined), servers[1]);
      assert.equal(backend.assign(new Client(), NO_KEY, undefined), 'queued');
      assert.deepEqual([servers[1]!.queue.length, backend.queued], [1, 0]);
    });
  }
});

describe('a pick among many servers', () => {
  const STEP = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('assign' as const), avoid: fc.option(fc.nat(149)) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('release' as const), which: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('weight' as const), at: fc.nat(149), weight: fc.nat(8) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('maxconn' as const), at: fc.nat(149), maxconn: fc.nat(2) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('admin' as const),
        at: fc.nat(149),
        state: fc.constantFrom('ready' as const, 'drain' as const),
      }),
    },
  );
  for (const balance of [
    ...(['roundrobin', 'static-rr', 'leastconn', 'first', 'random'] as const).map((algorithm) => ({ algorithm, draws: 2 })),
    { algorithm: 'uri', draws: 2 } as const,
    { algorithm: 'uri', draws: 2, hash: CONSISTENT } as const,
  ]) {
    const name = 'hash' in balance ? 'consistent hashing' : balance.algorithm === 'uri' ? 'map-based hashing' : balance.algorithm;
    it(`by ${name} finds one with a free slot as long as there is one, whoever else is full, comes, goes or changes`, () => {
      fc.assert(
        fc.property(fc.nat(150), fc.array(STEP, { maxLength: 200 }), (filled, steps) => {
          const { backend, servers } = makeBackend(
            Array.from({ length: 150 }, (_, i) => serverConfig(String(i), { maxconn: 1, weight: 1 + (i % 2) })),
            { balance },
          );
          const held: Server[] = [];
          const assign = (avoid: Server | undefined): void => {
            // Those who wait would get what is given back: nobody waits here.
            const free = servers.filter((server) => server.elected && !server.saturated);
            if (free.length === 0) return;
            const server = backend.assign(new Client(), NO_KEY, avoid) as Server;
            assert.ok(free.includes(server));
            if (server === avoid) assert.equal(free.length, 1);
            held.push(server);
          };
          for (let i = 0; i < filled; i++) assign(undefined);
          for (const step of steps) {
            if (step.kind === 'assign') assign(step.avoid === null ? undefined : servers[step.avoid]);
            else if (step.kind === 'release') {
              const [server] = held.splice(step.which % (held.length || 1), 1);
              if (server !== undefined) backend.release(server);
            } else if (step.kind === 'weight') servers[step.at]!.setWeight(step.weight, 0);
            else if (step.kind === 'maxconn') servers[step.at]!.setMaxconn(step.maxconn, 0);
            else servers[step.at]!.setAdmin(step.state, 0);
          }
        }),
        { numRuns: 30 },
      );
    });
  }
});

describe('balance roundrobin', () => {
  for (const [weights, requests] of CHANGED) {
    it(`starts with weights ${weights.join(' ')} and follows changes as HAProxy does`, () => {
      const { backend, servers } = weighted('roundrobin', ...weights);
      const [first = '', ...others] = requests.split(' ');
      assert.equal(sequence(backend, first.length), first);
      others.forEach((expected, i) => {
        change(servers, CHANGES[i] as string);
        assert.equal(sequence(backend, expected.length), expected, CHANGES[i]);
      });
    });
  }

  it('shares by weight over rounds, whatever the weights', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 256 }), { minLength: 1, maxLength: 8 }), (weights) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const { backend, servers } = weighted('roundrobin', ...weights);
        sequence(backend, 3 * total);
        servers.forEach((server, i) => {
          const due = 3 * (weights[i] as number);
          assert.ok(Math.abs(server.counters.stot - due) <= 2, `${server.counters.stot} of ${due}`);
        });
      }),
      { numRuns: 50 },
    );
  });

  it('does not pay back the turns of a server that was away or full', () => {
    const { backend, servers } = weighted('roundrobin', 1, 1);
    servers[0]!.setAdmin('drain', 0);
    assert.equal(sequence(backend, 100), '2'.repeat(100));
    servers[0]!.setAdmin('ready', 0);
    assert.match(sequence(backend, 11), /^.?(12)+.?$/);
    servers[0]!.setMaxconn(1, 0);
    const holder = backend.assign(new Client(), 0, servers[1]);
    assert.equal(holder, servers[0]);
    assert.equal(sequence(backend, 20), '2'.repeat(20));
    backend.release(servers[0]!);
    assert.match(sequence(backend, 11), /^.?(12)+.?$/);
  });

  it('shares evenly again among thousands after hundreds of them were full', () => {
    const { backend, servers } = makeBackend(
      Array.from({ length: 2000 }, (_, i) => serverConfig(String(i), { maxconn: i < 1500 ? 1 : 0 })),
      { balance: { algorithm: 'roundrobin', draws: 2 } },
    );
    const held: Server[] = [];
    for (let i = 0; i < 6000; i++) held.push(backend.assign(new Client(), NO_KEY, undefined) as Server);
    assert.equal(servers.filter((server) => server.saturated).length, 1500);
    for (const server of held) backend.release(server);
    const before = servers.map((server) => server.counters.stot);
    sequence(backend, 20_000);
    const got = servers.map((server, i) => server.counters.stot - before[i]!);
    assert.ok(Math.min(...got) >= 9 && Math.max(...got) <= 11, `${Math.min(...got)} to ${Math.max(...got)}`);
  });
});

describe('balance static-rr', () => {
  /** One entry after the other, every server's score looked at for each: HAProxy's loop. */
  function naive(weights: readonly number[]): string {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const scores = weights.map(() => 0);
    let map = '';
    for (let entry = 0; entry < total; entry++) {
      let best = 0;
      let most = Number.NEGATIVE_INFINITY;
      weights.forEach((weight, i) => {
        scores[i] = (scores[i] as number) + weight;
        const wholes = Math.floor((scores[i] as number) / total);
        if (wholes > most) {
          most = wholes;
          best = i;
        }
      });
      scores[best] = (scores[best] as number) - total;
      map += best + 1;
    }
    return map;
  }

  it('has the map that comes of looking at every server for every entry', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 256 }), { minLength: 1, maxLength: 9 }), (weights) => {
        // A server of weight 1 that is down keeps the weights from being reduced.
        const { servers } = weighted('static-rr', ...weights, 1);
        const map = weightMap(servers.slice(0, weights.length));
        assert.equal(map.map((server) => server.config.name).join(''), naive(weights));
      }),
    );
  });

  it('reduces weights by what all servers have in common, those that are away included', () => {
    const { backend, servers } = weighted('static-rr', 4, 2, 6);
    assert.equal(sequence(backend, 12), sequence(weighted('static-rr', 2, 1, 3).backend, 12));
    servers[1]!.setAdmin('maint', 0);
    assert.equal(weightMap(servers.filter((server) => server.usable)).length, 5);
  });

  it('goes on where it was when the map changes', () => {
    const { backend, servers } = weighted('static-rr', 1, 1, 1);
    assert.equal(sequence(backend, 1), '1');
    servers[0]!.setAdmin('maint', 0);
    assert.equal(sequence(backend, 2), '32');
    servers[0]!.setAdmin('ready', 0);
    assert.equal(sequence(backend, 4), '2312');
  });
});

describe('balance leastconn', () => {
  it('prefers the server with fewest slots in use for its weight', () => {
    const { backend, servers } = weighted('leastconn', 1, 3);
    for (let i = 0; i < 40; i++) backend.assign(new Client(), 0, undefined);
    assert.deepEqual(
      servers.map((server) => server.scur),
      [10, 30],
    );
    for (let i = 0; i < 20; i++) backend.release(servers[1]!);
    assert.equal(sequence(backend, 3), '222');
  });

  it('lets requests wait for a server that has room in its queue, where `maxqueue` allows', () => {
    const { backend, servers } = makeBackend(
      [serverConfig('1', { maxconn: 1, maxqueue: 2 }), serverConfig('2', { maxconn: 1, maxqueue: 2 })],
      {
        balance: { algorithm: 'leastconn', draws: 2 },
      },
    );
    for (let i = 0; i < 2; i++) assert.notEqual(typeof backend.assign(new Client(), NO_KEY, undefined), 'string');
    for (let i = 0; i < 5; i++) assert.equal(backend.assign(new Client(), NO_KEY, undefined), 'queued');
    assert.deepEqual([servers[0]!.queue.length, servers[1]!.queue.length, backend.queued], [2, 2, 1]);
  });
});

describe('balance first', () => {
  it('goes by the ids', () => {
    const { backend } = makeBackend(
      [serverConfig('1', { id: 30 }), serverConfig('2', { id: 10, maxconn: 1 }), serverConfig('3', { id: 20 })],
      {
        balance: { algorithm: 'first', draws: 2 },
      },
    );
    const names = [1, 2].map(() => (backend.assign(new Client(), NO_KEY, undefined) as Server).config.name);
    assert.deepEqual(names, ['2', '3']);
  });
});

describe('balance random', () => {
  const RANGE = 2 ** 30;

  it('draws by weight and takes the less loaded of its draws', () => {
    const points = [0.99, 0.0];
    let at = 0;
    const balance = new RandomDraws(2, 0, () => (points[at++ % 2] as number) * RANGE);
    const { servers } = weighted('roundrobin', 1, 1);
    servers[1]!.scur = 1;
    balance.rebuild(servers);
    assert.equal(balance.pick(0, undefined), servers[0]);
    servers[0]!.scur = 2;
    assert.equal(balance.pick(0, undefined), servers[1]);
    assert.equal(balance.pick(0, servers[1]), servers[0], 'avoided while there is another');
  });

  it('draws no more often than there are servers', () => {
    let draws = 0;
    const balance = new RandomDraws(100, 0, () => {
      draws++;
      return RANGE / 2;
    });
    balance.rebuild(weighted('roundrobin', 1, 1, 1).servers);
    balance.pick(0, undefined);
    assert.equal(draws, 3);
  });

  it('reaches every server in proportion to its weight', () => {
    const weights = [1, 5, 2, 7];
    const { servers } = weighted('roundrobin', ...weights);
    const total = 15 * 16;
    let point = 0;
    const balance = new RandomDraws(1, 0, () => Math.ceil((point++ * RANGE) / total));
    balance.rebuild(servers);
    const hits = servers.map(() => 0);
    for (let i = 0; i < total; i++) hits[servers.indexOf(balance.pick(0, undefined) as Server)]!++;
    assert.deepEqual(
      hits,
      weights.map((weight) => 16 * weight),
    );
  });

  it('spreads draws of its own over all servers', () => {
    const { backend, servers } = weighted('random', 1, 1, 1, 1);
    sequence(backend, 4000);
    for (const { counters } of servers) assert.ok(counters.stot > 700 && counters.stot < 1300, `${counters.stot}`);
  });
});

describe('hash-type map-based', () => {
  it('gives each key its entry of the map, and the same one to who avoids it, as HAProxy', () => {
    const { backend, servers } = weighted('source', 4, 3);
    assert.equal(
      sequence(backend, 14, (i) => i),
      '11212121121212',
    );
    assert.equal(backend.assign(new Client(), 2, servers[1]), servers[1]);
  });

  it('gives requests without a key their turn', () => {
    const { backend } = weighted('source', 4, 3);
    assert.equal(
      sequence(backend, 14, (i) => (i % 2 === 0 ? NO_KEY : 0)),
      '11112111211121',
    );
  });

  it('lets a key wait for its server, and requests without one for any', () => {
    const { backend, servers } = makeBackend([serverConfig('1', { maxconn: 1 }), serverConfig('2', { maxconn: 1 })], {
      balance: { algorithm: 'source', draws: 2 },
    });
    assert.equal(backend.assign(new Client(), 1, undefined), servers[1]);
    assert.equal(backend.assign(new Client(), 1, undefined), 'queued');
    assert.equal(servers[1]!.queue.length, 1);
    assert.equal(backend.assign(new Client(), NO_KEY, undefined), servers[0]);
    assert.equal(backend.assign(new Client(), NO_KEY, undefined), 'queued');
    assert.deepEqual([servers[1]!.queue.length, backend.queued], [1, 1]);
  });
});

describe('hash-type consistent', () => {
  const KEYS = Array.from({ length: 2000 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 0);
  const ask = (backend: ReturnType<typeof ring>['backend']): string[] => KEYS.map((key) => sequence(backend, 1, () => key));

  it('moves only the keys of a server that goes, and gives it back the same ones', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 2, maxLength: 9 }), fc.nat(), (weights, which) => {
        const { backend, servers } = ring(...weights);
        const goes = servers[which % servers.length] as Server;
        const before = ask(backend);
        goes.setAdmin('maint', 0);
        const without = ask(backend);
        before.forEach((name, i) => {
          if (name === goes.config.name) assert.notEqual(without[i], name);
          else assert.equal(without[i], name);
        });
        goes.setAdmin('ready', 0);
        assert.deepEqual(ask(backend), before);
      }),
      { numRuns: 20 },
    );
  });

  it('moves keys only to a server whose weight grows, and only from one whose weight shrinks', () => {
    const { backend, servers } = ring(5, 5, 5);
    const before = ask(backend);
    servers[1]!.setWeight(9, 0);
    const grown = ask(backend);
    servers[1]!.setWeight(2, 0);
    const shrunk = ask(backend);
    assert.notDeepEqual(grown, before);
    assert.ok(grown.every((name, i) => name === '2' || name === before[i]));
    assert.ok(shrunk.every((name, i) => name === grown[i] || grown[i] === '2'));
  });

  it('goes by ids, whatever the order of the servers', () => {
    const make = (...ids: number[]) =>
      makeBackend(
        ids.map((id) => serverConfig(String(id), { id })),
        { balance: { algorithm: 'uri', draws: 2, hash: CONSISTENT } },
      ).backend;
    assert.deepEqual(ask(make(1, 2, 3)), ask(make(3, 1, 2)));
  });

  it('shares by weight, about', () => {
    const { backend, servers } = ring(1, 2, 5);
    ask(backend);
    const [one = 0, two = 0, five = 0] = servers.map(({ counters }) => counters.stot);
    assert.ok(one > 125 && one < 400 && two > 300 && two < 750 && five > 1000, `${one} ${two} ${five}`);
  });

  it('sends who avoids a server to the next one on the ring', () => {
    const { backend, servers } = ring(1, 1, 1);
    for (const key of KEYS.slice(0, 100)) {
      const mine = backend.assign(new Client(), key, undefined) as Server;
      const other = backend.assign(new Client(), key, mine) as Server;
      assert.notEqual(other, mine);
      mine.setAdmin('maint', 0);
      assert.equal(backend.assign(new Client(), key, mine), backend.assign(new Client(), key, undefined));
      mine.setAdmin('ready', 0);
    }
    assert.equal(servers.length, 3);
  });

  it('gives nobody more than its part of the load, with hash-balance-factor', () => {
    const factor = 125;
    const { backend, servers } = balanced({ algorithm: 'uri', draws: 2, hash: { ...CONSISTENT, balanceFactor: factor } }, 1, 2, 3);
    for (let i = 1; i <= 600; i++) {
      const server = backend.assign(new Client(), 42, undefined) as Server;
      const part = (i * factor * server.weight) / (100 * 6);
      assert.ok(server.scur <= part + 1, `${server.scur} of ${part} at ${i}`);
    }
    const [most, second] = servers.map((server) => server.scur).sort((a, b) => b - a);
    assert.ok((most as number) > 0 && (second as number) > 0);
  });
});
