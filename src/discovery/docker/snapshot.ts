/**
 * What an engine's containers mean under a configuration. Pure: the same facts give the same snapshot, so everything
 * that can be said about discovery is tested here, without an engine.
 *
 *     containers, configuration, who we are  ->  pools of `docker-servers`, pools and routes of `docker-routes`, notes
 */

import type { Config } from '../../config/model.ts';
import type { Snapshot } from '../provider.ts';
import { settle } from './claims.ts';
import { Collector } from './collector.ts';
import { dockerSource } from './names.ts';
import { routeContainers } from './route-lines.ts';
import { sceneOf } from './scene.ts';
import type { SelfHint } from './self.ts';
import { selectServers } from './server-lines.ts';
import type { EngineView } from './watch.ts';

export interface SnapshotInput {
  /** The provider's name, which says the engine. */
  readonly source: string;
  readonly view: EngineView;
  readonly config: Config;
  readonly self: SelfHint;
  /** Node's word for our operating system. */
  readonly platform: string;
}

export function dockerSnapshot({ source, view, config, self, platform }: SnapshotInput): Snapshot {
  const scene = sceneOf(view, config, self, platform);
  const collector = new Collector();
  for (const proxy of config.proxies) {
    for (const line of proxy.dockerServers) {
      if (asks(line.selector, source)) selectServers(proxy, line, scene, collector);
    }
    for (const line of proxy.dockerRoutes) if (asks(line, source)) routeContainers(proxy, line, scene, collector);
  }
  const { routes, notes } = settle(collector.claims);
  for (const note of notes) collector.note(note.level, note.subject, note.message);
  collector.dropUnrouted(routes);
  return {
    source,
    pools: new Map([...collector.pools].map(([name, servers]) => [name, [...servers.values()]])),
    poolOptions: collector.poolOptions,
    routes,
    notes: collector.notes,
  };
}

function asks({ engines }: { readonly engines: readonly string[] }, source: string): boolean {
  return engines.some((engine) => dockerSource(engine) === source);
}
