/** A stream that keeps what it is given, and can be as slow as a test needs. */

import { EventEmitter } from 'node:events';
import type { TextStream } from '../../src/stats/log-outputs.ts';

export class FakeStream extends EventEmitter implements TextStream {
  text = '';
  writes = 0;
  /** Bytes that nobody has read yet, as a full pipe would report them. */
  writableLength = 0;
  stalled = false;

  write(chunk: string): boolean {
    this.writes++;
    this.text += chunk;
    if (this.stalled) this.writableLength += chunk.length;
    return !this.stalled;
  }
}
