/** `backend/`: which server gets a request. */

import assert from 'node:assert/strict';
import { createBalance } from '../../src/backend/balance/index.ts';
import type { Server } from '../../src/backend/server.ts';
import { backendOf, load, section } from './setup.ts';
import { type Entry, entry } from './subject.ts';

/** Exchanges under way while the next server is picked: heaps are in disorder then. */
const underWay = 64;

/** By name, the lines of the configuration. */
const algorithms: readonly (readonly [name: string, lines: string])[] = [
  ...['roundrobin', 'static-rr', 'leastconn', 'first', 'random'].map((name) => [name, `balance ${name}`] as const),
  ['source', 'balance source'],
  ['uri, map-based', 'balance uri\n    hash-type map-based crc32'],
  ['uri, consistent', 'balance uri\n    hash-type consistent'],
  ['uri, consistent with a factor', 'balance uri\n    hash-type consistent\n    hash-balance-factor 150'],
];

/** With equal servers, nobody has more under way than one above anybody else. */
const even: readonly string[] = ['roundrobin', 'static-rr', 'leastconn'];

/** One exchange begins, and the oldest of those under way ends. */
function balance(name: string, algorithm: string, count: number): Entry {
  return entry(`backend: pick, taken and dropped, ${name}, ${count} servers`, () => {
    const lines = Array.from({ length: count }, (_, at) => `    server s${at} 127.0.0.1:${10_000 + at} maxconn ${4 * underWay}\n`);
    const app = section(load(`backend app\n    ${algorithm}\n${lines.join('')}`), 'app');
    const { servers } = backendOf(app);
    const picker = createBalance(app.config.balance);
    // The backend's own is not asked.
    for (const server of servers) server.lb.reset();
    picker.rebuild(servers);
    const ring: Server[] = [];
    let turn = 0;
    // Clients' addresses, as good as at random.
    const key = (): number => Math.imul(turn, 0x9e3779b1) >>> 0;
    const begin = (): Server => {
      turn++;
      const server = picker.pick(key(), undefined);
      if (server === undefined) throw new Error('no server is free');
      server.scur++;
      picker.taken(server);
      return server;
    };
    while (ring.length < underWay) ring.push(begin());
    return {
      op: () => {
        const server = begin();
        const slot = turn % underWay;
        const oldest = ring[slot] as Server;
        ring[slot] = server;
        oldest.scur--;
        picker.dropped(oldest);
        return server;
      },
      verify: (server) => {
        assert.ok(servers.includes(server));
        assert.ok(ring.includes(server));
        const taken = servers.map(({ scur }) => scur);
        assert.equal(
          taken.reduce((sum, scur) => sum + scur, 0),
          underWay,
        );
        if (even.includes(name)) assert.ok(Math.max(...taken) - Math.min(...taken) <= 1, `${taken}`);
        if (name === 'first') assert.equal(server, servers[0]);
        if (name === 'source' || name === 'uri, map-based' || name === 'uri, consistent')
          assert.equal(picker.pick(key(), undefined), server);
      },
    };
  });
}

export const backend: readonly Entry[] = algorithms.flatMap(([name, lines]) => [balance(name, lines, 10), balance(name, lines, 2000)]);
