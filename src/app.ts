/**
 * The composition root: builds the parts, and starts, reloads and stops them in order.
 *
 *     text -> Prepared ─┐
 *     sources ──────────┴> Store (desire, diff) -> Backends -> DataPlane
 *
 * Invariants: nothing listens before every source has spoken once or its grace has passed; a reload counts whole or not
 * at all, and it closes no connection; there is one wheel, one event log and one place where backends change (`onChange`).
 */

import { MasterDialect, PROCESS } from './admin/cli/master.ts';
import type { Runtime, Usage } from './admin/cli/runtime.ts';
import { CliServer } from './admin/cli/server.ts';
import { MetricsEndpoint } from './admin/metrics-endpoint.ts';
import { StatsEndpoint } from './admin/stats-endpoint.ts';
import { Backends } from './backend/backends.ts';
import type { BannerFacts } from './banner.ts';
import { Changes, paused } from './changes.ts';
import type { BindConfig, Config, ProxyConfig, StatsSocketConfig } from './config/model.ts';
import { monotonic } from './core/clock.ts';
import { type EventLog, Level } from './core/log.ts';
import { Wheel } from './core/wheel.ts';
import { Development } from './development.ts';
import type { Environment } from './discovery/docker/endpoint.ts';
import type { SelfHint } from './discovery/docker/self.ts';
import type { Note } from './discovery/provider.ts';
import { stackOf } from './edge.ts';
import { explain } from './explain/ask.ts';
import type { Explanation } from './explain/explanation.ts';
import type { World } from './explain/world.ts';
import { explained, worldOf } from './explained.ts';
import { NoteLog } from './note-log.ts';
import { Operator } from './operator.ts';
import { PoolPrograms } from './pool-programs.ts';
import type { Prepared } from './prepare.ts';
import { type BindFailure, DataPlane } from './proxy/data-plane.ts';
import type { Door } from './proxy/embedded/clients.ts';
import { limitIdle } from './proxy/pool.ts';
import { Pulse } from './pulse.ts';
import { serverNameError } from './rules/server-names.ts';
import { Sources } from './sources.ts';
import { freshNotes, Store } from './state/store.ts';
import type { DesiredState } from './state/types.ts';
import { AccessLogWriter } from './stats/access-log.ts';
import { Events } from './stats/event-log.ts';
import { processTotals } from './stats/info.ts';
import type { LineStream } from './stats/log-outputs.ts';
import { LogSinks } from './stats/log-sinks.ts';
import { History } from './stats/page/history.ts';
import type { ProcessFacts } from './stats/page.ts';
import type { OwnFacts } from './stats/prometheus.ts';
import { records, type StatsRecord } from './stats/records.ts';
import { EVERYTHING, pairProxies, rowsIn, type StatsProxy } from './stats/rows.ts';
import { ServerContexts } from './tls/servers.ts';
import { CertificateWatch } from './tls/watch.ts';

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
  /** How many the process may open. */
  readonly descriptors: number | undefined;
  /** What the process has used so far. */
  readonly usage: () => Usage;
  /** `-S`: the socket of the master CLI. */
  readonly master: StatsSocketConfig | undefined;
  /** An engine that does not answer is no news (the demo only tries). */
  readonly enginesAreOptional: boolean;
}

/** What the life of the process is asked for; `life.ts` makes it. */
export interface Lifecycle {
  readonly stopping: boolean;
  readonly reloads: Runtime['reloads'];
  reload(): Promise<void>;
}

/** What counts of a configuration: what operators have changed stands over it. */
type View = (config: Config) => Config;

const NOTE_LEVELS: Readonly<Record<Note['level'], Level>> = { info: Level.Info, warning: Level.Warning, error: Level.Err };

export class App {
  private readonly surroundings: Surroundings;
  private readonly sinks: LogSinks;
  private readonly events: Events;
  private readonly backends: Backends;
  private readonly store: Store;
  private readonly sources: Sources;
  private readonly certificateWatch: CertificateWatch;
  private readonly dataPlane: DataPlane;
  private readonly development: Development;
  private readonly changes: Changes = new Changes();
  private readonly noteLog: NoteLog = new NoteLog();
  private readonly wheel: Wheel = new Wheel();
  private readonly pulse: Pulse = new Pulse(() => processTotals(this.runtime).bytesOut);
  private readonly metrics: MetricsEndpoint;
  private readonly history: History = new History(() =>
    this.config.proxies.some(({ stats }) => stats !== undefined) ? this.proxies() : [],
  );
  private readonly pools: PoolPrograms = new PoolPrograms(({ message }) => this.events.event(Level.Err, message));
  private readonly runtime: Runtime;
  private readonly cli: CliServer;
  private readonly master: CliServer;
  private current: Prepared;
  /** Which frontend gets requests from inside of this process; undefined: none. */
  private embedded: (() => string) | undefined = undefined;
  /** Configurations take effect one after the other. */
  private configuring: Promise<unknown> = Promise.resolve();
  lifecycle: Lifecycle = { stopping: false, reloads: { done: 0, failed: 0 }, reload: () => Promise.resolve() };

