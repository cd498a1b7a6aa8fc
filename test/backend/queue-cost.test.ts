/** What tens of thousands of waiters cost, in steps and in bytes. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Backend } from '../../src/backend/backend.ts';
import type { Server } from '../../src/backend/server.ts';
import { NO_KEY } from '../../src/backend/types.ts';
import { stepsOf } from '../support/steps.ts';
import { Client, makeBackend, serverConfig } from './support.ts';

const OURS = /\/src\/(backend|core)\//;

interface Crowd {
  readonly backend: Backend;
  readonly servers: readonly Server[];
  /** Wait for any server. */
  readonly any: readonly Client[];
  /** Wait for the first one. */
  readonly own: readonly Client[];
  /** Does not wait yet. */
  readonly late: Client;
}

/** `size` wait in the backend's queue, and as many for one of `servers` servers. */
function crowd(size: number, servers = 3): Crowd {
  const configs = Array.from({ length: servers }, (_, i) => serverConfig(`s${i}`, { maxconn: 1 }));
  const made = makeBackend(configs, { redispatch: -1, timeouts: { queue: 60_000 } });
  for (const server of made.servers) made.backend.claim(new Client(), server);
  const any = Array.from({ length: size }, () => new Client());
  const own = Array.from({ length: size }, () => new Client());
  for (const client of any) made.backend.assign(client, NO_KEY, undefined);
  for (const client of own) made.backend.claim(client, made.servers[0] as Server);
  return { ...made, any, own, late: new Client() };
}

/** Nobody is left to wait for: a time-out to come would keep the process. */
function dissolve({ backend, any, own, late }: Crowd): void {
  for (const client of [...any, ...own, late]) backend.cancel(client);
  assert.equal(backend.waiting, 0);
}

const [FEW, MANY] = [100, 10_000];

/** V8 may report a few blocks more or less; a walk over those who wait would be thousands. */
function bounded(counts: readonly number[]): void {
  for (const count of counts) assert.ok(count > 3 && count < 150, `${counts.join(' and ')} steps`);
}

describe('one step of a queue costs the same with 200 and with 20,000 waiters', () => {
  const middle = (clients: readonly Client[]): Client => clients[clients.length >> 1] as Client;
  const steps: readonly (readonly [string, (crowd: Crowd) => void])[] = [
    ['enqueue for any', ({ backend, late }) => backend.assign(late, NO_KEY, undefined)],
    ['enqueue for one', ({ backend, servers, late }) => backend.claim(late, servers[0] as Server)],
    ['leave from the middle', ({ backend, any }) => backend.cancel(middle(any))],
    ['leave from the middle of the queue of one', ({ backend, own }) => backend.cancel(middle(own))],
    ['a slot that is given back', ({ backend, servers }) => backend.release(servers[0] as Server)],
    ['a slot of another server', ({ backend, servers }) => backend.release(servers[2] as Server)],
    ['maxconn raised by one', ({ servers }) => servers[1]?.setMaxconn(2, 0)],
  ];
  for (const [what, step] of steps) {
    it(what, () => {
      const counts = [FEW, MANY].map((size) => {
        const made = crowd(size);
        const count = stepsOf(OURS, () => step(made));
        dissolve(made);
        return count;
      });
      bounded(counts);
    });
  }

  it('a time-out', () => {
    const counts = [FEW, MANY].map((size) => {
      const made = crowd(size);
      const client = middle(made.any);
      const pending = (made.backend as unknown as { readonly pending: Map<Client, { onTimeout(): void }> }).pending.get(client);
      const count = stepsOf(OURS, () => pending?.onTimeout());
      assert.equal(client.timedOut, true);
      dissolve(made);
      return count;
    });
    bounded(counts);
  });
});

describe('a server that goes down with many who wait for it', () => {
  const cost = (waiters: number, servers: number): number => {
    const made = crowd(waiters, servers);
    const count = stepsOf(OURS, () => made.servers[0]?.setAdmin('maint', 0));
    dissolve(made);
    return count;
  };

  it('costs a number of steps for each of them, whatever the number of servers', () => {
    const perWaiter = (servers: number) => (cost(2000, servers) - cost(1000, servers)) / 1000;
    for (const servers of [3, 300]) assert.ok(perWaiter(servers) < 20, `${perWaiter(servers)} for each, with ${servers} servers`);
  });
});

describe('memory', () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');

  /** Of the heap, for each of `size` waiters beside the waiter itself. */
  function bytesPerWaiter(size: number): number {
    const { backend, servers } = makeBackend([serverConfig('s1', { maxconn: 1 })], { timeouts: { queue: 60_000 } });
    backend.claim(new Client(), servers[0] as Server);
    const clients = Array.from({ length: size }, () => new Client());
    gc();
    const before = process.memoryUsage().heapUsed;
    for (const client of clients) backend.assign(client, NO_KEY, undefined);
    gc();
    const after = process.memoryUsage().heapUsed;
    for (const client of clients) backend.cancel(client);
    return (after - before) / size;
  }

  it('of a place in a queue is some 200 bytes, with 5,000 waiters and with 50,000', () => {
    bytesPerWaiter(1000);
    for (const size of [5_000, 50_000]) {
      const bytes = bytesPerWaiter(size);
      assert.ok(bytes > 50 && bytes < 300, `${bytes} bytes each with ${size}`);
    }
  });
});
