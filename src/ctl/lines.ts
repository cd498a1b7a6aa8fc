/** What people and scripts say to commands for the Runtime API: words of a shell, lines, payloads. */

import { splitCommands, splitWords } from '../core/cli-words.ts';

/** A line, and what was announced by `<<` at its end. */
export interface Asked {
  readonly line: string;
  readonly payload: string | undefined;
}

/** The commands of a line, each as it is written. */
export function commandsOf(line: string): readonly string[] {
  return splitCommands(line).filter((command) => splitWords(command).length > 0);
}

/** As one word of a command. `<<` announces nothing where a backslash is within. */
export function quoted(word: string): string {
  return word.replace(/[\\; \t]/g, '\\$&').replace(/<<$/, '<\\<');
}

/** Why it cannot be said: the protocol has no way to write it. A line break would begin another command. */
export function unspeakable(words: readonly string[]): string | undefined {
  if (words.some((word) => /[\n\r]/.test(word))) return 'a command is one line: several are read from standard input';
  return words.length > 1 && words.includes('') ? 'an empty word cannot be said to the Runtime API' : undefined;
}

/** Lines that come one by one: `<<` at the end of one announces a payload, which ends with an empty line. */
export class LineReader {
  private announced: string | undefined = undefined;
  private payload = '';

  /** Within a payload. */
  get open(): boolean {
    return this.announced !== undefined;
  }

  /** What is to be asked now. */
  push(line: string): Asked | undefined {
    if (this.announced === undefined && line.endsWith('<<')) this.announced = line.slice(0, -2);
    else if (this.announced === undefined) return { line, payload: undefined };
    else if (line === '') return this.end();
    else this.payload += `${line}\n`;
    return undefined;
  }

  /** Nothing more comes: what has been announced. */
  end(): Asked | undefined {
    const { announced, payload } = this;
    this.forget();
    return announced === undefined ? undefined : { line: announced, payload };
  }

  /** What has been announced is not meant any more. */
  forget(): void {
    this.announced = undefined;
    this.payload = '';
  }
}
