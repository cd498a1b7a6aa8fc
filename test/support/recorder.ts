/** What a source has told people. */

import type { EventLog, Level } from '../../src/core/log.ts';

export class Recorder implements EventLog {
  readonly lines: { readonly level: Level; readonly message: string }[] = [];

  event(level: Level, message: string): void {
    this.lines.push({ level, message });
  }

  matching(pattern: RegExp): number {
    return this.lines.filter((line) => pattern.test(line.message)).length;
  }
}
