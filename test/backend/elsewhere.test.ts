/** Whom a retry gets that must not go where it has failed. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Server } from '../../src/backend/server.ts';
import { Client, makeBackend, serverConfig } from './support.ts';

const ONE = { maxconn: 1 };

/** Servers a, b, c, ... of which a is where it has failed. */
function make(...rest: readonly Parameters<typeof serverConfig>[1][]) {
  const { backend, servers } = makeBackend(
    ['a', 'b', 'c', 'd'].slice(0, rest.length + 1).map((name, i) => serverConfig(name, rest[i - 1])),
  );
  const [a, b, c] = servers as [Server, Server, Server];
  const failed = new Set([a]);
  const retry = (client = new Client()) => {
    const answer = backend.assignElsewhere(client, failed);
    return typeof answer === 'object' ? answer.config.name : answer;
  };
  return { backend, a, b, c, failed, retry };
}

describe('a retry elsewhere', () => {
  it('goes to whoever has the least to do, a backup last, and to nobody who gets no traffic', () => {
    const { backend, b, failed, retry } = make({}, {}, { backup: true });
    for (let i = 0; i < 3; i++) backend.claim(new Client(), b);
    const order = [retry()];
    for (const server of backend.servers) if (server.config.name === order[0]) failed.add(server);
    order.push(retry());
    failed.add(b);
    order.push(retry());
    assert.deepEqual(order, ['c', 'b', 'd']);
    for (const server of backend.servers) failed.add(server);
    assert.equal(retry(), undefined);
    failed.clear();
    for (const server of backend.servers) server.setAdmin('maint', 0);
    assert.equal(retry(), undefined);
  });

  it('goes by weights, and is a choice that is counted', () => {
    const { backend, b, c, retry } = make({ weight: 1 }, { weight: 9 });
    for (let i = 0; i < 20; i++) retry();
    assert.deepEqual([b.scur, c.scur], [2, 18]);
    assert.deepEqual([b.counters.lbtot, c.counters.lbtot, backend.counters.lbtot], [2, 18, 20]);
  });

  it('waits for whoever is free first, whatever their maxqueue', () => {
    for (const first of ['b', 'c'] as const) {
      const made = make({ ...ONE, maxqueue: 1 }, { ...ONE, maxqueue: 1 });
      const { backend, b, c, retry } = made;
      for (const server of [b, b, c, c]) backend.claim(new Client(), server);
      const client = new Client();
      assert.equal(retry(client), 'queued');
      backend.release(made[first]);
      assert.equal(client.server, undefined, 'who waits for it already is first');
      backend.release(made[first]);
      assert.equal(client.server, made[first]);
    }
  });

  it('waits for none of those where it has failed, which serve others meanwhile', () => {
    const { backend, a, b, retry } = make(ONE);
    backend.claim(new Client(), b);
    const [client, newcomer, behind] = [new Client(), new Client(), new Client()];
    assert.equal(retry(client), 'queued');
    assert.equal(backend.assign(newcomer, 0, undefined), a, 'it is free');
    a.setMaxconn(1, 0);
    assert.equal(backend.assign(behind, 0, undefined), 'queued');
    backend.release(a);
    assert.deepEqual([client.server, behind.server], [undefined, a]);
    backend.release(b);
    assert.equal(client.server, b);
    assert.equal(backend.waiting, 0);
  });

  it('takes who is left where those that it waited for have gone', () => {
    const { backend, a, b, retry } = make(ONE);
    backend.claim(new Client(), b);
    const client = new Client();
    assert.equal(retry(client), 'queued');
    b.setAdmin('maint', 0);
    assert.equal(client.server, a);
    const newcomer = new Client();
    assert.equal(backend.assign(newcomer, 0, undefined), a);
  });

  it('goes to a far server that has a slot before it waits for a near one', () => {
    const { backend, b, c, retry } = make(ONE, { ...ONE, backup: true, spare: true }, { backup: true });
    backend.claim(new Client(), b);
    assert.equal(retry(), 'c');
    const client = new Client();
    assert.equal(retry(client), 'queued', 'and a plain backup is for want of servers, not of slots');
    backend.release(c);
    assert.equal(client.server, c);
  });
});
