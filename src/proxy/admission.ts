/**
 * Limits of the process and of each frontend, on how many there are (`maxconn`) and how many come in a second (`maxconnrate`,
 * `rate-limit sessions`), and `disable frontend`: who is served now and who waits, in arrival order.
 */

import type { RateLimits } from '../config/model.ts';
import { monotonic } from '../core/clock.ts';
import { Timed } from '../core/wheel.ts';
import type { Accepted } from './accept.ts';
import type { Listener } from './listener.ts';
import type { Services } from './services.ts';

/** Connections of one listener that may wait, besides those in the kernel's backlog. */
const MAX_WAITING = 1024;

interface Waiting {
  readonly listener: Listener;
  readonly accepted: Accepted;
  readonly onClose: () => void;
}

export class Admission extends Timed {
  /** `global maxconn`; undefined is unlimited. */
  maxconn: number | undefined = undefined;
  rateLimits: RateLimits | undefined = undefined;
  private readonly services: Services;
  private readonly waiting: Set<Waiting> = new Set();

  constructor(services: Services) {
    super();
    this.services = services;
  }

  full(listener: Listener): boolean {
    const { frontend } = listener;
    if (frontend.state !== 'OPEN') return true;
    if (this.maxconn !== undefined && this.services.connections >= this.maxconn) return true;
    if (frontend.config.maxconn !== undefined && frontend.scur >= frontend.config.maxconn) return true;
    if (listener.config.maxconn !== undefined && listener.scur >= listener.config.maxconn) return true;
    return this.pause(listener) > 0;
  }

  /** Milliseconds until the limits by the second let one more in. */
  private pause({ frontend }: Listener): number {
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
    listener.waiting++;
    const waiting: Waiting = { listener, accepted, onClose: () => this.remove(waiting) };
    socket.on('error', waiting.onClose);
    socket.on('close', waiting.onClose);
    this.waiting.add(waiting);
    if (this.full(listener)) this.remind(listener);
    else this.refill();
  }

  /** Who waits for a second to pass is not woken by anybody's end. */
  private remind(listener: Listener): void {
    const pause = this.pause(listener);
    if (pause > 0 && (this.slot < 0 || monotonic() + pause < this.deadline)) this.services.wheel.arm(this, pause);
  }

  private remove(waiting: Waiting): void {
    if (this.waiting.delete(waiting)) waiting.listener.waiting--;
  }

  /** A connection has ended: the next one that fits comes in. */
  left(): void {
    if (this.waiting.size > 0) this.letIn(1);
  }

  /** Limits may have been raised: all that fit come in. */
  refill(): void {
    this.letIn(this.waiting.size);
  }

  private letIn(most: number): void {
    let admitted = 0;
    for (const waiting of this.waiting) {
      if (admitted === most) return;
      if (this.full(waiting.listener)) {
        this.remind(waiting.listener);
        continue;
      }
      this.remove(waiting);
      const { socket } = waiting.accepted;
      socket.removeListener('error', waiting.onClose);
      socket.removeListener('close', waiting.onClose);
      waiting.listener.admit(waiting.accepted);
      admitted++;
    }
  }

  /** The listener closes: nobody will be let in any more. */
  forget(listener: Listener): void {
    for (const waiting of this.waiting) {
      if (waiting.listener !== listener) continue;
      this.remove(waiting);
      waiting.accepted.socket.destroy();
    }
  }
}
