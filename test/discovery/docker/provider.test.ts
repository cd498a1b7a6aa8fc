import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Config, DockerEngineConfig } from '../../../src/config/model.ts';
import { Level } from '../../../src/core/log.ts';
import { enginesInUse } from '../../../src/discovery/docker/provider.ts';
import type { WatchTimings } from '../../../src/discovery/docker/watch.ts';
import type { Snapshot } from '../../../src/discovery/provider.ts';
import type { Recorder } from '../../support/recorder.ts';
import { until } from '../../support/wait.ts';
import { config, dockerRoutes, dockerServers, engineConfig, proxy } from '../make.ts';
import type { FakeEngine } from './fake-engine.ts';
import { eager, Rig } from './rig.ts';

let rig: Rig;
let engine: FakeEngine;
let log: Recorder;
let published: readonly Snapshot[];

beforeEach(async () => {
  rig = await Rig.make();
  ({ engine, log, published } = rig);
});

afterEach(() => rig.dispose());

const start = (timings?: WatchTimings, configuration?: Config) => rig.start(timings, configuration);
const now = () => rig.now();
const is = (...expected: string[]) => rig.is(...expected);
const count = (path: RegExp) => rig.count(path);
const inspections = () => count(/^\/containers\/[0-9a-f]+\/json$/);

describe('a Docker engine as a source', () => {
  it('publishes what runs, and what comes and goes', async () => {
    const first = engine.create('one');
    start();
    await is('172.17.0.2 ready');
    const second = engine.run('two');
    await is('172.17.0.2 ready', '172.17.0.3 ready');
    engine.die(first);
    engine.destroy(first);
    await is('172.17.0.3 ready');
    engine.die(second);
    await is();
  });

  it('subscribes before it lists, and applies what came in between', async () => {
    const early = engine.create('early');
    engine.beforeList = () => {
      engine.beforeList = () => {};
      engine.run('between');
      engine.kill(early, '15');
    };
    start();
    await is('172.17.0.2 drain', '172.17.0.3 ready');
    const asked = engine.asked.filter((path) => path === '/events' || path === '/containers/json');
    assert.deepEqual(asked, ['/events', '/containers/json']);
  });

  it('inspects only the container that an event is about', async () => {
    for (let i = 0; i < 20; i++) engine.create(`c${i}`);
    start();
    await until('all are known', () => now()?.length === 20);
    const before = inspections();
    engine.run('new');
    await until('the new one is known', () => now()?.length === 21);
    assert.equal(inspections() - before, 1);
    assert.equal(count(/^\/containers\/json$/), 1);
  });

  it('follows events that arrive in pieces', async () => {
    const one = engine.create('one');
    start();
    await is('172.17.0.2 ready');
    const event = JSON.stringify({ Type: 'container', Action: 'kill', Actor: { ID: one, Attributes: { signal: '15' } } });
    engine.write(event.slice(0, 20));
    engine.write(event.slice(20));
    await is('172.17.0.2 drain');
  });

  it('follows health, pause and networks', async () => {
    const one = engine.create('one');
    start();
    await is('172.17.0.2 ready');
    engine.state(one, 'running', 'unhealthy');
    engine.emit('health_status: unhealthy', one);
    await is('172.17.0.2 down');
    engine.state(one, 'running', 'healthy');
    engine.emit('health_status: healthy', one);
    await is('172.17.0.2 ready');
    engine.state(one, 'paused');
    engine.emit('pause', one);
    await is('172.17.0.2 down');
    engine.state(one, 'running');
    engine.emit('unpause', one);
    await is('172.17.0.2 ready');
    engine.move(one, 'front', '10.0.1.7');
    await is('10.0.1.7 ready');
  });

  it('makes one snapshot of a burst', async () => {
    start();
    await is();
    const before = published.length;
    const ids = Array.from({ length: 10 }, (_, i) => engine.create(`c${i}`));
    engine.write(ids.map((id) => JSON.stringify({ Type: 'container', Action: 'start', Actor: { ID: id } })).join('\n'));
    await until('all are known', () => now()?.length === 10);
    assert.ok(published.length - before <= 10, `${published.length - before} snapshots`);
    const lists = published.length;
    engine.write(
      ids.map((id) => JSON.stringify({ Type: 'container', Action: 'kill', Actor: { ID: id, Attributes: { signal: '15' } } })).join(''),
    );
    await until('all are leaving', () => now()?.every((line) => line.endsWith('drain')) === true);
    assert.equal(published.length - lists, 1);
  });

  it('reads what is known under a new configuration', async () => {
    engine.create('one');
    const provider = start();
    await is('172.17.0.2 ready');
    provider.reconfigure(config([proxy('www', { kind: 'frontend', dockerRoutes: [dockerRoutes({ domains: ['test'] })] })]));
    assert.deepEqual(
      published.at(-1)?.routes.map((route) => route.host.value),
      ['one.test'],
    );
    assert.equal(published.at(-1)?.pools.has('app'), false);
  });
});

