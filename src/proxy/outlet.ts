/**
 * Where messages are written to, and how much of what was written is still here: the writing half of a socket.
 *
 * A head goes to the kernel by the socket's handle, without the stream in between, whenever nothing else is waiting: that
 * spares a request a tenth of its cost (bench/README.md). What the kernel does not take at once is finished by libuv, in
 * order with what the stream writes later; until then it counts as pending here, because the stream does not know of it. A TLS
 * socket's handle takes one write at a time (it ends the process for another): there the stream writes all. It tells that a write is
 * done a turn after the kernel took it, behind the response of a quick server: whether the kernel has it is asked of the handle below.
 */

import type { Writable } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { streamWrap } from './stream-wrap.ts';

/** Bodies up to this size are written together with their head, as one string: one call of the system, one record of TLS. */
export const JOIN_LIMIT = 4096;

/** By TLS, Node gives to the kernel so much of one write at once, or a little more. */
export const FIRST_PART: number = 128 * 1024;

/** What an exchange writes to. Heads and bodies in HTTP/1.1 form, whatever becomes of them on the way. */
export interface Outlet {
  /** Bytes that the peer's side has not taken yet; some of them may be counted although it has. */
  readonly pending: number;
  /** Bytes that it has taken so far: it grows while a large write is under way, too. */
  readonly taken: number;
  /** More is pending than should be held: whoever writes waits for what was given as `onDrain`. */
  readonly behind: boolean;
  /** What is written is copied: who has written it may use its buffers again. */
  readonly copies?: boolean;
  /** Latin-1: one byte a character. */
  text(text: string): void;
  bytes(bytes: Buffer): void;
  /** What is written until `uncork` may leave in one piece. */
  cork(): void;
  uncork(): void;
  /** Nothing more follows. `done`: all of it has left. */
  end(done?: () => void): void;
  /** That has happened. */
  readonly finished: boolean;
}

/** What of Node's handle of a TCP or unix connection is used: `node:net` itself calls it like this. */
interface Handle {
  /** Given to it so far, and what of that the kernel has not taken. */
  readonly bytesWritten: number;
  readonly writeQueueSize: number;
  /** 0 or a negative error number; the kernel may have taken less than all of it. */
  writeLatin1String(request: object, text: string): number;
}

/** Of TLS: what it was given. What it is written to is below. */
interface TlsHandle {
  readonly bytesWritten: number;
  readonly _parent?: Pick<Handle, 'writeQueueSize'>;
}

interface WriteRequest {
  oncomplete?: (status: number) => void;
}

/** Used again and again: a request belongs to its write only when that did not complete at once. */
let spare: WriteRequest | undefined;

export class SocketOutlet implements Outlet {
  private readonly socket: Writable;
  private readonly onDrain: () => void;
  private readonly tls: TLSSocket | undefined;
  /** Texts may go by the handle. */
  private readonly direct: boolean;
  /** Bytes of a text that libuv is still writing. */
  private inFlight = 0;

  /** `onDrain`: after having been `behind`, more may be written. */
  constructor(socket: Writable, onDrain: () => void) {
    this.socket = socket;
    this.onDrain = onDrain;
    this.tls = socket instanceof TLSSocket ? socket : undefined;
    this.direct = streamWrap !== undefined && this.tls === undefined;
    socket.on('drain', () => this.settle());
  }

  get pending(): number {
    const { writableLength } = this.socket;
    if (writableLength > 0 && this.tls !== undefined && hasLeft(this.tls)) return 0;
    return this.inFlight + writableLength;
  }

  get taken(): number {
    const handle = (this.socket as unknown as { readonly _handle: Handle | null })._handle;
    return handle === null ? 0 : handle.bytesWritten - handle.writeQueueSize;
  }

  get behind(): boolean {
    // Right after a large write that went out at once, `writableNeedDrain` alone is still true.
    return this.inFlight > 0 || (this.socket.writableNeedDrain && this.socket.writableLength > 0);
  }

  text(text: string): void {
    const { socket } = this;
    const handle = (socket as unknown as { readonly _handle: Handle | null })._handle;
    if (
      !this.direct ||
      streamWrap === undefined ||
      handle === null ||
      this.inFlight > 0 ||
      socket.writableLength > 0 ||
      socket.writableCorked > 0
    ) {
      socket.write(text, 'latin1');
      return;
    }
    spare ??= new streamWrap.WriteWrap();
    const request = spare;
    const failed = handle.writeLatin1String(request, text);
    if (failed !== 0) socket.destroy(new Error(`write failed with error ${failed}`));
    else if (streamWrap.streamBaseState[streamWrap.kLastWriteWasAsync] !== 0) this.await(request, text.length);
  }

  bytes(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  cork(): void {
    this.socket.cork();
  }

  uncork(): void {
    this.socket.uncork();
  }

  end(done?: () => void): void {
    this.socket.end(done);
  }

  get finished(): boolean {
    return this.socket.writableFinished;
  }

  private await(request: WriteRequest, length: number): void {
    spare = undefined;
    this.inFlight = length;
    request.oncomplete = (status) => {
      this.inFlight = 0;
      if (status < 0) this.socket.destroy(new Error(`write failed with error ${status}`));
      else this.settle();
    };
  }

  private settle(): void {
    if (!this.behind) this.onDrain();
  }
}

/** Whether all that was written is with the kernel; what the handle was given is encrypted, nobody has to keep it. */
function hasLeft(socket: TLSSocket): boolean {
  const { _handle: handle } = socket as unknown as { readonly _handle: TlsHandle | null };
  return handle?._parent?.writeQueueSize === 0 && socket.writableLength <= FIRST_PART && socket.bytesWritten === handle.bytesWritten;
}
