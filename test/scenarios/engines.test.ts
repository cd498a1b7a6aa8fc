/** Two engines behind one frontend, without a word about it: one service on both, and either of them away for a while. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FakeEngine } from '../discovery/docker/fake-engine.ts';
import { ask } from '../support/client.ts';
import { Fairlead } from '../support/fairlead.ts';
import { until } from '../support/wait.ts';
import { sectionsOf, twoEngines } from './two-engines.ts';

const host = 'www.test';

describe('containers of two engines', () => {
  const stage = twoEngines();

  /** A container of the compose service `web` in the project `shop`. */
  const run = (engine: FakeEngine, name: string, more: Readonly<Record<string, string>> = {}) =>
    engine.run(name, {
      address: '127.0.0.1',
      labels: {
        'com.docker.compose.project': 'shop',
        'com.docker.compose.service': 'web',
        'fairlead.host': host,
        'fairlead.port': String(stage.places.get(name)?.port),
        ...more,
      },
    });

  const start = async (lines: string, more = '') => {
    stage.fairlead = await Fairlead.start(`${sectionsOf(stage)}
    retries 0
frontend www
    bind 127.0.0.1:0
${lines}
${more}`);
  };

  const get = (port = stage.fairlead.port('www')) => ask(port, { headers: { host } });

  /** Waits until these and no others answer, each in its turn. */
  const answers = (names: string, port?: number) =>
    until(`${names} answer`, async () => {
      const bodies: string[] = [];
      for (let i = 0; i < 6; i++) bodies.push((await get(port)).body);
      return [...new Set(bodies)].sort().join() === names;
    });

  it('of one service are one pool', async () => {
    run(stage.east, 'e1');
    run(stage.west, 'w1');
    await start('    docker-routes');
    await answers('e1,w1');
    run(stage.west, 'w2');
    await answers('e1,w1,w2');
  });

  it('are servers of one section, of all engines or of those that are named', async () => {
    run(stage.east, 'e1');
    run(stage.west, 'w1');
    await start(
      '    default_backend app',
      `backend app
    docker-servers service=web
listen some
    bind 127.0.0.1:0
    docker-servers service=web engine=west
listen each
    bind 127.0.0.1:0
    docker-servers service=web engine=west,east
`,
    );
    await answers('e1,w1');
    await answers('w1', stage.fairlead.port('some'));
    await answers('e1,w1', stage.fairlead.port('each'));
  });

  it('stay when their engine is away, and those of the other one come and go', async () => {
    run(stage.east, 'e1');
    const gone = run(stage.west, 'w1');
    await start('    docker-routes');
    await answers('e1,w1');
    await stage.east.close();
    await stage.fairlead.said(/Docker engine 'east'.*keeping the 1 containers known/);
    run(stage.west, 'w2');
    await answers('e1,w1,w2');
    stage.west.die(gone);
    stage.west.destroy(gone);
    await answers('e1,w2');
    await stage.east.listen();
    run(stage.east, 'e2');
    await answers('e1,e2,w2');
  });

  it('move from one to the other without an answer that is not theirs', async () => {
    const old = run(stage.east, 'e1');
    await start('    docker-routes');
    await answers('e1');
    run(stage.west, 'w1');
    await answers('e1,w1');
    stage.east.kill(old, '15');
    await answers('w1');
    stage.east.die(old);
    assert.equal((await get()).body, 'w1');
    stage.east.destroy(old);
    await answers('w1');
  });

  it('of different services that claim one host: who has it keeps it as long as it runs', async () => {
    const older = run(stage.west, 'w1', { 'com.docker.compose.project': 'other' });
    await start('    docker-routes');
    await answers('w1');
    run(stage.east, 'e1');
    await stage.fairlead.said(/www\.test\/ in 'www' is not given to pool 'web\.shop': pool 'web\.other' serves it/);
    await answers('w1');
    stage.west.die(older);
    await answers('e1');
  });

  it('an engine that has not been there at the start is no reason to wait for ever, and joins later', async () => {
    await stage.east.close();
    run(stage.west, 'w1');
    await start('    docker-routes');
    await answers('w1');
    await stage.east.listen();
    run(stage.east, 'e1');
    await answers('e1,w1');
  });
});
