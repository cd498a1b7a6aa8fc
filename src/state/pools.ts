/** The backend that a pool of `docker-routes` becomes: there is no section for it, so it takes after its frontend. */

import type { ProxyConfig } from '../config/model.ts';
import type { PoolOptions } from '../discovery/provider.ts';

/**
 * What a `backend NAME` section under the same `defaults` would be. Rules, statistics and `option forwardfor` of the
 * frontend have been applied when a request gets here, and must not be a second time.
 */
export function poolConfig(name: string, id: number, frontend: ProxyConfig, options: PoolOptions): ProxyConfig {
  return {
    ...frontend,
    name,
    id,
    kind: 'backend',
    disabled: false,
    description: undefined,
    forwardfor: undefined,
    acls: [],
    httpRequest: [],
    httpResponse: [],
    redirects: [],
    stats: undefined,
    binds: [],
    useBackends: [],
    defaultBackend: undefined,
    dockerRoutes: [],
    consulRoutes: [],
    balance: balanceOf(frontend, options),
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
    let id = FIRST_ID + (hash(name) % IDS);
    while (used.has(id)) id++;
    used.add(id);
    ids.set(name, id);
  }
  return ids;
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return value;
}
