/**
 * Hosts that were served until a moment ago, and that no source names any more: a container is removed before the next one
 * takes its place, a stack is taken down and put up again. Until it is clear that they stay away, whoever asks for them gets
 * 503 with Retry-After, also where others of its pool still serve, and not 404, which says that there never was such a host.
 */

import { isDeepStrictEqual } from 'node:util';
import type { Config, ProxyConfig } from '../config/model.ts';
import type { Route } from '../discovery/provider.ts';
import { claimOf } from '../discovery/routes.ts';
import type { DesiredState } from './types.ts';

/** Milliseconds that a host is remembered. */
export const TOMBSTONE_LIFETIME = 600_000;
/** The oldest are forgotten first, and of those of one moment the ones that would be asked last. */
const MOST = 10_000;

interface Tombstone {
  readonly route: Route;
  /** Monotonic ms. */
  readonly until: number;
}

export class Tombstones {
  /** By claim, oldest first; those of one moment worst first. */
  private readonly stones = new Map<string, Tombstone>();

  get routes(): readonly Route[] {
    return [...this.stones.values()].map(({ route }) => route);
  }

  /** When the first of them is over, in monotonic ms. */
  get until(): number | undefined {
    return this.stones.values().next().value?.until;
  }

  /** Remembers what `before` routes and `after` does not, at monotonic `now` ms. Answers whether there is anything new. */
  put(before: DesiredState, after: DesiredState, now: number): boolean {
    const standing = new Set([...after.routes.values()].flat().map(claimOf));
    const lost = [...before.routes].flatMap(([frontend, routes]) =>
      after.routes.get(frontend) === routes || !after.routes.has(frontend) ? [] : routes.filter((route) => !standing.has(claimOf(route))),
    );
    for (const route of lost.reverse()) this.stones.set(claimOf(route), { route, until: now + TOMBSTONE_LIFETIME });
    for (const claim of this.stones.keys()) {
      if (this.stones.size > MOST || standing.has(claim)) this.stones.delete(claim);
    }
    return lost.length > 0;
  }

  /** Forgets those that are over. */
  expire(now: number): void {
    for (const [claim, { until }] of this.stones) if (until <= now) this.stones.delete(claim);
  }

  /** Another configuration: where other lines route, nobody misses what the former ones have routed. */
  configure(before: Config, after: Config): void {
    const lines = new Map(after.proxies.map((proxy) => [proxy.name, routing(proxy)]));
    const kept = new Set(
      before.proxies.filter((proxy) => isDeepStrictEqual(lines.get(proxy.name), routing(proxy))).map(({ name }) => name),
    );
    for (const [claim, { route }] of this.stones) if (!kept.has(route.frontend)) this.stones.delete(claim);
  }
}

function routing({ dockerRoutes, consulRoutes }: ProxyConfig): unknown {
  return [...dockerRoutes, ...consulRoutes].map((line) => ({ ...line, place: undefined }));
}
