/**
 * What a catalogue means under a configuration. Pure: the same facts come to the same, whether a snapshot or a report is made of
 * it.
 *
 *     instances, configuration  ->  pools of `consul-servers`, pools and routes of `consul-routes`, what is to be said of each
 */

import type { Config, ConsulRoutesConfig, ConsulServersConfig, ProxyConfig } from '../../config/model.ts';
import { forbiddenInName } from '../../config/values.ts';
import type { Resolved } from '../dns/lookups.ts';
import type { Labels, Settings } from '../labels/settings.ts';
import type { DiscoveredServer, PoolOptions, Route } from '../provider.ts';
import type { AskingLine, Reason } from '../report.ts';
import { type Claim, type Loss, settle } from './claims.ts';
import type { Instance } from './instance.ts';
import { consulSource } from './names.ts';
import { type Placed, scaleOf, serverOf, subjectOf } from './server.ts';
import type { CatalogueQuery, ConsulView, ServiceQuery, Wanted } from './watch.ts';
import { readOwn, type Way, waysOf } from './words.ts';

export interface MappingInput {
  /** The provider's name, which says the agent. */
  readonly source: string;
  readonly view: ConsulView;
  readonly config: Config;
  resolve(name: string): Resolved;
}

/** An instance that has become a server. */
export interface Placement extends Placed {
  readonly instance: Instance;
  readonly line: AskingLine;
  readonly backend: string;
  readonly routes: readonly Route[];
}

export interface Remark extends Reason {
  readonly instance: Instance;
}

export interface Mapping {
  /** By backend, by identity. */
  readonly pools: ReadonlyMap<string, ReadonlyMap<string, DiscoveredServer>>;
  readonly poolOptions: ReadonlyMap<string, PoolOptions>;
  readonly routes: readonly Route[];
  readonly losses: readonly Loss[];
  readonly placements: readonly Placement[];
  readonly remarks: readonly Remark[];
  /** Every instance that some line has looked at. */
  readonly instances: ReadonlySet<Instance>;
}

type AnyLine = ConsulServersConfig | ConsulRoutesConfig;

export function mapCatalogue(input: MappingInput): Mapping {
  const pass = new Pass(input);
  for (const proxy of input.config.proxies) {
    for (const line of proxy.consulServers) if (asks(line, input.source)) pass.servers(proxy, line);
    for (const line of proxy.consulRoutes) if (asks(line, input.source)) pass.routes(proxy, line);
  }
  return pass.finish();
}

/** What the lines of a configuration need to know of one agent. */
export function wantedBy(config: Config, source: string): Wanted {
  const servers = config.proxies.flatMap(({ consulServers }) => consulServers.filter((line) => asks(line, source)));
  const routes = config.proxies.flatMap(({ consulRoutes }) => consulRoutes.filter((line) => asks(line, source)));
  return { catalogues: routes.map(catalogueOf), services: servers.map(serviceOf) };
}

function asks({ agents }: AnyLine, source: string): boolean {
  return agents.some((agent) => consulSource(agent) === source);
}

function catalogueOf({ datacenter, near }: AnyLine): CatalogueQuery {
  return { datacenter, near };
}

function serviceOf(line: ConsulServersConfig): ServiceQuery {
  return { ...catalogueOf(line), service: line.service };
}

/** Once over all lines. */
class Pass {
  private readonly input: MappingInput;
  private readonly sections: ReadonlySet<string>;
  private readonly pools = new Map<string, Map<string, DiscoveredServer>>();
  private readonly poolOptions = new Map<string, PoolOptions>();
  private readonly claims: Claim[] = [];
  private readonly placements: Placement[] = [];
  private readonly remarks: Remark[] = [];
  private readonly instances = new Set<Instance>();
  private line: AskingLine = { place: '', keyword: '', section: '' };

  constructor(input: MappingInput) {
    this.input = input;
    this.sections = new Set(input.config.proxies.filter(({ kind }) => kind !== 'frontend').map(({ name }) => name));
  }

  servers(proxy: ProxyConfig, line: ConsulServersConfig): void {
    this.enter(proxy, line, 'consul-servers');
    const instances = this.input.view.instances(serviceOf(line));
    if (instances === undefined) return;
    const pool = this.pool(proxy.name);
    const wish = wishOf(line, instances);
    for (const instance of oldestFirst(instances)) {
      this.instances.add(instance);
      const missing = line.tags.filter((tag) => !instance.tags.includes(tag));
      if (missing.length > 0) {
        this.remark(instance, 'info', `it has no tag ${missing.join(', ')}`);
        continue;
      }
      const own = this.ownOf(instance, 'fairlead.');
      if (own === undefined) continue;
      const placed = this.place(instance, own.flat, wish, `is no server of '${proxy.name}'`);
      if (placed === undefined || pool.has(placed.server.config.identity)) continue;
      pool.set(placed.server.config.identity, placed.server);
      this.placements.push({ ...placed, instance, line: this.line, backend: proxy.name, routes: [] });
    }
  }

  routes(proxy: ProxyConfig, line: ConsulRoutesConfig): void {
    this.enter(proxy, line, 'consul-routes');
    const catalogue = catalogueOf(line);
    for (const service of this.input.view.services(catalogue) ?? []) {
      const instances = this.input.view.instances({ ...catalogue, service }) ?? [];
      for (const instance of oldestFirst(instances)) this.routeInstance(proxy, line, instance, instances);
    }
  }

