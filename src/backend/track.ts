/**
 * `track`: a server whose state is that of another one. The configuration has made sure that targets exist and that no
 * chain is a ring; which object is meant is known when all of them are there.
 */

import type { Server } from './server.ts';
import { Admin, OpState } from './types.ts';

/**
 * Binds it to who it tracks, or to nobody. A new bond takes over the state as it is; nothing has happened
 * that a log should tell.
 * Answers whether something has changed; the backend refreshes itself afterwards.
 */
export function track(server: Server, target: Server | undefined, now: number): boolean {
  if (server.tracked === target) return false;
  const { tracked } = server;
  if (tracked !== undefined) tracked.trackers = tracked.trackers.filter((other) => other !== server);
  server.tracked = target;
  if (target !== undefined) target.trackers = [server, ...target.trackers];
  server.admin &= ~(Admin.InheritedMaint | Admin.InheritedDrain);
  if (target?.inMaintenance) server.admin |= Admin.InheritedMaint;
  if (target?.draining) server.admin |= Admin.InheritedDrain;
  const op = server.inMaintenance || server.heldDown ? OpState.Stopped : (target?.op ?? OpState.Running);
  if (op !== server.op) server.moveOp(op === OpState.Starting ? server.warmup.begin(now) : op, now);
  // What was taken over may have to be handed on.
  for (const tracker of [...server.trackers].reverse()) {
    track(tracker, undefined, now);
    track(tracker, server, now);
  }
  return true;
}
