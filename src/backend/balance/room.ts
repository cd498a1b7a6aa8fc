/** Who may have a free slot. A saturated server is set aside (`lb.aside`), and comes back with the first slot it gives back. */

import type { Server } from '../server.ts';
import { isFull, limitMoves } from './full.ts';

export class Room {
  /** Servers that are not aside. */
  private free = 0;

  rebuild(servers: readonly Server[]): void {
    this.free = 0;
    for (const server of servers) {
      server.lb.aside = server.saturated && !limitMoves(server);
      if (!server.lb.aside) this.free++;
    }
  }

  /** Surely nobody has. */
  get none(): boolean {
    return this.free === 0;
  }

  of(server: Server): boolean {
    return !server.lb.aside && !isFull(server);
  }

  taken(server: Server): void {
    if (server.lb.aside || !server.saturated || limitMoves(server)) return;
    server.lb.aside = true;
    this.free--;
  }

  dropped(server: Server): void {
    if (!server.lb.aside || server.saturated) return;
    server.lb.aside = false;
    this.free++;
  }
}
