/**
 * Datagram sockets that are connected, over Node's own binding: a line costs its system call and little else, which
 * `bench -- --only httplog` compares with HAProxy. Where Node's binding is not as expected, `node:dgram` sends.
 */

import { createSocket } from 'node:dgram';
import { constants } from 'node:os';
import { type SendRequest, type UdpHandle, udpWrap } from '../core/udp-wrap.ts';

/** Bytes that may wait in front of one socket. */
const QUEUE = 1024 * 1024;

const { EAGAIN, ENOBUFS } = constants.errno;

/** The longest line (65,535) and its newline. */
const SCRATCH = 65536;

/** Lines become bytes here; one place for all sockets, as the system copies what it takes. */
class Scratch {
  private readonly bytes = Buffer.allocUnsafeSlow(SCRATCH);
  /** The first n bytes; lines have few lengths. */
  private readonly views: (Buffer | undefined)[] = new Array<Buffer | undefined>(1025);

  fill(line: string): Buffer {
    const size = this.bytes.write(line);
    if (size >= this.views.length) return this.bytes.subarray(0, size);
    const known = this.views[size];
    if (known !== undefined) return known;
    const view = this.bytes.subarray(0, size);
    this.views[size] = view;
    return view;
  }
}

let scratch = new Scratch();

/** A connected socket. */
export class Datagrams {
  /** Hears of each datagram that had to wait and was not sent in the end. */
  onLost: (status: number) => void = () => {};
  private readonly handle: UdpHandle;
  private readonly list: Buffer[] = [Buffer.alloc(0)];
  private readonly Request: new () => SendRequest;
  private request: SendRequest;
  private waiting = 0;

  constructor(handle: UdpHandle, Request: new () => SendRequest) {
    this.handle = handle;
    this.Request = Request;
    this.request = new Request();
    handle.unref();
  }

  /** Answers 0, or why it is not sent: a negative error number. */
  send(line: string): number {
    if (this.waiting > 0) return this.queue(Buffer.from(line));
    const bytes = scratch.fill(line);
    this.list[0] = bytes;
    const result = this.handle.send(this.request, this.list, 1, true);
    if (result > 0) return 0;
    if (result < 0) return result;
    // It waits, and the bytes with it.
    scratch = new Scratch();
    this.await(this.request, [bytes]);
    this.request = new this.Request();
    return 0;
  }

  close(): void {
    this.handle.close();
  }

  private queue(bytes: Buffer): number {
    if (this.handle.getSendQueueSize() + bytes.length > QUEUE) return -EAGAIN;
    const request = new this.Request();
    const list = [bytes];
    const result = this.handle.send(request, list, 1, true);
    if (result === 0) this.await(request, list);
    return Math.min(0, result);
  }

  private await(request: SendRequest, list: readonly Buffer[]): void {
    this.waiting++;
    request.list = list;
    request.oncomplete = (status) => {
      this.waiting--;
      if (status < 0) this.onLost(status);
    };
  }
}

/** A descriptor that is a datagram socket of any family, connected by who opened it; undefined where Node has no way. */
export function openDatagrams(descriptor: number): Datagrams | undefined {
  if (udpWrap === undefined) return undefined;
  const handle = new udpWrap.UDP();
  return handle.open(descriptor) === 0 ? new Datagrams(handle, udpWrap.SendWrap) : undefined;
}

/** The part of a socket that an output needs. */
export type Sender = Pick<Datagrams, 'send' | 'close' | 'onLost'>;

/** To an IP address. Answers a negative error number when there is no way to it. */
export function connectDatagrams(address: string, port: number, family: 4 | 6): Sender | number {
  if (udpWrap === undefined) return new NodeDatagrams(address, port, family);
  const handle = new udpWrap.UDP();
  const error = family === 6 ? handle.connect6(address, port) : handle.connect(address, port);
  if (error === 0) return new Datagrams(handle, udpWrap.SendWrap);
  handle.close();
  return error;
}

/** The same over `node:dgram`. */
export class NodeDatagrams implements Sender {
  onLost: (status: number) => void = () => {};
  private readonly socket;
  private readonly port: number;
  private readonly address: string;

  constructor(address: string, port: number, family: 4 | 6) {
    this.socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    this.socket.unref();
    this.port = port;
    this.address = address;
    this.socket.on('error', (error: NodeJS.ErrnoException) => this.onLost(error.errno ?? -ENOBUFS));
  }

  send(line: string): number {
    if (this.socket.getSendQueueSize() + line.length > QUEUE) return -EAGAIN;
    this.socket.send(line, this.port, this.address);
    return 0;
  }

  close(): void {
    this.socket.close();
  }
}
