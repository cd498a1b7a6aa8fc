import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import fc from 'fast-check';
import { Timed, Wheel } from '../../src/core/wheel.ts';

const TICK = 20;
const REVOLUTION = 1024 * TICK;

let now = 0;
let fired: string[] = [];

class Probe extends Timed {
  readonly name: string;
  readonly action: (self: Probe) => void;
  constructor(name: string, action: (self: Probe) => void = () => {}) {
    super();
    this.name = name;
    this.action = action;
  }
  override onTimeout(at: number): void {
    assert.ok(at >= this.deadline, `${this.name} fired early`);
    assert.equal(this.slot, -1, 'not armed while it fires');
    fired.push(this.name);
    this.action(this);
  }
}

/** Time passes in steps of one tick, as the interval would see it. */
function pass(ms: number): void {
  for (let left = ms; left > 0; left -= TICK) {
    const step = Math.min(TICK, left);
    now += step;
    mock.timers.tick(step);
  }
}

/** The loop was busy for this long: one late turn. */
function stall(ms: number): void {
  now += ms;
  mock.timers.tick(TICK);
}

describe('Wheel', () => {
  let wheel: Wheel;
  beforeEach(() => {
    mock.timers.enable({ apis: ['setInterval'] });
    now = 12_345.5;
    fired = [];
    wheel = new Wheel(() => now);
  });
  afterEach(() => mock.timers.reset());

  it('fires once, not before the deadline and within a tick of it', () => {
    wheel.arm(new Probe('a'), 100);
    pass(99);
    assert.deepEqual(fired, []);
    pass(1 + 2 * TICK);
    assert.deepEqual(fired, ['a']);
    pass(2 * REVOLUTION);
    assert.deepEqual(fired, ['a']);
    assert.equal(wheel.size, 0);
  });

  it('pushes a deadline back without firing at the old one', () => {
    const a = new Probe('a');
    wheel.arm(a, 100);
    pass(80);
    wheel.arm(a, 100);
    assert.equal(wheel.size, 1);
    pass(80);
    assert.deepEqual(fired, []);
    pass(60);
    assert.deepEqual(fired, ['a']);
  });

  it('pulls a deadline in, also after it was pushed back', () => {
    const a = new Probe('a');
    wheel.arm(a, 100);
    wheel.arm(a, 5000);
    wheel.arm(a, 40);
    assert.equal(wheel.size, 1);
    pass(80);
    assert.deepEqual(fired, ['a']);
    assert.equal(wheel.size, 0);
  });

  it('fires in the order of ticks, and within one in the order of arming', () => {
    wheel.arm(new Probe('late'), 200);
    for (const name of ['a', 'b', 'c']) wheel.arm(new Probe(name), 100);
    pass(300);
    assert.deepEqual(fired, ['a', 'b', 'c', 'late']);
  });

  it('waits out deadlines of several revolutions', () => {
    wheel.arm(new Probe('far'), 3 * REVOLUTION + 500);
    pass(3 * REVOLUTION + 480);
    assert.deepEqual(fired, []);
    pass(80);
    assert.deepEqual(fired, ['far']);
  });

  it('does not fire what was disarmed, also by one that fires before it in the same slot', () => {
    const b = new Probe('b');
    const c = new Probe('c');
    wheel.arm(new Probe('a', () => wheel.disarm(b)), 100);
    wheel.arm(b, 100);
    wheel.arm(c, 100);
    wheel.arm(new Probe('d'), 100);
    wheel.disarm(c);
    wheel.disarm(c);
    assert.equal(wheel.size, 3);
    pass(200);
    assert.deepEqual(fired, ['a', 'd']);
    assert.equal(wheel.size, 0);
  });

  it('lets one that fires arm itself again, at zero milliseconds too', () => {
    let left = 3;
    wheel.arm(new Probe('a', (self) => (--left > 0 ? wheel.arm(self, 0) : undefined)), 50);
    pass(200);
    assert.deepEqual(fired, ['a', 'a', 'a']);
    assert.equal(wheel.size, 0);
  });

  it('lets one that fires disarm itself', () => {
    wheel.arm(new Probe('a', (self) => wheel.disarm(self)), 50);
    pass(100);
    assert.equal(wheel.size, 0);
  });

  it('catches up after the loop was held up, for less and for more than a revolution', () => {
    for (const ms of [40, 400, 4000]) wheel.arm(new Probe(String(ms)), ms);
    stall(1000);
    assert.deepEqual(fired, ['40', '400']);
    wheel.arm(new Probe('far'), 3 * REVOLUTION);
    stall(2 * REVOLUTION);
    assert.deepEqual(fired, ['40', '400', '4000']);
    pass(REVOLUTION + 3 * TICK);
    assert.deepEqual(fired, ['40', '400', '4000', 'far']);
  });

  it('starts again after it ran empty and stopped its interval', () => {
    wheel.arm(new Probe('a'), 50);
    pass(1000);
    now += 10 * REVOLUTION;
    wheel.arm(new Probe('b'), 50);
    pass(100);
    assert.deepEqual(fired, ['a', 'b']);
  });

  it('fires the rest of a slot at the next turn when one of them throws', () => {
    wheel.arm(
      new Probe('a', () => {
        throw new Error('fault');
      }),
      50,
    );
    wheel.arm(new Probe('b'), 50);
    assert.throws(() => pass(100), /fault/);
    pass(2 * TICK);
    assert.deepEqual(fired, ['a', 'b']);
  });

  it('agrees with a plain list of deadlines whatever is armed, refreshed and disarmed', () => {
    const step = fc.record({ who: fc.nat(5), what: fc.constantFrom('arm', 'disarm', 'pass'), ms: fc.nat(2 * REVOLUTION) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const own = new Wheel(() => now);
        const entries = [0, 1, 2, 3, 4, 5].map((i) => new Probe(String(i)));
        const due = new Map<Probe, number>();
        fired = [];
        for (const { who, what, ms } of steps) {
          const entry = entries[who] as Probe;
          if (what === 'arm') {
            own.arm(entry, ms);
            due.set(entry, now + ms);
          } else if (what === 'disarm') {
            own.disarm(entry);
            due.delete(entry);
          } else {
            fired = [];
            stall(ms);
            for (const name of fired) {
              const at = due.get(entries[Number(name)] as Probe);
              assert.ok(at !== undefined && at <= now);
              due.delete(entries[Number(name)] as Probe);
            }
            for (const at of due.values()) assert.ok(at > now - TICK, 'late by more than a tick');
          }
          assert.equal(own.size, due.size);
        }
        for (const entry of entries) own.disarm(entry);
        stall(TICK);
      }),
      { numRuns: 200 },
    );
  });
});
