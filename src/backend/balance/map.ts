/**
 * The map of HAProxy's static algorithms: one entry per unit of weight, a server's entries spread over the whole. Weights
 * are those of the configuration: the map does not follow what changes them at run time, but for a weight of 0.
 *
 * For each entry every server earns its weight. Who has earned a whole map gets the entry and pays for it; until
 * somebody has, the first declared that is not in debt gets it. Weights 5 1 1 give 1112113, weights 1 2 3 give 132323.
 */

import type { Server } from '../server.ts';
import { ServerHeap } from './heap.ts';
import { Room } from './room.ts';

/**
 * Cold: O(entries x log servers). A server's k-th whole map is earned at entry ceil(k x entries / weight); so instead
 * of all weights at each entry, those who earn one are looked at.
 */
export function weightMap(servers: readonly Server[], weights: readonly number[] = reduced(servers)): Server[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const earners = earnersByEntry(weights, total);
  const heap = new ServerHeap();
  servers.forEach((server, i) => {
    server.lb.key = 0;
    server.lb.order = i;
    heap.push(server);
  });
  const map: Server[] = [];
  for (let entry = 0; entry < total; entry++) {
    for (let at = earners.from[entry] as number; at < (earners.from[entry + 1] as number); at++) {
      const server = servers[earners.list[at] as number] as Server;
      server.lb.key--;
      heap.moved(server);
    }
    const best = heap.first as Server;
    map.push(best);
    best.lb.key++;
    heap.moved(best);
  }
  heap.clear();
  return map;
}

/** Divided by what all of the backend's servers have in common, used or not: it changes the map's length, not the shares. */
function reduced(servers: readonly Server[]): number[] {
  const all = servers[0]?.backend.servers ?? [];
  const divisor = all.reduce((common, { config, removed }) => (removed ? common : gcd(common, config.weight)), 0);
  return servers.map(({ weight }) => Math.ceil(weight / Math.max(1, divisor)));
}

/** Who earns a whole map at which entry: `list[from[entry] .. from[entry + 1])`. */
function earnersByEntry(weights: readonly number[], total: number): { readonly from: Int32Array; readonly list: Int32Array } {
  const from = new Int32Array(total + 2);
  const list = new Int32Array(total);
  const each = (tell: (entry: number, server: number) => void): void => {
    weights.forEach((weight, server) => {
      for (let k = 1; k <= weight; k++) tell(Math.ceil((k * total) / weight) - 1, server);
    });
  };
  each((entry) => {
    from[entry + 2] = (from[entry + 2] as number) + 1;
  });
  for (let i = 1; i < from.length; i++) from[i] = (from[i] as number) + (from[i - 1] as number);
  each((entry, server) => {
    list[from[entry + 1] as number] = server;
    from[entry + 1] = (from[entry + 1] as number) + 1;
  });
  return { from, list };
}

function alike<T>(some: readonly T[], others: readonly T[]): boolean {
  return some.length === others.length && some.every((one, i) => one === others[i]);
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/**
 * The map, and its entries in turn: `balance static-rr`, and requests without a key. Entries of full servers are skipped:
 * while some servers are full a pick looks at up to all entries in between, and at none when all are full.
 */
export class WeightMap {
  private servers: readonly Server[] = [];
  /** Something has changed since `entries` were made, or looked at. Many events may come before the next request. */
  private stale = false;
  private made: readonly Server[] = [];
  /** Of whom and by what weights `made` is. */
  private madeOf: readonly Server[] = [];
  private weights: readonly number[] = [];
  /** The next entry; the map may have become shorter since. */
  private at = 0;
  private readonly room: Room = new Room();

  rebuild(servers: readonly Server[]): void {
    this.servers = servers;
    this.stale = true;
    this.room.rebuild(servers);
  }

  private get entries(): readonly Server[] {
    if (this.stale) this.renew();
    return this.made;
  }

  private renew(): void {
    const { servers } = this;
    const weights = reduced(servers);
    this.stale = false;
    if (alike(servers, this.madeOf) && alike(weights, this.weights)) return;
    this.made = weightMap(servers, weights);
    this.madeOf = servers;
    this.weights = weights;
  }

  entry(key: number): Server | undefined {
    const { entries } = this;
    return entries.length === 0 ? undefined : entries[key % entries.length];
  }

  /** The next that is neither full nor `avoid`; `avoid`, if it is the only one. */
  turn(avoid: Server | undefined): Server | undefined {
    const { room } = this;
    if (room.none) return undefined;
    const { entries } = this;
    let avoided: Server | undefined;
    let behindAvoided = this.at;
    let next = this.at;
    for (let i = 0; i < entries.length; i++) {
      if (next >= entries.length) next = 0;
      const server = entries[next++] as Server;
      if (!room.of(server)) continue;
      if (server !== avoid) {
        this.at = next;
        return server;
      }
      avoided = server;
      behindAvoided = next;
    }
    this.at = behindAvoided;
    return avoided;
  }

  taken(server: Server): void {
    this.room.taken(server);
  }

  dropped(server: Server): void {
    this.room.dropped(server);
  }
}
