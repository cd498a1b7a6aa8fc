/** The order of routes, and what it means that two claim the same. */

import type { Route } from './provider.ts';

const KINDS: Readonly<Record<Route['host']['kind'], number>> = { exact: 0, suffix: 1, regex: 2, any: 3 };

/** Best first: the higher priority, then the more specific host, then the longer path; then by name, for a fixed order. */
export function compareRoutes(a: Route, b: Route): number {
  return (
    b.priority - a.priority ||
    KINDS[a.host.kind] - KINDS[b.host.kind] ||
    (a.host.kind === 'suffix' ? b.host.value.length - a.host.value.length : 0) ||
    b.path.length - a.path.length ||
    Number(b.exact) - Number(a.exact) ||
    compareText(a.host.value, b.host.value) ||
    compareText(a.path, b.path) ||
    compareText(a.pool, b.pool)
  );
}

/** A claim that another one stands against. */
export interface LostClaim<Claim> {
  readonly claim: Claim;
  readonly winner: Claim;
}

/**
 * Of several pools that claim the same the one of the best claim has it, `compare` saying which that is. Answers the routes that
 * stand, best first, the claims that do not, and those of the pool that has it that want its requests passed on otherwise.
 */
export function settleClaims<Claim extends { readonly route: Route }>(
  claims: readonly Claim[],
  compare: (a: Claim, b: Claim) => number,
): { readonly routes: readonly Route[]; readonly lost: readonly LostClaim<Claim>[]; readonly overruled: readonly LostClaim<Claim>[] } {
  const winners = new Map<string, Claim>();
  const lost: LostClaim<Claim>[] = [];
  const overruled: LostClaim<Claim>[] = [];
  for (const claim of [...claims].sort(compare)) {
    const key = claimOf(claim.route);
    const winner = winners.get(key);
    if (winner === undefined) winners.set(key, claim);
    else if (winner.route.pool !== claim.route.pool) lost.push({ claim, winner });
    else if (winner.route.rewrite !== claim.route.rewrite || winner.route.priority !== claim.route.priority)
      overruled.push({ claim, winner });
  }
  return { routes: [...winners.values()].map(({ route }) => route).sort(compareRoutes), lost, overruled };
}

/** Equal for two routes that the same requests would take. */
export function claimOf(route: Route): string {
  return `${route.frontend} ${route.host.kind} ${route.host.value} ${route.exact ? '=' : ''}${route.path}`;
}

/**
 * How messages write a route: `www.example.test/api`, `*.example.test/`, `~^a/`, a star alone for any host, and
 * `www.example.test=/api` where the path alone is meant.
 */
export function routeText(route: Pick<Route, 'host' | 'path' | 'exact'>): string {
  const { kind, value } = route.host;
  const host = kind === 'exact' ? value : kind === 'regex' ? `~${value}` : `*${value}`;
  return `${host}${route.exact ? '=' : ''}${route.path}`;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
