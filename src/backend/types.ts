/** What the data plane and the backends say to each other. Lower room: `proxy/` implements Waiter. */

import type { DiscoveredServer } from '../state/types.ts';
import type { Server } from './server.ts';

/** An exchange that waits for a slot. Exactly one of the two is called, once, never from inside `assign`. */
export interface Waiter {
  /** A slot on `server` has been taken for this waiter; it gives it back with `backend.release(server)`. */
  onSlot(server: Server): void;
  onQueueTimeout(): void;
}

/** What `assign` answers: a server whose slot is taken, or why there is none. */
export type Assignment = Server | 'queued' | 'full' | 'no-server';

/** One balancing algorithm. `rebuild` is cold and may sort; the others are hot and do not allocate. */
export interface Balance {
  /**
   * A key decides, not the load: `pick` may answer a saturated server, and who is bound to it waits for it.
   * (HAProxy's server queue; the other algorithms wait in the backend's.)
   */
  readonly bound: boolean;
  /** `servers` are the usable ones of the group in use (active, else backup). Those who left have `lb.index` -1. */
  rebuild(servers: readonly Server[]): void;
  /** The next server with a free slot, or undefined when all are saturated. `avoid` only if there is no other. */
  pick(key: number, avoid: Server | undefined): Server | undefined;
  /** A slot was taken, whether by `pick` or from the queue. Only for servers of the last `rebuild`. */
  taken(server: Server): void;
  /** A slot was given back. Only for servers of the last `rebuild`. */
  dropped(server: Server): void;
}

/** The idle connections that a server keeps for reuse; `proxy/` knows what they really are. */
export interface IdleConnections {
  /** How many there are. */
  readonly length: number;
  /** Those of them that have been used again already. */
  readonly proven: number;
  /** How many connections are thought to be needed; the CSV's need_conn_est. */
  readonly needed: number;
  /** Closes them all, those too that serve one client alone and are not counted here. */
  close(): void;
}

/** Before the first. */
export const NO_IDLE: IdleConnections = { length: 0, proven: 0, needed: 0, close() {} };

/** HAProxy's numbers (`srv_op_state` of `show servers state`). */
export const OpState = { Stopped: 0, Starting: 1, Running: 2, Stopping: 3 } as const;
export type OpState = (typeof OpState)[keyof typeof OpState];

/** HAProxy's bits (`srv_admin_state`). */
export const Admin = {
  ForcedMaint: 0x01,
  InheritedMaint: 0x02,
  ConfigMaint: 0x04,
  ForcedDrain: 0x08,
  /** In HAProxy from a tracked server; here from the server's source: the container was told to stop. */
  InheritedDrain: 0x10,
  /** The name does not resolve, or no address of the container is reachable. */
  ResolutionMaint: 0x20,
} as const;

/** Any bit of these is maintenance: no traffic, no checks. */
export const ANY_MAINT: number = Admin.ForcedMaint | Admin.InheritedMaint | Admin.ConfigMaint | Admin.ResolutionMaint;
/** Any bit of these is draining: no new traffic, checks go on. */
export const ANY_DRAIN: number = Admin.ForcedDrain | Admin.InheritedDrain;

/** What an operator asks for (`set server <b>/<s> state ...`). */
export type AdminState = 'ready' | 'drain' | 'maint';

/** What a source of servers says of one of them. */
export type SourceState = DiscoveredServer['state'];

export type VerdictCode = 'L4OK' | 'L4TOUT' | 'L4CON' | 'L7OK' | 'L7OKC' | 'L7TOUT' | 'L7RSP' | 'L7STS' | 'SOCKERR';

/** How a check ended; `code` is the CSV's `check_status`. */
export interface Verdict {
  readonly code: VerdictCode;
  readonly passed: boolean;
  /** HTTP status, for L7OK, L7OKC and L7STS; else -1. */
  readonly status: number;
  /** `last_chk`: the reason phrase or the system's word for the error; empty on success. */
  readonly info: string;
  /** Milliseconds. */
  readonly duration: number;
}

/** The CSV's `check_desc`, and the reason in event lines. */
export const VERDICT_WORDS: Readonly<Record<VerdictCode, string>> = {
  L4OK: 'Layer4 check passed',
  L4TOUT: 'Layer4 timeout',
  L4CON: 'Layer4 connection problem',
  L7OK: 'Layer7 check passed',
  L7OKC: 'Layer7 check conditionally passed',
  L7TOUT: 'Layer7 timeout',
  L7RSP: 'Layer7 invalid response',
  L7STS: 'Layer7 wrong status',
  SOCKERR: 'Socket error',
};
