/**
 * The sockets of the Runtime API: gives what comes to sessions and sends what those answer, no faster than it is taken.
 *
 * Invariants: sockets that a new configuration has, too, stay open, and their connections with them; the others are bound
 * before anything else of it counts (`prepare`), take their paths when all is bound (`takePaths`), and take effect with it
 * (`commit`) or not at all (`rollback`).
 */

import type { Server as NetServer, Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { GlobalConfig, StatsSocketConfig } from '../../config/model.ts';
import { BoundSocket, takePaths } from '../../proxy/bound-socket.ts';
import { type BindFailure, bindFailure } from '../../proxy/data-plane.ts';
import type { CliCounts } from '../../stats/info.ts';
import { Peer } from './peer.ts';
import type { CliConnection, Runtime } from './runtime.ts';
import { CliSession, type Dialect } from './session.ts';

/** Connections that may wait for others to end, besides those in the kernel's backlog. */
const MAX_WAITING = 1024;

/** Its limits are those of all sockets together. */
type Limits = Pick<GlobalConfig, 'statsTimeout' | 'statsMaxconn'>;

/** One socket. */
class CliSocket {
  config: StatsSocketConfig;
  readonly bound: BoundSocket;

  constructor(config: StatsSocketConfig) {
    this.config = config;
    this.bound = new BoundSocket(config.address, config.backlog, { allowHalfOpen: true });
  }

  get server(): NetServer {
    return this.bound.server;
  }

  /** As `show cli sockets` names it. */
  get text(): string {
    const { actual } = this.bound;
    if (actual.kind === 'unix') return `unix@${actual.path}`;
    const at = this.bound.server.address();
    if (at === null || typeof at === 'string') return at === null ? `fd@${actual.kind === 'fd' ? actual.fd : ''}` : `unix@${at}`;
    return at.family === 'IPv6' ? `ipv6@${at.address}:${at.port}` : `ipv4@${at.address}:${at.port}`;
  }
}

export class CliServer {
  private readonly runtime: Runtime;
  private readonly dialect: (runtime: Runtime) => Dialect;
  private limits: Limits = { statsTimeout: 10_000, statsMaxconn: 10 };
  private current: readonly CliSocket[] = [];
  /** Those of a configuration that does not count yet. */
  private next: { readonly all: readonly CliSocket[]; readonly fresh: readonly CliSocket[] } | undefined = undefined;
  private readonly connections: Map<Peer, CliSocket> = new Map();
  private accepted = 0;
  /** Sent by connections that have ended. */
  private sent = 0;
  /** Accepted beyond `stats maxconn`, in order of arrival. */
  private readonly waiting: Map<Peer, CliSocket> = new Map();

  constructor(runtime: Runtime, dialect: (runtime: Runtime) => Dialect) {
    this.runtime = runtime;
    this.dialect = dialect;
  }

  get sockets(): readonly { readonly text: string; readonly config: StatsSocketConfig; readonly server: NetServer }[] {
    return this.current;
  }

  get counts(): CliCounts {
    const { current, connections, accepted } = this;
    let bytesOut = this.sent;
    for (const connection of connections.keys()) bytesOut += connection.sent;
    return { sockets: current.length, current: connections.size, accepted, bytesOut };
  }

  /** Those that are served. */
  *clients(): Generator<CliConnection> {
    for (const [{ socket, acceptedWall, commands }, listener] of this.connections) {
      yield { socket, listener: this.current.indexOf(listener) + 1, acceptedWall, commands };
    }
  }

  /** Binds what is new. Answers what could not be bound; then nothing has changed. */
  async prepare(configs: readonly StatsSocketConfig[]): Promise<readonly BindFailure[]> {
    const kept = new Set<CliSocket>();
    const fresh: CliSocket[] = [];
    const all = configs.map((config) => {
      const same = this.current.find((socket) => !kept.has(socket) && isDeepStrictEqual(socket.config.address, config.address));
      const socket = same ?? new CliSocket(config);
      if (same === undefined) fresh.push(socket);
      kept.add(socket);
      return socket;
    });
    const results = await Promise.allSettled(fresh.map((socket) => this.open(socket)));
    const failures = results.flatMap((result, index) => {
      const { config } = fresh[index] as CliSocket;
      return result.status === 'rejected' ? [bindFailure('GLOBAL', config, result.reason)] : [];
    });
    this.next = { all, fresh };
    if (failures.length > 0) this.rollback();
    return failures;
  }

  /** The sockets that were prepared take their paths; answers what could not be had, and then none of them has. */
  takePaths(): readonly BindFailure[] {
    const claims = (this.next?.fresh ?? []).map(({ bound, config }) => ({
      socket: bound,
      failure: (error: unknown) => bindFailure('GLOBAL', config, error as NodeJS.ErrnoException),
    }));
    return takePaths(claims, () => []);
  }

  /** What was prepared counts; `configs` and `limits` are those of its configuration. */
  commit(configs: readonly StatsSocketConfig[], limits: Limits): void {
    const all = this.next?.all ?? [];
    this.next = undefined;
    for (const socket of this.current) if (!all.includes(socket)) socket.bound.server.close();
    all.forEach((socket, index) => {
      socket.config = configs[index] as StatsSocketConfig;
    });
    this.current = all;
    this.limits = limits;
    this.letIn();
  }

  /** What was prepared does not count. */
  rollback(): void {
    for (const socket of this.next?.fresh ?? []) socket.bound.server.close();
    this.next = undefined;
  }

  /** Takes no new connections. */
  close(): void {
    for (const socket of this.current) socket.bound.server.close();
    this.current = [];
  }

  destroy(): void {
    this.close();
    for (const connection of [...this.connections.keys(), ...this.waiting.keys()]) connection.destroy();
  }

  private async open(socket: CliSocket): Promise<void> {
    await socket.bound.listen();
    socket.bound.server.on('connection', (accepted) => this.accept(accepted, socket));
  }

  private accept(accepted: Socket, socket: CliSocket): void {
    const { config } = socket;
    const { runtime, limits } = this;
    const session = new CliSession(runtime, this.dialect(runtime), config.level, config.severity, limits.statsTimeout);
    const connection = new Peer(accepted, session, () => this.leave(connection));
    this.accepted++;
    this.waiting.set(connection, socket);
    this.letIn();
    // Beyond the limit a connection is closed at once: each that waits costs a descriptor.
    if (this.waiting.size > MAX_WAITING) connection.destroy();
  }

  /** As many of those who wait as there is room for. */
  private letIn(): void {
    for (const [connection, socket] of this.waiting) {
      if (this.connections.size >= this.limits.statsMaxconn) return;
      this.waiting.delete(connection);
      this.connections.set(connection, socket);
      connection.serve();
    }
  }

  private leave(connection: Peer): void {
    this.sent += connection.sent;
    this.waiting.delete(connection);
    if (this.connections.delete(connection)) this.letIn();
  }
}
