/** Waiting on conditions. A test never sleeps for a while and hopes. */

import { setTimeout as pause } from 'node:timers/promises';

const pollMs = 20;

/**
 * Asks `condition` until it gives something other than `undefined` or `false`, and returns that.
 * Rejects after `timeoutMs` with `what` and the last error that the condition threw.
 */
export async function until<T>(what: string, condition: () => T | Promise<T>, timeoutMs = 15_000): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== false) return value as Exclude<T, undefined | false>;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw new Error(`gave up after ${timeoutMs} ms waiting until ${what}`, { cause: last });
    await pause(pollMs);
  }
}
