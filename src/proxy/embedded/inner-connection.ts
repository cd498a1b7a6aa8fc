/**
 * A connection inside of this process: one end is what Node's HTTP client writes a request to, the other is a client like
 * those that listeners accept, on which an ordinary session runs. Everything a session does for a client (rules, slots, queue,
 * retries, counters, logs) it does for requests that come as Node's objects, too.
 *
 *     http-proxy ──http.request──▶ InnerConnection ══▶ InnerClient ──▶ Session
 *
 * Invariant: neither end runs the other one's code while that is at work. What the session writes arrives a microtask later, as
 * a socket's bytes come in a turn of their own; what the client writes, Node writes from a tick of its own.
 */

import { EventEmitter } from 'node:events';
import { Duplex } from 'node:stream';
import type { TlsFacts } from '../../rules/tls-facts.ts';
import type { Accepted, ClientSocket, Receive } from '../accept.ts';
import { InnerOutlet } from './inner-outlet.ts';

/** What Node's streams hold of either direction before they ask for patience, bytes. */
const HIGH_WATER = 64 * 1024;

/** Whose connection it is, as the sockets of Node's server have it; a unix socket has no addresses: empty, 0. */
export interface Origin {
  readonly remoteAddress: string;
  readonly remoteFamily: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly tls: TlsFacts | undefined;
}

type Done = (error?: Error | null) => void;

/** The end that Node's HTTP client has: of a socket it has what that client and http-proxy call. */
export class InnerConnection extends Duplex {
  readonly client: InnerClient;
  /** As a socket's: what an agent compares with its own. */
  readonly timeout = 0;

  constructor(origin: Origin) {
    super({ highWaterMark: HIGH_WATER, allowHalfOpen: false });
    // Between two requests nobody else listens, and its end is no news then.
    this.on('error', () => {});
    this.client = new InnerClient(this, origin);
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {
    this.client.onWanted();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.client.take(chunk, done);
  }

  /** A head and the beginning of its body come as one. */
  override _writev(chunks: { readonly chunk: Buffer }[], done: Done): void {
    this.client.take(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: Done): void {
    this.client.onFinal();
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.client.onDestroyed();
    done(error);
  }
}

/** The end that a session has. */
export class InnerClient extends EventEmitter implements Accepted, ClientSocket {
  readonly stream: undefined = undefined;
  readonly tls: TlsFacts | undefined;
  readonly remoteAddress: string;
  readonly remoteFamily: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  destroyed = false;
  /** No backend of ours takes the request that is under way. */
  isUnrouted = false;
  private readonly connection: InnerConnection;
  private receive: Receive | undefined = undefined;
  private out: InnerOutlet | undefined = undefined;
  private paused = true;
  /** What was written and not received yet, and who is to be told when it is. */
  private waiting: { readonly bytes: Buffer; readonly done: Done } | undefined = undefined;
  private final = false;
  private gone = false;

  constructor(connection: InnerConnection, origin: Origin) {
    super();
    this.connection = connection;
    this.tls = origin.tls;
    this.remoteAddress = origin.remoteAddress;
    this.remoteFamily = origin.remoteFamily;
    this.remotePort = origin.remotePort;
    this.localAddress = origin.localAddress;
    this.localPort = origin.localPort;
  }

  // --- as accepted

  get socket(): this {
    return this;
  }

  read(receive: Receive): void {
    this.receive = receive;
    this.resume();
  }

  outlet(onDrain: () => void): InnerOutlet {
    this.out = new InnerOutlet(this.connection, onDrain);
    return this.out;
  }

  // --- as a socket

  get writableEnded(): boolean {
    return this.out?.ended ?? false;
  }

  get writableFinished(): boolean {
    return this.out?.finished ?? false;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    // Not at once: whoever resumes is still at work.
    if (this.waiting !== undefined || this.final) queueMicrotask(() => this.deliver());
  }

  setKeepAlive(): void {}

  end(done?: () => void): void {
    this.leavePool();
    if (this.out === undefined) this.connection.destroy();
    else this.out.end(done);
  }

  /** What was written is delivered if its reader wants it, as the kernel would; then nothing comes any more. */
  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.leavePool();
    this.swallow();
    if (this.out === undefined || this.out.pending > 0) this.connection.destroy();
    else this.out.end();
    this.onDestroyed();
  }

  resetAndDestroy(): void {
    this.destroyed = true;
    this.leavePool();
    this.connection.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
  }

  /** No route takes the request, and nobody else was named for it. */
  unrouted(): void {
    this.isUnrouted = true;
  }

  // --- what the other end does

  take(bytes: Buffer, done: Done): void {
    this.waiting = { bytes, done };
    this.deliver();
  }

  onWanted(): void {
    this.out?.onWanted();
  }

  onFinal(): void {
    this.final = true;
    this.deliver();
  }

  /** As a socket's `close`, once. */
  onDestroyed(): void {
    if (this.gone) return;
    this.gone = true;
    this.destroyed = true;
    queueMicrotask(() => this.emit('close'));
  }

  private deliver(): void {
    if (this.destroyed) this.swallow();
    if (this.destroyed || this.paused || this.receive === undefined) return;
    const { waiting } = this;
    if (waiting !== undefined) {
      this.waiting = undefined;
      this.receive(waiting.bytes, waiting.bytes.length);
      waiting.done();
    } else if (this.final) {
      this.final = false;
      this.emit('end');
    }
  }

  /** Nobody reads it any more. */
  private swallow(): void {
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.done();
  }

  /** No request may be given to a connection that ends: an agent lets it go at once, not when it reads the end. */
  private leavePool(): void {
    this.connection.emit('agentRemove');
  }
}
