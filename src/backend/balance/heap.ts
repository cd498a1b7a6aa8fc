/**
 * A binary heap of servers that knows where each stands (`lb.index`), so that one can move or leave in O(log n).
 * A server stands in at most one heap. The order is the owner's; nothing here allocates after the first `push`es.
 */

import type { Server } from '../server.ts';

export class ServerHeap {
  private readonly items: Server[] = [];
  private readonly before: (a: Server, b: Server) => boolean;

  constructor(before: (a: Server, b: Server) => boolean) {
    this.before = before;
  }

  clear(): void {
    for (const server of this.items) server.lb.index = -1;
    this.items.length = 0;
  }

  /** The first that is not `avoid`. */
  best(avoid: Server | undefined): Server | undefined {
    const first = this.items[0];
    if (first === undefined || first !== avoid) return first;
    // The second smallest of a heap is one of the root's children.
    const left = this.items[1];
    const right = this.items[2];
    if (left === undefined || right === undefined) return left;
    return this.before(right, left) ? right : left;
  }

  push(server: Server): void {
    server.lb.index = this.items.length;
    this.items.push(server);
    this.up(server);
  }

  remove(server: Server): void {
    const at = server.lb.index;
    const last = this.items.pop() as Server;
    server.lb.index = -1;
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
      if (!this.before(server, parent)) break;
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
      if (right !== undefined && this.before(right, child)) {
        child = right;
        childAt++;
      }
      if (!this.before(child, server)) break;
      this.put(child, at);
      at = childAt;
    }
    this.put(server, at);
  }
}
