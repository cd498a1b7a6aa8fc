/** Who takes no more now, as the algorithms see it, and who may change that without anybody giving a slot back. */

import type { Server } from '../server.ts';
import { OpState } from '../types.ts';

/** Every slot is taken, or others wait for the next one already. */
export function isFull(server: Server): boolean {
  return server.saturated || server.queue.length > 0;
}

/** The limit follows the load of the whole backend (`minconn`) or time (`slowstart`): it is asked each time, and never set aside. */
export function limitMoves(server: Server): boolean {
  return server.config.minconn > 0 || server.op === OpState.Starting;
}

/** HAProxy's first backup server, where it alone replaces the active ones: it is not asked whether it has room. */
export function soleBackup(servers: readonly Server[]): Server | undefined {
  const [first] = servers;
  return first?.config.backup && !first.backend.config.allbackups ? first : undefined;
}
