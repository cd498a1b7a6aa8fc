import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { loadText } from '../../src/config/load.ts';
import type { Config } from '../../src/config/model.ts';
import { silent } from '../../src/core/log.ts';
import { Sources } from '../../src/sources.ts';
import { Store } from '../../src/state/store.ts';
import { FakeConsul } from '../discovery/consul/fake-consul.ts';
import { FakeEngine } from '../discovery/docker/fake-engine.ts';
import { until } from '../support/wait.ts';

/** Long enough that a test which needs it to pass would be seen. */
const GRACE = 60_000;

let engine: FakeEngine;
let store: Store;
let sources: Sources;

function config(text: string): Config {
  const defaults = 'defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n';
  const loaded = loadText(`${defaults}listen www\n bind :8080\n${text}`, 'test.cfg', { env: {} });
  return loaded.config ?? assert.fail(JSON.stringify(loaded.diagnostics));
}

const plain = () => config(' server s1 192.0.2.1:80\n');
const withEngine = () => config(` docker-servers image=app\ndocker\n endpoint ${engine.endpoint}\n`);
const withName = (name: string) => config(` server s1 ${name}:80\n`);

/** `address state` of every server of `www` that is wanted now. */
function wanted(): string[] {
  store.flush();
  return (store.state.backends.get('www')?.servers ?? []).map(({ config: server, state }) => `${server.address} ${state}`);
}

async function start(first: Config): Promise<void> {
  store = new Store(first, () => {});
  sources = new Sources(store, first, { env: {}, self: { hostname: 'here' }, events: silent });
  sources.start(first);
  assert.deepEqual(await store.whenReady(sources.names, GRACE), []);
}

/** What App does between binding and serving. */
function commit(next: Config): void {
  store.configure(next);
  sources.commit(next);
}

beforeEach(async () => {
  engine = new FakeEngine();
  await engine.listen();
});

afterEach(async () => {
  sources.stop();
  await engine.dispose();
});

describe('sources over a reload', () => {
  it('know the servers of a new engine before the reload counts', async () => {
    engine.create('one', { image: 'app', address: '172.17.0.2' });
    await start(plain());
    const next = withEngine();
    await sources.prepare(next, GRACE);
    assert.deepEqual(wanted(), ['192.0.2.1 ready']);
    commit(next);
    assert.equal(wanted().length, 1);
    assert.notDeepEqual(wanted(), ['192.0.2.1 ready']);
  });

  it('forget an engine that is not named any more, and let go of it', async () => {
    engine.create('one', { image: 'app', address: '172.17.0.2' });
    await start(withEngine());
    const next = plain();
    await sources.prepare(next, GRACE);
    commit(next);
    assert.deepEqual(wanted(), ['192.0.2.1 ready']);
    assert.deepEqual([...store.sources.keys()], ['dns']);
    assert.deepEqual(sources.names, ['dns']);
    await until('nobody listens to its events', () => engine.subscribers === 0);
  });

  it('let go of a new engine when the reload does not happen', async () => {
    await start(plain());
    await sources.prepare(withEngine(), GRACE);
    sources.rollback(plain());
    assert.deepEqual(sources.names, ['dns']);
    assert.deepEqual([...store.sources.keys()], ['dns']);
    await until('nobody listens to its events', () => engine.subscribers === 0);
  });

  it('know the addresses of new names before the reload counts', async () => {
    await start(plain());
    const next = withName('localhost');
    await sources.prepare(next, GRACE);
    commit(next);
    assert.match(wanted()[0] ?? '', /^(127\.0\.0\.1|::1) ready$/);
  });

  it('keep the addresses of names that are to go, until the reload counts', async () => {
    await start(withName('localhost'));
    const before = wanted();
    const next = plain();
    await sources.prepare(next, GRACE);
    assert.deepEqual(wanted(), before);
    commit(next);
    assert.deepEqual(wanted(), ['192.0.2.1 ready']);
  });

  it('keep the old names when the reload does not happen', async () => {
    await start(withName('localhost'));
    const before = wanted();
    await sources.prepare(plain(), GRACE);
    sources.rollback(withName('localhost'));
    await until('the name is known again', () => wanted()[0] === before[0]);
  });

  it('do not wait for an engine beyond the grace', async () => {
    await start(plain());
    await engine.close();
    await sources.prepare(withEngine(), 1);
    assert.ok(sources.names.includes('docker'));
    assert.equal(store.sources.has('docker'), false);
  });
});

