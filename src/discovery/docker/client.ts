/**
 * One Docker engine, over dockerode. The only file that knows that library: whatever leaves here is our own facts, and
 * an Error whose message a person can act on.
 *
 * Only GET /_ping, /version, /events, /containers/json and /containers/{id}/json are used, and for Swarm /services, /tasks
 * and /nodes where the engine answers them, so a read-only socket proxy in front of the engine suffices.
 */

import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { connect, isIP } from 'node:net';
import type Docker from 'dockerode';
import type { DockerEngineConfig } from '../../config/model.ts';
import { wall } from '../../core/clock.ts';
import { type Container, readContainer, readSummary, type Summary } from './container.ts';
import { type Endpoint, type Environment, isLocal, resolveEndpoint } from './endpoint.ts';
import type { Engine, EngineFacts, EventStream, SwarmEngine } from './engine.ts';
import { EngineError, explain } from './engine-error.ts';
import { CONTAINER_ACTIONS, type EngineEvent, JsonSplitter, NETWORK_ACTIONS, readEvent, SWARM_ACTIONS } from './events.ts';
import { isKnownHost, knownHosts } from './known-hosts.ts';
import { missedBy, Replay } from './replay.ts';
import { type Node, readNode, readService, readTask, type Service, type Task } from './swarm.ts';

/** The newest API version that this file was written against. */
const OURS = '1.52';
/** A hung engine is as bad as none. */
const PATIENCE = 15_000;
const INSPECT = 'GET /containers/{id}/json';
/** One container that an engine cannot tell about shall not keep the others waiting for so long. */
const INSPECT_PATIENCE = 5_000;
const KEEP_ALIVE_PROBE = 15_000;

interface Options {
  abortSignal: AbortSignal;
  [parameter: string]: unknown;
}

/** dockerode's calls as it really takes them: its types do not know `abortSignal` everywhere. */
interface Api {
  ping(options: Options): Promise<unknown>;
  version(options: Options): Promise<unknown>;
  listContainers(options: Options): Promise<unknown>;
  getContainer(id: string): { inspect(options: Options): Promise<unknown> };
  getEvents(options: Options): Promise<NodeJS.ReadableStream & Partial<Pick<IncomingMessage, 'socket' | 'headers'>>>;
  listServices(options: Options): Promise<unknown>;
  listTasks(options: Options): Promise<unknown>;
  listNodes(options: Options): Promise<unknown>;
}

/** Of the tasks those that Swarm wants to run: the others are on their way out, or history. */
const WANTED: string = JSON.stringify({ 'desired-state': ['running'] });

export class DockerClient implements Engine, SwarmEngine {
  private readonly engine: DockerEngineConfig;
  private readonly env: Environment;
  private readonly patience: number;
  private api: Api | undefined;
  private readonly replay = new Replay();
  /** Its clock is ours. */
  private local = false;

  /** `env` gives DOCKER_HOST and its companions for an engine without an endpoint; `patience` is ms for one answer. */
  constructor(engine: DockerEngineConfig, env: Environment, patience: number = PATIENCE) {
    this.engine = engine;
    this.env = env;
    this.patience = patience;
  }

  get label(): string {
    const name = this.engine.name === '' ? 'Docker engine' : `Docker engine '${this.engine.name}'`;
    return `${name} at ${this.engine.endpoint ?? this.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock'}`;
  }

  async connect(signal: AbortSignal): Promise<EngineFacts> {
    const endpoint = resolveEndpoint(this.engine, this.env);
    const options = await dockerodeOptions(endpoint, this.env);
    // Loaded when an engine is asked for: 24 MiB and 150 ms that a balancer without Docker does not have to pay.
    const { default: Dockerode } = await import('dockerode');
    // Asked without a version: every engine answers that.
    const plain = opened(new Dockerode(options), endpoint);
    const answer = await this.ask('GET /version', endpoint, signal, (abortSignal) => plain.version({ abortSignal }));
    const version = readVersion(answer);
    const api = negotiate(version.api, version.minimum);
    this.local = isLocal(endpoint);
    this.api = opened(new Dockerode({ ...options, version: `v${api}` }), endpoint);
    return { version: version.engine, api, rootless: version.rootless, local: this.local, host: await hostAddress(endpoint) };
  }

