/**
 * Where messages to a TLS client are written to. What is written is encrypted at once, so nobody has to keep it; but a handle
 * takes one write at a time, and tells that it has done one at the end of the turn at the earliest, even when the kernel took all of
 * it. So what comes in between is held here and goes out as one write; whether the kernel keeps up is asked of the handle below.
 */

import { FIRST_PART, type Outlet } from './outlet.ts';
import type { TlsSocket } from './tls-socket.ts';
import { type Carrying, type TlsHandle, type TlsWrap, tlsWrap } from './tls-wrap.ts';

/** What may be held: as Node's streams do. */
const MOST_HELD = 16 * 1024;

interface WriteRequest {
  oncomplete?: (this: WriteRequest, status: number) => void;
  outlet?: TlsOutlet;
}

export class TlsOutlet implements Outlet {
  private readonly socket: TlsSocket;
  private readonly handle: TlsHandle;
  private readonly below: Carrying;
  private readonly onDrain: () => void;
  /** Bytes of the write that is under way; 0 for none. */
  private writing = 0;
  /** The kernel has not taken all of that. */
  private stuck = false;
  readonly copies: boolean = true;
  private held: (string | Buffer)[] = [];
  private heldBytes = 0;
  private corked = false;
  /** Somebody was told to wait. */
  private awaited = false;
  private onIdle: (() => void) | undefined = undefined;

  constructor(socket: TlsSocket, onDrain: () => void) {
    this.socket = socket;
    this.handle = socket.tls;
    this.below = socket.below;
    this.onDrain = onDrain;
  }

  get pending(): number {
    return this.stuck ? this.writing + this.heldBytes : this.heldBytes;
  }

  /** Of what goes over the wire. */
  get taken(): number {
    return this.socket.closed ? 0 : this.below.bytesWritten - this.below.writeQueueSize;
  }

  get behind(): boolean {
    const behind = this.stuck || this.heldBytes >= MOST_HELD;
    if (behind) this.awaited = true;
    return behind;
  }

  text(text: string): void {
    if (this.writing > 0 || this.corked) this.hold(text);
    else this.send(text);
  }

  /** Either it is encrypted by the end of the call, or copied. */
  bytes(bytes: Buffer): void {
    if (this.writing > 0) this.hold(Buffer.from(bytes));
    else if (this.corked) this.hold(bytes);
    else this.send(bytes);
  }

  cork(): void {
    this.corked = true;
  }

  uncork(): void {
    this.corked = false;
    this.flush();
  }

  end(done?: () => void): void {
    this.socket.end(done);
  }

  get finished(): boolean {
    return this.socket.writableFinished;
  }

  /** Calls `then` when everything has been taken: at once where nothing is under way. */
  whenIdle(then: () => void): void {
    if (this.writing === 0) then();
    else this.onIdle = then;
  }

  private hold(piece: string | Buffer): void {
    // An empty write makes Node read, into the slab that somebody may be reading.
    if (piece.length === 0) return;
    this.held.push(piece);
    this.heldBytes += piece.length;
  }

  private flush(): void {
    const { held } = this;
    if (held.length === 0 || this.writing > 0) return;
    const [first = ''] = held;
    this.held = [];
    const length = this.heldBytes;
    this.heldBytes = 0;
    if (held.length === 1) this.send(first);
    else this.sendAll(held, length);
  }

  private send(piece: string | Buffer): void {
    if (piece.length === 0 || this.socket.destroyed) return;
    const request = this.request(piece.length);
    const { handle } = this;
    this.sent(typeof piece === 'string' ? handle.writeLatin1String(request, piece) : handle.writeBuffer(request, piece));
  }

  private sendAll(pieces: readonly (string | Buffer)[], length: number): void {
    if (this.socket.destroyed) return;
    const coded = pieces.flatMap((piece) => [piece, typeof piece === 'string' ? 'latin1' : 'buffer']);
    this.sent(this.handle.writev(this.request(length), coded, false));
  }

  private request(length: number): WriteRequest {
    const { WriteWrap } = tlsWrap as TlsWrap;
    const request: WriteRequest = new WriteWrap();
    request.outlet = this;
    request.oncomplete = onComplete;
    this.writing = length;
    return request;
  }

  private sent(failed: number): void {
    if (failed !== 0) {
      this.writing = 0;
      this.socket.destroy(new Error(`write failed with error ${failed}`));
      return;
    }
    this.stuck = this.writing > FIRST_PART || this.below.writeQueueSize > 0;
  }

  onWritten(status: number): void {
    this.writing = 0;
    this.stuck = false;
    if (status < 0) {
      this.socket.destroy(new Error(`write failed with error ${status}`));
      return;
    }
    this.flush();
    if (this.writing === 0) this.settleIdle();
    if (this.awaited && !this.behind) {
      this.awaited = false;
      this.onDrain();
    }
  }

  private settleIdle(): void {
    const { onIdle } = this;
    this.onIdle = undefined;
    onIdle?.();
  }
}

function onComplete(this: WriteRequest, status: number): void {
  this.outlet?.onWritten(status);
}
