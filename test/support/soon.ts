/** Waiting on conditions that hold within a few turns of the loop, thousands of times. */

import { setImmediate as turn } from 'node:timers/promises';

/** As `until`, but asks at every turn, so that a fuzz test's time goes into its cases. */
export async function soon(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`gave up waiting until ${what}`);
    await turn();
  }
}
