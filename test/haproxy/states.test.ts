/** States of servers, side by side: the same stories to HAProxy and to Fairlead, their statistics and logs compared whole. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { play } from '../scenarios/state-rig.ts';
import { STORIES } from '../scenarios/state-stories.ts';
import { program } from '../support/paths.ts';

const found = spawnSync('haproxy', ['-v'], { encoding: 'utf8' });
const skip = /version 2\.6\./.test(found.stdout ?? '') ? false : 'HAProxy 2.6 is not installed (Debian 12: apt-get install haproxy)';

for (const story of STORIES) {
  test(story.name, { skip }, async () => {
    const theirs = await play(story, ['haproxy', '-db']);
    const ours = await play(story, [process.execPath, program, '-db']);
    assert.deepEqual(ours, theirs);
  });
}