  finish(): Mapping {
    const { pools, poolOptions, placements, remarks, instances } = this;
    const { routes, losses } = settle(this.claims);
    const routed = new Set(routes.map((route) => route.pool));
    // A pool that lost all its claims gets no traffic: it is no backend.
    for (const name of poolOptions.keys()) {
      if (routed.has(name)) continue;
      poolOptions.delete(name);
      pools.delete(name);
    }
    return { pools, poolOptions, routes, losses, placements, remarks, instances };
  }

  private routeInstance(proxy: ProxyConfig, line: ConsulRoutesConfig, instance: Instance, all: readonly Instance[]): void {
    this.instances.add(instance);
    if (instance.kind !== '') {
      this.remark(instance, 'info', `it is a ${instance.kind} of the mesh, not a service that speaks HTTP to everybody`);
      return;
    }
    const own = this.ownOf(instance, line.prefix);
    if (own === undefined) return;
    if (line.optIn && own.flat.enabled !== true) {
      this.remark(instance, 'info', `is not routed by '${proxy.name}': tag ${line.prefix}enable=true is wanted there`);
      return;
    }
    const warnings: string[] = [];
    const ways = waysOf(instance, own, line, warnings);
    for (const warning of warnings) this.remark(instance, 'warning', warning);
    if (ways.length === 0 && warnings.length === 0) {
      const missing = `none of its tags names a host, and consul-routes no domain=`;
      this.remark(instance, 'info', `is not routed by '${proxy.name}': ${missing}`);
    }
    const wish = wishOf(line, all);
    for (const way of ways) this.routeWay(proxy, line, instance, way, wish);
  }

  private routeWay(proxy: ProxyConfig, line: ConsulRoutesConfig, instance: Instance, way: Way, wish: ReturnType<typeof wishOf>): void {
    const { settings, pool } = way;
    const bad = forbiddenInName(pool);
    const advice = `tag ${line.prefix}service gives the pool another name`;
    if (bad !== undefined) {
      this.remark(instance, 'error', `is not routed as '${pool}': '${bad}' cannot stand in the name of a backend. ${advice}`);
      return;
    }
    if (this.sections.has(pool)) {
      this.remark(instance, 'error', `is not routed as '${pool}': a section of that name is configured. ${advice}`);
      return;
    }
    const placed = this.place(instance, settings, wish, `is not routed by '${proxy.name}'`);
    if (placed === undefined) return;
    const routes = (settings.hosts ?? []).map((host): Route => {
      const { path, exact, rewrite, priority } = settings;
      return { frontend: proxy.name, host, path, exact, rewrite, priority, pool, origin: placed.server.config.origin };
    });
    const servers = this.pool(pool);
    if (!servers.has(placed.server.config.identity)) servers.set(placed.server.config.identity, placed.server);
    this.poolOptions.set(pool, { ...optionsOf(settings), ...this.poolOptions.get(pool) });
    for (const route of routes) this.claims.push({ route, instance });
    this.placements.push({ ...placed, instance, line: this.line, backend: pool, routes });
  }

  private enter({ name }: ProxyConfig, { place }: AnyLine, keyword: string): void {
    this.line = { place: `${place.file}:${place.line}`, keyword, section: name };
  }

  private pool(name: string): Map<string, DiscoveredServer> {
    const pool = this.pools.get(name) ?? new Map<string, DiscoveredServer>();
    this.pools.set(name, pool);
    return pool;
  }

  /** Our own words of an instance, or undefined when they keep it from being used. */
  private ownOf(instance: Instance, prefix: string): Labels | undefined {
    const own = readOwn(instance, prefix);
    for (const warning of own.warnings) this.remark(instance, 'warning', warning.replace(/^label /, 'tag '));
    for (const error of own.errors) this.remark(instance, 'error', `is refused: ${error.replace(/^label /, 'tag ')}`);
    if (own.errors.length > 0) return undefined;
    if (own.flat.enabled !== false) return own;
    this.remark(instance, 'info', `is not used: tag ${prefix}enable=false`);
    return undefined;
  }

  private place(instance: Instance, settings: Settings, wish: ReturnType<typeof wishOf>, refusal: string): Placed | undefined {
    const placed = serverOf(instance, settings, wish, (name) => this.input.resolve(name));
    if ('value' in placed) return placed.value;
    this.remark(instance, 'error', `${refusal}: ${placed.problem.replace(/^label /, 'tag ')}`);
    return undefined;
  }

  private remark(instance: Instance, level: Reason['level'], message: string): void {
    this.remarks.push({ instance, line: this.line, level, message });
  }
}

/** `instances` in the order of the answer: the nearest node's come first where that was asked for. */
function wishOf({ template, passing, near }: AnyLine, instances: readonly Instance[]) {
  return { template, passing, nearest: near === undefined ? undefined : instances[0]?.node, scale: scaleOf(instances, template) };
}

function oldestFirst(instances: readonly Instance[]): readonly Instance[] {
  return [...instances].sort((a, b) => a.created - b.created || (subjectOf(a) < subjectOf(b) ? -1 : 1));
}

/** What is said; what the oldest instance says stays. */
function optionsOf({ balance, httpCheck, checkTimeout, sticky, redirect, auth, rollout }: Settings): PoolOptions {
  const all = { balance, httpCheck, checkTimeout, sticky, redirect, auth, rollout };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
