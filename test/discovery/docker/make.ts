/** Containers as facts, and an engine's view of them. */

import type { Attachment, Container } from '../../../src/discovery/docker/container.ts';
import type { EngineFacts } from '../../../src/discovery/docker/engine.ts';
import type { EngineView, KnownContainer } from '../../../src/discovery/docker/watch.ts';

/** A full id that begins with the digits given. */
export function id(digits: string): string {
  return digits.padEnd(64, '0');
}

export function net(network: string, ipv4: string | undefined, more: Partial<Attachment> = {}): Attachment {
  return { network, ipv4, ipv6: undefined, gateway: '172.17.0.1', overlay: false, ...more };
}

export interface ContainerTraits extends Partial<Omit<Container, 'labels' | 'env'>> {
  readonly labels?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

let serial = 0;

export function container(name: string, { labels = {}, env = {}, ...more }: ContainerTraits = {}): Container {
  serial++;
  return {
    id: id(`abc${serial.toString(16).padStart(9, '0')}`),
    name,
    image: 'eviking/mydockerapp',
    imageId: `sha256:${id('f00')}`,
    created: serial * 1000,
    started: serial * 1000,
    state: 'running',
    health: 'none',
    labels: new Map(Object.entries(labels)),
    env: new Map(Object.entries(env)),
    hostname: name,
    networkMode: 'bridge',
    networks: [net('bridge', `172.17.0.${serial % 250}`)],
    exposed: [8089],
    published: [],
    stopSignal: 15,
    stopTimeout: 10_000,
    task: undefined,
    ...more,
  };
}

export const localEngine: EngineFacts = { version: '20.10.24', api: '1.41', rootless: false, local: true, host: '127.0.0.1' };
export const remoteEngine: EngineFacts = { ...localEngine, local: false, host: '192.0.2.99' };

function known(...containers: readonly (Container | KnownContainer)[]): readonly KnownContainer[] {
  return containers.map((entry) => ('leaving' in entry ? entry : { container: entry, leaving: '' }));
}

export function view(containers: readonly (Container | KnownContainer)[], facts: EngineFacts = localEngine): EngineView {
  return { facts, containers: known(...containers) };
}
