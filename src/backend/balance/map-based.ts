/**
 * `hash-type map-based` (HAProxy's default): the key's entry in the weight map. A client keeps its server as long as the
 * set of usable servers stays; when that server is full the client waits for it, and a retry goes there again.
 */

import type { Server } from '../server.ts';
import { type Balance, NO_KEY } from '../types.ts';
import { WeightMap } from './map.ts';

export class MapBased implements Balance {
  readonly bound = true;
  readonly dynamic = false;
  private readonly map: WeightMap = new WeightMap();
  private readonly always: boolean;
  /** No key is looked for, nor whether it has room. */
  private only: Server | undefined = undefined;

  /** `always`: keys are looked for also where there is only one server, as HAProxy does for some algorithms. */
  constructor(always: boolean) {
    this.always = always;
  }

  rebuild(servers: readonly Server[]): void {
    this.map.rebuild(servers);
    this.only = servers.length === 1 && !this.always ? servers[0] : undefined;
  }

  pick(key: number, avoid: Server | undefined): Server | undefined {
    if (this.only !== undefined) return this.only;
    return key === NO_KEY ? this.map.turn(avoid) : this.map.entry(key);
  }

  taken(server: Server): void {
    this.map.taken(server);
  }

  dropped(server: Server): void {
    this.map.dropped(server);
  }
}
