/**
 * `balance leastconn`: the server with the fewest requests for its weight, those that wait for it included; among equals
 * the one whose load changed longest ago, so that idle servers take turns.
 *
 * Full servers leave the heap. With `maxqueue` a server takes part until its queue is full, too, as in HAProxy: the
 * request then waits for this server.
 */

import type { Server } from '../server.ts';
import { type Balance, NO_KEY } from '../types.ts';
import { limitMoves, soleBackup } from './full.ts';
import { ServerHeap } from './heap.ts';

/** What one request weighs on a server of weight 1, in units of HAProxy's. */
const MAX_WEIGHT = 4096;

export class LeastConn implements Balance {
  readonly bound = false;
  readonly dynamic = true;
  private readonly heap: ServerHeap = new ServerHeap();
  private members: readonly Server[] = [];
  private changes = 0;
  private sole: Server | undefined = undefined;

  /** Those in reserve keep their places among themselves. */
  rebuild(servers: readonly Server[], reserve: readonly Server[] = []): void {
    const usable = reserve.length === 0 ? servers : [...servers, ...reserve];
    const present = new Set(usable);
    for (const server of this.members) if (!present.has(server)) this.leave(server);
    this.members = usable;
    this.sole = soleBackup(servers);
    for (const server of usable) this.reweigh(server);
    for (const server of reserve) server.lb.heap?.remove(server);
    for (const server of servers) this.weigh(server);
  }

  private reweigh(server: Server): void {
    const { lb, eweight } = server;
    if (lb.weight === eweight) return;
    lb.weight = eweight;
    lb.key = loadOf(server);
    lb.order = ++this.changes;
    lb.heap?.moved(server);
  }

  pick(_key: number, avoid: Server | undefined): Server | undefined {
    return this.sole ?? this.heap.find(hasNoPlace, avoid);
  }

  /** Nothing changes by being picked: by the slot that is taken then it does. */
  peek(): Server | undefined {
    return this.pick(NO_KEY, undefined);
  }

  taken(server: Server): void {
    this.weigh(server);
  }

  dropped(server: Server): void {
    this.weigh(server);
  }

  private weigh(server: Server): void {
    const { lb } = server;
    const load = loadOf(server);
    if (lb.key !== load) {
      lb.key = load;
      lb.order = ++this.changes;
      lb.heap?.moved(server);
    }
    this.place(server);
  }

  /** Into the heap, or out of it while it is full. */
  private place(server: Server): void {
    const { lb } = server;
    if (server.saturated && server.config.maxqueue === 0 && !limitMoves(server)) lb.heap?.remove(server);
    else if (lb.heap === undefined) this.heap.push(server);
  }

  private leave(server: Server): void {
    server.lb.weight = 0;
    server.lb.heap?.remove(server);
  }
}

/** What it would carry with one more, per weight; idle ones are equal whatever their weight. */
function loadOf(server: Server): number {
  const load = server.scur + server.queue.length;
  return load === 0 ? 0 : Math.trunc(((load + 1) * MAX_WEIGHT) / server.lb.weight);
}

function hasNoPlace(server: Server): boolean {
  const { limit } = server;
  return limit !== 0 && server.scur + server.queue.length >= limit + server.config.maxqueue;
}
