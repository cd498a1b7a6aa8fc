/** The backend that a pool of `docker-routes` becomes: there is no section for it, so it takes after its frontend. */

import type { Config, ProxyConfig } from '../config/model.ts';
import { fnv1a } from '../core/fnv.ts';
import type { DiscoveredServer, PoolOptions } from '../discovery/provider.ts';
import { poolCheck } from './pool-check.ts';
import { poolRules } from './pool-rules.ts';
import { poolSticking } from './pool-sticking.ts';

/** What a pool takes from the rest of the configuration. */
export type Whole = Pick<Config, 'userlists' | 'proxies'> & { readonly global: Pick<Config['global'], 'bufsize'> };

/**
 * What a `backend NAME` section under the same `defaults` would be. Rules, statistics and `option forwardfor` of the
 * frontend have been applied when a request gets here, and must not be a second time.
 */
export function poolConfig(name: string, id: number, frontend: ProxyConfig, options: PoolOptions, whole: Whole): ProxyConfig {
  return {
    ...frontend,
    timeouts: { ...frontend.timeouts, check: options.checkTimeout ?? frontend.timeouts.check },
    name,
    id,
    kind: 'backend',
    disabled: false,
    description: undefined,
    forwardfor: undefined,
    acls: [],
    httpRequest: poolRules(frontend.place, options, whole),
    httpResponse: [],
    redirects: [],
    stats: undefined,
    monitor: undefined,
    binds: [],
    useBackends: [],
    defaultBackend: undefined,
    dockerRoutes: [],
    consulRoutes: [],
    balance: balanceOf(frontend, options),
    checkRules: poolCheck(frontend.checkRules, options.httpCheck, whole.global.bufsize),
    forcePersist: [],
    ignorePersist: [],
    useServers: [],
    ...poolSticking(name, frontend, options.sticky),
    servers: [],
    serverTemplates: [],
    dockerServers: [],
    consulServers: [],
    fileServers: [],
  };
}

/** The algorithm of the containers, with the `hash-type` of the frontend's `defaults`. */
function balanceOf({ balance }: ProxyConfig, options: PoolOptions): ProxyConfig['balance'] {
  if (options.balance === undefined) return balance;
  return balance.hash === undefined ? options.balance : { ...options.balance, hash: balance.hash };
}

const named = new WeakMap<DiscoveredServer, DiscoveredServer>();

/** Where a cookie says whose client somebody is, each server has its name for a value, unless its line gives it another. */
export function poolServers(config: ProxyConfig, servers: readonly DiscoveredServer[]): readonly DiscoveredServer[] {
  if (config.cookie?.mode === undefined || config.cookie.dynamic) return servers;
  return servers.map((server) => {
    if (server.config.cookie !== undefined) return server;
    const known = named.get(server) ?? { ...server, config: { ...server.config, cookie: server.config.name } };
    named.set(server, known);
    return known;
  });
}

const FIRST_ID = 10_000;
const IDS = 1 << 20;

/**
 * `iid`s of pools, above those of any section. They come from the name, so that a pool keeps its number while others
 * come and go; where two names collide, the one that sorts first has it.
 */
export function poolIds(names: readonly string[], taken: ReadonlySet<number>): ReadonlyMap<string, number> {
  const used = new Set(taken);
  const ids = new Map<string, number>();
  for (const name of [...names].sort()) {
    let id = FIRST_ID + (fnv1a(name) % IDS);
    while (used.has(id)) id++;
    used.add(id);
    ids.set(name, id);
  }
  return ids;
}
