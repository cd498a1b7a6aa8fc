/**
 * The administrative state of a server: bits of `Admin`, each with an owner of its own (an operator, the configuration,
 * a tracked server, the resolver, the server's source). `changeAdmin` is the one door through which they change.
 *
 *     maintenance   any of ANY_MAINT: no traffic, no checks; the operational state is Stopped
 *     drain         any of ANY_DRAIN: no new traffic, checks go on
 *
 * Servers that track this one inherit both.
 */

import { Level } from '../core/log.ts';
import { offer, remind, shutDown, withdraw } from './effects.ts';
import type { Server } from './server.ts';
import { Admin, type AdminState, ANY_DRAIN, ANY_MAINT, OpState } from './types.ts';
import { balance, via } from './words.ts';

/** `set server <b>/<s> state ...`: `ready` also ends a maintenance that the configuration asked for. */
export function setAdmin(server: Server, state: AdminState, now: number): void {
  if (state === 'ready') {
    changeAdmin(server, 0, Admin.ForcedDrain, '', now);
    changeAdmin(server, 0, Admin.ForcedMaint, '', now);
  } else if (state === 'drain') {
    changeAdmin(server, Admin.ForcedDrain, 0, '', now);
    changeAdmin(server, 0, Admin.ForcedMaint, '', now);
  } else {
    changeAdmin(server, Admin.ForcedMaint, 0, '', now);
    changeAdmin(server, 0, Admin.ForcedDrain, '', now);
  }
}

/** Sets and clears bits; `why` stands in the sentence about it: ` (container is stopping)`. */
export function changeAdmin(server: Server, set: number, clear: number, why: string, now: number): void {
  const was = server.admin;
  const is = (was | set) & ~clear;
  if (is === was) return;
  server.admin = is;
  if (became(was, is, ANY_MAINT)) enterMaintenance(server, was, why, now);
  else if (became(is, was, ANY_MAINT)) leaveMaintenance(server, was, now);
  else if (server.inMaintenance) remainInMaintenance(server, was);
  if (!server.inMaintenance) {
    if (became(was, is, ANY_DRAIN)) enterDrain(server, why, now);
    else if (became(is, was, ANY_DRAIN)) leaveDrain(server, was, now);
    else remind(server);
  }
  inherit(server, was, why, now);
}

/** None of `bits` was set, and one is. */
function became(was: number, is: number, bits: number): boolean {
  return (was & bits) === 0 && (is & bits) !== 0;
}

/** Trackers take over what this one came to, unless it was so already for another reason. */
function inherit(server: Server, was: number, why: string, now: number): void {
  const is = server.admin;
  for (const [bits, inherited] of [
    [ANY_MAINT, Admin.InheritedMaint],
    [ANY_DRAIN, Admin.InheritedDrain],
  ] as const) {
    if (became(was, is, bits)) for (const tracker of server.trackers) changeAdmin(tracker, inherited, 0, why, now);
    else if (became(is, was, bits)) for (const tracker of server.trackers) changeAdmin(tracker, 0, inherited, '', now);
  }
}

function enterMaintenance(server: Server, was: number, why: string, now: number): void {
  const wasLeaving = server.op === OpState.Stopping || (was & ANY_DRAIN) !== 0;
  const tracked = (server.admin & Admin.ForcedMaint) === 0 ? via(server) : '';
  server.check.value = 0;
  if (server.op === OpState.Stopped) {
    server.log(Level.Notice, ` was DOWN and now enters maintenance${why}${tracked}.`);
    return;
  }
  const sessions = server.scur;
  server.counters.chkdown++;
  server.moveOp(OpState.Stopped, now);
  server.closeIdle();
  const requeued = withdraw(server, now);
  const left = balance(server, sessions, requeued);
  server.log(wasLeaving ? Level.Notice : Level.Alert, ` is going DOWN for maintenance${why}${tracked}${left}`);
  server.backend.announce();
  shutDown(server);
}

/** It is in service at once, unless somebody who was asked all the time (its agent, who it tracks) says otherwise. */
function leaveMaintenance(server: Server, was: number, now: number): void {
  const { tracked } = server;
  server.check.value = server.heldDown || !server.checkEnabled ? 0 : server.check.rise;
  const agentSaysNo = server.agentEnabled && !server.agent.up;
  if (!server.heldDown && !agentSaysNo && tracked?.op !== OpState.Stopped) {
    server.moveOp(tracked?.op === OpState.Stopping ? OpState.Stopping : server.warmup.begin(now), now);
  }
  tellLeaving(server, was);
  offer(server, now);
}

function tellLeaving(server: Server, was: number): void {
  const state = `${server.op === OpState.Stopped ? 'DOWN' : 'UP'}/${server.draining ? 'DRAIN' : 'READY'}`;
  const { fqdn } = server.config;
  if ((was & Admin.ForcedMaint) !== 0) server.log(Level.Notice, ` is ${state} (leaving forced maintenance).`);
  if ((was & Admin.ResolutionMaint) !== 0 && !server.unheard) {
    server.log(Level.Notice, `${fqdn === undefined ? '' : ` ('${fqdn}')`} is ${state} (resolves again).`);
  }
  if ((was & Admin.InheritedMaint) !== 0) server.log(Level.Notice, ` is ${state} (leaving maintenance).`);
}

function remainInMaintenance(server: Server, was: number): void {
  const gone = was & ~server.admin;
  const { fqdn } = server.config;
  if ((gone & Admin.ForcedMaint) !== 0) {
    server.log(Level.Notice, ` is leaving forced maintenance but remains in maintenance${via(server)}.`);
  }
  if ((gone & Admin.ResolutionMaint) !== 0) {
    const name = fqdn === undefined ? '' : ` ('${fqdn}')`;
    server.log(Level.Notice, `${name} resolves again but remains in maintenance${via(server)}.`);
  } else if ((gone & Admin.InheritedMaint) !== 0) {
    server.log(Level.Notice, ' remains in forced maintenance.');
  }
}

function enterDrain(server: Server, why: string, now: number): void {
  // An outage that is going on keeps its beginning: draining does not end it.
  if (server.op !== OpState.Stopped) server.lastChange = now;
  const requeued = withdraw(server, now);
  // A container that was told to stop often waits for its connections: the idle ones are no use to anybody now.
  server.closeIdle();
  const tracked = (server.admin & Admin.ForcedDrain) === 0 ? via(server) : '';
  server.log(Level.Notice, ` enters drain state${why}${tracked}${balance(server, 0, requeued)}`);
  server.backend.announce();
}

function leaveDrain(server: Server, was: number, now: number): void {
  if (server.op !== OpState.Stopped) server.lastChange = now;
  // It comes back as one that has just come up.
  if (server.op === OpState.Starting) server.warmup.step(now);
  offer(server, now);
  const forced = (was & (Admin.SourceDrain | Admin.RolloutDrain)) === 0 ? 'forced ' : '';
  server.log(Level.Notice, ` is ${server.op === OpState.Stopped ? 'DOWN' : 'UP'} (leaving ${forced}drain).`);
}
