/**
 * Bytes both ways between a client and its server, with back-pressure both ways; each side may end its half.
 *
 * Each side has a time-out of its own, which runs while that side is waited for: to send, as long as it may and we read
 * it; or to take what is written to it, and then what it sends does not count. So nobody is blamed for the other.
 *
 *     time-out of    | at first                     | once the other side has ended its half
 *     the client     | `timeout tunnel`, `client`   | `client-fin`, or as before
 *     the server     | `timeout tunnel`, `server`   | `server-fin`, or as before
 */

import type { Timeouts } from '../config/model.ts';
import { monotonic } from '../core/clock.ts';
import type { Wheel } from '../core/wheel.ts';
import { owned } from './accept.ts';
import type { Outlet } from './outlet.ts';
import { passOn } from './relay.ts';
import type { ConnectionUser, ServerConnection } from './server-connection.ts';
import { Silence } from './silence.ts';

/** How it ended. */
export type RelayEnd =
  /** Both have ended their halves, and have got everything. */
  'done' | 'client-timeout' | 'server-timeout' | 'server-lost';

export interface RelayOwner {
  readonly outlet: Outlet;
  /** Whether the client may be read. */
  regulate(): void;
  onRelayEnd(end: RelayEnd): void;
  onFault(error: unknown): void;
}

export class TcpRelay implements ConnectionUser {
  /** From the server. */
  bytes = 0;
  /** The server is slower than the client, which is not read meanwhile. */
  serverBehind = false;
  private readonly owner: RelayOwner;
  private readonly client: Outlet;
  private readonly connection: ServerConnection;
  private readonly front: Timeouts;
  private readonly back: Timeouts;
  private readonly clientSilence: Silence;
  private readonly serverSilence: Silence;
  private clientBehind = false;
  private clientEnded = false;
  private serverEnded = false;

  /** `connection` stands. `front` are the frontend's time-outs, `back` the backend's. */
  constructor(owner: RelayOwner, connection: ServerConnection, front: Timeouts, back: Timeouts, wheel: Wheel, now: number) {
    this.owner = owner;
    this.client = owner.outlet;
    this.connection = connection;
    this.front = front;
    this.back = back;
    this.clientSilence = new Silence(
      this.client,
      wheel,
      (at) => this.watchClient(at),
      () => this.end('client-timeout'),
    );
    this.serverSilence = new Silence(
      connection.outlet,
      wheel,
      (at) => this.watchServer(at),
      () => this.end('server-timeout'),
    );
    connection.user = this;
    this.watchClient(now);
    this.watchServer(now);
  }

  /** Grows whenever a byte goes by. */
  get moved(): number {
    return this.bytes + this.client.taken + this.connection.outlet.taken;
  }

  /** Nothing is called any more. */
  close(): void {
    this.clientSilence.clear();
    this.serverSilence.clear();
    this.connection.close();
  }

  /** As `close`, because the client was reset. */
  reset(): void {
    this.connection.reset();
    this.close();
  }

  // --- the client's side

  /** `bytes` may stand in the slab that the next read overwrites. */
  onClientBytes(bytes: Buffer, now: number): void {
    const server = this.connection.outlet;
    this.heardClient(now);
    const waits = server.pending > 0;
    server.bytes(owned(bytes));
    if (!waits || !this.serverSilence.watched) this.watchServer(now);
    if (!server.behind) return;
    this.serverBehind = true;
    this.owner.regulate();
    this.heardClient(now);
  }

  onClientEnd(): void {
    const now = monotonic();
    this.clientEnded = true;
    this.connection.socket.end(() => this.settle());
    this.heardClient(now);
    if (this.back.serverFin !== undefined) this.watchServer(now);
    this.settle();
  }

  onClientDrain(): void {
    const now = monotonic();
    this.watchClient(now);
    if (!this.clientBehind) return;
    this.clientBehind = false;
    this.connection.socket.resume();
    this.heardServer(now);
  }

  // --- the server's side

  onConnected(): void {}

  onResponse(bytes: Buffer, length: number): boolean {
    const now = monotonic();
    const { client, connection } = this;
    this.heardServer(now);
    this.bytes += length;
    const waits = client.pending > 0;
    passOn(bytes.subarray(0, length), client, connection);
    if (!waits || !this.clientSilence.watched) this.watchClient(now);
    if (!client.behind) return true;
    this.clientBehind = true;
    this.heardServer(now);
    return false;
  }

  /** Its FIN, and once more when the connection has closed. */
  onServerEnd(): void {
    if (!this.serverEnded) {
      const now = monotonic();
      this.serverEnded = true;
      this.client.end(() => this.settle());
      this.heardServer(now);
      if (this.front.clientFin !== undefined) this.watchClient(now);
    }
    this.settle();
  }

  onServerError(): void {
    this.end('server-lost');
  }

  onServerDrain(): void {
    const now = monotonic();
    this.watchServer(now);
    if (!this.serverBehind) return;
    this.serverBehind = false;
    this.owner.regulate();
    this.heardClient(now);
  }

  onFault(error: unknown): void {
    this.owner.onFault(error);
  }

  private settle(): void {
    if (!this.clientEnded || !this.serverEnded) return;
    if (this.client.finished && this.connection.socket.writableFinished) this.end('done');
  }

  private end(how: RelayEnd): void {
    try {
      this.owner.onRelayEnd(how);
    } catch (error) {
      this.owner.onFault(error);
    }
  }

  // --- time

  /** The client was read, or is from now on, or not any more. What it has to take goes on waiting. */
  private heardClient(now: number): void {
    if (this.client.pending === 0) this.watchClient(now);
  }

  private heardServer(now: number): void {
    if (this.connection.outlet.pending === 0) this.watchServer(now);
  }

  /** From `now` on the client is waited for, or not at all. */
  private watchClient(now: number): void {
    const { client, clientFin } = this.front;
    const awaited = this.client.pending > 0 || !(this.clientEnded || this.serverBehind);
    const patience = (this.serverEnded ? clientFin : undefined) ?? this.back.tunnel ?? client;
    this.clientSilence.watch(awaited ? patience : undefined, now);
  }

  private watchServer(now: number): void {
    const { server, serverFin, tunnel } = this.back;
    const awaited = this.connection.outlet.pending > 0 || !(this.serverEnded || this.clientBehind);
    const patience = (this.clientEnded ? serverFin : undefined) ?? tunnel ?? server;
    this.serverSilence.watch(awaited ? patience : undefined, now);
  }
}
