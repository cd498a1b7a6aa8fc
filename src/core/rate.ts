/** Events in the last second, as HAProxy counts them: this second's plus the share of the previous that still counts. */
export class Rate {
  private second = 0;
  private current = 0;
  private previous = 0;
  /** Highest rate seen; `clear counters` zeroes it. */
  max = 0;

  /** `now` in ms of the process's monotonic clock. */
  add(now: number): void {
    this.rotate(now);
    this.current++;
    if (this.current > this.max) this.max = this.current;
  }

  /** Events a second, a whole number. A single event reads as 1 until the second after its own has passed, as in HAProxy. */
  read(now: number): number {
    this.rotate(now);
    if (this.current === 0 && this.previous <= 1) return this.previous;
    const elapsed = (now % 1000) / 1000;
    return Math.floor(this.current + this.previous * (1 - elapsed));
  }

  private rotate(now: number): void {
    const second = Math.floor(now / 1000);
    if (second === this.second) return;
    this.previous = second === this.second + 1 ? this.current : 0;
    this.current = 0;
    this.second = second;
  }
}

const SAMPLES = 1024;

/** Sliding average over the last min(1024, count) values (HAProxy's qtime, ctime, rtime, ttime), and their maximum. */
export class SlidingAverage {
  private sum = 0;
  private count = 0;
  max = 0;

  add(value: number): void {
    if (this.count < SAMPLES) {
      this.count++;
      this.sum += value;
    } else {
      this.sum += value - this.sum / SAMPLES;
    }
    if (value > this.max) this.max = value;
  }

  /** A whole number, in the unit of the values. */
  read(): number {
    return this.count === 0 ? 0 : Math.round(this.sum / this.count);
  }

  clear(): void {
    this.sum = 0;
    this.count = 0;
    this.max = 0;
  }
}
