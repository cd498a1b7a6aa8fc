/**
 * All frontends with their listeners: binds what is new, keeps what is the same, closes what is gone.
 *
 * Invariant: either a configuration is taken over whole or nothing of it is. New sockets are bound first; when one
 * fails, the ones just bound are closed again and everything stays as it was. One exception: a socket whose port must be
 * given up by an old one first (`moved`) is bound last, and when that fails the rest stands.
 */

import type { Server } from '../backend/server.ts';
import type { ShutdownCause } from '../backend/types.ts';
import type { BindConfig, Config, Place, ProxyConfig } from '../config/model.ts';
import { ProcessCounters } from '../core/counters.ts';
import type { EventLog } from '../core/log.ts';
import type { Wheel } from '../core/wheel.ts';
import type { CompiledRules } from '../rules/types.ts';
import type { VariableValue } from '../rules/variables.ts';
import type { ListenerTls } from '../tls/types.ts';
import type { Accepted } from './accept.ts';
import { Admission } from './admission.ts';
import { takePaths } from './bound-socket.ts';
import { bindText, conflict, Frontend, sameSocket } from './frontend.ts';
import { InvalidMessages } from './invalid.ts';
import { Listener } from './listener.ts';
import { Program } from './program.ts';
import type { BackendDirectory, Services } from './services.ts';
import type { ClientSession } from './sessions.ts';
import type { AccessLog, Service, StatsHandler } from './types.ts';

export interface DataPlaneParts {
  readonly wheel: Wheel;
  readonly backends: BackendDirectory;
  readonly events: EventLog;
  readonly accessLog: AccessLog;
  readonly stats: StatsHandler;
  /** Of the process, for logs. */
  readonly pid?: number;
  /** For `use-service`, by name. */
  readonly named?: ReadonlyMap<string, Service>;
}

/** What was made of a configuration beside itself. */
export interface Compiled {
  /** By the proxy's id. */
  readonly rules: ReadonlyMap<number, CompiledRules>;
  /** The certificates of a `bind` line; undefined for clear text. */
  readonly tls: (bind: BindConfig) => ListenerTls | undefined;
}

/** A socket that could not be bound. */
export interface BindFailure {
  readonly frontend: string;
  /** `127.0.0.1:80` */
  readonly listener: string;
  readonly place: Place;
  /** The system's word: `Address already in use`. */
  readonly message: string;
}

const NO_RULES: CompiledRules = { request: undefined, response: undefined, redirect: undefined, route: undefined, statsAdmin: undefined };

/** Before a configuration says otherwise. */
const H2 = { headerTableSize: 4096, initialWindowSize: 65535, maxConcurrentStreams: 100, maxFrameSize: 16384, websockets: true };

export class DataPlane {
  private readonly services: Services;
  private readonly admission: Admission;
  private table: Map<string, Frontend> = new Map();
  /** What comes from inside of this process, by the frontend's name: listeners without a socket. */
  private readonly inner: Map<string, Listener> = new Map();
  /** Closed by a reconfiguration; their sessions go on. */
  private gone: readonly Listener[] = [];
  /** Of the configured proxies, and of pools that discovery has made and that have rules of their own. */
  private configured: ReadonlyMap<number, Program> = new Map();
  private pools: ReadonlyMap<number, Program> = new Map();
  private stopping = false;
  private idleWaiters: (() => void)[] = [];

  constructor(parts: DataPlaneParts) {
    this.services = {
      named: new Map(),
      pid: 0,
      frontends: () => this.table,
      ...parts,
      invalid: new InvalidMessages(),
      limits: { bufsize: 16384, headSize: 15360, maxhdr: 101, logLine: 1023, h2: H2 },
      programs: new Map(),
      connections: 0,
      serial: 0,
      variables: undefined,
      counters: new ProcessCounters(),
      onIdle: () => this.onIdle(),
    };
    this.admission = new Admission(this.services);
  }

  /** By name, in the order of the configuration. */
  get frontends(): ReadonlyMap<string, Frontend> {
    return this.table;
  }

  /** What could not be read of HTTP. */
  get invalid(): InvalidMessages {
    return this.services.invalid;
  }

  get counters(): ProcessCounters {
    return this.services.counters;
  }

  /** Of the process: `proc.x`. */
  get variables(): Map<string, VariableValue> {
    this.services.variables ??= new Map();
    return this.services.variables;
  }

  /** Client connections now. */
  get connections(): number {
    return this.services.connections;
  }

