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
 * `repeatable` is the second line: so whoever names more than `conn-failure` in `retry-on` gets POSTs sent twice, as the
 * manual warns, and nobody else does (RFC 9110 9.2.2). `replay` needs no configuration: a connection that was kept alive
 * was closed as a request came for it that any client would send again by itself (RFC 9112 9.3.1); the new one is not replayed.
 */

import type { Server } from '../backend/server.ts';
import type { ProxyConfig } from '../config/model.ts';
import { type Failure, Failures } from '../core/failures.ts';

export interface Attempt {
  /** What went wrong; undefined: nothing but the status of the response. */
  readonly failure: Failure | undefined;
  readonly status: number;
  /** Retries that were made before it. */
  readonly retries: number;
  /** All of the request is still here, no rule forbids it, and nothing has gone to the client. */
  readonly repeatable: boolean;
  readonly replayable: boolean;
}

/** Where it failed. */
export interface Place {
  /** The server may get new traffic. */
  readonly usable: boolean;
  /** Other servers may. */
  readonly elsewhere: boolean;
  /** The client is bound to its server by a key. */
  readonly bound: boolean;
  /** A discovered server that fails is one that is going: its successor is asked. */
  readonly discovered: boolean;
}

export function placeOf(server: Server): Place {
  const { backend, config, usable } = server;
  return { usable, elsewhere: backend.hasOther(server), bound: backend.bound, discovered: config.identity !== config.name };
}

/**
 * `pause`: on the same server once it has had the time to come back; `again`: on the same server at once; `other`: on
 * another one; `replay`: once more on a new connection, which does not count as a retry.
 */
export type Next = 'end' | 'again' | 'pause' | 'other' | 'replay';

type Settings = Pick<ProxyConfig, 'retries' | 'retryOn' | 'redispatch'>;

export function nextAfter(attempt: Attempt, place: Place, settings: Settings): Next {
  const { failure, status, retries, repeatable, replayable } = attempt;
  const { retryOn } = settings;
  const named = failure === undefined ? retryOn.statuses.has(status) : failure.retryOn.some((word) => retryOn[word]);
  if (!named || !repeatable || retries >= settings.retries) return replayable ? 'replay' : 'end';
  if (!place.usable || (place.elsewhere && leaves(retries + 1, place, settings))) return 'other';
  // Not after a time-out, which was a pause already, nor where something answered.
  return failure === Failures.ConnectFailed ? 'pause' : 'again';
}

/**
 * Whether the `nth` retry goes to another server. The manual lets the interval of `option redispatch` decide; HAProxy goes
 * by it only where a key binds the client to its server, and else to another one at once.
 */
function leaves(nth: number, { bound, discovered }: Place, { retries, redispatch }: Settings): boolean {
  if (discovered) return true;
  if (redispatch === undefined || redispatch === 0) return false;
  if (!bound) return true;
  const interval = redispatch < 0 ? retries + 1 + redispatch : redispatch;
  return interval > 0 && nth % interval === 0;
}
