import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Lookups } from '../../../src/discovery/dns/lookups.ts';
import { until } from '../../support/wait.ts';

const timings = { valid: 60_000, retry: 60_000, hold: 0 };

describe('names that somebody needs', () => {
  it('are asked while they are needed, once each, and have one address', async () => {
    const asked: string[] = [];
    let changes = 0;
    const ask = async (name: string) => {
      asked.push(name);
      return [
        { address: '192.0.2.2', family: 4 },
        { address: '192.0.2.1', family: 4 },
      ];
    };
    const lookups = new Lookups(() => changes++, ask, timings);
    const read = (resolve: (name: string) => unknown) => [resolve('A.test'), resolve('a.test')];
    assert.deepEqual(lookups.follow(read)[0], { problem: 'name A.test is not resolved yet' });
    assert.equal(lookups.settled, false);
    await until('it is known', () => lookups.settled);
    assert.deepEqual(lookups.follow(read), [{ address: '192.0.2.1' }, { address: '192.0.2.1' }]);
    assert.deepEqual([asked, changes], [['a.test'], 1]);
    lookups.follow(() => undefined);
    assert.equal(lookups.all.length, 0);
    lookups.stop();
  });

  it('that nobody answers keep nobody waiting for long', async () => {
    let changes = 0;
    const lookups = new Lookups(
      () => changes++,
      () => new Promise(() => {}),
      timings,
    );
    lookups.follow((resolve) => resolve('a.test'));
    await until('it has had its time', () => changes === 1);
    assert.equal(lookups.settled, true);
    assert.deepEqual(lookups.resolve('a.test'), { problem: 'name a.test is not resolved yet' });
    lookups.stop();
  });
});
