/**
 * Operators at the Runtime API: what they see of the running process, and what becomes of what they change.
 *
 * What they change is kept in `Changes` until the next configuration, and takes effect as a configuration does: behind those
 * that are under way.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CliConnection, Explained, Outcome, ResolverCounts, Runtime, Usage } from './admin/cli/runtime.ts';
import type { CliServer } from './admin/cli/server.ts';
import type { Backend } from './backend/backend.ts';
import type { Backends } from './backend/backends.ts';
import type { Server } from './backend/server.ts';
import type { ShutdownCause } from './backend/types.ts';
import { diagnosticLines } from './banner.ts';
import type { Changes, DynamicCookie } from './changes.ts';
import { compatibleVersion } from './config/condition.ts';
import type { Member, MemberReport, MembersReport } from './config/member.ts';
import type { Config, GlobalTlsConfig, ProxyConfig, RateLimits, ServerConfig } from './config/model.ts';
import { monotonic, wall } from './core/clock.ts';
import type { ProcessCounters } from './core/counters.ts';
import { type EventLog, Level } from './core/log.ts';
import type { Wheel } from './core/wheel.ts';
import type { Environment } from './discovery/docker/endpoint.ts';
import { explain } from './explain/ask.ts';
import { linesOf } from './explain/text.ts';
import type { World } from './explain/world.ts';
import type { Prepared } from './prepare.ts';
import type { BindFailure, DataPlane } from './proxy/data-plane.ts';
import type { Frontend, FrontendState } from './proxy/frontend.ts';
import type { InvalidMessages } from './proxy/invalid.ts';
import type { ClientSession } from './proxy/sessions.ts';
import { deferredNow } from './proxy/turn.ts';
import type { Pulse } from './pulse.ts';
import { doubts, renderedHead, renderLines } from './render/render.ts';
import type { Patterns } from './rules/patterns.ts';
import { describeVariable, setProcessVariable } from './rules/process-variables.ts';
import type { Sources } from './sources.ts';
import type { Store } from './state/store.ts';
import type { CliCounts } from './stats/info.ts';
import type { LogSinks } from './stats/log-sinks.ts';
import type { ProcessFacts } from './stats/page.ts';
import type { StatsProxy } from './stats/rows.ts';
import type { Certificates } from './tls/certificates.ts';

/** The parts that operators look at, and what the composition root does for them; getters where the answer changes. */
export interface Parts {
  readonly facts: ProcessFacts;
  readonly env: Environment;
  readonly descriptors: number | undefined;
  readonly usage: () => Usage;
  readonly resolver: ResolverCounts;
  readonly changes: Changes;
  readonly sources: Pick<Sources, 'names' | 'troubleOf' | 'membership'>;
  readonly backends: Backends;
  readonly store: Store;
  readonly dataPlane: DataPlane;
  readonly events: EventLog;
  readonly sinks: LogSinks;
  readonly wheel: Wheel;
  readonly pulse: Pulse;
  readonly cli: CliServer;
  /** The configuration in force, without what operators have changed. */
  readonly current: Prepared;
  readonly lifecycle: Pick<Runtime, 'stopping' | 'reloads' | 'reload'>;
  readonly proxies: readonly StatsProxy[];
  readonly world: World;
  /** Runs `task` behind every configuration that is under way, and before the next one. */
  inTurn<T>(task: () => Promise<T>): Promise<T>;
  /** In its turn, the configuration in force takes effect with the changes in it: frontends and sockets. Answers what could not be bound. */
  resume(): Promise<readonly BindFailure[]>;
  /** As `resume`, for sources and servers too: hosts that are new are asked for first. The turn is the caller's. */
  goOverAgain(): Promise<readonly BindFailure[]>;
  /** Says that a proxy is no more. */
  tellProxyStopped(proxy: ProxyConfig): void;
}

export class Operator implements Runtime {
  readonly facts: ProcessFacts;
  readonly spoken: string = compatibleVersion;
  readonly startedAt: number = (wall() - monotonic()) / 1000;
  readonly env: Environment;
  readonly descriptors: number | undefined;
  readonly counters: ProcessCounters;
  readonly invalid: InvalidMessages;
  readonly resolver: ResolverCounts;
  private readonly parts: Parts;

  constructor(parts: Parts) {
    const { facts, env, descriptors, dataPlane, resolver } = parts;
    this.parts = parts;
    this.facts = facts;
    this.env = env;
    this.descriptors = descriptors;
    this.counters = dataPlane.counters;
    this.invalid = dataPlane.invalid;
    this.resolver = resolver;
  }

  // --- what they see --------------------------------------------------------------------------------------------------

  get config(): Config {
    return this.parts.current.config;
  }

  get proxies(): readonly StatsProxy[] {
    return this.parts.proxies;
  }

  get patterns(): Patterns {
    return this.parts.current.patterns;
  }

  get certificates(): Certificates {
    return this.parts.current.certificates;
  }

  get sockets(): Runtime['sockets'] {
    return this.parts.cli.sockets;
  }

  get cli(): CliCounts {
    return this.parts.cli.counts;
  }

  get timers(): number {
    return this.parts.wheel.size;
  }

  get ready(): number {
    return deferredNow();
  }

  get droppedLogs(): number {
    return this.parts.sinks.droppedLogs;
  }

  get failedResolutions(): number {
    return this.resolver.nx + this.resolver.other;
  }

  get startupLogs(): string {
    return diagnosticLines(this.parts.current.diagnostics, this.facts.pid).join('');
  }

  get stopping(): boolean {
    return this.parts.lifecycle.stopping;
  }

  get reloads(): Runtime['reloads'] {
    return this.parts.lifecycle.reloads;
  }

