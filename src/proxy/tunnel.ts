/**
 * After 101 both sides speak another protocol: bytes both ways, back-pressure both ways, each side may end its half.
 * The exchange stays what it was for slots, counters and the log; only the carrying is here.
 */

import type { Timeouts } from '../config/model.ts';
import { monotonic } from '../core/clock.ts';
import type { Wheel } from '../core/wheel.ts';
import { Hurry } from './hurry.ts';
import type { Outlet } from './outlet.ts';
import type { Reach } from './reach.ts';

export class Tunnel {
  private readonly client: Outlet;
  private readonly server: Outlet;
  private readonly front: Timeouts;
  private readonly back: Timeouts;
  /** Its timer is the tunnel's now. */
  private readonly reach: Reach;
  private hurrying: Hurry | undefined = undefined;
  /** That have come so far, from both sides. */
  private pieces = 0;
  /** Who has ended its half first; the time-out is then that of the other. */
  private ended: 'nobody' | 'client' | 'server' = 'nobody';

  /** `front` are the frontend's time-outs, `back` the backend's. */
  constructor(client: Outlet, server: Outlet, front: Timeouts, back: Timeouts, reach: Reach) {
    this.client = client;
    this.server = server;
    this.front = front;
    this.back = back;
    this.reach = reach;
    this.progress();
  }

  /** False: the server is behind, the client must wait. */
  toServer(bytes: Buffer): boolean {
    this.progress();
    this.server.bytes(bytes);
    return !this.server.behind;
  }

  clientEnded(): void {
    this.server.socket.end();
    this.end('client');
  }

  serverEnded(): void {
    this.client.socket.end();
    this.end('server');
  }

  /** Ends it once it is silent; `end` ends the exchange, which calls `close`. */
  hurry(wheel: Wheel, end: () => void): void {
    const tunnel = this;
    this.hurrying = new Hurry(wheel, {
      get moved() {
        return tunnel.pieces + tunnel.client.taken + tunnel.server.taken;
      },
      onSilent: end,
    });
  }

  close(): void {
    this.hurrying?.clear();
  }

  /** Bytes went by, or one side ended: the time-out starts anew. */
  progress(): void {
    this.pieces++;
    this.reach.arm(this.patience(), monotonic());
  }

  /** HAProxy's word for the end by a time-out: whose time-out it was. */
  get termination(): 'cD' | 'sD' {
    if (this.ended !== 'nobody') return this.ended === 'client' ? 'sD' : 'cD';
    const { client } = this.front;
    const { tunnel, server } = this.back;
    return tunnel === undefined && (client === undefined || (server !== undefined && server < client)) ? 'sD' : 'cD';
  }

  private end(side: 'client' | 'server'): void {
    if (this.ended === 'nobody') this.ended = side;
    this.progress();
  }

  /**
   * How long both may be silent. `timeout tunnel` stands for those of client and server, of which the shorter one counts;
   * once one side has ended its half the other is waited for, by its `-fin` where there is one (manual 4.2).
   */
  private patience(): number | undefined {
    const { client, clientFin } = this.front;
    const { tunnel, server, serverFin } = this.back;
    if (this.ended === 'client') return serverFin ?? tunnel ?? server;
    if (this.ended === 'server') return clientFin ?? tunnel ?? client;
    if (tunnel !== undefined) return tunnel;
    return client === undefined || server === undefined ? (client ?? server) : Math.min(client, server);
  }
}
