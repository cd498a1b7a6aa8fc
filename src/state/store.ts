/**
 * Keeps every source's last snapshot and the configuration, and says what changes in what should be true.
 *
 * Bursts become one step: whatever comes in one turn of the event loop is merged once, at its end. The last word of a
 * source is never lost, an equal one is dropped.
 */

import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/model.ts';
import { monotonic } from '../core/clock.ts';
import type { Note, Snapshot } from '../discovery/provider.ts';
import { desire, NOTHING } from './desired.ts';
import { diff } from './diff.ts';
import { Tombstones } from './tombstones.ts';
import type { Change, DesiredState } from './types.ts';

/** `changes` may be empty where only notes differ. `before` is the state that the changes start from. */
export type StoreListener = (changes: readonly Change[], state: DesiredState, before: DesiredState) => void;

export class Store {
  private readonly onChange: StoreListener;
  private readonly snapshots = new Map<string, Snapshot>();
  private readonly spoken = new Map<string, number>();
  private config: Config;
  private current: DesiredState = NOTHING;
  private pending: NodeJS.Immediate | undefined;
  private readonly tombstones: Tombstones = new Tombstones();
  /** Ends the first tombstone. */
  private burial: NodeJS.Timeout | undefined;
  /** What another configuration does not route any more has not gone: nobody misses it. */
  private reconfigured = false;
  private readonly waiters = new Set<() => void>();

  /** The configuration alone is the first step; it comes with the next turn, or with `flush`. */
  constructor(config: Config, onChange: StoreListener) {
    this.config = config;
    this.onChange = onChange;
    this.schedule();
  }

  /** What was told last. */
  get state(): DesiredState {
    return this.current;
  }

  /** The sources that have published, by name. */
  get sources(): ReadonlyMap<string, Snapshot> {
    return this.snapshots;
  }

  /** Monotonic ms of when a source last said something new. */
  spokenAt(source: string): number | undefined {
    return this.spoken.get(source);
  }

  publish(snapshot: Snapshot): void {
    const last = this.snapshots.get(snapshot.source);
    if (last !== undefined && isDeepStrictEqual(last, snapshot)) return;
    this.snapshots.set(snapshot.source, snapshot);
    this.spoken.set(snapshot.source, monotonic());
    this.schedule();
  }

  configure(config: Config): void {
    this.tombstones.configure(this.config, config);
    this.reconfigured = true;
    this.config = config;
    this.schedule();
  }

  /** Forgets a source that the configuration does not name any more, and with it its servers. */
  forget(source: string): void {
    if (this.snapshots.delete(source)) this.schedule();
  }

  /** Merges and tells what is pending, now. */
  flush(): void {
    if (this.pending === undefined) return;
    clearImmediate(this.pending);
    this.pending = undefined;
    const before = this.current;
    this.current = this.merge(before);
    const changes = diff(before, this.current);
    if (changes.length > 0 || !isDeepStrictEqual(before.notes, this.current.notes)) this.onChange(changes, this.current, before);
    for (const waiter of [...this.waiters]) waiter();
  }

  /**
   * Nothing may listen before this: resolves when each of `sources` has published once and that has been applied, or
   * after `graceMs`. Answers the sources that are still missing; their hosts answer 503 until they speak.
   */
  whenReady(sources: readonly string[], graceMs: number): Promise<readonly string[]> {
    const missing = () => sources.filter((source) => !this.snapshots.has(source));
    this.flush();
    if (missing().length === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.waiters.delete(look);
        resolve(missing());
      };
      const look = () => {
        if (missing().length === 0) done();
      };
      const timer = setTimeout(done, graceMs);
      this.waiters.add(look);
    });
  }

  private merge(before: DesiredState): DesiredState {
    const { tombstones } = this;
    const now = monotonic();
    tombstones.expire(now);
    const merged = desire(this.config, this.snapshots, before, tombstones.routes);
    const lost = !this.reconfigured && tombstones.put(before, merged, now);
    this.reconfigured = false;
    this.bury(now);
    return lost ? desire(this.config, this.snapshots, before, tombstones.routes) : merged;
  }

  private bury(now: number): void {
    const { until } = this.tombstones;
    clearTimeout(this.burial);
    this.burial = until === undefined ? undefined : setTimeout(() => this.schedule(), until - now + 1).unref();
  }

  private schedule(): void {
    this.pending ??= setImmediate(() => this.flush());
  }
}

/** Notes that were not there before: what is worth a line in the log. */
export function freshNotes(before: DesiredState, after: DesiredState): readonly Note[] {
  const known = new Set(before.notes.map(noteKey));
  return after.notes.filter((note) => !known.has(noteKey(note)));
}

function noteKey({ level, subject, message }: Note): string {
  return `${level}\n${subject}\n${message}`;
}
