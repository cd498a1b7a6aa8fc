/** The client side of a proxy: its configuration, counters, listeners and what requests of its clients are routed by. */

import type { Backend } from '../backend/backend.ts';
import type { BindConfig, ProxyConfig } from '../config/model.ts';
import { FrontendCounters, ListenerCounters } from '../core/counters.ts';

export class Frontend {
  readonly name: string;
  config: ProxyConfig;
  readonly counters: FrontendCounters = new FrontendCounters();
  readonly listeners: Listener[] = [];
  /** Client connections now; the CSV's scur. */
  scur = 0;
  /** `OPEN`, `PAUSED`, `STOP`. */
  status: 'OPEN' | 'PAUSED' | 'STOP' = 'OPEN';
  defaultBackend: Backend | undefined = undefined;

  constructor(config: ProxyConfig) {
    this.name = config.name;
    this.config = config;
  }
}

/** One listening socket of a frontend. */
export class Listener {
  readonly frontend: Frontend;
  /** `sid` of its statistics row, from 1. */
  readonly id: number;
  config: BindConfig;
  readonly counters: ListenerCounters = new ListenerCounters();
  scur = 0;

  constructor(frontend: Frontend, id: number, config: BindConfig) {
    this.frontend = frontend;
    this.id = id;
    this.config = config;
  }
}
