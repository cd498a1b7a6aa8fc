import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Session } from '../../src/proxy/session.ts';
import { Sessions } from '../../src/proxy/sessions.ts';

const make = () => ({ neighbours: { previous: undefined, next: undefined, listed: false } }) as unknown as Session;

describe('the sessions of a listener', () => {
  for (const gone of [[0], [1], [2], [0, 1], [2, 1], [1, 0, 2]]) {
    it(`are those that have come and not gone: without ${gone.join(' and ')} of 0, 1 and 2`, () => {
      const sessions = new Sessions();
      const members = [make(), make(), make()];
      for (const member of members) sessions.add(member);
      for (const index of gone) assert.equal(sessions.remove(members[index] as Session), true);
      assert.deepEqual(new Set(sessions.all()), new Set(members.filter((_, index) => !gone.includes(index))));
      for (const index of gone) assert.equal(sessions.remove(members[index] as Session), false);
    });
  }

  it('leave nothing of themselves in those that stay', () => {
    const sessions = new Sessions();
    const [one, two] = [make(), make()];
    sessions.add(one);
    sessions.add(two);
    sessions.remove(one);
    for (const session of [one, two]) assert.deepEqual([session.neighbours.previous, session.neighbours.next], [undefined, undefined]);
  });
});
