/** How exchanges end, in HAProxy and in Fairlead: log lines and counters. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { type Ending, type Outcome, playAgain, playAll, Side, stateOf, timeless } from './endings-rig.ts';
import { DEVIATING, ENDINGS } from './endings-stories.ts';
import { skip } from './side-by-side.ts';

const sides = [Side.haproxy(), Side.fairlead()] as const;
let outcomes: readonly Promise<readonly Outcome[]>[] = [];

before(async () => {
  if (skip !== false) return;
  for (const side of sides) await side.start(ENDINGS);
  outcomes = playAll(sides, ENDINGS);
});

after(async () => {
  if (skip === false) for (const side of sides) await side.stop();
});

/** What one side has come to, and what it should have. */
function judge({ states, ours }: Ending, [theirs, mine]: readonly Outcome[]) {
  assert.ok(theirs !== undefined && mine !== undefined);
  // What is the same is no deviation, or not any more.
  if (ours?.log !== undefined) assert.notDeepEqual(theirs.log, ours.log);
  for (const [row, text] of Object.entries(ours?.counters ?? {})) assert.notEqual(theirs.counters[row], text, `${row} does not deviate`);
  const expected = { log: ours?.log ?? theirs.log, counters: { ...theirs.counters, ...ours?.counters } };
  return { found: { states: theirs.log.map(stateOf), ...mine }, expected: { states, ...expected } };
}

test('every deviation is one of a story', () => {
  const stories = new Set(ENDINGS.map(({ name }) => name));
  assert.deepEqual(
    DEVIATING.filter((name) => !stories.has(name)),
    [],
  );
});

for (const [index, ending] of ENDINGS.entries()) {
  const { name, ours } = ending;
  test(ours === undefined ? name : `${name} (otherwise: ${ours.why})`, { skip }, async () => {
    const first = judge(ending, (await outcomes[index]) ?? []);
    if (isDeepStrictEqual(first.found, first.expected)) return;
    // What happened must be right at once; how long it took may be the machine's.
    assert.deepEqual({ ...first.found, ...timeless(first.found) }, { ...first.expected, ...timeless(first.expected) });
    await Promise.allSettled(outcomes);
    const { found, expected } = judge(ending, await playAgain(sides, index, ending));
    assert.deepEqual(found, expected);
  });
}
