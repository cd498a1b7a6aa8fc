import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { assignSlots } from '../../../src/discovery/dns/slots.ts';

const slots = (count: number, shares = false) => Array.from({ length: count }, (_, index) => ({ key: `s${index + 1}`, shares }));
const assign = (count: number, addresses: readonly string[], previous: Record<string, string> = {}, shares = false) =>
  Object.fromEntries(assignSlots(slots(count, shares), addresses, new Map(Object.entries(previous))));

describe('addresses on servers', () => {
  it('are given out in order, and surplus servers have none', () => {
    assert.deepEqual(assign(3, ['a', 'b']), { s1: 'a', s2: 'b' });
  });

  it('stay where they are when the answer changes its order', () => {
    assert.deepEqual(assign(2, ['b', 'a'], { s1: 'a', s2: 'b' }), { s1: 'a', s2: 'b' });
  });

  it('leave when the name has them no more, and a new one takes the place', () => {
    assert.deepEqual(assign(3, ['b', 'c', 'd'], { s1: 'a', s2: 'b', s3: 'c' }), { s1: 'd', s2: 'b', s3: 'c' });
  });

  it('beyond the number of servers are not used', () => {
    assert.deepEqual(assign(1, ['a', 'b']), { s1: 'a' });
  });

  it('are shared by server lines when there are too few', () => {
    assert.deepEqual(assign(2, ['a'], {}, true), { s1: 'a', s2: 'a' });
    assert.deepEqual(assign(2, ['a', 'b'], { s1: 'a', s2: 'a' }, true), { s1: 'a', s2: 'b' });
  });

  it('never stand on two slots of a template, never move without need, and never lie idle', () => {
    const address: fc.Arbitrary<string> = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    fc.assert(
      fc.property(fc.nat(5), fc.array(fc.uniqueArray(address), { minLength: 1, maxLength: 5 }), (count, answers) => {
        let previous: ReadonlyMap<string, string> = new Map();
        for (const answer of answers) {
          const next = assignSlots(slots(count), answer, previous);
          assert.equal(new Set(next.values()).size, next.size);
          assert.equal(next.size, Math.min(count, answer.length));
          for (const [key, old] of previous) if (answer.includes(old)) assert.equal(next.get(key), old);
          previous = next;
        }
      }),
    );
  });
});
