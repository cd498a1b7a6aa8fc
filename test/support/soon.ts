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

/** What `promise` comes to, within the same time. */
export async function outcome<T>(what: string, promise: Promise<T>): Promise<T> {
  let over = false;
  const end = () => {
    over = true;
  };
  promise.then(end, end);
  await soon(what, () => over);
  return promise;
}
