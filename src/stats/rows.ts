/**
 * Which rows a report has, in HAProxy's order: proxies as configured; within one FRONTEND, its listeners (with
 * `option socket-stats`), its servers, BACKEND.
 */

import type { Backend } from '../backend/backend.ts';
import type { Server } from '../backend/server.ts';
import { isSurelyDown } from '../backend/status.ts';
import type { ProxyConfig } from '../config/model.ts';
import type { Frontend } from '../proxy/frontend.ts';
import type { Listener } from '../proxy/listener.ts';
import type { Field, Reading, Value } from './field.ts';

/** A proxy as a reader of statistics sees it: a `listen` has both sides. */
export interface StatsProxy {
  readonly name: string;
  readonly frontend: Frontend | undefined;
  readonly backend: Backend | undefined;
}

export type Row =
  | { readonly side: 'F'; readonly of: Frontend }
  | { readonly side: 'L'; readonly of: Listener }
  | { readonly side: 'S'; readonly of: Server }
  | { readonly side: 'B'; readonly of: Backend };

/** What a reader wants to see. */
export interface Selection {
  /** `;up`: no server that is down or in maintenance. */
  readonly up: boolean;
  /** `;no-maint`: no server in maintenance. */
  readonly noMaint: boolean;
  /** `scope=`: part of a proxy's name in lower case, empty for all. */
  readonly scope: string;
  /** `stats scope`: whole names, empty for all. */
  readonly names: readonly string[];
}

export const EVERYTHING: Selection = { up: false, noMaint: false, scope: '', names: [] };

/**
 * All proxies in the order of the configuration, the two sides of a `listen` as one; then the backends that no section
 * names (routed pools, and what a reload took away and still finishes) as given. Disabled ones are not shown.
 */
export function pairProxies(configured: readonly ProxyConfig[], frontends: Iterable<Frontend>, backends: Iterable<Backend>): StatsProxy[] {
  const clientSides = new Map(Array.from(frontends, (frontend) => [frontend.name, frontend]));
  const serverSides = new Map(Array.from(backends, (backend) => [backend.name, backend]));
  const proxies: StatsProxy[] = [];
  for (const { name, kind, disabled } of configured) {
    const frontend = kind === 'backend' ? undefined : clientSides.get(name);
    const backend = kind === 'frontend' ? undefined : serverSides.get(name);
    if (backend !== undefined) serverSides.delete(name);
    if (!disabled && (frontend ?? backend) !== undefined) proxies.push({ name, frontend, backend });
  }
  for (const [name, backend] of serverSides) proxies.push({ name, frontend: undefined, backend });
  return proxies;
}

export function selectProxies(proxies: readonly StatsProxy[], selection: Selection): StatsProxy[] {
  return proxies.filter(({ name }) => {
    if (selection.names.length > 0 && !selection.names.includes(name)) return false;
    return name.toLowerCase().includes(selection.scope);
  });
}

/** The rows of one proxy. */
export function rowsOf(proxy: StatsProxy, selection: Selection): Row[] {
  return [...rowsIn([proxy], selection)];
}

/** One after the other, as they are when it is their turn. */
export function* rowsIn(proxies: Iterable<StatsProxy>, selection: Selection): Generator<Row> {
  for (const { frontend, backend } of proxies) {
    if (frontend !== undefined) {
      yield { side: 'F', of: frontend };
      if (frontend.config.socketStats) for (const listener of frontend.listeners) yield { side: 'L', of: listener };
    }
    if (backend !== undefined) {
      for (const server of backend.servers) if (isWanted(server, selection)) yield { side: 'S', of: server };
      yield { side: 'B', of: backend };
    }
  }
}

function isWanted(server: Server, selection: Selection): boolean {
  if (selection.up && (server.inMaintenance || isSurelyDown(server))) return false;
  return !(selection.noMaint && server.inMaintenance);
}

/** One cell; undefined is empty. */
export function read(field: Field, row: Row, at: Reading): Value {
  switch (row.side) {
    case 'F':
      return field.F?.(row.of, at);
    case 'L':
      return field.L?.(row.of, at);
    case 'S':
      return field.S?.(row.of, at);
    case 'B':
      return field.B?.(row.of, at);
  }
}
