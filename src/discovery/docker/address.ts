/**
 * Where to send a container's traffic: which of its ports, and at which address we can reach it.
 *
 *     we are                              address=container (default)                address=published
 *     a container of the engine           its address on a network we share          our gateway, host port
 *     on the engine's machine, or in a
 *       container with its host network   its address on any network                 127.0.0.1, host port
 *     elsewhere, or the engine keeps its
 *       networks to itself (rootless)     (published is the default)                 the engine's host, host port
 *
 * A container in the host's network answers where published ports do. An overlay network of a Swarm is no way from outside
 * of it, not even on the same machine; a task that no network leads to is reached where its node publishes its port. None
 * reachable is an answer, too: never a guess.
 */

import type { DockerSelector } from '../../config/model.ts';
import type { Attachment, Container } from './container.ts';
import type { EngineFacts } from './engine.ts';
import { isNetwork } from './select.ts';

/** What can be reached from where we stand. */
export interface Vantage {
  /** Names of our own networks, when we run in a container with its own; else undefined. */
  readonly networks: ReadonlySet<string> | undefined;
  /** Container networks are routed from here. */
  readonly bridges: boolean;
  /** Where the published ports of the engine's machine answer. */
  readonly host: string | undefined;
  /** Of an engine on another machine: addresses of its bridges, which are somebody else's here. */
  readonly gateways?: ReadonlySet<string>;
}

/** What was found, or why there is nothing. */
export type Found<T> = { readonly value: T } | { readonly problem: string };

export interface Location {
  readonly address: string;
  readonly port: number;
  /** For people: `network front`, `published port`. */
  readonly way: string;
}

/** What configuration and labels ask for. */
export interface Wish {
  readonly network: string | undefined;
  readonly address: DockerSelector['address'];
}

/** Networks that are no way to a container: Swarm's own, and the absence of any. */
const NO_WAY: ReadonlySet<string> = new Set(['ingress', 'none', 'host']);

/** Of `docker0`, unless the engine is told otherwise. */
const DEFAULT_GATEWAY = '172.17.0.1';

/**
 * `platform` is Node's word for our operating system: only Linux reaches container networks directly. `gateways` are those of the
 * engine's networks.
 */
export function vantageOf(facts: EngineFacts, self: Container | undefined, platform: string, gateways: readonly string[] = []): Vantage {
  if (self !== undefined && self.networkMode !== 'host') {
    const gateway = self.networks.find((attachment) => attachment.gateway !== undefined)?.gateway;
    const host = gateway ?? (facts.local ? undefined : facts.host);
    return { networks: new Set(self.networks.map((attachment) => attachment.network)), bridges: false, host };
  }
  const onHost = self !== undefined || facts.local;
  if (!onHost) return { networks: undefined, bridges: false, host: facts.host, gateways: new Set([DEFAULT_GATEWAY, ...gateways]) };
  return { networks: undefined, bridges: !facts.rootless && platform === 'linux', host: '127.0.0.1' };
}

/** One of these alone among several exposed ports is the one that speaks HTTP, or HTTP over TLS. */
const WELL_KNOWN = { http: [80, 8080, 8000, 3000], https: [443, 8443] } as const;

/** The container port to send traffic to, when nobody has named one. */
export function choosePort(container: Container, scheme: 'http' | 'https' = 'http'): Found<number> {
  const { exposed } = container;
  const published = [...new Set(container.published.map((binding) => binding.port))];
  const wellKnown = WELL_KNOWN[scheme].filter((port) => exposed.includes(port));
  for (const candidates of [exposed, published, wellKnown]) {
    const [port] = candidates;
    if (candidates.length === 1 && port !== undefined) return { value: port };
  }
  if (exposed.length === 0) return { problem: 'it exposes no TCP port; name one with port=' };
  return { problem: `it exposes the ports ${exposed.join(', ')}; name the one to use with port=` };
}

