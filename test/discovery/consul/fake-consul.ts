/**
 * An imitation of a Consul agent as far as discovery asks one: two GET endpoints with indexes, blocking queries and tokens, answers in
 * the shapes that the API of Consul 1.15 documents, and a script of what happens. It says what was asked, so that a test can tell
 * whether too much was.
 */

import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttps, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { cutOff } from '../../support/sockets.ts';

export interface Registration {
  readonly node?: string;
  readonly nodeAddress?: string;
  readonly id?: string;
  readonly address?: string;
  readonly port?: number;
  readonly tags?: readonly string[];
  readonly meta?: Readonly<Record<string, string>>;
  readonly weights?: { readonly Passing: number; readonly Warning: number };
  readonly kind?: string;
  readonly datacenter?: string;
}

interface Check {
  readonly id: string;
  readonly name: string;
  status: string;
  output: string;
  notes: string;
}

interface Registered extends Required<Omit<Registration, 'weights' | 'kind'>> {
  readonly service: string;
  readonly weights: Registration['weights'];
  readonly kind: string;
  readonly checks: Map<string, Check>;
  readonly created: number;
}

export class FakeConsul {
  /** Path and query of everything that was asked, in order. */
  readonly asked: string[] = [];
  /** Tokens that came, in order; empty for none. */
  readonly tokens: string[] = [];
  /** What is answered instead, by a part of the path. */
  readonly refusals = new Map<string, { readonly status: number; readonly text: string }>();
  /** Called with the answer before it is sent; true: it was dealt with. */
  intercept: (response: ServerResponse, path: string) => boolean = () => false;
  index = 100;
  leader = true;
  filtered = false;
  /** The most questions that were being held at one time. */
  mostHeld = 0;
  private readonly services = new Map<string, Registered>();
  /** What waits for the next change. */
  private readonly held = new Set<(abandoned: boolean) => void>();
  private readonly byService = new Map<string, number>();
  private server: Server | undefined;
  private port = 0;
  private readonly tls: ServerOptions | undefined;

  constructor(tls?: ServerOptions) {
    this.tls = tls;
  }

  get endpoint(): string {
    return `${this.tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.port}`;
  }

  /** Questions that are being held now. */
  get holding(): number {
    return this.held.size;
  }

  /** On the port that it had before, where it had one; or on a unix socket. */
  async listen(path?: string): Promise<void> {
    const answer = (request: IncomingMessage, response: ServerResponse) => this.answer(request, response);
    const server = this.tls === undefined ? createHttp(answer) : createHttps(this.tls, answer);
    this.server = server;
    await new Promise<void>((resolve) => {
      if (path === undefined) server.listen(this.port, '127.0.0.1', resolve);
      else server.listen(path, resolve);
    });
    if (path === undefined) this.port = (server.address() as AddressInfo).port;
  }

  /** The agent stops: everybody is cut off. */
  async close(): Promise<void> {
    const { server } = this;
    if (server === undefined) return;
    this.server = undefined;
    await cutOff(server);
    this.held.clear();
  }

  // --- the script -------------------------------------------------------------------------------------------------

  /** Answers the instance's id. */
  register(service: string, settings: Registration = {}): string {
    const node = settings.node ?? 'node-1';
    const id = settings.id ?? service;
    const key = `${node} ${id}`;
    const known = this.services.get(key);
    this.services.set(key, {
      service,
      node,
      nodeAddress: '10.0.0.1',
      id,
      address: '',
      port: 80,
      tags: [],
      meta: {},
      datacenter: 'dc1',
      ...settings,
      weights: settings.weights,
      kind: settings.kind ?? '',
      checks:
        known?.checks ??
        new Map([
          ['serfHealth', check('serfHealth', 'Serf Health Status')],
          [`service:${id}`, check(`service:${id}`, `Service '${service}' check`)],
        ]),
      created: known?.created ?? this.index,
    });
    this.change(service);
    return id;
  }

  deregister(id: string, node = 'node-1'): void {
    const service = this.services.get(`${node} ${id}`)?.service ?? '';
    this.services.delete(`${node} ${id}`);
    this.change(service);
  }

  /** The state of the instance's own check. */
  status(id: string, status: string, output = '', node = 'node-1'): void {
    this.put(node, id, { ...check(`service:${id}`, `Service '${id}' check`), status, output });
  }

  /** `consul maint -enable -reason=...` for one service, or for its whole node. */
  maintain(id: string, reason: string | undefined, scope: 'service' | 'node' = 'service', node = 'node-1'): void {
    const name = scope === 'node' ? '_node_maintenance' : `_service_maintenance:${id}`;
    if (reason !== undefined) {
      this.put(node, id, {
        ...check(name, `${scope === 'node' ? 'Node' : 'Service'} Maintenance Mode`),
        status: 'critical',
        notes: reason,
      });
      return;
    }
    this.services.get(`${node} ${id}`)?.checks.delete(name);
    this.change(id);
  }

  /** Wakes everybody without anything that differs. */
  touch(): void {
    this.change('');
  }

