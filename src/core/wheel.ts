/**
 * One coarse timer wheel for every time-out of the data plane.
 *
 * A Timed is armed into the slot of its deadline; refreshing it only moves `deadline`, and a slot that comes round
 * puts entries whose deadline has moved into their new slot. So a time-out that is pushed back at every byte costs
 * one field write, and Node sees a single timer. Never early; late by at most one tick (and by a busy loop).
 * What is due in the same tick fires in the order in which it was put into its slot.
 *
 *     slots[i] -> first <-> second <-> ... <-> last     `first.before` is the last: a list without a second array
 */

import { monotonic } from './clock.ts';

const TICK = 20;
const SLOTS = 1024;

/** Something with a deadline. Subclasses say what happens then. */
export abstract class Timed {
  /** Monotonic ms; meaningful while armed. */
  deadline = 0;
  /** The wheel's own: neighbours in the slot, and which slot (-1: not armed). */
  before: Timed | undefined = undefined;
  after: Timed | undefined = undefined;
  slot = -1;

  abstract onTimeout(now: number): void;
}

export class Wheel {
  private readonly slots: (Timed | undefined)[] = new Array(SLOTS).fill(undefined);
  private readonly clock: () => number;
  private timer: NodeJS.Timeout | undefined;
  /** The last tick that was worked off. */
  private tick = 0;
  private armed = 0;

  /** `clock` gives monotonic ms; tests hand in their own. */
  constructor(clock: () => number = monotonic) {
    this.clock = clock;
  }

  /** How many are armed: a leak shows here. */
  get size(): number {
    return this.armed;
  }

  /** Fires `timed.onTimeout` in `ms` milliseconds at the earliest. Arming again moves the deadline. */
  arm(timed: Timed, ms: number, now: number = this.clock()): void {
    const deadline = now + ms;
    const later = timed.slot >= 0 && deadline >= timed.deadline;
    timed.deadline = deadline;
    if (later) return; // its slot comes round before the deadline and moves it on
    if (timed.slot >= 0) this.unlink(timed);
    this.link(timed, now);
  }

  disarm(timed: Timed): void {
    if (timed.slot >= 0) this.unlink(timed);
  }

  private link(timed: Timed, now: number): void {
    if (this.timer === undefined) {
      this.tick = Math.floor(now / TICK);
      this.timer = setInterval(() => this.turn(), TICK);
    }
    const due = Math.max(Math.ceil(timed.deadline / TICK), this.tick + 1);
    // Beyond one revolution the slot comes round early and the entry is put further on.
    const slot = Math.min(due, this.tick + SLOTS - 1) % SLOTS;
    const first = this.slots[slot];
    timed.after = undefined;
    timed.slot = slot;
    this.armed++;
    if (first === undefined) {
      timed.before = timed;
      this.slots[slot] = timed;
      return;
    }
    const last = first.before as Timed;
    last.after = timed;
    timed.before = last;
    first.before = timed;
  }

  private unlink(timed: Timed): void {
    const first = this.slots[timed.slot] as Timed;
    if (timed === first) this.slots[timed.slot] = timed.after;
    else (timed.before as Timed).after = timed.after;
    if (timed.after !== undefined) timed.after.before = timed.before;
    else if (timed !== first) first.before = timed.before;
    timed.before = undefined;
    timed.after = undefined;
    timed.slot = -1;
    this.armed--;
    // The interval is not stopped here: under load the wheel empties and fills all the time.
  }

  private turn(): void {
    const now = this.clock();
    const target = Math.floor(now / TICK);
    // A loop that was held up catches up, but never works a slot off twice.
    const from = Math.max(this.tick + 1, target - SLOTS + 1);
    for (let tick = from; tick <= target; tick++) this.fire(tick, now);
    if (this.armed === 0) {
      clearInterval(this.timer);
      this.timer = undefined;
    }
  }

  private fire(tick: number, now: number): void {
    const slot = tick % SLOTS;
    // Entries that are put on meanwhile go to later ticks, so the slot only loses entries and the loop ends.
    this.tick = tick;
    for (let timed = this.slots[slot]; timed !== undefined; timed = this.slots[slot]) {
      this.unlink(timed);
      if (timed.deadline > now) this.link(timed, now);
      else this.expire(timed, tick, now);
    }
  }

  private expire(timed: Timed, tick: number, now: number): void {
    let done = false;
    try {
      timed.onTimeout(now);
      done = true;
    } finally {
      // Somebody's fault must not cost the others in this slot a whole revolution: the next turn works it off again.
      if (!done) this.tick = tick - 1;
    }
  }
}
