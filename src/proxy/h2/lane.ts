/**
 * One way through an HTTP/2 connection: to the session on it, it is a kept-alive HTTP/1.1 connection with one stream after the
 * other; to a stream, it is who takes its request and answers it.
 *
 *     stream ─▶ Translation ─▶ receive ─▶ Session … Exchange ─▶ LaneOutlet ─▶ stream
 *
 * Invariants: a lane has one stream at a time, and lets go of it when Node has closed it. It is used again if its session is
 * idle by then; else whatever the session is at ends, as when a client's connection breaks. A stream is ended when its
 * response is whole, and reset in every other case.
 */

import { constants, type ServerHttp2Stream } from 'node:http2';
import type { TlsFacts } from '../../rules/tls-facts.ts';
import type { Accepted, ClientSocket, Mux, Receive } from '../accept.ts';
import type { Outlet } from '../outlet.ts';
import type { Session } from '../session.ts';
import { LaneOutlet } from './lane-outlet.ts';
import { resetStream } from './node-session.ts';
import { Carriage, type Translation, trailerLines } from './request.ts';

/** The connection, as its lanes see it. */
export interface LaneOwner extends Mux {
  readonly socket: ClientSocket;
  readonly tls: TlsFacts | undefined;
  /** The lane is free for another stream. */
  onFree(lane: Lane): void;
  /** The client has reset a stream, or has had it reset by what it sent. */
  onReset(): void;
  /** Its session is over. */
  onGone(lane: Lane): void;
}

/** Where a head stands while it is read; the longest that Node lets in fits. */
const scratch = Buffer.allocUnsafeSlow(256 * 1024);

const LAST_CHUNK = '0\r\n';

/** Whoever asks for a stream's error asks for its end, too. */
function ignore(): void {}

export class Lane implements Accepted, ClientSocket {
  readonly mux: LaneOwner;
  readonly socket: ClientSocket = this;
  readonly stream: undefined = undefined;
  /** The session on it. */
  session: Session | undefined = undefined;
  /** What it carries now. */
  current: ServerHttp2Stream | undefined = undefined;
  destroyed = false;
  writableEnded = false;
  writableFinished = false;

  private readonly out: LaneOutlet = new LaneOutlet();
  private receive: Receive = ignore;
  private carriage: Carriage = Carriage.None;
  private trailers = '';
  private paused = false;
  /** Its stream's end is ours. */
  private cutByUs = false;
  /** The request's body is being read. */
  private reading = false;
  private onEnd: () => void = ignore;
  private onClose: () => void = ignore;

  constructor(mux: LaneOwner) {
    this.mux = mux;
  }

  get tls(): TlsFacts | undefined {
    return this.mux.tls;
  }

  // --- as an accepted connection

  read(receive: Receive): void {
    this.receive = receive;
  }

  outlet(onDrain: () => void): Outlet {
    this.out.onDrain = onDrain;
    return this.out;
  }

  // --- as its socket

  get remoteAddress(): string | undefined {
    return this.mux.socket.remoteAddress;
  }
  get remoteFamily(): string | undefined {
    return this.mux.socket.remoteFamily;
  }
  get remotePort(): number | undefined {
    return this.mux.socket.remotePort;
  }
  get localAddress(): string {
    return this.mux.socket.localAddress ?? '';
  }
  get localPort(): number {
    return this.mux.socket.localPort ?? 0;
  }

  pause(): void {
    this.paused = true;
    if (this.reading) this.current?.pause();
  }

  resume(): void {
    this.paused = false;
    if (this.reading) this.current?.resume();
  }

  /**
   * The response is over, and no other will follow: what the client still sends is not wanted. That all of it has left is told
   * by the stream's close: what the client's window has no room for yet is waited for.
   */
  end(done?: () => void): void {
    this.writableEnded = true;
    const { current } = this;
    if (current === undefined) {
      done?.();
      this.onClosed();
    } else if (!current.destroyed) {
      if (!this.out.finish()) this.cut(constants.NGHTTP2_INTERNAL_ERROR);
      // RFC 9113 8.1: the response is whole, the request need not be.
      else if (this.reading && !this.out.tunnelled) {
        this.cutByUs = true;
        current.close(constants.NGHTTP2_NO_ERROR);
      }
    }
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.cut(constants.NGHTTP2_INTERNAL_ERROR);
    this.mux.onGone(this);
  }

