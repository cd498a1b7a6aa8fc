/**
 * `balance leastconn`: the server with the fewest slots in use for its weight; among equals the one that had its last
 * change longest ago, so that idle servers take turns. Saturated servers leave the heap.
 */

import type { Server } from '../server.ts';
import type { Balance } from '../types.ts';
import { ServerHeap } from './heap.ts';

function lessLoaded(a: Server, b: Server): boolean {
  return a.lb.position !== b.lb.position ? a.lb.position < b.lb.position : a.lb.order < b.lb.order;
}

export class LeastConn implements Balance {
  readonly bound = false;
  private readonly heap: ServerHeap = new ServerHeap(lessLoaded);
  private changes = 0;

  rebuild(servers: readonly Server[]): void {
    this.heap.clear();
    for (const server of servers) if (!server.saturated) this.enter(server);
  }

  pick(_key: number, avoid: Server | undefined): Server | undefined {
    return this.heap.best(avoid) ?? this.heap.best(undefined);
  }

  taken(server: Server): void {
    this.weigh(server);
  }

  dropped(server: Server): void {
    this.weigh(server);
  }

  private enter(server: Server): void {
    this.load(server);
    this.heap.push(server);
  }

  private weigh(server: Server): void {
    if (server.saturated) {
      if (server.lb.index >= 0) this.heap.remove(server);
    } else if (server.lb.index < 0) {
      this.enter(server);
    } else {
      this.load(server);
      this.heap.moved(server);
    }
  }

  /** What it would carry with one more, per weight; idle ones are equal whatever their weight, as in HAProxy. */
  private load(server: Server): void {
    server.lb.position = server.scur === 0 ? 0 : (server.scur + 1) / server.weight;
    server.lb.order = ++this.changes;
  }
}
