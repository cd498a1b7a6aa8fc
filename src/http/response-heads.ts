/**
 * The heads of one response: any number of interim ones, then the final one, however they are cut into pieces.
 *
 *     feed(piece)  then  next() until it says `more`, `final` or `invalid`
 *
 * What is left of an incomplete head is copied and kept; the bytes of a piece may be overwritten once `next` said `more`.
 */

import type { Head } from './head.ts';
import { type HeadRules, parseResponseHead, Refusal, STRICT } from './parse.ts';

/** A server that keeps sending 1xx is not answering. */
const MAX_INTERIM = 32;

const NOTHING = Buffer.alloc(0);

export type HeadOutcome = 'more' | 'interim' | 'final' | 'invalid';

export class ResponseHeads {
  /** The bytes that `at` and `end` refer to: the piece, behind what was kept. */
  bytes: Buffer = NOTHING;
  /** Behind the last head. */
  at = 0;
  end = 0;
  /** Why a head was refused. */
  refusal: Refusal = Refusal.StatusLine;

  private kept: Buffer | undefined = undefined;
  private fresh = 0;
  private scanned = 0;
  private interim = 0;

  /** Before the next response. */
  reset(): void {
    this.kept = undefined;
    this.interim = 0;
    this.bytes = NOTHING;
  }

  /** Something of a response has come. */
  get begun(): boolean {
    return this.kept !== undefined || this.interim > 0;
  }

  feed(piece: Buffer, length: number): void {
    const { kept } = this;
    this.kept = undefined;
    this.at = 0;
    this.fresh = length;
    this.scanned = kept === undefined ? 0 : kept.length;
    this.bytes = kept === undefined ? piece : Buffer.concat([kept, piece.subarray(0, length)]);
    this.end = this.scanned + length;
  }

  /** The next head, into `head`; 101 is a final one (RFC 9110 15.2.2). `limit`: most bytes of a head. */
  next(head: Head, limit: number, rules: HeadRules = STRICT): HeadOutcome {
    if (this.at === this.end) return 'more';
    const used = parseResponseHead(this.bytes, this.at, this.end, head, limit, this.scanned, rules);
    if (used < 0) {
      this.refusal = used as Refusal;
      return 'invalid';
    }
    if (used === 0) {
      this.kept = Buffer.from(this.bytes.subarray(this.at, this.end));
      return 'more';
    }
    this.at += used;
    this.scanned = 0;
    if (head.status >= 200 || head.status === 101) return 'final';
    if (++this.interim <= MAX_INTERIM) return 'interim';
    this.refusal = Refusal.StatusLine;
    return 'invalid';
  }

  /** An index of `bytes` as an index of the piece. */
  inPiece(index: number): number {
    return index - (this.end - this.fresh);
  }
}
