/**
 * After 101 both sides speak another protocol: bytes both ways, back-pressure both ways, each side may end its half.
 * The exchange stays what it was for slots, counters and the log; only the carrying is here.
 */

import type { Timeouts } from '../config/model.ts';
import type { Outlet } from './outlet.ts';

/** What a tunnel tells its exchange. */
export interface TunnelOwner {
  /** Bytes went by, or one side ended: the time-out starts anew. */
  onTunnelProgress(ms: number | undefined): void;
}

export class Tunnel {
  private readonly client: Outlet;
  private readonly server: Outlet;
  private readonly timeouts: Timeouts;
  private readonly clientFin: number | undefined;
  private readonly owner: TunnelOwner;

  /** `timeouts` are the backend's; `clientFin` is the frontend's `timeout client-fin`. */
  constructor(client: Outlet, server: Outlet, timeouts: Timeouts, clientFin: number | undefined, owner: TunnelOwner) {
    this.client = client;
    this.server = server;
    this.timeouts = timeouts;
    this.clientFin = clientFin;
    this.owner = owner;
    this.progress();
  }

  /** False: the server is behind, the client must wait. */
  toServer(bytes: Buffer): boolean {
    this.progress();
    this.server.bytes(bytes);
    return !this.server.behind;
  }

  /** The client ended its half: the rest has `timeout client-fin` where configured (manual 4.2). */
  clientEnded(): void {
    this.server.socket.end();
    if (this.clientFin !== undefined) this.owner.onTunnelProgress(this.clientFin);
  }

  serverEnded(): void {
    this.client.socket.end();
    if (this.timeouts.serverFin !== undefined) this.owner.onTunnelProgress(this.timeouts.serverFin);
  }

  /** Bytes went by. */
  progress(): void {
    this.owner.onTunnelProgress(this.timeouts.tunnel ?? this.timeouts.server);
  }
}
