/**
 * `track`: a server whose state is that of another one. The configuration has made sure that targets exist and that no
 * chain is a ring; which object is meant is known when all of them are there.
 */

import type { Backend } from './backend.ts';
import type { Server } from './server.ts';
import { Admin, OpState } from './types.ts';

/**
 * Binds it to who it tracks, or to nobody. A new bond takes over the state as it is; nothing has happened
 * that a log should tell. `touched` comes to have the backends of all who may be in another state by it, along the
 * chain: they have to refresh themselves.
 */
export function track(server: Server, target: Server | undefined, now: number, touched: Set<Backend>): void {
  if (server.tracked === target) return;
  untrack(server);
  server.tracked = target;
  if (target !== undefined) target.trackers = [server, ...target.trackers];
  takeOver(server, target, now, touched);
}

/** It stays in the state that it is in. */
export function untrack(server: Server): void {
  const { tracked } = server;
  if (tracked === undefined) return;
  tracked.trackers = tracked.trackers.filter((other) => other !== server);
  server.tracked = undefined;
}

function takeOver(server: Server, target: Server | undefined, now: number, touched: Set<Backend>): void {
  touched.add(server.backend);
  server.admin &= ~(Admin.InheritedMaint | Admin.InheritedDrain);
  if (target?.inMaintenance) server.admin |= Admin.InheritedMaint;
  if (target?.draining) server.admin |= Admin.InheritedDrain;
  const op = server.inMaintenance || server.heldDown ? OpState.Stopped : (target?.op ?? OpState.Running);
  if (op !== server.op) server.moveOp(op === OpState.Starting ? server.warmup.begin(now) : op, now);
  for (const tracker of server.trackers) takeOver(tracker, server, now, touched);
}