  /** The servers have lost their state, or read another one: indexes begin anew, and everything that is held is answered. */
  forget(index: number): void {
    this.index = index;
    this.byService.clear();
    this.wake(true);
  }

  private put(node: string, id: string, value: Check): void {
    const registered = this.services.get(`${node} ${id}`);
    registered?.checks.set(value.id, value);
    this.change(registered?.service ?? '');
  }

  private change(service: string): void {
    this.index++;
    this.byService.set(service, this.index);
    this.wake();
  }

  private wake(abandoned = false): void {
    for (const held of [...this.held]) held(abandoned);
  }

  // --- the API ----------------------------------------------------------------------------------------------------

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', 'http://agent');
    const index = Number(url.searchParams.get('index') ?? 0);
    const wait = Number.parseInt(url.searchParams.get('wait') ?? '0', 10);
    this.asked.push(`${url.pathname}${url.search}`);
    this.tokens.push(String(request.headers['x-consul-token'] ?? ''));
    const refusal = [...this.refusals].find(([part]) => url.pathname.includes(part))?.[1];
    if (refusal !== undefined) response.writeHead(refusal.status, { 'content-type': 'text/plain' }).end(refusal.text);
    else this.hold(url, index, wait, response);
  }

  private hold(url: URL, index: number, wait: number, response: ServerResponse): void {
    const name = /^\/v1\/health\/service\/(.+)$/.exec(url.pathname)?.[1];
    const service = name === undefined ? undefined : decodeURIComponent(name);
    // As in Consul, one service's index does not move when another one changes, and an index of the future is held like every other.
    const current = () => (service === undefined ? this.index : (this.byService.get(service) ?? this.index));
    const done = () => {
      clearTimeout(timer);
      this.held.delete(look);
      if (response.writable) this.send(url, service, current(), response);
    };
    const look = (abandoned: boolean) => {
      if (abandoned || index === 0 || current() > index) done();
    };
    const timer = index === 0 ? undefined : setTimeout(done, wait);
    timer?.unref();
    response.on('close', () => {
      clearTimeout(timer);
      this.held.delete(look);
    });
    this.held.add(look);
    this.mostHeld = Math.max(this.mostHeld, this.held.size);
    look(false);
  }

  private send(url: URL, service: string | undefined, index: number, response: ServerResponse): void {
    if (this.intercept(response, url.pathname)) return;
    const all = [...this.services.values()].filter((one) => one.datacenter === (url.searchParams.get('dc') ?? 'dc1'));
    const near = url.searchParams.get('near');
    const body =
      service === undefined
        ? catalogue(all)
        : all
            .filter((one) => one.service === service)
            .sort((a, b) => distance(a, near) - distance(b, near))
            .map(entry);
    response.writeHead(200, {
      'content-type': 'application/json',
      'x-consul-index': String(index),
      'x-consul-knownleader': String(this.leader),
      'x-consul-lastcontact': '0',
      ...(this.filtered ? { 'x-consul-results-filtered-by-acls': 'true' } : {}),
    });
    response.end(JSON.stringify(body));
  }
}

function check(id: string, name: string): Check {
  return { id, name, status: 'passing', output: '', notes: '' };
}

function distance({ node }: Registered, near: string | null): number {
  return near === null || node === near ? 0 : 1;
}

function catalogue(services: readonly Registered[]): Record<string, readonly string[]> {
  const found: Record<string, string[]> = { consul: [] };
  for (const { service, tags } of services) found[service] = [...new Set([...(found[service] ?? []), ...tags])];
  return found;
}

function entry({ service, node, nodeAddress, datacenter, id, address, port, tags, meta, weights, kind, checks, created }: Registered) {
  return {
    Node: {
      ID: '40e4a748-2192-161a-0510-9bf59fe950b5',
      Node: node,
      Address: nodeAddress,
      Datacenter: datacenter,
      TaggedAddresses: { lan: nodeAddress, wan: nodeAddress },
      Meta: { 'consul-network-segment': '' },
      CreateIndex: 10,
      ModifyIndex: 11,
    },
    Service: {
      ...(kind === '' ? {} : { Kind: kind }),
      ID: id,
      Service: service,
      // Go writes an empty list so.
      Tags: tags.length === 0 ? null : tags,
      Address: address,
      Meta: meta,
      Port: port,
      ...(weights === undefined ? {} : { Weights: weights }),
      EnableTagOverride: false,
      Proxy: { Mode: '', MeshGateway: {}, Expose: {} },
      Connect: {},
      CreateIndex: created,
      ModifyIndex: created,
    },
    Checks: [...checks.values()].map(({ id: checkId, name, status, output, notes }) => ({
      Node: node,
      CheckID: checkId,
      Name: name,
      Status: status,
      Notes: notes,
      Output: output,
      ServiceID: checkId === 'serfHealth' || checkId === '_node_maintenance' ? '' : id,
      ServiceName: checkId === 'serfHealth' || checkId === '_node_maintenance' ? '' : service,
      ServiceTags: [],
      Type: 'http',
      Definition: {},
      CreateIndex: created,
      ModifyIndex: created,
    })),
  };
}