  /**
   * Takes over `config`. Answers what could not be bound; when that is not empty nothing has changed.
   * `claim` runs when the new sockets are bound: what else of `config` takes a path does so, and answers what it could not
   * have. `commit` runs then, and no frontend has changed yet: it makes the backends of `config` true, because frontends
   * find their default ones by name.
   */
  async configure(
    config: Config,
    { rules, tls }: Compiled,
    commit: () => void = () => {},
    claim: () => readonly BindFailure[] = () => [],
  ): Promise<readonly BindFailure[]> {
    const programs: ReadonlyMap<number, Program> = new Map(
      config.proxies.map((proxy) => [proxy.id, new Program(proxy, rules.get(proxy.id) ?? NO_RULES, config.global.maxurilen)]),
    );
    const served = config.proxies.filter((proxy) => proxy.kind !== 'backend' && !proxy.disabled);
    const next = new Map<string, Frontend>();
    for (const proxy of served) {
      next.set(proxy.name, this.table.get(proxy.name) ?? new Frontend(programs.get(proxy.id) as Program));
    }
    const plan = this.planListeners(served, next, tls);
    const failures = await this.bindAll(plan.fresh);
    if (failures.length > 0) return failures;
    if (this.stopping) {
      this.giveUp(plan.fresh);
      return [];
    }

    const refused = this.takeAll(plan.fresh, claim);
    if (refused.length > 0) return refused;
    commit();
    this.configured = programs;
    this.joinPrograms();
    const { bufsize, maxrewrite, maxhdr, logurilen, h2 } = config.global;
    this.services.limits = { bufsize, headSize: bufsize - maxrewrite, maxhdr, logLine: logurilen - 1, h2 };
    this.admission.maxconn = config.global.maxconn;
    this.admission.rateLimits = config.global.rateLimits;
    this.admission.maxsslconn = config.global.maxsslconn;
    for (const listener of plan.gone) listener.close();
    for (const listener of plan.paused) listener.pause();
    this.gone = [...this.gone, ...plan.gone, ...this.forgetInner(next)].filter((listener) => listener.scur > 0);
    for (const proxy of served) {
      const frontend = next.get(proxy.name) as Frontend;
      frontend.reconfigure(programs.get(proxy.id) as Program);
      frontend.listeners = plan.listeners.get(proxy.name) ?? [];
      frontend.defaultBackend = this.defaultBackend(frontend.config);
      for (const [index, bind] of frontend.config.binds.entries()) {
        const listener = frontend.listeners[index] as Listener;
        listener.config = bind;
        listener.tls = tls(bind);
        listener.id = bind.id ?? index + 1;
      }
    }
    this.table = next;
    this.admission.refill();
    return this.bindAll(plan.moved);
  }

  /** What is compiled for pools that discovery has made, by the pool's id; those without rules need none. */
  setPools(pools: ReadonlyMap<number, Program>): void {
    if (pools === this.pools) return;
    this.pools = pools;
    this.joinPrograms();
  }

  private joinPrograms(): void {
    this.services.programs = this.pools.size === 0 ? this.configured : new Map([...this.configured, ...this.pools]);
  }

  /** Whether requests can be given to that frontend from inside of this process. */
  takes(name: string): boolean {
    const frontend = this.table.get(name);
    return !this.stopping && frontend !== undefined && frontend.config.mode === 'http' && frontend.state !== 'STOP';
  }

  /** A client from inside of this process, as if it had connected to a `bind` of that frontend, which `takes` it. */
  enter(name: string, accepted: Accepted): void {
    const frontend = this.table.get(name) as Frontend;
    let listener = this.inner.get(name);
    if (listener === undefined) {
      listener = new Listener(frontend, 0, innerBind(frontend), this.services, this.admission);
      this.inner.set(name, listener);
    }
    listener.enter(accepted);
  }

  /** Closes those whose frontend is not in `next`, and answers them. */
  private forgetInner(next: ReadonlyMap<string, Frontend>): Listener[] {
    const lost = [...this.inner].filter(([name, { frontend }]) => next.get(name) !== frontend);
    for (const [name, listener] of lost) {
      listener.close();
      this.inner.delete(name);
    }
    return lost.map(([, listener]) => listener);
  }

  /** Stops accepting; connections close as they become idle. */
  drain(hurried: boolean): void {
    this.stopping = true;
    for (const listener of [...this.listeners(), ...this.inner.values()]) listener.close();
    if (hurried) for (const [, client] of this.clients()) client.hurry();
    this.onIdle();
  }

