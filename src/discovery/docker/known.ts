/**
 * What is known about an engine's containers, and which of them are about to leave.
 *
 * Invariants: an entry that has not changed is the same object as before, so that whoever has made something of it need
 * not do that again; a container that is leaving belongs to the run it was told to end, and a later run is in traffic.
 */

import { isDeepStrictEqual } from 'node:util';
import { type Container, isLive } from './container.ts';
import { SIGKILL, signalName, signalNumber } from './signals.ts';

/** One container, and why it is about to leave (empty when it is not). */
export interface KnownContainer {
  readonly container: Container;
  readonly leaving: string;
}

interface Entry {
  known: KnownContainer;
  /** Puts a container back that was told to stop and did not. */
  timer: NodeJS.Timeout | undefined;
  /** Of the list line that it was last inspected for; empty when that is not known. */
  fingerprint: string;
  /** `started` of the run it is in; undefined after the event of a start that has not been looked at. */
  run: number | undefined;
  /** `run` of the run that is told to end. */
  leavingRun: number | undefined;
  /** Its time to stop is over, or it was started since: when it is seen to run, it may serve. */
  overdue: boolean;
}

/** What somebody has to be told of. */
export interface KnownListener {
  /** `leaving`: one that had traffic has it no more. */
  changed(leaving: boolean): void;
  /** Its time to stop is over: does it still run? The next inspect says it. */
  overdue(id: string): void;
}

export class KnownContainers {
  private readonly listener: KnownListener;
  /** Milliseconds after its stop time-out in which a container may still exit. */
  private readonly grace: number;
  private readonly entries = new Map<string, Entry>();
  /** Oldest first; undefined when it has to be made anew. */
  private sorted: readonly KnownContainer[] | undefined = [];

  constructor(listener: KnownListener, grace: number) {
    this.listener = listener;
    this.grace = grace;
  }

  get size(): number {
    return this.entries.size;
  }

  get ids(): Iterable<string> {
    return this.entries.keys();
  }

  get(id: string): (KnownContainer & { readonly fingerprint: string }) | undefined {
    const entry = this.entries.get(id);
    return entry === undefined ? undefined : { ...entry.known, fingerprint: entry.fingerprint };
  }

  /** Oldest container first. */
  list(): readonly KnownContainer[] {
    this.sorted ??= [...this.entries.values()].map(({ known }) => known).sort(byAge);
    return this.sorted;
  }

  /**
   * As it has been inspected; undefined when it does not exist. `fingerprint` of the line in a list that made us look.
   * `current`: nobody has asked for another look since this one began; an older one knows nothing of a run that has begun since.
   */
  put(id: string, container: Container | undefined, fingerprint: string, current: boolean): void {
    const entry = this.entries.get(id);
    if (container === undefined) {
      this.forget(id);
    } else if (entry === undefined) {
      if (!isLive(container.state)) return; // those that stopped before our time are no news
      const known = { container, leaving: '' };
      this.entries.set(id, { known, timer: undefined, fingerprint, run: container.started, leavingRun: undefined, overdue: false });
      this.touch(false);
    } else {
      entry.fingerprint = fingerprint;
      if (current) {
        entry.run = container.started;
        entry.leavingRun ??= container.started;
      }
      const isLater = entry.leavingRun !== undefined && entry.leavingRun !== container.started;
      const over = isLater || (current && (container.state !== 'running' || entry.overdue));
      const leaving = over ? '' : entry.known.leaving;
      if (leaving === '' && current) this.calm(entry);
      this.set(entry, isDeepStrictEqual(container, entry.known.container) ? entry.known.container : container, leaving);
    }
  }

  forget(id: string): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    clearTimeout(entry.timer);
    this.entries.delete(id);
    this.touch(hasTraffic(entry.known));
  }

  /** The next list's line about it says nothing: it has to be inspected again. */
  doubt(id: string): void {
    const entry = this.entries.get(id);
    if (entry !== undefined) entry.fingerprint = '';
  }

  /** A signal was sent `ago` ms ago: does it mean the end? SIGHUP and the like do not, nor what was outlived long ago. */
  told(id: string, signal: string, ago = 0): void {
    const number = signalNumber(signal);
    const stop = this.entries.get(id)?.known.container.stopSignal;
    if (number !== undefined && (number === SIGKILL || number === stop)) this.leave(id, `is stopping (${signalName(number)})`, ago);
  }

  /** `ago`: ms since it was told to. */
  leave(id: string, reason: string, ago = 0): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    const rest = entry.known.container.stopTimeout + this.grace - ago;
    if (ago > 0 && rest <= 0) return;
    entry.leavingRun = entry.run;
    entry.overdue = false;
    this.recoverIn(id, entry, rest);
    this.set(entry, entry.known.container, reason);
  }

  /** It has been started. Its facts are still those of its last run: the next look brings it back, with its new address and health. */
  started(id: string): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    clearTimeout(entry.timer);
    entry.run = undefined;
    entry.overdue = true;
  }

  /** Asks about nothing any more. */
  stop(): void {
    for (const entry of this.entries.values()) this.calm(entry);
  }

  private recoverIn(id: string, entry: Entry, ms: number): void {
    clearTimeout(entry.timer);
    entry.timer = setTimeout(() => {
      entry.overdue = true;
      this.listener.overdue(id);
    }, ms);
    entry.timer.unref();
  }

  private calm(entry: Entry): void {
    clearTimeout(entry.timer);
    entry.timer = undefined;
    entry.leavingRun = undefined;
    entry.overdue = false;
  }

  private set(entry: Entry, container: Container, leaving: string): void {
    const { known } = entry;
    if (known.container === container && known.leaving === leaving) return;
    entry.known = { container, leaving };
    this.touch(hasTraffic(known) && !hasTraffic(entry.known));
  }

  private touch(leaving: boolean): void {
    this.sorted = undefined;
    this.listener.changed(leaving);
  }
}

function hasTraffic({ container, leaving }: KnownContainer): boolean {
  return container.state === 'running' && leaving === '';
}

/** Oldest first. */
export function byAge({ container: a }: KnownContainer, { container: b }: KnownContainer): number {
  return a.created - b.created || (a.id < b.id ? -1 : 1);
}
