/** What the data plane and the backends say to each other. Lower room: `proxy/` implements Waiter. */

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
  /** `servers` are the usable ones of the group in use (active, else backup). */
  rebuild(servers: readonly Server[]): void;
  /** The next server with a free slot, or undefined when all are saturated. `avoid` only if there is no other. */
  pick(key: number, avoid: Server | undefined): Server | undefined;
  taken(server: Server): void;
  dropped(server: Server): void;
}

/** An idle connection that a server keeps for reuse; `proxy/` knows what it really is. */
export interface IdleConnection {
  close(): void;
}

/** HAProxy's numbers (`srv_op_state` of `show servers state`). */
export const OpState = { Stopped: 0, Starting: 1, Running: 2, Stopping: 3 } as const;
export type OpState = (typeof OpState)[keyof typeof OpState];

/** HAProxy's bits (`srv_admin_state`). */
export const Admin = {
  ForcedMaint: 0x01,
  InheritedMaint: 0x02,
  ConfigMaint: 0x04,
  ForcedDrain: 0x08,
  InheritedDrain: 0x10,
  /** The name does not resolve, or no address of the container is reachable. */
  ResolutionMaint: 0x20,
} as const;

/** How a check ended; `code` is the CSV's `check_status`. */
export interface Verdict {
  readonly code: 'L4OK' | 'L4TOUT' | 'L4CON' | 'L7OK' | 'L7OKC' | 'L7TOUT' | 'L7RSP' | 'L7STS' | 'SOCKERR';
  readonly passed: boolean;
  /** HTTP status, for L7OK, L7OKC and L7STS; else -1. */
  readonly status: number;
  /** `last_chk`: the reason phrase or the system's word for the error; empty on success. */
  readonly info: string;
  /** Milliseconds. */
  readonly duration: number;
}
