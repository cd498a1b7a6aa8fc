/**
 * What should be true: the configuration and every source's last word, merged. Pure.
 *
 *     section     its `server` lines and templates (addresses by the resolver), then the servers of its docker-servers lines
 *     pool        the servers that docker-routes found for it, under its frontend's settings
 *     routes      of all sources; of two that claim the same, that of who runs, then the higher priority's, then the older
 *                 claim's, then that of the source named first
 *     gone        routes that stood until a moment ago and that nobody claims now, or only who has stopped in a pool that lives
 *
 * Invariants: within a backend no two servers share a name or an identity; every route's pool is a backend; a backend,
 * and the routes of a frontend, about which nothing has changed are the objects of the state before, so that nobody has to
 * compare them.
 */

import { isDeepStrictEqual } from 'node:util';
import type { Config, ProxyConfig, ServerConfig } from '../config/model.ts';
import { DNS_SOURCE, expandTemplate } from '../discovery/dns/names.ts';
import { routeSources, serverSources } from '../discovery/lines.ts';
import { mergeOptions } from '../discovery/pool-options.ts';
import type { DiscoveredServer, Note, PoolOptions, Route, Snapshot } from '../discovery/provider.ts';
import { claimOf, compareRoutes, routeText } from '../discovery/routes.ts';
import { rolloutOf, withGenerations } from './generations.ts';
import { poolConfig, poolIds, poolServers } from './pools.ts';
import { oncePerIdentity, withShares } from './shares.ts';
import type { DesiredBackend, DesiredState } from './types.ts';

/** Before anything is known: what the first difference is taken against. */
export const NOTHING: DesiredState = { backends: new Map(), routes: new Map(), gone: new Map(), unsettled: new Set(), notes: [] };

/** `before` is the state that this one follows, `gone` what routed hosts that may be missed. */
export function desire(
  config: Config,
  snapshots: ReadonlyMap<string, Snapshot>,
  before: DesiredState = NOTHING,
  gone: readonly Route[] = [],
): DesiredState {
  return new Merge(config, snapshots, before).run(gone);
}

/** What the configuration of a pool was made of. */
interface Recipe {
  readonly id: number;
  readonly frontend: ProxyConfig;
  readonly options: PoolOptions;
}

const recipes = new WeakMap<ProxyConfig, Recipe>();

class Merge {
  private readonly config: Config;
  private readonly before: DesiredState;
  private readonly names: Snapshot | undefined;
  /** All but the resolver, in the order of their names. */
  private readonly sources: readonly Snapshot[];
  private readonly notes: Note[] = [];
  private readonly backends = new Map<string, DesiredBackend>();

  constructor(config: Config, snapshots: ReadonlyMap<string, Snapshot>, before: DesiredState) {
    this.config = config;
    this.before = before;
    this.names = snapshots.get(DNS_SOURCE);
    const others = [...snapshots.values()].filter((snapshot) => snapshot.source !== DNS_SOURCE);
    this.sources = others.sort((a, b) => (a.source < b.source ? -1 : 1));
  }

  run(lost: readonly Route[]): DesiredState {
    for (const snapshot of [...(this.names === undefined ? [] : [this.names]), ...this.sources]) this.notes.push(...snapshot.notes);
    for (const proxy of this.config.proxies) if (proxy.kind !== 'frontend') this.section(proxy);
    const settled = this.settle();
    const stopped = this.stopped(settled);
    const routes = settled.filter((route) => !stopped.has(route));
    const gone = [...stopped, ...this.missing(lost, settled)];
    this.pools([...routes, ...gone]);
    const { before } = this;
    return {
      backends: this.backends,
      routes: this.byFrontend(routes, before.routes),
      gone: this.byFrontend(gone, before.gone),
      unsettled: this.unsettled(),
      notes: this.notes,
    };
  }

  // --- sections ---------------------------------------------------------------------------------------------------

  private section(proxy: ProxyConfig): void {
    const configured = [...proxy.servers, ...proxy.serverTemplates.flatMap(expandTemplate)].map((server) => this.resolved(proxy, server));
    // Without such a line, a source that still lists servers has not seen the new configuration yet.
    const asked = new Set(serverSources(proxy));
    const sources = this.sources.filter(({ source }) => asked.has(source));
    const found = withGenerations(serversOf(proxy.name, sources), rolloutOf(proxy.name, sources));
    const { file, line } = proxy.place;
    const servers = withShares(this.distinct(proxy.name, [...configured, ...oncePerIdentity(found)]));
    this.keep({ name: proxy.name, config: proxy, servers, origin: `${file}:${line}`, routed: false });
  }

