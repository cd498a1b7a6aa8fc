/**
 * `hash-balance-factor`: how many requests a server may have at most, in percent of its share by weight of all that are
 * under way, the next one included. A key whose server has more goes to the next one that has not.
 */

import type { Server } from '../server.ts';

export class Load {
  private readonly factor: number;
  /** Slots in use, of all servers of the backend together: those too that get no more traffic. */
  private served = 0;
  private weight = 0;

  constructor(factor: number) {
    this.factor = factor;
  }

  rebuild(servers: readonly Server[]): void {
    this.served = 0;
    this.weight = 0;
    for (const server of servers[0]?.backend.servers ?? []) this.served += server.scur;
    for (const server of servers) {
      // What the shares of those before it come to: rounding is over the whole, not for each alone.
      server.lb.key = this.weight;
      this.weight += server.eweight;
    }
  }

  taken(): void {
    this.served++;
  }

  dropped(): void {
    this.served--;
  }

  allows(server: Server): boolean {
    if (this.factor === 0) return true;
    const { weight } = this;
    const { lb } = server;
    const slots = Math.ceil(((this.served + 1) * this.factor) / 100);
    const each = Math.trunc(slots / weight);
    const rest = slots % weight;
    const part = Math.trunc(((lb.key + lb.weight) * rest) / weight) - Math.trunc((lb.key * rest) / weight);
    return server.scur < Math.max(1, lb.weight * each + part);
  }
}
