import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dynamicLimit, startingLimit } from '../../src/backend/limits.ts';

describe('the limit of a server', () => {
  // sessions, fullconn, minconn, maxconn -> slots. HAProxy: stories of test/scenarios/queue.txt.
  const limits = [
    [0, 10, 1, 5, 1],
    [1, 10, 1, 5, 1],
    [3, 10, 1, 5, 1],
    [4, 10, 1, 5, 2],
    [7, 10, 1, 5, 3],
    [8, 10, 1, 5, 4],
    [9, 10, 1, 5, 4],
    [10, 10, 1, 5, 5],
    [50, 10, 1, 5, 5],
    [1, 3, 1, 10, 3],
    [2, 3, 1, 10, 6],
    [1, 10, 3, 3, 3],
    [1, 10, 0, 5, 5],
    // A maxconn that was set below minconn at run time.
    [1, 10, 3, 2, 3],
    [10, 10, 3, 2, 2],
  ] as const;
  for (const [sessions, fullconn, minconn, maxconn, slots] of limits) {
    it(`is ${slots} with minconn ${minconn}, maxconn ${maxconn} and ${sessions} of fullconn ${fullconn}`, () => {
      assert.equal(dynamicLimit(sessions, fullconn, minconn, maxconn), slots);
    });
  }

  // slots, ms since it came up, slowstart -> slots
  const starting = [
    [10, 0, 20_000, 1],
    [10, 1999, 20_000, 1],
    [10, 2000, 20_000, 1],
    [10, 4000, 20_000, 2],
    [10, 10_999, 20_000, 5],
    [10, 19_999, 20_000, 9],
    [10, 20_000, 20_000, 10],
    [100, 1000, 3000, 33],
    [100, 1999, 1500, 50],
    [100, 2000, 1500, 100],
    [1, 0, 20_000, 1],
  ] as const;
  for (const [slots, passed, slowstart, expected] of starting) {
    it(`is ${expected} of ${slots} after ${passed} ms of a slowstart of ${slowstart} ms`, () => {
      assert.equal(startingLimit(slots, passed, slowstart), expected);
    });
  }
});
