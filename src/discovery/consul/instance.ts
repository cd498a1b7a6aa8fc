/** What an agent says of services and their instances, as facts: `/v1/catalog/services`, `/v1/health/service/NAME`. */

import { ConsulError } from './client.ts';

/** One instance of a service, with all checks that concern it. */
export interface Instance {
  readonly datacenter: string;
  readonly node: string;
  /** Unique on its node. */
  readonly id: string;
  readonly service: string;
  /** Empty for an ordinary service; `connect-proxy` and the like for those of the mesh. */
  readonly kind: string;
  /** Its own, else the node's; a name where it was registered with one. */
  readonly address: string;
  /** 0 where it was registered without one. */
  readonly port: number;
  readonly tags: readonly string[];
  readonly meta: ReadonlyMap<string, string>;
  /** Its share of the traffic while all checks pass, and while one of them warns. */
  readonly weights: { readonly passing: number; readonly warning: number };
  readonly checks: readonly Check[];
  /** Grows with every registration: the smaller one is older. */
  readonly created: number;
}

export interface Check {
  readonly id: string;
  readonly name: string;
  /** `passing`, `warning`, `critical` */
  readonly status: string;
  /** How it begins, unless it passes: outputs may be whole pages, and new ones every time. */
  readonly output: string;
  /** Likewise; the reason, where somebody has put it into maintenance. */
  readonly notes: string;
}

/** Names of all services, sorted. Their tags come with the instances, each with its own. */
export function readServices(body: unknown): readonly string[] {
  return Object.keys(objectOf(body)).sort();
}

/** In the order of the answer, which is that of nearness where it was asked for. */
export function readInstances(body: unknown): readonly Instance[] {
  if (!Array.isArray(body)) throw nonsense();
  return body.map(readInstance);
}

function readInstance(entry: unknown): Instance {
  const { Node, Service, Checks } = objectOf(entry);
  const node = objectOf(Node);
  const service = objectOf(Service);
  const weights = objectOf(service.Weights ?? {});
  return {
    datacenter: textOf(node.Datacenter),
    node: textOf(node.Node),
    id: textOf(service.ID),
    service: textOf(service.Service),
    kind: textOf(service.Kind),
    address: textOf(service.Address) || textOf(node.Address),
    port: numberOf(service.Port, 0),
    tags: textsOf(service.Tags),
    meta: new Map(Object.entries(objectOf(service.Meta ?? {})).map(([key, value]) => [key, textOf(value)])),
    weights: { passing: numberOf(weights.Passing, 1), warning: numberOf(weights.Warning, 1) },
    checks: (Array.isArray(Checks) ? Checks : []).map(readCheck),
    created: numberOf(service.CreateIndex, 0),
  };
}

function readCheck(entry: unknown): Check {
  const check = objectOf(entry);
  const status = textOf(check.Status);
  const said = (text: unknown) => (status === 'passing' ? '' : beginningOf(textOf(text)));
  return {
    id: textOf(check.CheckID),
    name: textOf(check.Name) || textOf(check.CheckID),
    status,
    output: said(check.Output),
    notes: said(check.Notes),
  };
}

/** Of what a line may say. */
const LONGEST = 160;

function beginningOf(text: string): string {
  const line = text.trim().split(/[\r\n]/, 1)[0] ?? '';
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}...` : line;
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw nonsense();
  return value as Readonly<Record<string, unknown>>;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Go writes an empty list as null. */
function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(textOf) : [];
}

function numberOf(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : otherwise;
}

function nonsense(): ConsulError {
  return new ConsulError('its answer has another form than that of a Consul agent', 200);
}
