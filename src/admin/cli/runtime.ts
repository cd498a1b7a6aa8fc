/** What the Runtime API can see and change. `operator.ts` has it; tests make their own. */

import type { Server as NetServer, Socket } from 'node:net';
import type { Backend } from '../../backend/backend.ts';
import type { Server } from '../../backend/server.ts';
import type { ShutdownCause } from '../../backend/types.ts';
import type { Member, MemberReport, MembersReport } from '../../config/member.ts';
import type { GlobalTlsConfig, RateLimits, ServerConfig, StatsSocketConfig } from '../../config/model.ts';
import type { Frontend, FrontendState } from '../../proxy/frontend.ts';
import type { InvalidMessages } from '../../proxy/invalid.ts';
import type { ClientSession } from '../../proxy/sessions.ts';
import type { Patterns } from '../../rules/patterns.ts';
import type { ProcessState } from '../../stats/info.ts';
import type { Certificates } from '../../tls/certificates.ts';

/** Host names and what became of the questions for them. */
export interface ResolverCounts {
  readonly sent: number;
  readonly valid: number;
  /** Answers that had other addresses than the one before. */
  readonly update: number;
  /** There is no such name. */
  readonly nx: number;
  /** No answer. */
  readonly other: number;
  /** Answers that nobody waited for any more. */
  readonly outdated: number;
}

/** A connection to the Runtime API. */
export interface CliConnection {
  readonly socket: Socket;
  /** Which of the sockets it came in by, from 1. */
  readonly listener: number;
  /** When it was accepted, wall-clock ms. */
  readonly acceptedWall: number;
  /** How many it has been asked. */
  readonly commands: number;
}

/** As `process.resourceUsage()`: µs and counts since the start. */
export interface Usage {
  readonly userCPUTime: number;
  readonly systemCPUTime: number;
  readonly voluntaryContextSwitches: number;
  readonly involuntaryContextSwitches: number;
}

export type Outcome<T> = { readonly value: T } | { readonly error: string };

/** An answer for people, line by line, and the same as data. */
export interface Explained {
  readonly lines: Iterable<string>;
  readonly json: unknown;
}

export interface Runtime extends ProcessState {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What ACLs and maps look things up in. */
  readonly patterns: Patterns;
  /** Of listeners. */
  readonly certificates: Certificates;
  /** Those of the Runtime API itself, as they listen. */
  readonly sockets: readonly { readonly text: string; readonly config: StatsSocketConfig; readonly server: NetServer }[];
  /** What `global` says of TLS. */
  readonly tls: GlobalTlsConfig;
  /** Reloads since the start, and those that have failed since the last good one. */
  readonly reloads: { readonly done: number; readonly failed: number };
  /** What `show errors` has. */
  readonly invalid: InvalidMessages;
  /** What was said of the configuration when it was read last. */
  readonly startupLogs: string;
  /** How host names were resolved. */
  readonly resolver: ResolverCounts;
  usage(): Usage;
  /** The configuration in force, with what was discovered, as a text for HAProxy: its lines. */
  render(): Iterable<string>;
  /** Connections to the Runtime API itself. */
  cliConnections(): Iterable<CliConnection>;
  /** Why something is routed or not: a container by name or id, a host with or without a path; empty: everything. */
  explain(asked: string): Explained;
  /** Everybody who is connected. */
  clients(): Iterable<readonly [Frontend, ClientSession]>;
  /** Ends what is under way on a server. */
  shutdown(server: Server, cause: ShutdownCause): void;
  /** Type and value of a variable of the process. */
  variable(name: string): string | undefined;
  /** Answers what is wrong. */
  setVariable(name: string, kind: 'expr' | 'fmt', text: string): string | undefined;
  setMaxconn(maxconn: number): Promise<void>;
  setRateLimit(kind: keyof RateLimits, limit: number): Promise<void>;
  setFrontendMaxconn(frontend: Frontend, maxconn: number): Promise<void>;
  /** Answers whether it could be: a port that was given up may be somebody else's. */
  setFrontendState(frontend: Frontend, state: FrontendState): Promise<boolean>;
  setDynamicCookie(backend: Backend, change: { readonly dynamic?: boolean; readonly key?: string }): Promise<void>;
  /** The server's address is that of another host from now on, as soon as the name is resolved. */
  setHost(server: Server, fqdn: string): Promise<void>;
  /** Why TLS to such a server is not to be had; undefined where nothing is wrong. */
  refusal(server: ServerConfig): string | undefined;
  /** Until the text is read again. Answers whether it still could: another one may have been faster. */
  addServer(backend: Backend, server: ServerConfig): Promise<boolean>;
  removeServer(server: Server): Promise<boolean>;
  /** Of the section of that name, or of all that keep a list (`docker-servers members=`). */
  members(backend?: string): MembersReport;
  /** The container whose id begins so is a member from now on, by its own port where one is given; or why it is not. */
  addMember(backend: Backend, member: Member): Promise<Outcome<MemberReport>>;
  /** Answers the id. */
  removeMember(backend: Backend, id: string): Promise<Outcome<string>>;
  /** As SIGUSR2. Resolves when it is over, well or not. */
  reload(): Promise<void>;
}
