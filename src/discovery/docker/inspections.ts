/**
 * Inspects containers: each by one call at a time, few at the same time, and not more of them in a second than we can
 * afford beside traffic, however many events come. Of all that asks for one while it waits, one inspection is made.
 * Those whose inspection has failed before are looked at one at a time, so that engines that hang over them have time for the
 * others, and no list waits for them.
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
  /** Because of events, in the order in which they came: those that matter now, and the others. */
  private readonly urgent = new Set<string>();
  private readonly waiting = new Set<string>();
  /** Because of a list: as fast as the engine answers. */
  private readonly listed = new Set<string>();
  /** Those that have failed, and the one of them that is being inspected. */
  private readonly doubtful = new Set<string>();
  private doubted: string | undefined;
  /** By id: where it goes when it has been asked for again meanwhile. */
  private readonly running = new Map<string, Set<string> | undefined>();
  private readonly queues: readonly Set<string>[] = [this.urgent, this.waiting, this.listed, this.doubtful];
  private readonly batches = new Set<Batch>();
  private readonly isDoubtful: (id: string) => boolean;
  private readonly clock: () => number;
  private tokens = BURST;
  private filledAt: number;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  /** `inspect` must not reject. `isDoubtful`: the last inspection of that one has failed. */
  constructor(inspect: (id: string) => Promise<void>, isDoubtful: (id: string) => boolean, clock: () => number = monotonic) {
    this.isDoubtful = isDoubtful;
    this.inspect = inspect;
    this.clock = clock;
    this.filledAt = clock();
  }

  /** Whether an answer about it is still to come. */
  has(id: string): boolean {
    return this.running.has(id) || this.queues.some((queue) => queue.has(id));
  }

  /** Whether it has been asked for again since the inspection began that is under way. */
  isOutdated(id: string): boolean {
    return this.running.get(id) !== undefined;
  }

  /** After an event. What is not `urgent` comes after all that is. */
  ask(id: string, urgent: boolean): void {
    const queue = urgent ? this.urgent : this.waiting;
    if (this.running.has(id)) this.again(id, queue);
    else if (this.isDoubtful(id)) this.doubtful.add(id);
    else if (urgent || !(this.urgent.has(id) || this.listed.has(id))) queue.add(id);
    this.pump();
  }

  /** Resolves when each of them has been inspected, but for those that are doubtful, or after `stop`. */
  askAll(all: readonly string[]): Promise<void> {
    if (this.stopped) return Promise.resolve();
    for (const id of all) if (this.isDoubtful(id)) this.ask(id, false);
    const ids = all.filter((id) => !this.isDoubtful(id));
    if (ids.length === 0) return Promise.resolve();
    return new Promise((done) => {
      this.batches.add({ ids: new Set(ids), done });
      for (const id of ids) {
        if (this.running.has(id)) this.again(id, this.waiting);
        else this.listed.add(id);
      }
      this.pump();
    });
  }

  /** Begins nothing more. */
  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    for (const queue of this.queues) queue.clear();
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

  /** It is inspected under all that it waits as. */
  private next(): string | undefined {
    const [line] = this.listed;
    const event = this.nextEvent();
    const id = event !== undefined && this.mayBegin() ? event : line;
    if (id !== undefined && this.doubtful.has(id)) this.doubted = id;
    if (id !== undefined) for (const queue of this.queues) queue.delete(id);
    return id;
  }

  private nextEvent(): string | undefined {
    const [urgent] = this.urgent;
    if (urgent !== undefined) return urgent;
    const [doubtful] = this.doubted === undefined ? this.doubtful : [];
    const [waiting] = this.waiting;
    return doubtful ?? waiting;
  }

  private again(id: string, queue: Set<string>): void {
    if (this.running.get(id) !== this.urgent) this.running.set(id, queue);
  }

  private mayBegin(): boolean {
    const now = this.clock();
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
    this.running.set(id, undefined);
    await this.inspect(id);
    const again = this.running.get(id);
    this.running.delete(id);
    if (this.doubted === id) this.doubted = undefined;
    const doubtful = this.isDoubtful(id);
    if (again === undefined || doubtful) this.answered(id);
    if (again !== undefined && !this.stopped) (doubtful ? this.doubtful : again).add(id);
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
