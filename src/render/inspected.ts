/** `docker inspect` as `server` lines: the containers of one image that run. Pure. */

import { joinHostPort } from '../config/address.ts';
import { forbiddenInName, type Read } from '../config/values.ts';
import { choosePort } from '../discovery/docker/address.ts';
import { type Container, readContainer, shortId } from '../discovery/docker/container.ts';
import { isImage } from '../discovery/docker/select.ts';

export interface InspectedServer {
  readonly name: string;
  /** `172.17.0.4:8089` */
  readonly address: string;
}

/** In the order of the text. `port`: the container's; undefined leaves it to the container. */
export function inspectedServers(json: string, image: string, port: number | undefined): Read<readonly InspectedServer[]> {
  const elements = elementsOf(json);
  if ('error' in elements) return elements;
  const servers: InspectedServer[] = [];
  const problems: string[] = [];
  for (const container of elements.value.filter(runs).map(containerOf)) {
    if (!isImage(image, container)) continue;
    const address = addressOf(container, port);
    if ('error' in address) problems.push(`${container.name || shortId(container.id)}: ${address.error}`);
    else servers.push({ name: nameOf(container, servers), address: address.value });
  }
  // Half of the servers are no configuration.
  return problems.length > 0 ? { error: problems.join('\n') } : { value: servers };
}

type Json = Readonly<Record<string, unknown>>;

function elementsOf(json: string): Read<readonly Json[]> {
  if (json.trim() === '') return { error: "standard input is empty: 'docker inspect' says nothing where no container is named" };
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return { error: `standard input is no JSON: ${(error as Error).message}` };
  }
  const elements: readonly unknown[] = Array.isArray(value) ? value : [value];
  const wrong = elements.findIndex((element) => !isObject(element) || !isObject(element.Config));
  if (wrong < 0) return { value: elements as readonly Json[] };
  return { error: `standard input is not what 'docker inspect' prints: element ${wrong + 1} is no container` };
}

/** Who says nothing of its state has been chosen by somebody. */
function runs({ State: state }: Json): boolean {
  return !isObject(state) || state.Running !== false;
}

/** Engines before 1.9 know the default bridge alone. */
function containerOf(element: Json): Container {
  const { NetworkSettings: settings } = element;
  if (!isObject(settings) || isObject(settings.Networks)) return readContainer(element);
  const bridge = { IPAddress: settings.IPAddress };
  return readContainer({ ...element, NetworkSettings: { ...settings, Networks: { bridge } } });
}

/** In the default bridge, else in the first network; else where the port is published on this machine. */
function addressOf(container: Container, wanted: number | undefined): Read<string> {
  const chosen = wanted === undefined ? choosePort(container) : { value: wanted };
  if ('problem' in chosen) return { error: chosen.problem.replace('port=', '--port') };
  const port = chosen.value;
  if (container.networkMode === 'host') return { value: `127.0.0.1:${port}` };
  const addresses = [...container.networks.filter(({ network }) => network === 'bridge'), ...container.networks];
  const address = addresses.flatMap(({ ipv4, ipv6 }) => ipv4 ?? ipv6 ?? [])[0];
  if (address !== undefined) return { value: joinHostPort(address, port) };
  const binding = container.published.find((one) => one.port === port);
  if (binding === undefined) return { error: `it has no address, and its port ${port} is not published` };
  const { hostIp, hostPort } = binding;
  return { value: joinHostPort(hostIp === '' || hostIp === '0.0.0.0' || hostIp === '::' ? '127.0.0.1' : hostIp, hostPort) };
}

/** Its host name, which is how its id begins unless somebody has given it another one. */
function nameOf({ hostname, id }: Container, others: readonly InspectedServer[]): string {
  const fits = hostname !== '' && forbiddenInName(hostname) === undefined && !others.some(({ name }) => name === hostname);
  return fits ? hostname : shortId(id);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
