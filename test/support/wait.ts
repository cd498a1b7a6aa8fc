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

/**
 * Lets a time-out of `strikesAfter` ms pass that must not strike here: nothing can be waited for. Whoever is slow waits longer,
 * which is as good.
 */
export async function outlast(strikesAfter: number): Promise<void> {
  await pause(2 * strikesAfter);
}

/**
 * Waits until what `read` tells has stayed the same for `polls` looks in a row, and returns it. For what has no other sign
 * of having come to rest; a test must hold as well when it goes on a little later.
 */
export async function settled<T>(what: string, read: () => T, polls = 10, timeoutMs = 30_000): Promise<T> {
  let last = read();
  let same = 0;
  await until(
    what,
    () => {
      const now = read();
      same = now === last ? same + 1 : 0;
      last = now;
      return same >= polls;
    },
    timeoutMs,
  );
  return last;
}
