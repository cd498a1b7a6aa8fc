/**
 * How the patterns of a set are looked up: a hash for what must be equal, one for each length for beginnings, ends and
 * networks, a list for the rest. All can change while they are asked; `find` is a plain function, made anew by a change,
 * so that a condition with one constant pattern costs no more than the comparison.
 *
 * Of several patterns that match, HAProxy's choice counts: the longest beginning or network, else the first that was added.
 */

import { canonical, ipv4In, ipv6Groups, ipv6Key, type Network, parseNetwork } from './address.ts';
import { RuleError } from './error.ts';
import type { Pattern } from './pattern.ts';
import { Buckets, without } from './pattern-list.ts';

export type Find<Value> = (value: Value) => Pattern | undefined;

export interface Index<Value> {
  readonly find: Find<Value>;
  /** Throws a RuleError for a pattern that makes no sense; then nothing has changed. */
  add(pattern: Pattern): void;
  /** Some that it has, of the same text. */
  remove(gone: readonly [Pattern, ...Pattern[]]): void;
}

const nothing = (): undefined => undefined;

/** What is looked through from the first to the last. */
export class ListIndex<Value, Item> implements Index<Value> {
  find: Find<Value> = nothing;
  private readonly read: (text: string) => Item;
  private readonly test: (value: Value, item: Item) => boolean;
  private entries: { readonly number: number; readonly pattern: Pattern; readonly item: Item }[] = [];

  /** @param read of a pattern's text; throws a RuleError where it makes no sense */
  constructor(read: (text: string) => Item, test: (value: Value, item: Item) => boolean) {
    this.read = read;
    this.test = test;
  }

  add(pattern: Pattern): void {
    this.entries.push({ number: pattern.number, pattern, item: this.read(pattern.text) });
    this.changed();
  }

  remove(gone: readonly [Pattern, ...Pattern[]]): void {
    this.entries = without(this.entries, gone);
    this.changed();
  }

  private changed(): void {
    const { entries, test } = this;
    const [only] = entries;
    if (only === undefined) {
      this.find = nothing;
    } else if (entries.length === 1) {
      const { pattern, item } = only;
      this.find = (value) => (test(value, item) ? pattern : undefined);
    } else {
      this.find = (value) => {
        for (let i = 0; i < entries.length; i++) {
          const { pattern, item } = entries[i] as (typeof entries)[number];
          if (test(value, item)) return pattern;
        }
        return undefined;
      };
    }
  }
}

/** Values that are equal to a pattern, as `key` spells it. */
export class ExactIndex implements Index<string> {
  find: Find<string> = nothing;
  private readonly key: (text: string) => string;
  private readonly buckets = new Buckets<string>();

  constructor(key: (text: string) => string) {
    this.key = key;
  }

  add(pattern: Pattern): void {
    this.buckets.add(this.key(pattern.text), pattern);
    this.changed();
  }

  remove(gone: readonly [Pattern, ...Pattern[]]): void {
    this.buckets.remove(this.key(gone[0].text), gone);
    this.changed();
  }

  private changed(): void {
    const { buckets } = this;
    const { size } = buckets.map;
    if (size === 0) {
      this.find = nothing;
    } else if (size === 1) {
      const [key] = buckets.map.keys();
      const first = buckets.first(key as string);
      this.find = (value) => (value === key ? first : undefined);
    } else {
      this.find = (value) => buckets.first(value);
    }
  }
}

/** Up to so many beginnings or ends are compared one by one. */
const FEW = 8;

/** Values that begin, or end, with a pattern. */
export class AffixIndex implements Index<string> {
  find: Find<string> = nothing;
  private readonly side: 'beginning' | 'end';
  private readonly choice: 'longest' | 'first';
  private readonly key: (text: string) => string;
  private readonly byLength = new Map<number, Buckets<string>>();
  /** The longest first. */
  private lengths: readonly number[] = [];
  private few: { readonly key: string; readonly pattern: Pattern }[] | undefined = [];

  constructor(side: 'beginning' | 'end', choice: 'longest' | 'first', key: (text: string) => string) {
    this.side = side;
    this.choice = choice;
    this.key = key;
  }

  add(pattern: Pattern): void {
    const key = this.key(pattern.text);
    const known = this.byLength.get(key.length);
    const buckets = known ?? new Buckets<string>();
    buckets.add(key, pattern);
    if (known === undefined) this.byLength.set(key.length, buckets);
    this.few?.push({ key, pattern });
    this.changed();
  }

  remove(gone: readonly [Pattern, ...Pattern[]]): void {
    const key = this.key(gone[0].text);
    if (this.byLength.get(key.length)?.remove(key, gone) === true) this.byLength.delete(key.length);
    this.few = this.few?.filter((one) => !gone.includes(one.pattern));
    this.changed();
  }

  private changed(): void {
    if (this.few !== undefined && this.few.length > FEW) this.few = undefined;
    if (this.lengths.length !== this.byLength.size) this.lengths = [...this.byLength.keys()].sort((a, b) => b - a);
    this.find = this.few === undefined ? this.findByLength : this.finderOf(this.few);
  }

