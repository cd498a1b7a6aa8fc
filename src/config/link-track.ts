/** `track`: who is tracked must exist, be checked (or track somebody who is), and no chain may be a ring. */

import type { Reporter } from './diagnostics.ts';
import type { ProxyDraft } from './draft.ts';
import type { Place, ServerConfig } from './model.ts';

interface Tracker {
  readonly place: Place;
  readonly proxy: string;
  /** Its backend holds servers back (`http-check disable-on-404`): who tracks across backends has to mean the same. */
  readonly holds: boolean;
  readonly name: string;
  readonly config: ServerConfig;
}

export function checkTracking(proxies: readonly ProxyDraft[], reporter: Reporter): void {
  const backends = new Map(proxies.filter((proxy) => proxy.kind !== 'frontend').map((proxy) => [proxy.name, serversOf(proxy)]));
  for (const proxy of proxies) {
    if (proxy.disabled) continue;
    for (const tracker of backends.get(proxy.name)?.values() ?? []) {
      const error = tracker.config.track === undefined ? undefined : findError(tracker, backends);
      if (error !== undefined) reporter.alert(tracker.place, `'server ${proxy.name}/${tracker.name}' : ${error}`);
    }
  }
}

/** By name; the servers of a template, too. */
function serversOf(proxy: ProxyDraft): ReadonlyMap<string, Tracker> {
  const common = { proxy: proxy.name, holds: proxy.check.disableOn404 };
  const lines = proxy.servers.map(({ place, config }) => ({ ...common, place, name: config.name, config }));
  const slots = proxy.serverTemplates.flatMap(({ place, prefix, from, to, template }) =>
    Array.from({ length: to - from + 1 }, (_, i) => ({ ...common, place, name: `${prefix}${from + i}`, config: template })),
  );
  return new Map([...lines, ...slots].map((server) => [server.name, server]));
}

function findError(tracker: Tracker, backends: ReadonlyMap<string, ReadonlyMap<string, Tracker>>): string | undefined {
  if (tracker.config.check !== undefined) return 'unable to enable checks and tracking at the same time!';
  let at = tracker;
  const seen = new Set<Tracker>();
  for (let track = at.config.track; track !== undefined; track = at.config.track) {
    const backend = track.backend || at.proxy;
    const servers = backends.get(backend);
    const next = servers?.get(track.server);
    // Farther along the chain it is another server's mistake.
    if (next === undefined && at !== tracker) return undefined;
    if (servers === undefined) return `unable to find required proxy '${backend}' for tracking.`;
    if (next === undefined) return `unable to find required server '${track.server}' for tracking.`;
    if (next.holds !== at.holds) return `unable to use ${next.proxy}/${next.name} for tracking: disable-on-404 option inconsistency.`;
    if (next === tracker || seen.has(next)) {
      const first = tracker.config.track;
      const tracked = `${first?.backend || tracker.proxy}/${first?.server}`;
      return `unable to track ${tracked} as it belongs to a tracking chain looping back to ${next.proxy}/${next.name}.`;
    }
    seen.add(next);
    at = next;
  }
  if (at.config.check !== undefined || at.config.agent !== undefined) return undefined;
  return `unable to use ${at.proxy}/${at.name} for tracking as it does not have any check nor agent enabled.`;
}
