/**
 * Limits of the process and of each frontend, on how many there are (`maxconn`, `maxsslconn`) and how many come in a second
 * (`maxconnrate`, `maxsslrate`, `rate-limit sessions`), and `disable frontend`: who is served now and who waits, in arrival order.
 *
 * Who waits stands behind a listener: where that, or its frontend, is full, nobody looks at those who wait there, so one
 * frontend that is flooded does not slow the others.
 */

import type { RateLimits } from '../config/model.ts';
import { monotonic } from '../core/clock.ts';
import { Timed } from '../core/wheel.ts';
import type { Accepted } from './accept.ts';
import type { Frontend } from './frontend.ts';
import type { Listener } from './listener.ts';
import type { Services } from './services.ts';

/** Connections of one listener that may wait, besides those in the kernel's backlog. */
const MAX_WAITING = 1024;

/** Ms: connections to servers end without a word to those who wait for one less of TLS. */
const LOOK_AGAIN = 100;

interface Waiting {
  /** In the order they came, of all. */
  readonly number: number;
  readonly accepted: Accepted;
  readonly onClose: () => void;
}

/** Who waits at a listener; somebody does. */
interface Queue {
  readonly listener: Listener;
  readonly waiting: Set<Waiting>;
}

export class Admission extends Timed {
  /** `global maxconn`; undefined is unlimited. */
  maxconn: number | undefined = undefined;
  rateLimits: RateLimits | undefined = undefined;
  /** `global maxsslconn`, of clients and to servers; 0 is unlimited. */
  maxsslconn = 0;
  private readonly services: Services;
  private readonly queues: Map<Frontend, Map<Listener, Queue>> = new Map();
  private arrivals = 0;

  constructor(services: Services) {
    super();
    this.services = services;
  }

  full(listener: Listener): boolean {
    if (listener.tls !== undefined && this.tlsPause() > 0) return true;
    return (listener.config.maxconn !== undefined && listener.scur >= listener.config.maxconn) || this.isFull(listener.frontend);
  }

  private isFull(frontend: Frontend): boolean {
    if (frontend.state !== 'OPEN') return true;
    if (this.maxconn !== undefined && this.services.connections >= this.maxconn) return true;
    if (frontend.config.maxconn !== undefined && frontend.scur >= frontend.config.maxconn) return true;
    return this.pause(frontend) > 0;
  }

  /** Milliseconds until the limits by the second let one more in. */
  private pause(frontend: Frontend): number {
    const { rateLimit } = frontend.config;
    const { connections = 0, sessions = 0 } = this.rateLimits ?? {};
    if (rateLimit + connections + sessions === 0) return 0;
    const now = monotonic();
    const { connRate, sessRate } = this.services.counters;
    return Math.max(
      rateLimit === 0 ? 0 : frontend.counters.rate.until(rateLimit, now),
      connections === 0 ? 0 : connRate.until(connections, now),
      sessions === 0 ? 0 : sessRate.until(sessions, now),
    );
  }

  /** Milliseconds until `maxsslrate` and `maxsslconn` let in one more who speaks TLS, perhaps. */
  private tlsPause(): number {
    const { sslSessions = 0 } = this.rateLimits ?? {};
    if (sslSessions + this.maxsslconn === 0) return 0;
    const { tls } = this.services.counters;
    const rate = sslSessions === 0 ? 0 : tls.rate.until(sslSessions, monotonic());
    return this.maxsslconn > 0 && tls.current >= this.maxsslconn ? Math.max(rate, LOOK_AGAIN) : rate;
  }

  /** A second has room again, perhaps. */
  override onTimeout(): void {
    this.refill();
  }

  /** Beyond the limit a connection is closed at once: each that waits costs a descriptor. */
  wait(listener: Listener, accepted: Accepted): void {
    const { socket } = accepted;
    if (listener.waiting >= MAX_WAITING) {
      socket.destroy();
      return;
    }
    const waiting: Waiting = { number: this.arrivals++, accepted, onClose: () => this.remove(listener, waiting) };
    socket.on('error', waiting.onClose);
    socket.on('close', waiting.onClose);
    this.add(listener, waiting);
    if (this.full(listener)) this.remind(listener.frontend, listener);
    else this.refill();
  }

  private add(listener: Listener, waiting: Waiting): void {
    listener.waiting++;
    const { frontend } = listener;
    const queues = this.queues.get(frontend) ?? new Map<Listener, Queue>();
    const queue = queues.get(listener) ?? { listener, waiting: new Set() };
    queue.waiting.add(waiting);
    this.queues.set(frontend, queues.set(listener, queue));
  }

  private remove(listener: Listener, waiting: Waiting): void {
    const queues = this.queues.get(listener.frontend);
    const queue = queues?.get(listener);
    if (queue?.waiting.delete(waiting) !== true) return;
    listener.waiting--;
    if (queue.waiting.size === 0) queues?.delete(listener);
    if (queues?.size === 0) this.queues.delete(listener.frontend);
  }

  /** Who waits for a second to pass is not woken by anybody's end. */
  private remind(frontend: Frontend, listener?: Listener): void {
    const pause = Math.max(this.pause(frontend), listener?.tls === undefined ? 0 : this.tlsPause());
    if (pause > 0 && (this.slot < 0 || monotonic() + pause < this.deadline)) this.services.wheel.arm(this, pause);
  }

  /** A connection has ended: the next one that fits comes in. */
  left(): void {
    if (this.queues.size > 0) this.letIn(1);
  }

  /** Limits may have been raised: all that fit come in. */
  refill(): void {
    this.letIn(Number.POSITIVE_INFINITY);
  }

  /** Nobody's coming makes room for another: what is full stays so until the end. */
  private letIn(most: number): void {
    let open = this.open();
    for (let admitted = 0; admitted < most; admitted++) {
      let queue = firstOf(open);
      if (queue !== undefined && this.full(queue.listener)) {
        open = this.open();
        queue = firstOf(open);
      }
      if (queue === undefined) return;
      this.admit(queue);
    }
  }

  /** Where somebody waits that may come in. */
  private open(): readonly Queue[] {
    const open: Queue[] = [];
    for (const [frontend, queues] of this.queues) {
      if (this.isFull(frontend)) this.remind(frontend);
      else {
        for (const queue of queues.values()) {
          if (this.full(queue.listener)) this.remind(frontend, queue.listener);
          else open.push(queue);
        }
      }
    }
    return open;
  }

  private admit({ listener, waiting }: Queue): void {
    const [first] = waiting;
    if (first === undefined) return;
    const { accepted, onClose } = first;
    this.remove(listener, first);
    accepted.socket.removeListener('error', onClose);
    accepted.socket.removeListener('close', onClose);
    listener.admit(accepted);
  }

  /** The listener closes: nobody will be let in any more. */
  forget(listener: Listener): void {
    for (const waiting of this.queues.get(listener.frontend)?.get(listener)?.waiting ?? []) {
      this.remove(listener, waiting);
      waiting.accepted.socket.destroy();
    }
  }
}

/** That of who has waited longest. */
function firstOf(queues: readonly Queue[]): Queue | undefined {
  let found: Queue | undefined;
  let lowest = Number.POSITIVE_INFINITY;
  for (const queue of queues) {
    const [first] = queue.waiting;
    if (first === undefined || first.number >= lowest) continue;
    found = queue;
    lowest = first.number;
  }
  return found;
}
