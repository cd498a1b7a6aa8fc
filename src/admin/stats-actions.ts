/**
 * The form of the statistics page (manual 4.2 "stats admin"): `s=<server>&action=<what>&b=<backend or #iid>`, in any
 * order, `s` as often as needed. The answer is a code of four letters that the page explains after the redirect.
 */

import type { Server } from '../backend/server.ts';
import { Admin, type AdminState } from '../backend/types.ts';
import type { StatsProxy } from '../stats/rows.ts';

/** DONE all were changed, PART some, NONE none, ERRP the request names nothing we have. */
export type ActionResult = 'DONE' | 'PART' | 'NONE' | 'ERRP';

/** Answers whether the server counts as changed. */
type Action = (server: Server, now: number) => boolean;

const always =
  (state: AdminState): Action =>
  (server, now) => {
    server.setAdmin(state, now);
    return true;
  };

/** The old names change nothing, and say so, where the state is already the one asked for. */
const unless =
  (state: AdminState, isSo: (server: Server) => boolean): Action =>
  (server, now) => {
    if (isSo(server)) return false;
    server.setAdmin(state, now);
    return true;
  };

const inMaint = (server: Server): boolean => (server.admin & (Admin.ForcedMaint | Admin.ConfigMaint)) !== 0;
const inDrain = (server: Server): boolean => (server.admin & Admin.ForcedDrain) !== 0;

const ACTIONS: ReadonlyMap<string, Action> = new Map([
  ['ready', always('ready')],
  ['drain', always('drain')],
  ['maint', always('maint')],
  ['disable', unless('maint', inMaint)],
  ['enable', unless('ready', (server) => !inMaint(server))],
  ['stop', unless('drain', inDrain)],
  ['start', unless('ready', (server) => !inDrain(server))],
]);

/** `body` is `application/x-www-form-urlencoded`; anything else names nothing. */
export function runForm(body: string, proxies: readonly StatsProxy[], now: number): ActionResult {
  const form = new URLSearchParams(body);
  const names = form.getAll('s');
  const wanted = form.get('action');
  if (names.length === 0 || wanted === null) return 'NONE';
  const action = ACTIONS.get(wanted);
  const of = form.get('b');
  if (action === undefined) return 'ERRP';
  if (of === null) return 'NONE';
  const servers = findBackend(of, proxies)?.servers;
  if (servers === undefined) return 'ERRP';
  const found = names.map((name) => servers.find((server) => server.config.name === name)).filter((server) => server !== undefined);
  if (found.length === 0) return 'ERRP';
  const changed = found.filter((server) => action(server, now)).length;
  if (changed === 0) return 'NONE';
  return changed === names.length ? 'DONE' : 'PART';
}

function findBackend(name: string, proxies: readonly StatsProxy[]): StatsProxy['backend'] {
  const id = /^#(\d+)$/.exec(name)?.[1];
  return proxies.find(
    ({ backend }) => backend !== undefined && (id === undefined ? backend.name === name : backend.config.id === Number(id)),
  )?.backend;
}
