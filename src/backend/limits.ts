/**
 * How many slots a server has at this moment (manual 5.2, "minconn", "slowstart"; 4.2, "fullconn").
 *
 *     sessions of the backend   0 ............................ fullconn
 *     slots                     minconn ... in proportion ... maxconn
 *
 * While the server is starting it gets a part of them that grows with the seconds, but always one. Nobody is woken because
 * the backend carries more: the next slot that is given back wakes as many as the limit then allows, as in HAProxy.
 */

import { monotonic } from '../core/clock.ts';
import type { Server } from './server.ts';
import { OpState } from './types.ts';

/** 0 is unlimited. */
export function slotsOf(server: Server): number {
  const { maxconn, config } = server;
  if (maxconn === 0 || (config.minconn === 0 && server.op !== OpState.Starting)) return maxconn;
  // One that was configured as the limit itself follows a maxconn set at run time.
  const minconn = config.minconn < config.maxconn ? config.minconn : 0;
  const slots = dynamicLimit(server.backend.load, server.backend.config.fullconn, minconn, maxconn);
  return server.op === OpState.Starting ? startingLimit(slots, monotonic() - server.lastChange, config.slowstart) : slots;
}

/** `minconn` 0: always `maxconn`. */
export function dynamicLimit(sessions: number, fullconn: number, minconn: number, maxconn: number): number {
  if (minconn === 0 || sessions >= fullconn) return maxconn;
  return Math.max(minconn, Math.floor((sessions * maxconn) / fullconn));
}

/** Milliseconds, counted in whole seconds as HAProxy does. */
export function startingLimit(slots: number, passed: number, slowstart: number): number {
  const seconds = Math.floor(passed / 1000);
  const length = Math.ceil(slowstart / 1000);
  if (seconds >= length) return slots;
  return Math.max(1, Math.floor((slots * Math.floor((100 * seconds) / length)) / 100));
}
