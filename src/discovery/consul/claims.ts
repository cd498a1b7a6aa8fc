/**
 * Who may serve what: instances claim hosts and paths for their pool, and of two pools that claim the same one the higher
 * priority wins, then the one with the instance that was registered first. Health does not matter: a host does not change hands
 * because a check fails. It does when the older instance is registered anew, which makes it the youngest by Consul's indexes.
 */

import type { Route } from '../provider.ts';
import { settleClaims } from '../routes.ts';
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
  const { routes, lost } = settleClaims(claims, compareClaims);
  return { routes, losses: lost.map(({ claim, winner }) => ({ ...claim, why: whyLost(claim, winner) })) };
}

function compareClaims(a: Claim, b: Claim): number {
  const byAge = a.instance.created - b.instance.created;
  return b.route.priority - a.route.priority || byAge || (identityOf(a.instance) < identityOf(b.instance) ? -1 : 1);
}

function whyLost(claim: Claim, { route, instance }: Claim): string {
  const better = route.priority > claim.route.priority ? 'has the higher priority' : 'was registered first';
  return `service ${instance.service} of pool '${route.pool}' serves it and ${better}`;
}
