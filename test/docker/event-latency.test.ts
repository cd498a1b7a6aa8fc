/** How long a real engine's events take into the table that requests are looked up in; and what a small crowd costs. */

import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { DockerClient } from '../../src/discovery/docker/client.ts';
import { median, Tables } from '../discovery/docker/tables.ts';
import { engineConfig } from '../discovery/make.ts';
import { appImage, docker, dockerAsync, removeContainers, socketPath } from '../support/docker.ts';
import { until } from '../support/wait.ts';

const CROWD = 10;
const ROUNDS = 5;
const crowd = Array.from({ length: CROWD }, (_, i) => `fairlead-latency-${i}`);
const comers = Array.from({ length: ROUNDS }, (_, i) => `fairlead-latency-new-${i}`);

const run = (name: string) => ['run', '--detach', '--name', name, '--label', `fairlead.host=${name}.test`, appImage];
const now = () => performance.timeOrigin + performance.now();

before(() => {
  removeContainers(...crowd, ...comers);
  for (const name of crowd) docker(...run(name));
});
after(() => removeContainers(...crowd));

/** When the engine says that it did `action` to a container, wall-clock ms. */
async function told(name: string, action: string): Promise<number> {
  const filters = ['--filter', `container=${name}`, '--filter', `event=${action}`];
  const lines = await dockerAsync(
    'events',
    '--since',
    '10m',
    '--until',
    (now() / 1000).toFixed(3),
    '--format',
    '{{.TimeNano}}',
    ...filters,
  );
  return Number(BigInt(lines.split('\n')[0] ?? '0') / 1000n) / 1000;
}

it('an event of the engine is in the routing table at once', async (t) => {
  const starts: number[] = [];
  const stops: number[] = [];
  const tables = new Tables(`unix://${socketPath()}`);
  try {
    await until('the crowd is routed', () => crowd.every((name) => tables.state.backends.has(name)));
    const becomes = (name: string, state: string) => tables.when(({ backends }) => backends.get(name)?.servers[0]?.state === state, now);
    for (const name of comers) {
      const there = becomes(name, 'ready');
      await dockerAsync(...run(name));
      starts.push((await there) - (await told(name, 'start')));
      const leaving = becomes(name, 'drain');
      await dockerAsync('kill', '--signal', 'TERM', name);
      stops.push((await leaving) - (await told(name, 'kill')));
    }
  } finally {
    await tables.stop();
    // They are still about to go, and what comes next wants an engine where nothing happens.
    removeContainers(...comers);
  }
  const [start, stop] = [median(starts), median(stops)].map((value) => `${value.toFixed(1)} ms`);
  t.diagnostic(`median from the engine's event to the routing table, beside ${CROWD} containers: start ${start}, stop signal ${stop}`);
  assert.equal(starts.length + stops.length, 2 * ROUNDS);
});

it('a resync of what has not changed asks for the list alone', async () => {
  const client = new DockerClient({ ...engineConfig, endpoint: `unix://${socketPath()}` }, {});
  const { signal } = new AbortController();
  await client.connect(signal);
  const lines = async () => new Map((await client.list(signal)).map(({ id, fingerprint }) => [id, fingerprint]));
  const first = await lines();
  assert.ok(first.size >= CROWD);
  assert.deepEqual(await lines(), first);
});