  async ping(signal: AbortSignal): Promise<void> {
    await this.call('GET /_ping', signal, (api, abortSignal) => api.ping({ abortSignal }));
  }

  async list(signal: AbortSignal): Promise<readonly Summary[]> {
    const answer = await this.call('GET /containers/json', signal, (api, abortSignal) => api.listContainers({ abortSignal, all: true }));
    return listed(answer).map(readSummary);
  }

  async inspect(id: string, signal: AbortSignal): Promise<Container | undefined> {
    try {
      const inspect = (api: Api, abortSignal: AbortSignal) => api.getContainer(id).inspect({ abortSignal });
      const container = readContainer(await this.call(INSPECT, signal, inspect));
      if (container.id !== id) throw new EngineError('its answer is about another one', undefined);
      return container;
    } catch (error) {
      if (error instanceof EngineError && error.status === 404) return undefined;
      throw error;
    }
  }

  async events(listener: (event: EngineEvent, missed: number) => void, signal: AbortSignal): Promise<EventStream> {
    const actions = [...CONTAINER_ACTIONS, ...NETWORK_ACTIONS, ...SWARM_ACTIONS];
    const filters = { type: ['container', 'network', 'service', 'node'], event: [...new Set(actions)] };
    const { since } = this.replay;
    const missed = since === undefined ? {} : { since };
    const now = this.local ? wall() : undefined;
    this.replay.begin(now);
    // The subscription outlives its answer's time-out, so that only waits for the head of the response.
    const stream = await this.call('GET /events', signal, (api) =>
      api.getEvents({ abortSignal: signal, ...missed, filters: JSON.stringify(filters) }),
    );
    stream.socket?.setKeepAlive?.(true, KEEP_ALIVE_PROBE);
    const subscribed = since === undefined ? undefined : (now ?? Date.parse(stream.headers?.date ?? ''));
    return { ended: follow(stream, this.replay, subscribed, listener) };
  }

  /** `endpoint` as Docker's documentation writes it. */
  async services(signal: AbortSignal): Promise<readonly Service[]> {
    return listed(await this.call('GET /services', signal, (api, abortSignal) => api.listServices({ abortSignal }))).map(readService);
  }

  async tasks(signal: AbortSignal): Promise<readonly Task[]> {
    const list = (api: Api, abortSignal: AbortSignal) => api.listTasks({ abortSignal, filters: WANTED });
    return listed(await this.call('GET /tasks', signal, list)).map(readTask);
  }

  async nodes(signal: AbortSignal): Promise<readonly Node[]> {
    return listed(await this.call('GET /nodes', signal, (api, abortSignal) => api.listNodes({ abortSignal }))).map(readNode);
  }

  private call<T>(endpoint: string, signal: AbortSignal, make: (api: Api, signal: AbortSignal) => Promise<T>): Promise<T> {
    const api = this.api;
    if (api === undefined) throw new Error('not connected');
    return this.ask(endpoint, resolveEndpoint(this.engine, this.env), signal, (abortSignal) => make(api, abortSignal));
  }

