/**
 * A binary heap of servers by `lb.key`, those of the same key by `lb.order`. Each knows where it stands (`lb.index`), so
 * that one can move or leave in O(log n). A server stands in at most one heap. Nothing here allocates after the first
 * `push`es.
 */

import type { Server } from '../server.ts';

export class ServerHeap {
  private readonly items: Server[] = [];
  private readonly skipped: Server[] = [];

  clear(): void {
    for (const server of this.items) {
      server.lb.index = -1;
      server.lb.heap = undefined;
    }
    this.items.length = 0;
  }

  get first(): Server | undefined {
    return this.items[0];
  }

  /**
   * The first that is not `full` and not `avoid`; `avoid`, if it is the only one. Who is full is expected to stand
   * elsewhere: each that is met costs O(log n).
   */
  find(full: (server: Server) => boolean, avoid: Server | undefined): Server | undefined {
    const { skipped } = this;
    let avoided: Server | undefined;
    let found = this.items[0];
    while (found !== undefined) {
      if (!full(found)) {
        if (found !== avoid) break;
        avoided = found;
      }
      this.remove(found);
      skipped.push(found);
      found = this.items[0];
    }
    for (let back = skipped.pop(); back !== undefined; back = skipped.pop()) this.push(back);
    return found ?? avoided;
  }

  push(server: Server): void {
    server.lb.heap = this;
    server.lb.index = this.items.length;
    this.items.push(server);
    this.up(server);
  }

  remove(server: Server): void {
    const at = server.lb.index;
    const last = this.items.pop() as Server;
    server.lb.index = -1;
    server.lb.heap = undefined;
    if (last === server) return;
    this.put(last, at);
    this.moved(last);
  }

  /** The server's place in the order has changed. */
  moved(server: Server): void {
    this.up(server);
    this.down(server);
  }

  private put(server: Server, at: number): void {
    this.items[at] = server;
    server.lb.index = at;
  }

  private up(server: Server): void {
    let at = server.lb.index;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = this.items[parentAt] as Server;
      if (!before(server, parent)) break;
      this.put(parent, at);
      at = parentAt;
    }
    this.put(server, at);
  }

  private down(server: Server): void {
    let at = server.lb.index;
    for (;;) {
      let childAt = 2 * at + 1;
      let child = this.items[childAt];
      if (child === undefined) break;
      const right = this.items[childAt + 1];
      if (right !== undefined && before(right, child)) {
        child = right;
        childAt++;
      }
      if (!before(child, server)) break;
      this.put(child, at);
      at = childAt;
    }
    this.put(server, at);
  }
}

function before({ lb: a }: Server, { lb: b }: Server): boolean {
  return a.key !== b.key ? a.key < b.key : a.order < b.order;
}
