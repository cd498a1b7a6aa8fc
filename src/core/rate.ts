/** Rates and averages with HAProxy's own arithmetic, so that both show the same of the same traffic. */

const PERIOD = 1000;

/**
 * Events in the last second: those of the current period, and of the one before it the share that is within a second. A
 * period begins where the former one ended, or with the first event after a pause.
 */
export class Rate {
  /** When the current period began, ms; long ago before the first event. */
  private start = -2 * PERIOD;
  private current = 0;
  private previous = 0;
  /** Most events of a period; `clear counters` zeroes it. */
  max = 0;

  /** `now` in ms of the process's monotonic clock. */
  add(now: number): void {
    if (now - this.start >= PERIOD) this.rotate(now);
    this.current++;
    if (this.current > this.max) this.max = this.current;
  }

  /** Events a second, a whole number. A single event reads as 1 until its period and the next are over, instead of flapping. */
  read(now: number): number {
    let { current, previous } = this;
    let left = Math.floor(this.start + PERIOD - now);
    if (left < 0) {
      left += PERIOD;
      previous = left >= 0 ? current : 0;
      current = 0;
    }
    if (current === 0 && previous <= 1) return previous;
    return Math.floor((previous * left) / PERIOD + current);
  }

  /** Milliseconds until fewer than `limit` read, if nothing comes meanwhile; 0 where that is so. */
  until(limit: number, now: number): number {
    if (this.read(now) < limit) return 0;
    if (now - this.start >= PERIOD) this.rotate(now);
    const { current, previous } = this;
    const left = this.start + PERIOD - now;
    // A single event does not fade.
    if (limit === 1 && (current === 1 || current + previous === 1)) return Math.ceil(left + current * PERIOD) + 1;
    // In this period the former one fades away, in the next one this.
    const wait = current < limit ? left - ((limit - current) * PERIOD) / previous : left + PERIOD - (limit * PERIOD) / current;
    return Math.max(1, Math.ceil(wait) + 1);
  }

  private rotate(now: number): void {
    this.previous = this.current;
    this.current = 0;
    this.start += PERIOD;
    if (now - this.start < PERIOD) return;
    this.previous = 0;
    this.start = now;
  }
}

/** The manual says 1024. */
const SAMPLES = 512;

/**
 * Average of the last values (qtime, ctime, rtime, ttime), which fade out, and the highest of them. How many there were is
 * counted elsewhere: requests that brought no value make it smaller, too.
 */
export class SlidingAverage {
  private sum = 0;
  max = 0;

  /** `value` is whole; `count`: how many requests there have been, this one included. */
  add(value: number, count: number): void {
    this.sum += value;
    if (count > SAMPLES) this.sum -= Math.ceil((this.sum - value) / SAMPLES);
    if (value > this.max) this.max = value;
  }

  /** A whole number, in the unit of the values; `count` as above. */
  read(count: number): number {
    return Math.ceil(this.sum / (count > 0 && count < SAMPLES ? count : SAMPLES));
  }

  clear(): void {
    this.sum = 0;
    this.max = 0;
  }
}
