/** States of servers, side by side: the same stories to HAProxy and to Fairlead, their statistics and logs compared whole. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { play, type Stage, type Story } from '../scenarios/state-rig.ts';
import { STORIES } from '../scenarios/state-stories.ts';
import { TRAFFIC_STORIES } from '../scenarios/state-traffic-stories.ts';
import { program } from '../support/paths.ts';
import { until } from '../support/wait.ts';
import { skip } from './side-by-side.ts';

const THEIRS = ['haproxy', '-db'];
const OURS = [process.execPath, program, '-db'];

for (const story of [...STORIES, ...TRAFFIC_STORIES]) {
  test(story.name, { skip }, async () => {
    const [theirs, ours] = await Promise.all([play(story, THEIRS), play(story, OURS)]);
    assert.deepEqual(ours, theirs);
  });
}

/** What comes one after the other; a step that falls between two looks, or two seconds of the clock, is missed. */
const SHARES = ['4 6', '19 37', '35 68', '50 '];
const FASTER = ['7 6', '38 37', '69 68', '100 '];

test('a slow start takes the same steps', { skip }, async () => {
  const [theirs, ours] = await Promise.all([watchStart(THEIRS), watchStart(OURS)]);
  assert.deepEqual(ours.told, theirs.told);
  for (const { trails } of [theirs, ours]) {
    for (const [trail, shares] of [
      [trails[0], SHARES],
      [trails[1], FASTER],
    ] as const) {
      assert.deepEqual(
        trail,
        shares.filter((share) => trail?.includes(share)),
      );
      assert.deepEqual([trail?.[0], trail?.at(-1)], [shares[0], shares.at(-1)]);
      assert.ok(trail !== undefined && trail.length > 2, `steps between the first and the last: ${trail}`);
    }
  }
});

/** A server out of maintenance, and out of drain with another weight; the other one in a backend whose weights are fixed. */
async function watchStart(command: readonly string[]) {
  const trails: string[][] = [];
  const watch = async (stage: Stage, ...commands: readonly string[]): Promise<void> => {
    const trail: string[] = [];
    trails.push(trail);
    await stage.run(...commands);
    await until('the start is over', async () => {
      const row = (await stage.rows()).find(({ pxname, svname }) => pxname === 'be' && svname === 's1');
      const share = `${row?.weight} ${row?.throttle}`;
      if (trail.at(-1) !== share) trail.push(share);
      return row?.throttle === '';
    });
  };
  const story: Story = {
    name: '',
    servers: { a: '200 OK' },
    config: `
backend be
 server s1 %a% weight 50 check inter 100ms slowstart 3s
 server s2 %a% weight 50
backend fixed
 balance static-rr
 server s1 %a% weight 50 slowstart 1s
`,
    steps: [
      { name: 'start', act: () => {}, until: ['be/s1 status=UP'] },
      { name: 'maint', act: (stage) => stage.run('set server be/s1 state maint', 'set server fixed/s1 state maint') },
      { name: 'fixed', act: (stage) => stage.run('set server fixed/s1 state ready'), until: ['fixed/s1 throttle=100'] },
      { name: 'fixed is up', act: () => {}, until: ['fixed/s1 throttle='] },
      { name: 'ready', act: (stage) => watch(stage, 'set server be/s1 state ready'), until: ['be/s1 status=UP'] },
      {
        name: 'down and up, from drain, with twice the weight',
        act: (stage) =>
          watch(
            stage,
            'set server be/s1 state maint',
            'set server be/s1 state ready',
            'set server be/s1 state drain',
            'set server be/s1 weight 100',
            'set server be/s1 state ready',
          ),
        until: ['be/s1 status=UP'],
      },
    ],
  };
  return { told: await play(story, command), trails };
}