describe('sources whose settings a reload changes', () => {
  let other: FakeEngine;
  let consul: FakeConsul;
  const withOther = () => config(` docker-servers image=app\ndocker\n endpoint ${other.endpoint}\n`);

  beforeEach(async () => {
    other = new FakeEngine();
    consul = new FakeConsul();
    await Promise.all([other.listen(), consul.listen()]);
    engine.create('one', { image: 'app', address: '172.17.0.2' });
    other.create('two', { image: 'app', address: '172.18.0.2' });
  });

  afterEach(async () => {
    sources.stop();
    await Promise.all([other.dispose(), consul.close()]);
  });

  it('are known under the new ones when the reload counts, and under the old ones until then', async () => {
    await start(withEngine());
    const before = wanted();
    const next = withOther();
    await sources.prepare(next, GRACE);
    assert.deepEqual(wanted(), before);
    commit(next);
    assert.notDeepEqual(wanted(), before);
    assert.ok(wanted().includes('172.18.0.2 ready'), wanted().join());
    await until('nobody listens to the old one', () => engine.subscribers === 0);
    assert.equal(other.subscribers, 1);
  });

  it('go on under the old ones when the reload does not happen', async () => {
    await start(withEngine());
    const before = wanted();
    await sources.prepare(withOther(), GRACE);
    sources.rollback(withEngine());
    assert.deepEqual(wanted(), before);
    await until('nobody listens to the other one', () => other.subscribers === 0);
    assert.equal(engine.subscribers, 1);
  });

  it('keep nobody waiting for one that was away', async () => {
    await start(plain());
    await engine.close();
    const wrong = withEngine();
    await sources.prepare(wrong, 1);
    commit(wrong);
    const next = withOther();
    await sources.prepare(next, GRACE);
    commit(next);
    assert.ok(wanted().includes('172.18.0.2 ready'), wanted().join());
  });

  it('know what a first line asks of a Consul agent that is now spoken to otherwise', async () => {
    consul.register('web', { address: '192.0.2.7' });
    consul.register('other', { address: '192.0.2.8' });
    const withConsul = (service: string, wait: string) =>
      config(` consul-servers service=${service}\nconsul\n endpoint ${consul.endpoint}\n wait ${wait}\n`);
    await start(withConsul('other', '20s'));
    assert.deepEqual(wanted(), ['192.0.2.8 ready']);
    const next = withConsul('web', '21s');
    await sources.prepare(next, GRACE);
    commit(next);
    assert.ok(wanted().includes('192.0.2.7 ready'), wanted().join());
  });
});

describe('what metrics tell of a source', () => {
  const docker = () => sources.facts().find(({ name }) => name === 'docker');

  it('is what it said last, and how often it was heard of', async () => {
    engine.run('one', { image: 'app', address: '172.17.0.2' });
    engine.run('two', { image: 'app', address: '172.17.0.3', labels: { 'fairlead.weight': 'heavy' } });
    await start(withEngine());
    const first = docker();
    assert.deepEqual([first?.up, first?.servers, first?.refused, first?.routes, first?.failures], [true, 1, 1, 0, 0]);
    assert.ok(first?.at !== undefined && first.at <= performance.now());
    engine.run('three', { image: 'app', address: '172.17.0.4' });
    await until('the new container is a server', () => docker()?.servers === 2);
    assert.ok((docker()?.events ?? 0) > first.events);
    assert.ok((docker()?.snapshots ?? 0) > first.snapshots);
  });

  it('is that it cannot be reached, with what it said before', async () => {
    engine.run('one', { image: 'app', address: '172.17.0.2' });
    await start(withEngine());
    await engine.close();
    await until('the engine is missed', () => docker()?.up === false);
    assert.ok((docker()?.failures ?? 0) > 0);
    assert.equal(docker()?.servers, 1);
  });

  it('is nothing yet, before it has spoken', async () => {
    await start(plain());
    await engine.close();
    await sources.prepare(withEngine(), 1);
    const { up, at, snapshots, servers } = docker() ?? assert.fail('no such source');
    assert.deepEqual([up, at, snapshots, servers], [false, undefined, 0, 0]);
  });

  it('is nothing of what one of that name said before it was removed', async () => {
    await start(withEngine());
    const without = plain();
    await sources.prepare(without, GRACE);
    commit(without);
    await engine.close();
    await sources.prepare(withEngine(), 1);
    const { up, at, snapshots } = docker() ?? assert.fail('no such source');
    assert.deepEqual([up, at, snapshots], [false, undefined, 0]);
  });
});
