/**
 * What comes of an engine's containers while the lines of the configuration are gone over: pools, claims, notes.
 *
 * What is empty here is for `recorder.ts`, which remembers what became of each container when somebody asks why.
 */

import { isDeepStrictEqual } from 'node:util';
import type { DockerRoutesConfig, DockerSelector, DockerServersConfig, ProxyConfig, RolloutMode } from '../../config/model.ts';
import type { Labels, Reading, Subject } from '../labels/settings.ts';
import { firstWord, mergeOptions } from '../pool-options.ts';
import type { DiscoveredServer, Note, PoolOptions, RolloutWord, Route } from '../provider.ts';
import type { Claim } from './claims.ts';
import type { Container } from './container.ts';

/** A container that has become a server. */
export interface Placement {
  readonly server: DiscoveredServer;
  /** Where its traffic goes, for people. */
  readonly where: string;
  readonly backend: string;
  readonly routes: readonly Route[];
  /** The whole of it, for people. */
  readonly text: string;
}

export class Collector {
  /** By backend, by container. */
  readonly pools = new Map<string, Map<string, DiscoveredServer>>();
  /** Of the pools that routes have made. */
  readonly poolOptions = new Map<string, PoolOptions>();
  readonly claims: Claim[] = [];
  readonly rollouts = new Map<string, RolloutWord>();
  /** By subject, by message. */
  private readonly told = new Map<string, Map<string, Note>>();

  get notes(): readonly Note[] {
    return [...this.told.values()].flatMap((notes) => [...notes.values()]);
  }

  pool(name: string): Map<string, DiscoveredServer> {
    const pool = this.pools.get(name) ?? new Map<string, DiscoveredServer>();
    this.pools.set(name, pool);
    return pool;
  }

  /** False: it is a server of that pool already, with another port, and what `server` is for must not go there. */
  join(container: Container, name: string, server: DiscoveredServer): boolean {
    const pool = this.pool(name);
    const other = pool.get(container.id);
    if (other === undefined) {
      pool.set(container.id, server);
      return true;
    }
    if (isDeepStrictEqual(other, server)) return true;
    const isThere = other.config.port === server.config.port;
    const already = `is in pool '${name}' already, with ${isThere ? 'other parameters' : `port ${other.config.port}`}`;
    this.note(isThere ? 'warning' : 'error', container.name, `${already}; label service= makes it two pools`);
    return isThere;
  }

  /** The oldest container's word counts. */
  option(container: Container, pool: string, wanted: PoolOptions): void {
    const { options, overruled } = mergeOptions(this.poolOptions.get(pool) ?? {}, wanted);
    for (const name of overruled) this.note('warning', container.name, `pool '${pool}' has another ${name}, as an older container says`);
    this.poolOptions.set(pool, options);
  }

  /** The first word about a backend counts, and a container's goes over its line's. */
  rollOut(backend: string, said: RolloutMode | undefined, line: RolloutMode | undefined): void {
    const mode = said ?? line;
    if (mode !== undefined) this.rollouts.set(backend, firstWord(this.rollouts.get(backend), { mode, byLine: said === undefined }));
  }

  /** The pools as a source tells them. */
  servers(): ReadonlyMap<string, readonly DiscoveredServer[]> {
    return new Map([...this.pools].map(([name, servers]) => [name, [...servers.values()]]));
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

  /** The line that is gone over from now on. */
  enter(_proxy: ProxyConfig, _line: DockerServersConfig | DockerRoutesConfig): void {}

  /** A container has been asked for its words. */
  heard(_subject: Subject, _reading: Reading, _labels: Labels): void {}

  /** A line leaves a container alone, which is no news. */
  passedOver(_container: Container, _why: () => string, _isMeant: boolean): void {}

  /** A line means other containers. */
  unselected(_container: Container, _selector: DockerSelector): void {}

  placed(container: Container, { server, text }: Placement): void {
    if (server.state === 'ready') this.note('info', container.name, text);
    else this.note(server.config.address === undefined ? 'warning' : 'info', container.name, `${text}; ${server.state}: ${server.reason}`);
  }

  note(level: Note['level'], subject: string, message: string): void {
    let notes = this.told.get(subject);
    if (notes === undefined) {
      notes = new Map();
      this.told.set(subject, notes);
    }
    if (!notes.has(message)) notes.set(message, { level, subject, message });
  }
}
