/**
 * What a container is, as far as routing cares: read from one inspect answer, with everything that an engine may
 * leave out made explicit. Nothing downstream sees the engine's JSON.
 */

import { SIGTERM, signalNumber } from './signals.ts';

/** One network of a container. Addresses are undefined until the engine has assigned them. */
export interface Attachment {
  readonly network: string;
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
  readonly gateway: string | undefined;
  /** It spans the nodes of a Swarm: only containers that are in it reach it, not even the engine's own machine does. */
  readonly overlay: boolean;
}

/** One published TCP port. `hostIp` is empty, `0.0.0.0` or `::` for "every address of the host". */
export interface Binding {
  readonly port: number;
  readonly hostIp: string;
  readonly hostPort: number;
}

/** What a Swarm adds to what is known about the container of one of its tasks. */
export interface SwarmTask {
  /** Id of the node that it runs on. */
  readonly node: string;
  /** Where the ports answer that this node publishes; undefined where nobody says. */
  readonly address: string | undefined;
  /** The engine that tells of it is not the one that runs it. */
  readonly remote: boolean;
  /** Wall-clock ms: when the service was made, however young the task is. */
  readonly serviceCreated: number;
}

export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
export type ContainerHealth = 'none' | 'starting' | 'healthy' | 'unhealthy';

export interface Container {
  /** 64 hex digits. */
  readonly id: string;
  /** Without the leading slash. */
  readonly name: string;
  /** As it was given to `docker run`. */
  readonly image: string;
  /** `sha256:...` */
  readonly imageId: string;
  /** Wall-clock ms. */
  readonly created: number;
  /** Wall-clock ms of the engine: when the run began that it is in, or was in last. */
  readonly started: number;
  readonly state: ContainerState;
  readonly health: ContainerHealth;
  readonly labels: ReadonlyMap<string, string>;
  /** Its environment, the image's included. */
  readonly env: ReadonlyMap<string, string>;
  readonly hostname: string;
  /** `bridge`, a network's name, `host`, `none`, or `container:<id>` for one that shares another's network. */
  readonly networkMode: string;
  /** By name. */
  readonly networks: readonly Attachment[];
  /** TCP ports that the image or `--expose` names, and those that are published; ascending. */
  readonly exposed: readonly number[];
  readonly published: readonly Binding[];
  /** Number of the signal that asks it to stop. */
  readonly stopSignal: number;
  /** Milliseconds between that signal and SIGKILL; no more than a timer can wait for. */
  readonly stopTimeout: number;
  /** Undefined for a container that no Swarm is known to have made. */
  readonly task: SwarmTask | undefined;
}

/** The hex digits people and HAProxy's statistics know a container by. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}

/** A container that takes part: the others can at most come back. */
export function isLive(state: ContainerState): boolean {
  return state === 'running' || state === 'paused' || state === 'restarting';
}

export type Json = Readonly<Record<string, unknown>>;

