/**
 * `balance static-rr`: the entries of the weight map in turn. A saturated server's entries are skipped: while some
 * servers are full a pick looks at up to all entries in between, and at none when all are full.
 */

import type { Server } from '../server.ts';
import type { Balance } from '../types.ts';
import { weightMap } from './map.ts';

export class StaticRoundRobin implements Balance {
  readonly bound = false;
  private map: readonly Server[] = [];
  private at = 0;
  /** Servers with a free slot; those have `lb.index` 0. */
  private free = 0;

  rebuild(servers: readonly Server[]): void {
    this.map = weightMap(servers);
    this.at = 0;
    this.free = 0;
    for (const server of servers) {
      server.lb.index = server.saturated ? -1 : 0;
      if (!server.saturated) this.free++;
    }
  }

  pick(_key: number, avoid: Server | undefined): Server | undefined {
    if (this.free === 0) return undefined;
    const map = this.map;
    let avoided: Server | undefined;
    for (let i = 0; i < map.length; i++) {
      const server = map[this.at] as Server;
      this.at = this.at + 1 === map.length ? 0 : this.at + 1;
      if (server.lb.index < 0) continue;
      if (server !== avoid) return server;
      avoided = server;
    }
    return avoided;
  }

  taken(server: Server): void {
    if (server.lb.index < 0 || !server.saturated) return;
    server.lb.index = -1;
    this.free--;
  }

  dropped(server: Server): void {
    if (server.lb.index >= 0 || server.saturated) return;
    server.lb.index = 0;
    this.free++;
  }
}
