/**
 * A server's idle connections, kept for reuse (manual 4.2, "http-reuse"; 5.2, "pool-max-conn", "pool-purge-delay",
 * "max-reuse"). The newest is taken first: it is the least likely to be closed by the server just now.
 *
 * They are closed when they are more than needed: every `pool-purge-delay`, half of those that the busiest moment lately
 * would have left unused, the oldest first. What is "lately" halves with each delay, so that after a peak they go little by
 * little, and all of a server that nobody asks go in the end. As in HAProxy.
 *
 * Invariant: a connection is in `idle` exactly while it has no user; it takes itself out when it closes.
 */

import type { Server } from '../backend/server.ts';
import type { IdleConnections } from '../backend/types.ts';
import type { HttpReuse } from '../config/model.ts';
import { Timed, type Wheel } from '../core/wheel.ts';
import type { ServerConnection } from './server-connection.ts';

/**
 * A request that must not be sent twice takes no connection that has been idle for longer, ms: many servers close theirs
 * after five seconds, and it would be lost with one that does so now.
 */
const DOUBTFUL = 4000;

/** What a request asks of a connection that has been used before: `Own` is one that its own client was served on. */
export const Need = { Any: 0, Fresh: 1, Proven: 2, Own: 3, None: 4 } as const;
export type Need = (typeof Need)[keyof typeof Need];

/**
 * `replayable`: it could be sent again, should the server close the connection just as it comes. That is all that
 * `http-reuse` is about, so such a request takes any, but with `never`. `first`: nothing was answered on its session yet, so
 * the client would not send it again by itself (RFC 9112 9.3.1).
 */
export function needOf(policy: HttpReuse, replayable: boolean, first: boolean): Need {
  if (policy === 'never') return Need.Own;
  if (replayable) return Need.Any;
  if (!first || policy === 'always') return Need.Fresh;
  return policy === 'aggressive' ? Need.Proven : Need.None;
}

class Pool extends Timed implements IdleConnections {
  /** In use at once, at most, since the last purge. */
  private peak = 0;
  needed = 0;
  private readonly server: Server;
  private readonly wheel: Wheel;
  private readonly idle: ServerConnection[] = [];

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
    if (server.scur > this.peak) this.peak = server.scur;
    if (poolPurgeDelay === 0 || (maxReuse >= 0 && connection.uses > maxReuse)) return false;
    if (poolMaxConn >= 0 && this.idle.length >= poolMaxConn) return false;
    this.idle.push(connection);
    if (this.slot < 0) this.wheel.arm(this, poolPurgeDelay, now);
    return true;
  }

  take(need: Need, now: number): ServerConnection | undefined {
    const { idle } = this;
    if (need === Need.Any) return idle.pop();
    for (let i = idle.length - 1; i >= 0; i--) {
      const connection = idle[i] as ServerConnection;
      if (now - connection.idleSince > DOUBTFUL) return undefined;
      if (need === Need.Proven && connection.uses === 1) continue;
      idle.splice(i, 1);
      return connection;
    }
    return undefined;
  }

  remove(connection: ServerConnection): void {
    const index = this.idle.lastIndexOf(connection);
    if (index >= 0) this.idle.splice(index, 1);
  }

  close(): void {
    this.wheel.disarm(this);
    for (const connection of this.idle.splice(0)) connection.close();
  }

  /** The purge. */
  onTimeout(now: number): void {
    const { scur, config } = this.server;
    const spare = this.idle.length + scur - Math.max(this.peak, this.needed);
    if (spare > 0) for (const connection of this.idle.splice(0, Math.ceil(spare / 2))) connection.close();
    this.needed = Math.max(this.peak, Math.floor((this.needed + this.peak) / 2));
    this.peak = scur;
    if (this.idle.length > 0 || scur > 0) this.wheel.arm(this, Math.max(1, config.poolPurgeDelay), now);
    else this.needed = 0;
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

/** `own`: what the client's request before this one was sent on, wherever that is now. */
export function takeIdle(server: Server, need: Need, own: ServerConnection | undefined, now: number): ServerConnection | undefined {
  if (need === Need.None || server.idle.length === 0) return undefined;
  if (need !== Need.Own) return (server.idle as Pool).take(need, now);
  if (own === undefined || own.server !== server || !own.idle) return undefined;
  unparkIdle(server, own);
  return own;
}

export function unparkIdle(server: Server, connection: ServerConnection): void {
  if (server.idle.length > 0) (server.idle as Pool).remove(connection);
}
