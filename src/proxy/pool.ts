/**
 * A server's idle connections, kept for reuse (manual 4.2, "http-reuse"; 5.2, "pool-max-conn", "pool-purge-delay",
 * "max-reuse"). The newest is taken first: it is the least likely to be closed by the server just now.
 *
 * They are closed when they are more than needed: every `pool-purge-delay`, half of those that the busiest moment lately
 * would have left unused, the oldest first. What is "lately" halves with each delay, so that after a peak they go little by
 * little, and all of a server that nobody asks go in the end. Where none is left, what was needed stays as it is. As in HAProxy.
 *
 * A connection with an owner is not shared: `http-reuse never`, or its server has authenticated it instead of requests. It is
 * kept for as long as its client is, beside the pool: no limit and no purge is for it, and no statistics count it. As in HAProxy.
 *
 * Invariant: a connection is in `idle` or, with an owner, in `owned` exactly while it has no user; it takes itself out when it
 * closes.
 */

import type { Server } from '../backend/server.ts';
import type { IdleConnections } from '../backend/types.ts';
import type { HttpReuse } from '../config/model.ts';
import { Timed, type Wheel } from '../core/wheel.ts';
import type { Head } from '../http/head.ts';
import type { ServerConnection } from './server-connection.ts';
import { turnNumber } from './turn.ts';

/**
 * A request that must not be sent twice takes no connection that has been idle for longer, ms: many servers close theirs
 * after five seconds, and it would be lost with one that does so now.
 */
const DOUBTFUL = 4000;

/** Idle connections of all servers together, where `pool-max-conn` sets no limit: each costs memory. */
const MOST_IDLE = 4096;

/** As `tune.pool-high-fd-ratio` of HAProxy, of the descriptors of this process: clients need some, too. */
const SHARE = 1 / 4;

let mostIdle = MOST_IDLE;

/** How many there are, of all servers together. */
let idleInAll = 0;

/** All that have some. */
const filled = new Set<Pool>();

/** How many idle connections a process with so many descriptors keeps. */
export function limitIdle(descriptors: number | undefined): number {
  mostIdle = descriptors === undefined ? MOST_IDLE : Math.min(MOST_IDLE, Math.floor(descriptors * SHARE));
  return mostIdle;
}

/** What a request asks of a pool's connection. */
export const Need = { Any: 0, Recent: 1, Proven: 2, None: 3 } as const;
export type Need = (typeof Need)[keyof typeof Need];

/** `later`: there is one, but what stands behind its last response is known only after the next poll. */
type Taken = ServerConnection | 'later' | undefined;

/**
 * `replayable`: it could be sent again, should the server close the connection just as it comes. That is all that
 * `http-reuse` is about, so such a request takes any, but with `never`. `first`: nothing was answered on its session yet, so
 * the client would not send it again by itself (RFC 9112 9.3.1).
 */
export function needOf(policy: HttpReuse, replayable: boolean, first: boolean): Need {
  if (policy === 'never') return Need.None;
  if (replayable) return Need.Any;
  if (!first || policy === 'always') return Need.Recent;
  return policy === 'aggressive' ? Need.Proven : Need.None;
}

/**
 * The response begins an authentication of the connection instead of the requests on it (RFC 4559 6): whoever sends on it
 * next would be its client. It may be one challenge of several in a field, and in a field that is not passed on.
 */
export function bindsConnection(head: Head): boolean {
  if (head.status !== 401 && head.status !== 407) return false;
  const field = head.status === 401 ? 'www-authenticate' : 'proxy-authenticate';
  for (let i = 0; i < head.count; i++) {
    if (head.name(i).toLowerCase() === field && /(?:^|,)[ \t]*(?:NTLM|Nego)/i.test(head.value(i))) return true;
  }
  return false;
}

class Pool extends Timed implements IdleConnections {
  needed = 0;
  private readonly server: Server;
  private readonly wheel: Wheel;
  private readonly idle: ServerConnection[] = [];
  private readonly owned = new Set<ServerConnection>();

  constructor(server: Server, wheel: Wheel) {
    super();
    this.server = server;
    this.wheel = wheel;
  }

  get length(): number {
    return this.idle.length;
  }

  get proven(): number {
    return this.idle.reduce((count, connection) => count + (connection.uses > 1 ? 1 : 0), 0);
  }

