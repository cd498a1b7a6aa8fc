/** A backend: its servers, the balancing algorithm over the usable ones, and the queue of those who wait for a slot. */

import type { ProxyConfig } from '../config/model.ts';
import { BackendCounters } from '../core/counters.ts';
import type { Server } from './server.ts';
import type { Assignment, Waiter } from './types.ts';

export class Backend {
  readonly name: string;
  config: ProxyConfig;
  readonly counters: BackendCounters = new BackendCounters();
  servers: readonly Server[] = [];
  /** Exchanges that have chosen this backend and not ended; the CSV's scur. */
  scur = 0;

  constructor(name: string, config: ProxyConfig) {
    this.name = name;
    this.config = config;
  }

  /** Takes a slot, or queues the waiter. Counts stot and lbtot of the server, lbtot of the backend. */
  assign(_waiter: Waiter, _key: number, _avoid: Server | undefined): Assignment {
    return 'no-server';
  }

  /** Gives a slot back; the next waiter, if any, gets it. */
  release(_server: Server): void {}

  /** The waiter has left the queue. */
  cancel(_waiter: Waiter): void {}
}
