/**
 * A backend: its servers, the balancing algorithm over the usable ones, and the queues of those who wait for a slot.
 *
 *     assign, assignElsewhere, claim
 *                   --> a server with a free slot (slot taken)
 *                   --> 'queued' --> onSlot (slot taken) | onQueueTimeout | onRedistributed | cancel
 *     release --> the slot goes to whoever waits longest for that server or for any, before release returns
 *
 * A server's own queue is for those whom a key, a cookie or a stick table binds to it: it is served whether the server is
 * elected or not (a drained one keeps its clients), and is redistributed as HAProxy does, when the server goes and
 * `option redispatch` allows it. The backend's queue is for all others, and for elected servers.
 *
 * A spare server (a backup one that is far from us) takes from that queue, too, and whatever finds the elected ones full.
 * A retry that waits there takes no slot of a server at which it has failed: those who come behind it may overtake it then.
 *
 * Invariants: a server's `scur` is the number of its slots out on loan, and none is lent beyond its limit.
 * Nobody waits in a server's queue while it has a free slot, nor in the backend's while an elected server has one for him (but
 * for limits that grow with the load, limits.ts). Nobody overtakes within a queue; of the heads of the server's and of the
 * backend's the one that came first is served.
 * Waiters are called from `release`, `refresh`, the wheel and a microtask, never from `assign` or `claim`.
 */

import { isDeepStrictEqual } from 'node:util';
import type { ProxyConfig, ServerConfig } from '../config/model.ts';
import { monotonic } from '../core/clock.ts';
import { BackendCounters } from '../core/counters.ts';
import { type EventLog, Level } from '../core/log.ts';
import type { Wheel } from '../core/wheel.ts';
import { ServerContexts } from '../tls/servers.ts';
import { isFull } from './balance/full.ts';
import { createBalance } from './balance/index.ts';
import { Pending, WaitQueue } from './queue.ts';
import { Rollout } from './rollout.ts';
import { Server } from './server.ts';
import { type StickTable, stickTable } from './stick-table.ts';
import type { Assignment, Balance, Shutdown, Waiter } from './types.ts';

export interface BackendParts {
  readonly name: string;
  readonly config: ProxyConfig;
  readonly wheel: Wheel;
  readonly events: EventLog;
  /** `file:line` of the section, or the source that made the pool. */
  readonly origin: string;
  /** How its servers are spoken to by TLS. */
  readonly contexts?: ServerContexts;
  readonly shutdown: Shutdown;
}

export class Backend {
  readonly name: string;
  config: ProxyConfig;
  origin: string;
  readonly events: EventLog;
  readonly wheel: Wheel;
  readonly contexts: ServerContexts;
  readonly shutdown: Shutdown;
  readonly counters: BackendCounters = new BackendCounters();
  /** In the order of the statistics; removed ones that still have slots out stand last. */
  servers: readonly Server[] = [];
  /** Counts changes of that list, and of what its servers are called, of their addresses and cookies. */
  serversVersion = 0;
  /** Exchanges that have chosen this backend and not ended; the CSV's scur. */
  scur = 0;
  /** Monotonic ms of the last change between having a usable server and having none. */
  lastChange: number;
  /** Made by routes, not by a section. */
  routed = false;
  /** No longer configured: it finishes what it has and vanishes. */
  retired = false;
  /** `stick-table`. */
  stickTable: StickTable | undefined;
  /** Called when a removed server gave back its last slot, and when a retired backend may have become idle. */
  onIdle: ((backend: Backend) => void) | undefined = undefined;
  /** Nothing is to be expected of these discovered servers, and something is under way on them. */
  onForsaken: (servers: ReadonlySet<Server>) => void = () => {};

  private balance: Balance;
  private group: readonly Server[] = [];
  /** Backup servers that take what the group has no slot for. */
  private spares: readonly Server[] = [];
  private active = 0;
  private backup = 0;
  private downtime = 0;
  /** Some server was usable at the last look. */
  private up = false;
  private unannounced = false;
  private lastId = 0;
  /** Of the configuration, whether their servers are there or not. */
  private configuredIds: ReadonlySet<number | undefined>;
  private readonly ids = new Set<number>();
  private readonly byIdentity = new Map<string, Server>();

