/**
 * A new configuration under a living server, and what its source says of it: what has changed counts, and what an operator
 * has set at run time stays while the text says what it said.
 */

import { isDeepStrictEqual } from 'node:util';
import type { ServerConfig } from '../config/model.ts';
import { Level } from '../core/log.ts';
import type { DiscoveredServer } from '../state/types.ts';
import { changeAdmin } from './admin.ts';
import { bringUp, takeDown } from './operation.ts';
import type { Server } from './server.ts';
import { Admin, OpState } from './types.ts';

/** Answers whether its checks begin anew. */
export function revise(server: Server, { config, state, reason }: DiscoveredServer, now: number): boolean {
  server.reason = reason;
  const why = reason === '' ? '' : ` (${reason})`;
  setBits(server, Admin.SourceDrain, state === 'drain', why, now);
  const held = state === 'down' && config.address !== undefined;
  if (held !== server.heldDown) hold(server, held, `, ${reason === '' ? 'says its source' : reason}`, now);
  const recheck = reconfigure(server, config, now);
  server.departure.follow(state === 'drain');
  server.unheard = false;
  return recheck;
}

/** HAProxy's defaults count where nothing is checked, too: an operator may say that the server is up or down. */
export function checkWords({ check, checkWords }: ServerConfig): { readonly rise: number; readonly fall: number } {
  return check ?? checkWords ?? { rise: 2, fall: 3 };
}

function setBits(server: Server, bits: number, on: boolean, why: string, now: number): void {
  changeAdmin(server, on ? bits : 0, on ? 0 : bits, why, now);
}

/** Its source takes it down, or lets go of it. */
function hold(server: Server, held: boolean, cause: string, now: number): void {
  server.heldDown = held;
  server.check.value = held || server.inMaintenance ? 0 : server.check.rise;
  if (held) takeDown(server, cause, now);
  else bringUp(server, cause, now);
}

function reconfigure(server: Server, next: ServerConfig, now: number): boolean {
  const { configured: old, config: before } = server;
  server.configured = next;
  if (next.weight !== old.weight) server.weight = next.weight;
  if (next.maxconn !== old.maxconn) server.maxconn = next.maxconn;
  const { rise, fall } = checkWords(next);
  server.check.rise = rise;
  server.check.fall = fall;
  const sameCheck = isDeepStrictEqual(next.check, old.check);
  const sameAgent = isDeepStrictEqual(next.agent, old.agent);
  const moved = next.address !== old.address || next.port !== old.port;
  const { address, port } = moved ? next : before;
  const sameSsl = isDeepStrictEqual(next.ssl, old.ssl);
  const { ssl } = sameSsl ? before : next;
  const check = sameCheck && sameSsl ? before.check : next.check;
  server.moveTo({ ...next, address, port, ssl, check, agent: sameAgent ? before.agent : next.agent });
  if (moved) tellMove(server, before);
  const recheck = moved || !sameCheck || !sameAgent || (!sameSsl && check !== undefined);
  if (recheck) forgetHealth(server, now);
  const why = ` (${server.reason === '' ? 'no address' : server.reason})`;
  setBits(server, Admin.ResolutionMaint, address === undefined, why, now);
  if (next.disabled !== old.disabled) setBits(server, Admin.ConfigMaint | Admin.ForcedMaint, next.disabled, '', now);
  return recheck;
}

function tellMove(server: Server, old: ServerConfig): void {
  const { address, port } = server.config;
  if (old.address === undefined || address === undefined || (address === old.address && port === old.port)) return;
  server.log(Level.Notice, ` changed its address from ${old.address}:${old.port} to ${address}:${port}.`);
}

/** New address or new check: what was known of its health is void, but a server in service stays in service. */
function forgetHealth(server: Server, now: number): void {
  const { check, config } = server;
  server.verdict = undefined;
  check.value = server.op === OpState.Stopped ? 0 : check.rise;
  const nobodyAsks = config.check === undefined && !server.heldDown && !server.inMaintenance;
  if (!nobodyAsks || server.op !== OpState.Stopped) return;
  check.value = check.rise;
  if (server.mayRun) bringUp(server, ', it is no longer checked', now);
}
