/** Which weights a server may get while it runs: from the Runtime API and from its agent. */

import type { Server } from './server.ts';

export const MAX_WEIGHT = 256;

/** Why `takesWeight` says no. */
export const STATIC_WEIGHTS = "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.";

/** Percent of the configured weight, rounded down, and no more than there may be. */
export function shareOfWeight(server: Server, percent: number): number {
  return Math.min(MAX_WEIGHT, Math.floor((server.config.weight * percent) / 100));
}

/** Algorithms whose weights are fixed know the configured one and none at all, however that was reckoned. */
export function takesWeight(server: Server, weight: number): boolean {
  return server.dynamic || weight === 0 || weight === server.config.weight;
}
