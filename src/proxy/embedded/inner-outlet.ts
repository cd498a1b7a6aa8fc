/**
 * The writing half of an inner connection: keeps what the session writes until the end of its step, then hands it to Node's
 * HTTP client, and knows whether that keeps up.
 */

import type { Duplex } from 'node:stream';
import type { Outlet } from '../outlet.ts';

export class InnerOutlet implements Outlet {
  readonly copies: boolean = true;
  private readonly connection: Duplex;
  private readonly onDrain: () => void;
  private queue: Buffer[] = [];
  private queued = 0;
  private given = 0;
  /** The reader has room: what is queued leaves with the next microtask, so nobody has to wait for it. */
  private wanted = true;
  private scheduled = false;
  /** The session has been told to wait. */
  private held = false;
  private onEnd: (() => void) | undefined = undefined;
  /** Nothing more is written. */
  ended = false;
  finished = false;

  constructor(connection: Duplex, onDrain: () => void) {
    this.connection = connection;
    this.onDrain = onDrain;
  }

  get pending(): number {
    return this.wanted ? 0 : this.queued + this.connection.readableLength;
  }

  get taken(): number {
    return this.given - this.connection.readableLength;
  }

  get behind(): boolean {
    this.held ||= !this.wanted;
    return !this.wanted;
  }

  text(text: string): void {
    this.add(Buffer.from(text, 'latin1'));
  }

  bytes(bytes: Buffer): void {
    this.add(Buffer.from(bytes));
  }

  cork(): void {}

  uncork(): void {}

  end(done?: () => void): void {
    if (this.ended) return;
    this.ended = true;
    this.onEnd = done;
    this.schedule();
  }

  /** The reader has room again. */
  onWanted(): void {
    if (this.wanted) return;
    this.wanted = true;
    this.schedule();
  }

  private add(bytes: Buffer): void {
    if (this.ended || bytes.length === 0) return;
    this.queue.push(bytes);
    this.queued += bytes.length;
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => this.flush());
  }

  private flush(): void {
    this.scheduled = false;
    const { queue, queued } = this;
    if (this.connection.destroyed) return;
    if (queue.length > 0 && this.wanted) {
      this.queue = [];
      this.queued = 0;
      this.given += queued;
      this.wanted = this.connection.push(queue.length === 1 ? (queue[0] as Buffer) : Buffer.concat(queue, queued));
    }
    if (this.queue.length === 0 && this.ended) this.finish();
    else if (this.wanted && this.held) {
      this.held = false;
      this.onDrain();
    }
  }

  private finish(): void {
    if (this.finished) return;
    this.finished = true;
    this.connection.push(null);
    // Between two requests nobody reads, and it is to end all the same.
    this.connection.read(0);
    this.onEnd?.();
  }
}
