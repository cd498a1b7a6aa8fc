/** A stream that keeps what it is given, and can be as slow as a test needs. */

import { EventEmitter } from 'node:events';
import type { TextStream } from '../../src/stats/log-outputs.ts';

export class FakeStream extends EventEmitter implements TextStream {
  text = '';
  writes = 0;
  /** Bytes that nobody has read yet, as a full pipe would report them. */
  writableLength = 0;
  stalled = false;

  destroyed = false;
  /** What every write fails with. */
  failure: Error | undefined = undefined;

  write(chunk: string | Buffer, done: (error?: Error) => void): void {
    this.writes++;
    if (this.failure === undefined) this.text += chunk.toString();
    if (this.stalled) this.writableLength += chunk.length;
    else done(this.failure);
  }
}
