import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Backend } from '../../src/backend/backend.ts';
import { Backends } from '../../src/backend/backends.ts';
import type { Server } from '../../src/backend/server.ts';
import { NO_IDLE } from '../../src/backend/types.ts';
import type { ServerConfig } from '../../src/config/model.ts';
import { Wheel } from '../../src/core/wheel.ts';
import type { Change, DesiredBackend, DiscoveredServer } from '../../src/state/types.ts';
import { until } from '../support/wait.ts';
import { CHECK, Client, Events, HTTP_CHECK, proxyConfig, sequence, serverConfig } from './support.ts';

function ready(name: string, more: Partial<ServerConfig> = {}): DiscoveredServer {
  return { config: serverConfig(name, more), state: 'ready', reason: '' };
}

function desired(name: string, servers: readonly DiscoveredServer[], more: Parameters<typeof proxyConfig>[1] = {}): DesiredBackend {
  return { name, config: proxyConfig(name, more), servers, origin: 'test:1', routed: false };
}

describe('Backends.apply', () => {
  let wheel: Wheel;
  let events: Events;
  let backends: Backends;

  beforeEach(() => {
    wheel = new Wheel();
    events = new Events();
    backends = new Backends({ wheel, events, spreadChecks: 0 });
  });
  afterEach(() => {
    backends.stop();
    assert.equal(wheel.size, 0, 'nothing is left on the wheel');
  });

  function made(...servers: DiscoveredServer[]): Backend {
    backends.apply([{ kind: 'add-backend', backend: desired('app', servers) }]);
    return backends.get('app')!;
  }
  const apply = (...changes: Change[]) => backends.apply(changes);
  const names = (backend: Backend) => backend.servers.map((server) => server.config.name).join('');
  function hold(backend: Backend): Server {
    const server = backend.assign(new Client(), 0, undefined);
    assert.notEqual(typeof server, 'string');
    return server as Server;
  }

  it('makes backends in the order of their ids, with servers numbered from 1, and says nothing about it', () => {
    apply(
      { kind: 'add-backend', backend: desired('late', [ready('a')], { id: 9 }) },
      { kind: 'add-backend', backend: desired('early', [ready('a'), ready('b')], { id: 3 }) },
    );
    assert.deepEqual(
      backends.all.map(({ name }) => name),
      ['early', 'late'],
    );
    assert.deepEqual(
      backends.all[0]!.servers.map(({ id }) => id),
      [1, 2],
    );
    assert.equal(sequence(backends.get('early')!, 4), 'abab');
    assert.equal(backends.get('none'), undefined);
    assert.deepEqual(events.take(), []);
  });

  it('lists pools by name behind the sections, whatever their ids are', () => {
    const pool = (name: string, id: number): Change => ({ kind: 'add-backend', backend: { ...desired(name, [], { id }), routed: true } });
    const order = () => backends.all.map(({ name }) => name);
    apply(pool('b', 1), pool('c', 4), pool('a', 9), { kind: 'add-backend', backend: desired('last', [], { id: 12_000_000 }) });
    assert.deepEqual(order(), ['last', 'a', 'b', 'c']);
    apply({ kind: 'change-backend', backend: desired('c', [], { id: 2 }) });
    assert.deepEqual(order(), ['c', 'last', 'a', 'b']);
  });

  it('says nothing when a source speaks of a server for the first time', () => {
    const named = (address: string | undefined) => ready('a', { address, fqdn: 'app.test' });
    made(named(undefined));
    apply({ kind: 'change-server', backend: 'app', server: named('127.0.0.2') });
    assert.deepEqual(events.take(), []);
    assert.equal(sequence(backends.get('app')!, 1), 'a');
    apply({ kind: 'change-server', backend: 'app', server: named(undefined) });
    apply({ kind: 'change-server', backend: 'app', server: named('127.0.0.2') });
    assert.match(events.take().at(-1) ?? '', /resolves again/);
  });

  it('says that a name resolves which did not when it was asked first', () => {
    const named = (address: string | undefined, reason: string): DiscoveredServer => ({
      ...ready('a', { address, fqdn: 'app.test' }),
      state: address === undefined ? 'down' : 'ready',
      reason,
    });
    made(named(undefined, 'name app.test is not resolved yet'));
    apply({ kind: 'change-server', backend: 'app', server: named(undefined, 'name app.test does not resolve') });
    apply({ kind: 'change-server', backend: 'app', server: named('127.0.0.2', '') });
    assert.deepEqual(events.take(), ["5 Server app/a ('app.test') is UP/READY (resolves again)."]);
  });

  it('adds a server that gets traffic at once, and those who wait', () => {
    const backend = made(ready('a', { maxconn: 1 }));
    hold(backend);
    const waiting = new Client();
    backend.assign(waiting, 0, undefined);
    apply({ kind: 'add-server', backend: 'app', server: ready('b') });
    assert.equal(waiting.server?.config.name, 'b');
    assert.equal(waiting.server?.id, 2);
    assert.deepEqual(events.take(), ['5 Server app/b is added (test:1).']);
  });

  it('a removed server takes nothing new, finishes what it has, and vanishes with its idle connections', () => {
    const backend = made(ready('a'), ready('b'));
    const [a, b] = backend.servers as [Server, Server];
    let closed = 0;
    a.idle = { ...NO_IDLE, close: () => closed++ };
    assert.equal(hold(backend), a);
    apply({ kind: 'remove-server', backend: 'app', identity: 'a', reason: 'container is gone' });
    assert.equal(names(backend), 'ab');
    assert.equal(a.reason, 'container is gone');
    assert.equal(sequence(backend, 3), 'bbb');
    backend.release(a);
    assert.equal(names(backend), 'b');
    assert.equal(closed, 1);
    apply({ kind: 'remove-server', backend: 'app', identity: 'b', reason: '' });
    assert.equal(names(backend), '', 'one without slots vanishes at once');
    assert.equal(backend.assign(new Client(), 0, undefined), 'no-server');
    assert.equal(b.usable, false);
    assert.deepEqual(events.take(), [
      '5 Server app/a is removed (container is gone). 1 active and 0 backup servers left. 1 sessions active, 0 requeued, 0 remaining in queue.',
      '5 Server app/b is removed. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.',
      '0 backend app has no server available!',
    ]);
  });

  it('a server that is wanted again before it has finished is the same one', () => {
    const backend = made(ready('a'), ready('b'));
    const a = hold(backend);
    apply({ kind: 'remove-server', backend: 'app', identity: 'a', reason: '' });
    apply({ kind: 'add-server', backend: 'app', server: ready('a', { weight: 3 }) });
    assert.equal(backend.servers[0], a);
    assert.deepEqual([a.usable, a.counters.stot, a.weight, a.scur], [true, 1, 3, 1]);
    backend.release(a);
    assert.equal(names(backend), 'ab');
  });

  it('a server replaced by another in one step does not count as an outage of the backend', () => {
    const backend = made(ready('a'));
    events.take();
    apply({ kind: 'remove-server', backend: 'app', identity: 'a', reason: '' }, { kind: 'add-server', backend: 'app', server: ready('b') });
    assert.equal(backend.counters.chkdown, 0);
    assert.ok(!events.take().some((line) => line.includes('no server available')));
  });

  it('keeps health and counters of a server through changes of server and backend', () => {
    const backend = made(ready('a', { check: { ...CHECK, inter: 60_000 } }));
    const [a] = backend.servers as [Server];
    a.counters.stot = 5;
    a.check.value = 4;
    apply(
      { kind: 'change-backend', backend: desired('app', [], { retries: 1, id: 4 }) },
      { kind: 'change-server', backend: 'app', server: ready('a', { weight: 9, check: { ...CHECK, inter: 60_000 } }) },
    );
    assert.equal(backends.get('app'), backend);
    assert.equal(backend.servers[0], a);
    assert.deepEqual([a.counters.stot, a.health, a.weight, backend.config.retries], [5, 4, 9, 1]);
  });

  it('changes the algorithm under living servers', () => {
    const backend = made(ready('a'), ready('b'));
    sequence(backend, 3);
    apply({ kind: 'change-backend', backend: desired('app', [], { balance: { algorithm: 'first', draws: 2 } }) });
    assert.equal(sequence(backend, 3), 'aaa');
  });

  it('maps what the source says to drain, maintenance or DOWN, from the start and later', () => {
    const backend = made(
      { config: serverConfig('a'), state: 'drain', reason: 'stopping' },
      { config: serverConfig('b'), state: 'down', reason: 'unhealthy' },
      { config: serverConfig('c', { address: undefined }), state: 'down', reason: 'no address' },
    );
    const words = () => backend.servers.map((server) => server.statusText());
    assert.deepEqual(words(), ['DRAIN', 'DOWN', 'MAINT (resolution)']);
    assert.deepEqual(
      backend.servers.map(({ reason }) => reason),
      ['stopping', 'unhealthy', 'no address'],
    );
    assert.equal(backend.assign(new Client(), 0, undefined), 'no-server');
    for (const name of ['a', 'b', 'c']) apply({ kind: 'change-server', backend: 'app', server: ready(name) });
    assert.deepEqual(words(), ['no check', 'no check', 'no check']);
    assert.deepEqual(
      backend.servers.map(({ reason }) => reason),
      ['', '', ''],
    );
  });

  it('orders servers, leaving ones that drain behind', () => {
    const backend = made(ready('a'), ready('b'), ready('c'));
    hold(backend);
    apply({ kind: 'remove-server', backend: 'app', identity: 'a', reason: '' }, { kind: 'order', backend: 'app', identities: ['c', 'b'] });
    assert.equal(names(backend), 'cba');
  });

  it('a removed backend finishes its exchanges and those who wait, then vanishes', () => {
    const backend = made(ready('a', { maxconn: 1 }));
    const a = hold(backend);
    const waiting = new Client();
    backend.assign(waiting, 0, undefined);
    apply({ kind: 'remove-backend', name: 'app' });
    assert.equal(backends.get('app'), undefined);
    assert.deepEqual(backends.all, [backend]);
    backend.release(a);
    assert.equal(waiting.server, a);
    assert.deepEqual(backends.all, [backend]);
    backend.release(a);
    assert.deepEqual(backends.all, []);
    assert.deepEqual(backend.servers, []);
  });

  it('a removed backend without a usable server lets those go who wait, and vanishes', () => {
    const backend = made(ready('a', { maxconn: 1 }));
    const a = hold(backend);
    const waiting = new Client();
    backend.assign(waiting, 0, undefined);
    apply({ kind: 'remove-server', backend: 'app', identity: 'a', reason: '' });
    assert.equal(waiting.timedOut, false);
    apply({ kind: 'remove-backend', name: 'app' });
    assert.equal(waiting.timedOut, true);
    backend.release(a);
    assert.deepEqual(backends.all, []);
  });

  it('a removed backend vanishes too when its last waiter leaves', () => {
    const backend = made(ready('a', { maxconn: 1 }));
    const a = hold(backend);
    const waiting = new Client();
    backend.assign(waiting, 0, undefined);
    a.setMaxconn(0, 0);
    assert.equal(waiting.server, a);
    apply({ kind: 'remove-backend', name: 'app' });
    backend.release(a);
    backend.release(a);
    assert.deepEqual(backends.all, []);
  });

  it('a backend that is wanted again before it has finished is the same one', () => {
    const backend = made(ready('a'), ready('b'));
    const a = hold(backend);
    apply({ kind: 'remove-backend', name: 'app' });
    apply({ kind: 'add-backend', backend: desired('app', [ready('c'), ready('a')]) });
    assert.equal(backends.get('app'), backend);
    assert.equal(names(backend), 'ca');
    backend.release(a);
    assert.deepEqual([names(backend), backends.all.length], ['ca', 1]);
  });

  it('keeps route tables by frontend', () => {
    assert.equal(backends.routes('www'), undefined);
    const route = {
      frontend: 'www',
      host: { kind: 'exact', value: 'a.test' },
      path: '/',
      exact: false,
      rewrite: undefined,
      priority: 0,
      pool: 'app',
      origin: '',
    } as const;
    apply({ kind: 'set-routes', frontend: 'www', routes: [route], gone: [], settled: true });
    assert.equal(backends.routes('www')?.lookup('a.test:8080', '/'), route);
    apply({ kind: 'set-routes', frontend: 'www', routes: [], gone: [], settled: true });
    assert.equal(backends.routes('www'), undefined);
  });

  it('refuses a change of a server of a backend that does not exist', () => {
    assert.throws(() => apply({ kind: 'add-server', backend: 'nope', server: ready('a') }), /backend nope, which does not exist/);
  });

  it('checks servers from the start, follows a changed address, and stops when check or server goes', async () => {
    const peer = createServer((socket) => socket.on('error', () => {}));
    peer.listen(0, '127.0.0.1');
    await once(peer, 'listening');
    const port = (peer.address() as AddressInfo).port;
    const check = { ...CHECK, inter: 40 };
    const backend = made(ready('a', { port: 1, check }), ready('b', { port, check }));
    const [a, b] = backend.servers as [Server, Server];
    await until('both are checked', () => a.statusText() === 'DOWN' && b.statusText() === 'UP');
    apply({ kind: 'change-server', backend: 'app', server: ready('a', { port, check }) });
    await until('the new address is UP', () => a.statusText() === 'UP');
    apply(
      { kind: 'change-server', backend: 'app', server: ready('a', { port }) },
      { kind: 'remove-server', backend: 'app', identity: 'b', reason: '' },
    );
    assert.equal(a.statusText(), 'no check');
    assert.equal(wheel.size, 0);
    apply({ kind: 'change-backend', backend: desired('app', [], { checkRules: HTTP_CHECK }) });
    assert.equal(wheel.size, 0);
    await new Promise((done) => peer.close(done));
  });
});
