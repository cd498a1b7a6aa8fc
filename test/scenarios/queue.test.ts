/** Who waits for which server, and where: the stories of queue.txt, which test/haproxy/queue.test.ts plays to HAProxy. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { monotonic } from '../../src/core/clock.ts';
import { csv } from '../../src/stats/csv.ts';
import { EVERYTHING, pairProxies, rowsOf } from '../../src/stats/rows.ts';
import { OWN_HOST } from '../support/faulty.ts';
import { parseStats } from '../support/stats.ts';
import { type Balancer, withBalancer } from './balancer.ts';
import { type Balancing, DEFAULTS, play, readStories } from './queue-rig.ts';

const configuration = (backend: string): string => `${DEFAULTS} log 127.0.0.1:514 local0
frontend www
 bind ${OWN_HOST}:0
 default_backend be
backend be
${backend}`;

async function withFairlead(backend: string, story: (balancing: Balancing) => Promise<void>): Promise<void> {
  await withBalancer(configuration(backend), async (balancer) => {
    const be = balancer.backends.get('be') ?? assert.fail();
    await story({
      port: balancer.port('www'),
      rows: async () => {
        const proxies = pairProxies([], [], [be]);
        const of = proxies.flatMap((proxy) => rowsOf(proxy, EVERYTHING));
        const rows = parseStats([...csv(of, { now: monotonic(), legends: true, counts: false })].join(''));
        return new Map(rows.map((row) => [row.svname ?? '', row]));
      },
      run: async (command) => run(balancer, command),
      logged: () =>
        Object.fromEntries(
          balancer.logged
            .filter(({ requestLine }) => requestLine.startsWith('GET /'))
            .map(({ server, status, termination, redispatched, retries, serverQueue, backendQueue, requestLine }) => [
              /^GET \/(\w+) /.exec(requestLine)?.[1] ?? '',
              `${server} ${status} ${termination.slice(0, 2)} ${redispatched ? '+' : ''}${retries} ${serverQueue}/${backendQueue}`,
            ]),
        ),
    });
  });
}

/** What the Runtime API does with it. */
function run(balancer: Balancer, command: string): void {
  const [, name = '', what, value = ''] =
    /^set server be\/(\w+) (state|health|weight) (\w+)$/.exec(command) ??
    /^set (?=maxconn server be\/(\w+) )(maxconn) server \S+ (\w+)$/.exec(command) ??
    [];
  const server = balancer.server('be', name);
  const now = monotonic();
  if (what === 'state') server.setAdmin(value as 'ready' | 'drain' | 'maint', now);
  else if (what === 'health') server.forceHealth(value as 'up' | 'down', now);
  else if (what === 'weight') server.setWeight(Number(value), now);
  else if (what === 'maxconn') server.setMaxconn(Number(value), now);
  else throw new Error(`no command '${command}'`);
}

describe('queues', { concurrency: 6 }, () => {
  for (const story of readStories()) {
    it(story.name, async () => {
      assert.deepEqual(await play(story, story.ours, withFairlead), story.ours);
    });
  }
});
