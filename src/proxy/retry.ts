/**
 * What follows an attempt that failed: another one, and where, or the end (manual 4.2, "retries", "retry-on", "option
 * redispatch").
 *
 *                                                             | retry-on names it, | else
 *                                                             | retries are left   |
 *     the connection was not made: nothing has left           | again              | end
 *     the request has left, and could be sent again as it was | again              | `replay`, or end
 *     something has gone to the client, or has been let go of | end                | end
 *
 * A discovered server that fails is one that is going, and others are there: a container was killed, paused, cut from its
 * network. So for those, and where `retry-on` has `conn-failure`, which is its default,
 *
 *     the connection was refused                              | once at each of up to 16 others, and with a pause once
 *                                                             | more, up to `retries`
 *     it ended without a response, and who sends the request  | at another one, twice at most: the request may be what
 *     twice does no harm                                      | ends them
 *     its source says that it is down, and nothing has left,  | at another one (`abandons`)
 *     or who sends it twice does no harm                      |
 *     a check says that it is down, and nothing has left      | at another one
 *
 * `repeatable` is the second line: so whoever names more than `conn-failure` in `retry-on` gets POSTs sent twice, as the
 * manual warns, and nobody else does (RFC 9110 9.2.2). `replay` needs no configuration: a connection that was kept alive
 * was closed as a request came for it that any client would send again by itself (RFC 9112 9.3.1); the new one is not replayed.
 */

import type { Server } from '../backend/server.ts';
import { OpState } from '../backend/types.ts';
import type { ProxyConfig } from '../config/model.ts';
import { type Failure, Failures } from '../core/failures.ts';

export interface Attempt {
  /** What went wrong; undefined: nothing but the status of the response. */
  readonly failure: Failure | undefined;
  readonly status: number;
  /** Retries that were made before it. */
  readonly retries: number;
  /** How many of them, replays included, were of what a server may have read. */
  readonly resent: number;
  /** All of the request is still here, no rule forbids it, and nothing has gone to the client. */
  readonly repeatable: boolean;
  /** Its connection was kept alive and ended as it came, and who sends it twice does no harm. */
  readonly replayable: boolean;
  /** Idempotent, without a body, and no rule forbids it. */
  readonly harmless: boolean;
}

/**
 * What ties a client to its server: nothing, or a key (its request goes where the algorithm says); a cookie or a stick table;
 * `force-persist`. It is unbound again when a retry has left that server.
 */
export type Tie = 'free' | 'bound' | 'forced';

/** Where it failed. */
export interface Place {
  /** The server may get new traffic. */
  readonly usable: boolean;
  /** No longer configured. */
  readonly removed: boolean;
  /** Down, or not yet up to its full load (`slowstart`). */
  readonly weak: boolean;
  /** Other servers may get new traffic. */
  readonly elsewhere: boolean;
  /** More than one active server may. */
  readonly several: boolean;
  /** The algorithm goes by a key. */
  readonly keyed: boolean;
  readonly tie: Tie;
  /** A discovered server that fails is one that is going: its successor is asked. */
  readonly discovered: boolean;
  /** There is another one, be it a backup, at which this request has not failed yet; means something of a discovered one only. */
  readonly untried: boolean;
}

/** `failed`: discovered servers at which the request has failed before. */
export function placeOf(server: Server, tie: Tie = 'free', failed?: ReadonlySet<Server>): Place {
  const { backend, discovered, op, removed, usable } = server;
  return {
    usable,
    removed,
    weak: op === OpState.Stopped || op === OpState.Starting,
    elsewhere: backend.hasOther(server),
    several: backend.activeCount() > 1,
    keyed: backend.bound,
    tie,
    discovered,
    untried: discovered && backend.hasUntried(server, failed),
  };
}

const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

/** RFC 9110 9.2.2: whoever sends it twice does no harm. */
export function idempotent(method: string): boolean {
  return method === 'GET' || IDEMPOTENT.has(method);
}

/** Nothing more is to be expected of it. A client that is bound to a server goes there all the same, as in HAProxy. */
export function deserted({ usable, removed, tie }: Place): boolean {
  return removed || (!usable && tie === 'free');
}

/**
 * `pause`: on the same server once it has had the time to come back; `again`: on the same server at once; `other`: on
 * another one; `replay`: once more on a new connection, which does not count as a retry.
 */
export type Next = 'end' | 'again' | 'pause' | 'other' | 'replay';

/**
 * A refused connection costs little, and containers are often replaced many at a time. But where none of a thousand answers,
 * no request is to try them all.
 */
const MOST_REFUSALS = 16;

/** A request may be hit by two containers that are replaced one after the other. It may also be what makes them crash. */
const MOST_RESENT = 2;

type Settings = Pick<ProxyConfig, 'retries' | 'retryOn' | 'redispatch'>;

export function nextAfter(attempt: Attempt, place: Place, settings: Settings): Next {
  const { failure, status, retries, resent, repeatable, replayable } = attempt;
  const { retryOn } = settings;
  const named = failure === undefined ? retryOn.statuses.has(status) : failure.retryOn.some((word) => retryOn[word]);
  if (named && repeatable) {
    if (retries < settings.retries) return where(attempt, place, settings);
    const refused = failure === Failures.ConnectFailed && retries < MOST_REFUSALS;
    if (refused && place.untried && movesOn(place, settings)) return 'other';
  }
  if (replayable && !(place.discovered && resent >= MOST_RESENT)) return 'replay';
  const lost = (failure === Failures.ServerClosed || failure === Failures.HeadCut) && !named;
  return lost && repeatable && abandons(attempt, true, place, settings) ? 'other' : 'end';
}

/**
 * Whether a request is taken away from a discovered server that will not answer it: its connection is lost, or it is said to be
 * down. `sent`: the server may have read it.
 */
export function abandons(
  { resent, repeatable, harmless }: Pick<Attempt, 'resent' | 'repeatable' | 'harmless'>,
  sent: boolean,
  place: Place,
  settings: Settings,
): boolean {
  if (!(place.elsewhere || place.untried) || !movesOn(place, settings)) return false;
  return !sent || (repeatable && harmless && resent < Math.min(settings.retries, MOST_RESENT));
}

/** Its successor may be asked for what it could not do. `retries 0` is to mean what it says. */
function movesOn({ discovered, tie }: Place, { retries, retryOn }: Settings): boolean {
  return discovered && tie !== 'forced' && retries > 0 && retryOn.connFailure;
}

function where({ failure, retries }: Attempt, place: Place, settings: Settings): Next {
  // Who could reach none of the discovered ones gives them time: one of them may just be starting.
  const another = place.discovered ? place.untried : place.elsewhere;
  if (deserted(place) || ((another || !place.usable) && leaves(retries + 1, place, settings))) return 'other';
  // Not after a time-out, which was a pause already, nor where something answered.
  return failure === Failures.ConnectFailed ? 'pause' : 'again';
}

/**
 * Whether the `nth` retry goes to another server. The manual lets the interval of `option redispatch` decide; HAProxy goes
 * by it only where something binds the client to its server or no two active servers are there, and else to another one
 * at once. (Where a key decides, the other one may turn out to be the same.)
 */
function leaves(nth: number, place: Place, { retries, redispatch }: Settings): boolean {
  const { tie, keyed, several, weak, discovered } = place;
  if (tie === 'forced') return false;
  if (discovered) return true;
  if (redispatch === undefined || redispatch === 0) return false;
  if (weak || (tie === 'free' && !keyed && several)) return true;
  const interval = redispatch < 0 ? retries + 1 + redispatch : redispatch;
  return interval > 0 && nth % interval === 0;
}
