/** Servers that are far from us: backups that also take what those nearby have no slot for. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Backend } from '../../src/backend/backend.ts';
import type { Server } from '../../src/backend/server.ts';
import type { ServerConfig } from '../../src/config/model.ts';
import { Client, makeBackend, proxyConfig, serverConfig } from './support.ts';

const far: Partial<ServerConfig> = { backup: true, spare: true };

/** Whom a request gets; it keeps its slot. */
function ask(backend: Backend, avoid?: Server): string {
  const answer = backend.assign(new Client(), 0, avoid);
  return typeof answer === 'string' ? answer : answer.config.name;
}

describe('a spare server', () => {
  for (const algorithm of ['roundrobin', 'static-rr', 'leastconn', 'first', 'random'] as const) {
    it(`takes what the others have no slot for, by ${algorithm}, and no more`, () => {
      const balance = { ...proxyConfig('app', {}).balance, algorithm };
      const near = [serverConfig('n1', { maxconn: 1 }), serverConfig('n2', { maxconn: 1 })];
      const { backend, servers } = makeBackend(
        [...near, serverConfig('f1', { ...far, maxconn: 2 }), serverConfig('b1', { backup: true })],
        { balance },
      );
      assert.deepEqual([ask(backend), ask(backend)].sort(), ['n1', 'n2']);
      assert.deepEqual([ask(backend), ask(backend), ask(backend)], ['f1', 'f1', 'queued'], 'a plain backup is none');
      const [n1, , f1] = servers as [Server, Server, Server];
      backend.cancel([...waiting(backend)][0] as Client);
      backend.release(f1);
      backend.release(n1);
      assert.equal(ask(backend), 'n1', 'who is near first');
    });
  }

  for (const algorithm of ['source', 'uri'] as const) {
    it(`is not asked where a key binds the client to another one, by ${algorithm}`, () => {
      const balance = { ...proxyConfig('app', {}).balance, algorithm };
      const { backend } = makeBackend([serverConfig('n1', { maxconn: 1 }), serverConfig('f1', far)], { balance });
      assert.deepEqual([ask(backend), ask(backend)], ['n1', 'queued']);
    });
  }

  it('serves those who wait for any server, in turn with the others', () => {
    const { backend, servers } = makeBackend([serverConfig('n1', { maxconn: 1 }), serverConfig('f1', { ...far, maxconn: 1 })]);
    const order: string[] = [];
    const enter = (name: string) =>
      backend.assign(new Client(name, ({ server }) => order.push(`${name}@${server?.config.name}`)), 0, undefined);
    for (const name of ['a', 'b', 'c', 'd']) enter(name);
    const [n1, f1] = servers as [Server, Server];
    backend.release(f1);
    backend.release(n1);
    assert.deepEqual(order, ['c@f1', 'd@n1']);
  });

  it('with the least to do is taken, but not the one that has just failed', () => {
    const { backend, servers } = makeBackend([serverConfig('n1', { maxconn: 1 }), serverConfig('f1', far), serverConfig('f2', far)]);
    assert.deepEqual([ask(backend), ask(backend), ask(backend), ask(backend)], ['n1', 'f1', 'f2', 'f1']);
    assert.equal(ask(backend, servers[2]), 'f1');
  });

  it('is elected with the other backups when nobody is near', () => {
    const { backend, servers } = makeBackend(
      [serverConfig('n1', { disabled: true }), serverConfig('f1', far), serverConfig('b1', { backup: true })],
      {
        allbackups: true,
      },
    );
    const [, f1, b1] = servers as [Server, Server, Server];
    assert.deepEqual([f1.elected, f1.spare, b1.elected], [true, false, true]);
    assert.deepEqual([ask(backend), ask(backend)].sort(), ['b1', 'f1']);
  });
});

function waiting(backend: Backend): readonly unknown[] {
  const waiters: unknown[] = [];
  for (let pending = backend.queue.head; pending !== undefined; pending = pending.behind) waiters.push(pending.waiter);
  return waiters;
}
