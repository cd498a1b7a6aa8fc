/**
 * Which generation of its service a container belongs to: what is deployed together has one configuration, or one image. Pure.
 *
 * That is a matter between all servers of a backend, of whatever source: the word of one container counts for all of them.
 */

import type { ContainerOrigin, Generation, RolloutMode } from '../config/model.ts';
import { firstWord } from '../discovery/pool-options.ts';
import type { DiscoveredServer, RolloutWord, Snapshot } from '../discovery/provider.ts';

const CONFIG_HASH = 'com.docker.compose.config-hash';

const SWARM_SERVICE = 'com.docker.swarm.service.name';

/**
 * docker-compose's hash of a service's configuration, else the image: what was not made by compose has no hash. Of a task on
 * another node the image's id is not always known, so tasks go by its name, which has the digest.
 */
function generationOf({ labels, image, imageId, created }: ContainerOrigin, mode: 'config' | 'image'): Generation {
  const hash = mode === 'config' ? labels.get(CONFIG_HASH) : undefined;
  return { key: hash ?? (labels.has(SWARM_SERVICE) ? image : imageId), created };
}

/** What has been made of servers that are still the same. */
const made = { config: new WeakMap<DiscoveredServer, DiscoveredServer>(), image: new WeakMap<DiscoveredServer, DiscoveredServer>() };

/** Of a backend: what the first source says whose containers say it, else the first one whose line does. */
export function rolloutOf(backend: string, sources: readonly Snapshot[]): RolloutMode | undefined {
  const words = sources.flatMap(({ rollouts }) => rollouts?.get(backend) ?? []);
  return words.reduce<RolloutWord | undefined>(firstWord, undefined)?.mode;
}

export function withGenerations(servers: readonly DiscoveredServer[], mode: RolloutMode | undefined): readonly DiscoveredServer[] {
  if (mode === undefined || mode === 'off') return servers;
  return servers.map((server) => {
    const { container } = server.config;
    if (container === undefined) return server;
    const known = made[mode].get(server) ?? { ...server, config: { ...server.config, generation: generationOf(container, mode) } };
    made[mode].set(server, known);
    return known;
  });
}
