/** Which container we are: its networks are the ones from which we can reach the others. */

import { type Container, shortId } from './container.ts';

/** What the process knows about itself. */
export interface SelfHint {
  readonly hostname: string;
  /** Text of /proc/self/mountinfo, where there is one. */
  readonly mountinfo?: string | undefined;
}

/**
 * The engine mounts /etc/hostname and its like from a directory that bears the container's id; that is certain. The host
 * name is the container's short id unless somebody set it; one that was set says nothing, our own host may be called so.
 */
export function findSelf(containers: readonly Container[], hint: SelfHint): Container | undefined {
  const id = containerId(hint);
  const certain = containers.find((container) => container.id === id);
  if (certain !== undefined) return certain;
  return /^[0-9a-f]{12}$/.test(hint.hostname) ? containers.find((container) => shortId(container.id) === hint.hostname) : undefined;
}

/** Id of the container that we are certainly in, whoever runs it. */
export function containerId({ mountinfo = '' }: SelfHint): string | undefined {
  return /\/containers\/([0-9a-f]{64})\//.exec(mountinfo)?.[1];
}
