/**
 * How long things took, by classes: what quantiles are estimated from. The classes are fixed, so that histograms of
 * different objects and times can be added up, and a value finds its own by one look into a table, or a few compares
 * where it is long.
 */

/** Upper bounds in ms, inclusive; what is longer than the last belongs to one more class. */
export const BOUNDS: readonly number[] = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000];

/** Bounds up to `NEAR` are multiples of it. */
const STEP = 0.5;
const NEAR = 500;

/** Class by the number of steps begun. */
const TABLE: Uint8Array = Uint8Array.from({ length: NEAR / STEP + 1 }, (_, steps) => BOUNDS.findIndex((bound) => steps * STEP <= bound));
const FIRST_FAR = BOUNDS.indexOf(NEAR) + 1;

function classOf(ms: number): number {
  if (ms <= NEAR) return ms > 0 ? (TABLE[Math.ceil(ms / STEP)] as number) : 0;
  let index = FIRST_FAR;
  while (index < BOUNDS.length && ms > (BOUNDS[index] as number)) index++;
  return index;
}

export class Histogram {
  /** For each bound how many values were not beyond it but beyond the one before, then how many were beyond all. */
  readonly counts: Float64Array = new Float64Array(BOUNDS.length + 1);
  /** Of all values, ms. */
  sum = 0;

  add(ms: number): void {
    this.sum += ms;
    (this.counts[classOf(ms)] as number)++;
  }

  clear(): void {
    this.counts.fill(0);
    this.sum = 0;
  }
}

/** What a backend's clients wait for, since the request's head was there. */
export class Latency {
  /** Until the first byte of the response. */
  readonly firstByte: Histogram = new Histogram();
  /** Until the end. */
  readonly total: Histogram = new Histogram();

  clear(): void {
    this.firstByte.clear();
    this.total.clear();
  }
}