describe('a container that is told to stop', () => {
  it('drains at its stop signal, before it has exited', async () => {
    const one = engine.create('one', { stopSignal: 'SIGQUIT' });
    start();
    await is('172.17.0.2 ready');
    engine.kill(one, '3');
    await is('172.17.0.2 drain');
    assert.equal(published.at(-1)?.pools.get('app')?.[0]?.reason, 'container is stopping (SIGQUIT)');
    engine.die(one);
    await is();
  });

  it('drains at SIGKILL', async () => {
    const one = engine.create('one', { stopSignal: 'SIGQUIT' });
    start();
    await is('172.17.0.2 ready');
    engine.kill(one, '9');
    await is('172.17.0.2 drain');
  });

  it('does not mind other signals', async () => {
    const one = engine.create('one', { stopSignal: 'SIGQUIT' });
    engine.create('two');
    start();
    await is('172.17.0.2 ready', '172.17.0.3 ready');
    engine.kill(one, '1');
    engine.kill(one, '15');
    engine.run('three'); // the next thing that happens shows that the signals have been seen
    await is('172.17.0.2 ready', '172.17.0.3 ready', '172.17.0.4 ready');
  });

  it('is put back when it still runs after its time', async () => {
    const one = engine.create('one', { stopTimeout: 0 });
    start({ ...eager, stopGrace: 20 });
    await is('172.17.0.2 ready');
    engine.kill(one, '15');
    await until('it was drained', () => published.some((snapshot) => snapshot.pools.get('app')?.[0]?.state === 'drain'));
    await is('172.17.0.2 ready');
  });

  it('gets no traffic while a policy restarts it, and its old place afterwards', async () => {
    const one = engine.create('one');
    engine.create('two');
    start();
    await is('172.17.0.2 ready', '172.17.0.3 ready');
    engine.die(one, 'restarting');
    await is('172.17.0.2 down', '172.17.0.3 ready');
    engine.state(one, 'running');
    engine.emit('start', one);
    await is('172.17.0.2 ready', '172.17.0.3 ready');
  });

  it('comes back with its start', async () => {
    const one = engine.create('one');
    start();
    await is('172.17.0.2 ready');
    engine.kill(one, '15');
    engine.die(one);
    await is();
    engine.state(one, 'running');
    engine.emit('start', one);
    await is('172.17.0.2 ready');
  });

  it('stays out of traffic when its exit comes during an inspect from before', async () => {
    const one = engine.create('one', { stopTimeout: 3600 });
    start();
    await is('172.17.0.2 ready');
    let open: () => void = () => {};
    engine.inspectGate = new Promise((resolve) => (open = resolve));
    const before = inspections();
    engine.emit('update', one); // its inspect answer says running, and is held up
    await until('it is being inspected', () => inspections() > before);
    engine.die(one);
    await is('172.17.0.2 drain');
    open();
    await is();
  });
});

