/**
 * A stick table: which key belongs to which server (manual 4.2, "stick-table").
 *
 * Keys are text as `show table` writes it: addresses in their usual spelling, numbers in decimal, blocks in hexadecimal;
 * strings as they are. Entries stand in the order in which they were last used, which is the order in which they expire.
 *
 *     reserve(key) -> false: no room; else exactly one of  store(key, server)  and  abandon(), once the server has answered or not
 *
 * A reserved place counts as used from the beginning, even for a key that the table has already: so a table that is full
 * forgets its oldest entry also when a known client comes, as in HAProxy.
 */

import type { StickTableConfig } from '../config/model.ts';
import { detached } from '../core/bytes.ts';
import { monotonic } from '../core/clock.ts';
import type { Server } from './server.ts';

export interface StickEntry {
  readonly key: string;
  /** How many look at it just now. */
  readonly use: number;
  /** Milliseconds until it expires; 0 where entries never do. */
  readonly exp: number;
  readonly serverId: number;
  readonly serverName: string;
}

/** Requests that come after a silence do not wait until all that has expired meanwhile is gone: each drops a few. */
const MOST_DROPS = 32;

class Entry {
  readonly key: string;
  serverId = 0;
  serverName = '';
  /** Monotonic ms of the last use. */
  touched = 0;
  older: Entry | undefined = undefined;
  newer: Entry | undefined = undefined;

  constructor(key: string) {
    this.key = detached(key);
  }
}

export class StickTable {
  config: StickTableConfig;
  private readonly byKey = new Map<string, Entry>();
  private oldest: Entry | undefined = undefined;
  private newest: Entry | undefined = undefined;
  private reserved = 0;

  constructor(config: StickTableConfig) {
    this.config = config;
  }

  /** Keys mean the same as before. */
  configure(config: StickTableConfig): void {
    this.config = config;
    while (this.byKey.size > config.size && this.oldest !== undefined) this.drop(this.oldest);
  }

  /** Most entries. */
  get size(): number {
    return this.config.size;
  }

  /** Entries, and places that are reserved for some. */
  get used(): number {
    return this.byKey.size - this.expired(monotonic()) + this.reserved;
  }

  /** The server of `key`, which counts as used now. */
  match(key: string): { readonly serverId: number; readonly serverName: string } | undefined {
    const now = monotonic();
    this.sweep(now);
    const entry = this.find(key, now);
    if (entry !== undefined) this.touch(entry, now);
    return entry;
  }

  /** Room for an entry that may come; see above. */
  reserve(): boolean {
    this.sweep(monotonic());
    if (this.byKey.size + this.reserved >= this.size) {
      if (this.config.nopurge || this.oldest === undefined) return false;
      const count = Math.floor(this.size / 256) + 1;
      for (let i = 0; i < count && this.oldest !== undefined; i++) this.drop(this.oldest);
    }
    this.reserved++;
    return true;
  }

  /** From now on `key` belongs to `server`. */
  store(key: string, server: Server): void {
    this.reserved--;
    const now = monotonic();
    const entry = this.find(key, now) ?? this.enter(key);
    entry.serverId = server.id;
    entry.serverName = server.config.name;
    this.touch(entry, now);
  }

  abandon(): void {
    this.reserved--;
  }

  /** By hand; the server's name is not known then. Answers false where there is no room. */
  put(key: string, serverId: number | undefined): boolean {
    const now = monotonic();
    let entry = this.find(key, now);
    if (entry === undefined) {
      if (!this.reserve()) return false;
      this.reserved--;
      entry = this.enter(key);
    }
    if (serverId !== undefined) {
      entry.serverId = serverId;
      entry.serverName = '';
    }
    this.touch(entry, now);
    return true;
  }

  /** Without counting as a use. */
  lookup(key: string): StickEntry | undefined {
    const now = monotonic();
    const entry = this.find(key, now);
    return entry === undefined ? undefined : this.describe(entry, now);
  }

  /** The oldest first. */
  *entries(): Generator<StickEntry> {
    const now = monotonic();
    for (let entry = this.oldest; entry !== undefined; entry = entry.newer) if (!this.over(entry, now)) yield this.describe(entry, now);
  }

  /** Whether there was one. */
  remove(key: string): boolean {
    const entry = this.find(key, monotonic());
    if (entry !== undefined) this.drop(entry);
    return entry !== undefined;
  }

  clear(): void {
    this.byKey.clear();
    this.oldest = undefined;
    this.newest = undefined;
  }

  private describe({ key, touched, serverId, serverName }: Entry, now: number): StickEntry {
    const { expire } = this.config;
    return { key, use: 0, exp: expire === undefined ? 0 : Math.max(0, Math.round(touched + expire - now)), serverId, serverName };
  }

  private enter(key: string): Entry {
    const entry = new Entry(key);
    this.byKey.set(entry.key, entry);
    return entry;
  }

  /** One that has expired is not there, though it may not have been dropped yet. */
  private find(key: string, now: number): Entry | undefined {
    const entry = this.byKey.get(key);
    if (entry === undefined || !this.over(entry, now)) return entry;
    this.drop(entry);
    return undefined;
  }

  private over({ touched }: Entry, now: number): boolean {
    const { expire } = this.config;
    return expire !== undefined && touched + expire <= now;
  }

  private sweep(now: number): void {
    for (let drops = 0; drops < MOST_DROPS && this.oldest !== undefined && this.over(this.oldest, now); drops++) this.drop(this.oldest);
  }

  /** How many still have to be dropped. */
  private expired(now: number): number {
    let count = 0;
    for (let entry = this.oldest; entry !== undefined && this.over(entry, now); entry = entry.newer) count++;
    return count;
  }

  private touch(entry: Entry, now: number): void {
    entry.touched = now;
    if (entry === this.newest) return;
    this.unlink(entry);
    entry.older = this.newest;
    if (this.newest === undefined) this.oldest = entry;
    else this.newest.newer = entry;
    this.newest = entry;
  }

  private drop(entry: Entry): void {
    this.byKey.delete(entry.key);
    this.unlink(entry);
  }

  /** A new entry is linked to nothing. */
  private unlink(entry: Entry): void {
    const { older, newer } = entry;
    if (older !== undefined) older.newer = newer;
    else if (this.oldest === entry) this.oldest = newer;
    if (newer !== undefined) newer.older = older;
    else if (this.newest === entry) this.newest = older;
    entry.older = undefined;
    entry.newer = undefined;
  }
}

/** The table of a backend that `config` describes, after `old`: its entries stay while the keys mean the same. */
export function stickTable(config: StickTableConfig | undefined, old: StickTable | undefined): StickTable | undefined {
  if (config === undefined) return undefined;
  if (old === undefined || old.config.type !== config.type || old.config.length !== config.length) return new StickTable(config);
  old.configure(config);
  return old;
}
