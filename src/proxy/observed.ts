/** What an exchange tells of its server's health, where `observe` asks for it (manual 5.2). */

import { Observation } from '../backend/types.ts';
import { type Failure, Failures } from '../core/failures.ts';

const FAILED: ReadonlyMap<Failure, Observation> = new Map<Failure, Observation>([
  [Failures.ServerClosed, Observation.Closed],
  [Failures.HeadCut, Observation.Closed],
  [Failures.ServerTimeout, Observation.ReadTimeout],
  [Failures.ResponseInvalid, Observation.InvalidHead],
]);

/** An attempt that failed on a connection that stood. */
export function failureMeans(failure: Failure): Observation | undefined {
  return FAILED.get(failure);
}

/** A status of the server's, which may say that it works. */
export function statusMeans(status: number): Observation {
  return status < 500 || status === 501 || status === 505 ? Observation.Answered : Observation.WrongStatus;
}