describe('a container that leaves before much is known about it', () => {
  /** Answers of inspect wait until what this answers is called. */
  function holdInspects(): () => void {
    let open: () => void = () => {};
    engine.inspectGate = new Promise((resolve) => (open = resolve));
    return open;
  }

  async function runUnseen(): Promise<string> {
    const before = inspections();
    const one = engine.run('one', { stopTimeout: 3600 });
    await until('it is being inspected', () => inspections() > before);
    return one;
  }

  it('drains when its stop signal came during its first inspect', async () => {
    start();
    await is();
    const open = holdInspects();
    const one = await runUnseen();
    engine.kill(one, '1');
    engine.kill(one, '15');
    engine.emit('connect', one);
    const two = engine.create('two');
    engine.emit('start', two); // the next thing that happens shows that the signals have been seen
    await until('both are being inspected', () => count(new RegExp(`${two}/json`)) > 0);
    open();
    await is('172.17.0.2 drain', '172.17.0.3 ready');
  });

  it('serves when it has been started again since', async () => {
    start();
    await is();
    const open = holdInspects();
    const one = await runUnseen();
    engine.kill(one, '15');
    engine.die(one);
    engine.state(one, 'running');
    engine.emit('start', one);
    engine.run('two');
    await until('both are being inspected', () => inspections() === 2);
    open();
    await is('172.17.0.2 ready', '172.17.0.3 ready');
  });
});

describe('while the whole list is on its way', () => {
  /** With three servers known, and a list that is answered when what this answers is called. */
  async function listing(): Promise<{ readonly ids: readonly string[]; readonly open: () => void }> {
    const ids = ['one', 'two', 'three'].map((name) => engine.create(name, { stopTimeout: 3600 }));
    start({ ...eager, ping: 5, resync: 5 });
    await is('172.17.0.2 ready', '172.17.0.3 ready', '172.17.0.4 ready');
    let open: () => void = () => {};
    engine.listGate = new Promise((resolve) => (open = resolve));
    const before = count(/^\/containers\/json$/);
    await until('it was asked for', () => count(/^\/containers\/json$/) > before);
    return { ids, open };
  }

  it('who is told to stop, exits or is destroyed leaves at once, and stays away', async () => {
    const { ids, open } = await listing();
    const [one = '', two = '', three = ''] = ids;
    engine.kill(one, '15');
    await is('172.17.0.2 drain', '172.17.0.3 ready', '172.17.0.4 ready');
    engine.die(two);
    await is('172.17.0.2 drain', '172.17.0.3 drain', '172.17.0.4 ready');
    engine.destroy(three);
    await is('172.17.0.2 drain', '172.17.0.3 drain');
    open();
    await is('172.17.0.2 drain');
  });

  it('who comes waits for it', async () => {
    const { open } = await listing();
    const before = published.length;
    engine.run('four');
    engine.kill(engine.run('five', { stopTimeout: 3600 }), '15');
    open();
    await is('172.17.0.2 ready', '172.17.0.3 ready', '172.17.0.4 ready', '172.17.0.5 ready', '172.17.0.6 drain');
    assert.ok(published.length > before);
  });

  it('nothing is published before the first one', async () => {
    const one = engine.create('one');
    let open: () => void = () => {};
    engine.listGate = new Promise((resolve) => (open = resolve));
    start();
    await until('it was asked for', () => count(/^\/containers\/json$/) > 0);
    engine.kill(one, '15');
    assert.deepEqual(published, []);
    open();
    await is('172.17.0.2 drain');
    assert.equal(published.length, 1);
  });
});

