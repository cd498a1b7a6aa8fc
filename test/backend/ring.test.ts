import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Ring } from '../../src/backend/balance/ring.ts';
import { fullHash } from '../../src/core/hash.ts';
import { makeBackend, serverConfig } from './support.ts';

/** Points of servers as a plain sorted list. */
class Model {
  points: { readonly place: number; readonly id: number }[] = [];

  set(id: number, count: number): void {
    this.points = this.points.filter((point) => point.id !== id);
    for (let i = 0; i < count; i++) this.points.push({ place: fullHash(id * 4096 + i), id });
    this.points.sort((a, b) => a.place - b.place);
  }

  closest(key: number): number | undefined {
    const { points } = this;
    const found = points.findIndex((point) => point.place >= key);
    const after = points.at(Math.max(found, 0));
    const before = points.at(found < 0 ? -1 : found - 1);
    if (after === undefined || before === undefined) return undefined;
    return (key - before.place) >>> 0 <= (after.place - key) >>> 0 ? before.id : after.id;
  }
}

const KEY = fc.oneof(
  fc.integer({ min: 0, max: 0xffffffff }),
  fc.integer({ min: 0, max: 3 }),
  fc.integer({ min: 0xfffffff0, max: 0xffffffff }),
);
const CHANGE = fc.record({ at: fc.nat({ max: 5 }), count: fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 4096 })) });

describe('the ring of consistent hashing', () => {
  it('finds the nearest point and goes around in order, whoever comes and goes', () => {
    fc.assert(
      fc.property(fc.array(CHANGE, { minLength: 1, maxLength: 20 }), fc.array(KEY, { minLength: 1, maxLength: 20 }), (changes, keys) => {
        const { servers } = makeBackend(['1', '2', '3', '4', '5', '6'].map((name) => serverConfig(name)));
        const ring = new Ring();
        const model = new Model();
        const slots = servers.map((server) => ring.register(server));
        const counts = servers.map(() => 0);
        for (const { at, count } of changes) {
          const id = servers[at]!.id;
          if (count > counts[at]!) ring.add(slots[at]!, id, counts[at]!, count);
          else ring.remove(slots[at]!, id, count, counts[at]!, () => {});
          counts[at] = count;
          model.set(id, count);
          assert.equal(ring.length, model.points.length);
          for (const key of keys) {
            const point = ring.closest(key);
            assert.equal(point < 0 ? undefined : ring.serverAt(point).id, model.closest(key));
          }
        }
        const round: number[] = [];
        for (let point = ring.first(), i = 0; i < ring.length; point = ring.after(point), i++) round.push(ring.serverAt(point).id);
        assert.deepEqual(
          round,
          model.points.map(({ id }) => id),
        );
        if (ring.length > 0) {
          let point = ring.first();
          for (let i = 0; i < ring.length; i++) point = ring.after(point);
          assert.equal(point, ring.first(), 'a circle');
        }
      }),
      { numRuns: 40 },
    );
  });

  it('tells of each point that leaves while it still stands', () => {
    const { servers } = makeBackend([serverConfig('1')]);
    const ring = new Ring();
    const slot = ring.register(servers[0]!);
    ring.add(slot, 1, 0, 16);
    const left: number[] = [];
    ring.remove(slot, 1, 4, 16, (point) => left.push(ring.serverAt(point).id));
    assert.deepEqual([left.length, ring.length], [12, 4]);
  });
});
