/** Which engines each `docker-servers` and `docker-routes` line means. */

import type { Reporter } from './diagnostics.ts';
import type { Draft } from './draft.ts';
import { type Asking, type LinkedSections, linkSections } from './link-sections.ts';
import type { DockerEngineConfig, NearConfig, ProxyConfig } from './model.ts';

/** The engine that is used where the text names none: DOCKER_HOST or the usual socket. */
const unnamed: DockerEngineConfig = {
  place: undefined,
  name: '',
  endpoint: undefined,
  tlsCa: undefined,
  tlsCert: undefined,
  tlsKey: undefined,
};

export function linkDockers(draft: Draft, reporter: Reporter): LinkedSections<DockerEngineConfig> {
  const lines = draft.proxies.flatMap((proxy): readonly Asking[] => [
    ...proxy.dockerServers.map(({ place, selector, near }) => ({ place, named: named(selector.engines, near) })),
    ...proxy.dockerRoutes.map(({ place, engines, near }) => ({ place, named: named(engines, near) })),
  ]);
  return linkSections('docker', draft.dockers, unnamed, lines, reporter);
}

/** `near=` may name a section, too. */
function named(engines: readonly string[], near: NearConfig | undefined): readonly string[] {
  return near === undefined || near.to === 'engine' || near.to === 'node' ? engines : [...engines, near.to];
}

/** Servers that are far stand in for those that are near, all together. */
export function hasFarBackups({
  dockerServers,
  dockerRoutes,
  consulServers,
  consulRoutes,
}: Pick<ProxyConfig, 'dockerServers' | 'dockerRoutes' | 'consulServers' | 'consulRoutes'>): boolean {
  return [...dockerServers, ...dockerRoutes, ...consulServers, ...consulRoutes].some(
    ({ near }) => near !== undefined && near.share === undefined,
  );
}
