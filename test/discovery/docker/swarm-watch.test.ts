import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { DockerProvider } from '../../../src/discovery/docker/provider.ts';
import { SWARM_TIMINGS, type SwarmTimings } from '../../../src/discovery/docker/swarm-watch.ts';
import { WATCH_TIMINGS } from '../../../src/discovery/docker/watch.ts';
import type { Snapshot } from '../../../src/discovery/provider.ts';
import { until } from '../../support/wait.ts';
import { config, dockerRoutes, engineConfig, proxy } from '../make.ts';
import { FakeEngine, type FakeSwarm } from './fake-engine.ts';
import { NODES, nodeAnswer, serviceAnswer, swarmId, taskAnswer } from './swarm-answers.ts';

const routes = config([proxy('www', { kind: 'frontend', dockerRoutes: [dockerRoutes()] })]);
/** Nothing is asked a second time unless something tells to. */
const LAZY: SwarmTimings = { quick: 1, settle: 0, busy: 3_600_000, slow: 3_600_000, none: 3_600_000, first: 60_000 };
const EAGER: SwarmTimings = { ...LAZY, slow: 10, busy: 10, none: 10 };

const labels = { 'fairlead.host': 'www.test', 'fairlead.port': '8089' };
const PUBLISHED = [{ Protocol: 'tcp', TargetPort: 8089, PublishedPort: 32768, PublishMode: 'host' }];
const node = nodeAnswer(NODES.there, 'two', { State: 'ready', Addr: '192.0.2.2' });

function task(container: string, more: object = {}): object {
  return taskAnswer('web', { container, slot: 1, ports: PUBLISHED, ...more });
}

function swarm(...tasks: readonly object[]): FakeSwarm {
  return { services: [serviceAnswer('web', { labels })], tasks, nodes: [node] };
}

