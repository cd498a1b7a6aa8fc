/** How exchanges end, in HAProxy and in Fairlead: log lines and counters. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { type Outcome, playAll, Side, stateOf } from './endings-rig.ts';
import { ENDINGS } from './endings-stories.ts';

const found = spawnSync('haproxy', ['-v'], { encoding: 'utf8' });
const skip = /version 2\.6\./.test(found.stdout ?? '') ? false : 'HAProxy 2.6 is not installed (Debian 12: apt-get install haproxy)';
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

for (const [index, { name, states, ours }] of ENDINGS.entries()) {
  test(ours === undefined ? name : `${name} (otherwise: ${ours.why})`, { skip }, async () => {
    const [theirs, mine] = (await outcomes[index]) as [Outcome, Outcome];
    assert.deepEqual(theirs.log.map(stateOf), states);
    const expected = { log: ours?.log ?? theirs.log, counters: { ...theirs.counters, ...ours?.counters } };
    assert.deepEqual(mine, expected);
  });
}
