/**
 * One connection to a server, by TCP or a unix socket, and by TLS where its configuration says so. It is in exactly one of three
 * places: connecting for an exchange, carrying one, or idle in its server's pool (or kept for its owner); `user` says which
 * (undefined is idle). One of TLS is connecting until its handshake is over.
 *
 * Reading: Node hands bytes in a buffer that this connection owns (`onread`), so a read allocates nothing. Whoever
 * takes bytes must be done with them when `onResponse` returns, or call `surrenderBuffer` because a write that still
 * refers to them is pending: the connection then reads into a new one.
 */

import net, { type OnReadOpts } from 'node:net';
import type { Server } from '../backend/server.ts';
import type { ServerSslConfig } from '../config/model.ts';
import type { Wheel } from '../core/wheel.ts';
import type { Ends } from '../rules/log-facts.ts';
import { type Address, connectServer } from '../tls/servers-connect.ts';
import { type Outlet, SocketOutlet } from './outlet.ts';
import { parkIdle, unparkIdle } from './pool.ts';
import { ServerTls } from './server-tls.ts';
import { countSurplus } from './tally.ts';
import { turnNumber } from './turn.ts';

/** Pages that are never written cost no memory, so idle connections pay for what they have received at most. */
const BUFFER_SIZE = 128 * 1024;
/** TLS gives what it has decrypted record by record. */
const RECORD_SIZE = 16 * 1024;

/** Whoever has a connection for itself alone. */
export interface ConnectionOwner {
  /** It has closed. */
  onOwnClosed(connection: ServerConnection): void;
}

/** The exchange, as its connection sees it. */
export interface ConnectionUser {
  onConnected(connection: ServerConnection): void;
  /** False stops reading until `resume`. `bytes[0..length)` are valid during the call only. */
  onResponse(bytes: Buffer, length: number): boolean;
  /** The server sends no more. */
  onServerEnd(): void;
  /** Refused, reset, unreachable, no handshake or not with the right one: the connection is gone. */
  onServerError(): void;
  /** What was written has left: more may be written. */
  onServerDrain(): void;
  /** One of the calls above threw. */
  onFault(error: unknown): void;
}

export class ServerConnection implements Ends {
  readonly server: Server;
  readonly socket: net.Socket;
  readonly outlet: Outlet;
  /** The name that the server was asked for by SNI: the connection is for requests that ask for the same. */
  readonly serverName: string | undefined;
  /** Undefined where nothing is encrypted. */
  readonly tls: ServerTls | undefined;
  user: ConnectionUser | undefined;
  /** Exchanges it has carried, this one included. */
  uses = 1;
  /** When the last of them ended, monotonic, and in which turn of the event loop; meaningful while it is idle. */
  idleSince = 0;
  parkedIn = 0;
  /** It never serves another session (a private connection, in HAProxy's words). */
  owner: ConnectionOwner | undefined = undefined;
  private readonly bufferSize: number;
  /** Where the next read goes, until Node knows of it. */
  private fresh: Buffer | undefined;
  closed = false;
  /** Own end of it, once noted. */
  private source: { readonly address: string; readonly port: number } | undefined = undefined;
  private readonly addressVersion: number;
  private readonly unix: boolean;
  private readonly wheel: Wheel;

  /**
   * `clientPort`: the port that the client connected to, for a server without one (manual 5.2, "server"). `name`: what the server is
   * asked for by SNI. A server with `refusal` has none.
   */
  constructor(server: Server, user: ConnectionUser, wheel: Wheel, clientPort: number, name: string | undefined = undefined) {
    this.wheel = wheel;
    this.server = server;
    this.serverName = name;
    this.user = user;
    const { address, port, ssl } = server.config;
    this.bufferSize = ssl === undefined ? BUFFER_SIZE : RECORD_SIZE;
    this.fresh = Buffer.allocUnsafeSlow(this.bufferSize);
    const keepAlive = server.backend.config.srvtcpka;
    this.addressVersion = server.addressVersion;
    const onread = {
      // Node asks after every read, and keeps the buffer that it has when it gets none.
      buffer: () => this.fresh as Buffer,
      callback: (length: number, bytes: Uint8Array) => {
        this.fresh = undefined;
        return this.onBytes(length, bytes as Buffer);
      },
    };
    this.unix = address?.startsWith('/') === true;
    const target = this.unix ? { path: address as string } : { host: address as string, port: port === 0 ? clientPort : port };
    if (ssl === undefined) {
      this.tls = undefined;
      this.socket = net.connect({ ...target, autoSelectFamily: false, noDelay: true, keepAlive, allowHalfOpen: true, onread });
      this.socket.on('connect', () => this.guard(() => this.onConnect()));
    } else {
      this.tls = this.secure(ssl, target, onread);
      this.socket = this.tls.socket;
      this.socket.setNoDelay(true);
      if (keepAlive) this.socket.setKeepAlive(true);
      this.socket.on('secureConnect', () => this.guard(() => this.onSecure()));
    }
    this.outlet = new SocketOutlet(this.socket, () => this.guard(() => this.user?.onServerDrain()));
    this.socket.on('end', () => this.guard(() => this.onEnd()));
    this.socket.on('error', (error) => this.guard(() => this.onError(error)));
    this.socket.on('close', () => this.guard(() => this.onClose()));
  }

