/**
 * The backends of pools. A pool takes after the frontend that routes to it, so that frontend's `defaults`, and what it has of
 * its own that a `defaults` may have, become a `defaults` section at the end of the text, where no other section begins with it.
 */

import type { Config, ProxyConfig } from '../config/model.ts';
import type { GlobalTlsConfig } from '../config/model-tls.ts';
import type { Route } from '../discovery/provider.ts';
import type { DesiredBackend, DesiredState } from '../state/types.ts';
import { asWritten, comment, INDENT } from './lines.ts';
import { poolOptionLines } from './pool-options.ts';
import { rewriteLines } from './routes.ts';
import { freeName, isAt, keywordOf, lineage, type TextSection } from './sections.ts';
import { defaultServer, serverLines } from './servers.ts';

export function* poolSections(config: Config, state: DesiredState, sections: readonly TextSection[]): Generator<string> {
  const routes = routesByPool(state);
  for (const [proxy, pools] of poolsByFrontend(config, state)) {
    const section = sections.find(({ start }) => start !== undefined && isAt(start.place, proxy.place));
    const defaults = freeName(`fairlead-${proxy.name}`, sections, state);
    yield '';
    yield comment(`what ${proxy.kind} '${proxy.name}' gives to the pools that it routes to`);
    yield `defaults ${defaults}`;
    if (section !== undefined) yield* inherited(section, sections);
    for (const pool of pools) yield* poolSection(pool, defaults, proxy, routes.get(pool.name) ?? [], config.global.tls);
  }
}

function routesByPool({ routes }: DesiredState): ReadonlyMap<string, readonly Route[]> {
  const found = new Map<string, Route[]>();
  for (const route of [...routes.values()].flat()) {
    const known = found.get(route.pool);
    if (known === undefined) found.set(route.pool, [route]);
    else known.push(route);
  }
  return found;
}

/** A pool takes after the one that stands first in the text, as `state/desired.ts` has it. */
function poolsByFrontend({ proxies }: Config, { backends, routes }: DesiredState): ReadonlyMap<ProxyConfig, readonly DesiredBackend[]> {
  const taken = new Set<string>();
  const found = new Map<ProxyConfig, DesiredBackend[]>();
  for (const proxy of proxies) {
    const names = new Set(routes.get(proxy.name)?.map(({ pool }) => pool));
    const pools = [...names].sort().flatMap((name) => (taken.has(name) ? [] : (backends.get(name) ?? [])));
    for (const name of names) taken.add(name);
    if (pools.length > 0) found.set(proxy, pools);
  }
  return found;
}

function poolSection(
  { name, config, servers, origin }: DesiredBackend,
  defaults: string,
  frontend: ProxyConfig,
  routes: readonly Route[],
  tls: GlobalTlsConfig,
): readonly string[] {
  const lines = [...poolOptionLines(config, frontend), ...rewriteLines(routes), ...serverLines(servers, defaultServer([], tls))];
  return ['', comment(`found by ${origin}`), `backend ${name} from ${defaults}`, ...lines.map((line) => INDENT + line)];
}

/** What a pool does not have of its frontend (`state/pools.ts`): rules and statistics have been applied there. */
const KEPT_BACK =
  /^(acl|cookie|default-server|default_backend|description|http-request|http-response|monitor-uri|option forwardfor|redirect|stats .*)$/;

function inherited(section: TextSection, all: readonly TextSection[]): readonly string[] {
  return lineage(section, all).flatMap(({ start, lines }) =>
    lines.flatMap((line) => {
      if (line.kind !== 'statement' || start === undefined) return [];
      const keyword = keywordOf(start, line.words);
      if (keyword === undefined || keyword.own || KEPT_BACK.test(keyword.name)) return [];
      const both: readonly string[] = keyword.sections;
      return both.includes('defaults') && both.includes(start.kind) ? asWritten(line).map((text) => INDENT + text.trim()) : [];
    }),
  );
}
