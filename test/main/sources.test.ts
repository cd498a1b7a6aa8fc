import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { loadText } from '../../src/config/load.ts';
import type { Config } from '../../src/config/model.ts';
import { silent } from '../../src/core/log.ts';
import { Sources } from '../../src/sources.ts';
import { Store } from '../../src/state/store.ts';
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
});
