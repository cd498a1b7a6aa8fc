/** Which containers `docker-servers` means: every selector that is given must match. */

import type { DockerSelector } from '../../config/model.ts';
import { didYouMean } from '../../core/suggest.ts';
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

/** Whether `wanted` names this network: in full, or as a compose file calls it, without the project or stack. */
export function isNetwork(container: Container, network: string, wanted: string): boolean {
  const projects = [COMPOSE_PROJECT, SWARM_STACK].map((label) => container.labels.get(label));
  return network === wanted || projects.some((project) => project !== undefined && network === `${project}_${wanted}`);
}

/** A selector that is one word. */
interface Chooser {
  readonly key: 'image' | 'name' | 'service' | 'project' | 'network';
  matches(wanted: string, container: Container): boolean;
  /** What the container has instead, for people. */
  has(container: Container): string;
}

/** `port`, `address` and `engine` do not choose containers. */
const CHOOSERS: readonly Chooser[] = [
  { key: 'image', matches: isImage, has: ({ image }) => `its image is ${image}` },
  { key: 'name', matches: (wanted, { name }) => wildcard(wanted).test(name), has: ({ name }) => `its name is ${name}` },
  { key: 'service', matches: isService, has: (container) => `its service is ${serviceName(container)}` },
  { key: 'project', matches: isProject, has: (container) => `its project is ${projectOf(container) ?? 'none'}` },
  {
    key: 'network',
    matches: (wanted, container) => container.networks.some(({ network }) => isNetwork(container, network, wanted)),
    has: ({ networks }) =>
      networks.length === 0 ? 'it is in no network' : `it is in ${networks.map(({ network }) => network).join(', ')}`,
  },
];

export function selects(selector: DockerSelector, container: Container): boolean {
  for (const { key, matches } of CHOOSERS) {
    const wanted = selector[key];
    if (wanted !== undefined && !matches(wanted, container)) return false;
  }
  return selector.labels.every((label) => hasLabel(label, container));
}

/** What keeps `selector` from taking a container, and how many of its words do not: `image=nginx: its image is redis:7`. */
export function misses(selector: DockerSelector, container: Container): { readonly texts: readonly string[]; readonly matched: number } {
  const texts: string[] = [];
  let words = selector.labels.length;
  for (const { key, matches, has } of CHOOSERS) {
    const wanted = selector[key];
    if (wanted === undefined) continue;
    words++;
    if (!matches(wanted, container)) texts.push(`${key}=${wanted}: ${has(container)}`);
  }
  for (const label of selector.labels) if (!hasLabel(label, container)) texts.push(missedLabel(label, container));
  return { texts, matched: words - texts.length };
}

type WantedLabel = DockerSelector['labels'][number];

function hasLabel({ key, value }: WantedLabel, container: Container): boolean {
  const label = container.labels.get(key);
  return label !== undefined && (value === undefined || label === value);
}

function missedLabel({ key, value }: WantedLabel, { labels }: Container): string {
  const has = labels.get(key);
  const wanted = value === undefined ? key : `${key}=${value}`;
  const instead = has === undefined ? `it has no such label${didYouMean(key, labels.keys()).replace(/\?$/, '')}` : `it has ${key}=${has}`;
  return `label=${wanted}: ${instead}`;
}

function projectOf({ labels }: Container): string | undefined {
  return labels.get(COMPOSE_PROJECT) ?? labels.get(SWARM_STACK);
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

/** By text: the same few are asked about for every container. */
const imageNames = new Map<string, ImageName>();
const MOST_NAMES = 1000;

function imageName(text: string): ImageName {
  const known = imageNames.get(text);
  if (known !== undefined) return known;
  if (imageNames.size >= MOST_NAMES) imageNames.clear();
  const name = readImageName(text);
  imageNames.set(text, name);
  return name;
}

function readImageName(text: string): ImageName {
  const [named = '', digest] = text.split('@');
  // A colon before the last slash belongs to the registry's port.
  const match = /^(.*?)(?::([^:/]+))?$/.exec(named);
  const repository = (match?.[1] ?? named).replace(/^(?:index\.)?docker\.io\//, '').replace(/^library\//, '');
  return { repository, tag: match?.[2], digest };
}

/** `image=NAME` takes every tag of it, `NAME:TAG` that tag (`latest` where the container was run without), an id that image. */
export function isImage(wanted: string, container: Container): boolean {
  if (wanted === container.image) return true;
  const id = wanted.replace(/^sha256:/, '');
  if (/^[0-9a-f]{12,64}$/.test(id) && container.imageId.replace(/^sha256:/, '').startsWith(id)) return true;
  const want = imageName(wanted);
  const have = imageName(container.image);
  if (want.repository !== have.repository) return false;
  if (want.digest !== undefined) return want.digest === have.digest;
  return want.tag === undefined || want.tag === (have.tag ?? (have.digest === undefined ? 'latest' : undefined));
}
