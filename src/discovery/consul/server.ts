/** One instance as one server: address, weight, parameters and state, or the reason why it cannot be one. */

import { isIP } from 'node:net';
import { isHostName, joinHostPort } from '../../config/address.ts';
import type { ServerConfig } from '../../config/model.ts';
import type { Resolved } from '../dns/lookups.ts';
import { withLabels } from '../labels/apply.ts';
import type { Settings } from '../labels/settings.ts';
import type { DiscoveredServer } from '../provider.ts';
import type { Check, Instance } from './instance.ts';

/** What the line of the configuration asks for. */
export interface ServerWish {
  readonly template: ServerConfig;
  /** An instance of which a check warns gets no traffic. */
  readonly passing: boolean;
  /** The node whose instances go first, and the percent of their weight that the others get: undefined where they are spare. */
  readonly near: { readonly node: string; readonly share: number | undefined } | undefined;
  /** What each weight is multiplied by: `scaleOf`. */
  readonly scale: number;
  /** The pool has instances of several data centers: names say which. */
  readonly mixed: boolean;
}

export interface Placed {
  readonly server: DiscoveredServer;
  /** Where its traffic goes, for people. */
  readonly where: string;
}

/** HAProxy's largest weight; Consul has 65,535. */
const HEAVIEST = 256;

/** A factor for the weights of all instances together, so that they keep their proportions and none is too large. */
export function scaleOf(instances: readonly Instance[], { weight }: ServerConfig): number {
  const heaviest = Math.max(1, ...instances.map(({ weights }) => Math.max(weights.passing, weights.warning)));
  return weight * heaviest <= HEAVIEST ? weight : HEAVIEST / heaviest;
}

/** A problem refuses the instance; an address that cannot be reached only keeps its server down. */
export function serverOf(
  instance: Instance,
  settings: Settings,
  wish: ServerWish,
  resolve: (name: string) => Resolved,
): { readonly value: Placed } | { readonly problem: string } {
  const port = settings.port ?? instance.port;
  if (port === 0) return { problem: 'it is registered without a port' };
  const found = addressOf(instance.address, resolve);
  const address = 'address' in found ? found.address : undefined;
  const weight = instance.checks.some(isWarning) ? instance.weights.warning : instance.weights.passing;
  const base: ServerConfig = {
    ...wish.template,
    name: nameOf(instance, wish.mixed),
    identity: identityOf(instance),
    address,
    port,
    fqdn: undefined,
    weight: weight * wish.scale === 0 ? 0 : Math.max(1, Math.round(weight * wish.scale)),
    origin: `service ${instance.service}, instance ${subjectOf(instance)}`,
  };
  const config = withLabels(base, settings);
  if ('problem' in config) return { problem: config.problem };
  const state = stateOf(instance, wish.passing, settings.gate, 'problem' in found ? found.problem : '');
  const where = 'problem' in found ? found.problem : hostPort(found.address, port, instance.address);
  return { value: { server: { ...preferred(config.value, instance, wish), ...state }, where } };
}

/** What is far takes what the others have no slot for, or always its share. */
function preferred(config: ServerConfig, { node }: Instance, { near }: ServerWish): Pick<DiscoveredServer, 'config' | 'share'> {
  if (near === undefined || near.node === node) return { config };
  if (near.share !== undefined) return { config, share: near.share };
  return { config: { ...config, backup: true, spare: !config.backup } };
}

/** What messages call it: `web-1 on host-1`. */
export function subjectOf({ id, node }: Instance): string {
  return `${id} on ${node}`;
}

/** What does not change about it, whatever its address is. */
export function identityOf({ datacenter, node, id }: Instance): string {
  return `consul ${datacenter} ${node} ${id}`;
}

/** Ids are unique on their node alone; registrator's begin with it. What still has another one's name gets its own in the pool. */
function nameOf({ datacenter, id, node }: Instance, mixed: boolean): string {
  const name = id.startsWith(`${node}:`) ? id : `${node}.${id}`;
  return `${name}${mixed ? `.${datacenter}` : ''}`.replace(/[^A-Za-z0-9_.:-]/g, '_');
}

function addressOf(address: string, resolve: (name: string) => Resolved): Resolved {
  if (isIP(address) !== 0) return { address };
  return isHostName(address) ? resolve(address) : { problem: `'${address}' is no address` };
}

function hostPort(address: string, port: number, registered: string): string {
  const at = joinHostPort(address, port);
  return address === registered ? at : `${at} (${registered})`;
}

type State = Pick<DiscoveredServer, 'state' | 'reason'>;

const MAINTENANCE = /^_(node|service)_maintenance\b/;

/** Maintenance comes first: what an instance is doing it shall finish, healthy or not. */
function stateOf({ checks }: Instance, passing: boolean, gate: boolean, unreachable: string): State {
  const maintenance = checks.find(({ id, status }) => MAINTENANCE.test(id) && status === 'critical');
  if (maintenance !== undefined) return { state: 'drain', reason: `in maintenance: ${maintenance.notes}` };
  const failing = gate ? checks.find(({ status }) => status === 'critical') : undefined;
  if (failing !== undefined) return { state: 'down', reason: reasonOf(failing) };
  const warning = gate && passing ? checks.find(isWarning) : undefined;
  if (warning !== undefined) return { state: 'down', reason: reasonOf(warning) };
  return unreachable === '' ? { state: 'ready', reason: '' } : { state: 'down', reason: unreachable };
}

function isWarning({ status }: Check): boolean {
  return status === 'warning';
}

function reasonOf({ name, status, output }: Check): string {
  return `check '${name}' is ${status}${output === '' ? '' : `: ${output}`}`;
}
