/** Proxies as operators name them: by name, or `#6` by number. */

import type { Backend } from '../backend/backend.ts';
import type { StatsProxy } from '../stats/rows.ts';

/** A number where the word is `#<n>`. */
export function numberOf(word: string): number | undefined {
  const digits = /^#(\d+)$/.exec(word)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export function findBackend(proxies: readonly StatsProxy[], word: string): Backend | undefined {
  const id = numberOf(word);
  return proxies.find(({ backend }) => backend !== undefined && (id === undefined ? backend.name === word : backend.config.id === id))
    ?.backend;
}
