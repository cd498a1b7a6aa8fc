/**
 * Lists of patterns in the order they came, which is that of their numbers: one that goes is found without a look at the
 * others, and many go at once.
 */

import type { Pattern } from './pattern.ts';

interface Numbered {
  readonly number: number;
}

/** Answers `entries` without those of `gone`, which it has; `entries` itself may change. */
export function without<Entry extends Numbered>(entries: Entry[], gone: readonly Numbered[]): Entry[] {
  const [only] = gone;
  if (only !== undefined && gone.length === 1) {
    entries.splice(placeOf(entries, only.number), 1);
    return entries;
  }
  const numbers = new Set(gone.map(({ number }) => number));
  return entries.filter(({ number }) => !numbers.has(number));
}

function placeOf(entries: readonly Numbered[], number: number): number {
  let low = 0;
  let high = entries.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle] as Numbered).number < number) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Patterns by a key, those of one key in the order they came. Most keys have one. */
export class Buckets<Key> {
  readonly map: Map<Key, Pattern | Pattern[]> = new Map();

  add(key: Key, pattern: Pattern): void {
    const bucket = this.map.get(key);
    if (bucket === undefined) this.map.set(key, pattern);
    else if (Array.isArray(bucket)) bucket.push(pattern);
    else this.map.set(key, [bucket, pattern]);
  }

  /** The one that came first. */
  first(key: Key): Pattern | undefined {
    const bucket = this.map.get(key);
    return Array.isArray(bucket) ? bucket[0] : bucket;
  }

  all(key: Key): readonly Pattern[] {
    const bucket = this.map.get(key);
    if (bucket === undefined) return [];
    return Array.isArray(bucket) ? bucket : [bucket];
  }

  /** Removes some of those that the key has. Answers whether there is none left of any key. */
  remove(key: Key, gone: readonly Pattern[]): boolean {
    const bucket = this.map.get(key);
    if (Array.isArray(bucket) && bucket.length > gone.length) this.map.set(key, without(bucket, gone));
    else this.map.delete(key);
    return this.map.size === 0;
  }
}