/** An object of an engine's answer; an empty one where there is none. */
export function object(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

/** A string of an engine's answer; an empty one where there is none. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

const STATES: ReadonlySet<string> = new Set(['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead']);
const HEALTHS: ReadonlySet<string> = new Set(['starting', 'healthy', 'unhealthy']);
const DEFAULT_STOP_TIMEOUT = 10_000;
/** Milliseconds: three weeks. A timer takes less than 2^31, and what comes on top of this has to fit in, too. */
const LONGEST_STOP_TIMEOUT = 21 * 24 * 3_600_000;

/** A state word of the engine's; one that we do not know counts as not running. */
export function stateOf(word: string): ContainerState {
  const lower = word.toLowerCase();
  return STATES.has(lower) ? (lower as ContainerState) : 'exited';
}

/** A stop time-out as it was given, in a unit of which a second has so many; a negative one never ends. */
export function readStopTimeout(value: unknown, perSecond: number): number {
  if (typeof value !== 'number') return DEFAULT_STOP_TIMEOUT;
  return value < 0 ? LONGEST_STOP_TIMEOUT : Math.min((value * 1000) / perSecond, LONGEST_STOP_TIMEOUT);
}

/** Reads the answer of `GET /containers/{id}/json`. */
export function readContainer(answer: unknown): Container {
  const root = object(answer);
  const config = object(root.Config);
  const state = object(root.State);
  const settings = object(root.NetworkSettings);
  const published = readBindings(object(settings.Ports));
  return {
    id: text(root.Id),
    name: text(root.Name).replace(/^\//, ''),
    image: text(config.Image),
    imageId: text(root.Image),
    created: Date.parse(text(root.Created)) || 0,
    started: Date.parse(text(state.StartedAt)) || 0,
    state: stateOf(text(state.Status)),
    health: readHealth(text(object(state.Health).Status)),
    labels: readLabels(config.Labels),
    env: readEnv(config.Env),
    hostname: text(config.Hostname),
    networkMode: text(object(root.HostConfig).NetworkMode),
    networks: readNetworks(object(settings.Networks)),
    exposed: readExposed([...Object.keys(object(config.ExposedPorts)), ...Object.keys(object(settings.Ports))]),
    published,
    stopSignal: signalNumber(text(config.StopSignal)) ?? SIGTERM,
    stopTimeout: readStopTimeout(config.StopTimeout, 1),
    task: undefined,
  };
}

function readHealth(word: string): ContainerHealth {
  return HEALTHS.has(word) ? (word as ContainerHealth) : 'none';
}

export function readLabels(value: unknown): ReadonlyMap<string, string> {
  return new Map(Object.entries(object(value)).map(([key, label]) => [key, text(label)]));
}

/** `NAME=value`; a name alone has no value. */
export function readEnv(value: unknown): ReadonlyMap<string, string> {
  const lines = Array.isArray(value) ? value.map(text) : [];
  return new Map(
    lines.filter((line) => line.indexOf('=') > 0).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

function readNetworks(networks: Json): readonly Attachment[] {
  const attachments = Object.entries(networks).map(([network, value]) => {
    const facts = object(value);
    return {
      network,
      ipv4: text(facts.IPAddress) || undefined,
      ipv6: text(facts.GlobalIPv6Address) || undefined,
      gateway: text(facts.Gateway) || undefined,
      overlay: isSwarmId(text(facts.NetworkID)),
    };
  });
  return attachments.sort((a, b) => (a.network < b.network ? -1 : 1));
}

/** Swarm's ids are 25 characters of base 36, an engine's own 64 hex digits. */
function isSwarmId(id: string): boolean {
  return /^[0-9a-z]{25}$/.test(id);
}

/** `8089/tcp` -> 8089; UDP and SCTP ports carry no HTTP. */
function tcpPort(key: string): number | undefined {
  const [number, protocol] = key.split('/');
  return protocol === undefined || protocol === 'tcp' ? Number(number) : undefined;
}

function readExposed(keys: readonly string[]): readonly number[] {
  const ports = new Set<number>();
  for (const key of keys) {
    const port = tcpPort(key);
    if (port !== undefined) ports.add(port);
  }
  return [...ports].sort((a, b) => a - b);
}

function readBindings(ports: Json): readonly Binding[] {
  const bindings: Binding[] = [];
  for (const [key, value] of Object.entries(ports)) {
    const port = tcpPort(key);
    if (port === undefined || !Array.isArray(value)) continue;
    for (const entry of value) {
      const hostPort = Number(text(object(entry).HostPort));
      if (hostPort > 0) bindings.push({ port, hostIp: text(object(entry).HostIp), hostPort });
    }
  }
  return bindings;
}

/** One line of `GET /containers/json`: enough to tell whether the container has changed since it was inspected. */
export interface Summary {
  readonly id: string;
  readonly state: ContainerState;
  /** Equal for two lists between which nothing happened that we care about. */
  readonly fingerprint: string;
}

/** Reads one element of the list's answer. */
export function readSummary(answer: unknown): Summary {
  const root = object(answer);
  const health = /\((healthy|unhealthy|health: starting)\)/.exec(text(root.Status));
  const networks = readNetworks(object(object(root.NetworkSettings).Networks));
  return {
    id: text(root.Id),
    state: stateOf(text(root.State)),
    // Since API 1.52 the health is a field of its own, which has more to say than the words for people.
    fingerprint: JSON.stringify([root.State, health?.[1], object(root.Health).Status, sorted(root.Names), networks, sorted(root.Ports)]),
  };
}

/** The engine gives some lists in no order. */
function sorted(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map((element) => JSON.stringify(element)).sort() : [];
}