  /** False: this one is not to be kept. */
  put(connection: ServerConnection, now: number): boolean {
    const { server } = this;
    const { poolMaxConn, poolPurgeDelay, maxReuse } = server.config;
    if (maxReuse >= 0 && connection.uses > maxReuse) return false;
    if (connection.owner !== undefined) {
      this.owned.add(connection);
      return true;
    }
    if (poolPurgeDelay === 0) return false;
    if (poolMaxConn >= 0 && this.idle.length >= poolMaxConn) return false;
    if (poolMaxConn < 0 && idleInAll >= mostIdle && !this.makeRoom()) return false;
    this.idle.push(connection);
    filled.add(this);
    idleInAll++;
    if (this.slot < 0) this.wheel.arm(this, poolPurgeDelay, now);
    return true;
  }

  take(need: Need, now: number, name: string | undefined): Taken {
    const { idle } = this;
    const turn = turnNumber();
    let later = false;
    for (let i = idle.length - 1; i >= 0; i--) {
      const connection = idle[i] as ServerConnection;
      if (need !== Need.Any && now - connection.idleSince > DOUBTFUL) break;
      if (need === Need.Proven && connection.uses === 1) continue;
      if (connection.serverName !== name) continue;
      if (connection.parkedIn === turn) {
        later = true;
        continue;
      }
      this.removeAt(i);
      return connection;
    }
    return later ? 'later' : undefined;
  }

  remove(connection: ServerConnection): void {
    if (this.owned.delete(connection)) return;
    const index = this.idle.lastIndexOf(connection);
    if (index >= 0) this.removeAt(index);
  }

  /** By hand: `splice` would allocate. */
  private removeAt(index: number): void {
    const { idle } = this;
    const last = idle.length - 1;
    for (let i = index; i < last; i++) idle[i] = idle[i + 1] as ServerConnection;
    idle.pop();
    this.countGone(1);
  }

  private countGone(count: number): void {
    idleInAll -= count;
    if (this.idle.length === 0) filled.delete(this);
  }

  /** The oldest goes: of its own, else of whoever has most. */
  private makeRoom(): boolean {
    let fullest: Pool | undefined = this.idle.length > 0 ? this : undefined;
    if (fullest === undefined) for (const pool of filled) if (pool.length > (fullest?.length ?? 0)) fullest = pool;
    fullest?.closeOldest(1);
    return fullest !== undefined;
  }

  close(): void {
    this.wheel.disarm(this);
    this.closeOldest(this.idle.length);
    for (const connection of this.owned) connection.close();
  }

  private closeOldest(count: number): void {
    const oldest = this.idle.splice(0, count);
    this.countGone(oldest.length);
    for (const connection of oldest) connection.close();
  }

  /** The purge. As HAProxy, it does not look at what is needed where there is nothing to close. */
  onTimeout(now: number): void {
    if (this.idle.length === 0) return;
    const { server } = this;
    const { scur, mostUsed, config } = server;
    const spare = this.idle.length + scur - server.neededConnections;
    if (spare > 0) this.closeOldest(Math.min(this.idle.length, Math.ceil(spare / 2)));
    this.needed = Math.max(mostUsed, Math.floor((this.needed + mostUsed) / 2));
    server.mostUsed = scur;
    if (this.idle.length > 0) this.wheel.arm(this, Math.max(1, config.poolPurgeDelay), now);
  }
}

/** Keeps it, if its server's configuration lets it be kept. */
export function parkIdle(server: Server, connection: ServerConnection, wheel: Wheel, now: number): boolean {
  let pool = server.idle;
  if (!(pool instanceof Pool)) {
    pool = new Pool(server, wheel);
    server.idle = pool;
  }
  return (pool as Pool).put(connection, now);
}

/** `name`: what the server is asked for by SNI; only a connection that was opened under the same will do. */
export function takeIdle(server: Server, need: Need, now: number, name?: string): Taken {
  if (need === Need.None || server.idle.length === 0) return undefined;
  return (server.idle as Pool).take(need, now, name);
}

/** `own`: what a request before this one was sent on, if its client has that to itself. */
export function takeOwn(server: Server, own: ServerConnection | undefined, replayable: boolean, now: number, name?: string): Taken {
  if (own === undefined || own.server !== server || own.serverName !== name || !own.idle) return undefined;
  if (!replayable && now - own.idleSince > DOUBTFUL) return undefined;
  if (own.parkedIn === turnNumber()) return 'later';
  unparkIdle(server, own);
  return own;
}

export function unparkIdle(server: Server, connection: ServerConnection): void {
  if (server.idle instanceof Pool) server.idle.remove(connection);
}
