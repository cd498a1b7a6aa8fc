/**
 * Long texts made a slice at a time, when their reader has room for it: none takes long to make, and nobody who reads slowly
 * has more than one of them kept.
 *
 * What a piece reads is of the moment it is made: who wants all of one moment reads it before.
 */

import type { Drawn } from '../proxy/types.ts';

/** A slice ends with the piece that makes it as long as this, in letters. */
const SIZE = 32 * 1024;
/** Or with the one that was ready as late as this, ms. */
const TIME = 4;

export class Slices implements Drawn {
  over = false;
  private readonly pieces: Iterator<string>;
  private readonly time: number;

  /** `pieces` of a few KB at most, one after the other. An error of theirs is thrown by `next`. */
  constructor(pieces: Iterable<string>, time: number = TIME) {
    this.pieces = pieces[Symbol.iterator]();
    this.time = time;
  }

  /** As UTF-8. */
  next(): Buffer {
    const until = performance.now() + this.time;
    let text = '';
    do {
      const piece = this.pieces.next();
      if (piece.done === true) this.over = true;
      else text += piece.value;
    } while (!this.over && text.length < SIZE && performance.now() < until);
    return Buffer.from(text);
  }
}
