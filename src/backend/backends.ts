/**
 * All backends, and the one place where the desired state becomes true: `apply` works off changes in order, then
 * every backend that was touched looks once at who gets traffic now.
 *
 * Identity survives: a backend is its name, a server its `config.identity`. A server or backend that is wanted again
 * before its last exchange has ended is the same one, with its counters.
 */

import { isDeepStrictEqual } from 'node:util';
import type { ServerConfig, ServerSslConfig } from '../config/model.ts';
import { monotonic } from '../core/clock.ts';
import { Latency } from '../core/histogram.ts';
import { type EventLog, Level } from '../core/log.ts';
import type { TlsCounters } from '../core/tls-counters.ts';
import type { Wheel } from '../core/wheel.ts';
import type { Change, DesiredBackend, DiscoveredServer } from '../state/types.ts';
import { ServerContexts } from '../tls/servers.ts';
import { Backend } from './backend.ts';
import { Checker } from './checks/checker.ts';
import { type Restored, restore } from './restore.ts';
import { RouteTable } from './routes.ts';
import type { SavedStates } from './saved-states.ts';
import type { Server } from './server.ts';
import type { SavedServer } from './servers-state.ts';
import { track, untrack } from './track.ts';
import type { Shutdown } from './types.ts';

export interface BackendsParts {
  readonly wheel: Wheel;
  readonly events: EventLog;
  /** `spread-checks`: percent by which the interval between checks may differ, either way. */
  readonly spreadChecks: number;
  /** How servers are spoken to by TLS. */
  readonly contexts?: ServerContexts;
  /** What else keeps a server from being used as its words say; undefined where nothing does. */
  readonly refuse?: (config: ServerConfig) => string | undefined;
}

export class Backends {
  private readonly wheel: Wheel;
  private readonly events: EventLog;
  private readonly checker: Checker;
  private readonly contexts: ServerContexts;
  private readonly refuse: (config: ServerConfig) => string | undefined;
  /** What was said of servers whose words may be judged otherwise when files are read again. */
  private readonly judgements = new Map<Server, DiscoveredServer>();
  /** Retired ones too, until they are idle. In order of arrival. */
  private readonly known = new Map<string, Backend>();
  private readonly tables = new Map<string, RouteTable>();
  private listed: readonly Backend[] = [];
  private measures = false;
  /** The data plane's; before it is there nothing is under way. */
  onShutdown: Shutdown = () => {};
  /** Nothing is to be expected of these: they are gone, down or elsewhere. And something is under way on them. */
  onForsaken: (servers: ReadonlySet<Server>) => void = () => {};
  /** What new servers start as: the configuration's state files. */
  saved: SavedStates = new Map();
  /** What that has made of one of them. */
  onRestored: (message: string) => void = () => {};

  constructor(parts: BackendsParts) {
    this.wheel = parts.wheel;
    this.events = parts.events;
    this.contexts = parts.contexts ?? new ServerContexts();
    this.refuse = parts.refuse ?? (() => undefined);
    this.checker = new Checker({ wheel: parts.wheel, spread: parts.spreadChecks });
  }

  /** In the order of the statistics: sections by their ids, then pools by name. Retired ones until they are idle. */
  get all(): readonly Backend[] {
    return this.listed;
  }

  get(name: string): Backend | undefined {
    const backend = this.known.get(name);
    return backend?.retired === true ? undefined : backend;
  }

  /** The discovered routes of a frontend; undefined for one that no source routes. */
  routes(frontend: string): RouteTable | undefined {
    return this.tables.get(frontend);
  }

  /** `spread-checks` of another configuration. */
  set spreadChecks(percent: number) {
    this.checker.spread = percent;
  }

  /** Whether somebody may read how long requests took: what was measured before is forgotten where nobody may any more. */
  set measured(measured: boolean) {
    this.measures = measured;
    for (const backend of this.known.values()) this.measure(backend);
  }

