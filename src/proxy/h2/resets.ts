/**
 * How often a client takes back what it has just asked for (CVE-2023-44487). Leaving is its right, a page that is left resets
 * all of its streams at once; to live from it is not.
 */

/** So many at once, and so many more in each second; nghttp2 takes 1000 and 33, and tells the client of an internal error. */
const BURST = 900;
const PER_SECOND = 33;

export class Resets {
  private left = BURST;
  private since = 0;

  /** One more, at `now`, monotonic ms; true when it is one too many. */
  exceeded(now: number): boolean {
    this.left = Math.min(BURST, this.left + ((now - this.since) * PER_SECOND) / 1000);
    this.since = now;
    this.left--;
    return this.left < 0;
  }
}
