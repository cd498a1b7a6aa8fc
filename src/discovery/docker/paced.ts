/**
 * Work that many causes ask for, done as soon as it is asked for and then no more often than can be afforded: after it
 * come nine times as long as it took, in which what else is asked for gathers. What is urgent does not wait for that.
 */

import { monotonic } from '../../core/clock.ts';

/** A tenth of our time at most goes into it. */
const REST = 9;
/** Milliseconds: nothing waits longer, dear as it may be. */
const LONGEST = 250;

export class Paced {
  private readonly work: () => void;
  private readonly clock: () => number;
  private pending: NodeJS.Immediate | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** Monotonic ms. */
  private restUntil = 0;

  constructor(work: () => void, clock: () => number = monotonic) {
    this.work = work;
    this.clock = clock;
  }

  /** At the end of this turn of the event loop, or of the pause after the last time. */
  soon(): void {
    if (this.pending !== undefined || this.timer !== undefined) return;
    const rest = this.restUntil - this.clock();
    if (rest <= 0) this.now();
    else this.timer = setTimeout(() => this.now(), rest);
  }

  /** At the end of this turn of the event loop. */
  now(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.pending ??= setImmediate(() => this.run());
  }

  stop(): void {
    clearTimeout(this.timer);
    clearImmediate(this.pending);
    this.timer = undefined;
    this.pending = undefined;
  }

  private run(): void {
    this.pending = undefined;
    const began = this.clock();
    this.work();
    this.rest(began);
    // What it sets off is done in the next turn, and belongs to its price.
    setImmediate(() => this.rest(began));
  }

  private rest(began: number): void {
    const now = this.clock();
    this.restUntil = now + Math.min(LONGEST, REST * (now - began));
  }
}