  /** Resolves when a draining data plane has no connection left. */
  whenIdle(): Promise<void> {
    if (this.stopping && this.services.connections === 0) return Promise.resolve();
    return new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  /** Closes every connection now. */
  destroy(): void {
    this.stopping = true;
    for (const listener of this.all()) listener.destroy();
  }

  /** Everybody who is connected, by the frontend of their listener. */
  *clients(): Generator<readonly [Frontend, ClientSession]> {
    for (const listener of this.all()) {
      for (const client of listener.clients()) yield [listener.frontend, client];
    }
  }

  /** Ends whatever has a slot of `server`, also what came in by listeners that a reload has closed. */
  shutdown(server: Server, cause: ShutdownCause): void {
    for (const listener of this.all()) listener.shutdown(server, cause);
  }

  /** Takes away from `servers` what can be sent elsewhere without harm: nothing is to be expected of them. */
  abandon(servers: ReadonlySet<Server>): void {
    for (const listener of this.all()) listener.abandon(servers);
  }

  private onIdle(): void {
    if (!this.stopping || this.services.connections > 0) return;
    for (const resolve of this.idleWaiters.splice(0)) resolve();
  }

  private listeners(): Listener[] {
    return [...this.table.values()].flatMap((frontend) => frontend.listeners);
  }

  /** Wherever somebody may be connected. */
  private all(): Listener[] {
    return [...this.listeners(), ...this.inner.values(), ...this.gone];
  }

  private defaultBackend(config: ProxyConfig) {
    return this.services.backends.get(config.kind === 'listen' ? (config.defaultBackend ?? config.name) : (config.defaultBackend ?? ''));
  }

  /** Which sockets stay, which are new, which go, and which only change their frontend (their port must be free first). */
  private planListeners(served: readonly ProxyConfig[], next: ReadonlyMap<string, Frontend>, tls: Compiled['tls']) {
    const old = this.listeners();
    const kept = new Set<Listener>();
    const listeners = new Map<string, Listener[]>();
    const paused: Listener[] = [];
    const opening: { listener: Listener; bind: BindConfig }[] = [];
    for (const proxy of served) {
      const frontend = next.get(proxy.name) as Frontend;
      const own = proxy.binds.map((bind, index) => {
        const same = frontend.listeners.find((listener) => !kept.has(listener) && sameSocket(listener.config, bind));
        if (same !== undefined) {
          kept.add(same);
          if (bind.paused === true) paused.push(same);
          else if (!same.open) opening.push({ listener: same, bind });
          return same;
        }
        const listener = new Listener(frontend, index + 1, bind, this.services, this.admission);
        listener.tls = tls(bind);
        if (bind.paused !== true) opening.push({ listener, bind });
        return listener;
      });
      listeners.set(proxy.name, own);
    }
    const gone = old.filter((listener) => !kept.has(listener));
    const blocked = (bind: BindConfig) => gone.some((listener) => conflict(listener.config, bind));
    const moved = opening.filter(({ bind }) => blocked(bind)).map(({ listener }) => listener);
    const fresh = opening.filter(({ bind }) => !blocked(bind)).map(({ listener }) => listener);
    return { listeners, gone, paused, fresh, moved };
  }

  /** Binds all or none. */
  private async bindAll(listeners: readonly Listener[]): Promise<readonly BindFailure[]> {
    const results = await Promise.allSettled(listeners.map((listener) => listener.listen()));
    const failures = results.flatMap((result, index) =>
      result.status === 'rejected' ? [failureOf(listeners[index] as Listener, result.reason)] : [],
    );
    if (failures.length > 0) this.giveUp(listeners);
    return failures;
  }

  /** The paths of all that are bound, and what `claim` takes, or none. */
  private takeAll(listeners: readonly Listener[], claim: () => readonly BindFailure[]): readonly BindFailure[] {
    const claims = listeners.map((listener) => ({ socket: listener.socket, failure: (error: unknown) => failureOf(listener, error) }));
    const failures = takePaths(claims, claim);
    if (failures.length > 0) this.giveUp(listeners);
    return failures;
  }

  /** They do not listen; those that count may be tried again by the next configuration. */
  private giveUp(listeners: readonly Listener[]): void {
    const counting = new Set(this.listeners());
    for (const listener of listeners) {
      if (counting.has(listener)) listener.pause();
      else listener.close();
    }
  }
}

/** Plain HTTP/1.1, whatever the connection that it stands for spoke. */
function innerBind({ config: { place } }: Frontend): BindConfig {
  const address = { kind: 'inet', host: '', port: 0, v6only: false } as const;
  return { place, name: 'embedded', address, maxconn: undefined, backlog: undefined, protocol: 'h1', text: '' };
}

function failureOf({ frontend, config }: Listener, error: unknown): BindFailure {
  return bindFailure(frontend.name, config, error as NodeJS.ErrnoException);
}

const WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Address already in use',
  EACCES: 'Permission denied',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EBADF: 'Bad file descriptor',
  EISDIR: 'Is a directory',
  ENOENT: 'No such file or directory',
  EPERM: 'Operation not permitted',
  EAFNOSUPPORT: 'Address family not supported by protocol',
};

/** Why a socket of `frontend` could not be bound. */
export function bindFailure(frontend: string, bind: Pick<BindConfig, 'place' | 'address'>, error: NodeJS.ErrnoException): BindFailure {
  return { frontend, listener: bindText(bind), place: bind.place, message: WORDS[error.code ?? ''] ?? error.message };
}
