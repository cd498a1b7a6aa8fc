/** `balance first`: the first server, by its `id`, that has a free slot. Weights do not count. Full servers leave the heap. */

import type { Server } from '../server.ts';
import { type Balance, NO_KEY } from '../types.ts';
import { isFull, limitMoves, soleBackup } from './full.ts';
import { ServerHeap } from './heap.ts';

export class First implements Balance {
  readonly bound = false;
  readonly dynamic = true;
  private readonly heap: ServerHeap = new ServerHeap();
  private sole: Server | undefined = undefined;

  rebuild(servers: readonly Server[]): void {
    this.heap.clear();
    this.sole = soleBackup(servers);
    for (const server of servers) {
      server.lb.key = server.id;
      if (!server.saturated || limitMoves(server)) this.heap.push(server);
    }
  }

  pick(_key: number, avoid: Server | undefined): Server | undefined {
    return this.sole ?? this.heap.find(isFull, avoid);
  }

  /** Nothing changes by being picked: by the slot that is taken then it does. */
  peek(): Server | undefined {
    return this.pick(NO_KEY, undefined);
  }

  taken(server: Server): void {
    if (server.saturated && !limitMoves(server)) server.lb.heap?.remove(server);
  }

  dropped(server: Server): void {
    if (server.lb.heap === undefined && !server.saturated) this.heap.push(server);
  }
}
