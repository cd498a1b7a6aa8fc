/** `balance first`: the first server, in the order of the configuration, that has a free slot. Weights do not count. */

import type { Server } from '../server.ts';
import type { Balance } from '../types.ts';
import { ServerHeap } from './heap.ts';

export class First implements Balance {
  readonly bound = false;
  private readonly heap: ServerHeap = new ServerHeap((a, b) => a.lb.order < b.lb.order);

  rebuild(servers: readonly Server[]): void {
    this.heap.clear();
    servers.forEach((server, order) => {
      server.lb.order = order;
      if (!server.saturated) this.heap.push(server);
    });
  }

  pick(_key: number, avoid: Server | undefined): Server | undefined {
    return this.heap.best(avoid) ?? this.heap.best(undefined);
  }

  taken(server: Server): void {
    if (server.lb.index >= 0 && server.saturated) this.heap.remove(server);
  }

  dropped(server: Server): void {
    if (server.lb.index < 0 && !server.saturated) this.heap.push(server);
  }
}
