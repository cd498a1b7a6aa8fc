/**
 * What a Swarm's manager tells of its services, tasks and nodes, as far as routing cares: read from the engine's answers,
 * with everything that it may leave out made explicit. Nothing downstream sees the engine's JSON.
 */

import { type Attachment, type Binding, type Json, object, readEnv, readLabels, readStopTimeout, text } from './container.ts';
import { SIGTERM, signalNumber } from './signals.ts';

/** One published TCP port of a service. `mode`: on the nodes of its tasks alone, or everywhere, balanced by Swarm. */
export interface ServicePort {
  readonly target: number;
  readonly published: number;
  readonly mode: 'host' | 'ingress';
}

export interface Service {
  readonly id: string;
  readonly name: string;
  /** Wall-clock ms. */
  readonly created: number;
  readonly labels: ReadonlyMap<string, string>;
  /** Runs to its end (`replicated-job`, `global-job`): it serves nobody. */
  readonly job: boolean;
  /** An update is under way: its tasks are being replaced. */
  readonly updating: boolean;
  readonly ports: readonly ServicePort[];
}

/** One task that Swarm wants to run. */
export interface Task {
  readonly id: string;
  readonly service: string;
  /** Empty until it has been given to one. */
  readonly node: string;
  /** Of a replicated service, counted from 1; 0 in a global one. */
  readonly slot: number;
  /** Wall-clock ms. */
  readonly created: number;
  /** `pending`, ..., `starting`, `running`, ...; one with a health check runs when that has passed for the first time. */
  readonly state: string;
  /** Id of its container; empty until there is one. */
  readonly container: string;
  readonly image: string;
  /** Of the container, not of the service. */
  readonly labels: ReadonlyMap<string, string>;
  readonly env: ReadonlyMap<string, string>;
  readonly hostname: string;
  readonly stopSignal: number;
  /** Milliseconds. */
  readonly stopTimeout: number;
  /** The networks that span nodes, without Swarm's own ingress network; by name. */
  readonly networks: readonly Attachment[];
  /** It is in its node's own network. */
  readonly hostNetwork: boolean;
  /** Ports that are published on its node alone; `hostIp` is empty. */
  readonly published: readonly Binding[];
}

export interface Node {
  readonly id: string;
  readonly name: string;
  /** As the other nodes see it; undefined where the Swarm does not know. */
  readonly address: string | undefined;
  /** The manager has lost it. */
  readonly down: boolean;
}

/** Everything a manager knows that matters here. */
export interface SwarmView {
  /** By id. */
  readonly services: ReadonlyMap<string, Service>;
  /** By the id of their container: those that have one. */
  readonly tasks: ReadonlyMap<string, Task>;
  /** By id; empty where the manager may not be asked for them. */
  readonly nodes: ReadonlyMap<string, Node>;
  /** Containers of tasks that Swarm wanted to run before, and does not any more. */
  readonly unwanted: ReadonlySet<string>;
}

/** Reads an element of the answer of `GET /services`. */
export function readService(answer: unknown): Service {
  const root = object(answer);
  const spec = object(root.Spec);
  const mode = object(spec.Mode);
  const update = text(object(root.UpdateStatus).State);
  return {
    id: text(root.ID),
    name: text(spec.Name),
    created: Date.parse(text(root.CreatedAt)) || 0,
    labels: readLabels(spec.Labels),
    job: 'ReplicatedJob' in mode || 'GlobalJob' in mode,
    updating: update === 'updating' || update === 'rollback_started',
    ports: list(object(root.Endpoint).Ports).flatMap(readPort),
  };
}

/** A port that Swarm has not given a number yet is no way. */
function readPort(value: unknown): readonly ServicePort[] {
  const port = object(value);
  const target = number(port.TargetPort);
  const published = number(port.PublishedPort);
  if ((text(port.Protocol) || 'tcp') !== 'tcp' || target === 0 || published === 0) return [];
  return [{ target, published, mode: port.PublishMode === 'host' ? 'host' : 'ingress' }];
}

/** Reads an element of the answer of `GET /tasks`. */
export function readTask(answer: unknown): Task {
  const root = object(answer);
  const spec = object(object(root.Spec).ContainerSpec);
  const status = object(root.Status);
  const attachments = list(root.NetworksAttachments).map(object);
  return {
    id: text(root.ID),
    service: text(root.ServiceID),
    node: text(root.NodeID),
    slot: number(root.Slot),
    created: Date.parse(text(root.CreatedAt)) || 0,
    state: text(status.State),
    container: text(object(status.ContainerStatus).ContainerID),
    image: text(spec.Image),
    labels: readLabels(spec.Labels),
    env: readEnv(spec.Env),
    hostname: text(spec.Hostname),
    stopSignal: signalNumber(text(spec.StopSignal)) ?? SIGTERM,
    stopTimeout: readStopTimeout(spec.StopGracePeriod, 1e9),
    networks: attachments.flatMap(readAttachment).sort((a, b) => (a.network < b.network ? -1 : 1)),
    hostNetwork: attachments.some((attachment) => networkSpec(attachment).Name === 'host'),
    published: list(object(status.PortStatus).Ports)
      .flatMap(readPort)
      .map(({ target, published }) => ({ port: target, hostIp: '', hostPort: published })),
  };
}

function networkSpec(attachment: Json): Json {
  return object(object(attachment.Network).Spec);
}

/** Only what spans nodes has an address that means something on another one. Addresses come with their prefix: `10.0.1.4/24`. */
function readAttachment(attachment: Json): readonly Attachment[] {
  const spec = networkSpec(attachment);
  if (spec.Ingress === true || spec.Scope === 'local' || 'com.docker.swarm.predefined' in object(spec.Labels)) return [];
  const addresses = list(attachment.Addresses).map((address) => text(address).replace(/\/.*$/, ''));
  return [
    {
      network: text(spec.Name),
      ipv4: addresses.find((address) => address.includes('.') && !address.includes(':')),
      ipv6: addresses.find((address) => address.includes(':')),
      gateway: undefined,
      overlay: true,
    },
  ];
}

/** Reads an element of the answer of `GET /nodes`. */
export function readNode(answer: unknown): Node {
  const root = object(answer);
  const status = object(root.Status);
  // A manager may know itself by no address but that at which the other managers reach it.
  const manager = text(object(root.ManagerStatus).Addr)
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '');
  return {
    id: text(root.ID),
    name: text(object(root.Description).Hostname),
    address: [text(status.Addr), manager].find((address) => address !== '' && address !== '0.0.0.0' && address !== '::'),
    down: status.State === 'down',
  };
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
