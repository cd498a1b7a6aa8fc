/** Which containers `docker-servers` means: every selector that is given must match. */

import type { DockerSelector } from '../../config/model.ts';
import type { Container } from './container.ts';

/** Label names of docker-compose and of Swarm. */
const COMPOSE_PROJECT = 'com.docker.compose.project';
const COMPOSE_SERVICE = 'com.docker.compose.service';
const COMPOSE_ONEOFF = 'com.docker.compose.oneoff';
const SWARM_SERVICE = 'com.docker.swarm.service.name';
const SWARM_STACK = 'com.docker.stack.namespace';

/** `docker-compose run` makes these: a person at work, not a server. */
export function isOneOff(container: Container): boolean {
  return container.labels.get(COMPOSE_ONEOFF)?.toLowerCase() === 'true';
}

/** The service's short name, by compose, Swarm (without its stack), else the container's name. */
export function serviceName(container: Container): string {
  const compose = container.labels.get(COMPOSE_SERVICE);
  if (compose !== undefined) return compose;
  const swarm = container.labels.get(SWARM_SERVICE);
  if (swarm === undefined) return container.name;
  const stack = container.labels.get(SWARM_STACK);
  return stack !== undefined && swarm.startsWith(`${stack}_`) ? swarm.slice(stack.length + 1) : swarm;
}

/** The pool a container belongs to when no label says: `<service>.<project>`, Swarm's service, the container's name. */
export function defaultPool(container: Container): string {
  const service = container.labels.get(COMPOSE_SERVICE);
  const project = container.labels.get(COMPOSE_PROJECT);
  if (service !== undefined && project !== undefined) return `${service}.${project}`;
  return service ?? container.labels.get(SWARM_SERVICE) ?? container.name;
}

/** Whether `wanted` names this network: in full, or as a compose file calls it, without the project. */
export function isNetwork(container: Container, network: string, wanted: string): boolean {
  return network === wanted || network === `${container.labels.get(COMPOSE_PROJECT)}_${wanted}`;
}

/** `port`, `address` and `engine` do not choose containers and are not looked at here. */
export function selects(selector: DockerSelector, container: Container): boolean {
  const { image, name, network } = selector;
  if (image !== undefined && !isImage(image, container)) return false;
  if (name !== undefined && !wildcard(name).test(container.name)) return false;
  if (selector.service !== undefined && !isService(selector.service, container)) return false;
  if (selector.project !== undefined && !isProject(selector.project, container)) return false;
  if (network !== undefined && !container.networks.some((attachment) => isNetwork(container, attachment.network, network))) return false;
  return selector.labels.every(({ key, value }) => {
    const label = container.labels.get(key);
    return label !== undefined && (value === undefined || label === value);
  });
}

function isService(wanted: string, container: Container): boolean {
  const swarm = container.labels.get(SWARM_SERVICE);
  return container.labels.get(COMPOSE_SERVICE) === wanted || swarm === wanted || (swarm !== undefined && serviceName(container) === wanted);
}

function isProject(wanted: string, container: Container): boolean {
  return container.labels.get(COMPOSE_PROJECT) === wanted || container.labels.get(SWARM_STACK) === wanted;
}

function wildcard(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}

/** An image's name as Docker completes it: `repository`, and tag or digest where given. */
interface ImageName {
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

function imageName(text: string): ImageName {
  const [named = '', digest] = text.split('@');
  // A colon before the last slash belongs to the registry's port.
  const match = /^(.*?)(?::([^:/]+))?$/.exec(named);
  const repository = (match?.[1] ?? named).replace(/^(?:index\.)?docker\.io\//, '').replace(/^library\//, '');
  return { repository, tag: match?.[2], digest };
}

/** `image=NAME` takes every tag of it, `NAME:TAG` that tag (`latest` where the container was run without), an id that image. */
function isImage(wanted: string, container: Container): boolean {
  if (wanted === container.image) return true;
  const id = wanted.replace(/^sha256:/, '');
  if (/^[0-9a-f]{12,64}$/.test(id) && container.imageId.replace(/^sha256:/, '').startsWith(id)) return true;
  const want = imageName(wanted);
  const have = imageName(container.image);
  if (want.repository !== have.repository) return false;
  if (want.digest !== undefined) return want.digest === have.digest;
  return want.tag === undefined || want.tag === (have.tag ?? (have.digest === undefined ? 'latest' : undefined));
}
