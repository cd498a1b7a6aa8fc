/**
 * Keeps what a Swarm's manager knows current.
 *
 *     the engine answers    it
 *     a manager             is asked again: quickly after news and events, less so while something is under way, else slowly
 *     no manager            is asked again now and then (sooner for a while if it was one), or when a service or node makes itself known
 *     by refusing           (a socket proxy) is not asked again while the connection lasts
 *     not at all, not yet   is asked again; what is known stands
 *
 * Services and nodes have events, on managers. Tasks have none: those of other nodes are asked for. For this engine's own,
 * `watch.ts` hears of their containers.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { monotonic } from '../../core/clock.ts';
import { type EventLog, Level } from '../../core/log.ts';
import type { SwarmEngine } from './engine.ts';
import type { Node, Service, SwarmView, Task } from './swarm.ts';
import type { Companion } from './watch.ts';

/** Milliseconds. */
export interface SwarmTimings {
  /** Between two looks for as long as `settle` after the last news. */
  readonly quick: number;
  readonly settle: number;
  /** While an update is under way, or a task that shall run does not. */
  readonly busy: number;
  readonly slow: number;
  /** Where there is no manager. */
  readonly none: number;
  /** How long the first answer may keep others waiting. */
  readonly first: number;
}

export const SWARM_TIMINGS: SwarmTimings = { quick: 250, settle: 10_000, busy: 1000, slow: 5000, none: 60_000, first: 3000 };

/** A look may take a tenth of the time at most: large Swarms are asked less often. */
const SHARE = 10;
/** As many of those that have been told to go as are remembered. */
const MOST_UNWANTED = 1000;

type Standing = 'manager' | 'none' | 'refused';

export class SwarmWatch implements Companion {
  private readonly engine: SwarmEngine;
  private readonly log: EventLog;
  private readonly onChange: () => void;
  private readonly timings: SwarmTimings;
  /** Undefined where the engine manages no Swarm, or lets nobody know. */
  view: SwarmView | undefined;
  private standing: Standing = 'none';
  private trouble = '';
  /** Something is under way. */
  private busy = false;
  /** Monotonic ms of the last news or hint, of the begin of the last look, and how long it took. */
  private newsAt = Number.NEGATIVE_INFINITY;
  private lookedAt = Number.NEGATIVE_INFINITY;
  /** Monotonic ms of when it was a manager no longer. */
  private lostAt = Number.NEGATIVE_INFINITY;
  private took = 0;
  private wake: () => void = () => {};
  private hinted = false;

  constructor(engine: SwarmEngine, log: EventLog, onChange: () => void, timings: SwarmTimings = SWARM_TIMINGS) {
    this.engine = engine;
    this.log = log;
    this.onChange = onChange;
    this.timings = timings;
  }

  async begin(signal: AbortSignal): Promise<void> {
    const first = this.look(signal);
    void first.then(() => this.follow(signal));
    const late = new AbortController();
    await Promise.race([first, sleep(this.timings.first, undefined, { signal: late.signal }).catch(() => undefined)]);
    late.abort();
  }

  hint(): void {
    if (this.standing === 'refused') return;
    this.newsAt = monotonic();
    this.hinted = true;
    this.wake();
  }

