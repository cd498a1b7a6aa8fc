/**
 * Who may serve what: instances claim hosts and paths for their pool, and of two pools that claim the same one the higher
 * priority wins, then the one with the instance that was registered first. Health does not matter: a host does not change hands
 * because a check fails.
 */

import type { Route } from '../provider.ts';
import { claimOf, compareRoutes } from '../routes.ts';
import type { Instance } from './instance.ts';
import { identityOf } from './server.ts';

export interface Claim {
  readonly route: Route;
  readonly instance: Instance;
}

/** A claim that another pool's stands against. */
export interface Loss extends Claim {
  /** `service shop of pool 'shop' serves it and was registered first` */
  readonly why: string;
}

/** The routes that stand, best first, and the claims that do not. */
export function settle(claims: readonly Claim[]): { readonly routes: readonly Route[]; readonly losses: readonly Loss[] } {
  const winners = new Map<string, Claim>();
  const losses: Loss[] = [];
  for (const claim of [...claims].sort(compareClaims)) {
    const key = claimOf(claim.route);
    const winner = winners.get(key);
    if (winner === undefined) winners.set(key, claim);
    else if (winner.route.pool !== claim.route.pool) losses.push({ ...claim, why: whyLost(claim, winner) });
  }
  return { routes: [...winners.values()].map(({ route }) => route).sort(compareRoutes), losses };
}

function compareClaims(a: Claim, b: Claim): number {
  const byAge = a.instance.created - b.instance.created;
  return b.route.priority - a.route.priority || byAge || (identityOf(a.instance) < identityOf(b.instance) ? -1 : 1);
}

function whyLost(claim: Claim, { route, instance }: Claim): string {
  const better = route.priority > claim.route.priority ? 'has the higher priority' : 'was registered first';
  return `service ${instance.service} of pool '${route.pool}' serves it and ${better}`;
}
