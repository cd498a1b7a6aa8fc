/**
 * The composition root: builds the parts, and starts, reloads and stops them in order.
 *
 *     text -> Prepared ─┐
 *     sources ──────────┴> Store (desire, diff) -> Backends -> DataPlane
 *
 * Invariants: nothing listens before every source has spoken once or its grace has passed; a reload counts whole or not
 * at all, and it closes no connection; there is one wheel, one event log and one place where backends change (`onChange`).
 */

import { performance } from 'node:perf_hooks';
import { StatsEndpoint } from './admin/stats-endpoint.ts';
import { Backends } from './backend/backends.ts';
import type { BannerFacts } from './banner.ts';
import type { Config } from './config/model.ts';
import { monotonic } from './core/clock.ts';
import { type EventLog, Level } from './core/log.ts';
import { Wheel } from './core/wheel.ts';
import type { Environment } from './discovery/docker/endpoint.ts';
import type { SelfHint } from './discovery/docker/self.ts';
import type { Note } from './discovery/provider.ts';
import type { Prepared } from './prepare.ts';
import { type BindFailure, DataPlane } from './proxy/data-plane.ts';
import { Sources } from './sources.ts';
import { freshNotes, Store } from './state/store.ts';
import { AccessLogWriter } from './stats/access-log.ts';
import { Events } from './stats/event-log.ts';
import type { LineStream } from './stats/log-outputs.ts';
import { LogSinks } from './stats/log-sinks.ts';
import type { ProcessFacts } from './stats/page.ts';
import { pairProxies } from './stats/rows.ts';

/** What the process edge knows and lends. */
export interface Surroundings {
  readonly pid: number;
  readonly version: string;
  /** `2026/11/21` */
  readonly released: string;
  readonly env: Environment;
  readonly self: SelfHint;
  /** Standard error; a line with its newline. */
  readonly write: (line: string) => void;
  readonly quiet: boolean;
  readonly debug: boolean;
  /** The stream behind `log stdout`, `log stderr` and `log fd@N`. */
  readonly stream: (fd: number) => LineStream;
  /** How long a source may take to speak for the first time, ms. */
  readonly graceMs: number;
  /** An engine that does not answer is no news (the demo only tries). */
  readonly enginesAreOptional: boolean;
}

const NOTE_LEVELS: Readonly<Record<Note['level'], Level>> = { info: Level.Info, warning: Level.Warning, error: Level.Err };

export class App {
  private readonly surroundings: Surroundings;
  private readonly sinks: LogSinks;
  private readonly events: Events;
  private readonly backends: Backends;
  private readonly store: Store;
  private readonly sources: Sources;
  private readonly dataPlane: DataPlane;
  private current: Prepared;

  constructor(surroundings: Surroundings, prepared: Prepared) {
    const { pid, write, quiet, debug, stream, self, env } = surroundings;
    this.surroundings = surroundings;
    this.current = prepared;
    const warn = (message: string) => this.events.event(Level.Warning, message);
    this.sinks = new LogSinks({ pid, hostname: self.hostname, stream, warn });
    this.events = new Events({ pid, sinks: this.sinks, write, quiet, debug });
    const wheel = new Wheel();
    const { spreadChecks } = prepared.config.global;
    this.backends = new Backends({ wheel, events: this.events, spreadChecks });
    this.backends.saved = prepared.saved;
    this.store = new Store(prepared.config, (changes, state, before) => {
      this.backends.apply(changes);
      for (const { level, subject, message } of freshNotes(before, state)) this.events.event(NOTE_LEVELS[level], `${subject}: ${message}`);
    });
    const engineEvents = surroundings.enginesAreOptional ? whisper(this.events) : this.events;
    this.sources = new Sources(this.store, prepared.config, { env, self, events: engineEvents });
    const accessLog = new AccessLogWriter(this.sinks);
    this.dataPlane = new DataPlane({ wheel, backends: this.backends, events: this.events, accessLog, stats: this.statsEndpoint() });
    this.backends.onShutdown = (server, cause) => this.dataPlane.shutdown(server, cause);
  }

  /** Where everything that happens is told. */
  get log(): EventLog {
    return this.events;
  }

  get config(): Config {
    return this.current.config;
  }

  /** Client connections now. */
  get connections(): number {
    return this.dataPlane.connections;
  }

  /** Answers what could not be bound; when that is not empty nothing listens, and `stop` is what is left to do. */
  async start(): Promise<readonly BindFailure[]> {
    const { config, rules } = this.current;
    this.setLogTargets(config);
    this.sources.start(config);
    const { graceMs } = this.surroundings;
    const missing = await this.store.whenReady(this.sources.names, graceMs);
    if (!this.surroundings.enginesAreOptional) this.tellMissing(missing);
    return this.dataPlane.configure(config, rules);
  }

