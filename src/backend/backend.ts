/**
 * A backend: its servers, the balancing algorithm over the usable ones, and the queue of those who wait for a slot.
 *
 *     assign --> a server with a free slot (slot taken)
 *            --> 'queued' --> onSlot (slot taken) | onQueueTimeout | cancel
 *     release --> the slot goes to whoever waits longest, before release returns
 *
 * Invariants: a server's `scur` is the number of its slots out on loan, and none is lent beyond its maxconn.
 * Nobody waits in the backend's queue while an elected server has a free slot; nobody overtakes in it.
 * Waiters are called from `release`, `refresh` and the wheel, never from `assign`.
 */

import { isDeepStrictEqual } from 'node:util';
import type { ProxyConfig, ServerConfig } from '../config/model.ts';
import { monotonic } from '../core/clock.ts';
import { BackendCounters } from '../core/counters.ts';
import { type EventLog, Level } from '../core/log.ts';
import type { Wheel } from '../core/wheel.ts';
import { createBalance } from './balance/index.ts';
import { Pending, WaitQueue } from './queue.ts';
import { Server } from './server.ts';
import { type Assignment, type Balance, NO_KEY, type Shutdown, type Waiter } from './types.ts';

export interface BackendParts {
  readonly name: string;
  readonly config: ProxyConfig;
  readonly wheel: Wheel;
  readonly events: EventLog;
  /** `file:line` of the section, or the source that made the pool. */
  readonly origin: string;
  readonly shutdown: Shutdown;
}

export class Backend {
  readonly name: string;
  config: ProxyConfig;
  origin: string;
  readonly events: EventLog;
  readonly wheel: Wheel;
  readonly shutdown: Shutdown;
  readonly counters: BackendCounters = new BackendCounters();
  /** In the order of the statistics; removed ones that still have slots out stand last. */
  servers: readonly Server[] = [];
  /** Exchanges that have chosen this backend and not ended; the CSV's scur. */
  scur = 0;
  /** Monotonic ms of the last change between having a usable server and having none. */
  lastChange: number;
  /** Made by routes, not by a section. */
  routed = false;
  /** No longer configured: it finishes what it has and vanishes. */
  retired = false;
  /** Called when a removed server gave back its last slot, and when a retired backend may have become idle. */
  onIdle: ((backend: Backend) => void) | undefined = undefined;

  private balance: Balance;
  private group: readonly Server[] = [];
  private active = 0;
  private backup = 0;
  private downtime = 0;
  /** Some server was usable at the last look. */
  private up = false;
  private unannounced = false;
  private lastId = 0;

  private readonly pending = new Map<Waiter, Pending>();
  private readonly queue = new WaitQueue();
  private tickets = 0;
  /** Servers whose free slots are still to be given out: a waiter that fails at once releases from inside `onSlot`. */
  private readonly woken: Server[] = [];
  private serving = false;
  private readonly expire = (pending: Pending): void => {
    this.forget(pending);
    pending.waiter.onQueueTimeout();
    if (this.retired) this.onIdle?.(this);
  };

  constructor(parts: BackendParts) {
    this.name = parts.name;
    this.config = parts.config;
    this.origin = parts.origin;
    this.wheel = parts.wheel;
    this.events = parts.events;
    this.shutdown = parts.shutdown;
    this.balance = createBalance(parts.config.balance);
    this.lastChange = monotonic();
  }

  /** How many wait for any server; the CSV's qcur of the backend. */
  get queued(): number {
    return this.queue.length;
  }

  /** How many wait at all, for a certain server or any. */
  get waiting(): number {
    return this.pending.size;
  }

  /** Takes a slot, or queues the waiter. Counts stot and lbtot of the server, lbtot of the backend. */
  assign(waiter: Waiter, key: number, avoid: Server | undefined): Assignment {
    if (this.group.length === 0) return 'no-server';
    // While somebody waits no slot is free, but for those just being given out: they are not for newcomers.
    if (this.queue.length > 0) return this.enqueue(waiter, key, this.queue, this.counters);
    const server = this.balance.pick(key, avoid);
    if (server === undefined) return this.enqueue(waiter, key, this.queue, this.counters);
    if (server.saturated || server.queue.length > 0) {
      const limit = server.config.maxqueue;
      if (limit !== 0 && server.queue.length >= limit) return 'full';
      return this.enqueue(waiter, key, server.queue, server.counters);
    }
    // As HAProxy: a retry that the algorithm sends where it was is none of its choices.
    if (server !== avoid) {
      server.counters.lbtot++;
      this.counters.lbtot++;
    }
    this.take(server);
    return server;
  }

