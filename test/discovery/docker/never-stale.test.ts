/** What must not be able to make the servers wrong for long: engines, proxies and containers that misbehave. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { outlast, until } from '../../support/wait.ts';
import { eager, Rig } from './rig.ts';

let rig: Rig;

beforeEach(async () => {
  rig = await Rig.make();
});

afterEach(() => rig.dispose());

const network = (address: string) => ({ Ports: {}, Networks: { bridge: { IPAddress: address } } });

describe('a container that has no address yet', () => {
  it('is looked at until it has one, without another event', async () => {
    const one = rig.engine.create('one');
    rig.engine.change(one, { NetworkSettings: network('') });
    rig.start();
    await until('it was looked at several times', () => rig.count(/\/json$/) > 4);
    assert.deepEqual(rig.now(), ['undefined down']);
    rig.engine.change(one, { NetworkSettings: network('172.17.0.9') });
    await rig.is('172.17.0.9 ready');
    const before = rig.count(/\/json$/);
    rig.engine.run('two');
    await rig.is('172.17.0.9 ready', '172.17.0.3 ready');
    assert.equal(rig.count(/\/json$/), before + 1);
  });

  it('of a network without addresses is looked at less and less often', async () => {
    const one = rig.engine.create('one');
    rig.engine.change(one, { NetworkSettings: { Ports: {}, Networks: { front: { IPAddress: '172.18.0.2' }, layer2: { IPAddress: '' } } } });
    rig.start({ ...eager, look: 1, resync: 1_000_000 });
    await rig.is('172.18.0.2 ready');
    await until('it was looked at', () => rig.count(/\/json$/) > 3);
    assert.ok(rig.count(/\/json$/) < 20);
  });
});

describe('a container that cannot be inspected', () => {
  it('costs the others nothing, is told about once, and is used as soon as it can be', async () => {
    rig.engine.create('one');
    const bad = rig.engine.create('bad');
    rig.engine.refused.set(new RegExp(`/${bad}/json`), 500);
    rig.start();
    await rig.is('172.17.0.2 ready');
    await until('it was tried again', () => rig.count(new RegExp(`/${bad}/json`)) > 2);
    assert.equal(rig.log.matching(/container c002\d+ cannot be inspected: it answers GET \/containers\/\{id\}\/json with 500/), 1);
    rig.engine.refused.clear();
    await rig.is('172.17.0.2 ready', '172.17.0.3 ready');
    assert.equal(rig.log.matching(/connected/), 1);
  });

  it('stays as it was when it was known', async () => {
    const one = rig.engine.create('one');
    rig.start();
    await rig.is('172.17.0.2 ready');
    rig.engine.refused.set(/[0-9a-f]\/json/, 502);
    rig.engine.emit('update', one);
    await until('it is told', () => rig.log.matching(/container one cannot be inspected: .*; it stays as it was/) === 1);
    assert.deepEqual(rig.now(), ['172.17.0.2 ready']);
  });

  it('is the engine not letting us when it denies it', async () => {
    rig.engine.create('one');
    rig.engine.refused.set(/[0-9a-f]\/json/, 403);
    rig.start();
    await until('it is told', () => rig.log.matching(/it denies GET \/containers\/\{id\}\/json with 403.*a proxy in front/) === 1);
    rig.engine.refused.clear();
    await rig.is('172.17.0.2 ready');
  });
});

describe('a proxy in front of the engine that denies', () => {
  const endpoints: readonly (readonly [RegExp, string])[] = [
    [/^\/version$/, 'GET /version'],
    [/^\/events$/, 'GET /events'],
    [/^\/containers\/json$/, 'GET /containers/json'],
  ];
  for (const [path, name] of endpoints) {
    it(`${name} is told so by name, and tried again`, async () => {
      rig.engine.refused.set(path, 403);
      rig.start();
      await until('it is told', () => rig.log.lines.some(({ message }) => message.includes(`it denies ${name} with 403`)));
      assert.deepEqual(rig.published, []);
      rig.engine.refused.clear();
      await rig.is();
    });
  }
});

describe('an event stream that tells nothing any more', () => {
  it('is found out by the list, and made anew', async () => {
    const one = rig.engine.create('one');
    rig.start({ ...eager, ping: 20, resync: 20 });
    await rig.is('172.17.0.2 ready');
    rig.engine.mute = true;
    rig.engine.die(one);
    rig.engine.run('two');
    await rig.is('172.17.0.3 ready');
    await until('it is told', () => rig.log.matching(/its event stream has gone deaf: it did not tell of 2 changes/) === 1);
    rig.engine.mute = false;
    await until('it is connected again', () => rig.log.matching(/connected/) > 1 && rig.engine.subscribers > 0);
    rig.engine.run('three');
    await rig.is('172.17.0.3 ready', '172.17.0.4 ready');
  });

  it('is not suspected while there is nothing to tell', async () => {
    rig.engine.create('one');
    const stopped = rig.engine.create('stopped');
    rig.engine.state(stopped, 'exited');
    rig.start({ ...eager, ping: 5, resync: 5 });
    await until('it was listed often', () => rig.count(/^\/containers\/json$/) > 10);
    assert.equal(rig.log.matching(/deaf/), 0);
  });
});

describe('what happens while the engine is away', () => {
  it('a container that was told to stop and has been started again serves, whatever its stop time-out', async () => {
    const one = rig.engine.create('one', { stopTimeout: 3600 });
    rig.start();
    await rig.is('172.17.0.2 ready');
    rig.engine.kill(one, '15');
    await rig.is('172.17.0.2 drain');
    rig.engine.mute = true;
    rig.engine.die(one);
    rig.engine.start(one);
    rig.engine.mute = false;
    rig.engine.dropStreams();
    await rig.is('172.17.0.2 ready');
  });

  it('a container that is still in its stop time goes on draining', async () => {
    const one = rig.engine.create('one', { stopTimeout: 3600 });
    rig.start();
    await rig.is('172.17.0.2 ready');
    rig.engine.kill(one, '15');
    await rig.is('172.17.0.2 drain');
    rig.engine.dropStreams();
    await until('it is connected again', () => rig.log.matching(/connected/) === 2);
    rig.engine.run('two');
    await rig.is('172.17.0.2 drain', '172.17.0.3 ready');
  });

  it('a daemon that comes back with other containers is believed', async () => {
    const one = rig.engine.create('one');
    rig.engine.create('two');
    rig.start();
    await rig.is('172.17.0.2 ready', '172.17.0.3 ready');
    await rig.engine.close();
    await until('the loss is told', () => rig.log.matching(/keeping the 2 containers known/) > 0);
    rig.engine.die(one);
    rig.engine.create('three');
    assert.deepEqual(rig.now(), ['172.17.0.2 ready', '172.17.0.3 ready']);
    await rig.engine.listen();
    await rig.is('172.17.0.3 ready', '172.17.0.4 ready');
  });

  it('a stream that was cut after a long time is made anew at once', async () => {
    rig.start({ ...eager, backoff: [1_000_000, 5] });
    await rig.is();
    await until('it has lasted longer than the longest pause', () => rig.log.matching(/connected/) === 1);
    rig.engine.run('one');
    await rig.is('172.17.0.2 ready');
    await outlast(5);
    rig.engine.dropStreams();
    await until('it is connected again', () => rig.log.matching(/connected/) === 2);
  });
});

describe('a container', () => {
  it('that is gone before it is inspected leaves nothing behind', async () => {
    rig.engine.create('one');
    rig.start();
    await rig.is('172.17.0.2 ready');
    rig.engine.emit('start', 'd'.repeat(64));
    rig.engine.run('two');
    await rig.is('172.17.0.2 ready', '172.17.0.3 ready');
    assert.equal(rig.log.matching(/inspect/), 0);
  });

  it('that a policy restarts is in traffic again with its new run, and not before', async () => {
    const one = rig.engine.create('one');
    rig.start();
    await rig.is('172.17.0.2 ready');
    rig.engine.die(one, 'restarting');
    await rig.is('172.17.0.2 down');
    rig.engine.start(one);
    await rig.is('172.17.0.2 ready');
  });

  it('that runs anew when its exit is looked at is in traffic', async () => {
    const one = rig.engine.create('one', { stopTimeout: 3600 });
    rig.start();
    await rig.is('172.17.0.2 ready');
    rig.engine.rerun(one); // the start itself is told later
    rig.engine.emit('die', one);
    await until('it left', () => rig.published.some((snapshot) => snapshot.pools.get('app')?.[0]?.state === 'drain'));
    await rig.is('172.17.0.2 ready');
  });

  it('that is told to stop right after its start is drained, though its run is a new one', async () => {
    const one = rig.engine.create('one', { stopTimeout: 3600 });
    rig.start();
    await rig.is('172.17.0.2 ready');
    rig.engine.start(one);
    rig.engine.kill(one, '15');
    rig.engine.run('two');
    await rig.is('172.17.0.2 drain', '172.17.0.3 ready');
  });

  it('has its new name after a rename', async () => {
    const one = rig.engine.create('one');
    rig.start();
    await rig.is('172.17.0.2 ready');
    rig.engine.rename(one, 'other');
    await until('its name is the new one', () => rig.published.at(-1)?.pools.get('app')?.[0]?.config.container?.name === 'other');
  });

  it('has the address of the networks that it is still in', async () => {
    const one = rig.engine.create('one');
    rig.start();
    await rig.is('172.17.0.2 ready');
    rig.engine.move(one, 'front', '10.0.1.7');
    await rig.is('10.0.1.7 ready');
    rig.engine.change(one, { NetworkSettings: { Ports: {}, Networks: {} } });
    const disconnect = { Type: 'network', Action: 'disconnect', Actor: { ID: 'net', Attributes: { container: one, name: 'front' } } };
    rig.engine.write(JSON.stringify(disconnect));
    await rig.is('undefined down');
  });

  it('about which nothing has changed is not published again', async () => {
    const one = rig.engine.create('one');
    rig.start();
    await rig.is('172.17.0.2 ready');
    const before = rig.published.length;
    const asked = rig.count(/\/json$/);
    rig.engine.emit('update', one);
    await until('it was looked at', () => rig.count(/\/json$/) > asked);
    rig.engine.run('two');
    await rig.is('172.17.0.2 ready', '172.17.0.3 ready');
    assert.equal(rig.published.length, before + 1);
  });
});

describe('a storm of health events', () => {
  it('is many events, few inspections and fewer snapshots, and the last word counts', async () => {
    const ids = Array.from({ length: 50 }, (_, i) => rig.engine.create(`c${i}`));
    const provider = rig.start();
    await until('all are known', () => rig.now()?.length === 50);
    const before = { published: rig.published.length, inspected: rig.count(/\/json$/) };
    for (let round = 0; round < 40; round++) {
      for (const id of ids) {
        rig.engine.state(id, 'running', round % 2 === 0 ? 'unhealthy' : 'healthy');
        rig.engine.emit(`health_status: ${round % 2 === 0 ? 'unhealthy' : 'healthy'}`, id);
      }
    }
    const [sick = ''] = ids;
    rig.engine.state(sick, 'running', 'unhealthy');
    rig.engine.emit('health_status: unhealthy', sick);
    await until('all of them have come', () => provider.counts.events === 2001);
    await until('the last word is known', () => {
      const states = rig.published.at(-1)?.pools.get('app') ?? [];
      return states.every(({ state, config }) => state === (config.identity === sick ? 'down' : 'ready'));
    });
    assert.ok(rig.count(/\/json$/) - before.inspected < 1000, `${rig.count(/\/json$/) - before.inspected} inspections`);
    assert.ok(rig.published.length - before.published < 500, `${rig.published.length - before.published} snapshots`);
  });
});
