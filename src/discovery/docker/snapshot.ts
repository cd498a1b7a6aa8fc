/**
 * What an engine's containers mean under a configuration. Pure: the same facts give the same snapshot, so everything
 * that can be said about discovery is tested here, without an engine.
 *
 *     containers, configuration, who we are  ->  pools of `docker-servers`, pools and routes of `docker-routes`, notes
 */

import type { Snapshot } from '../provider.ts';
import { noteOf, settle } from './claims.ts';
import { Collector } from './collector.ts';
import { dockerSource } from './names.ts';
import { routeContainers } from './route-lines.ts';
import { type Scene, type SceneInput, sceneOf } from './scene.ts';
import { selectServers } from './server-lines.ts';

export interface Collected extends ReturnType<typeof settle> {
  readonly scene: Scene;
}

export function dockerSnapshot(input: SceneInput): Snapshot {
  const { source } = input;
  const collector = new Collector();
  const { routes, losses, disagreements } = collect(input, collector);
  for (const { level, subject, message } of [...losses.map(noteOf), ...disagreements]) collector.note(level, subject, message);
  collector.dropUnrouted(routes);
  return {
    source,
    pools: collector.servers(),
    poolOptions: collector.poolOptions,
    rollouts: collector.rollouts,
    routes,
    notes: collector.notes,
  };
}

/** Goes over all lines that ask `source`. */
export function collect(input: SceneInput, collector: Collector): Collected {
  const { source, config } = input;
  const scene = sceneOf(input);
  for (const proxy of config.proxies) {
    for (const line of proxy.dockerServers) {
      if (!asks(line.selector, source)) continue;
      collector.enter(proxy, line);
      selectServers(proxy, line, scene, collector);
    }
    for (const line of proxy.dockerRoutes) {
      if (!asks(line, source)) continue;
      collector.enter(proxy, line);
      routeContainers(proxy, line, scene, collector);
    }
  }
  return { scene, ...settle(collector.claims) };
}

function asks({ engines }: { readonly engines: readonly string[] }, source: string): boolean {
  return engines.some((engine) => dockerSource(engine) === source);
}
