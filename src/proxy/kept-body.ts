/**
 * A request's body as it was sent on, kept while the request may have to be sent again (manual 4.2, "retry-on"): one that
 * is too large for it is sent once. HAProxy keeps what came with the head; here a body is the same however it was cut.
 */

import type { RetryOn } from '../config/model.ts';

/** Whether more than a failed connection is to be retried, so that requests must be kept. */
export function keepsBodies(on: RetryOn): boolean {
  return on.emptyResponse || on.junkResponse || on.responseTimeout || on.statuses.size > 0;
}

export class KeptBody {
  pieces: Buffer[] = [];
  private room: number;

  /** `room`: most bytes. */
  constructor(room: number) {
    this.room = room;
  }

  get overflown(): boolean {
    return this.room < 0;
  }

  /** `piece` is nobody else's to change. */
  add(piece: Buffer): void {
    this.room -= piece.length;
    if (this.room < 0) this.pieces = [];
    else this.pieces.push(piece);
  }
}
