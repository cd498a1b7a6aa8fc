import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DiscoveredServer } from '../../src/discovery/provider.ts';
import { oncePerIdentity, withShares } from '../../src/state/shares.ts';
import { server } from '../discovery/make.ts';

const found = (name: string, weight: number, more: Partial<DiscoveredServer> = {}): DiscoveredServer => ({
  config: server(name, { weight }),
  state: 'ready',
  reason: '',
  ...more,
});

describe('shares of weights', () => {
  const rows: readonly (readonly [
    what: string,
    servers: readonly (readonly [weight: number, share?: number])[],
    weights: readonly number[],
  ])[] = [
    ['nobody is far', [[1], [3]], [1, 3]],
    ['a tenth', [[1], [1, 10]], [10, 1]],
    ['a tenth of large weights needs no larger ones', [[100], [100, 10]], [100, 10]],
    ['a tenth of the largest weight', [[256], [256, 10]], [256, 26]],
    ['a quarter, and what containers say about themselves', [[2], [1], [2, 25], [4, 25]], [4, 2, 1, 2]],
    ['a third, as well as whole numbers can', [[1], [1, 33]], [3, 1]],
    ['one percent', [[1], [1, 1]], [99, 1]],
    ['a weight of nothing stays', [[0], [0, 10], [1, 50]], [0, 0, 1]],
    [
      'everybody is far',
      [
        [1, 10],
        [3, 10],
      ],
      [1, 3],
    ],
    ['all of it', [[5], [5, 100]], [5, 5]],
    ['the least there is', [[256], [1, 1]], [256, 1]],
  ];
  for (const [what, given, weights] of rows) {
    it(what, () => {
      const servers = given.map(([weight, share], i) => found(`s${i}`, weight, share === undefined ? {} : { share }));
      assert.deepEqual(
        withShares(servers).map(({ config }) => config.weight),
        weights,
      );
    });
  }

  it('make the same objects of the same servers', () => {
    const servers = [found('a', 1), found('b', 1, { share: 10 })];
    const [first, second] = [withShares(servers), withShares([...servers])];
    assert.notEqual(first[0], servers[0]);
    assert.ok(first.every((one, i) => one === second[i]));
  });
});

describe('a container that two engines tell of', () => {
  const ready = found('a', 1);
  const down = found('a', 1, { state: 'down', reason: 'no way' });
  const drain = found('a', 1, { state: 'drain', reason: 'is stopping' });
  const far = found('a', 1, { share: 10 });
  const backup: DiscoveredServer = { ...ready, config: { ...ready.config, backup: true } };
  const rows: readonly (readonly [what: string, tellers: readonly DiscoveredServer[], best: DiscoveredServer])[] = [
    ['is taken from who can reach it', [down, ready], ready],
    ['is taken from who can reach it, whoever speaks first', [ready, down], ready],
    ['is leaving when one has heard so', [ready, drain], drain],
    ['is near when it is to one', [far, ready], ready],
    ['is no backup when it is none to one', [backup, ready], ready],
  ];
  for (const [what, tellers, best] of rows) {
    it(what, () => {
      const other = found('b', 1);
      assert.deepEqual(oncePerIdentity([...tellers, other]), [best, other]);
    });
  }

  it('is all there is when nobody else tells of it', () => {
    const servers = [ready, found('b', 1)];
    assert.equal(oncePerIdentity(servers), servers);
  });
});