  /** One call with a time limit, which also holds when the library never calls back (a reply cut in the middle). */
  private async ask<T>(what: string, where: Endpoint, signal: AbortSignal, make: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const call = new AbortController();
    const stop = () => call.abort(signal.reason);
    const patience = what === INSPECT ? Math.min(this.patience, INSPECT_PATIENCE) : this.patience;
    const late = () => call.abort(new EngineError(`no answer to ${what} within ${patience} ms`, undefined));
    const timer = setTimeout(late, patience);
    signal.addEventListener('abort', stop, { once: true });
    try {
      signal.throwIfAborted();
      return await new Promise<T>((resolve, reject) => {
        call.signal.addEventListener('abort', () => reject(call.signal.reason), { once: true });
        make(call.signal).then(resolve, reject);
      });
    } catch (error) {
      throw error instanceof EngineError ? error : explain(error, what, where);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  }
}

function listed(answer: unknown): readonly unknown[] {
  if (!Array.isArray(answer)) throw new EngineError('it answers something that is not a list', undefined);
  return answer;
}

/**
 * Every option is given, if as undefined: the library fills those that are missing from the process's environment.
 * TLS files and known_hosts are read at each connect, so renewed ones are used.
 */
async function dockerodeOptions(endpoint: Endpoint, env: Environment): Promise<Docker.DockerOptions> {
  const none = {
    socketPath: undefined,
    host: undefined,
    port: undefined,
    username: undefined,
    ca: undefined,
    cert: undefined,
    key: undefined,
  };
  if (endpoint.kind === 'unix') return { ...none, protocol: 'http', socketPath: endpoint.path };
  const where = { ...none, host: endpoint.host, port: endpoint.port };
  if (endpoint.kind === 'ssh') {
    const known = await knownHosts(env);
    const hostVerifier = (key: Buffer) => isKnownHost(known, endpoint.host, endpoint.port, key);
    const sshOptions = { hostVerifier, ...(endpoint.agent === undefined ? {} : { agent: endpoint.agent }) };
    return { ...none, protocol: 'ssh', host: 'engine', username: endpoint.user, sshOptions };
  }
  if (endpoint.tls === undefined) return { ...where, protocol: 'http' };
  const [ca, cert, key] = await Promise.all([endpoint.tls.ca, endpoint.tls.cert, endpoint.tls.key].map(pem));
  return { ...where, protocol: 'https', ca, cert, key };
}

/**
 * The library makes a URL of the host and port of an engine over SSH that newer versions of Node refuse. So these are not
 * told it, and the connection that it wants for each call is made here: it reads all options anew each time.
 */
function opened(docker: Docker, endpoint: Endpoint): Api {
  if (endpoint.kind === 'ssh') {
    const modem = docker.modem as unknown as { sshOptions: object };
    const { host, port } = endpoint;
    modem.sshOptions = Object.defineProperty({ ...modem.sshOptions }, 'sock', { enumerable: true, get: () => connect(port, host) });
  }
  return docker as unknown as Api;
}

async function pem(path: string | undefined): Promise<Buffer | undefined> {
  return path === undefined ? undefined : readFile(path);
}

/** Published ports answer on the engine's machine: its address, resolved once per connection. */
async function hostAddress(endpoint: Endpoint): Promise<string> {
  if (endpoint.kind === 'unix') return '127.0.0.1';
  return isIP(endpoint.host) > 0 ? endpoint.host : (await lookup(endpoint.host)).address;
}

interface Version {
  readonly engine: string;
  readonly api: string;
  readonly minimum: string;
  readonly rootless: boolean;
}

function readVersion(answer: unknown): Version {
  const version = answer as {
    readonly Version?: string;
    readonly ApiVersion?: string;
    readonly MinAPIVersion?: string;
    readonly Components?: readonly { readonly Name?: string }[] | null;
  };
  if (typeof version?.ApiVersion !== 'string') throw new EngineError('what answers is not a Docker engine', undefined);
  return {
    engine: version.Version ?? 'of unknown version',
    api: version.ApiVersion,
    minimum: version.MinAPIVersion ?? '1.0',
    rootless: version.Components?.some((component) => component.Name === 'rootlesskit') ?? false,
  };
}

/** Compares `1.9` and `1.41` as version numbers. */
function older(a: string, b: string): boolean {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA !== majorB ? majorA < majorB : minorA < minorB;
}

/** The older of both sides' newest version; an engine that has dropped ours is spoken to in its oldest. */
function negotiate(engine: string, minimum: string): string {
  const agreed = older(engine, OURS) ? engine : OURS;
  return older(agreed, minimum) ? minimum : agreed;
}

/** `subscribed` by the engine's clock, where it may send what was missed. */
function follow(
  stream: NodeJS.ReadableStream,
  replay: Replay,
  subscribed: number | undefined,
  listener: (event: EngineEvent, missed: number) => void,
): Promise<string> {
  const splitter = new JsonSplitter();
  return new Promise((resolve) => {
    stream.on('data', (chunk: Buffer) => {
      try {
        for (const json of splitter.push(chunk)) {
          const event = replay.take(json) ? readEvent(json) : undefined;
          if (event !== undefined) listener(event, missedBy(json, subscribed));
        }
      } catch (error) {
        resolve(`its events cannot be read: ${(error as Error).message}`);
      }
    });
    stream.on('error', (error: Error) => resolve(`its event stream broke: ${error.message}`));
    stream.on('end', () => resolve('its event stream ended'));
    stream.on('close', () => resolve('its event stream was closed'));
  });
}