/** Address and port of `container`'s TCP port `port`. */
export function locate(container: Container, port: number, wish: Wish, vantage: Vantage): Found<Location> {
  const contained = vantage.networks !== undefined || vantage.bridges;
  const published = wish.address === 'published' || (wish.address === undefined && wish.network === undefined && !contained);
  if (container.networkMode === 'host') return onHost(container, port, vantage);
  if (published) return atPublished(container, port, vantage);
  const location = atContainer(container, port, wish, vantage);
  if ('value' in location || container.task === undefined || wish.address !== undefined || wish.network !== undefined) return location;
  const other = atPublished(container, port, vantage);
  return 'value' in other ? other : { problem: `${location.problem}; and ${other.problem}` };
}

/** Where what the container's machine publishes on all its addresses answers. */
function hostOf({ task }: Container, vantage: Vantage): string | undefined {
  return task?.remote === true ? task.address : (vantage.host ?? task?.address);
}

function onHost(container: Container, port: number, vantage: Vantage): Found<Location> {
  const address = hostOf(container, vantage);
  if (address === undefined) return { problem: "it is in the host's network, which cannot be reached from ours" };
  return { value: { address, port, way: "the host's network" } };
}

function atContainer(container: Container, port: number, wish: Wish, vantage: Vantage): Found<Location> {
  const { network: wanted } = wish;
  const all = container.networks.filter(({ network }) => !NO_WAY.has(network));
  if (all.length === 0) return { problem: 'it is in no network' };
  const named = wanted === undefined ? all : all.filter(({ network }) => isNetwork(container, network, wanted));
  if (named.length === 0) return { problem: `it is not in the network ${wanted}, but in ${names(all)}` };
  const shared = named.filter(({ network, overlay }) => (vantage.networks === undefined ? !overlay : vantage.networks.has(network)));
  if (shared.length === 0 && vantage.networks === undefined)
    return { problem: `it is in ${names(named)}, which only containers reach that are in it` };
  if (shared.length === 0)
    return { problem: `it is in ${names(named)}, and none of that is ours (${[...(vantage.networks ?? [])].join(', ') || 'none'})` };
  const best = [...shared].sort(preference).find((attachment) => addressOf(attachment) !== undefined);
  const address = best === undefined ? undefined : addressOf(best);
  if (best === undefined || address === undefined) return { problem: `it has no address in ${names(shared)} yet` };
  return { value: { address, port, way: `network ${best.network}` } };
}

function addressOf(attachment: Attachment): string | undefined {
  return attachment.ipv4 ?? attachment.ipv6;
}

/** By name, so that the choice does not change by itself; the default bridge last, since somebody made the others. */
function preference(a: Attachment, b: Attachment): number {
  if ((a.network === 'bridge') !== (b.network === 'bridge')) return a.network === 'bridge' ? 1 : -1;
  return a.network < b.network ? -1 : 1;
}

/** Whether it runs in a network that has not given it an address: the engine tells of the start, but not always of that. */
export function isWaitingForAddress({ state, networks }: Container): boolean {
  return state === 'running' && networks.some((attachment) => !NO_WAY.has(attachment.network) && addressOf(attachment) === undefined);
}

function names(attachments: readonly Attachment[]): string {
  return attachments.map(({ network }) => network).join(', ');
}

function atPublished(container: Container, port: number, vantage: Vantage): Found<Location> {
  const bindings = container.published.filter((binding) => binding.port === port);
  if (bindings.length === 0) return { problem: `its port ${port} is not published` };
  for (const { hostIp, hostPort } of bindings) {
    const address = bindingAddress(hostIp, hostOf(container, vantage), vantage);
    if (address !== undefined) return { value: { address, port: hostPort, way: 'published port' } };
  }
  return {
    problem: `its port ${port} is published on ${bindings.map(({ hostIp }) => hostIp || 'its node').join(', ')} only, which cannot be reached from here`,
  };
}

/** `host`: where all addresses of the machine are meant. */
function bindingAddress(hostIp: string, host: string | undefined, vantage: Vantage): string | undefined {
  if (hostIp === '' || hostIp === '0.0.0.0' || hostIp === '::') return host;
  const loopback = hostIp.startsWith('127.') || hostIp === '::1';
  if (loopback && vantage.host !== '127.0.0.1') return undefined;
  return vantage.gateways?.has(hostIp) === true && hostIp !== host ? undefined : hostIp;
}
