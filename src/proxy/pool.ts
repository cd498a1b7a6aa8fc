/**
 * Idle server connections, kept per server, most recently used last: the newest is the least likely to be closed by
 * the server just now. `Server.idle` holds them for everybody to count and close; only this file puts in and takes out.
 */

import type { Server } from '../backend/server.ts';
import type { ServerConnection } from './server-connection.ts';

/** More than this per server are closed instead of kept. */
const MAX_IDLE = 1024;

/** False when the pool is full: the connection is closed. */
export function parkIdle(server: Server, connection: ServerConnection): boolean {
  if (server.idle.length >= MAX_IDLE) {
    connection.close();
    return false;
  }
  server.idle.push(connection);
  return true;
}

export function takeIdle(server: Server): ServerConnection | undefined {
  // Everything in `idle` was put there by parkIdle.
  return server.idle.pop() as ServerConnection | undefined;
}

export function unparkIdle(server: Server, connection: ServerConnection): void {
  const index = server.idle.lastIndexOf(connection);
  if (index >= 0) server.idle.splice(index, 1);
}
