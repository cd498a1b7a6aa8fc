/**
 * The backends of pools. A pool takes after the frontend that routes to it, so that frontend's `defaults`, and what it has of
 * its own that a `defaults` may have, become a `defaults` section at the end of the text, where no other section begins with it.
 */

import type { Config, ProxyConfig } from '../config/model.ts';
import type { Route } from '../discovery/provider.ts';
import type { DesiredBackend, DesiredState } from '../state/types.ts';
import { asWritten, comment, INDENT } from './lines.ts';
import { poolOptionLines } from './pool-options.ts';
import { rewriteLines } from './routes.ts';
import { freeName, isAt, keywordOf, lineage, type TextSection } from './sections.ts';
import { defaultServer, serverLines } from './servers.ts';

export function poolSections(config: Config, state: DesiredState, sections: readonly TextSection[]): readonly string[] {
  const routes = [...state.routes.values()].flat();
  const pools = [...state.backends.values()].filter(({ routed }) => routed);
  return config.proxies.flatMap((proxy) => {
    const own = pools.filter(({ name }) => frontendOf(name, config, state) === proxy);
    if (own.length === 0) return [];
    const section = sections.find(({ start }) => start !== undefined && isAt(start.place, proxy.place));
    const defaults = freeName(`fairlead-${proxy.name}`, sections);
    return [
      '',
      comment(`what ${proxy.kind} '${proxy.name}' gives to the pools that it routes to`),
      `defaults ${defaults}`,
      ...(section === undefined ? [] : inherited(section, sections)),
      ...own.flatMap((pool) =>
        poolSection(
          pool,
          defaults,
          proxy,
          routes.filter((route) => route.pool === pool.name),
        ),
      ),
    ];
  });
}

/** As `state/desired.ts` has it: the one that stands first in the text. */
function frontendOf(pool: string, { proxies }: Config, { routes }: DesiredState): ProxyConfig | undefined {
  return proxies.find(({ name }) => routes.get(name)?.some((route) => route.pool === pool) === true);
}

function poolSection(
  { name, config, servers, origin }: DesiredBackend,
  defaults: string,
  frontend: ProxyConfig,
  routes: readonly Route[],
): readonly string[] {
  const lines = [...poolOptionLines(config, frontend), ...rewriteLines(routes), ...serverLines(servers, defaultServer([]))];
  return ['', comment(`found by ${origin}`), `backend ${name} from ${defaults}`, ...lines.map((line) => INDENT + line)];
}

/** What a pool does not have of its frontend (`state/pools.ts`): rules and statistics have been applied there. */
const KEPT_BACK =
  /^(acl|default-server|default_backend|description|http-request|http-response|monitor-uri|option forwardfor|redirect|stats .*)$/;

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