  constructor(surroundings: Surroundings, prepared: Prepared) {
    const { pid, write, quiet, debug, stream, self, env } = surroundings;
    this.surroundings = surroundings;
    this.current = prepared;
    const warn = (message: string) => this.events.event(Level.Warning, message);
    this.sinks = new LogSinks({ pid, hostname: self.hostname, stream, warn });
    this.events = new Events({ pid, sinks: this.sinks, write, quiet, debug });
    this.certificateWatch = new CertificateWatch(this.events);
    const { wheel } = this;
    const { spreadChecks } = prepared.config.global;
    this.backends = new Backends({ wheel, events: this.events, spreadChecks, refuse: serverNameError });
    this.backends.adoptContexts(prepared.serverContexts);
    limitIdle(surroundings.descriptors);
    this.backends.saved = prepared.saved;
    this.backends.onRestored = (message) => this.events.restored(message);
    this.store = new Store(prepared.config, (changes, state, before) => {
      this.setPools(state);
      this.backends.apply(changes);
      const notes = this.noteLog.fresh(freshNotes(before, state), monotonic());
      for (const { level, subject, message } of notes) this.events.event(NOTE_LEVELS[level], `${subject}: ${message}`);
    });
    const engineEvents = surroundings.enginesAreOptional ? whisper(this.events) : this.events;
    this.sources = new Sources(this.store, prepared.config, { env, self, events: engineEvents });
    const accessLog = new AccessLogWriter(this.sinks);
    this.metrics = this.metricsEndpoint();
    this.measure(prepared.config);
    this.dataPlane = new DataPlane({
      wheel,
      backends: this.backends,
      events: this.events,
      accessLog,
      pid,
      stats: this.statsEndpoint(),
      named: new Map([['prometheus-exporter', this.metrics]]),
    });
    this.setVariables(prepared);
    const routes = (frontend: string) => this.backends.routes(frontend);
    this.development = new Development({ env, hostname: self.hostname, events: this.events, routes });
    this.runtime = this.operator();
    this.cli = new CliServer(this.runtime, () => PROCESS);
    this.master = new CliServer(this.runtime, (runtime) => new MasterDialect(runtime));
    this.backends.onShutdown = (server, cause) => this.dataPlane.shutdown(server, cause);
    this.backends.onForsaken = (servers) => this.dataPlane.abandon(servers);
    this.backends.tlsCounters = this.dataPlane.counters.tls;
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
    const { config } = this.current;
    this.setLogTargets(config);
    this.sources.start(config);
    this.history.start();
    const { graceMs } = this.surroundings;
    const missing = await this.store.whenReady(this.sources.names, graceMs);
    if (!this.surroundings.enginesAreOptional) this.tellMissing(missing);
    const failures = await this.listenForMaster();
    return failures.length > 0 ? failures : this.resume();
  }

  /** By which requests come from inside of this process, to the frontend that `frontend` names at that time. */
  door(frontend: () => string): Door {
    this.embedded = frontend;
    const { dataPlane, events } = this;
    return {
      get frontend() {
        return frontend();
      },
      get open() {
        return dataPlane.takes(frontend());
      },
      enter: (client) => dataPlane.enter(frontend(), client),
      onFault: (error) => events.event(Level.Err, `internal error in ${frontend()}: ${stackOf(error)}`, frontend()),
      tell: (line) => events.event(Level.Warning, `${frontend()}: ${line}`, frontend()),
    };
  }

  /** Every row of the statistics. */
  stats(): StatsRecord[] {
    return records(rowsIn(this.proxies(), EVERYTHING), { now: monotonic(), legends: true, counts: false });
  }

  /** Why something is routed or not. */
  explain(asked: string): Explanation {
    return explain(this.world(), asked);
  }

  /** Goes over to another configuration under the living connections. Answers as `start`; then nothing has changed. */
  reload(prepared: Prepared): Promise<readonly BindFailure[]> {
    return this.goOver(
      prepared,
      (config) => config,
      () => this.changes.forget(),
    );
  }

