import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { sourceKey } from '../../src/backend/balance/hash.ts';
import type { Server } from '../../src/backend/server.ts';
import { Wheel } from '../../src/core/wheel.ts';
import { Client, makeBackend, sequence, serverConfig } from './support.ts';

function taken(answer: unknown): Server {
  assert.notEqual(typeof answer, 'string', String(answer));
  return answer as Server;
}

describe('Backend.assign and release', () => {
  it('counts a chosen server in stot, lbtot, rate, smax and lastsess, and the backend in lbtot and lastsess', () => {
    const { backend, servers } = makeBackend([serverConfig('s1')]);
    const [s1] = servers as [Server];
    assert.deepEqual([s1.counters.lastsess, backend.counters.lastsess], [-1, -1]);
    backend.assign(new Client(), 0, undefined);
    backend.assign(new Client(), 0, undefined);
    backend.release(s1);
    assert.deepEqual([s1.scur, s1.counters.smax, s1.counters.stot, s1.counters.lbtot, backend.counters.lbtot], [1, 2, 2, 2, 2]);
    assert.equal(s1.counters.rate.max, 2);
    assert.ok(s1.counters.lastsess >= 0);
    assert.equal(backend.counters.lastsess, s1.counters.lastsess);
  });

  it('answers no-server when none is usable, and has never queued for nothing', () => {
    const { backend, servers } = makeBackend([serverConfig('s1', { weight: 0 }), serverConfig('s2', { disabled: true })]);
    assert.equal(backend.assign(new Client(), 0, undefined), 'no-server');
    assert.equal(backend.waiting, 0);
    servers[0]!.setWeight(1, 0);
    taken(backend.assign(new Client(), 0, undefined));
  });

  it('is UP without any server, as HAProxy', () => {
    const { backend } = makeBackend([]);
    assert.equal(backend.status(), 'UP');
    assert.equal(backend.assign(new Client(), 0, undefined), 'no-server');
  });

  it('never lends more than maxconn and serves those who wait in arrival order, at once', () => {
    const { backend, servers } = makeBackend([serverConfig('s1', { maxconn: 1 }), serverConfig('s2', { maxconn: 1 })]);
    const [s1, s2] = servers as [Server, Server];
    const order: string[] = [];
    for (const name of ['a', 'b', 'c', 'd', 'e'])
      backend.assign(new Client(name, ({ server }) => order.push(`${name}@${server?.config.name}`)), 0, undefined);
    assert.deepEqual([s1.scur, s2.scur, backend.queued, backend.counters.qmax], [1, 1, 3, 3]);
    backend.release(s2);
    backend.release(s1);
    assert.deepEqual(order, ['c@s2', 'd@s1']);
    assert.deepEqual([s1.scur, s2.scur, backend.queued], [1, 1, 1]);
    assert.deepEqual([s1.counters.stot, s1.counters.lbtot, backend.counters.lbtot], [2, 1, 2], 'dequeued: stot, not lbtot');
  });

  it('refuses a slot that is given back twice', () => {
    const { backend, servers } = makeBackend([serverConfig('s1')]);
    taken(backend.assign(new Client(), 0, undefined));
    backend.release(servers[0]!);
    assert.throws(() => backend.release(servers[0]!), /given back twice/);
  });

  it('lets a waiter give its slot back, or ask again, from inside onSlot', () => {
    const { backend, servers } = makeBackend([serverConfig('s1', { maxconn: 1 })]);
    const holder = taken(backend.assign(new Client(), 0, undefined));
    const order: string[] = [];
    let answer: unknown;
    const failing = new Client('failing', ({ server }) => {
      order.push('failing');
      backend.release(server!);
      answer = backend.assign(new Client('again', () => order.push('again')), 0, server);
    });
    backend.assign(failing, 0, undefined);
    backend.assign(new Client('next', ({ server }) => order.push('next') && backend.release(server!)), 0, undefined);
    backend.release(holder);
    assert.equal(answer, 'queued', 'nobody overtakes');
    assert.deepEqual(order, ['failing', 'next', 'again']);
    assert.equal(servers[0]!.scur, 1);
  });

  it('does not recurse over 50,000 waiters that all fail at once', () => {
    const { backend, servers } = makeBackend([serverConfig('s1', { maxconn: 1 })]);
    const holder = taken(backend.assign(new Client(), 0, undefined));
    let told = 0;
    for (let i = 0; i < 50_000; i++) {
      backend.assign(
        new Client('', ({ server }) => {
          told++;
          backend.release(server!);
        }),
        0,
        undefined,
      );
    }
    assert.equal(backend.counters.qmax, 50_000);
    backend.release(holder);
    assert.deepEqual([told, servers[0]!.scur, backend.waiting], [50_000, 0, 0]);
  });

  it('gives a slot to the next when a waiter faults', () => {
    const { backend } = makeBackend([serverConfig('s1', { maxconn: 2 })]);
    const a = taken(backend.assign(new Client(), 0, undefined));
    taken(backend.assign(new Client(), 0, undefined));
    const faulty = new Client('faulty', () => {
      throw new Error('fault');
    });
    const next = new Client('next');
    backend.assign(faulty, 0, undefined);
    backend.assign(next, 0, undefined);
    assert.throws(() => backend.release(a), /fault/);
    backend.release(a);
    assert.equal(next.server, a);
  });

  it('forgets a waiter that leaves from the front, the middle or the end', () => {
    const { backend } = makeBackend([serverConfig('s1', { maxconn: 1 })]);
    const holder = taken(backend.assign(new Client(), 0, undefined));
    const clients = ['a', 'b', 'c', 'd', 'e'].map((name) => new Client(name));
    for (const client of clients) backend.assign(client, 0, undefined);
    for (const i of [0, 2, 4, 2]) backend.cancel(clients[i]!);
    assert.equal(backend.queued, 2);
    backend.release(holder);
    backend.release(holder);
    assert.deepEqual(
      clients.map(({ server }) => server !== undefined),
      [false, true, false, true, false],
    );
    backend.cancel(clients[1]!);
    assert.equal(holder.scur, 1, 'leaving too late changes nothing');
  });
});

