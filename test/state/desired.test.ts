import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Config, ContainerOrigin } from '../../src/config/model.ts';
import type { DiscoveredServer, PoolOptions, RolloutWord, Route, RouteClaim, Snapshot } from '../../src/discovery/provider.ts';
import { desire } from '../../src/state/desired.ts';
import type { DesiredState } from '../../src/state/types.ts';
import { config, dockerRoutes, dockerServers, proxy, route, server, serverTemplate, snapshot } from '../discovery/make.ts';

const found = (name: string, more: Partial<DiscoveredServer['config']> = {}): DiscoveredServer => ({
  config: server(name, more),
  state: 'ready',
  reason: '',
});

/** A source that routes `host` to a pool of one server. */
function routing(source: string, pool: string, host: string, more: Partial<Route> = {}): Snapshot {
  return snapshot(source, {
    pools: new Map([[pool, [found(`${source}-${pool}`)]]]),
    poolOptions: new Map([[pool, { balance: undefined }]]),
    routes: [route(host, pool, more)],
  });
}

const merge = (configuration: Parameters<typeof desire>[0], ...snapshots: Snapshot[]) =>
  desire(configuration, new Map(snapshots.map((each) => [each.source, each])));

function servers(state: DesiredState, backend: string): readonly string[] | undefined {
  return state.backends.get(backend)?.servers.map(({ config: { name, address }, state: word }) => `${name} ${address} ${word}`);
}

const www = proxy('www', { kind: 'frontend', id: 2, dockerRoutes: [dockerRoutes()] });

describe('a section', () => {
  it('is a backend with its servers when it is a backend or a listen', () => {
    const state = merge(
      config([proxy('f', { kind: 'frontend' }), proxy('b', { servers: [server('s1'), server('s2')] }), proxy('l', { kind: 'listen' })]),
    );
    assert.deepEqual([...state.backends.keys()], ['b', 'l']);
    assert.deepEqual(servers(state, 'b'), ['s1 192.0.2.1 ready', 's2 192.0.2.1 ready']);
    assert.equal(state.backends.get('b')?.origin, 'test.cfg:1');
  });

  it('has its configured servers first, then what the sources found, by source', () => {
    const section = proxy('app', {
      servers: [server('s1')],
      dockerServers: [dockerServers({ engines: ['west', 'east'] })],
    });
    const west = snapshot('docker/west', { pools: new Map([['app', [found('w')]]]) });
    const east = snapshot('docker/east', { pools: new Map([['app', [found('e1'), found('e2')]]]) });
    const state = merge(config([section]), west, east);
    assert.deepEqual(
      state.backends.get('app')?.servers.map((each) => each.config.name),
      ['s1', 'e1', 'e2', 'w'],
    );
  });

  it('without docker-servers takes nothing from a source that has not seen the new configuration', () => {
    const state = merge(config([proxy('app')]), snapshot('docker', { pools: new Map([['app', [found('old')]]]) }));
    assert.deepEqual(servers(state, 'app'), []);
  });

  it('keeps the first of two servers with one name, and tells about the other', () => {
    const section = proxy('app', { servers: [server('x')], dockerServers: [dockerServers({})] });
    const state = merge(
      config([section]),
      snapshot('docker', { pools: new Map([['app', [found('x', { identity: 'other', origin: 'container x' })]]]) }),
    );
    assert.equal(state.backends.get('app')?.servers.length, 1);
    assert.deepEqual(
      state.notes.map((note) => note.message),
      ["container x is no server of 'app': it has another one with the name 'x'"],
    );
  });
});

describe('servers with names', () => {
  const named = server('s1', { address: undefined, fqdn: 'app.test', weight: 3 });
  const section = proxy('app', { servers: [named], serverTemplates: [serverTemplate('web', 1, 2, 'web.test')] });

  it('are down before the resolver has spoken', () => {
    const state = merge(config([section]));
    assert.deepEqual(servers(state, 'app'), ['s1 undefined down', 'web1 undefined down', 'web2 undefined down']);
    assert.equal(state.backends.get('app')?.servers[0]?.reason, 'name app.test is not resolved yet');
  });

  it('have the address of the resolver and the words of the configuration', () => {
    const dns = snapshot('dns', {
      pools: new Map([
        [
          'app',
          [
            found('s1', { address: '192.0.2.7', fqdn: 'app.test', weight: 1 }),
            found('web1', { address: '192.0.2.8', fqdn: 'web.test' }),
            { ...found('web2', { address: undefined, fqdn: 'web.test' }), state: 'down', reason: 'too few' },
          ],
        ],
      ]),
    });
    const state = merge(config([section]), dns);
    assert.deepEqual(servers(state, 'app'), ['s1 192.0.2.7 ready', 'web1 192.0.2.8 ready', 'web2 undefined down']);
    assert.equal(state.backends.get('app')?.servers[0]?.config.weight, 3);
    assert.equal(state.backends.get('app')?.servers[2]?.reason, 'too few');
  });

  it('do not take the address of a name that they had before', () => {
    const dns = snapshot('dns', { pools: new Map([['app', [found('s1', { address: '192.0.2.7', fqdn: 'other.test' })]]]) });
    assert.equal(servers(merge(config([section]), dns), 'app')?.[0], 's1 undefined down');
  });

  it('of a template with a literal address need no resolver', () => {
    const literal = proxy('app', { serverTemplates: [serverTemplate('web', 2, 3, '192.0.2.3')] });
    assert.deepEqual(servers(merge(config([literal])), 'app'), ['web2 192.0.2.3 ready', 'web3 192.0.2.3 ready']);
  });
});

