import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Inspections } from '../../../src/discovery/docker/inspections.ts';
import { until } from '../../support/wait.ts';

/** Inspections that end when they are told to, or by themselves in the next turn. */
function scripted(
  byThemselves = false,
  clock?: () => number,
  doubtful: ReadonlySet<string> = new Set(),
): {
  readonly inspections: Inspections;
  readonly begun: string[];
  /** Ends the oldest that is under way. */
  readonly end: () => Promise<void>;
} {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const inspections = new Inspections(
    (id) => {
      begun.push(id);
      return byThemselves ? turn().then(() => {}) : new Promise((resolve) => ends.push(resolve));
    },
    (id) => doubtful.has(id),
    clock,
  );
  const end = async () => {
    ends.shift()?.();
    await turn();
  };
  return { inspections, begun, end };
}

const ids = (count: number, prefix = 'c') => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

describe('inspections', () => {
  it('are eight at a time, in the order of the events', async () => {
    const { inspections, begun, end } = scripted();
    for (const id of ids(10)) inspections.ask(id, true);
    assert.deepEqual(begun, ids(8));
    await end();
    assert.deepEqual(begun, ids(9));
  });

  it('are one for all events that come while the container waits, and another one for those that come during it', async () => {
    const { inspections, begun, end } = scripted();
    for (const id of ids(8)) inspections.ask(id, true);
    for (let i = 0; i < 5; i++) {
      inspections.ask('late', false);
      inspections.ask('c0', true);
    }
    for (let i = 0; i < 10; i++) await end();
    assert.deepEqual(begun, [...ids(8), 'c0', 'late']);
  });

  it('begin with what matters now', async () => {
    const { inspections, begun, end } = scripted();
    for (const id of ids(20)) inspections.ask(id, false);
    inspections.ask('new', true);
    inspections.ask('c19', true);
    for (let i = 0; i < 2; i++) await end();
    assert.deepEqual(begun.slice(8), ['new', 'c19']);
    for (let i = 0; i < 20; i++) await end();
    assert.equal(begun.length, 21);
  });

  it('because of events are 200 at once and then 200 in a second; those of a list are as many as it has', async () => {
    let now = 0;
    const { inspections, begun } = scripted(true, () => now);
    await inspections.askAll(ids(1000, 'l'));
    assert.equal(begun.length, 1000);
    for (const id of ids(400)) inspections.ask(id, false);
    for (const [seconds, expected] of [
      [0, 200],
      [0.1, 220],
      [0.5, 300],
      [1, 400],
    ] as const) {
      now = seconds * 1000;
      await until(`${expected} of them are done`, () => begun.length - 1000 >= expected);
      for (let turns = 0; turns < 20; turns++) await turn();
      assert.equal(begun.length - 1000, expected);
    }
  });

  it('tell when a whole list has been inspected, again asked for meanwhile or not', async () => {
    const { inspections, end } = scripted();
    let done = false;
    const all = inspections.askAll(['a', 'b']).then(() => {
      done = true;
    });
    inspections.ask('a', true);
    await end();
    await end();
    assert.equal(done, false);
    await end();
    await all;
    assert.equal(inspections.has('a'), false);
  });

  it('of those that have failed are one at a time, and keep neither the others nor a list waiting', async () => {
    const bad = ids(16, 'bad');
    const { inspections, begun, end } = scripted(false, undefined, new Set(bad));
    for (const id of bad) inspections.ask(id, true);
    assert.deepEqual(begun, ['bad0']);
    inspections.ask('new', true);
    const all = inspections.askAll([...bad, 'listed']);
    assert.deepEqual(begun, ['bad0', 'new', 'listed']);
    await end();
    assert.deepEqual(begun.slice(3), ['bad1']);
    for (let i = 0; i < 2; i++) await end();
    await all;
    for (let i = 0; i < 40; i++) await end();
    assert.deepEqual([...new Set(begun)].sort(), [...bad, 'listed', 'new'].sort());
    assert.ok(bad.every((id) => !inspections.has(id)));
  });

  it('keep no list waiting for one that has failed and is asked for again', async () => {
    const bad = new Set<string>();
    const { inspections, end } = scripted(false, undefined, bad);
    let done = false;
    void inspections.askAll(['a']).then(() => {
      done = true;
    });
    inspections.ask('a', true);
    bad.add('a');
    await end();
    assert.equal(done, true);
    assert.equal(inspections.has('a'), true);
  });

  it('that are stopped begin nothing more, and let nobody wait', async () => {
    const { inspections, begun, end } = scripted();
    const all = inspections.askAll(ids(20));
    inspections.ask('c0', true);
    inspections.stop();
    await all;
    for (let i = 0; i < 20; i++) await end();
    inspections.ask('more', true);
    await inspections.askAll(['more']);
    assert.equal(begun.length, 8);
  });
});
