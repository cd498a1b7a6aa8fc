/**
 * Keeps the facts about one engine's containers current.
 *
 *     connect -> subscribe -> list -> inspect what is new -> apply what came in between -> [ events, pings, resyncs ]
 *        ^                                                                                          |
 *        +---------------------------- back-off <- stream ended, no answer -------------------------+
 *
 * While a list is being worked in, events wait for its end, because what it says may be older. Only one thing does not
 * wait: that a container which has traffic is leaving.
 *
 * Invariants: subscription comes before the list, so that no change falls between the two; a container's facts only
 * ever come from an inspect of that container that was asked for after the event that made it necessary; while the
 * engine is away the last facts stand.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { type EventLog, Level } from '../../core/log.ts';
import type { Engine, EngineFacts } from './client.ts';
import { type Container, isLive } from './container.ts';
import type { EngineEvent } from './events.ts';
import { SIGKILL, signalName, signalNumber } from './signals.ts';

/** One container, and why it is about to leave (empty when it is not). */
export interface KnownContainer {
  readonly container: Container;
  readonly leaving: string;
}

/** All that is known about an engine, oldest container first. */
export interface EngineView {
  readonly facts: EngineFacts;
  readonly containers: readonly KnownContainer[];
}

/** Milliseconds. */
export interface WatchTimings {
  /** Between pings: socket proxies cut quiet streams without a word. */
  readonly ping: number;
  /** Between full lists: whatever was missed is repaired by then. */
  readonly resync: number;
  /** First and longest pause before the next try to reach the engine. */
  readonly backoff: readonly [first: number, longest: number];
  /** How long after its stop time-out a container that still runs is put back. */
  readonly stopGrace: number;
}

export const WATCH_TIMINGS: WatchTimings = { ping: 20_000, resync: 60_000, backoff: [250, 15_000], stopGrace: 2_000 };

/** Containers inspected at the same time. */
const PARALLEL = 8;

interface Entry {
  container: Container;
  leaving: string;
  /** Puts a container back that was told to stop and did not. */
  timer: NodeJS.Timeout | undefined;
  /** Of the list line that it was last inspected for. */
  fingerprint: string;
}

/** An inspect of one container, after an event about it. */
interface Refresh {
  /** Another event came meanwhile: what is on its way may be older than that. */
  again: boolean;
  /** Sent to it while nothing else was known about it. */
  readonly signals: string[];
}

/** One connection to the engine, from subscription to its end. */
interface Session {
  readonly signal: AbortSignal;
  /** Ends the session; the first reason counts. */
  readonly fail: (reason: Error) => void;
}

export class Watch {
  private readonly engine: Engine;
  private readonly log: EventLog;
  private readonly onChange: (view: EngineView) => void;
  private readonly timings: WatchTimings;

  private readonly entries = new Map<string, Entry>();
  /** By id. */
  private readonly refreshing = new Map<string, Refresh>();
  /** Events that wait for the list to be worked in. */
  private held: EngineEvent[] | undefined;
  /** A whole list has been worked in: what is known is all there is. */
  private complete = false;
  private facts: EngineFacts | undefined;
  private session: Session | undefined;
  private announcing = false;
  /** Why the engine is away, empty while it is there. The same failure is not reported twice in a row. */
  trouble = '';
  /** Events about containers, and tries to reach the engine or to stay in touch with it that failed. */
  readonly counts = { events: 0, failures: 0 };

  constructor(engine: Engine, log: EventLog, onChange: (view: EngineView) => void, timings: WatchTimings = WATCH_TIMINGS) {
    this.engine = engine;
    this.log = log;
    this.onChange = onChange;
    this.timings = timings;
  }

