/** What the data plane and the backends say to each other. Lower room: `proxy/` implements Waiter. */

import type { DiscoveredServer } from '../state/types.ts';
import type { Server } from './server.ts';

/** An exchange that waits for a slot. Exactly one of the methods is called, once, never from inside `assign` or `claim`. */
export interface Waiter {
  /**
   * The backend's words, for counters and the log. The server that was waited for alone, or whose queue was full; undefined
   * where any would have done. Means something from an answer that is no server to the next one.
   */
  awaited: Server | undefined;
  /** How many were served from the server's queue while this one stood in it, itself included; over all of its waits. */
  serverQueue: number;
  /** As `serverQueue`, of the backend's. */
  backendQueue: number;
  /** A slot on `server` has been taken for this waiter; it gives it back with `backend.release(server)`. */
  onSlot(server: Server): void;
  onQueueTimeout(): void;
  /** `server`, for which it waited, gets no traffic any more: it is in no queue now, and asks again, for any server. */
  onRedistributed(server: Server): void;
}

/** Why an exchange is ended from outside; HAProxy's first letter of the termination state. */
export type ShutdownCause =
  /** Its server went down (`on-marked-down shutdown-sessions`). */
  | 'D'
  /** It is on a backup server, and another came up (`on-marked-up shutdown-backup-sessions`). */
  | 'U'
  /** An operator asked for it (`shutdown sessions server`). */
  | 'K';

/** Ends whatever is under way on a server; the data plane implements it. */
export type Shutdown = (server: Server, cause: ShutdownCause) => void;

/** What traffic tells of a server, for `observe` (manual 5.2). The first three are layer 4's and 7's; the others layer 7's. */
export const Observation = {
  Connected: 0,
  ConnectFailed: 1,
  /** A response with a status that speaks for the server: below 500, or 501 and 505. */
  Answered: 2,
  /** A response with another one. */
  WrongStatus: 3,
  /** A response head that was none. */
  InvalidHead: 4,
  /** A response that was none behind its head. */
  InvalidBody: 5,
  ReadError: 6,
  ReadTimeout: 7,
  /** The server closed before it answered. */
  Closed: 8,
} as const;
export type Observation = (typeof Observation)[keyof typeof Observation];

/**
 * What `assign` and `claim` answer: a server whose slot is taken, or why there is none.
 *
 *     'queued'     by `assign` for any server, or for the one of its key; by `claim` for this one. One of Waiter's methods follows
 *     'full'       the one server that it has to be is full, and so is its queue (`maxqueue`): 503, SQ. One whose claim
 *                  comes from a cookie or a stick table (not from `force-persist`) asks `assign` instead where
 *                  `option redispatch` is set, and is bound to nobody from then on
 *     'no-server'  nobody is usable: 503, SC
 *
 * Whoever asks again after it had a server, or waited for one (a retry elsewhere, `onRedistributed`, 'full'), is counted there
 * as soon as there is an answer, not when it has a slot: wretr where it is the same server again, be it only to wait
 * for it (`awaited`), else wredis, also where it waits for any or nobody is left.
 */
export type Assignment = Server | 'queued' | 'full' | 'no-server';

/** The key of a request that has none (no such parameter, no such field): it gets its turn instead. */
export const NO_KEY = -1;

