/**
 * The map of HAProxy's static algorithms: one entry per unit of weight, a server's entries spread over the whole.
 *
 * For each entry every server earns its weight. Who has earned a whole map gets the entry and pays for it; until
 * somebody has, the first declared that is not in debt gets it. Weights 5 1 1 give 1112113, weights 1 2 3 give 132323.
 */

import type { Server } from '../server.ts';

/** Cold: O(entries x servers). Weights are divided by their common divisor first: it changes the length, not the shares. */
export function weightMap(servers: readonly Server[]): Server[] {
  const divisor = servers.reduce((common, server) => gcd(common, server.weight), 0);
  const earned = servers.map(() => 0);
  const total = servers.reduce((sum, server) => sum + server.weight / divisor, 0);
  const map: Server[] = [];
  for (let entry = 0; entry < total; entry++) {
    let best = 0;
    let most = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < servers.length; i++) {
      const credit = (earned[i] as number) + (servers[i] as Server).weight / divisor;
      earned[i] = credit;
      const whole = Math.floor(credit / total);
      if (whole > most) {
        most = whole;
        best = i;
      }
    }
    earned[best] = (earned[best] as number) - total;
    map.push(servers[best] as Server);
  }
  return map;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
