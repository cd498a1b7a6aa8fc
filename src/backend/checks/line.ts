/**
 * The connection of a check. A handle of Node's own instead of a socket: no stream, no events, one buffer for all reads,
 * and a third of the cost, which counts with thousands of servers. What cannot be done that way (unix sockets, another
 * Node) is a socket, and so is what is encrypted (tls-line.ts).
 *
 * Nothing is told inside of `openLine`, nor after `close`.
 */

import { connect, isIPv6, type Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { type ConnectRequest, type TcpHandle, type TcpWrap, tcpWrap } from '../../core/tcp-wrap.ts';
import type { Spoken } from '../../tls/servers-connect.ts';
import { TlsLine } from './tls-line.ts';

export interface LineOwner {
  /** The handshake of one that is encrypted begins. */
  onSecuring(): void;
  /** It may be used: the handshake, where there is one, is over. */
  onConnected(): void;
  /** There is no handshake, or not with whom it should be; in HAProxy's words. */
  onInsecure(words: string): void;
  /** Bytes, one character each. */
  onBytes(bytes: string): void;
  /** The peer sends no more. */
  onEnd(): void;
  /** `ECONNREFUSED` and its like; `refused` by this system, before anything was sent. */
  onFailure(code: string, refused: Refused | undefined): void;
}

/** A unix socket that nobody listens on, or an address that there is no way to. */
export type Refused = 'socket' | 'route';

export interface Line {
  /** From now on `onBytes` and `onEnd` are called. */
  listen(): void;
  /** Bytes, one character each. Answers why that failed, if it did at once; nothing is told of it then. */
  send(bytes: string): string | undefined;
  /** `reset`: with RST where there is one, so that no TIME_WAIT is left and the server sees no lingering client. */
  close(reset: boolean): void;
}

export type OpenLine = (owner: LineOwner, address: string, port: number, spoken?: Spoken) => Line;

/** `address`: a literal one, or the path of a unix socket. `spoken`: how it is encrypted; absent for clear text. */
export function openLine(owner: LineOwner, address: string, port: number, spoken?: Spoken): Line {
  // The handle ends the whole process instead of refusing it.
  if (!(Number.isInteger(port) && port >= 0 && port <= 65535)) throw new RangeError(`a check of port ${port}`);
  if (spoken !== undefined) return new TlsLine(owner, address, port, spoken);
  return tcpWrap === undefined || address.startsWith('/')
    ? new SocketLine(owner, address, port)
    : new HandleLine(tcpWrap, owner, address, port);
}

/** All lines read into it; what came is copied before the next read. */
const slab: Buffer = Buffer.allocUnsafeSlow(64 * 1024);

/** Of libuv. */
const EOF = -4095;

type Owned<T> = T & { line?: HandleLine | undefined };

export class HandleLine implements Line {
  private readonly wrap: TcpWrap;
  private readonly handle: Owned<TcpHandle>;
  private owner: LineOwner | undefined;
  private connected = false;
  private listening = false;

  constructor(wrap: TcpWrap, owner: LineOwner, address: string, port: number) {
    this.wrap = wrap;
    this.owner = owner;
    this.handle = new wrap.TCP(wrap.constants.SOCKET);
    this.handle.line = this;
    this.handle.onread = onRead;
    const request: Owned<ConnectRequest> = new wrap.TCPConnectWrap();
    request.line = this;
    request.oncomplete = onConnect;
    const failed = isIPv6(address) ? this.handle.connect6(request, address, port) : this.handle.connect(request, address, port);
    if (failed !== 0) queueMicrotask(() => this.fail(failed, 'route'));
    // A check alone is no reason to keep the process.
    this.handle.unref();
  }

  listen(): void {
    if (this.listening) return;
    this.listening = true;
    this.handle.useUserBuffer(slab);
    const failed = this.handle.readStart();
    if (failed !== 0) queueMicrotask(() => this.fail(failed));
  }

  send(bytes: string): string | undefined {
    const failed = this.handle.writeLatin1String(new this.wrap.WriteWrap(), bytes);
    return failed === 0 ? undefined : getSystemErrorName(failed);
  }

  close(reset: boolean): void {
    if (this.owner === undefined) return;
    this.owner = undefined;
    this.handle.line = undefined;
    if (!reset || !this.connected || this.handle.reset() !== 0) this.handle.close();
  }

  opened(status: number): void {
    if (status !== 0) {
      this.fail(status);
      return;
    }
    this.connected = true;
    this.owner?.onConnected();
  }

  came(length: number): void {
    if (length > 0) this.owner?.onBytes(slab.toString('latin1', 0, length));
    else if (length === EOF) this.ended();
    else if (length < 0) this.fail(length);
  }

  /** A reset in the same poll as the last bytes reads as an end; but a connection that was reset has no peer any more. */
  private ended(): void {
    if (this.handle.getpeername({}) === 0) this.owner?.onEnd();
    else this.owner?.onFailure('ECONNRESET', undefined);
  }

  private fail(status: number, refused: Refused | undefined = undefined): void {
    this.owner?.onFailure(getSystemErrorName(status), refused);
  }
}

function onConnect(this: Owned<ConnectRequest>, status: number): void {
  this.line?.opened(status);
}

function onRead(this: Owned<TcpHandle>): void {
  const { streamBaseState, kReadBytesOrError } = tcpWrap as TcpWrap;
  this.line?.came(streamBaseState[kReadBytesOrError] as number);
}

export class SocketLine implements Line {
  private readonly socket: Socket;
  private readonly unix: boolean;
  private owner: LineOwner | undefined;
  private connected = false;

  constructor(owner: LineOwner, address: string, port: number) {
    this.owner = owner;
    this.unix = address.startsWith('/');
    this.socket = this.unix ? connect({ path: address }) : connect({ host: address, port });
    this.socket.unref();
    this.socket.on('connect', () => {
      this.connected = true;
      this.owner?.onConnected();
    });
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.owner?.onFailure(error.code ?? error.message, this.unix && !this.connected ? 'socket' : undefined);
    });
  }

  listen(): void {
    if (this.socket.listenerCount('data') > 0) return;
    this.socket.on('data', (chunk: Buffer) => this.owner?.onBytes(chunk.toString('latin1')));
    this.socket.on('end', () => this.owner?.onEnd());
  }

  send(bytes: string): undefined {
    this.socket.write(bytes, 'latin1');
  }

  close(reset: boolean): void {
    if (this.owner === undefined) return;
    this.owner = undefined;
    if (reset && !this.unix && this.connected) this.socket.resetAndDestroy();
    else this.socket.destroy();
  }
}
