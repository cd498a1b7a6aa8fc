/**
 * Inspects containers: each by one call at a time, few at the same time, and not more of them in a second than we can
 * afford beside traffic, however many events come. Of all that asks for one while it waits, one inspection is made.
 *
 * Invariant: an inspection that ends answers everybody who asked before it began; who asks later gets another one.
 */

import { monotonic } from '../../core/clock.ts';

/** Containers inspected at the same time. */
const PARALLEL = 8;
/** Inspections because of events: that many at once, and in the long run that many in a second. */
const BURST = 200;
const PER_SECOND = 200;

/** Calls for the containers of one list, and what to do when all of them have been answered. */
interface Batch {
  readonly ids: Set<string>;
  readonly done: () => void;
}

export class Inspections {
  private readonly inspect: (id: string) => Promise<void>;
  /** Because of events; in the order in which they came. */
  private readonly waiting = new Set<string>();
  /** Because of a list: as fast as the engine answers. */
  private readonly listed = new Set<string>();
  /** By id: whether it was asked for again meanwhile. */
  private readonly running = new Map<string, boolean>();
  private readonly batches = new Set<Batch>();
  private tokens = BURST;
  private filledAt = monotonic();
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  /** `inspect` must not reject. */
  constructor(inspect: (id: string) => Promise<void>) {
    this.inspect = inspect;
  }

  /** Whether an answer about it is still to come. */
  has(id: string): boolean {
    return this.running.has(id) || this.waiting.has(id) || this.listed.has(id);
  }

  /** After an event. */
  ask(id: string): void {
    if (this.running.has(id)) this.running.set(id, true);
    else if (!this.listed.has(id)) this.waiting.add(id);
    this.pump();
  }

  /** Resolves when each of them has been inspected, or after `stop`. */
  askAll(ids: readonly string[]): Promise<void> {
    if (ids.length === 0 || this.stopped) return Promise.resolve();
    return new Promise((done) => {
      this.batches.add({ ids: new Set(ids), done });
      for (const id of ids) {
        if (this.running.has(id)) this.running.set(id, true);
        else this.listed.add(id);
        this.waiting.delete(id);
      }
      this.pump();
    });
  }

  /** Begins nothing more. */
  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.waiting.clear();
    this.listed.clear();
    for (const { done } of this.batches) done();
    this.batches.clear();
  }

  private pump(): void {
    while (!this.stopped && this.running.size < PARALLEL) {
      const id = this.next();
      if (id === undefined) return;
      void this.run(id);
    }
  }

  private next(): string | undefined {
    const [event] = this.waiting;
    if (event !== undefined && this.mayBegin()) {
      this.waiting.delete(event);
      return event;
    }
    const [line] = this.listed;
    if (line !== undefined) this.listed.delete(line);
    return line;
  }

  private mayBegin(): boolean {
    const now = monotonic();
    this.tokens = Math.min(BURST, this.tokens + ((now - this.filledAt) * PER_SECOND) / 1000);
    this.filledAt = now;
    if (this.tokens >= 1) {
      this.tokens--;
      return true;
    }
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.pump();
    }, 1000 / PER_SECOND).unref();
    return false;
  }

  private async run(id: string): Promise<void> {
    this.running.set(id, false);
    await this.inspect(id);
    const again = this.running.get(id);
    this.running.delete(id);
    if (again !== true) this.answered(id);
    else if (!this.stopped) this.waiting.add(id);
    this.pump();
  }

  private answered(id: string): void {
    for (const batch of this.batches) {
      if (!batch.ids.delete(id) || batch.ids.size > 0) continue;
      this.batches.delete(batch);
      batch.done();
    }
  }
}
