/**
 * Who may serve what: containers claim hosts and paths for their pool, and of two pools that claim the same one wins.
 *
 * A container that runs goes before one that has stopped, then the higher priority, then the older container. One that
 * has stopped but still exists keeps its claim as long as nobody else makes it, so that its host answers 503, not 404.
 */

import type { Note, Route } from '../provider.ts';
import { claimOf, compareRoutes, routeText } from '../routes.ts';
import { type Container, isLive } from './container.ts';

export interface Claim {
  readonly route: Route;
  readonly container: Container;
}

/** The routes that stand, best first, and a note for each claim that does not. */
export function settle(claims: readonly Claim[]): { readonly routes: readonly Route[]; readonly notes: readonly Note[] } {
  const winners = new Map<string, Claim>();
  const notes: Note[] = [];
  for (const claim of [...claims].sort(compareClaims)) {
    const key = claimOf(claim.route);
    const winner = winners.get(key);
    if (winner === undefined) winners.set(key, claim);
    else if (winner.route.pool !== claim.route.pool) notes.push(lost(claim, winner));
  }
  return { routes: [...winners.values()].map((claim) => claim.route).sort(compareRoutes), notes };
}

function compareClaims(a: Claim, b: Claim): number {
  return (
    Number(isLive(b.container.state)) - Number(isLive(a.container.state)) ||
    b.route.priority - a.route.priority ||
    a.container.created - b.container.created ||
    (a.container.id < b.container.id ? -1 : 1)
  );
}

function lost(claim: Claim, winner: Claim): Note {
  const why = winner.route.priority > claim.route.priority ? 'has the higher priority' : 'is older';
  const message =
    `${routeText(claim.route)} in '${claim.route.frontend}' is not given to pool '${claim.route.pool}': ` +
    `container ${winner.container.name} of pool '${winner.route.pool}' serves it and ${why}`;
  return { level: isLive(claim.container.state) ? 'warning' : 'info', subject: claim.container.name, message };
}