  /** Takes a slot of this very server, or queues the waiter for it: a cookie or a stick table binds the client to it. */
  claim(waiter: Waiter, server: Server): Assignment {
    if (server.saturated || server.queue.length > 0) {
      const limit = server.config.maxqueue;
      if (limit !== 0 && server.queue.length >= limit) return 'full';
      return this.enqueue(waiter, NO_KEY, server.queue, server.counters);
    }
    this.take(server);
    return server;
  }

  /** A key decides who serves a client, not the load. */
  get bound(): boolean {
    return this.balance.bound;
  }

  /** Weights may change while it runs; with the other algorithms, from the configured one to 0 and back. */
  get dynamic(): boolean {
    return this.balance.dynamic;
  }

  /** Another server than `server` gets traffic. */
  hasOther(server: Server): boolean {
    return this.group.length > (server.elected ? 1 : 0);
  }

  /** Gives a slot back; the next waiter, if any, gets it. */
  release(server: Server): void {
    if (server.scur === 0) throw new Error(`a slot of ${this.name}/${server.config.name} was given back twice`);
    server.scur--;
    if (server.elected) this.balance.dropped(server);
    if (this.pending.size > 0) this.wake(server);
    if (this.retired || (server.removed && server.scur === 0)) this.onIdle?.(this);
  }

  /** The waiter has left the queue. One that does not wait (any more) is none of our business. */
  cancel(waiter: Waiter): void {
    const pending = this.pending.get(waiter);
    if (pending === undefined) return;
    this.forget(pending);
    if (this.retired) this.onIdle?.(this);
  }

  /** Where one that was just queued stands: in which queue, the first at 1. */
  placeOf(waiter: Waiter): { readonly server: boolean; readonly position: number } {
    const queue = this.pending.get(waiter)?.queue;
    return { server: queue !== this.queue, position: queue?.length ?? 0 };
  }

  /** `UP` with a usable server or with no server at all, as HAProxy. */
  status(): 'UP' | 'DOWN' {
    return this.group.length > 0 || this.servers.length === 0 ? 'UP' : 'DOWN';
  }

  /** Sum over the group in use. */
  get weight(): number {
    let sum = 0;
    for (const server of this.group) sum += server.weight;
    return sum;
  }

  /** Usable servers that are not backup. */
  activeCount(): number {
    return this.active;
  }

  /** Usable backup servers. */
  backupCount(): number {
    return this.backup;
  }

  /** Milliseconds without a usable server. */
  downtimeAt(now: number): number {
    return this.up ? this.downtime : this.downtime + (now - this.lastChange);
  }

  /** Nothing is out and nobody waits. */
  get idle(): boolean {
    return this.pending.size === 0 && this.servers.every((server) => server.scur === 0);
  }

  /** `refresh` afterwards. */
  setConfig(config: ProxyConfig, origin: string): void {
    const { balance } = this.config;
    this.config = config;
    this.origin = origin;
    if (isDeepStrictEqual(config.balance, balance)) return;
    this.balance = createBalance(config.balance);
    for (const server of this.servers) server.lb.reset();
  }

  /** `refresh` afterwards. */
  addServer(config: ServerConfig, now: number): Server {
    const server = new Server(this, this.idFor(config), config, now);
    this.servers = [...this.servers, server];
    return server;
  }

  /** `id N`, else its place among all, or the next number that nobody has. */
  private idFor({ id }: ServerConfig): number {
    this.lastId++;
    if (id !== undefined) return id;
    const taken = new Set([...this.config.servers.map((server) => server.id), ...this.servers.map((server) => server.id)]);
    while (taken.has(this.lastId)) this.lastId++;
    return this.lastId;
  }

  /** Takes it off the list: only a removed server without slots. */
  dropServer(server: Server): void {
    this.servers = this.servers.filter((other) => other !== server);
  }

  /** By identity; those that are not named keep their order behind the others. */
  order(identities: readonly string[]): void {
    const rank = new Map(identities.map((identity, i) => [identity, i]));
    const place = (server: Server): number => (server.removed ? undefined : rank.get(server.config.identity)) ?? identities.length;
    this.servers = [...this.servers].sort((a, b) => place(a) - place(b));
  }

