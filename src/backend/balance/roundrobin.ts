/**
 * `balance roundrobin`: turns in proportion to the weights, spread as evenly as they allow.
 *
 * Virtual time: a turn of the whole group takes 1 / (sum of weights), a server is due every 1 / weight. The server
 * that is due first gets the request. One that is new waits in `fresh` until nobody is due yet, heaviest first: so
 * weights 5 1 1 give 1112113, not 1111123. These are the sequences of HAProxy 2.6 (test/haproxy/balance.test.ts).
 *
 * A saturated server leaves the heap and loses the turns that it misses.
 */

import type { Server } from '../server.ts';
import type { Balance } from '../types.ts';
import { ServerHeap } from './heap.ts';

/** Turns that differ by less are at the same time: sums of 1/weight are not exact. */
const EPSILON = 1e-9;
/** Virtual time is wound back before EPSILON drowns in it. */
const REWIND = 1000;
/** `lb.position` of a server that has never had a turn. */
const NEVER = Number.NEGATIVE_INFINITY;

function dueBefore(a: Server, b: Server): boolean {
  const difference = a.lb.position - b.lb.position;
  if (difference < -EPSILON) return true;
  if (difference > EPSILON) return false;
  return a.weight !== b.weight ? a.weight > b.weight : a.lb.order < b.lb.order;
}

function heavier(a: Server, b: Server): boolean {
  return a.weight !== b.weight ? a.weight > b.weight : a.lb.order < b.lb.order;
}

export class RoundRobin implements Balance {
  readonly bound = false;
  private readonly due: ServerHeap = new ServerHeap(dueBefore);
  private readonly fresh: ServerHeap = new ServerHeap(heavier);
  /** Sum of the weights of those who have a free slot. */
  private weights = 0;
  private time = 0;
  private turns = 0;
  private members: readonly Server[] = [];

  rebuild(servers: readonly Server[]): void {
    this.due.clear();
    this.fresh.clear();
    this.weights = 0;
    this.members = servers;
    for (const server of servers) {
      server.lb.step = 1 / server.weight;
      // A turn that was far off for an old weight is at most one step away for the new one.
      if (server.lb.position !== NEVER) server.lb.position = Math.min(server.lb.position, this.time + server.lb.step);
      else server.lb.order = ++this.turns;
      if (!server.saturated) this.enter(server);
    }
  }

  pick(_key: number, avoid: Server | undefined): Server | undefined {
    const next = this.time + 1 / this.weights;
    let server = this.due.best(avoid);
    if (server === undefined || server.lb.position > next - EPSILON) server = this.fresh.best(avoid) ?? server;
    server ??= this.due.best(undefined) ?? this.fresh.best(undefined);
    if (server === undefined) return undefined;
    this.turn(server);
    this.time = next;
    if (next > REWIND) this.rewind();
    return server;
  }

  taken(server: Server): void {
    if (server.lb.index >= 0 && server.saturated) this.leave(server);
  }

  dropped(server: Server): void {
    if (server.lb.index < 0 && !server.saturated) this.enter(server);
  }

  private turn(server: Server): void {
    if (server.lb.position === NEVER) {
      this.fresh.remove(server);
      server.lb.position = this.time + server.lb.step;
      server.lb.order = ++this.turns;
      this.due.push(server);
      return;
    }
    server.lb.position += server.lb.step;
    server.lb.order = ++this.turns;
    this.due.moved(server);
  }

  private enter(server: Server): void {
    this.weights += server.weight;
    if (server.lb.position === NEVER) {
      this.fresh.push(server);
      return;
    }
    server.lb.position = Math.max(server.lb.position, this.time);
    this.due.push(server);
  }

  private leave(server: Server): void {
    this.weights -= server.weight;
    (server.lb.position === NEVER ? this.fresh : this.due).remove(server);
  }

  private rewind(): void {
    // All by the same, saturated ones too: the order stands.
    for (const server of this.members) server.lb.position -= this.time;
    this.time = 0;
  }
}
