/**
 * What a catalogue means under a configuration: what becomes of each service, put together.
 *
 *     instances, configuration  ->  pools of `consul-servers`, pools and routes of `consul-routes`, what is to be said of each
 */

import { isDeepStrictEqual } from 'node:util';
import type { Config, ConsulServersConfig } from '../../config/model.ts';
import type { Resolved } from '../dns/lookups.ts';
import { speakTls } from '../labels/secure.ts';
import { Memo } from '../memo.ts';
import { mergeOptions } from '../pool-options.ts';
import type { DiscoveredServer, Note, PoolOptions, Route } from '../provider.ts';
import { type Claim, type Loss, settle } from './claims.ts';
import type { Instance } from './instance.ts';
import { consulSource } from './names.ts';
import { type AnyLine, isMixed, type Outcome, type Placement, routesOf, type Scene, serversOf } from './outcome.ts';
import { subjectOf } from './server.ts';
import type { CatalogueQuery, ConsulView, ServiceQuery, Wanted } from './watch.ts';

export interface MappingInput {
  /** The provider's name, which says the agent. */
  readonly source: string;
  readonly view: ConsulView;
  readonly config: Config;
  resolve(name: string): Resolved;
}

export interface Mapping {
  /** By backend, by identity. */
  readonly pools: ReadonlyMap<string, ReadonlyMap<string, DiscoveredServer>>;
  readonly poolOptions: ReadonlyMap<string, PoolOptions>;
  readonly routes: readonly Route[];
  readonly losses: readonly Loss[];
  /** What instances say of a pool otherwise than an older one, or than they do themselves. */
  readonly conflicts: readonly Note[];
  /** What came to nothing because the instance is in that pool with another port, and why. */
  readonly barred: ReadonlyMap<Placement, string>;
  readonly outcomes: readonly Outcome[];
}

export function mapCatalogue(input: MappingInput): Mapping {
  const pools = new Map<string, Map<string, DiscoveredServer>>();
  const poolOptions = new Map<string, PoolOptions>();
  const claims: Claim[] = [];
  const conflicts: Note[] = [];
  const barred = new Map<Placement, string>();
  const outcomes = outcomesOf(input, pools);
  for (const placement of outcomes.flatMap(({ placements }) => placements)) {
    const { instance, backend, server, routes, options } = placement;
    const pool = poolOf(pools, backend);
    const other = pool.get(server.config.identity);
    if (other === undefined) pool.set(server.config.identity, server);
    else if (other.config.port !== server.config.port) {
      barred.set(placement, `is in pool '${backend}' already, with port ${other.config.port}; tag service= makes it two pools`);
      continue;
    } else if (!isDeepStrictEqual(other, server)) {
      const message = `is in pool '${backend}' already, with other parameters; tag service= makes it two pools`;
      conflicts.push({ level: 'warning', subject: subjectOf(instance), message });
    }
    if (options !== undefined) {
      const merged = mergeOptions(poolOptions.get(backend) ?? {}, options);
      poolOptions.set(backend, merged.options);
      for (const name of merged.overruled) {
        conflicts.push({
          level: 'warning',
          subject: subjectOf(instance),
          message: `pool '${backend}' has another ${name}, as an older instance says`,
        });
      }
    }
    for (const route of routes) claims.push({ route, instance });
  }
  const { routes, losses } = settle(claims);
  const routed = new Set(routes.map((route) => route.pool));
  // A pool that lost all its claims gets no traffic: it is no backend.
  for (const name of poolOptions.keys()) {
    if (routed.has(name)) continue;
    poolOptions.delete(name);
    pools.delete(name);
  }
  for (const pool of pools.values()) nameApart(pool);
  return { pools, poolOptions, routes, losses, conflicts, barred, outcomes };
}

/** Servers that are called like another one of their pool get a number behind their name, in the order of their identities. */
function nameApart(pool: Map<string, DiscoveredServer>): void {
  const taken = new Set([...pool.values()].map(({ config }) => config.name));
  if (taken.size === pool.size) return;
  const first = new Set<string>();
  for (const [identity, server] of [...pool].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { name } = server.config;
    if (!first.has(name)) {
      first.add(name);
      continue;
    }
    let number = 2;
    while (taken.has(`${name}:${number}`)) number++;
    taken.add(`${name}:${number}`);
    pool.set(identity, renamed(server, `${name}:${number}`));
  }
}

const renamings = new WeakMap<DiscoveredServer, DiscoveredServer>();

/** What has not changed is the same object as before. */
function renamed(server: DiscoveredServer, name: string): DiscoveredServer {
  const known = renamings.get(server);
  if (known?.config.name === name) return known;
  const made = { ...server, config: { ...server.config, name } };
  renamings.set(server, made);
  return made;
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
  return { datacenter, near: near?.to };
}

function serviceOf(line: ConsulServersConfig): ServiceQuery {
  return { ...catalogueOf(line), service: line.service };
}

/** In the order of the configuration; a section whose service is known has a pool, also without a server. */
function outcomesOf(
  { source, view, config, resolve }: MappingInput,
  pools: Map<string, Map<string, DiscoveredServer>>,
): readonly Outcome[] {
  const scene: Scene = {
    sections: new Set(config.proxies.filter(({ kind }) => kind !== 'frontend').map(({ name }) => name)),
    tls: speakTls(config.proxies.filter(({ consulRoutes }) => consulRoutes.length > 0)),
    mixed: isMixed(config.proxies.flatMap(({ consulRoutes }) => consulRoutes)),
    resolve,
  };
  return config.proxies.flatMap((proxy) => {
    const servers = proxy.consulServers.filter((line) => asks(line, source));
    const routes = proxy.consulRoutes.filter((line) => asks(line, source));
    return [
      ...servers.flatMap((line): readonly Outcome[] => {
        const instances = view.instances(serviceOf(line));
        if (instances === undefined) return [];
        poolOf(pools, proxy.name);
        return [remembered(line, instances, config, scene, (seen) => serversOf(proxy, line, instances, seen))];
      }),
      ...routes.flatMap((line) => {
        const catalogue = catalogueOf(line);
        return (view.services(catalogue) ?? []).flatMap((service): readonly Outcome[] => {
          const instances = view.instances({ ...catalogue, service });
          return instances === undefined
            ? []
            : [remembered(line, instances, config, scene, (seen) => routesOf(proxy, line, instances, seen))];
        });
      }),
    ];
  });
}

const outcomes = new Memo<readonly Instance[], AnyLine, { readonly outcome: Outcome; readonly named: boolean }>();

/** Who knows a thousand services and hears of one does not think about the others again, unless an address is a name. */
function remembered(line: AnyLine, instances: readonly Instance[], config: Config, scene: Scene, make: (scene: Scene) => Outcome): Outcome {
  const once = () => {
    let named = false;
    const resolve = (name: string) => {
      named = true;
      return scene.resolve(name);
    };
    return { outcome: make({ ...scene, resolve }), named };
  };
  const { outcome, named } = outcomes.of(instances, line, [config], once);
  return named ? make(scene) : outcome;
}

function poolOf(pools: Map<string, Map<string, DiscoveredServer>>, name: string): Map<string, DiscoveredServer> {
  const pool = pools.get(name) ?? new Map<string, DiscoveredServer>();
  pools.set(name, pool);
  return pool;
}
