/**
 * Latencies in buckets of at most 1.6 % width, as HdrHistogram has them: recording is an increment, memory is fixed.
 *
 *     value    0 .. 127  exact;   128 .. 255  by 2;   256 .. 511  by 4;   ...   up to 2^31 - 1
 */

const EXACT = 128;
/** Buckets of each power of two beyond. */
const STEPS = 64;
const LARGEST = 2 ** 31 - 1;

export class Histogram {
  count = 0;
  max = 0;
  private readonly buckets = new Uint32Array(EXACT + (31 - 7) * STEPS);

  /** A whole number from 0; what is larger than 2^31 - 1 counts as that. */
  record(value: number): void {
    const bounded = Math.min(value, LARGEST);
    this.buckets[bucketOf(bounded)]!++;
    this.count++;
    if (bounded > this.max) this.max = bounded;
  }

  /** The value that `share` (0..1) of the recorded ones do not exceed: the upper end of its bucket. NaN when empty. */
  quantile(share: number): number {
    if (this.count === 0) return Number.NaN;
    const wanted = Math.max(1, Math.ceil(this.count * share));
    let seen = 0;
    for (let bucket = 0; bucket < this.buckets.length; bucket++) {
      seen += this.buckets[bucket] as number;
      if (seen >= wanted) return Math.min(upperEnd(bucket), this.max);
    }
    return this.max;
  }
}

function bucketOf(value: number): number {
  if (value < EXACT) return value;
  const power = 31 - Math.clz32(value);
  return EXACT + (power - 7) * STEPS + (value >>> (power - 6)) - STEPS;
}

function upperEnd(bucket: number): number {
  if (bucket < EXACT) return bucket;
  const power = 7 + Math.floor((bucket - EXACT) / STEPS);
  const step = STEPS + ((bucket - EXACT) % STEPS);
  return (step + 1) * 2 ** (power - 6) - 1;
}