  /** The configuration's own words with the resolver's address: the snapshot may be of an older configuration. */
  private resolved(proxy: ProxyConfig, config: ServerConfig): DiscoveredServer {
    if (config.fqdn === undefined) return configuredServer(config);
    const known = this.names?.pools.get(proxy.name)?.find((server) => server.config.identity === config.identity);
    if (known === undefined || known.config.fqdn !== config.fqdn) {
      return { config: { ...config, address: undefined }, state: 'down', reason: `name ${config.fqdn} is not resolved yet` };
    }
    return { config: { ...config, address: known.config.address }, state: known.state, reason: known.reason };
  }

  private keep(backend: DesiredBackend): void {
    const old = this.before.backends.get(backend.name);
    const { config, servers, origin, routed } = backend;
    const isSame = old?.config === config && old.origin === origin && old.routed === routed && sameElements(old.servers, servers);
    this.backends.set(backend.name, isSame ? old : backend);
  }

  /** The first of two with the same name or identity stays. */
  private distinct(backend: string, servers: readonly DiscoveredServer[]): readonly DiscoveredServer[] {
    if (servers.length < 2) return servers;
    const names = new Set<string>();
    const identities = new Set<string>();
    return servers.filter(({ config }) => {
      const { name, identity, origin } = config;
      if (names.has(name) || identities.has(identity)) {
        const message = `${origin} is no server of '${backend}': it has another one with the name '${name}'`;
        this.notes.push({ level: 'warning', subject: name, message });
        return false;
      }
      names.add(name);
      identities.add(identity);
      return true;
    });
  }

  // --- routes and their pools -------------------------------------------------------------------------------------

  /** Each source has settled its own conflicts; these are the ones between sources, and with the configuration. */
  private settle(): readonly Route[] {
    const routing = new Set(this.config.proxies.filter(isRouting).map((proxy) => proxy.name));
    const winners = new Map<string, Route>();
    for (const route of this.sources.flatMap((source) => source.routes)) {
      if (!routing.has(route.frontend) || !this.isPool(route)) continue;
      const key = claimOf(route);
      const holder = winners.get(key);
      const better = holder === undefined || precedence(route, holder) < 0;
      if (holder !== undefined && holder.pool !== route.pool) this.lost(better ? holder : route, better ? route : holder);
      if (better) winners.set(key, route);
    }
    return [...winners.values()].sort(compareRoutes);
  }

  /** Claims of what has stopped, for pools where others serve who do not make them: these would answer for a host that is not theirs. */
  private stopped(settled: readonly Route[]): ReadonlySet<Route> {
    const living = new Set(settled.filter(isLive).map(({ pool }) => pool));
    const stopped = settled.filter((route) => !isLive(route) && living.has(route.pool));
    for (const { host, path, exact, frontend, origin, pool } of stopped) {
      const text = `${routeText({ host, path, exact })} in '${frontend}' is answered with 503`;
      this.notes.push({
        level: 'info',
        subject: pool,
        message: `${text}: ${origin} has stopped, and no other of pool '${pool}' claims it`,
      });
    }
    return new Set(stopped);
  }

  private missing(lost: readonly Route[], standing: readonly Route[]): readonly Route[] {
    if (lost.length === 0) return lost;
    const claims = new Set(standing.map(claimOf));
    const frontends = new Set(this.config.proxies.filter(isRouting).map(({ name }) => name));
    const missing = lost.filter((route) => !claims.has(claimOf(route)) && frontends.has(route.frontend) && !this.backends.has(route.pool));
    for (const { host, path, exact, frontend, origin, pool } of missing) {
      const message = `${routeText({ host, path, exact })} in '${frontend}' is answered with 503 for a while: ${origin} of pool '${pool}' has gone`;
      this.notes.push({ level: 'info', subject: pool, message });
    }
    return missing;
  }

  private isPool(route: Route): boolean {
    const section = this.backends.get(route.pool);
    if (section === undefined) return this.sources.some((source) => source.pools.has(route.pool));
    const message = `is not routed as '${route.pool}': a section of that name is configured at ${section.origin}`;
    this.notes.push({ level: 'error', subject: route.origin, message });
    return false;
  }

  private lost(loser: Route, winner: Route): void {
    const message = `${routeText(loser)} in '${loser.frontend}' is not given to pool '${loser.pool}': pool '${winner.pool}' serves it`;
    this.notes.push({ level: 'warning', subject: loser.origin, message: `${message} (${winner.origin})` });
  }

