/**
 * What several sources say of one pool's servers, put together. Pure.
 *
 * Two engines may tell of one container: the managers of a Swarm know all of its tasks, and the engine that runs one knows it
 * as well. And servers that are far from us may have to do with a share of their weight (`near=`, `far=`), which is a matter
 * between all servers of the pool, because weights are whole numbers.
 */

import type { DiscoveredServer } from '../discovery/provider.ts';

const RANK: Readonly<Record<DiscoveredServer['state'], number>> = { drain: 0, ready: 1, down: 2 };

/** Who has heard that it leaves knows best; then who can reach it, then who is near. */
function rank({ state, share, config }: DiscoveredServer): number {
  return 2 * RANK[state] + Number(share !== undefined || config.backup);
}

/** One server for each identity, at the place of the first. */
export function oncePerIdentity(servers: readonly DiscoveredServer[]): readonly DiscoveredServer[] {
  if (servers.length < 2) return servers;
  const best = new Map<string, DiscoveredServer>();
  for (const server of servers) {
    const other = best.get(server.config.identity);
    if (other === undefined || rank(server) < rank(other)) best.set(server.config.identity, server);
  }
  return best.size === servers.length ? servers : [...best.values()];
}

/** HAProxy's largest weight. */
const MOST = 256;
/** Whole weights that are as close as this to what was asked for are good enough. */
const TOLERANCE = 0.02;

/** By the server as its source told it, so that what has not changed is the same object as before. */
const weighed = new WeakMap<DiscoveredServer, DiscoveredServer>();

/** With weights that give those with a share what they are to have beside the others. */
export function withShares(servers: readonly DiscoveredServer[]): readonly DiscoveredServer[] {
  if (servers.every(({ share }) => share === undefined)) return servers;
  const exact = servers.map(({ config, share = 100 }) => (config.weight * share) / 100);
  const factor = factorFor(exact.filter((weight) => weight > 0));
  return servers.map((server, i) => {
    const wanted = exact[i] ?? 0;
    return weigh(server, wanted === 0 ? 0 : Math.max(1, Math.round(wanted * factor)));
  });
}

function weigh(server: DiscoveredServer, weight: number): DiscoveredServer {
  if (server.config.weight === weight) return server;
  const known = weighed.get(server);
  if (known?.config.weight === weight) return known;
  const made = { ...server, config: { ...server.config, weight } };
  weighed.set(server, made);
  return made;
}

/** The smallest factor that makes all of them close to whole numbers, or the best one that keeps them within bounds. */
function factorFor(weights: readonly number[]): number {
  const most = Math.floor(MOST / Math.max(1, ...weights));
  let best = 1;
  let least = Number.POSITIVE_INFINITY;
  for (let factor = 1; factor <= most && least > TOLERANCE; factor++) {
    const error = Math.max(0, ...weights.map((weight) => Math.abs(Math.max(1, Math.round(weight * factor)) / (weight * factor) - 1)));
    if (error < least) [best, least] = [factor, error];
  }
  return best;
}
