/** What every session shares: handed in once by the data plane, never looked up per request. */

import type { Backend } from '../backend/backend.ts';
import type { RouteTable } from '../backend/routes.ts';
import type { H2Config } from '../config/model.ts';
import type { ProcessCounters } from '../core/counters.ts';
import type { EventLog } from '../core/log.ts';
import type { Wheel } from '../core/wheel.ts';
import type { Frontend } from './frontend.ts';
import type { InvalidMessages } from './invalid.ts';
import type { Program } from './program.ts';
import type { AccessLog, Service, StatsHandler } from './types.ts';
import type { VariableHolder } from './variables.ts';

export interface Limits {
  /** `tune.bufsize`: what is read ahead of a client's requests is about as much at most. */
  readonly bufsize: number;
  /** Most bytes of a message head: tune.bufsize - tune.maxrewrite. */
  readonly headSize: number;
  /** Most fields of a message head: tune.http.maxhdr. */
  readonly maxhdr: number;
  /** So much of a request line is logged: tune.http.logurilen without its end. */
  readonly logLine: number;
  readonly h2: H2Config;
}

/** The backends as the data plane needs them. */
export interface BackendDirectory {
  get(name: string): Backend | undefined;
  routes(frontend: string): RouteTable | undefined;
}

export interface Services extends VariableHolder {
  readonly wheel: Wheel;
  readonly backends: BackendDirectory;
  readonly events: EventLog;
  readonly accessLog: AccessLog;
  readonly stats: StatsHandler;
  /** By the name that `use-service` calls them. */
  readonly named: ReadonlyMap<string, Service>;
  readonly invalid: InvalidMessages;
  limits: Limits;
  /** What is compiled for each configured proxy, by its id, and for pools made by discovery that have rules. */
  programs: ReadonlyMap<number, Program>;
  /** By name. */
  frontends(): ReadonlyMap<string, Frontend>;
  readonly pid: number;
  /** Requests and TCP sessions so far: each has its number (`%rt`). */
  serial: number;
  /** Client connections of the whole process. */
  connections: number;
  readonly counters: ProcessCounters;
  /** The last client connection has gone. */
  onIdle(): void;
}
