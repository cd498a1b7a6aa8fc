/** Servers that fail, and requests that are tried again: how often, where, and what everybody is told. */

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import type { Backend } from '../../src/backend/backend.ts';
import type { BackendCounters, ServerCounters } from '../../src/core/counters.ts';
import { type Balancer, withBalancer } from './balancer.ts';
import { COUNTERS, FAULTS, type Outcome, talk, withServers } from './faults.ts';

describe('a server fails', () => {
  for (const fault of FAULTS) {
    it(fault.name, async () => {
      await withServers(fault, async (lines, asked) => {
        await withBalancer(`frontend www\n bind 127.0.0.1:0\n default_backend be\nbackend be\n${lines}`, async (balancer) => {
          const answers = await talk(connect(balancer.port('www'), '127.0.0.1'), fault.requests);
          const { log, counters } = fault;
          const expected: Outcome = { answers: fault.answers, asked: fault.asked, log, counters };
          const backend = balancer.backends.get('be') ?? assert.fail();
          assert.deepEqual({ answers, asked: asked(), log: logOf(balancer), counters: countersOf(backend) }, expected);
        });
      });
    });
  }
});

function logOf({ logged }: Balancer): string[] {
  return logged.map((one) => `${one.server} ${one.status} ${one.termination} ${one.redispatched ? '+' : ''}${one.retries}`);
}

function countersOf(backend: Backend): Record<string, string> {
  return Object.fromEntries([...backend.servers.map((one) => [one.config.name, tell(one.counters)]), ['be', tell(backend.counters)]]);
}

function tell(c: ServerCounters | BackendCounters): string {
  const { hrsp } = c;
  const values = [
    ...[c.stot, c.lbtot, c.econ, c.eresp, c.wretr, c.wredis, c.cliAbrt, c.srvAbrt, c.reqTot],
    ...[hrsp.one, hrsp.two, hrsp.four, hrsp.five],
  ];
  return COUNTERS.map((name, i) => [name, values[i]] as const)
    .filter(([, value]) => value !== 0)
    .map(([name, value]) => `${name} ${value}`)
    .join(' ');
}
