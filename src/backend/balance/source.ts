/**
 * `balance source`, `hash-type map-based` (HAProxy's default): the key's entry in the weight map. A client keeps its
 * server as long as the set of usable servers and their weights stay; when that server is full the client waits for it.
 */

import type { Server } from '../server.ts';
import type { Balance } from '../types.ts';
import { weightMap } from './map.ts';

export class Source implements Balance {
  readonly bound = true;
  private map: readonly Server[] = [];

  rebuild(servers: readonly Server[]): void {
    this.map = weightMap(servers);
    for (const server of servers) server.lb.index = 0;
  }

  /** With `avoid`, the next entry of another server: a retry elsewhere is the same elsewhere for this client. */
  pick(key: number, avoid: Server | undefined): Server | undefined {
    const map = this.map;
    if (map.length === 0) return undefined;
    const start = key % map.length;
    const server = map[start];
    if (server !== avoid) return server;
    for (let i = 1; i < map.length; i++) {
      const other = map[(start + i) % map.length];
      if (other !== avoid) return other;
    }
    return server;
  }

  taken(): void {}

  dropped(): void {}
}