  /** Watches until `signal` aborts. Never rejects: an engine that is away is waited for. */
  async run(signal: AbortSignal): Promise<void> {
    const [first, longest] = this.timings.backoff;
    let pause = first;
    while (!signal.aborted) {
      try {
        await this.connection(signal, () => {
          pause = first;
        });
      } catch (error) {
        if (signal.aborted) break;
        this.report(error as Error);
        // Jitter, so that many balancers do not fall upon a restarted engine in step.
        await sleep(pause * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
        pause = Math.min(pause * 2, longest);
      }
    }
    for (const entry of this.entries.values()) clearTimeout(entry.timer);
  }

  private async connection(outer: AbortSignal, onSynced: () => void): Promise<void> {
    const controller = new AbortController();
    const stop = () => controller.abort();
    outer.addEventListener('abort', stop, { once: true });
    let fail: (reason: Error) => void = stop;
    const failed = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const session: Session = { signal: controller.signal, fail };
    this.session = session;
    const work = this.serve(session, onSynced);
    try {
      await Promise.race([failed, work]);
    } finally {
      controller.abort();
      outer.removeEventListener('abort', stop);
      this.session = undefined;
      this.held = undefined;
      this.refreshing.clear();
      await work.catch(() => undefined);
    }
  }

  private async serve(session: Session, onSynced: () => void): Promise<void> {
    const { signal, fail } = session;
    this.facts = await this.engine.connect(signal);
    this.held = [];
    const stream = await this.engine.events((event) => this.take(event, session), signal);
    void stream.ended.then((reason) => fail(new Error(reason)));
    await this.resync(session);
    onSynced();
    this.announceConnection();
    let quiet = 0;
    while (!signal.aborted) {
      await sleep(this.timings.ping, undefined, { signal });
      quiet += this.timings.ping;
      if (quiet < this.timings.resync) {
        await this.engine.ping(signal);
      } else {
        quiet = 0;
        await this.resync(session);
      }
    }
  }

  // --- the whole list ---------------------------------------------------------------------------------------------

  private async resync(session: Session): Promise<void> {
    this.held ??= [];
    const summaries = await this.engine.list(session.signal);
    const changed: { readonly id: string; readonly fingerprint: string }[] = [];
    const listed = new Set<string>();
    for (const { id, state, fingerprint } of summaries) {
      const entry = this.entries.get(id);
      // One that has stopped stays known for its routes' sake, but those that stopped before our time are no news.
      if (entry === undefined && !isLive(state)) continue;
      listed.add(id);
      if (entry?.fingerprint !== fingerprint) changed.push({ id, fingerprint });
    }
    for (const id of this.entries.keys()) if (!listed.has(id)) this.forget(id);
    await this.inspectAll(changed, session.signal);
    session.signal.throwIfAborted();
    const held = this.held ?? [];
    this.held = undefined;
    this.complete = true;
    for (const event of held) this.apply(event, session);
    this.announce();
  }

  private async inspectAll(ids: readonly { readonly id: string; readonly fingerprint: string }[], signal: AbortSignal): Promise<void> {
    const queue = ids[Symbol.iterator]();
    const worker = async () => {
      for (const { id, fingerprint } of queue) this.put(id, await this.engine.inspect(id, signal), fingerprint);
    };
    await Promise.all(Array.from({ length: Math.min(PARALLEL, ids.length) }, worker));
  }

  // --- one event --------------------------------------------------------------------------------------------------

  private take(event: EngineEvent, session: Session): void {
    if (session.signal.aborted) return;
    this.counts.events++;
    if (this.held === undefined) {
      this.apply(event, session);
      return;
    }
    this.held.push(event);
    const entry = this.entries.get(event.container);
    if (entry === undefined) return;
    if (event.action === 'kill') this.told(entry, event.signal ?? '');
    else if (event.action === 'die') this.leave(entry, 'has exited');
    else if (event.action === 'destroy') this.remove(event.container);
  }

  private apply(event: EngineEvent, session: Session): void {
    const entry = this.entries.get(event.container);
    switch (event.action) {
      case 'destroy':
        this.remove(event.container);
        return;
      case 'kill':
        if (entry !== undefined) this.told(entry, event.signal ?? '');
        else this.refreshing.get(event.container)?.signals.push(event.signal ?? '');
        return;
      case 'die':
        // Traffic stops now; whether it has gone or is being restarted is the inspect's to say.
        if (entry !== undefined) this.leave(entry, 'has exited');
        break;
      case 'start':
        if (entry !== undefined) this.stay(entry);
        this.refreshing.get(event.container)?.signals.splice(0);
        break;
    }
    void this.refresh(event.container, session);
  }

  private remove(id: string): void {
    this.forget(id);
    this.announce();
  }

  /** A signal was sent: does it mean the end? SIGHUP and the like do not. */
  private told(entry: Entry, signal: string): void {
    const number = signalNumber(signal);
    if (number === undefined || (number !== SIGKILL && number !== entry.container.stopSignal)) return;
    this.leave(entry, `is stopping (${signalName(number)})`);
  }

  private leave(entry: Entry, reason: string): void {
    entry.leaving = reason;
    this.recoverIn(entry, entry.container.stopTimeout + this.timings.stopGrace);
    this.announce();
  }

  private recoverIn(entry: Entry, ms: number): void {
    clearTimeout(entry.timer);
    entry.timer = setTimeout(() => this.recover(entry), ms);
    entry.timer.unref();
  }

  private stay(entry: Entry): void {
    clearTimeout(entry.timer);
    entry.timer = undefined;
    entry.leaving = '';
  }

  /** Its time to stop is over: a container that still runs has ignored the signal and may serve on. */
  private recover(entry: Entry): void {
    if (this.session === undefined) {
      this.recoverIn(entry, this.timings.stopGrace); // nobody can say whether it runs
      return;
    }
    this.stay(entry);
    void this.refresh(entry.container.id, this.session);
  }

  private async refresh(id: string, session: Session): Promise<void> {
    const current = this.refreshing.get(id);
    if (current !== undefined) {
      current.again = true;
      return;
    }
    const refresh: Refresh = { again: false, signals: [] };
    this.refreshing.set(id, refresh);
    try {
      do {
        refresh.again = false;
        const container = await this.engine.inspect(id, session.signal);
        if (session.signal.aborted) return;
        this.put(id, container, undefined);
      } while (refresh.again);
      this.refreshing.delete(id);
      const entry = this.entries.get(id);
      if (entry !== undefined) for (const signal of refresh.signals) this.told(entry, signal);
      this.announce();
    } catch (error) {
      session.fail(error as Error);
    }
  }

  // --- what is known ----------------------------------------------------------------------------------------------

  private put(id: string, container: Container | undefined, fingerprint: string | undefined): void {
    const entry = this.entries.get(id);
    if (container === undefined) {
      this.forget(id);
    } else if (entry === undefined) {
      if (isLive(container.state)) this.entries.set(id, { container, leaving: '', timer: undefined, fingerprint: fingerprint ?? '' });
    } else {
      entry.container = container;
      // After an event the line of the next list is a new one: it is inspected once more, which is cheap and safe.
      entry.fingerprint = fingerprint ?? '';
      if (container.state !== 'running') this.stay(entry);
    }
  }

  private forget(id: string): void {
    clearTimeout(this.entries.get(id)?.timer);
    this.entries.delete(id);
  }

  /** Tells the listener once for everything that one turn of the event loop brings. */
  private announce(): void {
    if (this.announcing || !this.complete) return;
    this.announcing = true;
    setImmediate(() => {
      this.announcing = false;
      const { facts } = this;
      if (facts === undefined) return;
      const known = [...this.entries.values()].map(({ container, leaving }) => ({ container, leaving }));
      known.sort((a, b) => a.container.created - b.container.created || (a.container.id < b.container.id ? -1 : 1));
      this.onChange({ facts, containers: known });
    });
  }

  // --- what people are told ---------------------------------------------------------------------------------------

  private report(error: Error): void {
    this.counts.failures++;
    if (this.trouble === error.message) return;
    const consequence = this.entries.size === 0 ? 'trying again' : `trying again, keeping the ${this.entries.size} containers known`;
    this.log.event(Level.Warning, `${this.engine.label}: ${error.message}; ${consequence}`);
    this.trouble = error.message;
  }

  private announceConnection(): void {
    const { facts } = this;
    this.trouble = '';
    if (facts === undefined) return;
    const live = [...this.entries.values()].filter(({ container }) => isLive(container.state)).length;
    this.log.event(
      Level.Notice,
      `${this.engine.label}: connected (version ${facts.version}, API ${facts.api}), ${live} containers running`,
    );
  }
}
