/** What the lines of a configuration are read against: an engine's containers, seen from where we stand. */

import type { Config } from '../../config/model.ts';
import { readSubject } from '../labels/readers.ts';
import { speakTls } from '../labels/secure.ts';
import type { Labels, Reading, Subject } from '../labels/settings.ts';
import { Memo } from '../memo.ts';
import { type Vantage, vantageOf } from './address.ts';
import type { Collector } from './collector.ts';
import type { Container } from './container.ts';
import type { EngineFacts } from './engine.ts';
import { type Standpoint, standpointOf } from './locality.ts';
import { type MemberLists, NO_LISTS } from './members.ts';
import { defaultPool, isOneOff, serviceName } from './select.ts';
import { findSelf, type SelfHint } from './self.ts';
import type { EngineView, KnownContainer } from './watch.ts';

/** What lines have made of containers, and engines of ourselves: one object as long as nothing changes. */
const readings = new Memo<Container, Reading, { readonly subject: Subject; readonly labels: Labels }>();
const vantages = new Memo<EngineFacts, Container | typeof NOBODY, Vantage>();
const NOBODY: object = {};

/** How a network mode begins that names another container. */
const CARRIED = 'container:';
/** Hex digits of a full id. */
const ID_LENGTH = 64;

export interface SceneInput {
  /** The provider's name, which says the engine. */
  readonly source: string;
  readonly view: EngineView;
  readonly config: Config;
  readonly self: SelfHint;
  /** Node's word for our operating system. */
  readonly platform: string;
  /** Of the lines with `members=`. */
  readonly members?: MemberLists;
}

export interface Scene {
  /** Oldest first; neither ourselves nor one-off containers. */
  readonly containers: readonly KnownContainer[];
  readonly self: Container | undefined;
  readonly vantage: Vantage;
  readonly standpoint: Standpoint;
  /** Names of the sections that have servers. */
  readonly sections: ReadonlySet<string>;
  /** Names of the sections that have a `docker-routes` line. */
  readonly routing: ReadonlySet<string>;
  /** Those of them that have a listener for TLS. */
  readonly secured: ReadonlySet<string>;
  readonly members: MemberLists;
  readonly userlists: ReadonlySet<string>;
}

export function sceneOf({ source, view, config, self: hint, platform, members = NO_LISTS }: SceneInput): Scene {
  const all = shareNetworks(view.containers);
  const self = findSelf(
    all.map(({ container }) => container),
    hint,
  );
  const routing = config.proxies.filter(({ dockerRoutes }) => dockerRoutes.length > 0);
  const gateways = view.facts.local || self !== undefined ? [] : publishedGateways(all);
  return {
    containers: all.filter(({ container }) => container.id !== self?.id && !isOneOff(container)),
    self,
    vantage: vantages.of(view.facts, self ?? NOBODY, [platform, gateways.join()], () => vantageOf(view.facts, self, platform, gateways)),
    standpoint: standpointOf(source, view.facts, self, hint),
    sections: new Set(config.proxies.filter(({ kind }) => kind !== 'frontend').map(({ name }) => name)),
    routing: new Set(routing.map(({ name }) => name)),
    secured: new Set(routing.filter((proxy) => speakTls([proxy])).map(({ name }) => name)),
    members,
    userlists: new Set(config.userlists.keys()),
  };
}

/** Gateways of networks that ports are published on: hardly ever any. */
function publishedGateways(containers: readonly KnownContainer[]): readonly string[] {
  const gateways = new Set(containers.flatMap(({ container }) => container.networks.map(({ gateway }) => gateway)));
  const published = containers.flatMap(({ container }) => container.published.map(({ hostIp }) => hostIp));
  return [...new Set(published.filter((hostIp) => gateways.has(hostIp)))].sort();
}

/** The container's labels, or undefined when they keep it from being used, with a note of the reason. */
export function labelsOf(container: Container, reading: Reading, collector: Collector): Labels | undefined {
  const { name } = container;
  const { subject, labels } = readings.of(container, reading, [], () => read(container, reading));
  collector.heard(subject, reading, labels);
  for (const warning of labels.warnings) collector.note('warning', name, warning);
  for (const error of labels.errors) collector.note('error', name, `is refused: ${error}`);
  if (labels.errors.length > 0) return undefined;
  const { drain = 0 } = labels.flat;
  if (drain > container.stopTimeout) {
    const limit = `its stop time-out of ${container.stopTimeout / 1000} s, after which the engine kills it`;
    collector.note('warning', name, `label ${reading.prefix}drain is longer than ${limit}`);
  }
  if (labels.flat.enabled !== false) return labels;
  const word = labels.reader === 'fairlead' ? `label ${reading.prefix}enable=false` : `its labels for ${labels.reader} say so`;
  collector.note('info', name, `is not used: ${word}`);
  return undefined;
}

function read(container: Container, { prefix, compat, domains }: Reading): { readonly subject: Subject; readonly labels: Labels } {
  const { labels: all, env, exposed, published, name, image } = container;
  const ports = { exposed, published: published.map(({ port }) => port) };
  const subject = { labels: all, env, ...ports, name, image, service: serviceName(container), pool: defaultPool(container) };
  return { subject, labels: readSubject(subject, prefix, compat, { domains }) };
}

const carried = new Memo<KnownContainer, Container, KnownContainer>();

/** A container that runs in another's network is reached where that one is. */
function shareNetworks(containers: readonly KnownContainer[]): readonly KnownContainer[] {
  if (!containers.some(({ container }) => container.networkMode.startsWith(CARRIED))) return containers;
  const find = finderOf(containers);
  return containers.map((known) => {
    const { networkMode } = known.container;
    const other = networkMode.startsWith(CARRIED) ? find(networkMode.slice(CARRIED.length)) : undefined;
    return other === undefined ? known : carried.of(known, other, [], () => carry(known, other));
  });
}

function carry(known: KnownContainer, { networks, published, networkMode }: Container): KnownContainer {
  return { ...known, container: { ...known.container, networks, published, networkMode } };
}

/** As the engine does: an id goes before a name, and both before the beginning of an id. */
function finderOf(all: readonly KnownContainer[]): (word: string) => Container | undefined {
  const containers = all.map(({ container }) => container);
  const ids = new Map(containers.map((container) => [container.id, container]));
  const names = new Map(containers.map((container) => [container.name, container]));
  const byPrefix = (word: string) => (word.length < ID_LENGTH ? containers.find(({ id }) => id.startsWith(word)) : undefined);
  return (word) => ids.get(word) ?? names.get(word) ?? byPrefix(word);
}