  private readonly pending = new Map<Waiter, Pending>();
  /** Which generation of its servers has the traffic, where they have some. */
  readonly rollout: Rollout = new Rollout(this);
  /** Those who wait for any server. */
  readonly queue: WaitQueue = new WaitQueue();
  /** How many of those avoid servers at which they have failed. */
  private avoiding = 0;
  private tickets = 0;
  /** Servers whose free slots are still to be given out: a waiter that fails at once releases from inside `onSlot`. */
  private readonly woken: Server[] = [];
  private serving = false;
  /** Those who are in no queue any more, because their server has gone, and have not been told yet. */
  private displaced: { readonly pending: Pending; readonly server: Server }[] = [];
  /** 1 while an exchange that has ended gives its slot back: what it leaves behind is sized as if it were here, as in HAProxy. */
  private ending = 0;
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
    this.contexts = parts.contexts ?? new ServerContexts();
    this.shutdown = parts.shutdown;
    this.configuredIds = idsOf(parts.config);
    this.balance = createBalance(parts.config.balance);
    this.lastChange = monotonic();
    this.stickTable = stickTable(parts.config.stickTable, undefined);
  }

  /** How many wait for any server; the CSV's qcur of the backend. */
  get queued(): number {
    return this.queue.length;
  }

  /** How many wait at all, for a certain server or any. */
  get waiting(): number {
    return this.pending.size;
  }

  /** What `minconn` and `fullconn` go by. */
  get load(): number {
    return this.scur + this.ending;
  }

  /** Takes a slot, or queues the waiter. Counts stot of the server with the slot, lbtot of both with the choice. */
  assign(waiter: Waiter, key: number, avoid: Server | undefined): Assignment {
    if (this.group.length === 0) {
      waiter.awaited = undefined;
      return 'no-server';
    }
    if (this.behindOthers) return this.enqueue(waiter, undefined, false);
    const server = this.balance.pick(key, avoid) ?? this.spare(avoid);
    if (server === undefined) return this.enqueue(waiter, undefined, false);
    // As HAProxy: a retry that the algorithm sends where it was is none of its choices.
    if (server !== avoid) this.countChoice(server);
    return this.takeOrWait(waiter, server, false);
  }

  /**
   * As `assign`, for a request that has failed at `failed`, where the algorithm might send it again (a key to the same server,
   * its turn to one of those before): to whoever of the others has the least to do, or into the queue of all. Undefined: there
   * is nobody else.
   */
  assignElsewhere(waiter: Waiter, failed: ReadonlySet<Server>): Assignment | undefined {
    const server = this.leastLoaded(failed);
    if (server === undefined) return undefined;
    if (server.elected || server.spare) {
      if (isFull(server)) return this.enqueue(waiter, undefined, false, failed);
      if (this.serving && this.queue.length > 0) {
        // The slot is just being given out, to those who came before.
        this.woken.push(server);
        return this.enqueue(waiter, undefined, false, failed);
      }
    }
    this.countChoice(server);
    return this.takeOrWait(waiter, server, false);
  }

  private countChoice({ counters }: Server): void {
    counters.lbtot++;
    this.counters.lbtot++;
  }

  /** The group is full: who of those that are kept for that has the least to do. */
  private spare(avoid: Server | undefined): Server | undefined {
    let least: Server | undefined;
    for (const server of this.spares) {
      if (server.saturated || server.queue.length > 0 || server === avoid) continue;
      if (least === undefined || server.scur < least.scur) least = server;
    }
    return least;
  }

  /**
   * Takes a slot of this very server, or queues the waiter for it: a cookie or a stick table binds the client to it. The
   * server may be draining, or down where `option persist` is set; `forced`: by `force-persist`.
   */
  claim(waiter: Waiter, server: Server, forced = false): Assignment {
    return this.takeOrWait(waiter, server, forced);
  }

  private takeOrWait(waiter: Waiter, server: Server, forced: boolean): Assignment {
    const { queue } = server;
    if (server.saturated || queue.length > 0) {
      const limit = server.config.maxqueue;
      if (limit === 0 || queue.length < limit) return this.enqueue(waiter, server, forced);
      waiter.awaited = server;
      return 'full';
    }
    if (this.serving && this.queue.length > 0) {
      // The slot is just being given out, to those who came before.
      this.woken.push(server);
      return this.enqueue(waiter, server, forced);
    }
    this.take(server);
    return server;
  }

  /**
   * While somebody waits, no slot is free but for those just being given out, which are not for newcomers. Where limits
   * grow with the load a newcomer may make room by itself: with these algorithms it waits all the same, with the
   * others it does not, as in HAProxy. Those bound by a key have queues of their own.
   */
  private get behindOthers(): boolean {
    const { length } = this.queue;
    if (length === 0 || this.balance.bound) return false;
    if (this.serving) return true;
    const { algorithm } = this.config.balance;
    return length > this.avoiding && (algorithm === 'roundrobin' || algorithm === 'static-rr' || algorithm === 'first');
  }

  /** A key decides who serves a client, not the load. */
  get bound(): boolean {
    return this.balance.bound;
  }

  /** Who would serve the next client that is bound to nobody; undefined where that is open. */
  get next(): Server | undefined {
    return this.group.length === 1 ? this.group[0] : this.balance.peek?.();
  }

  /** Weights may change while it runs; with the other algorithms, from the configured one to 0 and back. */
  get dynamic(): boolean {
    return this.balance.dynamic;
  }

  /** Another server than `server` gets traffic. */
  hasOther(server: Server): boolean {
    return this.group.length > (server.elected ? 1 : 0);
  }

  /** Somebody is left, be it a backup, for a request that has failed at `failed` and `server`. */
  hasUntried(server: Server, failed: ReadonlySet<Server> | undefined): boolean {
    return this.servers.some((other) => other.usable && other !== server && failed?.has(other) !== true);
  }

  /** Who of those that are not `failed` has the least to do for its weight. */
  private leastLoaded(failed: ReadonlySet<Server>): Server | undefined {
    let least: Server | undefined;
    let leastRank = 0;
    let leastLoad = 0;
    for (const server of this.servers) {
      if (!server.usable || failed.has(server)) continue;
      const rank = rankOf(server);
      const load = (server.scur + server.queue.length + 1) / server.eweight;
      if (least !== undefined && (rank > leastRank || (rank === leastRank && load >= leastLoad))) continue;
      least = server;
      leastRank = rank;
      leastLoad = load;
    }
    return least;
  }

  /** Gives a slot back; the next waiter, if any, gets it. `ended`: with its exchange, which `scur` does not count any more. */
  release(server: Server, ended = true): void {
    if (server.scur === 0) throw new Error(`a slot of ${this.name}/${server.config.name} was given back twice`);
    server.scur--;
    if (server.elected) this.balance.dropped(server);
    else this.balance.droppedElsewhere?.();
    if (this.pending.size > 0) this.handOn(server, ended);
    if (this.retired || (server.removed && server.scur === 0)) this.onIdle?.(this);
  }

  /** The waiter has left the queue. One that does not wait (any more) is none of our business. */
  cancel(waiter: Waiter): void {
    const pending = this.pending.get(waiter);
    if (pending === undefined) return;
    this.forget(pending);
    if (this.retired) this.onIdle?.(this);
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
    this.configuredIds = idsOf(config);
    this.stickTable = stickTable(config.stickTable, this.stickTable);
    if (isDeepStrictEqual(config.balance, balance)) return;
    this.balance = createBalance(config.balance);
    for (const server of this.servers) server.lb.reset();
  }

  /** `refresh` afterwards. */
  addServer(config: ServerConfig, now: number): Server {
    const server = new Server(this, this.idFor(config), config, now);
    this.ids.add(server.id);
    this.byIdentity.set(config.identity, server);
    this.servers = [...this.servers, server];
    this.serversVersion++;
    return server;
  }

  /** `id N`, else its place among all, or the next number that nobody has; of `add server` the first one. */
  private idFor({ id, dynamic }: ServerConfig): number {
    if (dynamic === true) {
      let free = 1;
      while (this.configuredIds.has(free) || this.ids.has(free)) free++;
      return id ?? free;
    }
    this.lastId++;
    if (id !== undefined) return id;
    while (this.configuredIds.has(this.lastId) || this.ids.has(this.lastId)) this.lastId++;
    return this.lastId;
  }

  /** A removed one, too, while it is on the list. */
  find(identity: string): Server | undefined {
    return this.byIdentity.get(identity);
  }

  /** Takes them off the list: only servers without slots, removed or of a retired backend. */
  dropServers(gone: readonly Server[]): void {
    const leaving = new Set(gone);
    this.servers = this.servers.filter((server) => !leaving.has(server));
    this.serversVersion++;
    for (const { config } of gone) this.byIdentity.delete(config.identity);
    this.ids.clear();
    for (const { id } of this.servers) this.ids.add(id);
  }

  /** By identity; those that are not named keep their order behind the others. */
  order(identities: readonly string[]): void {
    const rank = new Map(identities.map((identity, i) => [identity, i]));
    const place = (server: Server): number => (server.removed ? undefined : rank.get(server.config.identity)) ?? identities.length;
    this.servers = [...this.servers].sort((a, b) => place(a) - place(b));
    this.serversVersion++;
  }

  /** Something about the servers has changed: who gets traffic, and with what limits? Gives out slots that became free. */
  refresh(now: number): void {
    const { rollout } = this;
    if (rollout.enforcing) return;
    rollout.choose();
    const usable = this.servers.filter((server) => rollout.admits(server));
    const active = usable.filter((server) => !server.config.backup);
    const backups = usable.filter((server) => server.config.backup);
    this.active = active.length;
    this.backup = backups.length;
    const group = active.length > 0 ? active : this.config.allbackups ? backups : backups.slice(0, 1);
    for (const server of this.servers) server.elected = false;
    for (const server of this.group) server.elected = false;
    for (const server of group) server.elected = true;
    for (const server of this.spares) server.spare = false;
    this.spares = group === backups ? [] : backups.filter(({ config }) => config.spare === true);
    for (const server of this.spares) server.spare = true;
    this.group = group;
    this.balance.rebuild(group, group === backups ? [] : backups.filter((server) => !server.elected));
    this.noteUp(group.length > 0, now);
    rollout.enforce(now);
    if (this.pending.size > 0) {
      for (const server of this.servers) if (server.removed) this.displace(server, true);
      if (this.avoiding > 0) this.relent();
      // Those that are not elected, too: a limit may have been raised.
      for (const server of this.servers) this.wake(server);
    }
    if (this.retired && group.length === 0) this.dismiss();
  }

  /**
   * `server` gets no traffic any more. Those who wait for it ask again where HAProxy lets them: with `option redispatch`
   * and without `option persist`; a discovered server does not come back, so its clients never stay. The others keep
   * waiting, for it to come back or for one of its slots, since it may still answer. Answers how many ask again.
   */
  withdraw(server: Server, now: number): number {
    this.refresh(now);
    if (server.discovered) return this.displace(server, true);
    return this.redispatches && !this.config.persist ? this.displace(server, false) : 0;
  }

  /** `option redispatch`; 0 turns it off, as the manual says. */
  get redispatches(): boolean {
    const { redispatch } = this.config;
    return redispatch !== undefined && redispatch !== 0;
  }

  /** Says that no server is left, if that became true since it was last asked. */
  announce(): void {
    if (!this.unannounced) return;
    this.unannounced = false;
    const what = this.config.kind === 'listen' ? 'proxy' : 'backend';
    this.events.event(Level.Emerg, `${what} ${this.name} has no server available!`, this.name);
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
    if (server.scur > server.mostUsed) server.mostUsed = server.scur;
    counters.stot++;
    counters.rate.add(now);
    counters.lastsess = now;
    this.counters.lastsess = now;
    if (server.elected) this.balance.taken(server);
    else this.balance.takenElsewhere?.();
  }

  /** For `server` alone, or for any but those that it `avoids`. */
  private enqueue(waiter: Waiter, server: Server | undefined, forced: boolean, avoids?: ReadonlySet<Server>): 'queued' {
    if (this.pending.has(waiter)) throw new Error(`one waiter of ${this.name} was queued twice`);
    const pending = new Pending(waiter, ++this.tickets, forced, avoids, this.expire);
    this.pending.set(waiter, pending);
    if (avoids !== undefined) this.avoiding++;
    waiter.awaited = server;
    const { queue, counters } = server ?? this;
    pending.enter(queue);
    if (queue.length > counters.qmax) counters.qmax = queue.length;
    // HAProxy: without `timeout queue`, `timeout connect` is the limit; without both there is none.
    const limit = this.config.timeouts.queue ?? this.config.timeouts.connect;
    if (limit !== undefined) this.wheel.arm(pending, limit);
    return 'queued';
  }

  private forget(pending: Pending): void {
    pending.leave();
    this.pending.delete(pending.waiter);
    if (pending.avoids !== undefined) this.avoiding--;
    this.wheel.disarm(pending);
  }

  /** Those who wait for `server` wait no more; they are told when whatever is changing now has been changed. */
  private displace(server: Server, forcedToo: boolean): number {
    const { displaced } = this;
    const before = displaced.length;
    let next: Pending | undefined;
    for (let pending = server.queue.head; pending !== undefined; pending = next) {
      next = pending.behind;
      if (pending.forced && !forcedToo) continue;
      pending.leave();
      displaced.push({ pending, server });
    }
    if (before === 0 && displaced.length > 0) queueMicrotask(this.redistribute);
    return displaced.length - before;
  }

  private readonly redistribute = (): void => {
    const { displaced } = this;
    this.displaced = [];
    for (const { pending, server } of displaced) {
      // It may have left meanwhile.
      if (this.pending.get(pending.waiter) !== pending) continue;
      this.forget(pending);
      pending.waiter.onRedistributed(server);
    }
    if (this.retired) this.onIdle?.(this);
  };

  private handOn(server: Server, ended: boolean): void {
    const { ending } = this;
    this.ending = ended ? 1 : 0;
    try {
      this.wake(server);
    } finally {
      this.ending = ending;
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
    while (!server.saturated) {
      const own = server.queue.head;
      const any = server.elected || server.spare ? this.firstFor(server) : undefined;
      const next = own === undefined || (any !== undefined && any.ticket < own.ticket) ? any : own;
      if (next === undefined) return;
      const { queue } = next;
      this.forget(next);
      if (queue !== undefined) queue.served++;
      this.take(server);
      next.waiter.onSlot(server);
    }
  }

  private firstFor(server: Server): Pending | undefined {
    let pending = this.queue.head;
    while (pending?.avoids?.has(server) === true) pending = pending.behind;
    return pending;
  }

  /** Who avoids everybody that is left avoids nobody any more. */
  private relent(): void {
    const serving = this.servers.filter(({ elected, spare }) => elected || spare);
    for (let pending = this.queue.head; pending !== undefined; pending = pending.behind) {
      const { avoids } = pending;
      if (avoids === undefined || serving.some((server) => !avoids.has(server))) continue;
      pending.avoids = undefined;
      this.avoiding--;
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

/** Who is asked first for a retry: one that has a slot, a far one, one that will have a slot, a backup. */
function rankOf(server: Server): number {
  if (!server.elected && !server.spare) return isFull(server) ? 4 : 3;
  if (isFull(server)) return 2;
  return server.spare ? 1 : 0;
}

function idsOf({ servers }: ProxyConfig): ReadonlySet<number | undefined> {
  return new Set(servers.map(({ id }) => id));
}
