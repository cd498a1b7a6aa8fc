/** Two engines, and a place for two containers of each. */

import { after, afterEach, before, beforeEach } from 'node:test';
import { FakeEngine } from '../discovery/docker/fake-engine.ts';
import type { Fairlead } from '../support/fairlead.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

export interface TwoEngines {
  readonly places: Map<string, Upstream>;
  readonly east: FakeEngine;
  readonly west: FakeEngine;
  /** What a test starts is stopped after it. */
  fairlead: Fairlead;
}

/** Hooks of the suite that asks: the engines are other ones for each test, the places `e1`, `e2`, `w1`, `w2` (`start`) stay. */
export function twoEngines(start: (name: string) => Promise<Upstream> = startUpstream): TwoEngines {
  const stage = { places: new Map<string, Upstream>() } as { -readonly [Key in keyof TwoEngines]: TwoEngines[Key] };
  before(async () => {
    for (const name of ['e1', 'e2', 'w1', 'w2']) stage.places.set(name, await start(name));
  });
  after(async () => {
    for (const place of stage.places.values()) await place.stop();
  });
  beforeEach(async () => {
    [stage.east, stage.west] = [new FakeEngine(100), new FakeEngine()];
    await stage.east.listen();
    await stage.west.listen();
  });
  afterEach(async () => {
    await stage.fairlead?.stop();
    await stage.east.dispose();
    await stage.west.dispose();
  });
  return stage;
}

/** How a configuration begins that knows both; it ends in `defaults`. */
export function sectionsOf({ east, west }: TwoEngines): string {
  return `docker east
    endpoint ${east.endpoint}
docker west
    endpoint ${west.endpoint}
defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s`;
}
