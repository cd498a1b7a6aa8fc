/**
 * `balance roundrobin`: turns in proportion to the weights, spread as evenly as they allow, in the order of HAProxy 2.6
 * (test/haproxy/balance.test.ts).
 *
 * Positions are integers. Each turn moves the group on by one; a server's next turn is `sum of weights / its weight`
 * behind its last one, and what that division leaves over (`rweight`) is carried on. A round is as long as the sum:
 *
 *     init   those who have not had a turn in this round, heaviest first; they fill the holes
 *     curr   those who have their next turn in this round, by position
 *     next   those who have it in the next one: they become `init` when the round is over
 *
 * A full server loses the turns that it misses. HAProxy walks over all that it meets; beyond some dozens of them we set
 * them aside until they give back a slot, so that a pick stays cheap with thousands.
 */

import type { Server } from '../server.ts';
import type { Balance } from '../types.ts';
import { isFull, limitMoves, soleBackup } from './full.ts';
import { ServerHeap } from './heap.ts';

/** Of an effective weight: 16 times that of the configuration, which is 256 at most. */
const MAX_WEIGHT = 4096;
const SCALE = 16;
/** What a position counts for beside the weight. */
const POSITION = 256;
/** Full servers that one pick leaves in their places. */
const MOST_SKIPPED = 64;

export class RoundRobin implements Balance {
  readonly bound = false;
  readonly dynamic = true;
  private readonly active: Group = new Group();
  private readonly backups: Group = new Group();
  private group: Group = this.active;
  private sole: Server | undefined = undefined;

  rebuild(servers: readonly Server[], reserve: readonly Server[] = []): void {
    const usable = reserve.length === 0 ? servers : [...servers, ...reserve];
    this.active.update(usable.filter((server) => !server.config.backup));
    this.backups.update(usable.filter((server) => server.config.backup));
    this.group = servers[0]?.config.backup === true ? this.backups : this.active;
    this.sole = soleBackup(servers);
  }

  pick(_key: number, avoid: Server | undefined): Server | undefined {
    return this.sole ?? this.group.pick(avoid);
  }

  peek(): Server | undefined {
    return this.sole ?? this.group.peek();
  }

  taken(): void {}

  dropped(server: Server): void {
    if (server.lb.aside && !server.saturated) this.group.returns(server);
  }
}

/** Active or backup servers. */
class Group {
  private members: readonly Server[] = [];
  private readonly curr: ServerHeap = new ServerHeap();
  private init: ServerHeap = new ServerHeap();
  private next: ServerHeap = new ServerHeap();
  /** The length of this round, and of the next: the sums of the weights when they begin. */
  private currWeight = 0;
  private nextWeight = 0;
  private currPos = 0;
  /** Of all rounds together. */
  private turns = 0;
  /** How many have been set aside. */
  private aside = 0;
  /** Orders those of the same key: first come, first served. */
  private arrivals = 0;
  private readonly skipped: Server[] = [];

  update(servers: readonly Server[]): void {
    const first = this.members.length === 0 && this.arrivals === 0;
    const present = new Set(servers);
    for (const server of this.members) if (!present.has(server)) this.leave(server);
    this.members = servers;
    for (const server of servers) {
      const { eweight } = server;
      if (first) this.found(server, eweight);
      else if (server.lb.weight === 0) this.enter(server, eweight);
      else if (server.lb.weight !== eweight) this.reweigh(server, eweight);
      if (server.lb.aside && !server.saturated) this.returns(server);
    }
    if (first) this.currPos = this.currWeight = this.nextWeight;
  }

  pick(avoid: Server | undefined): Server | undefined {
    const { skipped } = this;
    let switched = false;
    let avoided: Server | undefined;
    let server: Server | undefined;
    for (;;) {
      if (this.currWeight === 0) this.currPos = this.currWeight = this.nextWeight;
      server = this.first();
      if (server === undefined) {
        if (switched) {
          server = avoided;
          break;
        }
        switched = true;
        this.switchRounds();
        continue;
      }
      this.advance(server);
      server.lb.heap?.remove(server);
      this.pass(this.aside > 0 ? Math.max(1, server.lb.lpos - this.currPos + 1) : 1);
      if (!isFull(server)) {
        if (server !== avoid) break;
        avoided = server;
      } else if (skipped.length >= MOST_SKIPPED && server.saturated && !limitMoves(server)) {
        this.setAside(server);
        continue;
      }
      skipped.push(server);
    }
    if (server !== undefined) this.queue(server);
    // After a change of rounds their places are lost, and only their weights matter.
    for (let back = skipped.pop(); back !== undefined; back = skipped.pop()) {
      if (back === server) continue;
      if (switched) this.queueByWeight(this.init, back);
      else this.queue(back);
    }
    return server;
  }

