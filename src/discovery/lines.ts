/** Which sources a section of the configuration asks: for its servers, and for the routes of a frontend. */

import type { ProxyConfig } from '../config/model.ts';
import { dockerSource } from './docker/names.ts';

/** Names of the snapshots that may hold servers of this section; empty where no line asks anybody. */
export function serverSources(proxy: ProxyConfig): readonly string[] {
  return proxy.dockerServers.flatMap(({ selector }) => selector.engines.map(dockerSource));
}

/** Names of the snapshots that may hold routes of this frontend; empty where no line asks anybody. */
export function routeSources(proxy: ProxyConfig): readonly string[] {
  return proxy.dockerRoutes.flatMap(({ engines }) => engines.map(dockerSource));
}