  private measure({ counters }: Backend): void {
    counters.latency = this.measures ? (counters.latency ?? new Latency()) : undefined;
  }

  apply(changes: readonly Change[]): void {
    const batch = new Batch(monotonic());
    for (const change of changes) this.applyOne(change, batch);
    this.bindTrackers(batch);
    restore(batch.restored, batch.now, this.onRestored);
    for (const backend of batch.touched) backend.refresh(batch.now);
    for (const server of batch.removed) {
      this.checker.stop(server);
      server.announceRemoval();
    }
    for (const backend of batch.touched) {
      backend.announce();
      this.sweep(backend);
    }
    this.list();
    this.checker.start([...batch.recheck].filter((server) => !server.removed));
    const forsaken = new Set([...batch.touched].flatMap(({ servers }) => servers.filter((server) => isForsaken(server, batch))));
    if (forsaken.size > 0) this.onForsaken(forsaken);
  }

  /** Ends the checks and the idle connections; exchanges are the data plane's. */
  stop(): void {
    this.checker.stopAll();
    for (const backend of this.known.values()) for (const server of backend.servers) server.end();
  }

  private applyOne(change: Change, batch: Batch): void {
    switch (change.kind) {
      case 'add-backend':
      case 'change-backend':
        this.putBackend(change.backend, batch);
        return;
      case 'remove-backend':
        this.retire(change.name, batch);
        return;
      case 'set-routes':
        this.setRoutes(change);
        return;
      default:
        this.applyToServers(change, batch);
    }
  }

  private applyToServers(change: Extract<Change, { backend: string }>, batch: Batch): void {
    const backend = this.get(change.backend);
    if (backend === undefined) throw new Error(`change of a server of backend ${change.backend}, which does not exist`);
    batch.touched.add(backend);
    switch (change.kind) {
      case 'add-server':
      case 'change-server':
        this.putServer(backend, change.server, batch, true);
        return;
      case 'remove-server':
        this.removeServer(backend.find(change.identity), change.reason, batch);
        return;
      case 'order':
        backend.order(change.identities);
    }
  }

  private putBackend(desired: DesiredBackend, batch: Batch): void {
    const known = this.known.get(desired.name);
    if (known === undefined) {
      const { name, config, origin } = desired;
      const backend = new Backend({
        name,
        config,
        origin,
        wheel: this.wheel,
        events: this.events,
        contexts: this.contexts,
        shutdown: this.shutdown,
      });
      backend.routed = desired.routed;
      backend.onIdle = this.sweep;
      backend.onForsaken = (servers) => this.onForsaken(servers);
      this.measure(backend);
      this.known.set(name, backend);
      for (const server of desired.servers) this.putServer(backend, server, batch, false);
      batch.touched.add(backend);
      return;
    }
    batch.touched.add(known);
    const sameRules = isDeepStrictEqual(known.config.checkRules, desired.config.checkRules);
    known.setConfig(desired.config, desired.origin);
    known.routed = desired.routed;
    if (!sameRules) for (const server of known.servers) batch.recheck.add(server);
    if (known.retired) this.revive(known, desired, batch);
  }

  /** It was on its way out: those of its servers that are not wanted again stay on theirs. */
  private revive(backend: Backend, desired: DesiredBackend, batch: Batch): void {
    backend.retired = false;
    const wanted = new Set(desired.servers.map((server) => server.config.identity));
    for (const server of backend.servers) if (!wanted.has(server.config.identity)) this.removeServer(server, '', batch);
    for (const server of desired.servers) this.putServer(backend, server, batch, false);
    backend.order(desired.servers.map((server) => server.config.identity));
  }

