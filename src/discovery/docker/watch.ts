/**
 * Keeps the facts about one engine's containers current.
 *
 *     connect -> subscribe -> list -> apply what came in between -> inspect what is new -> [ events, pings, resyncs ]
 *        ^                                                                                          |
 *        +---------------------------- back-off <- stream ended, no answer -------------------------+
 *
 * While a list is on its way, events wait for it, because what it says may be older. Only one thing does not wait: that
 * a container which has traffic is leaving. What happened before we subscribed and is told all the same does wait: the
 * list knows better, except for signals.
 *
 * Invariants: subscription comes before the list, so that no change falls between the two; a container's facts only
 * ever come from an inspect of that container that was asked for after the event that made it necessary; while the
 * engine is away the last facts stand; however many containers cannot be inspected, the others wait for them once at most.
 */

import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonic } from '../../core/clock.ts';
import { type EventLog, Level } from '../../core/log.ts';
import { Paced } from '../paced.ts';
import { isWaitingForAddress } from './address.ts';
import { type ContainerState, isLive, type Summary, shortId } from './container.ts';
import type { Engine, EngineFacts } from './engine.ts';
import { EngineError } from './engine-error.ts';
import { Inspections } from './inspections.ts';
import { type KnownContainer, KnownContainers } from './known.ts';
import { Looks } from './looks.ts';
import { endsRun, isMissedSignal, type Session, type TimedEvent } from './session.ts';

export type { KnownContainer };

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
  /** Before a container is looked at again that had no address or could not be inspected; doubled up to `resync`. */
  readonly look: number;
}

export const WATCH_TIMINGS: WatchTimings = { ping: 20_000, resync: 60_000, backoff: [250, 15_000], stopGrace: 2_000, look: 100 };

/** Asks the same engine for what it knows beyond its containers. */
export interface Companion {
  /** A connection stands, until `signal` aborts; resolves when the first answer is there, and never rejects. */
  begin(signal: AbortSignal): Promise<void>;
  /** Something has changed in its field. */
  hint(): void;
}

export class Watch {
  private readonly engine: Engine;
  private readonly log: EventLog;
  private readonly onChange: (view: EngineView) => void;
  private readonly timings: WatchTimings;
  private readonly companion: Companion | undefined;

  private readonly known: KnownContainers;
  private readonly announcement = new Paced(() => this.announce());
  /** A whole list has been worked in: what is known is all there is. */
  private complete = false;
  private facts: EngineFacts | undefined;
  private session: Session | undefined;
  /** Containers of which the event stream before told nothing, and this one has told nothing yet. */
  private unheard = new Set<string>();
  /** Containers that cannot be inspected, and why, by id. */
  private readonly unreadable = new Map<string, string>();
  /** Why the engine is away, empty while it is there. The same failure is not reported twice in a row. */
  trouble = '';
  /** Events about containers, and tries to reach the engine or to stay in touch with it that failed. */
  readonly counts = { events: 0, failures: 0 };

  constructor(
    engine: Engine,
    log: EventLog,
    onChange: (view: EngineView) => void,
    timings: WatchTimings = WATCH_TIMINGS,
    companion?: Companion,
  ) {
    this.engine = engine;
    this.log = log;
    this.onChange = onChange;
    this.timings = timings;
    this.companion = companion;
    this.known = new KnownContainers({ changed: (leaving) => this.changed(leaving), overdue: (id) => this.recover(id) }, timings.stopGrace);
  }

