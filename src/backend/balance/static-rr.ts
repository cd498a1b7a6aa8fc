/** `balance static-rr`: the entries of the weight map in turn. */

import type { Server } from '../server.ts';
import type { Balance } from '../types.ts';
import { WeightMap } from './map.ts';

export class StaticRoundRobin implements Balance {
  readonly bound = false;
  readonly dynamic = false;
  private readonly map: WeightMap = new WeightMap();

  rebuild(servers: readonly Server[]): void {
    this.map.rebuild(servers);
  }

  pick(_key: number, avoid: Server | undefined): Server | undefined {
    return this.map.turn(avoid);
  }

  taken(server: Server): void {
    this.map.taken(server);
  }

  dropped(server: Server): void {
    this.map.dropped(server);
  }
}