  private putServer(backend: Backend, desired: DiscoveredServer, batch: Batch, tell: boolean): void {
    const known = backend.find(desired.config.identity);
    if (known !== undefined) {
      if (desired.config.address !== undefined) known.firstAddress = undefined;
      const said = withAddress(desired, known.firstAddress);
      const { config, state, reason } = this.judged(known, said);
      if (known.removed) {
        known.restore();
        batch.removed.delete(known);
        batch.recheck.add(known);
      }
      const { addressVersion } = known;
      if (known.update(config, state, reason, batch.now)) batch.recheck.add(known);
      if (known.addressVersion !== addressVersion) batch.moved.add(known);
      return;
    }
    const { name, dynamic } = desired.config;
    const saved = dynamic === true ? undefined : this.saved.get(backend.name)?.get(name);
    const first = firstAddress(desired.config, saved);
    const said = withAddress(desired, first);
    const server = backend.addServer(said.config, batch.now);
    const { config, state, reason } = this.judged(server, said);
    server.firstAddress = first;
    server.startAs(state, reason);
    if (dynamic === true) server.onEnabled = () => this.checker.hasten(server);
    if (saved !== undefined) batch.restored.push({ server, saved });
    batch.recheck.add(server);
    if (tell) this.events.event(Level.Notice, `Server ${backend.name}/${config.name} is added (${config.origin}).`, backend.name);
  }

  /** Where TLS of checks is counted: with that of the traffic. */
  set tlsCounters(counters: TlsCounters) {
    this.contexts.counters = counters;
  }

  /** What keeps it from being spoken to as its words say; undefined where nothing does. */
  refusal(config: ServerConfig): string | undefined {
    return tlsRefusal(config, this.contexts) ?? this.refuse(config);
  }

  /** One that cannot be spoken to as it should be is down, and nobody else is. */
  private judged(server: Server, said: DiscoveredServer): DiscoveredServer {
    const refusal = this.refusal(said.config);
    server.refusal = refusal;
    const words = tlsWords(said.config);
    if (words === undefined && refusal === undefined) this.judgements.delete(server);
    else this.judgements.set(server, said);
    if (refusal !== undefined) return { config: said.config, state: 'down', reason: refusal };
    const content = words === undefined ? '' : this.contexts.contentOf(words);
    if (server.tlsContent !== content) server.renewTls();
    server.tlsContent = content;
    return said;
  }

  /** Another configuration has read its files: they count for who comes from now on. */
  adoptContexts(prepared: ServerContexts): void {
    this.contexts.adopt(prepared);
  }

  /** What was no good may be good by now, and the other way round; and where a file says something else, who is trusted is to be seen again. */
  judgeAgain(): void {
    const batch = new Batch(monotonic());
    for (const [server, said] of this.judgements) {
      const { refusal } = server;
      if (server.removed) continue;
      const { config, state, reason } = this.judged(server, said);
      if (server.refusal === refusal) continue;
      if (server.update(config, state, reason, batch.now)) batch.recheck.add(server);
      batch.touched.add(server.backend);
    }
    for (const backend of batch.touched) backend.refresh(batch.now);
    for (const backend of batch.touched) backend.announce();
    this.checker.start([...batch.recheck].filter((server) => !server.removed));
  }

  /** Whom they track may have come only now, or be another one than before. Those on their way out stay as they are. */
  private bindTrackers(batch: Batch): void {
    const names = new Names();
    for (const backend of this.known.values()) {
      if (backend.retired) continue;
      for (const server of backend.servers) {
        const wanted = server.config.track;
        if (wanted === undefined && server.tracked === undefined) continue;
        const target = wanted && names.find(this.get(wanted.backend || backend.name), wanted.server);
        track(server, target, batch.now, batch.touched);
      }
    }
  }

  private removeServer(server: Server | undefined, reason: string, batch: Batch): void {
    if (server === undefined || server.removed) return;
    server.remove(reason);
    batch.removed.add(server);
  }

  private retire(name: string, batch: Batch): void {
    const backend = this.get(name);
    if (backend === undefined) return;
    backend.retired = true;
    batch.touched.add(backend);
  }

  private setRoutes({ frontend, routes, gone, settled }: Extract<Change, { kind: 'set-routes' }>): void {
    if (routes.length === 0 && gone.length === 0 && settled) this.tables.delete(frontend);
    else this.tables.set(frontend, new RouteTable(routes, settled, gone));
  }