describe('who gets traffic', () => {
  it('backups only when no active server is usable, and then the first alone', () => {
    const { backend, servers } = makeBackend([
      serverConfig('a'),
      serverConfig('x', { backup: true, weight: 7 }),
      serverConfig('y', { backup: true }),
    ]);
    assert.equal(sequence(backend, 3), 'aaa');
    assert.deepEqual([backend.activeCount(), backend.backupCount(), backend.weight], [1, 2, 1]);
    servers[0]!.setAdmin('drain', 0);
    assert.equal(sequence(backend, 3), 'xxx');
    assert.deepEqual([backend.activeCount(), backend.backupCount(), backend.weight], [0, 2, 7]);
    servers[1]!.setAdmin('maint', 0);
    assert.equal(sequence(backend, 2), 'yy');
    servers[0]!.setAdmin('ready', 0);
    assert.equal(sequence(backend, 2), 'aa');
  });

  it('all backups with allbackups', () => {
    const { backend } = makeBackend([serverConfig('x', { backup: true }), serverConfig('y', { backup: true })], { allbackups: true });
    assert.equal(sequence(backend, 4), 'xyxy');
  });

  it('those who wait get a server that comes up, a limit that is raised and a backup that takes over', () => {
    const { backend, servers } = makeBackend([
      serverConfig('a', { maxconn: 1 }),
      serverConfig('b', { maxconn: 1 }),
      serverConfig('x', { maxconn: 1, backup: true }),
    ]);
    const [a, b] = servers as [Server, Server];
    b.setAdmin('maint', 0);
    taken(backend.assign(new Client(), 0, undefined));
    const clients = ['1', '2', '3', '4'].map((name) => new Client(name));
    for (const client of clients) backend.assign(client, 0, undefined);
    const served = (): string => clients.map(({ server }) => server?.config.name ?? '-').join('');
    assert.equal(served(), '----');
    b.setAdmin('ready', 0);
    assert.equal(served(), 'b---');
    a.setMaxconn(2, 0);
    assert.equal(served(), 'ba--');
    a.setAdmin('maint', 0);
    b.setAdmin('maint', 0);
    assert.equal(served(), 'bax-');
    backend.release(a);
    assert.equal(served(), 'bax-', 'a server out of service gives its slots to nobody');
  });

  it('those who wait stay when the last server goes, and are served by the one that comes back', () => {
    const { backend, servers } = makeBackend([serverConfig('a', { maxconn: 1 })]);
    taken(backend.assign(new Client(), 0, undefined));
    const waiting = new Client();
    backend.assign(waiting, 0, undefined);
    servers[0]!.setAdmin('maint', 0);
    backend.release(servers[0]!);
    assert.equal(waiting.server, undefined);
    servers[0]!.setAdmin('ready', 0);
    assert.equal(waiting.server, servers[0]);
  });
});

