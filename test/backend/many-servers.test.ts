/** What thousands of servers cost, in steps: nothing is looked for among all of them for each of them. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Backends } from '../../src/backend/backends.ts';
import type { Server } from '../../src/backend/server.ts';
import type { ServerConfig } from '../../src/config/model.ts';
import { Wheel } from '../../src/core/wheel.ts';
import type { DiscoveredServer } from '../../src/state/types.ts';
import { stepsOf } from '../support/steps.ts';
import { Client, Events, makeBackend, proxyConfig, serverConfig } from './support.ts';

const OURS = /\/src\/backend\//;
const MAP = /\/src\/backend\/balance\/(map|heap)/;
const [FEW, MANY] = [250, 1000];

function several(count: number, more: (i: number) => Partial<ServerConfig> = () => ({})): DiscoveredServer[] {
  return Array.from({ length: count }, (_, i) => ({ config: serverConfig(`s${i}`, more(i)), state: 'ready', reason: '' }));
}

/** What `count` servers cost, from the configuration until they are gone. */
function lifetime(count: number, more?: (i: number) => Partial<ServerConfig>): { readonly start: number; readonly end: number } {
  const servers = several(count, more);
  const backends = new Backends({ wheel: new Wheel(), events: new Events(), spreadChecks: 0 });
  const config = proxyConfig('app', { servers: servers.map((server) => server.config) });
  const backend = { name: 'app', config, servers, origin: 'test:1', routed: false };
  const start = stepsOf(OURS, () => backends.apply([{ kind: 'add-backend', backend }]));
  assert.equal(backends.get('app')?.servers.length, count);
  const changes = servers.map(({ config: { identity } }) => ({ kind: 'remove-server' as const, backend: 'app', identity, reason: '' }));
  const end = stepsOf(OURS, () => backends.apply(changes));
  assert.equal(backends.get('app')?.servers.length, 0);
  backends.stop();
  return { start, end };
}

describe('four times the servers cost four times the steps', () => {
  const kinds: readonly (readonly [string, ((i: number) => Partial<ServerConfig>) | undefined])[] = [
    ['servers', undefined],
    ['servers with an id', (i) => ({ id: i + 1 })],
    ['servers that track the one beside them', (i) => (i % 2 === 0 ? {} : { track: { backend: '', server: `s${i - 1}` } })],
  ];
  for (const [what, more] of kinds) {
    it(what, () => {
      const [few, many] = [FEW, MANY].map((count) => lifetime(count, more));
      for (const when of ['start', 'end'] as const) {
        const growth = many![when] / few![when];
        assert.ok(growth > 2 && growth < 5, `${when}: ${few![when]} and ${many![when]} steps`);
      }
    });
  }
});

describe('a static map', () => {
  const weighted = (algorithm: 'static-rr' | 'uri') =>
    makeBackend(
      Array.from({ length: 100 }, (_, i) => serverConfig(`s${i}`, { weight: 101 + (i % 50) })),
      { balance: { algorithm, draws: 2 } },
    );
  const MOST = 100 * 20;

  for (const algorithm of ['static-rr', 'uri'] as const) {
    it(`of ${algorithm} is made when it is asked, not at every event`, () => {
      const { backend, servers } = weighted(algorithm);
      const drain = stepsOf(MAP, () => servers[7]?.setAdmin('drain', 0));
      const pick = stepsOf(MAP, () => backend.assign(new Client(), 1, undefined));
      assert.ok(drain < MOST && pick > MOST, `${drain} steps of the event, ${pick} of the request behind it`);
    });

    it(`of ${algorithm} stays while nobody's weight changes`, () => {
      const { backend, servers } = weighted(algorithm);
      backend.assign(new Client(), 1, undefined);
      const steps = stepsOf(MAP, () => {
        servers[7]?.setMaxconn(9, 0);
        backend.assign(new Client(), 1, undefined);
      });
      assert.ok(steps > 3 && steps < MOST, `${steps} steps`);
    });
  }
});

describe('an agent that says the same again', () => {
  const same = (server: Server): void => server.setMaxconn(server.maxconn, 0);

  it('changes nothing of the backend', () => {
    const { servers } = makeBackend(several(3).map(({ config }) => config));
    const other = stepsOf(/backend\/backend\./, () => servers[0]?.setMaxconn(5, 0));
    const again = stepsOf(/backend\/backend\./, () => same(servers[0] as Server));
    assert.ok(other > 3 && again === 0, `${other} and ${again} steps`);
  });
});
