/**
 * `balance random(<draws>)`: draws servers at random, by weight, and takes the least loaded of them.
 *
 * The weights of those who have a free slot stand in a Fenwick tree (sums over ranges of power-of-two length): drawing
 * and changing one weight are O(log n). So a draw never meets a saturated server; HAProxy may, and then queues.
 */

import type { Server } from '../server.ts';
import type { Balance } from '../types.ts';

export class RandomDraws implements Balance {
  readonly bound = false;
  private readonly draws: number;
  private readonly random: () => number;
  private servers: readonly Server[] = [];
  private sums: Int32Array = new Int32Array(1);
  private total = 0;
  /** Largest power of two within the servers. */
  private top = 0;

  /** `random` answers 0 <= r < 1; tests hand in their own. Nobody needs more draws than there are servers. */
  constructor(draws: number, random: () => number = Math.random) {
    this.draws = draws;
    this.random = random;
  }

  /** `lb.index` is the place in `servers` while the weight is in the tree; `lb.order` is it always. */
  rebuild(servers: readonly Server[]): void {
    this.servers = servers;
    this.sums = new Int32Array(servers.length + 1);
    this.total = 0;
    this.top = 1;
    while (this.top * 2 <= servers.length) this.top *= 2;
    servers.forEach((server, order) => {
      server.lb.order = order;
      server.lb.index = -1;
      if (!server.saturated) this.enter(server);
    });
  }

  pick(_key: number, avoid: Server | undefined): Server | undefined {
    if (this.total === 0) return undefined;
    const without = avoid !== undefined && avoid.lb.index >= 0 && avoid.weight < this.total && this.servers[avoid.lb.order] === avoid;
    if (without) this.add(avoid.lb.order, -avoid.weight);
    let best = this.draw();
    for (let i = Math.min(this.draws, this.servers.length); i > 1; i--) {
      const other = this.draw();
      if ((other.scur + 1) * best.weight < (best.scur + 1) * other.weight) best = other;
    }
    if (without) this.add(avoid.lb.order, avoid.weight);
    return best;
  }

  taken(server: Server): void {
    if (server.lb.index < 0 || !server.saturated) return;
    server.lb.index = -1;
    this.add(server.lb.order, -server.weight);
  }

  dropped(server: Server): void {
    if (server.lb.index < 0 && !server.saturated) this.enter(server);
  }

  private enter(server: Server): void {
    server.lb.index = server.lb.order;
    this.add(server.lb.order, server.weight);
  }

  private add(order: number, weight: number): void {
    this.total += weight;
    for (let at = order + 1; at < this.sums.length; at += at & -at) this.sums[at] = (this.sums[at] as number) + weight;
  }

  /** The server in whose share of the total a random point falls. */
  private draw(): Server {
    let point = Math.floor(this.random() * this.total);
    let at = 0;
    for (let step = this.top; step > 0; step >>= 1) {
      const sum = at + step < this.sums.length ? (this.sums[at + step] as number) : Number.POSITIVE_INFINITY;
      if (sum > point) continue;
      at += step;
      point -= sum;
    }
    return this.servers[at] as Server;
  }
}
