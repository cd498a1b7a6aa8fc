/** Which agents each `consul-servers` and `consul-routes` line means. */

import type { Reporter } from './diagnostics.ts';
import type { Draft } from './draft.ts';
import { newConsul } from './draft-defaults.ts';
import { type LinkedSections, linkSections } from './link-sections.ts';
import type { ConsulAgentConfig } from './model.ts';

export function linkConsuls(draft: Draft, reporter: Reporter): LinkedSections<ConsulAgentConfig> {
  const lines = draft.proxies.flatMap((proxy) =>
    [...proxy.consulServers, ...proxy.consulRoutes].map(({ place, agents }) => ({ place, named: agents })),
  );
  for (const { place, token, tokenFile } of draft.consuls) {
    if (token !== undefined && tokenFile !== undefined) reporter.alert(place, "'token' and 'token-file' cannot stand together.");
  }
  return linkSections('consul', draft.consuls, newConsul(undefined, ''), lines, reporter);
}
