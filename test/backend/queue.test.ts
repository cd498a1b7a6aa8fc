/** Who waits where, and what becomes of them; with whole requests in test/scenarios/queue.txt. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import type { Backend } from '../../src/backend/backend.ts';
import type { Server } from '../../src/backend/server.ts';
import { NO_KEY } from '../../src/backend/types.ts';
import { Wheel } from '../../src/core/wheel.ts';
import { Client, makeBackend, serverConfig } from './support.ts';

const ROUND = NO_KEY;

/** Everybody who was told to ask again has been told. */
const told = () => Promise.resolve();

function two(changes: Parameters<typeof makeBackend>[1] = {}): { backend: Backend; s1: Server; s2: Server } {
  const { backend, servers } = makeBackend([serverConfig('s1', { maxconn: 1 }), serverConfig('s2', { maxconn: 1 })], changes);
  const [s1, s2] = servers as [Server, Server];
  assert.equal(backend.assign(new Client(), ROUND, undefined), s1);
  assert.equal(backend.assign(new Client(), ROUND, undefined), s2);
  return { backend, s1, s2 };
}

describe('Backend.claim', () => {
  it('takes a slot of that server, which is no choice of the algorithm', () => {
    const { backend, servers } = makeBackend([serverConfig('s1'), serverConfig('s2')]);
    for (let i = 0; i < 3; i++) assert.equal(backend.claim(new Client(), servers[1]!), servers[1]);
    assert.deepEqual([servers[1]!.scur, servers[1]!.counters.stot, servers[1]!.counters.lbtot, backend.counters.lbtot], [3, 3, 0, 0]);
  });

  it('waits in the queue of that server, up to its maxqueue', () => {
    const { backend, servers } = makeBackend([serverConfig('s1', { maxconn: 1, maxqueue: 2 }), serverConfig('s2')]);
    const s1 = servers[0]!;
    backend.claim(new Client(), s1);
    const clients = [new Client(), new Client(), new Client()];
    assert.deepEqual(
      clients.map((client) => backend.claim(client, s1)),
      ['queued', 'queued', 'full'],
    );
    assert.deepEqual([s1.queue.length, s1.counters.qmax, backend.queued, backend.waiting, backend.counters.qmax], [2, 2, 0, 2, 0]);
    assert.deepEqual(
      clients.map(({ awaited }) => awaited),
      [s1, s1, s1],
      'also the one whose queue was full is known',
    );
    backend.release(s1);
    assert.deepEqual(
      clients.map(({ server }) => server),
      [s1, undefined, undefined],
    );
  });

  it('is served by a server that gets no new traffic', () => {
    const { backend, servers } = makeBackend([serverConfig('s1', { maxconn: 1 }), serverConfig('s2')]);
    const s1 = servers[0]!;
    s1.setAdmin('drain', 0);
    assert.equal(backend.claim(new Client(), s1), s1);
    const late = new Client();
    assert.equal(backend.claim(late, s1), 'queued');
    backend.release(s1);
    assert.equal(late.server, s1);
  });
});

