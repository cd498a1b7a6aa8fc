/**
 * Where log lines leave the process. Invariant: writing never blocks, throws or grows without bound; what a full or
 * broken output cannot take is dropped and counted (a log reader that stands still must not stop the traffic).
 */

import { fstatSync, write } from 'node:fs';
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

/** Hears of lines that are lost. */
export type Loss = Pick<Losses, 'add' | 'explain' | 'recover'>;

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

  /** Why it cannot be used, once until it recovers. The first line that is lost for it needs no words of its own. */
  explain(why: string): void {
    if (this.explained) return;
    this.explained = true;
    this.next = Math.max(this.next, 10);
    this.warn(`log target ${this.name} cannot be used: ${why}.`);
  }

  /** It takes lines: when it cannot be used for another time, that is news. */
  recover(): void {
    this.explained = false;
  }
}

/** Lines that wait until an output can take them; up to `BACKLOG` characters. */
export class Waiting {
  private readonly losses: Loss;
  private lines: string[] = [];
  private length = 0;

  constructor(losses: Loss) {
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

  /** For longer than a turn: in memory of its own, as a line is made of parts of requests, and V8 would keep those whole. */
  keep(line: string): void {
    this.add(this.hasRoomFor(line) ? Buffer.from(line).toString() : line);
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
  /** `done` hears that all of it is out of our hands, or why it is not. */
  write(chunk: string | Buffer, done: (error?: Error | null) => void): unknown;
  readonly writableLength: number;
  /** It will never take anything again. */
  readonly destroyed: boolean;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

interface Chunk {
  readonly bytes: Buffer;
  readonly done: (error: Error | null) => void;
}

/** A file, written by the thread pool. One of Node's own ends with its first error; a disk that was full may have room again. */
class FileStream implements TextStream {
  writableLength = 0;
  readonly destroyed = false;
  private readonly fd: number;
  private readonly chunks: Chunk[] = [];
  private writing = false;

  constructor(fd: number) {
    this.fd = fd;
  }

  write(chunk: string | Buffer, done: (error: Error | null) => void): void {
    const bytes = Buffer.from(chunk);
    this.chunks.push({ bytes, done });
    this.writableLength += bytes.length;
    if (!this.writing) this.next();
  }

  /** Errors are told to those who write. */
  on(): void {}

  private next(): void {
    const chunk = this.chunks.shift();
    this.writing = chunk !== undefined;
    if (chunk !== undefined) this.put(chunk, 0);
  }

  private put(chunk: Chunk, from: number): void {
    const { bytes, done } = chunk;
    write(this.fd, bytes, from, bytes.length - from, null, (error, written) => {
      if (error === null && from + written < bytes.length) {
        this.put(chunk, from + written);
        return;
      }
      this.writableLength -= bytes.length;
      this.next();
      done(error);
    });
  }
}

/**
 * A descriptor of ours that nobody else writes to: pipes and sockets without blocking, files by the thread pool.
 * Datagram sockets have a form of their own. Throws where it is not open or nothing to write to.
 */
export function openDescriptor(fd: number): LineStream {
  const kind = fstatSync(fd);
  if (kind.isFIFO()) return new Socket({ fd, readable: false, writable: true });
  if (!kind.isSocket()) return new FileStream(fd);
  try {
    return new Socket({ fd, readable: false, writable: true });
  } catch (error) {
    const datagrams = openDatagrams(fd);
    if (datagrams === undefined) throw error;
    return datagrams;
  }
}

/**
 * `fd@N`, `stdout`, `stderr`: the lines of one tick are one write. Those of a write that fails are lost, and those that come
 * for a while after it; then it is tried again.
 */
export class StreamOutput implements LogOutput {
  private readonly stream: TextStream;
  private readonly losses: Loss;
  private readonly limit: number;
  private readonly retry: number;
  private waiting = '';
  private lines = 0;
  private broken: string | undefined;
  private scheduled: NodeJS.Immediate | undefined;
  private readonly onTickEnd = (): void => this.flush();
  private readonly onError = (error: Error): void => this.fail(error.message);

  constructor(stream: TextStream, losses: Loss, limit: number = BACKLOG, retry: number = RETRY) {
    this.stream = stream;
    this.losses = losses;
    this.limit = limit;
    this.retry = retry;
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
    if (this.broken === undefined) this.pass(waiting, lines);
    else this.losses.add(lines, this.broken);
  }

  /** The stream itself stays open: it belongs to whoever opened it. The error listener stays, for writes in flight. */
  close(): void {
    this.flush();
  }

  /** What waits behind other lines waits as bytes, for the reason of `Waiting.keep`. */
  private pass(text: string, lines: number): void {
    const { stream } = this;
    stream.write(stream.writableLength === 0 ? text : Buffer.from(text), (error) => {
      // Node.js calls a write done, too, that it was at when the stream was destroyed.
      const why = error?.message ?? (stream.destroyed ? 'it was closed before all was written' : undefined);
      if (why === undefined) this.losses.recover();
      else {
        this.fail(why);
        this.losses.add(lines, why);
      }
    });
  }

  private fail(why: string): void {
    if (this.broken !== undefined) return;
    this.broken = why;
    this.losses.explain(why);
    const timer = setTimeout(() => {
      if (!this.stream.destroyed) this.broken = undefined;
    }, this.retry);
    timer.unref();
  }
}
