/** Which sources a section of the configuration asks: for its servers, and for the routes of a frontend. */

import type { ProxyConfig } from '../config/model.ts';
import { consulSource } from './consul/names.ts';
import { dockerSource } from './docker/names.ts';
import { fileSource } from './file/names.ts';

/** Names of the snapshots that may hold servers of this section; empty where no line asks anybody. */
export function serverSources({ dockerServers, consulServers, fileServers }: ProxyConfig): readonly string[] {
  return [
    ...dockerServers.flatMap(({ selector }) => selector.engines.map(dockerSource)),
    ...consulServers.flatMap(({ agents }) => agents.map(consulSource)),
    ...fileServers.map(({ path }) => fileSource(path)),
  ];
}

/** Names of the snapshots that may hold routes of this frontend; empty where no line asks anybody. */
export function routeSources({ dockerRoutes, consulRoutes }: ProxyConfig): readonly string[] {
  return [
    ...dockerRoutes.flatMap(({ engines }) => engines.map(dockerSource)),
    ...consulRoutes.flatMap(({ agents }) => agents.map(consulSource)),
  ];
}
