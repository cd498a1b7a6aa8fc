import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Route, Snapshot } from '../../src/discovery/provider.ts';
import { Store } from '../../src/state/store.ts';
import { TOMBSTONE_LIFETIME, Tombstones } from '../../src/state/tombstones.ts';
import type { DesiredState } from '../../src/state/types.ts';
import { config, dockerRoutes, proxy, route } from '../discovery/make.ts';

const state = (...hosts: string[]): DesiredState => ({
  backends: new Map(),
  routes: new Map([['www', hosts.map((host) => route(host, host))]]),
  gone: new Map(),
  unsettled: new Set(),
  notes: [],
});

const hosts = (routes: readonly Route[] | undefined) => routes?.map(({ host }) => host.value);

describe('tombstones', () => {
  it('remember what was routed and is not any more, for a while', () => {
    const tombstones = new Tombstones();
    assert.equal(tombstones.put(state('a', 'b'), state('b'), 1000), true);
    assert.deepEqual(hosts(tombstones.routes), ['a']);
    assert.equal(tombstones.until, 1000 + TOMBSTONE_LIFETIME);
    tombstones.expire(1000 + TOMBSTONE_LIFETIME - 1);
    assert.deepEqual(hosts(tombstones.routes), ['a']);
    tombstones.expire(1000 + TOMBSTONE_LIFETIME);
    assert.deepEqual(hosts(tombstones.routes), []);
    assert.equal(tombstones.until, undefined);
  });

  it('fall when somebody claims the host', () => {
    const tombstones = new Tombstones();
    tombstones.put(state('a', 'b'), state('b'), 0);
    assert.equal(tombstones.put(state('b'), state('a', 'b'), 1), false);
    assert.deepEqual(hosts(tombstones.routes), []);
  });

  it('are ten thousand at most: the oldest fall first, and of one moment the ones that are asked last', () => {
    const tombstones = new Tombstones();
    const many = Array.from({ length: 12_000 }, (_, index) => `host-${index}`);
    tombstones.put(state('early', ...many.slice(0, 9_999)), state(...many.slice(0, 9_999)), 0);
    tombstones.put(state(...many.slice(0, 9_999)), state(), 1);
    assert.equal(tombstones.routes.length, 10_000);
    assert.ok(hosts(tombstones.routes)?.includes('early'));
    tombstones.put(state(...many.slice(10_000)), state(), 2);
    assert.deepEqual(new Set(hosts(tombstones.routes)), new Set([...many.slice(0, 8_000), ...many.slice(10_000)]));
  });

  it('of a frontend whose lines have changed fall', () => {
    const www = (...lines: Parameters<typeof dockerRoutes>[]) =>
      config([proxy('www', { kind: 'frontend', dockerRoutes: lines.map((line) => dockerRoutes(...line)) })]);
    const tombstones = new Tombstones();
    tombstones.put(state('a'), state(), 0);
    tombstones.configure(www([]), www([]));
    assert.deepEqual(hosts(tombstones.routes), ['a']);
    tombstones.configure(www([]), www([{ optIn: true }]));
    assert.deepEqual(hosts(tombstones.routes), []);
  });
});

describe('the store', () => {
  const www = config([proxy('www', { kind: 'frontend', dockerRoutes: [dockerRoutes()] })]);
  const snapshot = (...names: string[]): Snapshot => ({
    source: 'docker',
    pools: new Map(names.map((name) => [name, []])),
    poolOptions: new Map(),
    routes: names.map((name) => route(name, name)),
    notes: [],
  });

  it('keeps the pool of a host that has gone, and tells of it', async () => {
    const store = new Store(www, () => {});
    store.publish(snapshot('a', 'b'));
    await turn();
    store.publish(snapshot('b'));
    await turn();
    assert.deepEqual(hosts(store.state.routes.get('www')), ['b']);
    assert.deepEqual(hosts(store.state.gone.get('www')), ['a']);
    assert.deepEqual([...store.state.backends.keys()], ['a', 'b']);
    assert.deepEqual(
      store.state.notes.map(({ message }) => message),
      ["a/ in 'www' is answered with 503 for a while: container a of pool 'a' has gone"],
    );
    store.publish(snapshot('a', 'b'));
    await turn();
    assert.deepEqual(hosts(store.state.gone.get('www')), []);
    assert.deepEqual(store.state.notes, []);
  });

  it('misses nothing that another configuration does not route', async () => {
    const store = new Store(www, () => {});
    store.publish(snapshot('a'));
    await turn();
    store.configure(config([proxy('www', { kind: 'frontend' })]));
    await turn();
    assert.deepEqual([...store.state.backends.keys()], []);
    assert.deepEqual([...store.state.gone], []);
  });
});
