/**
 * What engines of several API versions say about one container, from its start to its removal: version 1.41 as an engine
 * 20.10 has written it (a recording), the later ones made of that as the API's version history says they differ.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../support/paths.ts';

type Json = Readonly<Record<string, unknown>>;

export interface Shape {
  readonly api: string;
  /** `GET /containers/json` and `GET /containers/{id}/json` while it ran, in the network `front`. */
  readonly list: readonly Json[];
  readonly inspect: Json;
  /** Its last inspect. */
  readonly exited: Json;
  /** As they came: joined to the network, started, healthy, and so on. */
  readonly events: readonly Json[];
}

const folder = join(root, 'test', 'discovery', 'docker', 'recorded');
const recorded = JSON.parse(readFileSync(join(folder, 'engine-1.41.json'), 'utf8')) as Omit<Shape, 'api'>;

function object(value: unknown): Json {
  return value as Json;
}

function without(value: unknown, ...keys: readonly string[]): Json {
  return Object.fromEntries(Object.entries(object(value)).filter(([key]) => !keys.includes(key)));
}

/** Each network of a container, changed. */
function networks(container: Json, change: (network: Json) => Json): Json {
  const settings = object(container.NetworkSettings);
  const changed = Object.entries(object(settings.Networks)).map(([name, network]) => [name, change(object(network))]);
  return { ...container, NetworkSettings: { ...settings, Networks: Object.fromEntries(changed) } };
}

/** 1.44: names of a container have a field of their own, and `Aliases` holds what was asked for alone. */
function names(shape: Shape): Shape {
  const change = (container: Json) => networks(container, (network) => ({ ...network, Aliases: null, DNSNames: ['web', '3a13ca1e6595'] }));
  return { ...shape, api: '1.44', list: shape.list.map(change), inspect: change(shape.inspect), exited: change(shape.exited) };
}

/** 1.48: the image's manifest is told, and networks say which gateway counts. */
function manifests(shape: Shape): Shape {
  const ImageManifestDescriptor = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: `sha256:${'0'.repeat(64)}`, size: 1 };
  const change = (container: Json) => networks({ ...container, ImageManifestDescriptor }, (network) => ({ ...network, GwPriority: 0 }));
  return { ...shape, api: '1.48', list: shape.list.map(change), inspect: change(shape.inspect), exited: change(shape.exited) };
}

/** Of the settings of all networks, what 1.52 has dropped. */
const DROPPED = [
  ...['Bridge', 'HairpinMode', 'LinkLocalIPv6Address', 'LinkLocalIPv6PrefixLen', 'SecondaryIPAddresses', 'SecondaryIPv6Addresses'],
  ...['EndpointID', 'Gateway', 'GlobalIPv6Address', 'GlobalIPv6PrefixLen', 'IPAddress', 'IPPrefixLen', 'IPv6Gateway', 'MacAddress'],
];

/** 1.52: events have `Action` and `Actor` alone, lines of the list a `Health`, and what is empty may be missing. */
function lean(shape: Shape): Shape {
  const change = (container: Json) => ({
    ...container,
    NetworkSettings: without(container.NetworkSettings, ...DROPPED),
    Config: without(container.Config, 'OnBuild', 'Volumes', 'Entrypoint'),
  });
  return {
    api: '1.52',
    list: shape.list.map((line) => ({ ...line, Health: { Status: 'healthy', FailingStreak: 0 } })),
    inspect: change(shape.inspect),
    exited: change(shape.exited),
    events: shape.events.map((event) => without(event, 'status', 'id', 'from')),
  };
}

const first: Shape = { ...recorded, api: '1.41' };
const second = names(first);
const third = manifests(second);

export const SHAPES: readonly Shape[] = [first, second, third, { ...third, api: '1.51' }, lean(third)];
