/**
 * `hash-type consistent`: the server whose point on the ring is nearest to the key. Who comes or goes takes or gives up
 * its own share of the keys alone. When that server is full the client waits for it; a retry elsewhere goes to the next
 * server on the ring. Requests without a key go around the ring point by point.
 */

import type { Server } from '../server.ts';
import { type Balance, NO_KEY } from '../types.ts';
import { soleBackup } from './full.ts';
import { Load } from './load.ts';
import { Ring } from './ring.ts';
import { Room } from './room.ts';

const NONE = -1;
/** Points of a weight of 1. */
const SCALE = 16;

export class Consistent implements Balance {
  readonly bound = true;
  readonly dynamic = true;
  private readonly ring: Ring = new Ring();
  private readonly load: Load;
  private members: readonly Server[] = [];
  private readonly room: Room = new Room();
  private readonly always: boolean;
  /** No key is looked for, nor whether it has room: the only server there is, or the only backup server in use. */
  private only: Server | undefined = undefined;
  /** Where the last request without a key went. */
  private last: number = NONE;

  /**
   * `factor`: `hash-balance-factor`, 0 for none. `always`: keys are looked for also where there is only one server, as
   * HAProxy does for some algorithms.
   */
  constructor(factor: number, always: boolean) {
    this.load = new Load(factor);
    this.always = always;
  }

  rebuild(servers: readonly Server[]): void {
    const present = new Set(servers);
    for (const server of this.members) if (!present.has(server)) this.leave(server);
    this.members = servers;
    this.only = soleBackup(servers) ?? (servers.length === 1 && !this.always ? servers[0] : undefined);
    const empty = this.ring.length === 0;
    for (const server of servers) {
      if (server.lb.weight === 0) this.enter(server);
      if (!empty) this.settle(server);
    }
    this.room.rebuild(servers);
    if (empty) this.fill(servers);
    this.load.rebuild(servers);
  }

  pick(key: number, avoid: Server | undefined): Server | undefined {
    if (this.only !== undefined) return this.only;
    return key === NO_KEY ? this.turn(avoid) : this.nearest(key, avoid);
  }

  taken(server: Server): void {
    this.load.taken();
    this.room.taken(server);
  }

  takenElsewhere(): void {
    this.load.taken();
  }

  droppedElsewhere(): void {
    this.load.dropped();
  }

  dropped(server: Server): void {
    this.load.dropped();
    this.room.dropped(server);
  }

  private nearest(key: number, avoid: Server | undefined): Server | undefined {
    const { ring } = this;
    const start = ring.closest(key);
    if (start === NONE) return undefined;
    let server = ring.serverAt(start);
    if (server !== avoid && this.load.allows(server)) return server;
    for (let point = ring.after(start); point !== start; point = ring.after(point)) {
      server = ring.serverAt(point);
      if (server !== avoid && this.load.allows(server)) break;
    }
    return server;
  }

  private turn(avoid: Server | undefined): Server | undefined {
    const { ring, room } = this;
    if (room.none || ring.length === 0) return undefined;
    let avoided = NONE;
    let point = this.last === NONE ? ring.first() : ring.after(this.last);
    for (let i = 0; i < ring.length; i++) {
      const server = ring.serverAt(point);
      if (room.of(server)) {
        if (server !== avoid) {
          this.last = point;
          return server;
        }
        avoided = point;
      }
      point = ring.after(point);
    }
    this.last = avoided;
    return avoided === NONE ? undefined : ring.serverAt(avoided);
  }

  private enter(server: Server): void {
    server.lb.order = this.ring.register(server);
    if (server.lb.most === 0) server.lb.most = server.weight * SCALE;
  }

  private fill(servers: readonly Server[]): void {
    this.ring.fill(servers);
    for (const { lb, eweight } of servers) {
      lb.weight = eweight;
      lb.most = Math.max(lb.most, eweight);
    }
  }

  /** As many points as its weight asks for now. Beyond what it ever had, HAProxy takes all of them away first. */
  private settle({ lb, eweight, id }: Server): void {
    if (eweight > lb.most) {
      this.ring.remove(lb.order, id, 0, lb.weight, this.leaving);
      lb.weight = 0;
      lb.most = eweight;
    }
    if (eweight > lb.weight) this.ring.add(lb.order, id, lb.weight, eweight);
    else this.ring.remove(lb.order, id, eweight, lb.weight, this.leaving);
    lb.weight = eweight;
  }

  private leave({ lb, id }: Server): void {
    this.ring.remove(lb.order, id, 0, lb.weight, this.leaving);
    this.ring.unregister(lb.order);
    lb.weight = 0;
  }

  /** The turn goes on from the point behind. */
  private readonly leaving = (point: number): void => {
    if (point !== this.last) return;
    const after = this.ring.after(point);
    this.last = after === point ? NONE : after;
  };
}