  resetAndDestroy(): void {
    this.destroy();
  }

  setKeepAlive(): void {}

  on(event: 'end' | 'error' | 'close', listener: () => void): void {
    if (event === 'end') this.onEnd = listener;
    else if (event === 'close') this.onClose = listener;
  }

  removeListener(): void {}

  /** The client's connection has ended, though it may still read. Of a tunnel, its half of the stream will never be told to. */
  onClientEnd(): void {
    const { current } = this;
    if (this.out.tunnelled && current !== undefined) {
      if (current.writableFinished) this.cut(constants.NGHTTP2_NO_ERROR);
      else current.on('finish', () => this.cut(constants.NGHTTP2_NO_ERROR));
    }
    this.onEnd();
  }

  // --- streams

  /** Nothing is on it, and its session waits. */
  get free(): boolean {
    return this.current === undefined && !this.destroyed && this.session?.idle === true;
  }

  /** `request` is read at once. */
  take(stream: ServerHttp2Stream, request: Translation): void {
    const { head, carriage, method, key } = request;
    this.attach(stream, method === 'HEAD', key);
    this.carriage = carriage;
    if (carriage !== Carriage.None && !stream.endAfterHeaders) this.listen(stream);
    scratch.write(head, 'latin1');
    this.receive(scratch, head.length);
  }

  /** Its request may be none. */
  attach(stream: ServerHttp2Stream, isHead = false, key = ''): void {
    this.current = stream;
    this.carriage = Carriage.None;
    this.trailers = '';
    this.reading = false;
    this.out.attach(stream, isHead, key);
    this.cutByUs = false;
    stream.on('error', ignore);
    stream.on('close', this.closed);
  }

  private listen(stream: ServerHttp2Stream): void {
    this.reading = true;
    stream.on('trailers', this.onTrailers);
    stream.on('end', this.ended);
    stream.on('data', this.onData);
    if (this.paused) stream.pause();
  }

  private readonly onData = (piece: Buffer): void => {
    if (this.carriage !== Carriage.Chunked) {
      this.receive(piece, piece.length);
      return;
    }
    if (piece.length === 0) return;
    const size = piece.length.toString(16);
    const chunk = Buffer.allocUnsafe(size.length + piece.length + 4);
    chunk.write(`${size}\r\n`, 'latin1');
    piece.copy(chunk, size.length + 2);
    chunk.write('\r\n', chunk.length - 2, 'latin1');
    this.receive(chunk, chunk.length);
  };

  private readonly onTrailers = (_fields: unknown, _flags: number, raw?: readonly string[]): void => {
    const lines = trailerLines(raw ?? []);
    if (lines === undefined) {
      this.cut(constants.NGHTTP2_PROTOCOL_ERROR);
      this.mux.onReset();
    } else this.trailers = lines;
  };

  private readonly ended = (): void => {
    this.reading = false;
    const { current } = this;
    // A stream that was reset ends, too, and its request is not whole.
    if (current === undefined || current.aborted || current.rstCode !== constants.NGHTTP2_NO_ERROR) return;
    if (this.carriage === Carriage.Tunnel) this.onEnd();
    else if (this.carriage === Carriage.Chunked) {
      // As HAProxy counts: trailers have an end, the body alone has none.
      if (this.trailers !== '' && this.session !== undefined) this.session.exchange.bytesIn++;
      const last = Buffer.from(`${LAST_CHUNK}${this.trailers}\r\n`, 'latin1');
      this.receive(last, last.length);
    }
  };

  /** The end of a stream that nobody takes for a whole one. */
  cut(code: number): void {
    const { current } = this;
    this.cutByUs = true;
    if (current !== undefined && !current.destroyed) resetStream(current, code);
  }

  /** Node has closed the stream, whoever wanted it. */
  private readonly closed = (): void => {
    const { current } = this;
    const ours = this.cutByUs || this.out.failed;
    const reset = !ours && (current?.aborted === true || current?.rstCode !== constants.NGHTTP2_NO_ERROR);
    this.current = undefined;
    this.reading = false;
    this.out.detach();
    if (this.free) this.mux.onFree(this);
    else this.onClosed();
    if (reset) this.mux.onReset();
  };

  private onClosed(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.onClose();
    this.mux.onGone(this);
  }
}
