/**
 * Work that many causes ask for, done as soon as it is asked for as long as it can be afforded. A flood of causes makes it
 * be done more rarely, with what they want gathered; what is urgent does not wait for that.
 *
 *     debt of time  = what the work has taken lately; a tenth of the time that passes is paid back
 *     debt < CREDIT : at the end of this turn;  else when that much has been paid back
 */

import { monotonic } from '../core/clock.ts';

/** Milliseconds of work that may be done in a row. */
const CREDIT = 250;
/** Milliseconds: no single time counts more. The first time everything is new, and a busy machine's clock says much. */
const MOST = 25;
/** Of our time, what goes into it in the long run. */
const SHARE = 0.1;
/** Milliseconds: nothing waits longer, dear as it may be. */
const LONGEST = 250;

export class Paced {
  private readonly work: () => void;
  private readonly clock: () => number;
  private pending: NodeJS.Immediate | undefined;
  private timer: NodeJS.Timeout | undefined;
  private debt = 0;
  /** Monotonic ms of when `debt` was reckoned. */
  private at: number;

  constructor(work: () => void, clock: () => number = monotonic) {
    this.work = work;
    this.clock = clock;
    this.at = clock();
  }

  /** At the end of this turn of the event loop, or when it can be afforded. */
  soon(): void {
    if (this.pending !== undefined || this.timer !== undefined) return;
    this.pay();
    const wait = (this.debt - CREDIT) / SHARE;
    if (wait <= 0) this.now();
    else this.timer = setTimeout(() => this.now(), Math.min(wait, LONGEST));
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
    // What it sets off is done in the next turn, and belongs to its price.
    setImmediate(() => {
      this.pay();
      this.debt += Math.min(this.clock() - began, MOST);
    });
  }

  private pay(): void {
    const now = this.clock();
    this.debt = Math.max(0, this.debt - (now - this.at) * SHARE);
    this.at = now;
  }
}