  private pools(routes: readonly Route[]): void {
    const names = [...new Set(routes.map((route) => route.pool))].sort();
    const ids = poolIds(names, new Set(this.config.proxies.map((proxy) => proxy.id)));
    const frontends = this.frontendsOf(routes);
    for (const name of names) {
      const frontend = frontends.get(name);
      if (frontend === undefined) continue;
      const sources = this.sources.filter((source) => source.pools.has(name));
      const found = withGenerations(serversOf(name, sources), rolloutOf(name, sources));
      const servers = withShares(this.distinct(name, oncePerIdentity(found)));
      const config = this.poolConfig(name, { id: ids.get(name) ?? 0, frontend, options: this.optionsOf(name, sources) });
      this.keep({
        name,
        config,
        servers: poolServers(config, servers),
        origin: sources.map((source) => source.source).join(', '),
        routed: true,
      });
    }
  }

  /** Each source has settled what its own servers say. */
  private optionsOf(pool: string, sources: readonly Snapshot[]): PoolOptions {
    let known: PoolOptions | undefined;
    for (const { source, poolOptions } of sources) {
      const more = poolOptions.get(pool);
      if (known === undefined || more === undefined) known ??= more;
      else {
        const { options, overruled } = mergeOptions(known, more);
        for (const name of overruled) {
          const message = `pool '${pool}' has another ${name} than ${source} says: sources count in the order of their names`;
          this.notes.push({ level: 'warning', subject: pool, message });
        }
        known = options;
      }
    }
    return known ?? {};
  }

  /** As it was before when it is made of the same. */
  private poolConfig(name: string, recipe: Recipe): ProxyConfig {
    const old = this.before.backends.get(name)?.config;
    const made = old === undefined ? undefined : recipes.get(old);
    const { id, frontend, options } = recipe;
    if (old !== undefined && made?.id === id && made.frontend === frontend && isDeepStrictEqual(made.options, options)) return old;
    const config = poolConfig(name, id, frontend, options, this.config);
    recipes.set(config, recipe);
    return config;
  }

  /** By pool. One that several frontends route to takes after the one that stands first in the text. */
  private frontendsOf(routes: readonly Route[]): ReadonlyMap<string, ProxyConfig> {
    const order = new Map(this.config.proxies.filter(isRouting).map((proxy, index) => [proxy.name, { proxy, index }]));
    const first = new Map<string, { readonly proxy: ProxyConfig; readonly index: number }>();
    for (const { pool, frontend } of routes) {
      const candidate = order.get(frontend);
      const best = first.get(pool);
      if (candidate !== undefined && (best === undefined || candidate.index < best.index)) first.set(pool, candidate);
    }
    return new Map([...first].map(([pool, { proxy }]) => [pool, proxy]));
  }

  private byFrontend(routes: readonly Route[], old: DesiredState['routes']): DesiredState['routes'] {
    const byFrontend = new Map<string, Route[]>();
    for (const proxy of this.config.proxies) if (isRouting(proxy)) byFrontend.set(proxy.name, []);
    for (const route of routes) byFrontend.get(route.frontend)?.push(route);
    return new Map([...byFrontend].map(([name, now]) => [name, unlessSame(old.get(name), now)]));
  }

  private unsettled(): ReadonlySet<string> {
    const spoken = new Set(this.sources.map((source) => source.source));
    const waiting = this.config.proxies.filter((proxy) => routeSources(proxy).some((source) => !spoken.has(source)));
    return new Set(waiting.map((proxy) => proxy.name));
  }
}

/** Negative where `a` is the better one of two claims for the same. */
function precedence(a: Route, b: Route): number {
  const age = a.claim === undefined || b.claim === undefined ? 0 : a.claim.since - b.claim.since;
  return Number(isLive(b)) - Number(isLive(a)) || b.priority - a.priority || age;
}

function isLive({ claim }: Route): boolean {
  return claim?.live ?? true;
}

/** Some line of it asks a source for routes. */
function isRouting(proxy: ProxyConfig): boolean {
  return routeSources(proxy).length > 0;
}

const configured = new WeakMap<ServerConfig, DiscoveredServer>();

/** Of a `server` line with an address; the same object each time. */
function configuredServer(config: ServerConfig): DiscoveredServer {
  const known = configured.get(config);
  if (known !== undefined) return known;
  const server: DiscoveredServer = { config, state: 'ready', reason: '' };
  configured.set(config, server);
  return server;
}

function sameElements<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((element, i) => element === b[i]);
}

function unlessSame<T>(before: readonly T[] | undefined, now: readonly T[]): readonly T[] {
  return before !== undefined && sameElements(before, now) ? before : now;
}

function serversOf(backend: string, sources: readonly Snapshot[]): readonly DiscoveredServer[] {
  return sources.flatMap(({ pools }) => pools.get(backend) ?? []);
}
