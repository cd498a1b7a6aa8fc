/** The last verdicts about one server, for people who ask how it came to its state. Bounded; no traffic passes here. */

import type { Verdict } from './types.ts';

export interface Judgement {
  /** Monotonic ms. */
  readonly at: number;
  readonly verdict: Verdict;
}

const KEPT = 16;

export class CheckHistory {
  private readonly ring: Judgement[] = [];
  private next = 0;

  add(verdict: Verdict, at: number): void {
    this.ring[this.next] = { at, verdict };
    this.next = (this.next + 1) % KEPT;
  }

  /** The oldest first. */
  list(): readonly Judgement[] {
    return this.ring.length < KEPT ? this.ring : [...this.ring.slice(this.next), ...this.ring.slice(0, this.next)];
  }
}
