/**
 * Where log lines leave the process. Invariant: writing never blocks, throws or grows without bound; what a full or
 * broken output cannot take is dropped and counted (a log reader that stands still must not stop the traffic).
 */

import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createWriteStream, fstatSync } from 'node:fs';
import { connect, Socket } from 'node:net';

/** Bytes that may wait in front of one output. */
export const BACKLOG: number = 1024 * 1024;
const RETRY = 5000;

export interface LogOutput {
  /** `line` ends with a newline. */
  write(line: string): void;
  /** Hands on what waits for the end of the tick. */
  flush(): void;
  close(): void;
  readonly dropped: number;
}

/** The part of a Writable that lines need. `process.stdout` is one. */
export interface LineStream {
  write(chunk: string): boolean;
  readonly writableLength: number;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
}

/** A descriptor of ours that nobody else writes to: pipes and sockets without blocking, files by the thread pool. */
export function openDescriptor(fd: number): LineStream {
  const kind = fstatSync(fd);
  if (kind.isFIFO() || kind.isSocket()) return new Socket({ fd, readable: false, writable: true });
  return createWriteStream('', { fd, autoClose: false });
}

/** `fd@N`, `stdout`, `stderr`: the lines of one tick are one write. */
export class StreamOutput implements LogOutput {
  dropped = 0;
  private readonly stream: LineStream;
  private readonly limit: number;
  private waiting = '';
  private lines = 0;
  private broken = false;
  private scheduled: NodeJS.Immediate | undefined;
  private readonly onTickEnd = (): void => this.flush();
  private readonly onError = (): void => {
    this.broken = true;
  };

  constructor(stream: LineStream, limit: number = BACKLOG) {
    this.stream = stream;
    this.limit = limit;
    stream.on('error', this.onError);
  }

  write(line: string): void {
    if (this.broken || this.stream.writableLength + this.waiting.length + line.length > this.limit) {
      this.dropped++;
      return;
    }
    this.waiting += line;
    this.lines++;
    this.scheduled ??= setImmediate(this.onTickEnd);
  }

  flush(): void {
    if (this.scheduled !== undefined) clearImmediate(this.scheduled);
    this.scheduled = undefined;
    if (this.lines === 0) return;
    if (this.broken) this.dropped += this.lines;
    else this.stream.write(this.waiting);
    this.waiting = '';
    this.lines = 0;
  }

  /** The stream itself stays open: it belongs to whoever opened it. The error listener stays, for writes in flight. */
  close(): void {
    this.flush();
  }
}

/**
 * One datagram per line over a connected socket. Lines wait until a host name is resolved. Reusing one slab for the
 * bytes instead of a Buffer per line was measured and gains nothing: the system call is the cost.
 */
export class UdpOutput implements LogOutput {
  dropped = 0;
  private readonly host: string;
  private readonly port: number;
  private readonly family: 4 | 6;
  private socket: UdpSocket | undefined;
  private connected = false;
  private early: string[] = [];
  private earlyLength = 0;
  private retry: NodeJS.Timeout | undefined;

  constructor(host: string, port: number, family: 4 | 6) {
    this.host = host;
    this.port = port;
    this.family = family;
    this.open();
  }

  write(line: string): void {
    if (this.connected && this.socket !== undefined) {
      if (this.socket.getSendQueueSize() + line.length > BACKLOG) this.dropped++;
      else this.socket.send(line);
    } else if (this.earlyLength + line.length > BACKLOG) {
      this.dropped++;
    } else {
      this.early.push(line);
      this.earlyLength += line.length;
    }
  }

  flush(): void {}

  close(): void {
    clearTimeout(this.retry);
    this.connected = false;
    this.socket?.close();
    this.socket = undefined;
    this.dropEarly();
  }

  private open(): void {
    const socket = createSocket(this.family === 6 ? 'udp6' : 'udp4');
    this.socket = socket;
    socket.unref();
    socket.on('error', () => this.onError(socket));
    socket.on('connect', () => this.onConnect());
    socket.connect(this.port, this.host);
  }

  private onConnect(): void {
    this.connected = true;
    const lines = this.early;
    this.early = [];
    this.earlyLength = 0;
    for (const line of lines) this.write(line);
  }

  /** Connected: nobody listens there (ICMP), which may change. Before that: the name does not resolve. */
  private onError(socket: UdpSocket): void {
    if (this.connected) {
      this.dropped++;
      return;
    }
    this.dropEarly();
    if (this.socket !== socket) return;
    socket.close();
    this.socket = undefined;
    this.retry = setTimeout(() => this.open(), RETRY);
    this.retry.unref();
  }

  private dropEarly(): void {
    this.dropped += this.early.length;
    this.early = [];
    this.earlyLength = 0;
  }
}

/**
 * A unix path. Node has stream sockets only: a syslog daemon that listens with SOCK_STREAM is served, one with
 * SOCK_DGRAM (the usual /dev/log) answers EPROTOTYPE, which is told once, and its lines are dropped.
 */
export class UnixOutput implements LogOutput {
  private lost = 0;
  private readonly path: string;
  private readonly warn: (message: string) => void;
  private socket: Socket | undefined;
  private stream: StreamOutput | undefined;
  private told = false;
  private closed = false;
  private retry: NodeJS.Timeout | undefined;

  constructor(path: string, warn: (message: string) => void) {
    this.path = path;
    this.warn = warn;
    this.open();
  }

  get dropped(): number {
    return this.lost + (this.stream?.dropped ?? 0);
  }

  write(line: string): void {
    if (this.stream === undefined) this.lost++;
    else this.stream.write(line);
  }

  flush(): void {
    this.stream?.flush();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.retry);
    this.stream?.close();
    this.socket?.end();
  }

  private open(): void {
    const socket = connect({ path: this.path });
    this.socket = socket;
    this.stream = new StreamOutput(socket);
    socket.unref();
    socket.on('error', (error: NodeJS.ErrnoException) => this.explain(error));
    socket.on('close', () => this.onClose());
  }

  private onClose(): void {
    this.stream?.flush();
    this.lost = this.dropped;
    this.stream = undefined;
    this.socket = undefined;
    if (this.closed) return;
    this.retry = setTimeout(() => this.open(), RETRY);
    this.retry.unref();
  }

  private explain(error: NodeJS.ErrnoException): void {
    if (this.told) return;
    this.told = true;
    const why =
      error.code === 'EPROTOTYPE'
        ? 'it is a datagram socket, which Node.js cannot write to; log to a UDP address or to stdout instead'
        : error.message;
    this.warn(`log target ${this.path} cannot be used: ${why}.`);
  }
}