describe('of the two queues', () => {
  it('the head that came first is served, whichever it stands in', () => {
    const { backend, s1, s2 } = two();
    const order: string[] = [];
    const client = (name: string) => new Client(name, ({ server }) => order.push(`${name}@${server?.config.name}`));
    backend.claim(client('c'), s1);
    backend.assign(client('d'), ROUND, undefined);
    backend.claim(client('e'), s2);
    backend.claim(client('f'), s1);
    backend.assign(client('g'), ROUND, undefined);
    for (const server of [s1, s2, s1, s2, s1]) backend.release(server);
    assert.deepEqual(order, ['c@s1', 'd@s2', 'f@s1', 'e@s2', 'g@s1']);
  });

  it('a slot that is being given out is not for somebody who asks meanwhile', () => {
    const { backend, s1 } = two();
    const order: string[] = [];
    const again = new Client('again', () => order.push('again'));
    let answer: unknown;
    backend.assign(
      new Client('hasty', () => {
        order.push('hasty');
        backend.release(s1);
        answer = backend.claim(again, s1);
      }),
      ROUND,
      undefined,
    );
    backend.assign(
      new Client('next', () => {
        order.push('next');
        backend.release(s1);
      }),
      ROUND,
      undefined,
    );
    backend.release(s1);
    assert.equal(answer, 'queued');
    assert.deepEqual(order, ['hasty', 'next', 'again']);
  });

  for (const algorithm of ['roundrobin', 'static-rr', 'leastconn', 'first', 'random'] as const) {
    it(`nor for somebody who takes any, with ${algorithm}`, () => {
      const { backend, servers } = makeBackend([serverConfig('s1', { maxconn: 1 })], {
        balance: { ...makeBackend([]).backend.config.balance, algorithm },
      });
      const s1 = servers[0]!;
      backend.assign(new Client(), ROUND, undefined);
      let answer: unknown;
      const hasty = new Client('hasty', () => {
        backend.release(s1);
        answer = backend.assign(new Client(), ROUND, undefined);
      });
      const next = new Client();
      backend.assign(hasty, ROUND, undefined);
      backend.assign(next, ROUND, undefined);
      backend.release(s1);
      assert.deepEqual([answer, next.server], ['queued', s1]);
    });
  }

  it('nobody is forgotten who claims an idle server while slots of another one are given out', () => {
    const { backend, servers } = makeBackend([serverConfig('s1', { maxconn: 1 }), serverConfig('s2', { maxconn: 1 })]);
    const [s1, s2] = servers as [Server, Server];
    s2.setAdmin('drain', 0);
    backend.assign(new Client(), ROUND, undefined);
    const claiming = new Client();
    backend.assign(new Client('first', () => backend.claim(claiming, s2)), ROUND, undefined);
    backend.assign(new Client(), ROUND, undefined);
    backend.release(s1);
    assert.equal(claiming.server, s2);
  });
});

describe('what a waiter is told for the log', () => {
  it('how many were served before it, itself included: not those who left', () => {
    const { backend, servers } = makeBackend([serverConfig('s1', { maxconn: 1 })]);
    const s1 = servers[0]!;
    backend.assign(new Client(), ROUND, undefined);
    const clients = Array.from({ length: 5 }, () => new Client());
    for (const client of clients) backend.assign(client, ROUND, undefined);
    backend.cancel(clients[1]!);
    for (let i = 0; i < 3; i++) backend.release(s1);
    backend.cancel(clients[4]!);
    assert.deepEqual(
      clients.map(({ backendQueue, serverQueue }) => [backendQueue, serverQueue]),
      [
        [1, 0],
        [1, 0],
        [2, 0],
        [3, 0],
        [4, 0],
      ],
    );
  });

  it('both figures when it has stood in both queues', async () => {
    const { backend, s1, s2 } = two({ redispatch: -1 });
    const client: Client = new Client('', () => {
      if (client.server === undefined) backend.assign(client, ROUND, client.redistributed);
    });
    const before = new Client();
    backend.claim(client, s1);
    backend.assign(before, ROUND, undefined);
    s1.setAdmin('maint', 0);
    await told();
    backend.release(s2);
    backend.release(s2);
    assert.deepEqual([before.server, client.server], [s2, s2]);
    assert.deepEqual([client.serverQueue, client.backendQueue], [1, 2]);
  });
});

