/**
 * One server of one backend. Its configuration is replaced under it; its operational and administrative state,
 * health, slots in use and counters survive.
 *
 * Invariant: `scur` slots are taken, never more than the effective maxconn; only Backend.assign, its queue and
 * Backend.release change it.
 */

import type { ServerConfig } from '../config/model.ts';
import { ServerCounters } from '../core/counters.ts';
import type { Backend } from './backend.ts';
import { type IdleConnection, OpState, type Verdict } from './types.ts';

export class Server {
  readonly backend: Backend;
  /** `sid` of the statistics: from 1 in order of arrival. */
  readonly id: number;
  config: ServerConfig;
  /** Why a discovered server is not taking traffic; empty when it is. */
  reason = '';

  /** Bits of Admin. */
  admin = 0;
  op: OpState = OpState.Running;
  /** 0 .. rise + fall - 1 (HAProxy's arithmetic, see checks.ts). */
  health = 0;
  /** The last finished check, or undefined before the first. */
  verdict: Verdict | undefined = undefined;
  /** A check is in flight. */
  checking = false;
  /** Monotonic ms. */
  lastChange: number;
  /** Milliseconds, without the outage that is going on. */
  downtime = 0;
  /** Weight as set at run time; starts as the configured one. */
  weight: number;
  /** A removed server finishes its exchanges and takes no new one. */
  removed = false;

  /** Slots in use; the CSV's scur. */
  scur = 0;
  readonly counters: ServerCounters = new ServerCounters();
  /** Kept-alive connections without an exchange, most recently used last. `proxy/pool.ts` alone touches them. */
  readonly idle: IdleConnection[] = [];
  /** For the balancing algorithm in use: its own bookkeeping. */
  readonly lb = { index: -1, position: 0, step: 0 };

  constructor(backend: Backend, id: number, config: ServerConfig, now: number) {
    this.backend = backend;
    this.id = id;
    this.config = config;
    this.weight = config.weight;
    this.lastChange = now;
  }
}
