/**
 * How many connections there may be, once everybody who has a say is known: the command line, the text, the system.
 * Manual 3.2 "maxconn", 4.2 "maxconn" and "fullconn".
 */

import type { ProxyDraft } from './draft.ts';

/** What is known beside the text. */
export interface LimitOptions {
  /** `-n`: wins over `global maxconn`, but not over a frontend's own. */
  readonly maxconn?: number | undefined;
  /** `-N`: for frontends that have none. */
  readonly frontendMaxconn?: number | undefined;
  /** How many files the process may open: what the limit is derived from where nobody gives it. */
  readonly descriptors?: number | undefined;
}

/** Not for connections: listeners, logs, checks, sources. */
const RESERVED_DESCRIPTORS = 100;

/** What a frontend counts for `fullconn` where neither it nor the process has a limit. */
const DEFAULT_MAXCONN = 2000;

/** Of the process. Without any, as in HAProxy, it is what the descriptors suffice for: two for each connection. */
export function processLimit(configured: number | undefined, { maxconn, descriptors }: LimitOptions): number | undefined {
  const derived = descriptors === undefined ? undefined : Math.max(1, Math.floor((descriptors - RESERVED_DESCRIPTORS) / 2));
  return maxconn ?? configured ?? derived;
}

/** Of a frontend; one without has the process's. */
export function frontendLimit(configured: number | undefined, limit: number | undefined, options: LimitOptions): number | undefined {
  return configured ?? options.frontendMaxconn ?? limit;
}

/** Ten percent of the frontends that lead here, rounded up; names that depend on the request do not count. */
export function fullconn(
  backend: ProxyDraft,
  proxies: readonly ProxyDraft[],
  limitOf: (frontend: ProxyDraft) => number | undefined,
): number {
  let sum = 0;
  for (const proxy of proxies) {
    if (proxy.kind === 'backend') continue;
    const reaches =
      proxy === backend || proxy.defaultBackend?.name === backend.name || proxy.useBackends.some((rule) => rule.backend === backend.name);
    if (reaches) sum += limitOf(proxy) ?? DEFAULT_MAXCONN;
  }
  return Math.max(1, Math.ceil(sum / 10));
}
