/** Two engines behind one frontend, without a word about it: one service on both, and either of them away for a while. */

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { FakeEngine } from '../discovery/docker/fake-engine.ts';
import { ask } from '../support/client.ts';
import { Fairlead } from '../support/fairlead.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';

const host = 'www.test';

describe('containers of two engines', () => {
  const places = new Map<string, Upstream>();
  let east: FakeEngine;
  let west: FakeEngine;
  let fairlead: Fairlead;

  before(async () => {
    for (const name of ['e1', 'e2', 'w1', 'w2']) places.set(name, await startUpstream(name));
  });
  after(async () => {
    for (const place of places.values()) await place.stop();
  });

  beforeEach(async () => {
    [east, west] = [new FakeEngine(100), new FakeEngine()];
    await east.listen();
    await west.listen();
  });
  afterEach(async () => {
    await fairlead.stop();
    await east.dispose();
    await west.dispose();
  });

  /** A container of the compose service `web` in the project `shop`. */
  const run = (engine: FakeEngine, name: string, more: Readonly<Record<string, string>> = {}) =>
    engine.run(name, {
      address: '127.0.0.1',
      labels: {
        'com.docker.compose.project': 'shop',
        'com.docker.compose.service': 'web',
        'fairlead.host': host,
        'fairlead.port': String(places.get(name)?.port),
        ...more,
      },
    });

  const start = async (lines: string, more = '') => {
    fairlead = await Fairlead.start(`
docker east
    endpoint ${east.endpoint}
docker west
    endpoint ${west.endpoint}
defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
    retries 0
frontend www
    bind 127.0.0.1:0
${lines}
${more}`);
  };

  const get = (port = fairlead.port('www')) => ask(port, { headers: { host } });

  /** Waits until these and no others answer, each in its turn. */
  const answers = (names: string, port?: number) =>
    until(`${names} answer`, async () => {
      const bodies: string[] = [];
      for (let i = 0; i < 6; i++) bodies.push((await get(port)).body);
      return [...new Set(bodies)].sort().join() === names;
    });

  it('of one service are one pool', async () => {
    run(east, 'e1');
    run(west, 'w1');
    await start('    docker-routes');
    await answers('e1,w1');
    run(west, 'w2');
    await answers('e1,w1,w2');
  });

  it('are servers of one section, of all engines or of those that are named', async () => {
    run(east, 'e1');
    run(west, 'w1');
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
    await answers('w1', fairlead.port('some'));
    await answers('e1,w1', fairlead.port('each'));
  });

  it('stay when their engine is away, and those of the other one come and go', async () => {
    run(east, 'e1');
    const gone = run(west, 'w1');
    await start('    docker-routes');
    await answers('e1,w1');
    await east.close();
    await fairlead.said(/Docker engine 'east'.*keeping the 1 containers known/);
    run(west, 'w2');
    await answers('e1,w1,w2');
    west.die(gone);
    west.destroy(gone);
    await answers('e1,w2');
    await east.listen();
    run(east, 'e2');
    await answers('e1,e2,w2');
  });

  it('move from one to the other without an answer that is not theirs', async () => {
    const old = run(east, 'e1');
    await start('    docker-routes');
    await answers('e1');
    run(west, 'w1');
    await answers('e1,w1');
    east.kill(old, '15');
    await answers('w1');
    east.die(old);
    assert.equal((await get()).body, 'w1');
    east.destroy(old);
    await answers('w1');
  });

  it('of different services that claim one host: who has it keeps it as long as it runs', async () => {
    const older = run(west, 'w1', { 'com.docker.compose.project': 'other' });
    await start('    docker-routes');
    await answers('w1');
    run(east, 'e1');
    await fairlead.said(/www\.test\/ in 'www' is not given to pool 'web\.shop': pool 'web\.other' serves it/);
    await answers('w1');
    west.die(older);
    await answers('e1');
  });

  it('an engine that has not been there at the start is no reason to wait for ever, and joins later', async () => {
    await east.close();
    run(west, 'w1');
    await start('    docker-routes');
    await answers('w1');
    await east.listen();
    run(east, 'e1');
    await answers('e1,w1');
  });
});
