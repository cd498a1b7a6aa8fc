/**
 * `balance random(<draws>)`: draws servers at random, by weight, and takes the least loaded of them.
 *
 * The weights of those who have a free slot stand in a Fenwick tree (sums over ranges of power-of-two length): drawing
 * and changing one weight are O(log n). So a draw does not meet full servers; HAProxy's may, and then queues.
 */

import type { Server } from '../server.ts';
import type { Balance } from '../types.ts';
import { isFull, limitMoves } from './full.ts';
import { Load } from './load.ts';

/** What `random` answers is below this. Small integers are no objects in V8, fractions are. */
const RANDOM_RANGE = 2 ** 30;

/** Marsaglia's xorshift32, seeded once: its state is in a typed array, for the same reason. */
export function xorshift(seed: number): () => number {
  const state = new Int32Array([seed | 1]);
  return () => {
    let x = state[0] as number;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    state[0] = x;
    return x & (RANDOM_RANGE - 1);
  };
}

export class RandomDraws implements Balance {
  readonly bound = false;
  readonly dynamic = true;
  private readonly draws: number;
  private readonly random: () => number;
  private readonly load: Load;
  private servers: readonly Server[] = [];
  private sums: Int32Array = new Int32Array(1);
  private total = 0;
  /** Largest power of two within the servers. */
  private top = 0;

  /** `factor`: `hash-balance-factor`, 0 for none. `random` answers 0 <= r < 2^30; tests hand in their own. */
  constructor(draws: number, factor: number, random: () => number = xorshift(Math.random() * RANDOM_RANGE)) {
    this.draws = draws;
    this.load = new Load(factor);
    this.random = random;
  }

  /** `lb.order` is the place in `servers`; `lb.aside` says that the weight is not in the tree. */
  rebuild(servers: readonly Server[]): void {
    this.servers = servers;
    this.load.rebuild(servers);
    this.sums = new Int32Array(servers.length + 1);
    this.total = 0;
    this.top = 1;
    while (this.top * 2 <= servers.length) this.top *= 2;
    servers.forEach(({ lb, eweight }, order) => {
      lb.order = order;
      lb.weight = eweight;
      lb.aside = true;
    });
    for (const server of servers) if (!server.saturated || limitMoves(server)) this.enter(server);
  }

  /** Nobody needs more draws than there are servers. */
  pick(_key: number, avoid: Server | undefined): Server | undefined {
    if (this.total === 0) return undefined;
    const without = avoid !== undefined && this.holds(avoid) && avoid.lb.weight < this.total;
    if (without) this.add(avoid.lb.order, -avoid.lb.weight);
    let best = this.draw(avoid);
    for (let i = Math.min(this.draws, this.servers.length); i > 1; i--) {
      const other = this.draw(avoid);
      if (other.scur * best.lb.weight < best.scur * other.lb.weight) best = other;
    }
    if (without) this.add(avoid.lb.order, avoid.lb.weight);
    if (!isFull(best)) return best;
    return without && !isFull(avoid) ? avoid : undefined;
  }

  taken(server: Server): void {
    this.load.taken();
    if (server.lb.aside || !server.saturated || limitMoves(server)) return;
    server.lb.aside = true;
    this.add(server.lb.order, -server.lb.weight);
  }

  takenElsewhere(): void {
    this.load.taken();
  }

  droppedElsewhere(): void {
    this.load.dropped();
  }

  dropped(server: Server): void {
    this.load.dropped();
    if (server.lb.aside && !server.saturated) this.enter(server);
  }

  private holds(server: Server): boolean {
    return !server.lb.aside && this.servers[server.lb.order] === server;
  }

  private enter({ lb }: Server): void {
    lb.aside = false;
    this.add(lb.order, lb.weight);
  }

  private add(order: number, weight: number): void {
    this.total += weight;
    for (let at = order + 1; at < this.sums.length; at += at & -at) this.sums[at] = (this.sums[at] as number) + weight;
  }

  /**
   * The server in whose share of the total a random point falls, or the next one that is not full nor above its share of
   * the load; one that is above it, if it must be.
   */
  private draw(avoid: Server | undefined): Server {
    let point = Math.floor((this.random() / RANDOM_RANGE) * this.total);
    let at = 0;
    for (let step = this.top; step > 0; step >>= 1) {
      const sum = at + step < this.sums.length ? (this.sums[at + step] as number) : Number.POSITIVE_INFINITY;
      if (sum > point) continue;
      at += step;
      point -= sum;
    }
    return this.fit(at, avoid);
  }

  private fit(from: number, avoid: Server | undefined): Server {
    const { servers } = this;
    const drawn = servers[from] as Server;
    if (!isFull(drawn) && this.load.allows(drawn)) return drawn;
    let free: Server | undefined;
    for (let at = from; at < from + servers.length; at++) {
      const server = servers[at % servers.length] as Server;
      if (server === avoid || isFull(server)) continue;
      if (this.load.allows(server)) return server;
      free ??= server;
    }
    return free ?? drawn;
  }
}