describe('what a manager knows of its Swarm', () => {
  let engine: FakeEngine;
  let abort: AbortController;
  let running: Promise<void>[];
  let published: Snapshot[];
  let lines: string[];

  beforeEach(async () => {
    engine = new FakeEngine();
    await engine.listen();
    abort = new AbortController();
    running = [];
    published = [];
    lines = [];
  });

  afterEach(async () => {
    abort.abort();
    await Promise.all(running);
    await engine.dispose();
  });

  function start(swarmTimings: SwarmTimings): void {
    const provider = new DockerProvider({
      engine: { ...engineConfig, endpoint: engine.endpoint },
      config: routes,
      env: {},
      self: { hostname: 'somewhere' },
      events: { event: (_level, message) => lines.push(message) },
      timings: { ...WATCH_TIMINGS, backoff: [5, 20] },
      swarmTimings,
    });
    running.push(provider.run((snapshot) => published.push(snapshot), abort.signal));
  }

  const asked = (path: string) => engine.asked.filter((other) => other === path).length;
  const now = () =>
    published
      .at(-1)
      ?.pools.get('web')
      ?.map(({ config: server, state }) => `${server.identity.slice(0, 3)} ${state}`)
      .join();
  const becomes = (expected: string | undefined) =>
    until(`the pool is ${expected}`, () => published.length > 0 && now() === expected).catch((error: unknown) => {
      throw new Error(`it is ${now()}`, { cause: error });
    });

  it('is there with the first snapshot', async () => {
    engine.swarm = swarm(task('aaa'), task('bbb'));
    start(LAZY);
    await becomes('aaa ready,bbb ready');
    assert.equal(published.length, 1);
    assert.ok(
      lines.some((line) => line.endsWith('manages a Swarm, 1 services')),
      lines.join('\n'),
    );
  });

  it('is asked for again at an event of a service or a node, and now and then', async () => {
    engine.swarm = swarm(task('aaa'));
    start(LAZY);
    await becomes('aaa ready');
    for (const [type, container] of [
      ['service', 'bbb'],
      ['node', 'ccc'],
    ] as const) {
      engine.swarm = swarm(task(container));
      engine.write(JSON.stringify({ Type: type, Action: 'update', Actor: { ID: swarmId('web'), Attributes: {} }, scope: 'swarm' }));
      await becomes(`${container} ready`);
    }
    abort.abort();
    await Promise.all(running);
    abort = new AbortController();
    start(EAGER);
    engine.swarm = swarm(task('ddd'));
    await becomes('ddd ready');
  });

  it('costs nothing where nothing has changed', async () => {
    engine.swarm = swarm(task('aaa'));
    start(EAGER);
    await becomes('aaa ready');
    const looks = asked('/tasks');
    await until('it was asked ten times', () => asked('/tasks') > looks + 10);
    assert.equal(published.length, 1);
  });

  it('is waited for when a container turns up that is a task of a service nobody has heard of', async () => {
    engine.swarm = swarm();
    start(LAZY);
    await becomes('');
    engine.swarm = swarm(task('aaa'), taskAnswer('late', { container: 'bbb' }));
    engine.swarm.services = [...engine.swarm.services, serviceAnswer('late', { labels: { ...labels, 'fairlead.service': 'web' } })];
    engine.run('late.1', { labels: { 'com.docker.swarm.service.id': swarmId('late') } });
    await until('both are there', () => now()?.split(',').length === 3);
  });

  it('is nothing where the engine manages none, until it does', async () => {
    engine.run('plain', { labels: { 'fairlead.host': 'plain.test' } });
    start(LAZY);
    await until('the container is routed', () => published.at(-1)?.pools.get('plain')?.length === 1);
    assert.deepEqual([asked('/services'), lines.filter((line) => /[Ss]warm/.test(line))], [1, []]);
    engine.swarm = swarm(task('aaa'));
    engine.write(JSON.stringify({ Type: 'node', Action: 'create', Actor: { ID: NODES.here } }));
    await becomes('aaa ready');
    engine.swarm = undefined;
    engine.write(JSON.stringify({ Type: 'node', Action: 'update', Actor: { ID: NODES.here } }));
    await until('it is none again', () => published.at(-1)?.pools.has('web') === false);
    assert.ok(
      lines.some((line) => line.includes('manages its Swarm no longer: it answers')),
      lines.join('\n'),
    );
  });

  for (const path of ['/services', '/tasks']) {
    it(`is not asked for again where a socket proxy denies ${path}`, async () => {
      engine.swarm = swarm(task('aaa'));
      engine.denied.add(path);
      engine.run('plain', { labels });
      start(EAGER);
      await until('the container is routed', () => published.at(-1)?.pools.get('plain')?.length === 1);
      engine.write(JSON.stringify({ Type: 'service', Action: 'update', Actor: { ID: swarmId('web') } }));
      engine.run('other', { labels: { 'fairlead.host': 'other.test' } });
      await until('the other one is routed', () => published.at(-1)?.pools.get('other')?.length === 1);
      assert.deepEqual([asked(path), lines.filter((line) => /[Ss]warm/.test(line))], [1, []]);
    });
  }

  it('does without its nodes where they are denied', async () => {
    engine.denied.add('/nodes');
    engine.swarm = { ...swarm(task('aaa')), nodes: [] };
    start(LAZY);
    await becomes('aaa down');
  });

  it('stands while the manager does not know', async () => {
    engine.swarm = swarm(task('aaa'));
    start(EAGER);
    await becomes('aaa ready');
    engine.swarm = { services: {}, tasks: [], nodes: [] } as unknown as FakeSwarm;
    await until('it is told', () => lines.some((line) => line.includes('its Swarm cannot be read')));
    const looks = asked('/services');
    await until('it is asked again', () => asked('/services') > looks + 3);
    assert.equal(lines.filter((line) => line.includes('cannot be read')).length, 1);
    assert.equal(now(), 'aaa ready');
    engine.swarm = swarm(task('bbb'));
    await becomes('bbb ready');
  });

  const passing: readonly (readonly [string, () => void])[] = [
    [
      'is not ready yet after a restart',
      () => {
        engine.swarm = undefined;
        engine.noManager = 'This node is not a swarm manager. Manager is being prepared or has trouble connecting to the cluster.';
      },
    ],
    ['has no leader', () => engine.refused.set(/^\/services$/, 500)],
    ['has been asked too often', () => engine.refused.set(/^\/services$/, 429)],
    ['is asked by way of a proxy that was too slow', () => engine.refused.set(/^\/tasks$/, 408)],
  ];
  for (const [what, happens] of passing) {
    it(`stands while the manager ${what}`, async () => {
      engine.swarm = swarm(task('aaa'));
      start({ ...EAGER, none: LAZY.none });
      await becomes('aaa ready');
      happens();
      await until('it is told', () => lines.some((line) => line.includes('its Swarm cannot be read')));
      assert.equal(now(), 'aaa ready');
      engine.refused.clear();
      engine.swarm = swarm(task('bbb'));
      await becomes('bbb ready');
      assert.ok(!lines.some((line) => line.includes('no longer')), lines.join('\n'));
    });
  }

  it('is asked for soon again where it has been lost', async () => {
    engine.swarm = swarm(task('aaa'));
    start({ ...LAZY, settle: 60_000, busy: 5 });
    await becomes('aaa ready');
    engine.swarm = undefined;
    await until('it is lost', () => lines.some((line) => line.includes('manages its Swarm no longer')));
    engine.swarm = swarm(task('bbb'));
    await becomes('bbb ready');
  });

  it('holds the first snapshot back no longer than a while', async () => {
    engine.run('plain', { labels });
    engine.swarm = swarm(task('aaa'));
    engine.swarmGate = new Promise(() => {});
    start({ ...LAZY, first: 1 });
    await until('the container is routed', () => published.at(-1)?.pools.get('plain')?.length === 1);
  });

  it('has sensible pauses', () => {
    const { quick, busy, slow, none } = SWARM_TIMINGS;
    assert.ok(quick < busy && busy < slow && slow < none);
  });
});