  get tls(): GlobalTlsConfig {
    return this.config.global.tls;
  }

  get rateLimits(): RateLimits {
    return { ...this.config.global.rateLimits, ...this.parts.changes.rateLimits };
  }

  bytesOutRate(): number {
    return this.parts.pulse.bytesOutRate();
  }

  explain(asked: string): Explained {
    const explanation = explain(this.parts.world, asked);
    return { lines: linesOf(explanation), json: explanation };
  }

  usage(): Usage {
    return this.parts.usage();
  }

  render(): Iterable<string> {
    const { current, changes, store, sources } = this.parts;
    const states = sources.names.map((name) => ({ name, spoken: store.sources.has(name), trouble: sources.troubleOf(name) }));
    const head = [...renderedHead(this.facts.version, current.name, wall()), ...doubts(states)];
    return renderLines({ transcript: current.transcript, config: changes.over(current.config), state: store.state, head });
  }

  cliConnections(): Iterable<CliConnection> {
    return this.parts.cli.clients();
  }

  clients(): Iterable<readonly [Frontend, ClientSession]> {
    return this.parts.dataPlane.clients();
  }

  variable(name: string): string | undefined {
    const value = this.parts.dataPlane.variables.get(name);
    return value === undefined ? undefined : describeVariable(value);
  }

  // --- what they change -----------------------------------------------------------------------------------------------

  shutdown(server: Server, cause: ShutdownCause): void {
    this.parts.dataPlane.shutdown(server, cause);
  }

  setVariable(name: string, kind: 'expr' | 'fmt', text: string): string | undefined {
    const { pid } = this.facts;
    try {
      setProcessVariable(this.parts.dataPlane.variables, { keyword: 'set var', where: 'here', name, kind, text, pid });
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }

  async setMaxconn(maxconn: number): Promise<void> {
    this.parts.changes.maxconn = maxconn;
    await this.parts.resume();
  }

  async setRateLimit(kind: keyof RateLimits, limit: number): Promise<void> {
    const { changes } = this.parts;
    changes.rateLimits = { ...changes.rateLimits, [kind]: limit };
    await this.parts.resume();
  }

  async setFrontendMaxconn({ name }: Frontend, maxconn: number): Promise<void> {
    this.parts.changes.limit(name, maxconn);
    await this.parts.resume();
  }

  async setFrontendState(frontend: Frontend, state: FrontendState): Promise<boolean> {
    const { changes } = this.parts;
    const { name, state: before } = frontend;
    changes.setState(name, state);
    const failures = await this.parts.resume();
    if (failures.length > 0) changes.setState(name, before);
    else this.tellFrontend(frontend);
    return failures.length === 0;
  }

  async setDynamicCookie({ name }: Backend, change: DynamicCookie): Promise<void> {
    this.parts.changes.setCookie(name, change);
    await this.parts.resume();
  }

  async setHost({ backend, config: { name } }: Server, fqdn: string): Promise<void> {
    await this.changeServers(true, () => {
      this.parts.changes.setHost(backend.name, name, fqdn);
      return true;
    });
  }

  refusal(server: ServerConfig): string | undefined {
    return this.parts.backends.refusal(server);
  }

  addServer(backend: Backend, server: ServerConfig): Promise<boolean> {
    return this.changeServers(server.fqdn !== undefined, () => {
      const present = this.parts.backends.get(backend.name);
      if (present === undefined || present.servers.some(({ id, config: { name } }) => name === server.name || id === server.id))
        return false;
      this.parts.changes.addServer(backend.name, server);
      return true;
    });
  }

  removeServer(server: Server): Promise<boolean> {
    return this.changeServers(false, () => {
      const { backend, config } = server;
      if (!server.deletable) return false;
      this.parts.changes.removeServer(backend.name, config.name);
      return true;
    });
  }

  members(backend?: string): MembersReport {
    return this.parts.sources.membership.report(this.config, backend);
  }

  addMember({ config }: Backend, member: Member): Promise<Outcome<MemberReport>> {
    return this.changeMembers(() => this.parts.sources.membership.add(config, member));
  }

  removeMember({ config }: Backend, id: string): Promise<Outcome<string>> {
    return this.changeMembers(() => this.parts.sources.membership.remove(config, id));
  }

  reload(): Promise<void> {
    return this.parts.lifecycle.reload();
  }

  /**
   * Servers change, and nothing else; `names`: hosts that are new are asked for first. `change` answers whether it still can,
   * behind what another operator does, or a reload: only then anything becomes of it.
   */
  private changeServers(names: boolean, change: () => boolean): Promise<boolean> {
    const { parts } = this;
    return parts.inTurn(async () => {
      if (!change()) return false;
      if (names) await parts.goOverAgain();
      else {
        parts.store.configure(parts.changes.over(this.config));
        parts.store.flush();
        // All is gone over for each server: a line with many of them must not keep traffic waiting until its end.
        await nextTurn();
      }
      return true;
    });
  }

  /** What has changed counts when this resolves. */
  private changeMembers<T>(change: () => T): Promise<T> {
    const { parts } = this;
    return parts.inTurn(async () => {
      const outcome = change();
      parts.store.flush();
      await nextTurn();
      return outcome;
    });
  }

  private tellFrontend({ name, config, state }: Frontend): void {
    if (state === 'STOP') this.parts.tellProxyStopped(config);
    else {
      const what = config.kind === 'listen' ? 'proxy' : 'frontend';
      this.parts.events.event(Level.Warning, `${state === 'OPEN' ? 'Resumed' : 'Paused'} ${what} ${name}.`, name);
    }
  }
}