  /** Watches until `signal` aborts. Never rejects: an engine that is away is waited for. */
  async run(signal: AbortSignal): Promise<void> {
    const [first, longest] = this.timings.backoff;
    let pause = first;
    while (!signal.aborted) {
      let syncedAt: number | undefined;
      try {
        await this.connection(signal, () => {
          pause = first;
          syncedAt = monotonic();
        });
      } catch (error) {
        if (signal.aborted) break;
        this.report(error as Error);
        // After a long time in touch, a stream that ends is most likely a proxy's doing: events are being missed now.
        if (syncedAt !== undefined && monotonic() - syncedAt > longest) continue;
        // Jitter, so that many balancers do not fall upon a restarted engine in step.
        await sleep(pause * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
        pause = Math.min(pause * 2, longest);
      }
    }
    this.announcement.stop();
    this.known.stop();
  }

  private async connection(outer: AbortSignal, onSynced: () => void): Promise<void> {
    const controller = new AbortController();
    setMaxListeners(0, controller.signal); // every call that is under way listens
    const stop = () => controller.abort();
    outer.addEventListener('abort', stop, { once: true });
    let fail: (reason: Error) => void = stop;
    const failed = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const session = this.begin(controller.signal, fail);
    const work = this.serve(session, onSynced);
    try {
      await Promise.race([failed, work]);
    } finally {
      this.session = undefined;
      controller.abort();
      session.inspections.stop();
      session.looks.stop();
      outer.removeEventListener('abort', stop);
      await work.catch(() => undefined);
    }
  }

  private begin(signal: AbortSignal, fail: (reason: Error) => void): Session {
    const session: Session = {
      signal,
      fail,
      inspections: new Inspections(
        (id) => this.inspect(id, session),
        (id) => this.unreadable.has(id),
      ),
      held: undefined,
      early: new Map(),
      untold: new Set(),
      lines: new Map(),
      looks: new Looks((id) => session.inspections.ask(id, false), this.timings.look, this.timings.resync),
    };
    this.session = session;
    return session;
  }

  private async serve(session: Session, onSynced: () => void): Promise<void> {
    const { signal, fail } = session;
    this.facts = await this.engine.connect(signal);
    session.held = [];
    const stream = await this.engine.events((event, missed = 0) => this.take({ ...event, missed }, session), signal);
    void stream.ended.then((reason) => fail(new Error(reason)));
    await this.companion?.begin(signal);
    await this.resync(session);
    onSynced();
    this.complete = true;
    this.announcement.now();
    this.announceConnection();
    session.untold.clear();
    let quiet = 0;
    while (!signal.aborted) {
      await sleep(this.timings.ping, undefined, { signal });
      this.listen(session); // the events had all this time to arrive
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
    session.held ??= [];
    const summaries = await this.engine.list(session.signal);
    session.signal.throwIfAborted();
    const changed = summaries.filter((summary) => this.isNews(summary, session)).map(({ id }) => id);
    const listed = new Set(summaries.map(({ id }) => id));
    for (const id of [...this.known.ids]) {
      if (listed.has(id)) continue;
      session.untold.add(id);
      this.known.forget(id);
    }
    for (const id of this.unreadable.keys()) if (!listed.has(id)) this.unreadable.delete(id);
    const inspected = session.inspections.askAll(changed);
    const { held } = session;
    session.held = undefined;
    for (const event of held) this.apply(event, session);
    await inspected;
    session.signal.throwIfAborted();
  }

  /** Throws when the stream has gone deaf. Where another one has told no more, it is not the stream. */
  private listen({ untold }: Session): void {
    if ([...untold].some((id) => !this.unheard.has(id))) {
      this.unheard = new Set(untold);
      throw new Error(`its event stream has gone deaf: it did not tell of ${untold.size} changes`);
    }
    untold.clear();
  }

  /** Whether a container has to be inspected because of its line. */
  private isNews({ id, state, fingerprint }: Summary, { lines, untold, inspections }: Session): boolean {
    const entry = this.known.get(id);
    // One that has stopped stays known for its routes' sake, but those that stopped before our time are no news.
    if (entry === undefined && !isLive(state)) return false;
    const untoldStart = entry === undefined && !inspections.has(id) && !this.unreadable.has(id);
    // Between states in which nothing runs there is not always an event: exited -> dead.
    const untoldChange = entry !== undefined && entry.fingerprint !== '' && changesLife(entry.container.state, state);
    if (untoldStart || untoldChange) untold.add(id);
    if (entry?.fingerprint === fingerprint && entry.leaving === '') return false;
    lines.set(id, fingerprint);
    return true;
  }

  // --- one event --------------------------------------------------------------------------------------------------

  private take(event: TimedEvent, session: Session): void {
    if (session.signal.aborted) return;
    this.counts.events++;
    if (event.container === '') {
      this.companion?.hint();
      return;
    }
    session.untold.delete(event.container);
    this.unheard.delete(event.container);
    if (session.held === undefined) {
      this.apply(event, session);
      return;
    }
    if (endsRun(event)) session.held = session.held.filter((held) => !isMissedSignal(held, event.container));
    session.held.push(event);
    if (event.missed > 0) return;
    if (event.action === 'kill') this.known.told(event.container, event.signal ?? '');
    else if (event.action === 'die') this.known.leave(event.container, 'has exited');
    else if (event.action === 'destroy') this.known.forget(event.container);
  }

  private apply({ action, container: id, signal = '', missed }: TimedEvent, session: Session): void {
    session.untold.delete(id);
    switch (action) {
      case 'destroy':
        this.known.forget(id);
        return;
      case 'kill':
        if (this.known.get(id) !== undefined) this.known.told(id, signal, missed);
        else if (session.inspections.has(id)) session.early.set(id, [...(session.early.get(id) ?? []), signal]);
        return;
      case 'die':
        // Traffic stops now; whether it has gone or is being restarted is the inspect's to say. If long past, all of it is.
        if (missed === 0) this.known.leave(id, 'has exited');
        break;
      case 'start':
        this.known.started(id);
        session.early.delete(id);
        break;
    }
    this.look(id, session, action !== 'health_status');
  }

  /** After an event the line of the next list is a new one: it is inspected once more, which is cheap and safe. */
  private look(id: string, session: Session, urgent: boolean): void {
    session.lines.delete(id);
    this.known.doubt(id);
    session.inspections.ask(id, urgent);
  }

  /** A container is overdue. While the engine is away nobody can say whether it runs; whoever leaves is inspected with the next list. */
  private recover(id: string): void {
    if (this.session !== undefined) this.look(id, this.session, true);
  }

  // --- one container ----------------------------------------------------------------------------------------------

  private async inspect(id: string, session: Session): Promise<void> {
    const line = session.lines.get(id);
    try {
      const container = await this.engine.inspect(id, session.signal);
      if (session.signal.aborted) return;
      this.unreadable.delete(id);
      // Another line, or an event, that came since then makes it be inspected again.
      const isCurrent = session.lines.get(id) === line;
      this.known.put(id, container, isCurrent ? (line ?? '') : '', !session.inspections.isOutdated(id));
      if (isCurrent) session.lines.delete(id);
      for (const signal of session.early.get(id) ?? []) this.known.told(id, signal);
      session.early.delete(id);
      if (container !== undefined && isWaitingForAddress(container)) session.looks.again(id);
      else session.looks.done(id);
    } catch (error) {
      if (!session.signal.aborted) await this.failed(id, error as Error, session);
    }
  }

  /** It may be the container's fault, or the engine's. */
  private async failed(id: string, error: Error, session: Session): Promise<void> {
    try {
      if (error instanceof EngineError && (error.status === 401 || error.status === 403)) throw error;
      await this.engine.ping(session.signal);
    } catch {
      session.fail(error);
      return;
    }
    if (session.signal.aborted) return;
    this.known.doubt(id);
    session.looks.again(id);
    if (this.unreadable.get(id) === error.message) return;
    this.unreadable.set(id, error.message);
    const known = this.known.get(id);
    const consequence = known === undefined ? 'it is not used' : 'it stays as it was';
    const name = known?.container.name ?? shortId(id);
    this.log.event(Level.Warning, `${this.engine.label}: container ${name} cannot be inspected: ${error.message}; ${consequence}`);
  }

  // --- what is told -----------------------------------------------------------------------------------------------

  private changed(leaving: boolean): void {
    if (!this.complete) return;
    if (leaving) this.announcement.now();
    else this.announcement.soon();
  }

  private announce(): void {
    if (this.facts !== undefined) this.onChange({ facts: this.facts, containers: this.known.list() });
  }

  private report(error: Error): void {
    this.counts.failures++;
    if (this.trouble === error.message) return;
    const consequence = this.known.size === 0 ? 'trying again' : `trying again, keeping the ${this.known.size} containers known`;
    this.log.event(Level.Warning, `${this.engine.label}: ${error.message}; ${consequence}`);
    this.trouble = error.message;
  }

  private announceConnection(): void {
    const { facts } = this;
    this.trouble = '';
    if (facts === undefined) return;
    const live = this.known.list().filter(({ container }) => isLive(container.state)).length;
    this.log.event(
      Level.Notice,
      `${this.engine.label}: connected (version ${facts.version}, API ${facts.api}), ${live} containers running`,
    );
  }
}

function changesLife(from: ContainerState, to: ContainerState): boolean {
  return from !== to && (isLive(from) || isLive(to));
}
