/** The client side of a proxy: its configuration, counters, listeners and what requests of its clients are routed by. */

import { isDeepStrictEqual } from 'node:util';
import type { Backend } from '../backend/backend.ts';
import type { BindConfig, ProxyConfig } from '../config/model.ts';
import { FrontendCounters } from '../core/counters.ts';
import type { Listener } from './listener.ts';
import type { Program } from './program.ts';

/** OPEN listens; PAUSED does not, for a while; STOP will not any more. The words of the CSV's `status`. */
export type FrontendState = 'OPEN' | 'PAUSED' | 'STOP';

export class Frontend {
  readonly name: string;
  config: ProxyConfig;
  program: Program;
  readonly counters: FrontendCounters = new FrontendCounters();
  listeners: readonly Listener[] = [];
  /** As set at run time. */
  state: FrontendState = 'OPEN';
  /** Client connections now; the CSV's scur. */
  scur = 0;
  /** Lines that it has logged. */
  logged = 0;
  /** Its own backend side for a `listen`, else `default_backend`. */
  defaultBackend: Backend | undefined = undefined;

  constructor(program: Program) {
    this.name = program.config.name;
    this.config = program.config;
    this.program = program;
  }

  /** A new configuration under living connections: the next request of each goes by it. */
  reconfigure(program: Program): void {
    this.config = program.config;
    this.program = program;
  }
}

/** What people call an address to listen on. */
export function bindText(bind: Pick<BindConfig, 'address'>): string {
  const { address } = bind;
  switch (address.kind) {
    case 'inet':
      return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
    case 'unix':
      return `unix@${address.path}`;
    case 'fd':
      return `fd@${address.fd}`;
  }
}

/** Two binds that would be one and the same socket. Another `backlog` is not worth a new one. */
export function sameSocket(one: BindConfig, other: BindConfig): boolean {
  return isDeepStrictEqual(one.address, other.address);
}

/** Two binds that cannot both be bound, or not surely: the same port on overlapping addresses, the same descriptor. */
export function conflict(one: BindConfig, other: BindConfig): boolean {
  if (one.address.kind === 'inet' && other.address.kind === 'inet')
    return one.address.port === other.address.port && one.address.port !== 0;
  return one.address.kind === 'fd' && bindText(one) === bindText(other);
}
