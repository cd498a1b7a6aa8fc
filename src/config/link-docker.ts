/** Which engines each `docker-servers` and `docker-routes` line means. */

import type { Reporter } from './diagnostics.ts';
import type { Draft } from './draft.ts';
import { type Asking, type LinkedSections, linkSections } from './link-sections.ts';
import type { DockerEngineConfig } from './model.ts';

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
    ...proxy.dockerServers.map(({ place, selector }) => ({ place, named: selector.engines })),
    ...proxy.dockerRoutes.map(({ place, engines }) => ({ place, named: engines })),
  ]);
  return linkSections('docker', draft.dockers, unnamed, lines, reporter);
}