  private finderOf(few: readonly { readonly key: string; readonly pattern: Pattern }[]): Find<string> {
    const ordered = this.choice === 'first' ? few : [...few].sort((one, other) => other.key.length - one.key.length);
    const [only] = ordered;
    if (only === undefined) return nothing;
    const { key, pattern } = only;
    if (this.side === 'beginning') {
      if (ordered.length === 1) return (value) => (value.startsWith(key) ? pattern : undefined);
      return (value) => {
        for (let i = 0; i < ordered.length; i++) {
          const one = ordered[i] as (typeof ordered)[number];
          if (value.startsWith(one.key)) return one.pattern;
        }
        return undefined;
      };
    }
    if (ordered.length === 1) return (value) => (value.endsWith(key) ? pattern : undefined);
    return (value) => {
      for (let i = 0; i < ordered.length; i++) {
        const one = ordered[i] as (typeof ordered)[number];
        if (value.endsWith(one.key)) return one.pattern;
      }
      return undefined;
    };
  }

  private readonly findByLength: Find<string> = (value) => {
    const { lengths, side, choice } = this;
    let found: Pattern | undefined;
    for (let i = 0; i < lengths.length; i++) {
      const length = lengths[i] as number;
      if (length > value.length) continue;
      const key = side === 'beginning' ? value.slice(0, length) : value.slice(value.length - length);
      const pattern = this.byLength.get(length)?.first(key);
      if (pattern === undefined) continue;
      if (choice === 'longest') return pattern;
      if (found === undefined || pattern.number < found.number) found = pattern;
    }
    return found;
  };
}

/** Addresses in networks, the narrowest first; an IPv4 address is also its IPv6 one, and the other way round. */
export class NetworkIndex implements Index<string> {
  find: Find<string> = nothing;
  /** By the mask, by the prefix length. */
  private readonly ipv4 = new Map<number, Buckets<number>>();
  private readonly ipv6 = new Map<number, Buckets<string>>();
  private masks: readonly number[] = [];
  private lengths: readonly number[] = [];

  add(pattern: Pattern): void {
    const network = networkOf(pattern.text);
    if (network.family === 4) bucketsAt(this.ipv4, network.mask).add(network.address, pattern);
    else bucketsAt(this.ipv6, network.length).add(ipv6Key(network.groups, network.length), pattern);
    this.changed();
  }

  remove(gone: readonly [Pattern, ...Pattern[]]): void {
    const network = networkOf(gone[0].text);
    if (network.family === 4) {
      if (bucketsAt(this.ipv4, network.mask).remove(network.address, gone)) this.ipv4.delete(network.mask);
    } else if (bucketsAt(this.ipv6, network.length).remove(ipv6Key(network.groups, network.length), gone)) {
      this.ipv6.delete(network.length);
    }
    this.changed();
  }

  private changed(): void {
    if (this.masks.length !== this.ipv4.size) this.masks = [...this.ipv4.keys()].sort((a, b) => b - a);
    if (this.lengths.length !== this.ipv6.size) this.lengths = [...this.ipv6.keys()].sort((a, b) => b - a);
    if (this.ipv6.size > 0) this.find = (value) => this.findBoth(value);
    else this.find = this.ipv4.size > 0 ? (value) => this.findIpv4(value) : nothing;
  }

  /** Those of its own family first. */
  private findBoth(value: string): Pattern | undefined {
    return value.includes(':') ? (this.findIpv6(value) ?? this.findIpv4(value)) : (this.findIpv4(value) ?? this.findIpv6(value));
  }

  private findIpv4(value: string): Pattern | undefined {
    const { masks } = this;
    const address = masks.length === 0 ? -1 : ipv4In(value);
    if (address < 0) return undefined;
    for (let i = 0; i < masks.length; i++) {
      const mask = masks[i] as number;
      const pattern = this.ipv4.get(mask)?.first((address & mask) >>> 0);
      if (pattern !== undefined) return pattern;
    }
    return undefined;
  }

  private findIpv6(value: string): Pattern | undefined {
    const groups = ipv6Groups(value);
    if (groups === undefined) return undefined;
    for (const length of this.lengths) {
      const pattern = this.ipv6.get(length)?.first(ipv6Key(groups, length));
      if (pattern !== undefined) return pattern;
    }
    return undefined;
  }
}

function networkOf(text: string): Network {
  return parseNetwork(text) ?? fail(text);
}

/** Short forms (`10.12/8`) are for the ACLs of the configuration: not for maps, nor for what comes later. */
export function checkInFull(text: string): void {
  const [address = ''] = text.split('/');
  if (!address.includes(':') && canonical(address) !== address) fail(text);
}

function fail(text: string): never {
  throw new RuleError(`'${text}' is not a valid IPv4 or IPv6 address`);
}

function bucketsAt<Key>(map: Map<number, Buckets<Key>>, at: number): Buckets<Key> {
  const known = map.get(at);
  if (known !== undefined) return known;
  const buckets = new Buckets<Key>();
  map.set(at, buckets);
  return buckets;
}

/** Values in lower case; the index has its patterns so. */
export class FoldedIndex implements Index<string> {
  find: Find<string> = nothing;
  private readonly index: Index<string>;
  private readonly fold: (text: string) => string;

  constructor(index: Index<string>, fold: (text: string) => string) {
    this.index = index;
    this.fold = fold;
  }

  add(pattern: Pattern): void {
    this.index.add(pattern);
    this.changed();
  }

  remove(gone: readonly [Pattern, ...Pattern[]]): void {
    this.index.remove(gone);
    this.changed();
  }

  private changed(): void {
    const { fold } = this;
    const { find } = this.index;
    this.find = find === nothing ? nothing : (value) => find(fold(value));
  }
}
