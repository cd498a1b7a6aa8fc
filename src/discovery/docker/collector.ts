/** What comes of an engine's containers while the lines of the configuration are gone over: pools, claims, notes. */

import { isDeepStrictEqual } from 'node:util';
import type { DiscoveredServer, Note, PoolOptions, Route } from '../provider.ts';
import type { Claim } from './claims.ts';
import type { Container } from './container.ts';

export class Collector {
  /** By backend, by container. */
  readonly pools = new Map<string, Map<string, DiscoveredServer>>();
  /** Of the pools that routes have made. */
  readonly poolOptions = new Map<string, PoolOptions>();
  readonly claims: Claim[] = [];
  private readonly told = new Map<string, Note>();

  get notes(): readonly Note[] {
    return [...this.told.values()];
  }

  pool(name: string): Map<string, DiscoveredServer> {
    const pool = this.pools.get(name) ?? new Map<string, DiscoveredServer>();
    this.pools.set(name, pool);
    return pool;
  }

  join(container: Container, name: string, server: DiscoveredServer): void {
    const pool = this.pool(name);
    const other = pool.get(container.id);
    if (other === undefined) pool.set(container.id, server);
    else if (!isDeepStrictEqual(other, server)) {
      this.note('warning', container.name, `is in pool '${name}' already, with other parameters; label service= makes it two pools`);
    }
  }

  /** The oldest container's word counts. */
  option(container: Container, pool: string, { balance }: PoolOptions): void {
    const known = this.poolOptions.get(pool);
    if (balance !== undefined && known?.balance !== undefined && !isDeepStrictEqual(balance, known.balance)) {
      this.note('warning', container.name, `pool '${pool}' balances by '${known.balance.algorithm}', as an older container says`);
    }
    this.poolOptions.set(pool, { balance: known?.balance ?? balance });
  }

  /** A pool that lost all its claims gets no traffic: it is no backend. */
  dropUnrouted(routes: readonly Route[]): void {
    const routed = new Set(routes.map((route) => route.pool));
    for (const name of this.poolOptions.keys()) {
      if (routed.has(name)) continue;
      this.poolOptions.delete(name);
      this.pools.delete(name);
    }
  }

  placed(container: Container, server: DiscoveredServer, text: string): void {
    if (server.state === 'ready') this.note('info', container.name, text);
    else this.note(server.config.address === undefined ? 'warning' : 'info', container.name, `${text}; ${server.state}: ${server.reason}`);
  }

  note(level: Note['level'], subject: string, message: string): void {
    const key = `${subject}\n${message}`;
    if (!this.told.has(key)) this.told.set(key, { level, subject, message });
  }
}
