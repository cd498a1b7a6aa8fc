/**
 * A Docker engine as far as discovery asks one: the five GET endpoints on a unix socket, and a script of what happens.
 * It says what was asked, so that a test can tell whether too much was.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cutOff } from '../../support/sockets.ts';
import { id } from './make.ts';

interface Settings {
  readonly address?: string;
  readonly image?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly stopSignal?: string;
  readonly stopTimeout?: number;
  /** How its id begins. */
  readonly id?: string;
  /** Its own ports, and where they are published; 8089, not published, where none is said. */
  readonly ports?: Readonly<Record<number, number | undefined>>;
}

/** Elements of the answers of `GET /services`, `/tasks` and `/nodes`. */
export interface FakeSwarm {
  services: readonly object[];
  tasks: readonly object[];
  nodes: readonly object[];
}

const NO_MANAGER = 'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm.';

export class FakeEngine {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'fairlead-fake-'));
  readonly socket: string = join(this.folder, 'docker.sock');
  apiVersion = '1.41';
  minApiVersion = '1.12';
  /** Paths asked for, without version and query, in order. */
  readonly asked: string[] = [];
  /** The API version of the last call that named one. */
  usedVersion = '';
  /** Called before a list is answered: what happens here falls between subscription and list. */
  beforeList: () => void = () => {};
  /** List answers, made already, wait while this is pending. */
  listGate: Promise<void> = Promise.resolve();
  /** Inspect answers wait while this is pending. */
  inspectGate: Promise<void> = Promise.resolve();
  /** Pings are not answered. */
  deaf = false;
  /** Nothing that happens is told. */
  mute = false;
  /** Requests whose path matches are answered with this status and no more. */
  readonly refused = new Map<RegExp, number>();
  /** What is told of events is written in pieces of so many bytes. */
  pieces = Number.POSITIVE_INFINITY;
  /** What a manager of a Swarm answers, in the engine's own words; undefined: it manages none. */
  swarm: FakeSwarm | undefined;
  /** Why it manages none. */
  noManager: string = NO_MANAGER;
  /** Answers about it wait while this is pending. */
  swarmGate: Promise<void> = Promise.resolve();
  /** Paths that a socket proxy in front of it refuses. */
  readonly denied: Set<string> = new Set();

  private readonly containers = new Map<string, Record<string, unknown>>();
  private readonly streams = new Set<ServerResponse>();
  private server: Server | undefined;
  private serial: number;
  private runs = 0;

  /** `serial`: where the ids of its containers begin, for one of several engines. */
  constructor(serial: number = 0) {
    this.serial = serial;
  }

  get endpoint(): string {
    return `unix://${this.socket}`;
  }

  get subscribers(): number {
    return this.streams.size;
  }

  async listen(): Promise<void> {
    const server = createServer((request, response) => void this.answer(request, response));
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.socket, resolve));
  }

  /** The daemon stops: everybody is cut off and the socket is gone. */
  async close(): Promise<void> {
    const { server } = this;
    if (server === undefined) return;
    this.server = undefined;
    await cutOff(server);
    this.streams.clear();
  }

  async dispose(): Promise<void> {
    await this.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  // --- the script -------------------------------------------------------------------------------------------------

  /** A running container; answers its id. */
  run(name: string, settings: Settings = {}): string {
    const full = this.create(name, settings);
    this.emit('start', full);
    return full;
  }

  /** Like `run`, but nobody is told. */
  create(name: string, settings: Settings = {}): string {
    this.serial++;
    const full = id(settings.id ?? `c${this.serial.toString(16).padStart(3, '0')}`);
    const ports = Object.entries(settings.ports ?? { 8089: undefined });
    this.containers.set(full, {
      Id: full,
      Created: new Date(1_700_000_000_000 + this.serial * 1000).toISOString(),
      Name: `/${name}`,
      Image: 'sha256:0',
      State: { Status: 'running', StartedAt: moment(this.runs) },
      HostConfig: { NetworkMode: 'bridge' },
      Config: {
        Hostname: full.slice(0, 12),
        Image: settings.image ?? 'eviking/mydockerapp',
        ExposedPorts: Object.fromEntries(ports.map(([port]) => [`${port}/tcp`, {}])),
        Labels: settings.labels ?? {},
        StopSignal: settings.stopSignal ?? 'SIGTERM',
        StopTimeout: settings.stopTimeout ?? 10,
      },
      NetworkSettings: {
        Ports: Object.fromEntries(ports.map(([port, outside]) => [`${port}/tcp`, bindings(outside)])),
        Networks: { bridge: { IPAddress: settings.address ?? `172.17.0.${this.serial + 1}`, Gateway: '172.17.0.1' } },
      },
    });
    return full;
  }

  /** A container as another engine's inspect has told it. */
  adopt(answer: Readonly<Record<string, unknown>>): void {
    this.containers.set(String(answer.Id), { ...answer });
  }

  /** It is gone, and nobody is told. */
  forget(full: string): void {
    this.containers.delete(full);
  }

  /** Changes the state word without an event. */
  state(full: string, status: string, health?: string): void {
    const container = this.containers.get(full);
    if (container === undefined) return;
    const { StartedAt } = container.State as { readonly StartedAt: string };
    container.State = { Status: status, StartedAt, ...(health === undefined ? {} : { Health: { Status: health } }) };
  }

  /** Runs once more; `start` tells of it. */
  rerun(full: string): void {
    this.runs++;
    this.change(full, { State: { Status: 'running', StartedAt: moment(this.runs) } });
  }

  start(full: string): void {
    this.rerun(full);
    this.emit('start', full);
  }

  rename(full: string, name: string): void {
    this.change(full, { Name: `/${name}` });
    this.emit('rename', full);
  }

  /** Replaces what inspect and list say, without an event. */
  change(full: string, facts: Readonly<Record<string, unknown>>): void {
    const container = this.containers.get(full);
    if (container !== undefined) Object.assign(container, facts);
  }

  kill(full: string, signal: string): void {
    this.emit('kill', full, { signal });
  }

  die(full: string, status = 'exited'): void {
    this.state(full, status);
    this.emit('die', full, { exitCode: '0' });
  }

  destroy(full: string): void {
    this.containers.delete(full);
    this.emit('destroy', full);
  }

  move(full: string, network: string, address: string): void {
    const container = this.containers.get(full);
    if (container === undefined) return;
    container.NetworkSettings = { Ports: {}, Networks: { [network]: { IPAddress: address } } };
    this.write(
      JSON.stringify({ Type: 'network', Action: 'connect', Actor: { ID: 'net', Attributes: { container: full, name: network } } }),
    );
  }

  emit(action: string, full: string, attributes: Readonly<Record<string, string>> = {}): void {
    this.write(JSON.stringify({ Type: 'container', Action: action, Actor: { ID: full, Attributes: attributes } }));
  }

  /** Raw bytes on every event stream. */
  write(text: string): void {
    if (this.mute) return;
    const bytes = Buffer.from(text);
    const step = Math.min(this.pieces, bytes.length);
    for (const stream of this.streams) {
      for (let at = 0; at < bytes.length; at += step) stream.write(bytes.subarray(at, at + step));
    }
  }

  /** The event streams end; the engine stays. */
  dropStreams(): void {
    for (const stream of this.streams) stream.end();
    this.streams.clear();
  }

  // --- the answers ------------------------------------------------------------------------------------------------

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const match = /^(?:\/v([\d.]+))?(\/[^?]*)/.exec(request.url ?? '');
    const path = match?.[2] ?? '';
    if (match?.[1] !== undefined) this.usedVersion = match[1];
    this.asked.push(path);
    const status = [...this.refused].find(([pattern]) => pattern.test(path))?.[1];
    if (status !== undefined) {
      json(response, { message: `no ${path} here` }, status);
    } else if (this.denied.has(path)) {
      json(response, { message: 'Forbidden by administrative rules' }, 403);
    } else if (path === '/services' || path === '/tasks' || path === '/nodes') {
      await this.swarmGate;
      if (this.swarm === undefined) json(response, { message: this.noManager }, 503);
      else json(response, this.swarm[path.slice(1) as keyof FakeSwarm]);
    } else if (path === '/_ping') {
      if (!this.deaf) response.end('OK');
    } else if (path === '/version') json(response, { Version: '99.0', ApiVersion: this.apiVersion, MinAPIVersion: this.minApiVersion });
    else if (path === '/events') this.subscribe(response);
    else if (path === '/containers/json') {
      this.beforeList();
      const lines = [...this.containers.values()].map(listLine);
      await this.listGate;
      json(response, lines);
    } else await this.inspect(path, response);
  }

  private subscribe(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    this.streams.add(response);
    response.on('close', () => this.streams.delete(response));
  }

  private async inspect(path: string, response: ServerResponse): Promise<void> {
    const container = this.containers.get(/^\/containers\/([0-9a-f]+)\/json$/.exec(path)?.[1] ?? '');
    const text = JSON.stringify(container);
    await this.inspectGate;
    if (container === undefined) json(response, { message: 'no such container' }, 404);
    else response.end(text);
  }
}

function bindings(outside: number | undefined): readonly object[] | null {
  return outside === undefined ? null : [{ HostIp: '0.0.0.0', HostPort: String(outside) }];
}

/** The engine's time of its n-th start, years away from ours. */
function moment(n: number): string {
  return new Date(Date.UTC(2061, 0, 1) + n * 60_000).toISOString();
}

function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

function listLine(container: Record<string, unknown>): object {
  const state = container.State as { readonly Status: string; readonly Health?: { readonly Status: string } };
  const health = state.Health === undefined ? '' : ` (${state.Health.Status === 'starting' ? 'health: starting' : state.Health.Status})`;
  return {
    Id: container.Id,
    Names: [container.Name],
    State: state.Status,
    Status: `Up 1 second${health}`,
    Ports: [],
    NetworkSettings: { Networks: (container.NetworkSettings as { readonly Networks: unknown }).Networks },
  };
}
