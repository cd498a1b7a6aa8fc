/**
 * What is near: `near=` of a line sends traffic to the containers close to us first.
 *
 *     near=engine    what the engine runs that we run on: it finds us among its containers, or it is this machine's
 *     near=node      the same, or what runs on the node of the Swarm that we are a task on
 *     near=NAME      what the engine of `docker NAME` runs
 *
 * A task that runs on another node is not run by the engine that tells of it.
 */

import type { NearConfig } from '../../config/model.ts';
import type { Container } from './container.ts';
import type { EngineFacts } from './engine.ts';
import { dockerSource } from './names.ts';
import { containerId, type SelfHint } from './self.ts';

/** Where we are, seen from one engine. */
export interface Standpoint {
  /** The source that tells of it. */
  readonly source: string;
  /** It runs us, or what runs on our machine. */
  readonly here: boolean;
  /** Id of our node of a Swarm, as far as this engine knows. */
  readonly node: string | undefined;
}

/** What a server gets beside those that are near: undefined for one of these, else a share of its weight, in percent. */
export type Far = 'backup' | number | undefined;

export function standpointOf(source: string, facts: EngineFacts, self: Container | undefined, hint: SelfHint): Standpoint {
  // In a container that it does not know, we are another engine's.
  const here = self === undefined ? facts.local && containerId(hint) === undefined : self.task?.remote !== true;
  return { source, here, node: self?.task?.node ?? self?.labels.get('com.docker.swarm.node.id') };
}

export function farOf(near: NearConfig | undefined, container: Container, standpoint: Standpoint): Far {
  return near === undefined || isNear(near.to, container, standpoint) ? undefined : (near.share ?? 'backup');
}

function isNear(to: string, { task }: Container, { source, here, node }: Standpoint): boolean {
  if (to === 'node' && node !== undefined && task?.node === node) return true;
  if (task?.remote === true) return false;
  return to === 'engine' || to === 'node' ? here : dockerSource(to) === source;
}
