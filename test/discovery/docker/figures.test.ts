/**
 * The figures of discovery. They are printed: a machine that does much else at the same time is not to fail here, so what is
 * asserted is far from what is seen.
 */

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { RouteTable } from '../../../src/backend/routes.ts';
import { ask } from '../../support/client.ts';
import { Fairlead } from '../../support/fairlead.ts';
import { latencies } from '../../support/latency.ts';
import { noProc, residentBytes } from '../../support/memory.ts';
import { startUpstream } from '../../support/upstream.ts';
import { settled, until } from '../../support/wait.ts';
import { route } from '../make.ts';
import { Crowd } from './crowd.ts';
import { median, Tables } from './tables.ts';

const MIB = 1_048_576;
const ms = (value: number) => `${value.toFixed(1)} ms`;
const mib = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function crowdOf(count: number): Promise<Crowd> {
  const crowd = await Crowd.of(count);
  cleanups.push(() => crowd.dispose());
  return crowd;
}

async function program(crowd: Crowd, more = ''): Promise<Fairlead> {
  const fairlead = await Fairlead.start(
    `defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
docker
    endpoint ${crowd.endpoint}
frontend www
    bind 127.0.0.1:0
    docker-routes
${more}`,
  );
  cleanups.push(() => fairlead.stop());
  return fairlead;
}

describe('with 500 containers known', () => {
  it('an event is in the routing table at once', async (t) => {
    const crowd = await crowdOf(500);
    const tables = new Tables(crowd.endpoint);
    cleanups.push(() => tables.stop());
    await until('all of them are routed', () => tables.state.routes.get('www')?.length === 500);
    const clock = () => process.hrtime.bigint();
    const starts: number[] = [];
    const stops: number[] = [];
    for (let i = 0; i < 7; i++) {
      const there = tables.when((state) => state.backends.has(`new-${i}`), clock);
      const begun = await crowd.run(`new-${i}`);
      starts.push(Number((await there) - begun) / 1e6);
      const leaving = tables.when((state) => state.backends.get(`service${i}.project${i}`)?.servers[0]?.state === 'drain', clock);
      const told = await crowd.kill(i);
      stops.push(Number((await leaving) - told) / 1e6);
    }
    t.diagnostic(`median from an engine's event to the routing table: start ${ms(median(starts))}, stop signal ${ms(median(stops))}`);
    assert.ok(median(starts) < 5000 && median(stops) < 5000);
  });

  it('a flood of 5,000 events is few inspections, and requests do not mind', async (t) => {
    const crowd = await crowdOf(500);
    const upstream = await startUpstream('static');
    cleanups.push(() => upstream.stop());
    const fairlead = await program(crowd, `    default_backend rest\nbackend rest\n    server s ${upstream.address}\n`);
    const target = { port: fairlead.port('www'), connections: 4, host: 'rest.test' };
    const before = await crowd.asked();
    let events = 0;
    /** Longer than the flood and what it brings about take. */
    const calm = async () => {
      const end = performance.now() + 2000;
      await until('a while has passed', () => performance.now() > end);
    };
    const flood = async () => {
      events = await crowd.flood(5000);
      await calm();
    };
    const [quiet, flooded, after] = await latencies(target, calm, flood, calm);
    const inspected = (await crowd.asked()) - before;
    const p99 = [quiet, flooded, after].map((phase) => ms(phase?.p99 ?? 0)).join(', ');
    t.diagnostic(`${events} events, ${inspected} inspections; p99 before, during and after the flood: ${p99}`);
    assert.ok(inspected < events / 2, `${inspected} inspections`);
  });
});

describe('a cold start', { skip: noProc }, () => {
  /** Milliseconds from the start of the process until it listens, and what it holds then. */
  async function start(crowd: Crowd): Promise<{ readonly took: number; readonly held: number; readonly fairlead: Fairlead }> {
    const begun = performance.now();
    const fairlead = await program(crowd);
    const took = performance.now() - begun;
    const held = await settled('its memory is at rest', () => Math.round(residentBytes(fairlead.process.pid ?? 0) / MIB));
    return { took, held: held * MIB, fairlead };
  }

  it('knows 1,000 containers soon, and they do not need much', async (t) => {
    const few = await start(await crowdOf(1));
    const many = await start(await crowdOf(1000));
    const reply = await ask(many.fairlead.port('www'), { headers: { host: 'nobody.example.test' } });
    assert.equal(reply.status, 404);
    const known = await ask(many.fairlead.port('www'), { headers: { host: 'h999.example.test' } });
    assert.notEqual(known.status, 404);
    const more = many.held - few.held;
    t.diagnostic(`listens with 1,000 containers after ${ms(many.took)} (with one ${ms(few.took)}), and holds ${mib(more)} more`);
    assert.ok(many.took - few.took < 15_000);
    assert.ok(more < 60 * MIB, mib(more));
  });
});

describe('among 10,000 hosts', () => {
  it('a route is found as fast as among ten', (t) => {
    const table = (count: number) =>
      new RouteTable(
        Array.from({ length: count }, (_, i) => route(`h${i}.example.test`, `p${i}`)),
        true,
      );
    const rounds = 200_000;
    const nanoseconds = (routes: RouteTable) => {
      const begun = performance.now();
      let found = 0;
      for (let i = 0; i < rounds; i++) if (routes.lookup(`h${i % 10}.example.test:80`, '/index.html') !== undefined) found++;
      assert.equal(found, rounds);
      return ((performance.now() - begun) * 1e6) / rounds;
    };
    const [ten, all] = [table(10), table(10_000)];
    const times = [ten, all, ten, all].map(nanoseconds).slice(2);
    t.diagnostic(`${times[0]?.toFixed(0)} ns among ten, ${times[1]?.toFixed(0)} ns among 10,000`);
  });
});
