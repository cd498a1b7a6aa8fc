import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Users } from '../../src/rules/users.ts';

/** Of `secret`, by glibc. */
const HASH = '$5$rounds=1400$anotherlongsalts$hA9phAhHgeqcKTycY/LRKamQM18d5P2uD0VRrWGWMX6';

/** The user `ada`; every look at the clock takes 10 ms, so every password that is hashed and wrong does. */
function rig() {
  const rig = { time: 0, looks: 0 };
  const users = new Users({ name: 'staff', users: [{ name: 'ada', password: HASH, insecure: false, groups: [] }] }, () => {
    rig.looks++;
    rig.time += 10;
    return rig.time;
  });
  return { rig, knows: (password: string) => users.find({ user: 'ada', password }) !== undefined };
}

describe('passwords in crypt(3) form', () => {
  it('are hashed once, right or wrong', () => {
    const { rig: state, knows } = rig();
    assert.deepEqual([knows('secret'), knows('wrong')], [true, false]);
    const { looks } = state;
    assert.deepEqual([knows('secret'), knows('wrong')], [true, false]);
    assert.equal(state.looks, looks);
  });

  it('are not hashed where they are longer than HAProxy takes them', () => {
    const { rig: state, knows } = rig();
    assert.equal(knows('x'.repeat(512)), false);
    assert.equal(state.looks, 0);
    assert.equal(knows('x'.repeat(511)), false);
    assert.ok(state.looks > 0);
  });

  it('get a tenth of the time when they are wrong, after the first of them', () => {
    const { rig: state, knows } = rig();
    assert.equal(knows('secret'), true);
    for (let i = 0; i < 1000; i++) assert.equal(knows(`wrong ${i}`), false);
    // Each that is hashed looks twice, each that is not once: 40 or so at once, then one of nine.
    const hashed = state.looks - 2 - 1000;
    assert.ok(hashed >= 30 && hashed <= 200, `${hashed} are hashed`);
    assert.equal(knows('secret'), true, 'who was right before still is');
  });

  it('are hashed again when there was time to recover', () => {
    const { rig: state, knows } = rig();
    for (let i = 0; i < 1000; i++) knows(`wrong ${i}`);
    assert.equal(knows('secret'), false);
    state.time += 10_000;
    assert.equal(knows('secret'), true);
  });
});