  /** `view` is what counts of the configuration, sources and servers included. */
  private goOver(prepared: Prepared, view: View, commit: () => void): Promise<readonly BindFailure[]> {
    return this.inTurn(() => this.goOverNow(prepared, view, commit));
  }

  private async goOverNow(prepared: Prepared, view: View, commit: () => void): Promise<readonly BindFailure[]> {
    const before = this.changes.over(this.config);
    const config = view(prepared.config);
    await this.sources.prepare(config, this.surroundings.graceMs);
    let committed = false;
    const failures = await this.configureNow(prepared, view, () => {
      committed = true;
      this.current = prepared;
      this.backends.saved = prepared.saved;
      this.backends.adoptContexts(prepared.serverContexts);
      this.backends.spreadChecks = prepared.config.global.spreadChecks;
      this.measure(prepared.config);
      this.setVariables(prepared);
      commit();
      this.setLogTargets(config);
      this.store.configure(config);
      this.sources.commit(config);
      this.store.flush();
      this.backends.judgeAgain();
      // Users of a list may be all that has changed, which is no change of a backend.
      this.setPools(this.store.state);
    });
    if (!committed) this.sources.rollback(before);
    return failures;
  }

  /** Leaves the ports to another process for a while (SIGTTOU). */
  async pause(): Promise<void> {
    await this.configure(this.current, (config) => {
      const view = this.changes.over(config);
      return { ...view, proxies: view.proxies.map(paused) };
    });
  }

  /** Listens again (SIGTTIN), or for the first time. */
  resume(): Promise<readonly BindFailure[]> {
    return this.configure(this.current, (config) => this.changes.over(config));
  }

  /** Stops accepting; resolves when the last exchange has ended. */
  drain(hurried: boolean): Promise<void> {
    this.cli.close();
    this.dataPlane.drain(hurried);
    return this.dataPlane.whenIdle();
  }