  /** Something about the servers has changed: who gets traffic, and with what limits? Gives out slots that became free. */
  refresh(now: number): void {
    const usable = this.servers.filter((server) => server.usable);
    const active = usable.filter((server) => !server.config.backup);
    const backups = usable.filter((server) => server.config.backup);
    this.active = active.length;
    this.backup = backups.length;
    const group = active.length > 0 ? active : this.config.allbackups ? backups : backups.slice(0, 1);
    for (const server of this.servers) server.elected = false;
    for (const server of this.group) server.elected = false;
    for (const server of group) server.elected = true;
    this.group = group;
    this.balance.rebuild(group, group === backups ? [] : backups.filter((server) => !server.elected));
    this.noteUp(group.length > 0, now);
    this.requeue();
    if (this.pending.size > 0) for (const server of group) this.wake(server);
    if (this.retired && group.length === 0) this.dismiss();
  }

  /** Says that no server is left, if that became true since it was last asked. */
  announce(): void {
    if (!this.unannounced) return;
    this.unannounced = false;
    this.events.event(Level.Emerg, `backend ${this.name} has no server available!`, this.name);
  }

  private noteUp(up: boolean, now: number): void {
    if (up === this.up) return;
    if (up) this.downtime += Math.max(0, now - this.lastChange);
    else this.counters.chkdown++;
    this.up = up;
    this.unannounced = !up;
    this.lastChange = now;
  }

  private take(server: Server): void {
    const now = monotonic();
    const counters = server.counters;
    server.scur++;
    if (server.scur > counters.smax) counters.smax = server.scur;
    counters.stot++;
    counters.rate.add(now);
    counters.lastsess = now;
    this.counters.lastsess = now;
    this.balance.taken(server);
  }

  private enqueue(waiter: Waiter, key: number, queue: WaitQueue, counters: { qmax: number }): 'queued' {
    if (this.pending.has(waiter)) throw new Error(`one waiter of ${this.name} was queued twice`);
    const pending = new Pending(waiter, key, ++this.tickets, this.expire);
    this.pending.set(waiter, pending);
    queue.push(pending);
    if (queue.length > counters.qmax) counters.qmax = queue.length;
    // HAProxy: without `timeout queue`, `timeout connect` is the limit; without both there is none.
    const limit = this.config.timeouts.queue ?? this.config.timeouts.connect;
    if (limit !== undefined) this.wheel.arm(pending, limit);
    return 'queued';
  }

  private forget(pending: Pending): void {
    pending.queue?.remove(pending);
    this.pending.delete(pending.waiter);
    this.wheel.disarm(pending);
  }

  /** Those who wait for a server that gets no traffic wait for any; with a binding key, those who wait for any get one. */
  private requeue(): void {
    if (this.pending.size === 0) return;
    const moved: Pending[] = [];
    for (const server of this.servers) {
      if (!server.elected || !this.balance.bound) empty(server.queue, moved);
    }
    if (moved.length > 0) {
      empty(this.queue, moved);
      for (const pending of moved.sort((a, b) => a.ticket - b.ticket)) this.queue.push(pending);
      if (this.queue.length > this.counters.qmax) this.counters.qmax = this.queue.length;
    }
    if (!this.balance.bound || this.group.length === 0) return;
    for (let head = this.queue.head; head !== undefined; head = this.queue.head) {
      this.queue.remove(head);
      (this.balance.pick(head.key, undefined) as Server).queue.push(head);
    }
  }

  private wake(server: Server): void {
    this.woken.push(server);
    if (this.serving) return;
    this.serving = true;
    try {
      for (let next = this.woken.pop(); next !== undefined; next = this.woken.pop()) this.serve(next);
    } finally {
      this.serving = false;
    }
  }

  /** Gives its free slots to those who wait longest. */
  private serve(server: Server): void {
    while (server.elected && !server.saturated) {
      const next = server.queue.head ?? this.queue.head;
      if (next === undefined) return;
      this.forget(next);
      this.take(server);
      next.waiter.onSlot(server);
    }
  }

  /** No server will ever come: everybody who waits is told now. */
  private dismiss(): void {
    for (const pending of [...this.pending.values()]) {
      this.forget(pending);
      pending.waiter.onQueueTimeout();
    }
  }
}

function empty(queue: WaitQueue, into: Pending[]): void {
  for (let head = queue.head; head !== undefined; head = queue.head) {
    queue.remove(head);
    into.push(head);
  }
}
