/**
 * Bodies too large to hold: made piece by piece as they are sent, and compared byte by byte as they arrive, so that what
 * was lost, doubled, swapped or mixed up is known with its place. A hash of them would only say that something was wrong.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';

/** A prime, so that no buffer size of anybody's divides it: a piece in the wrong place never looks right by chance. */
const PERIOD = 1_048_583;

const block = randomBytes(PERIOD);

/** An endless body. Those with different numbers differ everywhere. */
export class Pattern {
  private readonly shift: number;

  constructor(number = 0) {
    this.shift = (number * 65_537) % PERIOD;
  }

  /** The bytes from `at` on, `length` of them or, where the block ends, fewer. Not a copy. */
  piece(at: number, length: number): Buffer {
    const from = (at + this.shift) % PERIOD;
    return block.subarray(from, Math.min(from + length, PERIOD));
  }

  /** Exactly `length` bytes from `at` on. */
  copy(at: number, length: number): Buffer {
    const first = this.piece(at, length);
    return first.length === length ? first : Buffer.concat([first, this.copy(at + first.length, length - first.length)]);
  }

  receiver(): Receiver {
    return new Receiver(this);
  }
}

/** What arrives of a pattern. */
export class Receiver {
  /** Bytes that have come, all of them right. */
  bytes = 0;
  private readonly pattern: Pattern;

  constructor(pattern: Pattern) {
    this.pattern = pattern;
  }

  take(received: Buffer): void {
    let at = 0;
    while (at < received.length) {
      const expected = this.pattern.piece(this.bytes, received.length - at);
      const same = received.compare(expected, 0, expected.length, at, at + expected.length) === 0;
      if (!same) assert.fail(`the body differs between bytes ${this.bytes} and ${this.bytes + expected.length}`);
      at += expected.length;
      this.bytes += expected.length;
    }
  }
}