  /** Ends everything now. */
  stop(): void {
    this.pulse.stop();
    this.history.stop();
    this.certificateWatch.stop();
    this.sources.stop();
    this.cli.destroy();
    this.master.destroy();
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
        listeners: listeners.map(({ text }) => text),
        secure: listeners.filter(({ tls }) => tls !== undefined).map(({ text }) => text),
        statsUri: config.stats?.uri,
      })),
    };
  }

  private configure(prepared: Prepared, view: View): Promise<readonly BindFailure[]> {
    return this.inTurn(() => this.configureNow(prepared, view, () => {}));
  }

  private inTurn<T>(task: () => Promise<T>): Promise<T> {
    const next = this.configuring.then(task);
    this.configuring = next.catch(() => {});
    return next;
  }

  /** Sockets of the Runtime API first, then those of frontends; all of them or none. */
  private async configureNow({ config, rules, certificates }: Prepared, view: View, commit: () => void): Promise<readonly BindFailure[]> {
    const { statsSockets } = config.global;
    const refused = await this.cli.prepare(statsSockets);
    if (refused.length > 0) return refused;
    const commitAll = () => {
      this.cli.commit(statsSockets, config.global);
      commit();
      this.certificateWatch.watch(certificates);
      certificates.ofServersChanged = () => {
        this.backends.adoptContexts(new ServerContexts(certificates.library));
        this.backends.judgeAgain();
      };
      for (const frontend of this.dataPlane.frontends.values()) frontend.state = this.changes.stateOf(frontend.name);
    };
    await this.development.arm(certificates, config);
    const compiled = { rules, tls: (bind: BindConfig) => certificates.of(bind) };
    try {
      return await this.dataPlane.configure(view(config), compiled, commitAll, () => this.cli.takePaths());
    } finally {
      this.cli.rollback();
    }
  }

  private async listenForMaster(): Promise<readonly BindFailure[]> {
    const { master } = this.surroundings;
    if (master === undefined || this.master.sockets.length > 0) return [];
    const failures = await this.master.prepare([master]);
    if (failures.length > 0) return failures;
    const refused = this.master.takePaths();
    if (refused.length > 0) this.master.rollback();
    else this.master.commit([master], { statsTimeout: 0, statsMaxconn: 10 });
    return refused;
  }

  /** Those that rules or the Runtime API have set besides stay as they are. */
  private setVariables({ variables }: Prepared): void {
    for (const [name, value] of variables) this.dataPlane.variables.set(name, value);
  }

  private setPools(state: DesiredState): void {
    this.dataPlane.setPools(this.pools.of(state, this.config));
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
    for (const proxy of this.config.proxies) {
      const hasStopped = proxy.kind !== 'backend' && frontends.get(proxy.name)?.state === 'STOP';
      if (!proxy.disabled && !hasStopped) this.tellProxyStopped(proxy);
    }
  }

  private tellProxyStopped({ name, kind }: Pick<ProxyConfig, 'name' | 'kind'>): void {
    // A frontend and a backend may have one name.
    const front = kind === 'backend' ? 0 : (this.dataPlane.frontends.get(name)?.counters.connTot ?? 0);
    const back = kind === 'frontend' ? 0 : (this.backends.get(name)?.counters.stot ?? 0);
    this.events.event(Level.Warning, `Proxy ${name} stopped (cumulated conns: FE: ${front}, BE: ${back}).`, name);
  }

  private operator(): Operator {
    const { env, descriptors, usage } = this.surroundings;
    const { changes, backends, store, dataPlane, events, sinks, wheel, pulse } = this;
    const app = this;
    return new Operator({
      env,
      descriptors,
      usage,
      changes,
      backends,
      store,
      dataPlane,
      events,
      sinks,
      wheel,
      pulse,
      facts: this.facts(),
      resolver: this.sources.resolver,
      sources: this.sources,
      get cli() {
        return app.cli;
      },
      get current() {
        return app.current;
      },
      get lifecycle() {
        return app.lifecycle;
      },
      get proxies() {
        return app.proxies();
      },
      get world() {
        return app.world();
      },
      inTurn: (task) => this.inTurn(task),
      resume: () => this.resume(),
      goOverAgain: () =>
        this.goOverNow(
          this.current,
          (config) => this.changes.over(config),
          () => {},
        ),
      tellProxyStopped: (proxy) => this.tellProxyStopped(proxy),
    });
  }

  /** As everything is now. */
  private world(): World {
    const { config, rules, certificates } = this.current;
    return worldOf({ config: this.changes.over(config), rules, certificates }, this.store, this.sources, {
      backend: (name) => this.backends.get(name),
      frontend: (name) => this.dataPlane.frontends.get(name),
      isEmbedded: (name) => this.embedded?.() === name,
      variable: (name) => this.dataPlane.variables.get(name),
    });
  }

  private proxies(): StatsProxy[] {
    return pairProxies(this.config.proxies, this.dataPlane.frontends.values(), this.backends.all);
  }

  /**
   * Measures what only metrics tell, if anybody may read them. The lines are asked: compiled rules are functions, which name
   * a service only when they have run.
   */
  private measure({ proxies }: Config): void {
    const exported = proxies.some(({ httpRequest }) => httpRequest.some(({ words }) => words[0] === 'use-service'));
    this.backends.measured = exported;
    if (exported) this.metrics.begin();
  }

  private metricsEndpoint(): MetricsEndpoint {
    const app = this;
    const facts: OwnFacts = {
      version: this.surroundings.version,
      sources: () => this.sources.facts(),
      droppedLogs: () => this.sinks.dropped(),
      reloads: () => this.lifecycle.reloads,
      get tls() {
        return app.dataPlane.counters.tls;
      },
      certificates: () => this.current.certificates.expiries(),
    };
    return new MetricsEndpoint({ state: () => this.runtime, facts });
  }

  private statsEndpoint(): StatsEndpoint {
    return new StatsEndpoint({
      facts: this.facts(),
      proxies: () => this.proxies(),
      admits: (config, context) => this.current.rules.get(config.id)?.statsAdmin?.(context) ?? false,
      history: this.history,
      explain: (asked) => explained(this.world(), asked, this.store, this.sources),
    });
  }

  /** Getters where a reload may change the answer. */
  private facts(): ProcessFacts {
    const { pid, version, released, self } = this.surroundings;
    const app = this;
    return {
      pid,
      version,
      released,
      startedAt: monotonic(),
      get node() {
        return app.config.global.node ?? self.hostname;
      },
      get maxconn() {
        return app.changes.maxconn ?? app.config.global.maxconn ?? 0;
      },
      connections: () => app.connections,
      idle: () => this.pulse.idle,
      bytesOutRate: () => this.pulse.bytesOutRate(),
    };
  }
}

/** Events that only `-d` shows. */
function whisper(events: EventLog): EventLog {
  return { event: (_level, message, proxy) => events.event(Level.Debug, message, proxy) };
}
