/** What a change of a server's state means to its clients, to those who wait, and to people who read the log. */

import { Level } from '../core/log.ts';
import type { Backend } from './backend.ts';
import type { Server } from './server.ts';
import { Admin, ANY_DRAIN } from './types.ts';
import { via } from './words.ts';

/** It gets no traffic any more. Answers how many who waited for this very server look for another one. */
export function withdraw(server: Server, now: number): number {
  return server.backend.withdraw(server, now);
}

/** It may get traffic again, or more of it. Answers how many who waited have a slot by it. */
export function offer(server: Server, now: number): number {
  const { backend } = server;
  const { waiting } = backend;
  backend.refresh(now);
  if (server.config.shutdownBackupsWhenUp && !server.config.backup && server.usable) {
    for (const other of backend.servers) if (other.config.backup) backend.shutdown(other, 'U');
  }
  return waiting - backend.waiting;
}

/** `on-marked-down shutdown-sessions` */
export function shutDown(server: Server): void {
  if (server.config.shutdownWhenDown) server.backend.shutdown(server, 'D');
}

/** What is under way on servers of which nothing is to be expected goes to others, where that does no harm. */
export function rescue(backend: Backend): void {
  const forsaken = new Set(backend.servers.filter((server) => server.forsaken && server.scur > 0));
  if (forsaken.size > 0) backend.onForsaken(forsaken);
}

/** Every change of a server in drain says that it is one. */
export function remind(server: Server): void {
  const { admin, tracked } = server;
  if ((admin & ANY_DRAIN) === 0) return;
  if ((admin & Admin.ForcedDrain) !== 0) {
    server.log(Level.Notice, ' remains in forced drain mode.');
  } else if (tracked !== undefined && (admin & Admin.InheritedDrain) !== 0) {
    server.log(Level.Notice, ` is leaving forced drain but remains in drain mode${via(server)}.`);
  }
}
