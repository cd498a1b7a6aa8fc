/**
 * A message body being passed on: what of the next piece belongs to it and may go on, whatever its framing
 * (RFC 9112 6.3). `piece[from..to)` is the output of the last `take`; no view is made, so that a small body can be
 * joined to its head without one.
 */

import { ChunkedBody } from './chunked.ts';
import type { Fault } from './fault.ts';
import { Framing } from './head.ts';

const NOTHING = Buffer.alloc(0);

export class Body {
  piece: Buffer = NOTHING;
  from = 0;
  to = 0;
  /** What the last `take` has taken, as `size.ts` counts. */
  counted = 0;
  done = true;
  /** The framing is broken: nothing more may go on. */
  failed = false;

  private framing: Framing = Framing.None;
  private left = 0;
  private chunked: ChunkedBody | undefined = undefined;

  /**
   * Starts a body. `framed` false removes the chunked coding, for a receiver that does not know it. `nominated`: names
   * of its head's that go from the trailers, too.
   */
  start(framing: Framing, length: number, framed: boolean, nominated?: ReadonlySet<string>): void {
    this.framing = framing;
    this.left = length;
    this.failed = false;
    this.counted = 0;
    this.done = framing === Framing.None || (framing === Framing.Length && length === 0);
    this.clear();
    if (framing === Framing.Chunked) {
      this.chunked ??= new ChunkedBody();
      this.chunked.reset(framed, nominated);
    }
  }

  /** Takes what belongs to the body from `bytes[from..to)`; returns the index behind it. */
  take(bytes: Buffer, from: number, to: number): number {
    switch (this.framing) {
      case Framing.Length: {
        const end = Math.min(to, from + this.left);
        this.left -= end - from;
        this.done = this.left === 0;
        this.counted = end - from;
        this.set(bytes, from, end);
        return end;
      }
      case Framing.Chunked: {
        const chunked = this.chunked as ChunkedBody;
        const end = chunked.scan(bytes, from, to);
        this.done = chunked.done;
        this.failed = chunked.failed;
        this.counted = chunked.counted;
        this.set(chunked.output, 0, chunked.output.length);
        return end;
      }
      case Framing.UntilClose:
        this.counted = to - from;
        this.set(bytes, from, to);
        return to;
      default:
        this.counted = 0;
        this.clear();
        return from;
    }
  }

  /** What could not be read of the last piece, where it `failed`. */
  get fault(): Fault {
    const { failedAt, failedIn } = this.chunked as ChunkedBody;
    return { position: failedAt, state: failedIn };
  }

  /** Field lines behind a chunked body that is done. */
  get trailers(): string {
    return this.framing === Framing.Chunked ? (this.chunked as ChunkedBody).trailers : '';
  }

  /** The output as a view. */
  view(): Buffer {
    return this.from === 0 && this.to === this.piece.length ? this.piece : this.piece.subarray(this.from, this.to);
  }

  get size(): number {
    return this.to - this.from;
  }

  /** The peer closed. True when that is this body's proper end. */
  endOfInput(): boolean {
    if (this.framing === Framing.UntilClose) this.done = true;
    return this.done;
  }

  /** Lets go of the piece, so that it is not kept alive by an idle connection. */
  clear(): void {
    this.set(NOTHING, 0, 0);
  }

  private set(piece: Buffer, from: number, to: number): void {
    this.piece = piece;
    this.from = from;
    this.to = to;
  }
}