describe('an engine that goes away', () => {
  it('is listed anew when the stream of events ends', async () => {
    const one = engine.create('one');
    start();
    await is('172.17.0.2 ready');
    await until('it is subscribed', () => engine.subscribers === 1);
    engine.create('unnoticed');
    engine.state(one, 'exited');
    engine.dropStreams();
    await is('172.17.0.3 ready');
    assert.equal(log.matching(/event stream/), 1);
    assert.equal(log.matching(/connected/), 2);
  });

  it('keeps its last servers while it is away, and is told about once', async () => {
    engine.create('one');
    start();
    await is('172.17.0.2 ready');
    const before = published.length;
    await engine.close();
    await until('the loss is told', () => log.matching(/there is no such socket.*keeping the 1 containers known/) === 1);
    assert.equal(published.length, before);
    await engine.listen();
    engine.create('two');
    await is('172.17.0.2 ready', '172.17.0.3 ready');
    assert.equal(log.matching(/there is no such socket/), 1);
  });

  it('is listed again and again, in case something was missed', async () => {
    start({ ...eager, ping: 5, resync: 5 });
    await is();
    engine.create('missed');
    await is('172.17.0.2 ready');
    const before = inspections();
    const lists = count(/^\/containers\/json$/);
    await until('it was listed twice more', () => count(/^\/containers\/json$/) > lists + 1);
    assert.equal(inspections(), before);
  });

  it('is asked for a sign of life when it is quiet', async () => {
    start({ ...eager, ping: 5, resync: 1_000_000 });
    await until('it was pinged', () => count(/^\/_ping$/) > 2);
  });
});

describe('an engine that cannot be reached', () => {
  it('is a warning and a retry, and publishes nothing', async () => {
    await engine.close();
    start();
    await until('it is told', () => log.lines.length === 1);
    assert.equal(log.lines[0]?.level, Level.Warning);
    assert.match(log.lines[0]?.message ?? '', /there is no such socket.*trying again$/);
    assert.deepEqual(published, []);
    engine.create('one');
    await engine.listen();
    await is('172.17.0.2 ready');
  });

  it('gets the hint of the dead socket file', async () => {
    await engine.close();
    const dead = createServer();
    await new Promise<void>((resolve) => dead.listen(`${engine.socket}.tmp`, resolve));
    renameSync(`${engine.socket}.tmp`, engine.socket); // close() removes the file it was given, which is gone
    await new Promise<void>((resolve) => dead.close(() => resolve()));
    start();
    await until('the hint is given', () => log.matching(/nobody listens behind it.*mount its directory instead/) === 1);
  });

  it('may make no sense at all', async () => {
    rig.start(eager, undefined, 'gopher://x');
    await until('it is told', () => log.matching(/is not a Docker endpoint/) === 1);
  });
});

describe('the API version', () => {
  const cases: readonly (readonly [what: string, newest: string, oldest: string, used: string])[] = [
    ["an older engine's own", '1.41', '1.12', '1.41'],
    ['ours with a newer engine', '1.99', '1.44', '1.52'],
    ['its oldest with an engine that has dropped ours', '2.10', '2.3', '2.3'],
    ['numbers, not texts, are compared', '1.9', '1.1', '1.9'],
  ];
  for (const [what, newest, oldest, used] of cases) {
    it(`is ${what}`, async () => {
      engine.apiVersion = newest;
      engine.minApiVersion = oldest;
      start();
      await is();
      assert.equal(engine.usedVersion, used);
    });
  }
});

describe('which engines are asked', () => {
  const west: DockerEngineConfig = { ...engineConfig, name: 'west' };
  const east: DockerEngineConfig = { ...engineConfig, name: 'east' };
  const line = (...engines: string[]) => proxy('app', { dockerServers: [dockerServers({ engines })] });
  const routing = proxy('www', { kind: 'frontend', dockerRoutes: [dockerRoutes({ engines: ['west'] })] });
  const names = (proxies: Config['proxies'], ...dockers: DockerEngineConfig[]) =>
    enginesInUse(config(proxies, { dockers }), { env: {}, self: { hostname: 'here' }, events: log }).map(({ name }) => name);

  it('none without a line that wants one', () => {
    assert.deepEqual(names([proxy('app')], west), []);
  });

  it('all that some line names, each once', () => {
    assert.deepEqual(names([line('')], west, engineConfig), ['docker']);
    assert.deepEqual(names([line('east')], west, east), ['docker/east']);
    assert.deepEqual(names([line('east', 'west'), line('east')], west, east), ['docker/west', 'docker/east']);
    assert.deepEqual(names([line('east'), routing], west, east, engineConfig), ['docker/west', 'docker/east']);
  });
});
