/** `maxconn` of the process and of each frontend, and `disable frontend`: who is served now and who waits, in arrival order. */

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

export class Admission {
  /** `global maxconn`; undefined is unlimited. */
  maxconn: number | undefined = undefined;
  private readonly services: Services;
  private readonly waiting: Set<Waiting> = new Set();

  constructor(services: Services) {
    this.services = services;
  }

  full(listener: Listener): boolean {
    const { frontend } = listener;
    if (frontend.state !== 'OPEN') return true;
    if (this.maxconn !== undefined && this.services.connections >= this.maxconn) return true;
    if (frontend.config.maxconn !== undefined && frontend.scur >= frontend.config.maxconn) return true;
    return listener.config.maxconn !== undefined && listener.scur >= listener.config.maxconn;
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
      if (this.full(waiting.listener)) continue;
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
