/**
 * The two clocks. Everything that measures or schedules uses the monotonic one; only logs and people see wall time.
 * One read costs about 40 ns: a callback reads once and passes the value on.
 */

/** Monotonic milliseconds since the process started, with fractions. */
export function monotonic(): number {
  return performance.now();
}

/** Wall-clock milliseconds since the epoch. */
export function wall(): number {
  return Date.now();
}
