/**
 * The form of the statistics page (manual 4.2 "stats admin"): `s=<server>&action=<what>&b=<backend or #iid>`, in any
 * order, `s` as often as needed. The answer is a code of four letters that the page explains after the redirect.
 */

import type { Server } from '../backend/server.ts';
import { Admin, type AdminState } from '../backend/types.ts';
import type { StatsProxy } from '../stats/rows.ts';
import { findBackend } from './names.ts';

/** DONE all were changed, PART some, NONE none, ERRP the request names nothing we have. */
export type ActionResult = 'DONE' | 'PART' | 'NONE' | 'ERRP';

/** Answers whether the server counts as changed. */
type Action = (server: Server, now: number) => boolean;

const always =
  (state: AdminState): Action =>
  (server, now) => {
    server.setAdmin(state, now, 'Web interface');
    return true;
  };

/** The old names change one flag, and say so where it is already as asked for. */
const flag =
  (bit: number, name: string, on: boolean): Action =>
  (server, now) => {
    if (((server.admin & bit) !== 0) === on) return false;
    server.setFlag(bit, on, ` ('${name}' on stats page)`, now);
    return true;
  };

/** What a server that tracks another one has of its own is not asked. */
const health =
  (state: 'up' | 'stopping' | 'down'): Action =>
  (server, now) => {
    if (server.config.track !== undefined) return false;
    server.forceHealth(state, now, 'Web interface');
    return true;
  };

const agent =
  (state: 'up' | 'down'): Action =>
  (server, now) => {
    if (!server.agentEnabled) return false;
    server.forceAgent(state, now, 'Web interface');
    return true;
  };

const checks =
  (on: boolean): Action =>
  (server) => {
    if (server.config.check === undefined) return false;
    server.enableCheck(on);
    return true;
  };

const agents =
  (on: boolean): Action =>
  (server) => {
    if (server.config.agent === undefined) return false;
    server.enableAgent(on);
    return true;
  };

const shutdown: Action = (server) => {
  server.backend.shutdown(server, 'K');
  return true;
};

const ACTIONS: ReadonlyMap<string, Action> = new Map([
  ['ready', always('ready')],
  ['drain', always('drain')],
  ['maint', always('maint')],
  ['dhlth', checks(false)],
  ['ehlth', checks(true)],
  ['hrunn', health('up')],
  ['hnolb', health('stopping')],
  ['hdown', health('down')],
  ['dagent', agents(false)],
  ['eagent', agents(true)],
  ['arunn', agent('up')],
  ['adown', agent('down')],
  ['shutdown', shutdown],
  ['disable', flag(Admin.ForcedMaint, 'disable', true)],
  ['enable', flag(Admin.ForcedMaint, 'enable', false)],
  ['stop', flag(Admin.ForcedDrain, 'stop', true)],
  ['start', flag(Admin.ForcedDrain, 'start', false)],
]);

/** `body` is `application/x-www-form-urlencoded`; anything else names nothing. */
export function runForm(body: string, proxies: readonly StatsProxy[], now: number): ActionResult {
  const form = new URLSearchParams(body);
  // HAProxy reads a form from its end: of several the last counts, and servers are changed from the last to the first.
  const names = form.getAll('s').reverse();
  const wanted = form.getAll('action').at(-1);
  const of = form.getAll('b').at(-1);
  const action = wanted === undefined ? undefined : ACTIONS.get(wanted);
  const servers = of === undefined ? undefined : findBackend(proxies, of)?.servers;
  if ((wanted !== undefined && action === undefined) || (of !== undefined && servers === undefined)) return 'ERRP';
  if (names.length === 0 || action === undefined || servers === undefined) return 'NONE';
  const found = names.map((name) => servers.find((server) => server.config.name === name));
  const changed = found.filter((server) => server !== undefined && action(server, now)).length;
  const unknown = found.includes(undefined);
  if (changed === 0) return unknown ? 'ERRP' : 'NONE';
  // Servers that the action has nothing to change of are no failure.
  return unknown ? 'PART' : 'DONE';
}
