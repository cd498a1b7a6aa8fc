/** Two engines, one of them near: its containers first, the other's as they are needed. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FakeEngine } from '../discovery/docker/fake-engine.ts';
import { ask } from '../support/client.ts';
import { Fairlead } from '../support/fairlead.ts';
import { underLoad } from '../support/load.ts';
import { readStats, servers } from '../support/stats.ts';
import { startUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { sectionsOf, twoEngines } from './two-engines.ts';

const host = 'www.test';

describe('containers of two engines', () => {
  const stage = twoEngines((name) => startUpstream(name, (_request, response) => setTimeout(() => response.end(name), 5)));

  const run = (engine: FakeEngine, name: string, labels: Readonly<Record<string, string>> = {}) => {
    const port = String(stage.places.get(name)?.port);
    return engine.run(name, {
      address: '127.0.0.1',
      labels: { 'fairlead.host': host, 'fairlead.service': 'web', 'fairlead.port': port, ...labels },
    });
  };
  const start = async (words: string) => {
    stage.fairlead = await Fairlead.start(`${sectionsOf(stage)}
frontend www
    bind 127.0.0.1:0
    stats enable
    stats uri /stats
    docker-routes ${words}
`);
  };
  const get = () => ask(stage.fairlead.port('www'), { headers: { host } });
  const rows = async () => servers(await readStats(stage.fairlead.port('www'), { uri: '/stats' }), 'web');
  const known = (count: number) => until(`${count} servers are known`, async () => (await rows()).length === count);
  /** Who answers `count` requests, one after another. */
  const seen = async (count: number): Promise<Record<string, number>> => {
    const tally: Record<string, number> = {};
    for (let request = 0; request < count; request++) {
      const { body } = await get();
      tally[body] = (tally[body] ?? 0) + 1;
    }
    return tally;
  };
  const answers = (names: string) =>
    until(
      `${names} answer`,
      async () =>
        Object.keys(await seen(6))
          .sort()
          .join() === names,
    );

  for (const near of ['east', 'west']) {
    it(`near=${near} keeps to that engine, whichever is asked first, and to the other one's when it has none left`, async () => {
      const [mine, other] = near === 'east' ? [stage.east, stage.west] : [stage.west, stage.east];
      const [a, b, c, d] = near === 'east' ? ['e1', 'e2', 'w1', 'w2'] : ['w1', 'w2', 'e1', 'e2'];
      const nearIds = [run(mine, a as string), run(mine, b as string)];
      for (const name of [c, d]) run(other, name as string);
      await start(`near=${near}`);
      await known(4);
      assert.deepEqual(Object.keys(await seen(6)).sort(), [a, b]);
      const outcomes = await underLoad(get, async ({ more }) => {
        await more(50);
        for (const id of nearIds) mine.kill(id, 'SIGTERM');
        await answers(`${c},${d}`);
        for (const id of nearIds) mine.die(id);
        await more(50);
        run(mine, a as string);
        await answers(`${a}`);
        await more(50);
      });
      assert.deepEqual(Object.keys(outcomes), ['200'], JSON.stringify(outcomes));
    });
  }

  it('near=NAME hands over to the others when its containers stop answering before their engine says so', async () => {
    run(stage.east, 'e1');
    run(stage.west, 'w1');
    await start('near=east');
    await known(2);
    const outcomes = await underLoad(get, async ({ more }) => {
      await more(20);
      await stage.places.get('e1')?.stop();
      await more(50);
    });
    stage.places.set('e1', await startUpstream('e1'));
    assert.deepEqual(Object.keys(outcomes), ['200'], JSON.stringify(outcomes));
  });

  it('near=NAME sends on what its containers have no slot for', async () => {
    run(stage.east, 'e1', { 'fairlead.maxconn': '1' });
    run(stage.west, 'w1');
    await start('near=east');
    await known(2);
    assert.deepEqual(await seen(4), { e1: 4 });
    const tally = new Set<string>();
    await underLoad(
      async () => {
        const answer = await get();
        tally.add(answer.body);
        return answer;
      },
      ({ more }) => more(30),
    );
    assert.deepEqual([...tally].sort(), ['e1', 'w1']);
  });

  it('far=25% gives the others a share, by the weights that containers have', async () => {
    run(stage.east, 'e1');
    run(stage.east, 'e2', { 'fairlead.weight': '2' });
    run(stage.west, 'w1', { 'fairlead.weight': '2' });
    run(stage.west, 'w2', { 'fairlead.weight': '2', 'fairlead.backup': 'true' });
    await start('near=east far=25%');
    await known(4);
    // A turn of the wheel is 7 requests; where it begins is nobody's business.
    const { e1 = 0, e2 = 0, w1 = 0, w2 } = await seen(140);
    for (const [count, expected] of [
      [e1, 40],
      [e2, 80],
      [w1, 20],
    ] as const) {
      assert.ok(Math.abs(count - expected) <= 2, `${e1} ${e2} ${w1}`);
    }
    assert.equal(w2, undefined);
    assert.deepEqual((await rows()).map(({ weight, act, bck }) => `${weight} ${act} ${bck}`).sort(), ['1 0 1', '1 1 0', '2 1 0', '4 1 0']);
  });
});