describe('routes', () => {
  it('make their pools backends, after the sections and by name', () => {
    const state = merge(config([www, proxy('app')]), routing('docker', 'zoo', 'zoo.test'), routing('docker/b', 'blog', 'blog.test'));
    assert.deepEqual([...state.backends.keys()], ['app', 'blog', 'zoo']);
    assert.deepEqual(
      state.routes.get('www')?.map((each) => each.pool),
      ['blog', 'zoo'],
    );
    assert.equal(state.backends.get('zoo')?.origin, 'docker');
  });

  it('give a pool the settings of their frontend, but not what belongs to clients', () => {
    const frontend = {
      ...www,
      retries: 7,
      maxconn: 9,
      binds: [],
      forwardfor: { header: 'X', except: [], ifNone: false },
      stats: undefined,
    };
    const rule = { place: frontend.place, words: ['deny'] };
    const backend = merge(config([{ ...frontend, httpRequest: [rule] }]), routing('docker', 'blog', 'blog.test')).backends.get('blog');
    assert.equal(backend?.config.kind, 'backend');
    assert.equal(backend?.config.name, 'blog');
    assert.equal(backend?.config.retries, 7);
    assert.deepEqual(backend?.config.httpRequest, []);
    assert.deepEqual(backend?.config.dockerRoutes, []);
    assert.equal(backend?.config.forwardfor, undefined);
  });

  it('give a pool the balance of its labels', () => {
    const options = { balance: { algorithm: 'leastconn', draws: 2 } } as const;
    const state = merge(config([www]), { ...routing('docker', 'blog', 'blog.test'), poolOptions: new Map([['blog', options]]) });
    assert.equal(state.backends.get('blog')?.config.balance.algorithm, 'leastconn');
  });

  it('give a pool a number that stays while others come and go', () => {
    const alone = merge(config([www]), routing('docker', 'blog', 'blog.test')).backends.get('blog')?.config.id;
    const both = merge(config([www]), routing('docker', 'blog', 'blog.test'), routing('docker/b', 'a', 'a.test'));
    assert.equal(both.backends.get('blog')?.config.id, alone);
    assert.notEqual(both.backends.get('a')?.config.id, alone);
  });

  it('gather the servers of a pool from all sources', () => {
    const state = merge(config([www]), routing('docker/a', 'blog', 'blog.test'), routing('docker/b', 'blog', 'blog.test'));
    assert.deepEqual(servers(state, 'blog'), ['docker/a-blog 192.0.2.1 ready', 'docker/b-blog 192.0.2.1 ready']);
    assert.equal(state.routes.get('www')?.length, 1);
    assert.deepEqual(state.notes, []);
  });

  it('that two sources claim go to the source named first, and the other one is told about', () => {
    const state = merge(config([www]), routing('docker/b', 'two', 'a.test'), routing('docker/a', 'one', 'a.test'));
    assert.deepEqual([...state.backends.keys()], ['one']);
    assert.match(state.notes[0]?.message ?? '', /a.test\/ in 'www' is not given to pool 'two': pool 'one' serves it/);
  });

  it('that two sources claim go to the one that runs, then to the older one', () => {
    const claims = (a: RouteClaim, b: RouteClaim, priority = 0) => {
      const one = routing('docker/a', 'one', 'a.test', { claim: a, priority });
      return [...merge(config([www]), one, routing('docker/b', 'two', 'a.test', { claim: b })).backends.keys()];
    };
    assert.deepEqual(claims({ live: true, since: 1 }, { live: true, since: 2 }), ['one']);
    assert.deepEqual(claims({ live: true, since: 2 }, { live: true, since: 1 }), ['two']);
    assert.deepEqual(claims({ live: true, since: 2 }, { live: true, since: 1 }, 1), ['one']);
    assert.deepEqual(claims({ live: true, since: 2 }, { live: false, since: 1 }), ['one']);
    assert.deepEqual(claims({ live: false, since: 1 }, { live: true, since: 2 }, 1), ['two']);
  });

  it('that two sources claim go to the higher priority', () => {
    const state = merge(config([www]), routing('docker/b', 'two', 'a.test', { priority: 1 }), routing('docker/a', 'one', 'a.test'));
    assert.deepEqual([...state.backends.keys()], ['two']);
  });

  it('lead to one pool whose options are those of the source named first, and the others are told about', () => {
    const said = (source: string, options: PoolOptions) => ({
      ...routing(source, 'shop', 'a.test'),
      poolOptions: new Map([['shop', options]]),
    });
    const [east, west] = [said('docker/east', { redirect: 301, auth: 'staff' }), said('docker/west', { redirect: 302, auth: 'staff' })];
    const state = merge(config([www], { userlists: new Map([['staff', { name: 'staff', users: [], groups: [] }]]) }), west, east);
    assert.deepEqual(
      state.notes.map(({ level, message }) => `${level}: ${message}`),
      ["warning: pool 'shop' has another redirect than docker/west says: sources count in the order of their names"],
    );
    assert.ok(state.backends.get('shop')?.config.httpRequest.some(({ words }) => words.includes('301')));
  });

  it('to a pool that is named like a section are refused', () => {
    const state = merge(config([www, proxy('blog', { servers: [server('s1')] })]), routing('docker', 'blog', 'blog.test'));
    assert.deepEqual(state.routes.get('www'), []);
    assert.deepEqual(servers(state, 'blog'), ['s1 192.0.2.1 ready']);
    assert.match(state.notes[0]?.message ?? '', /a section of that name is configured at test.cfg:1/);
  });

  it('of a frontend that the configuration has no more are gone', () => {
    const state = merge(config([proxy('app')]), routing('docker', 'blog', 'blog.test'));
    assert.deepEqual([...state.backends.keys()], ['app']);
    assert.deepEqual([...state.routes], []);
  });

  it('of who has stopped lead nowhere while others of the pool serve who do not make them', () => {
    const stopped = route('old.test', 'shop', { claim: { live: false, since: 1 } });
    const told = (...routes: readonly Route[]) => merge(config([www]), { ...routing('docker', 'shop', 'a.test'), routes });
    const state = told(route('a.test', 'shop', { claim: { live: true, since: 2 } }), stopped);
    assert.deepEqual([state.routes.get('www')?.length, state.gone.get('www')], [1, [stopped]]);
    assert.deepEqual(
      state.notes.map(({ message }) => message),
      ["old.test/ in 'www' is answered with 503: container shop has stopped, and no other of pool 'shop' claims it"],
    );
    assert.deepEqual(told(stopped).routes.get('www'), [stopped]);
  });

  it('keep a pool without servers', () => {
    const state = merge(config([www]), { ...routing('docker', 'blog', 'blog.test'), pools: new Map([['blog', []]]) });
    assert.deepEqual(servers(state, 'blog'), []);
    assert.equal(state.routes.get('www')?.length, 1);
  });
});