/** One balancing algorithm. `rebuild` is cold and may sort; the others are hot and do not allocate. */
export interface Balance {
  /** A key decides who serves a client, not the load: a retry elsewhere is for the last attempt alone. */
  readonly bound: boolean;
  /** Weights may change while it runs; to the others, a weight is the configured one or 0. */
  readonly dynamic: boolean;
  /**
   * Someone came, went, or has another weight or limit. `servers` are the usable ones of the group in use (active, else
   * backup), `reserve` the usable ones that are not in use now.
   */
  rebuild(servers: readonly Server[], reserve?: readonly Server[]): void;
  /**
   * The next server, or undefined when all are full: the request waits in the backend's queue. Where a key decides, there
   * is no other, or a `maxqueue` lets requests queue, it may be a full one: the request waits for that one.
   * `avoid` only if there is no other, or the key says so.
   */
  pick(key: number, avoid: Server | undefined): Server | undefined;
  /** Whose turn it is, and nobody loses it by the question; undefined where that is open. Of algorithms without turns there is none. */
  peek?(): Server | undefined;
  /** A slot was taken, whether by `pick` or from the queue. Only for servers of the last `rebuild`. */
  taken(server: Server): void;
  /** A slot was given back. Only for servers of the last `rebuild`. */
  dropped(server: Server): void;
  /** The same of a server that gets no traffic now, for those who count the slots of all. */
  takenElsewhere?(): void;
  droppedElsewhere?(): void;
}

/** The idle connections that a server keeps for reuse; `proxy/` knows what they really are. */
export interface IdleConnections {
  /** How many there are. */
  readonly length: number;
  /** Those of them that have been used again already. */
  readonly proven: number;
  /** How many connections were thought to be needed when they were purged last, by what was in use until then. */
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
  /** The configuration said `disabled`; it only remembers why, ForcedMaint is what counts. */
  ConfigMaint: 0x04,
  ForcedDrain: 0x08,
  InheritedDrain: 0x10,
  /** The name does not resolve, or no address of the container is reachable. */
  ResolutionMaint: 0x20,
  /** Ours: the server's source says that it is leaving. Outside, it is an inherited drain. */
  SourceDrain: 0x100,
  /** Ours: another generation of its pool has the traffic (rollout.ts). Outside, it is an inherited drain, too. */
  RolloutDrain: 0x200,
} as const;

/** Any bit of these is maintenance: no traffic, no checks. */
export const ANY_MAINT: number = Admin.ForcedMaint | Admin.InheritedMaint | Admin.ResolutionMaint;
/** Any bit of these is draining: no new traffic, checks go on. */
export const ANY_DRAIN: number = Admin.ForcedDrain | Admin.InheritedDrain | Admin.SourceDrain | Admin.RolloutDrain;

/** What an operator asks for (`set server <b>/<s> state ...`). */
export type AdminState = 'ready' | 'drain' | 'maint';

/** What a source of servers says of one of them. */
export type SourceState = DiscoveredServer['state'];

/** HAProxy's words (`check_status`) and numbers (`srv_check_status` of `show servers state`), and the sentence for each. */
export const VERDICTS = {
  /** An agent that said nothing of health. */
  CHECKED: { number: 3, words: 'No status change' },
  /** `observe` counted traffic as a failed check. */
  HANA: { number: 4, words: 'Health analyze' },
  SOCKERR: { number: 5, words: 'Socket error' },
  L4OK: { number: 6, words: 'Layer4 check passed' },
  L4TOUT: { number: 7, words: 'Layer4 timeout' },
  L4CON: { number: 8, words: 'Layer4 connection problem' },
  L6OK: { number: 9, words: 'Layer6 check passed' },
  L6TOUT: { number: 10, words: 'Layer6 timeout' },
  L6RSP: { number: 11, words: 'Layer6 invalid response' },
  L7TOUT: { number: 12, words: 'Layer7 timeout' },
  L7RSP: { number: 13, words: 'Layer7 invalid response' },
  L7OK: { number: 15, words: 'Layer7 check passed' },
  L7OKC: { number: 16, words: 'Layer7 check conditionally passed' },
  L7STS: { number: 17, words: 'Layer7 wrong status' },
} as const;
export type VerdictCode = keyof typeof VERDICTS;

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

/** What an agent said (manual 5.2, "agent-check"); each part is undefined where it said nothing of the kind. */
export interface AgentReport {
  readonly verdict: Verdict;
  /** Percent of the configured weight. */
  readonly weight: number | undefined;
  readonly admin: AdminState | undefined;
  readonly state: 'up' | 'down' | 'failed' | 'stopped' | undefined;
  readonly maxconn: number | undefined;
}
