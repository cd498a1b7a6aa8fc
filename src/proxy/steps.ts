/**
 * How HAProxy measures an exchange: each step ends at a whole ms since one moment, so that what lies between them adds up. Logs
 * and counters must not differ in it.
 */

/** Whole ms from `since` to `at`. */
export function elapsed(since: number, at: number): number {
  return Math.max(0, Math.floor(at - since));
}
