/**
 * Who may serve what: containers claim hosts and paths for their pool, and of two pools that claim the same one wins.
 *
 * A container that runs goes before one that has stopped, then the higher priority, then the older container. One that
 * has stopped but still exists keeps its claim as long as nobody else makes it, so that its host answers 503, not 404.
 */

import type { Note, Route } from '../provider.ts';
import { type LostClaim, routeText, settleClaims } from '../routes.ts';
import { type Container, isLive } from './container.ts';

export interface Claim {
  readonly route: Route;
  readonly container: Container;
}

export interface Loss extends LostClaim<Claim> {
  /** `container web-1 of pool 'shop' serves it and is older` */
  readonly why: string;
}

export interface Settled {
  /** Those that stand, best first. */
  readonly routes: readonly Route[];
  /** The claims that do not. */
  readonly losses: readonly Loss[];
  /** About containers of a pool that disagree how it serves what they all claim. */
  readonly disagreements: readonly Note[];
}

export function settle(claims: readonly Claim[]): Settled {
  const { routes, lost, overruled } = settleClaims(claims, compareClaims);
  const losses = lost.map(({ claim, winner }) => ({ claim, winner, why: whyLost(claim, winner) }));
  // One that has stopped has nothing to say of those that run.
  return { routes, losses, disagreements: overruled.filter(({ claim }) => isLive(claim.container.state)).map(disagreement) };
}

function disagreement({ claim: { route, container }, winner }: LostClaim<Claim>): Note {
  const what = route.rewrite === winner.route.rewrite ? 'priority' : 'strip or rewrite';
  const why = winner.route.priority > route.priority ? 'has the higher priority' : 'is older';
  const message = `pool '${route.pool}' has another ${what} for ${routeText(route)}, as container ${winner.container.name} says, which ${why}`;
  return { level: 'warning', subject: container.name, message };
}

function compareClaims(a: Claim, b: Claim): number {
  return (
    Number(isLive(b.container.state)) - Number(isLive(a.container.state)) ||
    b.route.priority - a.route.priority ||
    seniority(a.container) - seniority(b.container) ||
    (a.container.id < b.container.id ? -1 : 1)
  );
}

/** Wall-clock ms. A task is as old as its service, which outlives it: an update of it gives nothing away. */
export function seniority({ task, created }: Container): number {
  return task?.serviceCreated ?? created;
}

function whyLost(claim: Claim, winner: Claim): string {
  const better = winner.route.priority > claim.route.priority ? 'has the higher priority' : 'is older';
  return `container ${winner.container.name} of pool '${winner.route.pool}' serves it and ${better}`;
}

export function noteOf({ claim: { route, container }, why }: Loss): Note {
  const message = `${routeText(route)} in '${route.frontend}' is not given to pool '${route.pool}': ${why}`;
  return { level: isLive(container.state) ? 'warning' : 'info', subject: container.name, message };
}