describe('when a server goes, who waits for it', () => {
  const ways: readonly (readonly [string, (server: Server) => void])[] = [
    ['down', (server) => server.forceHealth('down', 0)],
    ['into drain', (server) => server.setAdmin('drain', 0)],
    ['into maintenance', (server) => server.setAdmin('maint', 0)],
    ['into NOLB', (server) => server.forceHealth('stopping', 0)],
  ];
  for (const [way, go] of ways) {
    it(`asks again when it goes ${way}, with option redispatch, in the order of arrival`, async () => {
      const { backend, s1 } = two({ redispatch: -1 });
      const order: string[] = [];
      const clients = ['a', 'b', 'c'].map((name) => new Client(name, () => order.push(name)));
      for (const client of clients) backend.claim(client, s1);
      go(s1);
      assert.deepEqual([order, s1.queue.length, backend.waiting], [[], 0, 3], 'not before all is changed');
      await told();
      assert.deepEqual([order, backend.waiting], [['a', 'b', 'c'], 0]);
      for (const client of clients) assert.deepEqual([client.redistributed, client.server], [s1, undefined]);
    });

    it(`stays when it goes ${way}, without option redispatch, and with option persist: one of its slots will do`, async () => {
      for (const changes of [{}, { redispatch: 0 }, { redispatch: -1, persist: true }]) {
        const { backend, s1 } = two(changes);
        const client = new Client();
        backend.claim(client, s1);
        go(s1);
        await told();
        assert.deepEqual([client.redistributed, s1.queue.length], [undefined, 1]);
        backend.release(s1);
        assert.equal(client.server, s1);
      }
    });
  }

  it('stays with force-persist, and keeps its place', async () => {
    const { backend, s1 } = two({ redispatch: -1 });
    const clients = [new Client(), new Client(), new Client()];
    for (const [i, client] of clients.entries()) backend.claim(client, s1, i === 1);
    s1.setAdmin('maint', 0);
    await told();
    assert.deepEqual(
      clients.map(({ redistributed }) => redistributed),
      [s1, undefined, s1],
    );
    backend.release(s1);
    assert.equal(clients[1]!.server, s1);
  });

  it('asks again when it is removed, whatever is configured', async () => {
    const { backend, s1 } = two();
    const [client, forced] = [new Client(), new Client()];
    backend.claim(client, s1);
    backend.claim(forced, s1, true);
    s1.remove('');
    backend.refresh(0);
    await told();
    assert.deepEqual([client.redistributed, forced.redistributed, s1.queue.length], [s1, s1, 0]);
  });

  it('asks again when it was discovered: such a server does not come back', async () => {
    const { backend, servers } = makeBackend([serverConfig('web', { identity: 'container', maxconn: 1 })]);
    const client = new Client();
    backend.claim(new Client(), servers[0]!);
    backend.claim(client, servers[0]!);
    servers[0]!.setAdmin('drain', 0);
    await told();
    assert.equal(client.redistributed, servers[0]);
  });

  it('is not told any more when it has left in between', async () => {
    const { backend, s1 } = two({ redispatch: -1 });
    const [left, stayed] = [new Client(), new Client()];
    backend.claim(left, s1);
    backend.claim(stayed, s1);
    s1.setAdmin('maint', 0);
    backend.cancel(left);
    await told();
    assert.deepEqual([left.redistributed, stayed.redistributed, backend.waiting], [undefined, s1, 0]);
  });

  it('is told once that there is no server when the whole backend goes with it', async () => {
    const { backend, s1, s2 } = two();
    let idle = 0;
    backend.onIdle = () => idle++;
    const [any, mine] = [new Client(), new Client()];
    backend.assign(any, ROUND, undefined);
    backend.claim(mine, s1);
    backend.retired = true;
    for (const server of [s1, s2]) server.remove('');
    backend.refresh(0);
    assert.deepEqual([any.timedOut, mine.timedOut, backend.waiting], [true, true, 0]);
    const before = idle;
    await told();
    assert.equal(mine.redistributed, undefined);
    assert.ok(idle > before, 'whether it can vanish is asked when the last one has been told');
  });

  it('is counted as requeued in its line: only those who look for another one', () => {
    for (const [changes, words] of [
      [{ redispatch: -1 }, '2 requeued, 1 remaining in queue.'],
      [{}, '0 requeued, 3 remaining in queue.'],
    ] as const) {
      const { backend, servers, events } = makeBackend([serverConfig('s1', { maxconn: 1 }), serverConfig('s2')], changes);
      const s1 = servers[0]!;
      backend.claim(new Client(), s1);
      for (const forced of [false, true, false]) backend.claim(new Client(), s1, forced);
      s1.forceHealth('down', 0);
      assert.ok(events.lines[0]?.message.endsWith(words), events.lines[0]?.message);
    }
  });

  it('stays in the queue of its key, and its slots serve it', () => {
    const { backend, servers } = makeBackend([serverConfig('a', { maxconn: 1 }), serverConfig('b', { maxconn: 1 })], {
      balance: { ...makeBackend([]).backend.config.balance, algorithm: 'source' },
    });
    const key = 1;
    const mine = backend.assign(new Client(), key, undefined) as Server;
    const client = new Client();
    assert.equal(backend.assign(client, key, undefined), 'queued');
    mine.setAdmin('maint', 0);
    assert.deepEqual([mine.queue.length, servers.find((other) => other !== mine)?.scur], [1, 0]);
    backend.release(mine);
    assert.equal(client.server, mine);
  });
});