describe('generations', () => {
  /** A server of the image, in a source that says so about `app`. */
  const rolling = (source: string, image: string, rollout?: RolloutWord): Snapshot => {
    const origin: ContainerOrigin = { id: image, name: image, image, imageId: image, created: 1, labels: new Map() };
    return {
      ...routing(source, 'app', 'a.test'),
      pools: new Map([['app', [found(`${source}-${image}`, { container: origin })]]]),
      ...(rollout === undefined ? {} : { rollouts: new Map([['app', rollout]]) }),
    };
  };
  const keys = (configuration: Config, ...snapshots: Snapshot[]) =>
    merge(configuration, ...snapshots)
      .backends.get('app')
      ?.servers.map((each) => each.config.generation?.key);
  const section = config([proxy('app', { dockerServers: [dockerServers({ engines: ['east', 'west'] })] })]);

  it('are given to the servers of all sources when the containers of one ask for it', () => {
    const said = rolling('docker/west', 'new', { mode: 'image', byLine: false });
    for (const configuration of [config([www]), section]) {
      assert.deepEqual(keys(configuration, rolling('docker/east', 'old'), said), ['old', 'new']);
      assert.deepEqual(keys(configuration, rolling('docker/east', 'old', { mode: 'off', byLine: true }), said), ['old', 'new']);
      assert.deepEqual(keys(configuration, rolling('docker/east', 'old', { mode: 'off', byLine: false }), said), [undefined, undefined]);
    }
  });
});

describe('a frontend', () => {
  const other = proxy('other', { kind: 'frontend', id: 3, dockerRoutes: [dockerRoutes({ engines: ['west'] })] });
  const waiting = (...snapshots: Snapshot[]) => [...merge(config([www, other, proxy('app')]), ...snapshots).unsettled];

  it('is unsettled until every source that routes for it has spoken', () => {
    assert.deepEqual(waiting(), ['www', 'other']);
    assert.deepEqual(waiting(snapshot('docker')), ['other']);
    assert.deepEqual(waiting(snapshot('docker'), snapshot('docker/west')), []);
  });
});
