/** Who knows many containers and hears of one does not think about the others again: what has not changed is the same object. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { DesiredState } from '../../../src/state/types.ts';
import { until } from '../../support/wait.ts';
import { FakeEngine } from './fake-engine.ts';
import { Tables } from './tables.ts';

describe('an event about one container', () => {
  let engine: FakeEngine;
  let tables: Tables;
  let ids: readonly string[];

  beforeEach(async () => {
    engine = new FakeEngine();
    await engine.listen();
    const labels = (i: number) => ({
      'com.docker.compose.project': 'shop',
      'com.docker.compose.service': `service${i % 5}`,
      'fairlead.host': `h${i % 5}.test`,
      'fairlead.sticky': 'cookie',
      'fairlead.check.interval': '2s',
    });
    ids = Array.from({ length: 20 }, (_, i) => engine.create(`c${i}`, { labels: labels(i), stopTimeout: 3600 }));
    tables = new Tables(engine.endpoint);
    await until('all are routed', () => tables.state.backends.size === 5);
  });

  afterEach(async () => {
    await tables.stop();
    await engine.dispose();
  });

  /** Waits until `what` is true; answers the state before and then. */
  async function step(happen: () => void, what: (state: DesiredState) => boolean): Promise<readonly [DesiredState, DesiredState]> {
    const before = tables.state;
    happen();
    await until('it is in the state', () => what(tables.state));
    return [before, tables.state];
  }

  const others = (state: DesiredState, pool: string) => [...state.backends].filter(([name]) => name !== pool);

  it('leaves the servers beside it, the other pools and the routes what they were', async () => {
    const [before, after] = await step(
      () => engine.kill(ids[3] ?? '', '15'),
      (state) => state.backends.get('service3.shop')?.servers[0]?.state === 'drain',
    );
    const servers = (state: DesiredState) => state.backends.get('service3.shop')?.servers ?? [];
    assert.equal(servers(after).length, 4);
    for (const [name, backend] of others(after, 'service3.shop')) assert.equal(backend, before.backends.get(name), name);
    for (const i of [1, 2, 3]) assert.equal(servers(after)[i], servers(before)[i]);
    assert.notEqual(servers(after)[0], servers(before)[0]);
    assert.equal(after.backends.get('service3.shop')?.config, before.backends.get('service3.shop')?.config);
    assert.equal(after.routes.get('www'), before.routes.get('www'));
  });

  it('that makes a new pool leaves all the others what they were', async () => {
    const [before, after] = await step(
      () => engine.run('new', { labels: { 'fairlead.host': 'new.test' } }),
      (state) => state.backends.has('new'),
    );
    assert.equal(others(after, 'new').length, 5);
    for (const [name, backend] of others(after, 'new')) assert.equal(backend, before.backends.get(name), name);
    const routes = new Set(before.routes.get('www'));
    assert.equal(after.routes.get('www')?.filter((route) => routes.has(route)).length, 5);
  });
});
