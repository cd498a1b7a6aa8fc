import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readContainer, readSummary } from '../../../src/discovery/docker/container.ts';
import { JsonSplitter, readEvent } from '../../../src/discovery/docker/events.ts';
import { until } from '../../support/wait.ts';
import { Rig } from './rig.ts';
import { SHAPES, type Shape } from './shapes.ts';

const ID = '3a13ca1e6595a98e4096b323af66c798884f9501c4560f841e8530015eb95bf3';

/** `action container signal` of each event that matters. */
const STORY: readonly string[] = [
  'connect',
  'start',
  'health_status',
  'connect',
  'pause',
  'unpause',
  'rename',
  'kill 1',
  'kill 15',
  'die',
  'disconnect',
  'disconnect',
  'stop',
  'destroy',
];

function stream({ events }: Shape): Buffer {
  return Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
}

function read(chunks: readonly Buffer[]): readonly string[] {
  const splitter = new JsonSplitter();
  const events = chunks.flatMap((chunk) => splitter.push(chunk)).map(readEvent);
  return events.flatMap((event) => (event === undefined ? [] : `${event.action} ${event.signal ?? ''}`.trim()));
}

for (const shape of SHAPES) {
  describe(`API ${shape.api}`, () => {
    it('is read as a container', () => {
      const { labels, env, networks, ...rest } = readContainer(shape.inspect);
      assert.deepEqual(
        [rest.id, rest.name, rest.image, rest.state, rest.health, rest.networkMode],
        [ID, 'web', 'eviking/mydockerapp', 'running', 'healthy', 'front'],
      );
      assert.deepEqual([rest.created, rest.started], [1795306162190, 1795306162703]);
      assert.deepEqual([rest.exposed, rest.published], [[8089], [{ port: 8089, hostIp: '127.0.0.1', hostPort: 18089 }]]);
      assert.deepEqual(
        networks.map(({ network, ipv4, ipv6, gateway }) => [network, ipv4, ipv6, gateway]),
        [['front', '172.18.0.2', undefined, '172.18.0.1']],
      );
      assert.deepEqual([labels.get('fairlead.host'), env.get('SERVICE_NAME')], ['www.example.test', 'web']);
      assert.deepEqual([rest.stopSignal, rest.stopTimeout], [15, 10_000]);
    });

    it('is read as a container that has exited', () => {
      const { state, networks, published } = readContainer(shape.exited);
      assert.deepEqual([state, published], ['exited', []]);
      assert.deepEqual(
        networks.map(({ ipv4 }) => ipv4),
        networks.map(() => undefined),
      );
    });

    it('is read without what may be null or missing', () => {
      const { Config, NetworkSettings, ...rest } = shape.inspect;
      for (const none of [null, undefined]) {
        const bare = readContainer({
          ...rest,
          State: { Status: 'running', Health: none },
          Config: { ...(Config as object), Labels: none, Env: none, ExposedPorts: none, StopSignal: none, StopTimeout: none },
          HostConfig: none,
          NetworkSettings: { ...(NetworkSettings as object), Ports: none, Networks: none },
        });
        assert.deepEqual([bare.labels.size, bare.env.size, bare.networks, bare.exposed, bare.published], [0, 0, [], [], []]);
        assert.deepEqual([bare.state, bare.health, bare.networkMode, bare.stopSignal], ['running', 'none', '', 15]);
        assert.equal(readContainer({ ...rest, State: none, Config: none, NetworkSettings: none }).state, 'exited');
      }
    });

    it('has a line in the list that changes with what matters, and with nothing else', () => {
      const [line = {}] = shape.list;
      const { fingerprint, ...rest } = readSummary(line);
      assert.deepEqual(rest, { id: ID, state: 'running' });
      assert.equal(readSummary({ ...line, Status: 'Up 3 hours (healthy)', Command: 'other', SizeRw: 1 }).fingerprint, fingerprint);
      const changes: readonly object[] = [
        { State: 'paused' },
        'Health' in line ? { Health: { Status: 'unhealthy', FailingStreak: 3 } } : { Status: 'Up 2 seconds (unhealthy)' },
        { Names: ['/other'] },
        { NetworkSettings: { Networks: null } },
        { Ports: null },
      ];
      for (const change of changes) assert.notEqual(readSummary({ ...line, ...change }).fingerprint, fingerprint, JSON.stringify(change));
    });

    it('tells its events', () => {
      assert.deepEqual(read([stream(shape)]), STORY);
    });

    it('is replayed byte by byte', async () => {
      const rig = await Rig.make();
      const { engine } = rig;
      engine.apiVersion = shape.api;
      engine.minApiVersion = shape.api === '1.41' ? '1.12' : '1.44';
      engine.pieces = 1;
      try {
        engine.adopt(shape.inspect);
        rig.start();
        await rig.is('172.18.0.2 ready');
        assert.equal(engine.usedVersion, shape.api);
        const kill = shape.events.findIndex(({ Action, Actor }) => Action === 'kill' && attribute(Actor, 'signal') === '15');
        for (const event of shape.events.slice(0, kill)) engine.write(`${JSON.stringify(event)}\n`);
        engine.run('witness'); // the next thing that happens shows that these have been seen
        await until('they have been seen', () => rig.now()?.length === 2);
        assert.equal(rig.now()?.includes('172.18.0.2 ready'), true);
        engine.write(JSON.stringify(shape.events[kill]));
        await until('it is draining', () => rig.now()?.includes('172.18.0.2 drain'));
        engine.forget(ID);
        for (const event of shape.events.slice(kill + 1)) engine.write(JSON.stringify(event));
        await rig.is('172.17.0.2 ready');
      } finally {
        await rig.dispose();
      }
    });
  });
}

describe('a stream of events', () => {
  const [oldest, newest] = [SHAPES[0], SHAPES.at(-1)] as const;
  for (const shape of [oldest, newest]) {
    it(`of API ${shape?.api} may be split anywhere`, () => {
      const bytes = shape === undefined ? Buffer.alloc(0) : stream(shape);
      for (let at = 1; at < bytes.length; at++) assert.deepEqual(read([bytes.subarray(0, at), bytes.subarray(at)]), STORY, `at ${at}`);
    });
  }
});

function attribute(actor: unknown, name: string): unknown {
  return (actor as { readonly Attributes: Readonly<Record<string, unknown>> }).Attributes[name];
}
