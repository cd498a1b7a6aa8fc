/** One container as one server: port, address, parameters and state, or the reason why it cannot be one. */

import type { ContainerOrigin, RolloutMode, ServerConfig } from '../../config/model.ts';
import { withLabels } from '../labels/apply.ts';
import type { Settings } from '../labels/settings.ts';
import { Memo } from '../memo.ts';
import type { DiscoveredServer } from '../provider.ts';
import { choosePort, type Found, locate, type Vantage, type Wish } from './address.ts';
import { type Container, shortId } from './container.ts';
import type { Far } from './locality.ts';
import type { KnownContainer } from './watch.ts';

/** What one line of the configuration and the container's labels ask for together. */
export interface ServerWish extends Wish {
  /** Undefined: chosen among the ports that the container exposes. */
  readonly port: number | undefined;
  readonly template: ServerConfig;
  readonly settings: Settings;
  readonly far: Far;
}

export interface Placed {
  readonly server: DiscoveredServer;
  /** Where its traffic goes, for people. */
  readonly where: string;
  /** What its labels say. */
  readonly rollout: RolloutMode | undefined;
}

/** By the template, of which each line has its own: several may take one container, by the same labels. */
const placements = new WeakMap<ServerConfig, Memo<KnownContainer, Settings, Found<Placed>>>();

/** A problem refuses the container; an address that cannot be reached only keeps its server down. */
export function serverOf(known: KnownContainer, wish: ServerWish, vantage: Vantage): Found<Placed> {
  const { template, settings, port, network, address, far } = wish;
  let placed = placements.get(template);
  if (placed === undefined) {
    placed = new Memo();
    placements.set(template, placed);
  }
  return placed.of(known, settings, [port, network, address, far, vantage], () => place(known, wish, vantage));
}

function place(known: KnownContainer, wish: ServerWish, vantage: Vantage): Found<Placed> {
  const { container } = known;
  const port: Found<number> = wish.port === undefined ? choosePort(container, wish.settings.scheme) : { value: wish.port };
  if ('problem' in port) return port;
  const location = locate(container, port.value, wish, vantage);
  const reached = 'value' in location ? location.value : undefined;
  const base: ServerConfig = {
    ...wish.template,
    name: shortId(container.id),
    identity: container.id,
    address: reached?.address,
    port: reached?.port ?? port.value,
    fqdn: undefined,
    origin: originOf(container),
    container: factsOf(container),
  };
  const config = withLabels(base, wish.settings);
  if ('problem' in config) return config;
  const unreachable = 'problem' in location ? location.problem : '';
  const server: DiscoveredServer = { ...preferred(config.value, wish.far), ...stateOf(known, wish.settings.gate, unreachable) };
  const where = reached === undefined ? unreachable : `${hostPort(reached.address, reached.port)} (${reached.way})`;
  return { value: { server, where: where + tlsText(config.value) + farText(wish.far), rollout: wish.settings.rollout } };
}

function tlsText({ ssl }: ServerConfig): string {
  if (ssl === undefined) return '';
  return ssl.verify === 'none' ? ', over TLS (its certificate is not verified)' : ', over TLS';
}

function farText(far: Far): string {
  if (far === undefined) return '';
  return far === 'backup' ? ', a backup server because it is not near' : `, with ${far}% of its weight because it is not near`;
}

function preferred(config: ServerConfig, far: Far): Pick<DiscoveredServer, 'config' | 'share'> {
  if (far === 'backup') return { config: { ...config, backup: true, spare: !config.backup } };
  return far === undefined ? { config } : { config, share: far };
}

/** `container web-1 image nginx:1.27` */
export function originOf(container: Container): string {
  return `container ${container.name} image ${container.image}`;
}

function factsOf({ id, name, image, imageId, created, labels }: Container): ContainerOrigin {
  return { id, name, image, imageId, created, labels };
}

function hostPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

type State = Pick<DiscoveredServer, 'state' | 'reason'>;

/** Leaving comes first: what it is doing it shall finish, healthy or not. */
function stateOf({ container, leaving }: KnownContainer, gate: boolean, unreachable: string): State {
  if (leaving !== '') return { state: 'drain', reason: `container ${leaving}` };
  if (container.state !== 'running') return { state: 'down', reason: `container is ${container.state}` };
  if (gate && container.health === 'starting') return { state: 'down', reason: "Docker's health check has not passed yet" };
  if (gate && container.health === 'unhealthy') return { state: 'down', reason: "Docker's health check says unhealthy" };
  if (unreachable !== '') return { state: 'down', reason: unreachable };
  return { state: 'ready', reason: '' };
}
