/**
 * The steps from one desired state to another. Pure.
 *
 * Their order is part of the answer: a backend exists before a route leads to it and until none does; within a
 * backend servers go before others come, so that a name is free when it is given anew.
 */

import { isDeepStrictEqual } from 'node:util';
import type { DiscoveredServer, Route } from '../discovery/provider.ts';
import type { Change, DesiredBackend, DesiredState } from './types.ts';

export function diff(from: DesiredState, to: DesiredState): readonly Change[] {
  const changes: Change[] = [];
  for (const backend of to.backends.values()) {
    const before = from.backends.get(backend.name);
    if (before === undefined) changes.push({ kind: 'add-backend', backend });
    else if (before !== backend) diffBackend(before, backend, changes);
  }
  diffRoutes(from, to, changes);
  for (const name of from.backends.keys()) if (!to.backends.has(name)) changes.push({ kind: 'remove-backend', name });
  return changes;
}

/** `change-backend` is about settings and origin; its servers have changes of their own. */
function diffBackend(from: DesiredBackend, to: DesiredBackend, changes: Change[]): void {
  const same = from.origin === to.origin && from.routed === to.routed && isDeepStrictEqual(from.config, to.config);
  if (!same) changes.push({ kind: 'change-backend', backend: to });
  const before = byIdentity(from.servers);
  const after = byIdentity(to.servers);
  const backend = to.name;
  for (const [identity, server] of before) {
    if (after.has(identity)) continue;
    // A server that was leaving has said why; who has removed one that no text has knows.
    const { origin, dynamic } = server.config;
    changes.push({ kind: 'remove-server', backend, identity, reason: server.reason || (dynamic === true ? '' : `${origin} is gone`) });
  }
  for (const [identity, server] of after) {
    const old = before.get(identity);
    if (old === undefined) changes.push({ kind: 'add-server', backend, server });
    else if (!isDeepStrictEqual(old, server)) changes.push({ kind: 'change-server', backend, server });
  }
  const identities = [...after.keys()];
  const kept = [...before.keys()].filter((identity) => after.has(identity));
  const unordered = [...kept, ...identities.filter((identity) => !before.has(identity))];
  if (!isDeepStrictEqual(unordered, identities)) changes.push({ kind: 'order', backend, identities });
}

function byIdentity(servers: readonly DiscoveredServer[]): ReadonlyMap<string, DiscoveredServer> {
  return new Map(servers.map((server) => [server.config.identity, server]));
}

function diffRoutes(from: DesiredState, to: DesiredState, changes: Change[]): void {
  const none: readonly Route[] = [];
  for (const frontend of new Set([...to.routes.keys(), ...from.routes.keys()])) {
    const routes = to.routes.get(frontend) ?? none;
    const gone = to.gone.get(frontend) ?? none;
    const unsettled = to.unsettled.has(frontend);
    const same = isDeepStrictEqual(from.routes.get(frontend) ?? none, routes) && isDeepStrictEqual(from.gone.get(frontend) ?? none, gone);
    if (same && unsettled === from.unsettled.has(frontend)) continue;
    changes.push({ kind: 'set-routes', frontend, routes, gone, settled: !unsettled });
  }
}
