/**
 * Who waits for a slot, in arrival order. One queue per backend, and one per server for those whom a key binds to it.
 *
 * Enqueue, dequeue and leaving from the middle are O(1): with tens of thousands waiting, each of them may hang up.
 */

import { Timed } from '../core/wheel.ts';
import type { Waiter } from './types.ts';

/** One waiter's place in a queue, and its time-out. */
export class Pending extends Timed {
  readonly waiter: Waiter;
  /** For algorithms that bind by key. */
  readonly key: number;
  /** Order of arrival in the backend, over all its queues. */
  readonly ticket: number;
  /** The queue it stands in. */
  queue: WaitQueue | undefined = undefined;
  ahead: Pending | undefined = undefined;
  behind: Pending | undefined = undefined;
  private readonly expire: (pending: Pending) => void;

  constructor(waiter: Waiter, key: number, ticket: number, expire: (pending: Pending) => void) {
    super();
    this.waiter = waiter;
    this.key = key;
    this.ticket = ticket;
    this.expire = expire;
  }

  override onTimeout(): void {
    this.expire(this);
  }
}

export class WaitQueue {
  head: Pending | undefined = undefined;
  private tail: Pending | undefined = undefined;
  length = 0;

  push(pending: Pending): void {
    pending.queue = this;
    pending.ahead = this.tail;
    pending.behind = undefined;
    if (this.tail === undefined) this.head = pending;
    else this.tail.behind = pending;
    this.tail = pending;
    this.length++;
  }

  remove(pending: Pending): void {
    if (pending.ahead === undefined) this.head = pending.behind;
    else pending.ahead.behind = pending.behind;
    if (pending.behind === undefined) this.tail = pending.ahead;
    else pending.behind.ahead = pending.ahead;
    pending.queue = undefined;
    pending.ahead = undefined;
    pending.behind = undefined;
    this.length--;
  }
}