describe('a queue wakes at once', () => {
  const wakes: readonly (readonly [string, (s1: Server, s2: Server) => void])[] = [
    ['when a server comes up', (_, s2) => s2.forceHealth('up', 0)],
    ['when maxconn is raised', (s1) => s1.setMaxconn(2, 0)],
    ['when maxconn is taken away', (s1) => s1.setMaxconn(0, 0)],
    ['when a weight becomes more than 0', (_, s2) => s2.setWeight(1, 0)],
    ['when a server leaves drain', (_, s2) => s2.setAdmin('ready', 0)],
  ];
  for (const [what, wake] of wakes) {
    it(what, () => {
      const { backend, servers } = makeBackend([serverConfig('s1', { maxconn: 1 }), serverConfig('s2', { maxconn: 1 })]);
      const [s1, s2] = servers as [Server, Server];
      if (what.includes('comes up')) s2.forceHealth('down', 0);
      else if (what.includes('weight')) s2.setWeight(0, 0);
      else s2.setAdmin('drain', 0);
      const client = new Client();
      backend.assign(new Client(), ROUND, undefined);
      backend.assign(client, ROUND, undefined);
      assert.equal(client.server, undefined);
      wake(s1, s2);
      assert.notEqual(client.server, undefined);
    });
  }

  it('of a server in drain when its maxconn is raised, for those alone who wait for it', () => {
    const { backend, servers } = makeBackend([serverConfig('s1', { maxconn: 1 }), serverConfig('s2', { maxconn: 1 })]);
    const [s1] = servers as [Server];
    backend.assign(new Client(), ROUND, undefined);
    backend.assign(new Client(), ROUND, undefined);
    const [any, mine] = [new Client(), new Client()];
    backend.assign(any, ROUND, undefined);
    backend.claim(mine, s1);
    s1.setAdmin('drain', 0);
    s1.setMaxconn(5, 0);
    assert.deepEqual([any.server, mine.server], [undefined, s1]);
  });
});

describe('minconn', () => {
  it('is the limit of an idle backend; each slot given back wakes as many as the load allows then', () => {
    const { backend, servers } = makeBackend([serverConfig('s1', { minconn: 1, maxconn: 5 })], { fullconn: 10 });
    const s1 = servers[0]!;
    const clients = Array.from({ length: 8 }, (_, i) => new Client(String(i)));
    for (const client of clients) {
      backend.scur++;
      const assigned = backend.assign(client, ROUND, undefined);
      if (typeof assigned === 'object') client.server = assigned;
    }
    const served = () => clients.map(({ server }) => (server === undefined ? '-' : 'x')).join('');
    assert.equal(served(), 'x-------', 'round robin: nobody overtakes though the limit has grown');
    backend.scur--;
    backend.release(s1);
    assert.equal(served(), 'xxxxx---', '8 of 10, the one that leaves included: 4 of 5');
    backend.scur--;
    backend.release(s1);
    assert.equal(served(), 'xxxxx---', '7 of 10: 3');
    backend.release(s1, false);
    assert.equal(served(), 'xxxxxx--', 'a retry leaves the load as it is');
  });

  it('lets a newcomer have the slot that it makes with leastconn, as HAProxy does', () => {
    const { backend, servers } = makeBackend([serverConfig('s1', { minconn: 1, maxconn: 5 })], {
      fullconn: 10,
      balance: { ...makeBackend([]).backend.config.balance, algorithm: 'leastconn' },
    });
    const answers = Array.from({ length: 4 }, () => {
      backend.scur++;
      return backend.assign(new Client(), ROUND, undefined);
    });
    assert.deepEqual(answers, [servers[0], 'queued', 'queued', servers[0]]);
  });
});

describe('the time in a queue', () => {
  let now = 1000;
  beforeEach(() => {
    mock.timers.enable({ apis: ['setInterval'] });
    now = 1000;
  });
  afterEach(() => mock.timers.reset());
  function pass(ms: number): void {
    now += ms;
    mock.timers.tick(20);
  }

  it('is the same for who waits for one server, and begins anew for who has to ask again', async () => {
    const wheel = new Wheel(() => now);
    const { backend, s1 } = two({ timeouts: { queue: 500 }, redispatch: -1, wheel });
    const [early, late] = [new Client(), new Client()];
    backend.claim(early, s1);
    pass(300);
    backend.claim(late, s1);
    pass(240);
    assert.deepEqual([early.timedOut, late.timedOut, early.awaited, early.serverQueue], [true, false, s1, 1]);
    s1.setAdmin('maint', 0);
    await told();
    assert.equal(wheel.size, 0);
    backend.assign(late, ROUND, s1);
    pass(400);
    assert.equal(late.timedOut, false);
    pass(140);
    assert.deepEqual([late.timedOut, late.awaited, late.backendQueue], [true, undefined, 1]);
  });
});
