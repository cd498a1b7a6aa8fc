import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { DiscoveredServer, Route } from '../../src/discovery/provider.ts';
import { diff } from '../../src/state/diff.ts';
import type { Change, DesiredBackend, DesiredState } from '../../src/state/types.ts';
import { proxy, route, server } from '../discovery/make.ts';

/** What the changes mean; `backend/apply.ts` does the same to living backends. */
function apply(state: DesiredState, changes: readonly Change[]): DesiredState {
  const backends = new Map(state.backends);
  const routes = new Map(state.routes);
  const gone = new Map(state.gone);
  const unsettled = new Set(state.unsettled);
  const edit = (name: string, change: (servers: readonly DiscoveredServer[]) => readonly DiscoveredServer[]) => {
    const backend = backends.get(name);
    assert.ok(backend !== undefined, `backend ${name} exists`);
    backends.set(name, { ...backend, servers: change(backend.servers) });
  };
  for (const change of changes) {
    switch (change.kind) {
      case 'add-backend':
        assert.ok(!backends.has(change.backend.name));
        backends.set(change.backend.name, change.backend);
        break;
      case 'change-backend': {
        const before = backends.get(change.backend.name);
        assert.ok(before !== undefined);
        backends.set(change.backend.name, { ...change.backend, servers: before.servers });
        break;
      }
      case 'remove-backend':
        assert.ok(backends.delete(change.name));
        for (const list of [...routes.values(), ...gone.values()])
          assert.ok(
            list.every((route) => route.pool !== change.name),
            'no route leads to it',
          );
        break;
      case 'add-server':
        edit(change.backend, (servers) => {
          assert.ok(servers.every(({ config }) => config.identity !== change.server.config.identity));
          return [...servers, change.server];
        });
        break;
      case 'change-server':
        edit(change.backend, (servers) =>
          servers.map((old) => (old.config.identity === change.server.config.identity ? change.server : old)),
        );
        break;
      case 'remove-server':
        edit(change.backend, (servers) => servers.filter((old) => old.config.identity !== change.identity));
        break;
      case 'order':
        edit(change.backend, (servers) =>
          change.identities.flatMap((identity) => servers.filter((old) => old.config.identity === identity)),
        );
        break;
      case 'set-routes':
        for (const route of [...change.routes, ...change.gone]) assert.ok(backends.has(route.pool), 'the pool of a route exists');
        routes.set(change.frontend, change.routes);
        gone.set(change.frontend, change.gone);
        if (change.settled) unsettled.delete(change.frontend);
        else unsettled.add(change.frontend);
        break;
    }
  }
  return { backends, routes, gone, unsettled, notes: [] };
}

/** Maps have no order here, and a frontend without routes is one without routes. */
function comparable(state: DesiredState) {
  return {
    backends: Object.fromEntries(state.backends),
    routes: Object.fromEntries([...state.routes].filter(([, routes]) => routes.length > 0)),
    gone: Object.fromEntries([...state.gone].filter(([, routes]) => routes.length > 0)),
    unsettled: [...state.unsettled].sort(),
  };
}

const discovered: fc.Arbitrary<DiscoveredServer> = fc
  .record({
    identity: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    address: fc.constantFrom('192.0.2.1', '192.0.2.2', undefined),
    weight: fc.integer({ min: 1, max: 3 }),
    state: fc.constantFrom('ready', 'drain', 'down'),
    reason: fc.constantFrom('', 'because'),
  })
  .map(({ identity, address, weight, state, reason }) => ({ config: server(identity, { address, weight }), state, reason }));

const backend: fc.Arbitrary<DesiredBackend> = fc
  .record({
    name: fc.constantFrom('p', 'q', 'r'),
    retries: fc.integer({ min: 1, max: 2 }),
    servers: fc.uniqueArray(discovered, { selector: ({ config }) => config.identity }),
    origin: fc.constantFrom('x', 'y'),
    routed: fc.boolean(),
  })
  .map(({ name, retries, servers, origin, routed }) => ({ name, config: proxy(name, { retries }), servers, origin, routed }));

/** Two to each backend. */
function routesTo(backends: readonly DesiredBackend[]): Route[] {
  return backends.flatMap(({ name }) => ['/', '/x'].map((path) => route('a.test', name, { frontend: 'f', path, origin: '' })));
}

const state: fc.Arbitrary<DesiredState> = fc
  .uniqueArray(backend, { selector: ({ name }) => name })
  .chain((backends) =>
    fc.record({
      backends: fc.constant(new Map(backends.map((each) => [each.name, each]))),
      routes: fc.record({ f: fc.shuffledSubarray(routesTo(backends)), g: fc.shuffledSubarray(routesTo(backends)) }),
      gone: fc.shuffledSubarray(routesTo(backends)),
      unsettled: fc.subarray(['f', 'g']),
    }),
  )
  .map(({ backends, routes, gone, unsettled }) => ({
    backends,
    routes: new Map(Object.entries(routes)),
    gone: new Map([['f', gone]]),
    unsettled: new Set(unsettled),
    notes: [],
  }));

describe('the difference of two states', () => {
  it('leads from the one to the other', () => {
    fc.assert(
      fc.property(state, state, (a, b) => assert.deepEqual(comparable(apply(a, diff(a, b))), comparable(b))),
      { numRuns: 500 },
    );
  });

  it('of equal states is nothing', () => {
    fc.assert(fc.property(state, (a) => assert.deepEqual(diff(a, structuredClone(a)), [])));
  });

  const one = (servers: readonly DiscoveredServer[]): DesiredState => ({
    backends: new Map([['p', { name: 'p', config: proxy('p'), servers, origin: 'x', routed: false }]]),
    routes: new Map(),
    gone: new Map(),
    unsettled: new Set(),
    notes: [],
  });
  const s = (name: string, more: Partial<DiscoveredServer> = {}): DiscoveredServer => ({
    config: server(name),
    state: 'ready',
    reason: '',
    ...more,
  });

  it('touches only the server that differs', () => {
    const changed = s('b', { state: 'drain', reason: 'container is stopping' });
    assert.deepEqual(diff(one([s('a'), s('b'), s('c')]), one([s('a'), changed, s('c')])), [
      { kind: 'change-server', backend: 'p', server: changed },
    ]);
  });

  it('gives the last word of a server that leaves as the reason', () => {
    const [gone] = diff(one([s('a', { state: 'drain', reason: 'container has exited' })]), one([]));
    assert.deepEqual(gone, { kind: 'remove-server', backend: 'p', identity: 'a', reason: 'container has exited' });
    const [lost] = diff(one([s('a')]), one([]));
    assert.deepEqual(lost, { kind: 'remove-server', backend: 'p', identity: 'a', reason: 'test.cfg:1 is gone' });
  });

  it('does not order what is in order already', () => {
    assert.deepEqual(
      diff(one([s('a'), s('b'), s('c')]), one([s('a'), s('c'), s('d')])).map((change) => change.kind),
      ['remove-server', 'add-server'],
    );
    assert.deepEqual(
      diff(one([s('a'), s('b')]), one([s('c'), s('a'), s('b')])).map((change) => change.kind),
      ['add-server', 'order'],
    );
  });
});