describe('balance source with full servers', () => {
  const key = sourceKey('127.0.0.1'); // odd: the second of two

  it('waits for the server of the key, up to its maxqueue', () => {
    const { backend, servers } = makeBackend([serverConfig('a', { maxconn: 1 }), serverConfig('b', { maxconn: 1, maxqueue: 2 })], {
      balance: { algorithm: 'source', draws: 2 },
    });
    const [, b] = servers as [Server, Server];
    assert.equal(backend.assign(new Client(), key, undefined), b);
    const clients = [new Client(), new Client()];
    for (const client of clients) assert.equal(backend.assign(client, key, undefined), 'queued');
    assert.equal(backend.assign(new Client(), key, undefined), 'full');
    assert.deepEqual([b.queue.length, b.counters.qmax, backend.queued, backend.waiting], [2, 2, 0, 2]);
    backend.release(b);
    assert.equal(clients[0]!.server, b);
  });
});

describe('the time a waiter may wait', () => {
  let now = 1000;
  beforeEach(() => {
    mock.timers.enable({ apis: ['setInterval'] });
    now = 1000;
  });
  afterEach(() => mock.timers.reset());
  const wheelAt = () => new Wheel(() => now);
  function pass(ms: number): void {
    now += ms;
    mock.timers.tick(20);
  }

  function full(timeouts: { queue?: number; connect?: number }) {
    const wheel = wheelAt();
    const made = makeBackend([serverConfig('a', { maxconn: 1 })], { timeouts, wheel });
    taken(made.backend.assign(new Client(), 0, undefined));
    return { ...made, wheel };
  }

  it('is timeout queue, and the slot goes to the next afterwards', () => {
    const { backend, servers, wheel } = full({ queue: 500, connect: 100 });
    const [early, late] = [new Client(), new Client()];
    backend.assign(early, 0, undefined);
    pass(400);
    backend.assign(late, 0, undefined);
    pass(140);
    assert.deepEqual([early.timedOut, late.timedOut, backend.queued], [true, false, 1]);
    backend.release(servers[0]!);
    assert.equal(late.server, servers[0]);
    assert.equal(wheel.size, 0);
  });

  it('is timeout connect where timeout queue is not set, and unlimited without both', () => {
    const limited = full({ connect: 100 });
    const client = new Client();
    limited.backend.assign(client, 0, undefined);
    pass(200);
    assert.equal(client.timedOut, true);
    const unlimited = full({});
    const patient = new Client();
    unlimited.backend.assign(patient, 0, undefined);
    assert.equal(unlimited.wheel.size, 0);
    pass(10_000_000);
    assert.equal(patient.timedOut, false);
  });

  it('ends with a waiter that leaves', () => {
    const { backend, wheel } = full({ queue: 100 });
    const client = new Client();
    backend.assign(client, 0, undefined);
    backend.cancel(client);
    assert.equal(wheel.size, 0);
    pass(1000);
    assert.equal(client.timedOut, false);
  });
});
