/**
 * Client connections as they are accepted: all of them read into one slab, which the next read of any connection
 * overwrites. Left to itself, Node allocates 64 KiB for every read of an accepted socket, a tenth of a small request's
 * cost; `onread`, its remedy, can be given to sockets that connect, but not to a server for those it accepts.
 */

import net from 'node:net';
import type { TlsFacts } from '../rules/tls-facts.ts';
import { type Outlet, SocketOutlet } from './outlet.ts';
import type { VariableHolder } from './variables.ts';

/** 64 KiB: what Node reads at most without it. */
export const slab: Buffer = Buffer.allocUnsafeSlow(64 * 1024);

/** Bytes of the slab as bytes of their own: whoever keeps or writes what a client sent does so with these. */
export function owned(bytes: Buffer): Buffer {
  return bytes.buffer === slab.buffer ? Buffer.from(bytes) : bytes;
}

/**
 * Buffers for what is held for a moment, an upload's beginning most of all: allocated anew each time, 16 KiB a request
 * kept V8 marking its whole heap for a sixth of the CPU time.
 */
const spare: Buffer[] = [];
const MOST_SPARE = 64;

/** Bytes that the slab will not keep, in a buffer to give back; undefined where they are nobody else's, or few. */
export function lend(bytes: Buffer): Buffer | undefined {
  if (bytes.buffer !== slab.buffer || bytes.length <= Buffer.poolSize / 2) return undefined;
  const lent = spare.pop() ?? Buffer.allocUnsafeSlow(slab.length);
  bytes.copy(lent);
  return lent;
}

/** Nobody refers to it any more. */
export function giveBack(lent: Buffer): void {
  if (spare.length < MOST_SPARE) spare.push(lent);
}

/** Takes what a client sends: `bytes[0..length)`, valid during the call only. */
export type Receive = (bytes: Buffer, length: number) => void;

/** What a session asks of the socket it is on. A TCP, unix or TLS socket has it; so has what stands for one. */
export type ClientSocket = Pick<
  net.Socket,
  'remoteAddress' | 'remoteFamily' | 'remotePort' | 'localAddress' | 'localPort' | 'destroyed' | 'writableEnded' | 'writableFinished'
> & {
  pause(): void;
  resume(): void;
  /** FIN behind what was written; `done`: all of that has left. */
  end(done?: () => void): void;
  destroy(): void;
  /** Ends it in a way that nobody takes for a clean end. */
  resetAndDestroy(): void;
  setKeepAlive(on: boolean): void;
  on(event: 'end' | 'error' | 'close', listener: () => void): void;
  removeListener(event: 'error' | 'close', listener: () => void): void;
  /** No backend takes the request that has come, for who wants to take it then. */
  unrouted?(): void;
};

/** A connection that carries several requests at a time: what its lanes have in common. */
export interface Mux extends VariableHolder {
  /** Requests that have been answered on it. */
  readonly answered: number;
  /** One of its requests is not worth an answer, nor is the connection that it came by; `silently`: it is not told either. */
  hangUp(silently: boolean): void;
}

/** A client before anybody reads what it sends. */
export interface Accepted {
  readonly socket: ClientSocket;
  /** The same as Node's own, for who brings a protocol of Node's to it; undefined for what stands for a socket. */
  readonly stream: net.Socket | undefined;
  /** Undefined where nothing is encrypted. */
  readonly tls: TlsFacts | undefined;
  /** How long that took to agree upon, ms. */
  readonly handshakeTime?: number;
  /** What it is a part of; undefined for a connection of its own. */
  readonly mux?: Mux | undefined;
  /** From now on bytes come. */
  read(receive: Receive): void;
  /** Its writing half, to be asked for once. `onDrain`: after having been `behind`, more may be written. */
  outlet(onDrain: () => void): Outlet;
}

/** What has come in: a handle that was just accepted, or a paused socket on which Node reads for itself. */
export type Incoming = { readonly handle: object } | net.Socket;

/** A client's TCP or unix socket. */
export class AcceptedSocket implements Accepted {
  readonly socket: net.Socket;
  readonly stream: net.Socket;
  readonly tls: undefined = undefined;
  private receive: Receive | undefined = undefined;

  constructor(source: Incoming) {
    if (source instanceof net.Socket) {
      this.socket = source;
      this.stream = source;
      source.on('data', (chunk: Buffer) => this.receive?.(chunk, chunk.length));
      source.pause();
      return;
    }
    const onread = {
      buffer: slab,
      callback: (length: number) => {
        this.receive?.(slab, length);
        return true;
      },
    };
    this.socket = new net.Socket({ ...source, onread, allowHalfOpen: true, pauseOnCreate: true } as net.SocketConstructorOpts);
    this.stream = this.socket;
    this.socket.setNoDelay(true);
  }

  read(receive: Receive): void {
    this.receive = receive;
    this.socket.resume();
  }

  outlet(onDrain: () => void): Outlet {
    return new SocketOutlet(this.socket, onDrain);
  }
}

/**
 * Whether a client's end is none: a reset that comes in the same poll as the last bytes reads as one (libuv takes POLLHUP
 * after a short read for it), but a socket that was reset has no peer any more. Nor has one that both sides have ended.
 */
export function wasReset(socket: ClientSocket): boolean {
  const { _handle: handle } = socket as unknown as { readonly _handle: { getpeername?(out: object): number } | null };
  return !socket.writableEnded && handle?.getpeername !== undefined && handle.getpeername({}) !== 0;
}

type OnConnection = (this: object, error: number, handle: object | undefined) => void;

/** Calls `accept` for every connection of `server`, which listens already. */
export function acceptFrom(server: net.Server, accept: (incoming: Incoming) => void): void {
  // Failed accepts, and all of them where Node's insides are not as expected.
  server.on('connection', (socket) => accept(socket));
  const { _handle: listening } = server as unknown as { readonly _handle: { onconnection?: OnConnection } | null };
  const usual = listening?.onconnection;
  if (listening === null || usual === undefined) return;
  listening.onconnection = (error, handle) => {
    if (error !== 0 || handle === undefined) usual.call(listening, error, handle);
    else accept({ handle });
  };
}