  /** Who has the next turn, if it is not full. */
  peek(): Server | undefined {
    const server = this.first() ?? this.next.first;
    return server === undefined || isFull(server) ? undefined : server;
  }

  /** So many turns are over: the one that was just taken, and those of the servers that were set aside. */
  private pass(turns: number): void {
    this.currPos += turns;
    this.turns += turns;
  }

  private setAside({ lb }: Server): void {
    lb.aside = true;
    this.aside++;
    lb.key = this.turns + lb.npos - this.currPos;
  }

  /** It was set aside and has a free slot again: its next turn is where it would be if it had stayed and missed some. */
  returns(server: Server): void {
    const { lb } = server;
    lb.aside = false;
    this.aside--;
    const step = Math.max(1, (this.nextWeight / lb.weight) | 0);
    const late = this.turns - lb.key;
    lb.npos = this.currPos + (late <= 0 ? -late : step - (late % step));
    this.queue(server);
  }

  /** One of the first servers of all. */
  private found(server: Server, eweight: number): void {
    this.nextWeight += eweight;
    server.lb.weight = eweight;
    this.queueByWeight(this.init, server);
  }

  private enter(server: Server, eweight: number): void {
    this.nextWeight += eweight;
    server.lb.weight = eweight;
    this.place(server);
  }

  private leave(server: Server): void {
    const { lb } = server;
    this.nextWeight -= lb.weight;
    lb.weight = 0;
    if (lb.aside) this.aside--;
    lb.aside = false;
    lb.heap?.remove(server);
  }

  private place(server: Server): void {
    const { lb } = server;
    lb.npos = this.currPos + (((this.nextWeight + this.currWeight - this.currPos) / lb.weight) | 0);
    this.queue(server);
  }

  private reweigh(server: Server, eweight: number): void {
    const { lb } = server;
    this.nextWeight += eweight - lb.weight;
    lb.weight = eweight;
    if (lb.aside) return;
    if (lb.heap === this.init) {
      lb.heap.remove(server);
      this.queueByWeight(this.init, server);
      return;
    }
    if (lb.heap === this.next) lb.npos += this.currWeight;
    const before = lb.npos;
    const step = (this.nextWeight / eweight) | 0;
    lb.npos = Math.min(lb.lpos + step, before);
    lb.rweight = 0;
    if (lb.npos < this.currPos + 2) lb.npos = this.currPos + step;
    lb.heap?.remove(server);
    this.queue(server);
  }

  private first(): Server | undefined {
    const current = this.curr.first;
    if (current !== undefined && current.lb.npos <= this.currPos) return current;
    const fresh = this.init.first;
    if (fresh === undefined) return current;
    fresh.lb.npos = 0;
    fresh.lb.rweight = 0;
    return fresh;
  }

  private switchRounds(): void {
    const emptied = this.init;
    this.init = this.next;
    this.next = emptied;
    this.currWeight = this.nextWeight;
    this.currPos = this.currWeight;
  }

  /** Its next turn is one step behind this one. */
  private advance({ lb }: Server): void {
    if (lb.npos === 0) lb.npos = this.currPos;
    lb.lpos = lb.npos;
    const step = (this.nextWeight / lb.weight) | 0;
    lb.npos += step;
    lb.rweight += this.nextWeight - step * lb.weight;
    if (lb.rweight >= lb.weight) {
      lb.rweight -= lb.weight;
      lb.npos++;
    }
  }

  private queue(server: Server): void {
    const { lb } = server;
    if (lb.npos >= 2 * this.currWeight || lb.npos >= this.currWeight + this.nextWeight) {
      lb.npos -= this.currWeight;
      this.queueByWeight(this.next, server);
      return;
    }
    lb.key = (POSITION * lb.npos + (((MAX_WEIGHT + lb.rweight - lb.weight) / SCALE) | 0)) >>> 0;
    lb.order = ++this.arrivals;
    this.curr.push(server);
  }

  private queueByWeight(heap: ServerHeap, server: Server): void {
    server.lb.key = MAX_WEIGHT - server.lb.weight;
    server.lb.order = ++this.arrivals;
    heap.push(server);
  }
}
