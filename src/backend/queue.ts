/**
 * Who waits for a slot, in arrival order. One queue per backend, and one per server for those who are bound to it by a
 * key, a cookie or a stick table.
 *
 * Enqueue, dequeue and leaving from the middle are O(1): with tens of thousands waiting, each of them may hang up.
 */

import { Timed } from '../core/wheel.ts';
import type { Server } from './server.ts';
import type { Waiter } from './types.ts';

/** One waiter's place in a queue, and its time-out. */
export class Pending extends Timed {
  readonly waiter: Waiter;
  /** Order of arrival in the backend, over all its queues. */
  readonly ticket: number;
  /** `force-persist`: no other server will do, whatever becomes of this one. */
  readonly forced: boolean;
  /** Where it has failed: it waits for any of the others. */
  avoids: ReadonlySet<Server> | undefined;
  /** The queue it stands in. */
  queue: WaitQueue | undefined = undefined;
  ahead: Pending | undefined = undefined;
  behind: Pending | undefined = undefined;
  /** How many the queue had served when this one came. */
  private since = 0;
  private readonly expire: (pending: Pending) => void;

  constructor(
    waiter: Waiter,
    ticket: number,
    forced: boolean,
    avoids: ReadonlySet<Server> | undefined,
    expire: (pending: Pending) => void,
  ) {
    super();
    this.waiter = waiter;
    this.ticket = ticket;
    this.forced = forced;
    this.avoids = avoids;
    this.expire = expire;
  }

  enter(queue: WaitQueue): void {
    this.since = queue.served;
    queue.push(this);
  }

  /** Out of its queue, and its waiter is told how far it has come. */
  leave(): void {
    const { queue, waiter } = this;
    if (queue === undefined) return;
    const passed = queue.served - this.since + 1;
    if (queue.server === undefined) waiter.backendQueue += passed;
    else waiter.serverQueue += passed;
    queue.remove(this);
  }

  override onTimeout(): void {
    this.expire(this);
  }
}

export class WaitQueue {
  /** Whose it is; undefined: the backend's, for whoever has a free slot. */
  readonly server: Server | undefined;
  head: Pending | undefined = undefined;
  private tail: Pending | undefined = undefined;
  length = 0;
  /** How many have had a slot from it. */
  served = 0;

  constructor(server?: Server) {
    this.server = server;
  }

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
