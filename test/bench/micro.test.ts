/** What the micro benchmarks time does what it says: each operation once, and again after others of its kind. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sink, time } from '../../bench/micro/runner.ts';
import { subjects } from '../../bench/micro/subjects.ts';

describe('the micro benchmarks', () => {
  for (const { name, make } of subjects) {
    it(`${name}: gives the right answer, the first time and the hundredth`, () => {
      const { op, verify, end } = make();
      try {
        verify(op());
        for (let i = 0; i < 98; i++) op();
        verify(op());
      } finally {
        end?.();
      }
    });
  }

  it('have names of their own', () => {
    assert.equal(new Set(subjects.map(({ name }) => name)).size, subjects.length);
  });

  it('notice an operation that has gone wrong', () => {
    const entry = subjects.find(({ name }) => name.startsWith('stats:'));
    assert.ok(entry);
    const { op, verify } = entry.make();
    assert.throws(() => verify((op() as number) - 1));
  });
});

describe('the timer of micro benchmarks', () => {
  it('runs the operation as often as it takes, and keeps its results alive', () => {
    let runs = 0;
    const { nanos, spread } = time(() => ++runs, { batchMs: 0.1, warmUpMs: 0, samples: 3 });
    assert.ok(nanos > 0 && spread >= 0);
    assert.equal(sink.value, runs);
  });
});
