/** What a manager answers, in the engine's words: recorded from API 1.41, with what later versions add or leave out. */

import { id } from './make.ts';

/** 25 characters of base 36, as Swarm's ids are. */
export function swarmId(digits: string): string {
  return digits.padEnd(25, 'x');
}

export const NODES = { here: swarmId('node1'), there: swarmId('node2') } as const;

export interface ServiceTraits {
  readonly labels?: Readonly<Record<string, string>>;
  readonly created?: string;
  readonly mode?: object;
  readonly ports?: readonly object[] | null;
  readonly update?: string;
}

export function serviceAnswer(name: string, { labels = {}, created, mode, ports, update }: ServiceTraits = {}): object {
  return {
    ID: swarmId(name.replace(/[^a-z0-9]/g, '')),
    Version: { Index: 15 },
    CreatedAt: created ?? '2026-11-21T23:57:02.385628874Z',
    UpdatedAt: '2026-11-21T23:57:02.397465126Z',
    Spec: {
      Name: name,
      Labels: labels,
      TaskTemplate: { ContainerSpec: { Image: 'eviking/mydockerapp:latest' }, ForceUpdate: 0, Runtime: 'container' },
      Mode: mode ?? { Replicated: { Replicas: 2 } },
      EndpointSpec: { Mode: 'vip' },
    },
    Endpoint: {
      Spec: { Mode: 'vip' },
      Ports: ports,
      VirtualIPs: [{ NetworkID: swarmId('front'), Addr: '10.0.1.2/24' }],
    },
    ...(update === undefined ? {} : { UpdateStatus: { State: update, StartedAt: '2026-11-22T00:00:00Z', Message: 'update in progress' } }),
  };
}

export interface TaskTraits {
  /** First digits of its container's id; empty where it has none yet. */
  readonly container?: string;
  readonly slot?: number;
  readonly node?: string;
  readonly state?: string;
  /** Network -> address with its prefix. */
  readonly networks?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly env?: readonly string[];
  readonly image?: string;
  readonly ports?: readonly object[];
}

const INGRESS = { Name: 'ingress', Labels: {}, DriverConfiguration: {}, Ingress: true, IPAMOptions: { Driver: {} }, Scope: 'swarm' };
const HOST = { Name: 'host', Labels: { 'com.docker.swarm.predefined': 'true' }, DriverConfiguration: { Name: 'host' }, Scope: 'swarm' };

function networkOf(name: string): object {
  if (name === 'host') return HOST;
  return name === 'ingress'
    ? INGRESS
    : { Name: name, Labels: {}, DriverConfiguration: { Name: 'overlay' }, Attachable: true, Scope: 'swarm' };
}

export function taskAnswer(service: string, traits: TaskTraits = {}): object {
  const { container = 'ccc', slot, node = NODES.there, state = 'running', networks = { front: '10.0.1.4/24' } } = traits;
  return {
    ID: swarmId(`task${container}`),
    Version: { Index: 21 },
    CreatedAt: '2026-11-21T23:57:02.387351516Z',
    UpdatedAt: '2026-11-21T23:57:03.986684819Z',
    Labels: {},
    Spec: {
      ContainerSpec: { Image: traits.image ?? 'eviking/mydockerapp:latest', Labels: traits.labels, Env: traits.env, StopGracePeriod: 2e10 },
      ForceUpdate: 0,
    },
    ServiceID: swarmId(service.replace(/[^a-z0-9]/g, '')),
    ...(slot === undefined ? {} : { Slot: slot }),
    NodeID: node,
    Status: {
      Timestamp: '2026-11-21T23:57:03.944609179Z',
      State: state,
      Message: 'started',
      ...(container === '' ? {} : { ContainerStatus: { ContainerID: id(container), PID: 385, ExitCode: 0 } }),
      PortStatus: traits.ports === undefined ? {} : { Ports: traits.ports },
    },
    DesiredState: 'running',
    NetworksAttachments: Object.entries(networks).map(([name, address]) => ({
      Network: { ID: swarmId(name), Spec: networkOf(name), DriverState: { Name: 'overlay' } },
      ...(address === '' ? {} : { Addresses: [address] }),
    })),
  };
}

export function nodeAnswer(node: string, name: string, status: object, manager?: string): object {
  return {
    ID: node,
    Spec: { Labels: {}, Role: 'worker', Availability: 'active' },
    Description: { Hostname: name, Platform: { Architecture: 'x86_64', OS: 'linux' } },
    Status: status,
    ...(manager === undefined ? {} : { ManagerStatus: { Leader: true, Reachability: 'reachable', Addr: manager } }),
  };
}