  private secure(ssl: ServerSslConfig, address: Address, onread: OnReadOpts): ServerTls {
    const { backend, sessions } = this.server;
    const context = backend.contexts.of(ssl);
    if (context === undefined) throw new Error(`TLS to ${backend.name}/${this.server.config.name} without a context`);
    const { counters } = backend.contexts;
    const spoken = { ssl, context, name: this.serverName, alpn: ssl.alpn, sessions, counters };
    return new ServerTls(connectServer(spoken, address, { allowHalfOpen: true, onread }), spoken);
  }

  /** In its server's pool, or kept for its owner. */
  get idle(): boolean {
    return this.user === undefined && !this.closed;
  }

  /** Its server has another address by now. */
  get outdated(): boolean {
    return this.server.addressVersion !== this.addressVersion;
  }

  /** While it is open, for whose log wants to know: Node forgets it with the socket. */
  noteSource(): void {
    const { localAddress = '', localPort = 0 } = this.socket;
    this.source ??= this.unix ? { address: 'unix', port: 0 } : { address: localAddress, port: localPort };
  }
  get sourceAddress(): string {
    return this.source?.address ?? this.socket.localAddress ?? '';
  }
  get sourcePort(): number {
    return this.source?.port ?? this.socket.localPort ?? 0;
  }
  get targetAddress(): string {
    return this.unix ? 'unix' : (this.server.config.address ?? '');
  }
  get targetPort(): number {
    return this.unix ? 0 : this.server.config.port;
  }

  /** Ends the exchange's hold; the connection waits for the next one. Only for a connection in a clean state. */
  park(now: number): void {
    this.user = undefined;
    this.idleSince = now;
    this.parkedIn = turnNumber();
    const { server } = this;
    const { removed, draining } = server;
    const kept = !this.closed && !removed && !draining && !this.outdated;
    if (!kept || !parkIdle(server, this, this.wheel, now)) this.close();
  }

  /** Taken from the pool for another exchange. */
  reuse(user: ConnectionUser): void {
    this.user = user;
    this.uses++;
  }

  /** A write that refers to the current buffer is pending: the next read goes elsewhere. */
  surrenderBuffer(): void {
    this.fresh = Buffer.allocUnsafeSlow(this.bufferSize);
  }

  /** Drops the connection, out of the pool where it is idle, and forgets its exchange: nothing is called any more. */
  close(): void {
    if (this.user === undefined) unparkIdle(this.server, this);
    this.user = undefined;
    if (!this.closed) this.tls?.end();
    this.closed = true;
    this.socket.destroy();
    this.disown();
  }

  /**
   * As `close`, but its server does not take that for an end, because its client was reset. Who has sent its own end already
   * gets one. As in HAProxy.
   */
  reset(): void {
    // A unix socket cannot be reset.
    if (!this.unix && !this.socket.readableEnded) (this.tls ?? this.socket).resetAndDestroy();
    this.close();
  }

  /** Its owner lets go of it, and of the buffer with it. */
  private disown(): void {
    const { owner } = this;
    this.owner = undefined;
    owner?.onOwnClosed(this);
  }

  /** A fault of ours ends the exchange that it happened in, and nothing else. */
  private guard(step: () => void): void {
    const { user } = this;
    try {
      step();
    } catch (error) {
      if (user === undefined) throw error;
      user.onFault(error);
    }
  }

  private onConnect(): void {
    this.user?.onConnected(this);
  }

  /** Also where a server renegotiates, in the middle of whatever is going on: only the first handshake connects. */
  private onSecure(): void {
    if (this.closed) return;
    const tls = this.tls as ServerTls;
    const first = !tls.over;
    if (!tls.secured()) this.onError(undefined);
    else if (first) this.user?.onConnected(this);
  }

  private onBytes(length: number, bytes: Buffer): boolean {
    if (this.user === undefined) {
      // TLS goes on with what it has read already.
      if (this.closed) return false;
      // Nobody asked: whatever this is, the next exchange must not take it for its response.
      countSurplus(this.server);
      this.close();
      return false;
    }
    const { user } = this;
    try {
      return user.onResponse(bytes, length);
    } catch (error) {
      user.onFault(error);
      // Nobody knows what has been read of it: it must not be used again, wherever it is now.
      this.close();
      return false;
    }
  }

  private onEnd(): void {
    if (this.wasReset()) this.onError(undefined);
    else if (this.user === undefined) this.close();
    else this.user.onServerEnd();
  }

  /**
   * A reset that comes in the same poll as the last bytes reads as an end (libuv takes POLLHUP after a short read for one):
   * a response that only its end would end would look whole. But a socket that was reset has no peer any more.
   */
  private wasReset(): boolean {
    // Read here for the first time, because Node remembers it. A unix socket has none, nor has one that both sides have ended.
    return !this.unix && !this.socket.writableEnded && this.socket.remoteAddress === undefined;
  }

  private onError(error: Error | undefined): void {
    if (error !== undefined) this.tls?.failed(error);
    this.closed = true;
    if (this.user === undefined) this.close();
    else this.user.onServerError();
  }

  /** Closed without an error and without an end we saw: as an end. */
  private onClose(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.user === undefined) this.close();
    else this.user.onServerEnd();
  }
}
