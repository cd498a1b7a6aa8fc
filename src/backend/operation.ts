/**
 * The operational state of a server: what its checks, its agent, its traffic and operators make of it. In maintenance
 * it is stopped, whatever they say. Servers that track this one follow.
 *
 *     from \ to   Starting    Running       Stopping    Stopped
 *     Stopped     bringUp *   bringUp       holdBack
 *     Starting                finishStart   holdBack    takeDown
 *     Running                               holdBack    takeDown
 *     Stopping    bringUp *   bringUp                   takeDown
 *
 * `*` with `slowstart`. Maintenance (admin.ts), a new bond (track.ts) and a state file (restore.ts) put a server where it
 * belongs, from wherever it is.
 */

import { Level } from '../core/log.ts';
import { offer, remind, shutDown, withdraw } from './effects.ts';
import type { Server } from './server.ts';
import { OpState } from './types.ts';
import { balance, via } from './words.ts';

/** It is surely down. `cause` stands in its sentence: `, reason: ...`, `, changed from CLI` or nothing. */
export function takeDown(server: Server, cause: string, now: number): void {
  if (server.inMaintenance || server.op === OpState.Stopped) return;
  const wasLeaving = server.op === OpState.Stopping || server.draining;
  const sessions = server.scur;
  server.counters.chkdown++;
  server.moveOp(OpState.Stopped, now);
  const requeued = withdraw(server, now);
  server.log(wasLeaving ? Level.Notice : Level.Alert, ` is DOWN${cause}${via(server)}${balance(server, sessions, requeued)}`);
  remind(server);
  server.backend.announce();
  shutDown(server);
  for (const tracker of server.trackers) takeDown(tracker, '', now);
}

/** It works and wants no new clients: `http-check disable-on-404`, an operator. */
export function holdBack(server: Server, cause: string, now: number): void {
  if (server.inMaintenance || server.op === OpState.Stopping) return;
  server.moveOp(OpState.Stopping, now);
  const requeued = withdraw(server, now);
  server.log(Level.Notice, ` is stopping${cause}${via(server)}${balance(server, 0, requeued)}`);
  remind(server);
  server.backend.announce();
  for (const tracker of server.trackers) holdBack(tracker, '', now);
}

/** It works. */
export function bringUp(server: Server, cause: string, now: number): void {
  if (server.inMaintenance || server.heldDown || server.op === OpState.Running || server.op === OpState.Starting) return;
  server.moveOp(server.warmup.begin(now), now);
  const requeued = offer(server, now);
  server.log(Level.Notice, ` is UP${cause}${via(server)}${balance(server, 0, requeued)}`);
  remind(server);
  for (const tracker of server.trackers) bringUp(tracker, '', now);
}

/** Its slow start is over. */
export function finishStart(server: Server, now: number): void {
  server.moveOp(OpState.Running, now);
  const requeued = offer(server, now);
  server.log(Level.Notice, ` is UP${via(server)}${balance(server, 0, requeued)}`);
  remind(server);
}