  private readonly shutdown: Shutdown = (server, cause) => this.onShutdown(server, cause);

  /** Takes away what was removed and has finished. */
  private readonly sweep = (backend: Backend): void => {
    this.dropServers(
      backend,
      backend.servers.filter((server) => server.removed && server.scur === 0),
    );
    if (!backend.retired || !backend.idle) return;
    this.dropServers(backend, backend.servers);
    if (this.known.get(backend.name) !== backend) return;
    this.known.delete(backend.name);
    this.list();
  };

  private dropServers(backend: Backend, gone: readonly Server[]): void {
    if (gone.length === 0) return;
    for (const server of gone) {
      this.checker.stop(server);
      this.judgements.delete(server);
      untrack(server);
      // On their way out, too: the others are bound anew as soon as whom they track is removed.
      for (const tracker of server.trackers) untrack(tracker);
      server.end();
    }
    backend.dropServers(gone);
  }

  private list(): void {
    this.listed = [...this.known.values()].sort(inStatistics);
  }
}

/** Why TLS to it, or to where it is checked, is not to be had. */
function tlsRefusal(config: ServerConfig, contexts: ServerContexts): string | undefined {
  const words = tlsWords(config);
  return words === undefined ? undefined : contexts.refusal(words);
}

/** Undefined where neither traffic nor checks are encrypted. */
function tlsWords({ ssl, sslWords = ssl, check }: ServerConfig): ServerSslConfig | undefined {
  return ssl === undefined && check?.ssl !== true ? undefined : sslWords;
}

/** What one `apply` has touched. */
class Batch {
  readonly now: number;
  readonly touched = new Set<Backend>();
  /** New servers, and those whose checks begin anew. */
  readonly recheck = new Set<Server>();
  readonly removed = new Set<Server>();
  /** To another address. */
  readonly moved = new Set<Server>();
  readonly restored: Restored[] = [];

  constructor(now: number) {
    this.now = now;
  }
}

/** Whoever could not leave it for want of another server is asked again with every change that may have brought one. */
function isForsaken(server: Server, { moved }: Batch): boolean {
  return server.scur > 0 && server.discovered && (server.forsaken || server.removed || moved.has(server));
}

/** Servers by name, of the backends that somebody asks for. */
class Names {
  private readonly known = new Map<Backend, ReadonlyMap<string, Server>>();

  find(backend: Backend | undefined, name: string): Server | undefined {
    if (backend === undefined) return undefined;
    let servers = this.known.get(backend);
    if (servers === undefined) {
      // The first of a name counts. Nothing is found out any more about those that have been removed.
      const alive = backend.servers.filter(({ removed }) => !removed);
      servers = new Map(alive.reverse().map((server) => [server.config.name, server]));
      this.known.set(backend, servers);
    }
    return servers.get(name);
  }
}

function inStatistics(a: Backend, b: Backend): number {
  if (a.routed && b.routed) return a.name < b.name ? -1 : 1;
  return Number(a.routed) - Number(b.routed) || a.config.id - b.config.id;
}

/** `init-addr`, for a name that has no address yet: the state file's, a fixed one, or none. */
function firstAddress({ address, fqdn, initAddr }: ServerConfig, saved: SavedServer | undefined): string | undefined {
  if (address !== undefined || fqdn === undefined) return undefined;
  for (const method of initAddr.length > 0 ? initAddr : ['last']) {
    if (method === 'none') return undefined;
    if (method === 'last' && saved?.address !== undefined) return saved.address;
    // The resolver has been asked, and has none.
    if (method !== 'last' && method !== 'libc') return method;
  }
  return undefined;
}

/** With the first address while its name has none. */
function withAddress(desired: DiscoveredServer, first: string | undefined): DiscoveredServer {
  if (first === undefined || desired.config.address !== undefined) return desired;
  return { config: { ...desired.config, address: first }, state: 'ready', reason: desired.reason };
}
