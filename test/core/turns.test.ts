import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { inTurn, leaveTurn } from '../../src/core/turns.ts';

/** So many steps of one job. */
function job(steps: number, step: () => void): Promise<void> {
  return new Promise((resolve) => {
    let left = steps;
    const next = (): void => {
      step();
      left--;
      if (left > 0) inTurn(next);
      else resolve();
    };
    inTurn(next);
  });
}

test('the first step is made at once', () => {
  let made = false;
  inTurn(() => {
    made = true;
  });
  assert.equal(made, true);
});

test('in each turn of the event loop there is one step, whoever it is of', async () => {
  await turn();
  await turn();
  let made = 0;
  const jobs = Promise.all([job(20, () => made++), job(20, () => made++)]);
  const seen: number[] = [];
  while (made < 40) {
    seen.push(made);
    await turn();
  }
  await jobs;
  assert.equal(seen[0], 1);
  assert.deepEqual(
    seen.slice(1).filter((count, index) => count - (seen[index] as number) > 1),
    [],
  );
});

test('jobs have their steps in rotation', async () => {
  await turn();
  await turn();
  // Of this turn.
  inTurn(() => {});
  const order: string[] = [];
  await Promise.all([job(3, () => order.push('a')), job(3, () => order.push('b')), job(1, () => order.push('c'))]);
  assert.deepEqual(order, ['a', 'b', 'c', 'a', 'b', 'a', 'b']);
});

test('turns that are left to others have no step, but not too many in a row', async () => {
  await turn();
  await turn();
  let made = 0;
  const work = job(3, () => made++);
  let turns = 0;
  while (made < 3) {
    leaveTurn();
    turns++;
    await turn();
  }
  await work;
  // The first is made at once, the other two behind eight turns each.
  assert.ok(turns >= 2 * 8, `${turns} turns`);
  assert.ok(turns <= 2 * 10, `${turns} turns`);
});
