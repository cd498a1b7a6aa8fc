/** Of several that speak about one pool, whose word counts: the first one's, option by option. */

import { isDeepStrictEqual } from 'node:util';
import type { PoolOptions, RolloutWord } from './provider.ts';

/** The options, and what people are told that they are. */
const OPTIONS: readonly (readonly [key: keyof PoolOptions, name: string])[] = [
  ['balance', 'balance'],
  ['httpCheck', 'check.path, check.host or check.status'],
  ['checkTimeout', 'check.timeout'],
  ['sticky', 'sticky'],
  ['redirect', 'redirect'],
  ['auth', 'auth'],
  ['allow', 'list of networks that may come in'],
  ['rollout', 'rollout'],
];

export interface Merged {
  readonly options: PoolOptions;
  /** What `later` wants otherwise and does not get. */
  readonly overruled: readonly string[];
}

/** Lays `first` over `later`; nothing else that stands beside the options is taken along. */
export function mergeOptions(first: PoolOptions, later: PoolOptions): Merged {
  const overruled: string[] = [];
  const options: Record<string, unknown> = {};
  for (const [key, name] of OPTIONS) {
    const [wins, loses] = [first[key], later[key]];
    if (wins !== undefined && loses !== undefined && !isDeepStrictEqual(wins, loses)) overruled.push(name);
    const value = wins ?? loses;
    if (value !== undefined) options[key] = value;
  }
  return { options, overruled };
}

/** A container's word goes over that of a line. */
export function firstWord(known: RolloutWord | undefined, later: RolloutWord): RolloutWord {
  return known === undefined || (known.byLine && !later.byLine) ? later : known;
}
