/**
 * Where log lines leave the process. Invariant: writing never blocks, throws or grows without bound; what a full or
 * broken output cannot take is dropped and counted (a log reader that stands still must not stop the traffic).
 */

import { createWriteStream, fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import { type Datagrams, openDatagrams } from './datagrams.ts';

/** Bytes that may wait in front of one output. */
export const BACKLOG: number = 1024 * 1024;
/** Milliseconds until an output that cannot be used is tried again. */
export const RETRY = 5000;

export interface LogOutput {
  /** `line` ends with a newline. */
  write(line: string): void;
  /** Hands on what waits for the end of the tick. */
  flush(): void;
  close(): void;
}

/** The lines that a target did not get. HAProxy counts them only; here the first, the 10th, the 100th is told, too. */
export class Losses {
  count = 0;
  private readonly name: string;
  private readonly warn: (message: string) => void;
  private next = 1;
  private explained = false;

  /** `name`: of the target, for people. */
  constructor(name: string, warn: (message: string) => void) {
    this.name = name;
    this.warn = warn;
  }

  /** Telling may make a line for this very target, which is lost, too: counted before it is told, it ends. */
  add(lines: number, why: string): void {
    this.count += lines;
    if (this.count < this.next) return;
    while (this.next <= this.count) this.next *= 10;
    const what = this.count === 1 ? 'a line was dropped' : `${this.count} lines were dropped so far`;
    this.warn(`log target ${this.name}: ${what}: ${why}.`);
  }

  /** Why it cannot be used, once. The first line that is lost for it needs no words of its own. */
  explain(why: string): void {
    if (this.explained) return;
    this.explained = true;
    this.next = Math.max(this.next, 10);
    this.warn(`log target ${this.name} cannot be used: ${why}.`);
  }
}

/** Lines that wait until an output can take them; up to `BACKLOG` characters. */
export class Waiting {
  private readonly losses: Losses;
  private lines: string[] = [];
  private length = 0;

  constructor(losses: Losses) {
    this.losses = losses;
  }

  hasRoomFor(line: string): boolean {
    return this.length + line.length <= BACKLOG;
  }

  add(line: string): void {
    if (!this.hasRoomFor(line)) {
      this.losses.add(1, FULL);
      return;
    }
    this.lines.push(line);
    this.length += line.length;
  }

  take(): readonly string[] {
    const { lines } = this;
    this.lines = [];
    this.length = 0;
    return lines;
  }

  drop(why: string): void {
    const { length } = this.take();
    if (length > 0) this.losses.add(length, why);
  }
}

export const FULL = 'what waits for it has reached its limit';

/** Of a descriptor that is none. */
export class NoOutput implements LogOutput {
  private readonly losses: Losses;
  private readonly why: string;

  constructor(losses: Losses, why: string) {
    this.losses = losses;
    this.why = why;
    losses.explain(why);
  }

  write(): void {
    this.losses.add(1, this.why);
  }

  flush(): void {}

  close(): void {}
}

/** What `fd@N` can be. */
export type LineStream = TextStream | Datagrams;

/** The part of a Writable that lines need. `process.stdout` is one. */
export interface TextStream {
  write(chunk: string): boolean;
  readonly writableLength: number;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/**
 * A descriptor of ours that nobody else writes to: pipes and sockets without blocking, files by the thread pool.
 * Datagram sockets have a form of their own. Throws where it is not open or nothing to write to.
 */
export function openDescriptor(fd: number): LineStream {
  const kind = fstatSync(fd);
  if (kind.isFIFO()) return new Socket({ fd, readable: false, writable: true });
  if (!kind.isSocket()) return createWriteStream('', { fd, autoClose: false });
  try {
    return new Socket({ fd, readable: false, writable: true });
  } catch (error) {
    const datagrams = openDatagrams(fd);
    if (datagrams === undefined) throw error;
    return datagrams;
  }
}

/** `fd@N`, `stdout`, `stderr`: the lines of one tick are one write. */
export class StreamOutput implements LogOutput {
  private readonly stream: TextStream;
  private readonly losses: Losses;
  private readonly limit: number;
  private waiting = '';
  private lines = 0;
  private broken: string | undefined;
  private scheduled: NodeJS.Immediate | undefined;
  private readonly onTickEnd = (): void => this.flush();
  private readonly onError = (error: Error): void => {
    this.broken = error.message;
  };

  constructor(stream: TextStream, losses: Losses, limit: number = BACKLOG) {
    this.stream = stream;
    this.losses = losses;
    this.limit = limit;
    stream.on('error', this.onError);
  }

  write(line: string): void {
    if (this.broken !== undefined || this.stream.writableLength + this.waiting.length + line.length > this.limit) {
      this.losses.add(1, this.broken ?? FULL);
      return;
    }
    this.waiting += line;
    this.lines++;
    this.scheduled ??= setImmediate(this.onTickEnd);
  }

  flush(): void {
    if (this.scheduled !== undefined) clearImmediate(this.scheduled);
    this.scheduled = undefined;
    const { waiting, lines } = this;
    if (lines === 0) return;
    this.waiting = '';
    this.lines = 0;
    if (this.broken === undefined) this.stream.write(waiting);
    else this.losses.add(lines, this.broken);
  }

  /** The stream itself stays open: it belongs to whoever opened it. The error listener stays, for writes in flight. */
  close(): void {
    this.flush();
  }
}