  private async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.standing !== 'refused') {
      await this.pause(signal);
      if (!signal.aborted) await this.look(signal);
    }
  }

  /** Until the next look is due. A hint makes it due at once, if the last one is long enough ago. */
  private async pause(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const wait = this.lookedAt + this.interval() - monotonic();
      if (wait <= 0) return;
      // No `AbortSignal.any`: a signal that lives long remembers each that was ever made of it.
      const woken = new AbortController();
      const wake = () => woken.abort();
      this.wake = wake;
      signal.addEventListener('abort', wake, { once: true });
      await sleep(wait, undefined, { signal: woken.signal, ref: false }).catch(() => undefined);
      signal.removeEventListener('abort', wake);
    }
  }

  private interval(): number {
    const { quick, settle, busy, slow, none } = this.timings;
    const least = Math.max(quick, this.took * SHARE);
    if (this.hinted) return least;
    if (this.standing === 'none' && this.trouble === '') return monotonic() - this.lostAt < settle ? Math.max(least, busy) : none;
    if (monotonic() - this.newsAt < settle) return least;
    return Math.max(least, this.busy ? busy : slow);
  }

  private async look(signal: AbortSignal): Promise<void> {
    this.hinted = false;
    this.lookedAt = monotonic();
    try {
      const [services, tasks, nodes] = await Promise.all([this.engine.services(signal), this.engine.tasks(signal), this.nodes(signal)]);
      this.learn(services, tasks, nodes);
    } catch (error) {
      if (!signal.aborted) this.fail(error as Error & { readonly status?: number | undefined });
    } finally {
      this.took = monotonic() - this.lookedAt;
    }
  }

  /** They say where published ports answer, and which nodes are down: who may not ask does without. */
  private async nodes(signal: AbortSignal): Promise<readonly Node[]> {
    try {
      return await this.engine.nodes(signal);
    } catch (error) {
      if (REFUSALS.has((error as { readonly status?: number }).status)) return [];
      throw error;
    }
  }

  private learn(services: readonly Service[], tasks: readonly Task[], nodes: readonly Node[]): void {
    const old = this.view;
    this.busy = services.some(({ updating }) => updating) || tasks.some(({ state }) => state !== 'running');
    const contained = tasks.filter(({ container }) => container !== '');
    const now = keep(old?.tasks, contained, (task) => task.container);
    const view = {
      services: keep(old?.services, services, (service) => service.id),
      tasks: now,
      nodes: keep(old?.nodes, nodes, (node) => node.id),
      unwanted: unwantedOf(old, now),
    };
    this.trouble = '';
    if (this.standing !== 'manager') {
      this.standing = 'manager';
      this.log.event(Level.Notice, `${this.engine.label}: manages a Swarm, ${services.length} services`);
    }
    const same = view.services === old?.services && view.tasks === old.tasks && view.nodes === old.nodes;
    if (same) return;
    this.view = view;
    this.newsAt = monotonic();
    this.onChange();
  }

  private fail(error: Error & { readonly status?: number | undefined }): void {
    const { label } = this.engine;
    const standing: Standing | undefined = REFUSALS.has(error.status) ? 'refused' : isNoManager(error) ? 'none' : undefined;
    if (standing === undefined) {
      if (this.trouble !== error.message) this.log.event(Level.Warning, `${label}: its Swarm cannot be read: ${error.message}`);
      this.trouble = error.message;
      return;
    }
    this.trouble = '';
    const known = this.view !== undefined;
    this.standing = standing;
    this.view = undefined;
    if (!known) return;
    this.lostAt = monotonic();
    this.log.event(Level.Warning, `${label}: manages its Swarm no longer: ${error.message}`);
    this.onChange();
  }
}

/** What a socket proxy says, or an engine that knows no Swarm. What else may be wrong with a request passes (408, 429). */
const REFUSALS: ReadonlySet<number | undefined> = new Set([401, 403, 404, 405, 501]);

/** A worker, or an engine without a Swarm; without a leader a manager answers 503 or 500, too, and shall be asked again. */
function isNoManager({ message }: Error): boolean {
  return /not (?:a swarm manager|part of a swarm)/i.test(message) && !/being prepared|trouble connecting/i.test(message);
}

/** The old objects where nothing has changed about them, and the old map where that holds for all. */
function keep<T extends object>(
  old: ReadonlyMap<string, T> | undefined,
  items: readonly T[],
  keyOf: (item: T) => string,
): ReadonlyMap<string, T> {
  const fresh = new Map<string, T>();
  let changed = items.length !== old?.size;
  for (const item of items) {
    const key = keyOf(item);
    const known = old?.get(key);
    const same = known !== undefined && isDeepStrictEqual(known, item);
    fresh.set(key, same ? known : item);
    changed ||= !same;
  }
  return old === undefined || changed ? fresh : old;
}

function unwantedOf(old: SwarmView | undefined, tasks: SwarmView['tasks']): ReadonlySet<string> {
  if (old === undefined || old.tasks === tasks) return old?.unwanted ?? new Set();
  const gone = [...old.unwanted, ...old.tasks.keys()].filter((id) => !tasks.has(id));
  return new Set(gone.slice(-MOST_UNWANTED));
}
