/**
 * A configuration and what its sources of servers say to it, asked once, without anything that serves or checks: for who only
 * wants to know (`explain` where no balancer runs, `render`).
 */

import type { Prepared } from './prepare.ts';
import { Sources } from './sources.ts';
import { Store } from './state/store.ts';

export interface Survey {
  readonly prepared: Prepared;
  readonly store: Store;
  readonly sources: Sources;
  /** Sources that have not answered in time. */
  readonly missing: readonly string[];
}

/**
 * Asks the sources of `prepared`, waits until each has spoken once, `graceMs` at most, and lets `look` look. All of them are
 * let go of before this resolves.
 * @param surroundings what sources are told of the process
 */
export async function survey<Seen>(
  prepared: Prepared,
  surroundings: ConstructorParameters<typeof Sources>[2],
  graceMs: number,
  look: (survey: Survey) => Seen | Promise<Seen>,
): Promise<Seen> {
  const { config } = prepared;
  const store = new Store(config, () => {});
  const sources = new Sources(store, config, surroundings);
  sources.start(config);
  try {
    const missing = await store.whenReady(sources.names, graceMs);
    return await look({ prepared, store, sources, missing });
  } finally {
    sources.stop();
  }
}