  /** Goes over to another configuration under the living connections. Answers as `start`; then nothing has changed. */
  async reload(prepared: Prepared): Promise<readonly BindFailure[]> {
    const { config, rules } = prepared;
    await this.sources.prepare(config, this.surroundings.graceMs);
    let committed = false;
    const failures = await this.dataPlane.configure(config, rules, () => {
      committed = true;
      this.current = prepared;
      this.setLogTargets(config);
      this.store.configure(config);
      this.sources.commit(config);
      this.store.flush();
    });
    if (!committed) this.sources.rollback(this.config);
    return failures;
  }

  /** Leaves the ports to another process for a while (SIGTTOU). */
  async pause(): Promise<void> {
    const { config, rules } = this.current;
    const proxies = config.proxies.map((proxy) => ({ ...proxy, binds: [] }));
    await this.dataPlane.configure({ ...config, proxies }, rules);
  }

  /** Listens again (SIGTTIN). */
  resume(): Promise<readonly BindFailure[]> {
    return this.dataPlane.configure(this.config, this.current.rules);
  }

  /** Stops accepting; resolves when the last exchange has ended. */
  drain(): Promise<void> {
    this.dataPlane.drain();
    return this.dataPlane.whenIdle();
  }

  /** Ends everything now. */
  stop(): void {
    this.sources.stop();
    this.dataPlane.destroy();
    this.tellStopped();
    this.backends.stop();
    this.sinks.close();
  }

  banner(): BannerFacts {
    const backends = this.backends.all;
    const servers = backends.flatMap((backend) => [...backend.servers]);
    const state = this.store.sources;
    const sources = this.sources.names.map((name) => ({ name, snapshot: state.get(name) }));
    return {
      version: this.surroundings.version,
      config: this.current.name,
      backends: backends.length,
      servers: servers.length,
      checked: servers.filter((server) => server.config.check !== undefined).length,
      sources: this.surroundings.enginesAreOptional ? sources.filter(({ snapshot }) => snapshot !== undefined) : sources,
      frontends: [...this.dataPlane.frontends.values()].map(({ name, config, listeners }) => ({
        name,
        listeners: listeners.map((listener) => listener.text),
        statsUri: config.stats?.uri,
      })),
    };
  }

  private setLogTargets(config: Config): void {
    this.sinks.setTargets(config);
    this.events.setTargets(config);
  }

  private tellMissing(missing: readonly string[]): void {
    for (const source of missing) {
      const message = `source ${source} has not answered within ${this.surroundings.graceMs} ms: its hosts get 503 until it does`;
      this.events.event(Level.Warning, message);
    }
  }

  /** HAProxy's parting words, for what has been there. */
  private tellStopped(): void {
    const { frontends } = this.dataPlane;
    if (frontends.size === 0) return;
    for (const { name, kind, disabled } of this.config.proxies) {
      if (disabled) continue;
      // A frontend and a backend may have one name.
      const front = kind === 'backend' ? 0 : (frontends.get(name)?.counters.connTot ?? 0);
      const back = kind === 'frontend' ? 0 : (this.backends.get(name)?.counters.stot ?? 0);
      this.events.event(Level.Warning, `Proxy ${name} stopped (cumulated conns: FE: ${front}, BE: ${back}).`, name);
    }
  }

  private statsEndpoint(): StatsEndpoint {
    return new StatsEndpoint({
      facts: this.facts(),
      proxies: () => pairProxies(this.config.proxies, this.dataPlane.frontends.values(), this.backends.all),
      admits: (config, context) => this.current.rules.get(config.id)?.statsAdmin?.(context) ?? false,
    });
  }

  /** Getters where a reload may change the answer. */
  private facts(): ProcessFacts {
    const { pid, version, released, self } = this.surroundings;
    const app = this;
    let last = performance.eventLoopUtilization();
    return {
      pid,
      version,
      released,
      startedAt: monotonic(),
      get node() {
        return app.config.global.node ?? self.hostname;
      },
      get maxconn() {
        return app.config.global.maxconn ?? 0;
      },
      connections: () => app.connections,
      idle: () => {
        const now = performance.eventLoopUtilization();
        const { utilization } = performance.eventLoopUtilization(now, last);
        last = now;
        return 100 * (1 - utilization);
      },
    };
  }
}

/** Events that only `-d` shows. */
function whisper(events: EventLog): EventLog {
  return { event: (_level, message, proxy) => events.event(Level.Debug, message, proxy) };
}
