/** A value is in the class of the first bound that it is not beyond. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BOUNDS, Histogram, Latency } from '../../src/core/histogram.ts';

function classOf(ms: number): number {
  const histogram = new Histogram();
  histogram.add(ms);
  return histogram.counts.indexOf(1);
}

test('a bound belongs to its own class, what is beyond it to the next', () => {
  for (const [index, bound] of BOUNDS.entries()) {
    assert.equal(classOf(bound), index);
    assert.equal(classOf(bound + 1e-9), index + 1);
  }
  assert.equal(classOf(0), 0);
  assert.equal(classOf(1e9), BOUNDS.length);
});

test('the table and the compares find what looking at every bound finds', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 120_000, noNaN: true }), (ms) => {
      const expected = BOUNDS.findIndex((bound) => ms <= bound);
      assert.equal(classOf(ms), expected < 0 ? BOUNDS.length : expected);
    }),
  );
});

test('a clock that seems to go backwards spoils nothing', () => {
  assert.equal(classOf(-3), 0);
});

test('what was added is in the counts and in the sum until it is cleared', () => {
  const { total, firstByte } = new Latency();
  for (const ms of [0.2, 3, 3, 70_000]) total.add(ms);
  assert.equal(
    total.counts.reduce((sum, count) => sum + count),
    4,
  );
  assert.equal(total.sum, 70_006.2);
  assert.equal(firstByte.sum, 0);
  total.clear();
  assert.ok(total.counts.every((count) => count === 0));
  assert.equal(total.sum, 0);
});
