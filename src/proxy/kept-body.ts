/**
 * A request's body as it was sent on, kept while the request may have to be sent again (manual 4.2, "retry-on"): one that
 * is too large for it is sent once. HAProxy keeps what came with the head; here a body is the same however it was cut.
 */

import type { RetryOn } from '../config/model.ts';

/** Whether more than a failed connection is to be retried, so that requests must be kept. */
export function keepsBodies(on: RetryOn): boolean {
  return on.emptyResponse || on.junkResponse || on.responseTimeout || on.statuses.size > 0;
}

/** Less than the head of most requests, and nothing that a body of a few bytes would be sorry for. */
const FIRST = 512;

const NOTHING = Buffer.alloc(0);

export class KeptBody {
  private bytes: Buffer = NOTHING;
  private size = 0;
  /** Most bytes; -1 once there were more. */
  private room: number;

  constructor(room: number) {
    this.room = room;
  }

  get overflown(): boolean {
    return this.room < 0;
  }

  /** All that was added; to be read before anything more is. */
  get content(): Buffer {
    return this.bytes.subarray(0, this.size);
  }

  /** Copied: a client chooses how many pieces it sends, and an object for each of them would outweigh its bytes. */
  add(piece: Buffer): void {
    const size = this.size + piece.length;
    if (size > this.room) {
      this.room = -1;
      this.size = 0;
      this.bytes = NOTHING;
      return;
    }
    if (size > this.bytes.length) this.grow(size);
    piece.copy(this.bytes, this.size);
    this.size = size;
  }

  private grow(size: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.min(this.room, Math.max(size, this.bytes.length * 2, FIRST)));
    this.bytes.copy(grown, 0, 0, this.size);
    this.bytes = grown;
  }
}
