/** `mode tcp`: what becomes of connections that pass as they are. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { monotonic } from '../../src/core/clock.ts';
import { csv } from '../../src/stats/csv.ts';
import { EVERYTHING, rowsOf } from '../../src/stats/rows.ts';
import { OWN_HOST } from '../support/faulty.ts';
import { parseStats, type StatsRow } from '../support/stats.ts';
import { until } from '../support/wait.ts';
import { type Balancer, withBalancer } from './balancer.ts';
import { essence, essentials, type Outcome, STORIES, Stage, withServers } from './tcp-stories.ts';

/** The rows of www and be, as a reader of the statistics gets them. */
function rowsNow({ plane, backends }: Balancer): readonly StatsRow[] {
  const at = { now: monotonic(), legends: false, counts: false };
  const sides = [
    { name: 'www', frontend: plane.frontends.get('www'), backend: undefined },
    { name: 'be', frontend: undefined, backend: backends.get('be') },
  ];
  return parseStats(
    csv(
      sides.flatMap((proxy) => rowsOf(proxy, EVERYTHING)),
      at,
    ),
  );
}

describe('a session in mode tcp', () => {
  for (const story of STORIES) {
    it(story.name, async () => {
      await withServers(story, async (front, back, servers) => {
        const text = `defaults\n mode tcp\n log 127.0.0.1:514 local0\n option tcplog\n timeout connect 2s\n timeout client 10s\n timeout server 10s\nfrontend www\n bind ${OWN_HOST}:0\n${front}backend be\n${back}`;
        await withBalancer(text, async (balancer) => {
          const counter = async (svname: string, column: string) =>
            Number(rowsNow(balancer).find((row) => row.svname === svname)?.[column] ?? Number.NaN);
          await story.play(new Stage({ port: balancer.port('www'), counter }, servers));
          await until('all sessions are over', () => balancer.plane.connections === 0);
          const { log, counters } = story;
          const outcome: Outcome = { log: balancer.lines.map(essence), counters: essentials(rowsNow(balancer)) };
          assert.deepEqual(outcome, { log, counters });
        });
      });
    });
  }
});
