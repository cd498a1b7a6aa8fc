import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Config } from '../../../src/config/model.ts';
import type { Container } from '../../../src/discovery/docker/container.ts';
import type { EngineFacts } from '../../../src/discovery/docker/engine.ts';
import { dockerSnapshot } from '../../../src/discovery/docker/snapshot.ts';
import type { KnownContainer } from '../../../src/discovery/docker/watch.ts';
import type { Snapshot } from '../../../src/discovery/provider.ts';
import { routeText } from '../../../src/discovery/routes.ts';
import { config, dockerRoutes, dockerServers, proxy } from '../make.ts';
import { type ContainerTraits, container, id, net, remoteEngine, view } from './make.ts';

interface Traits {
  readonly facts?: EngineFacts;
  readonly source?: string;
  readonly mountinfo?: string;
  readonly hostname?: string;
}

function map(configuration: Config, containers: readonly (Container | KnownContainer)[], traits: Traits = {}): Snapshot {
  return dockerSnapshot({
    source: traits.source ?? 'docker',
    view: view(containers, traits.facts),
    config: configuration,
    self: { hostname: traits.hostname ?? 'somewhere', mountinfo: traits.mountinfo },
    platform: 'linux',
  });
}

/** `name address:port state` of each server of a pool. */
function servers(snapshot: Snapshot, pool: string): readonly string[] | undefined {
  return snapshot.pools
    .get(pool)
    ?.map(({ config: server, state }) => `${server.identity.slice(0, 3)} ${server.address}:${server.port} ${state}`);
}

/** `host/path -> pool` of each route. */
function routes(snapshot: Snapshot): readonly string[] {
  return snapshot.routes.map((route) => `${routeText(route)} -> ${route.pool}`);
}

function notesOf(snapshot: Snapshot, subject: string): string {
  return snapshot.notes
    .filter((note) => note.subject === subject)
    .map(({ level, message }) => `${level}: ${message}`)
    .join('\n');
}

const app = config([proxy('app', { dockerServers: [dockerServers({ image: 'eviking/mydockerapp', port: 8089 })] })]);
const www = (more = {}) => config([proxy('www', { kind: 'frontend', dockerRoutes: [dockerRoutes(more)] })]);

describe('docker-servers', () => {
  it('makes a server of each container, oldest first, named by its short id', () => {
    const snapshot = map(app, [
      container('one', { id: id('111'), created: 1, networks: [net('bridge', '172.17.0.2')] }),
      container('two', { id: id('222'), created: 2, networks: [net('bridge', '172.17.0.3')] }),
    ]);
    assert.deepEqual(servers(snapshot, 'app'), ['111 172.17.0.2:8089 ready', '222 172.17.0.3:8089 ready']);
    const first = snapshot.pools.get('app')?.[0]?.config;
    assert.equal(first?.name, '111000000000');
    assert.equal(first?.identity, id('111'));
    assert.equal(first?.origin, 'container one image eviking/mydockerapp');
    assert.deepEqual([first?.container?.id, first?.container?.name, first?.container?.created], [id('111'), 'one', 1]);
  });

  it('says that a backend has no servers, and nothing about one that is not its own', () => {
    const snapshot = map(config([...app.proxies, proxy('static')]), []);
    assert.deepEqual([...snapshot.pools], [['app', []]]);
  });

  it('gives the parameters of the line, and those of labels over them', () => {
    const check = { inter: 2000, fastinter: undefined, downinter: undefined, rise: 2, fall: 3, address: undefined, port: undefined };
    const configuration = config([
      proxy('app', {
        dockerServers: [dockerServers({ image: 'eviking/mydockerapp' }, { maxconn: 32, weight: 10, check, checkWords: check })],
      }),
    ]);
    const [plain, labelled, unchecked] =
      map(configuration, [
        container('plain'),
        container('labelled', { labels: { 'fairlead.weight': '50', 'fairlead.check.interval': '500ms', 'fairlead.port': '9000' } }),
        container('unchecked', { labels: { 'fairlead.check': 'false', 'fairlead.check.rise': '9' } }),
      ]).pools.get('app') ?? [];
    assert.equal(plain?.config.maxconn, 32);
    assert.equal(plain?.config.weight, 10);
    assert.equal(plain?.config.check?.inter, 2000);
    assert.equal(labelled?.config.maxconn, 32);
    assert.equal(labelled?.config.weight, 50);
    assert.equal(labelled?.config.check?.inter, 500);
    assert.equal(labelled?.config.port, 9000);
    assert.equal(unchecked?.config.check, undefined);
  });

  it('turns checks on where a label speaks of them', () => {
    const snapshot = map(app, [container('a', { labels: { 'fairlead.check.interval': '1s' } })]);
    assert.equal(snapshot.pools.get('app')?.[0]?.config.check?.inter, 1000);
  });

  it("takes the line's port over the container's label", () => {
    const snapshot = map(app, [
      container('a', { id: id('111'), networks: [net('bridge', '172.17.0.2')], labels: { 'fairlead.port': '1' } }),
    ]);
    assert.deepEqual(servers(snapshot, 'app'), ['111 172.17.0.2:8089 ready']);
  });

  it('refuses a container for a bad label, with the reason, and keeps the others', () => {
    const snapshot = map(app, [container('bad', { labels: { 'fairlead.weight': 'heavy' } }), container('good', { id: id('222') })]);
    assert.deepEqual(
      snapshot.pools.get('app')?.map((server) => server.config.identity),
      [id('222')],
    );
    assert.match(notesOf(snapshot, 'bad'), /error: is no server of 'app': label fairlead.weight: .*'heavy'/);
    assert.doesNotMatch(notesOf(snapshot, 'good'), /error|warning/);
  });

  it('leaves out a container that says enable=false', () => {
    const snapshot = map(app, [container('off', { labels: { 'fairlead.enable': 'false' } })]);
    assert.deepEqual(snapshot.pools.get('app'), []);
    assert.match(notesOf(snapshot, 'off'), /info: is not used: label fairlead.enable=false/);
  });

  it('refuses a container whose port nobody names', () => {
    const configuration = config([proxy('app', { dockerServers: [dockerServers({ name: '*' })] })]);
    const snapshot = map(configuration, [container('many', { exposed: [5000, 6000] })]);
    assert.deepEqual(snapshot.pools.get('app'), []);
    assert.match(notesOf(snapshot, 'many'), /error: is no server of 'app': it exposes the ports 5000, 6000/);
  });

  it('lets a container be the server of two backends, on a port each', () => {
    const configuration = config([
      proxy('web', { dockerServers: [dockerServers({ name: 'a', port: 80 })] }),
      proxy('metrics', { dockerServers: [dockerServers({ name: 'a', port: 9090 })] }),
    ]);
    const snapshot = map(configuration, [container('a', { id: id('111'), networks: [net('bridge', '172.17.0.2')] })]);
    assert.deepEqual(servers(snapshot, 'web'), ['111 172.17.0.2:80 ready']);
    assert.deepEqual(servers(snapshot, 'metrics'), ['111 172.17.0.2:9090 ready']);
  });

  it('takes a container once, by the first line that selects it', () => {
    const lines = [dockerServers({ name: 'a', port: 80 }), dockerServers({ image: 'eviking/mydockerapp', port: 81 })];
    const snapshot = map(config([proxy('app', { dockerServers: lines })]), [container('a'), container('b')]);
    assert.deepEqual(
      snapshot.pools.get('app')?.map((server) => server.config.port),
      [80, 81],
    );
  });

  it('heeds the lines for its own engine alone', () => {
    const configuration = config([
      proxy('unnamed', { dockerServers: [dockerServers({ name: '*' })] }),
      proxy('mine', { dockerServers: [dockerServers({ name: '*', engines: ['east'] })] }),
      proxy('other', { dockerServers: [dockerServers({ name: '*', engines: ['west'] })] }),
    ]);
    assert.deepEqual([...map(configuration, [container('a')], { source: 'docker/east' }).pools.keys()], ['mine']);
    assert.deepEqual([...map(configuration, [container('a')]).pools.keys()], ['unnamed']);
  });
});

describe('the state of a discovered server', () => {
  const cases: readonly (readonly [what: string, ContainerTraits, leaving: string, state: string, reason: string])[] = [
    ['running', {}, '', 'ready', ''],
    ['told to stop', {}, 'is stopping (SIGTERM)', 'drain', 'container is stopping (SIGTERM)'],
    ['told to stop and unhealthy', { health: 'unhealthy' }, 'is stopping (SIGTERM)', 'drain', 'container is stopping (SIGTERM)'],
    ['paused', { state: 'paused' }, '', 'down', 'container is paused'],
    ['between two runs', { state: 'restarting' }, '', 'down', 'container is restarting'],
    ['starting', { health: 'starting' }, '', 'down', "Docker's health check has not passed yet"],
    ['unhealthy', { health: 'unhealthy' }, '', 'down', "Docker's health check says unhealthy"],
    ['healthy', { health: 'healthy' }, '', 'ready', ''],
    ['without an address', { networks: [net('bridge', undefined)] }, '', 'down', 'it has no address in bridge yet'],
  ];
  for (const [what, traits, leaving, state, reason] of cases) {
    it(`${what}: ${state}`, () => {
      const snapshot = map(app, [{ container: container('a', traits), leaving }]);
      const [server] = snapshot.pools.get('app') ?? [];
      assert.deepEqual([server?.state, server?.reason], [state, reason]);
    });
  }

  it('an unreachable one is told about and keeps its place', () => {
    const snapshot = map(app, [container('a', { id: id('111') })], { facts: remoteEngine });
    assert.deepEqual(servers(snapshot, 'app'), ['111 undefined:8089 down']);
    assert.match(notesOf(snapshot, 'a'), /warning: .*its port 8089 is not published/);
  });

  it("does not ask Docker's health check where a label says so", () => {
    const snapshot = map(app, [container('a', { health: 'unhealthy', labels: { 'fairlead.check.docker': 'ignore' } })]);
    assert.equal(snapshot.pools.get('app')?.[0]?.state, 'ready');
  });

  for (const state of ['created', 'exited', 'dead', 'removing'] as const) {
    it(`a container that is ${state} is no server`, () => {
      assert.deepEqual(map(app, [container('a', { state })]).pools.get('app'), []);
    });
  }
});

describe('who is never a server', () => {
  const any = config([proxy('app', { dockerServers: [dockerServers({ name: '*', port: 80 })] })]);

  it('a one-off container', () => {
    const snapshot = map(any, [container('run', { labels: { 'com.docker.compose.oneoff': 'True' } })]);
    assert.deepEqual(snapshot.pools.get('app'), []);
  });

  it('the balancer, known by its mounts; its networks are those that count', () => {
    const lb = container('lb', { id: id('abcdef'), networks: [net('front', '10.0.1.9')] });
    const web = container('web', { id: id('111'), networks: [net('back', '10.0.0.2'), net('front', '10.0.1.2')] });
    const mountinfo = `1214 1190 8:1 /var/lib/docker/containers/${lb.id}/hostname /etc/hostname rw - ext4 /dev/sda1 rw`;
    assert.deepEqual(servers(map(any, [lb, web], { mountinfo }), 'app'), ['111 10.0.1.2:80 ready']);
  });

  it('the balancer, known by its host name', () => {
    const lb = container('lb', { id: id('abcdef'), networks: [net('front', '10.0.1.9')] });
    assert.deepEqual(map(any, [lb], { hostname: 'abcdef000000' }).pools.get('app'), []);
  });

  it("a container in the host's network is not taken for us when we run on the host", () => {
    const other = container('node-exporter', { id: id('111'), hostname: 'web1', networkMode: 'host', networks: [net('host', undefined)] });
    assert.deepEqual(servers(map(any, [other], { hostname: 'web1' }), 'app'), ['111 127.0.0.1:80 ready']);
  });
});

describe("a container in another's network", () => {
  it('is reached at the address of that one', () => {
    const carrier = container('vpn', { id: id('999'), networks: [net('front', '10.0.1.7')], labels: { 'fairlead.enable': 'false' } });
    const rider = container('web', { id: id('111'), networkMode: `container:${carrier.id}`, networks: [] });
    const configuration = config([proxy('app', { dockerServers: [dockerServers({ network: 'front', port: 80 })] })]);
    assert.deepEqual(servers(map(configuration, [carrier, rider]), 'app'), ['111 10.0.1.7:80 ready']);
  });

  const carriers = [
    container('first', { id: id('abba1'), networks: [net('bridge', '172.17.0.2')] }),
    container('abba', { id: id('bee'), networks: [net('bridge', '172.17.0.3')] }),
    container('abba1'.padEnd(64, '0'), { id: id('cab'), networks: [net('bridge', '172.17.0.4')] }),
  ];
  const cases: readonly (readonly [what: string, word: string, address: string | undefined])[] = [
    ['has it from the one of that id, though another is called so', id('abba1'), '172.17.0.2'],
    ['has it from the one of that name, though the id of another begins so', 'abba', '172.17.0.3'],
    ['has it from the one whose id begins so', 'abba1', '172.17.0.2'],
    ['has none where that one is gone', id('dead'), undefined],
  ];
  for (const [what, word, address] of cases) {
    it(what, () => {
      const rider = container('web', { networkMode: `container:${word}`, networks: [], labels: { 'fairlead.host': 'a.test' } });
      assert.equal(map(www(), [...carriers, rider]).pools.get('web')?.[0]?.config.address, address);
    });
  }
});

describe('docker-routes', () => {
  const compose = { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'web' };

  it('routes the hosts of the label to a pool named after the container', () => {
    const snapshot = map(www(), [
      container('blog', { id: id('111'), networks: [net('bridge', '172.17.0.2')], labels: { 'fairlead.host': 'blog.test,*.blog.test' } }),
    ]);
    assert.deepEqual(routes(snapshot), ['blog.test/ -> blog', '*.blog.test/ -> blog']);
    assert.deepEqual(servers(snapshot, 'blog'), ['111 172.17.0.2:8089 ready']);
    assert.equal(snapshot.routes[0]?.frontend, 'www');
  });

  it('sends nothing to a bridge of another machine, whose address is somebody else here', () => {
    const published = [{ port: 8089, hostIp: '172.30.0.1', hostPort: 8080 }];
    const networks = [net('front', '172.30.0.2', { gateway: '172.30.0.1' })];
    const one = container('one', { published, networks, labels: { 'fairlead.host': 'a.test' } });
    const [server] = map(www(), [one], { facts: remoteEngine }).pools.get('one') ?? [];
    assert.equal(server?.config.address, undefined);
    assert.equal(server?.reason, 'its port 8089 is published on 172.30.0.1 only, which cannot be reached from here');
  });

  it('routes nothing to a port that its label does not name: one pool has a container once', () => {
    const one = { 'fairlead.routes.a.host': 'a.test', 'fairlead.routes.a.service': 's', 'fairlead.routes.a.port': '80' };
    const other = { 'fairlead.routes.b.host': 'b.test', 'fairlead.routes.b.service': 's' };
    const of = (more: Readonly<Record<string, string>>) => map(www(), [container('both', { labels: { ...one, ...other, ...more } })]);
    const snapshot = of({ 'fairlead.routes.b.port': '9000' });
    assert.deepEqual(routes(snapshot), ['a.test/ -> s']);
    assert.match(notesOf(snapshot, 'both'), /^error: is in pool 's' already, with port 80; label service= makes it two pools$/m);
    assert.doesNotMatch(notesOf(snapshot, 'both'), /b\.test/);
    const weighed = of({ 'fairlead.routes.b.port': '80', 'fairlead.routes.b.weight': '7' });
    assert.deepEqual(routes(weighed), ['a.test/ -> s', 'b.test/ -> s']);
    assert.match(notesOf(weighed, 'both'), /^warning: is in pool 's' already, with other parameters/m);
  });

  it('tells which containers of a pool want its requests passed on otherwise than it does', () => {
    const one = (name: string, more: Readonly<Record<string, string>>, traits: ContainerTraits = {}) =>
      container(name, { ...traits, labels: { 'fairlead.service': 's', 'fairlead.host': 'a.test', 'fairlead.path': '/api', ...more } });
    const old = one('old', {});
    const snapshot = map(www(), [
      old,
      one('new', { 'fairlead.strip': 'true' }),
      one('like', {}),
      one('stopped', { 'fairlead.strip': 'true' }, { state: 'exited' }),
    ]);
    assert.equal(snapshot.routes[0]?.rewrite, undefined);
    const warnings = (of: Snapshot) => of.notes.filter(({ level }) => level === 'warning').map(({ message }) => message);
    assert.deepEqual(warnings(snapshot), ["pool 's' has another strip or rewrite for a.test/api, as container old says, which is older"]);
    assert.deepEqual(warnings(map(www(), [old, one('eager', { 'fairlead.priority': '5' })])), [
      "pool 's' has another priority for a.test/api, as container eager says, which has the higher priority",
    ]);
  });

  it('gathers the containers of a compose service in one pool', () => {
    const labels = { ...compose, 'fairlead.host': 'shop.test' };
    const snapshot = map(www(), [container('shop-web-1', { labels }), container('shop-web-2', { labels })]);
    assert.deepEqual(routes(snapshot), ['shop.test/ -> web.shop']);
    assert.equal(snapshot.pools.get('web.shop')?.length, 2);
  });

  it('makes a host of service and domain, one for each domain, where no label names one', () => {
    const snapshot = map(www({ domains: ['127.0.0.1.nip.io', 'test'] }), [container('shop-web-1', { labels: compose }), container('Blog')]);
    assert.deepEqual(routes(snapshot), [
      'blog.127.0.0.1.nip.io/ -> Blog',
      'blog.test/ -> Blog',
      'web.127.0.0.1.nip.io/ -> web.shop',
      'web.test/ -> web.shop',
    ]);
  });

  it('completes short hosts with the domain and keeps them', () => {
    const snapshot = map(www({ domains: ['test'] }), [container('a', { labels: { 'fairlead.host': 'api,www.example.org' } })]);
    assert.deepEqual(routes(snapshot), ['api/ -> a', 'api.test/ -> a', 'www.example.org/ -> a']);
  });

  it('routes nothing without host and domain, and says so', () => {
    const snapshot = map(www(), [container('db')]);
    assert.deepEqual(snapshot.pools.size, 0);
    assert.match(notesOf(snapshot, 'db'), /info: is not routed by 'www': it has no label fairlead.host/);
  });

  it('with opt-in takes only those that ask for it', () => {
    const labels = { 'fairlead.host': 'a.test' };
    const snapshot = map(www({ optIn: true }), [
      container('silent', { labels }),
      container('asking', { labels: { ...labels, 'fairlead.enable': 'true' } }),
    ]);
    assert.deepEqual(routes(snapshot), ['a.test/ -> asking']);
    assert.match(notesOf(snapshot, 'silent'), /label fairlead.enable=true is wanted/);
  });

  it('reads labels under the prefix of the line', () => {
    const snapshot = map(www({ prefix: 'edge.' }), [container('a', { labels: { 'edge.host': 'edge.test', 'fairlead.host': 'x.test' } })]);
    assert.deepEqual(routes(snapshot), ['edge.test/ -> a']);
  });

  it('gives named routes pools of their own', () => {
    const snapshot = map(www(), [
      container('a', {
        labels: {
          'fairlead.host': 'a.test',
          'fairlead.port': '80',
          'fairlead.routes.api.path': '/api',
          'fairlead.routes.api.port': '9000',
          'fairlead.routes.api.strip': 'true',
          'fairlead.routes.admin.host': 'admin.test',
          'fairlead.routes.admin.service': 'backoffice',
        },
      }),
    ]);
    assert.deepEqual(routes(snapshot), ['a.test/api -> a-api', 'a.test/ -> a', 'admin.test/ -> backoffice']);
    assert.equal(snapshot.routes[0]?.rewrite, '');
    assert.equal(snapshot.pools.get('a')?.[0]?.config.port, 80);
    assert.equal(snapshot.pools.get('a-api')?.[0]?.config.port, 9000);
  });

  it('orders routes by priority, then by what is more specific', () => {
    const labels = (host: string, more = {}) => ({ labels: { 'fairlead.host': host, ...more } });
    const snapshot = map(www(), [
      container('regex', labels('~^.*$')),
      container('wide', labels('*.test')),
      container('narrow', labels('*.a.test')),
      container('exact', labels('b.a.test')),
      container('path', labels('b.a.test', { 'fairlead.path': '/x' })),
      container('first', labels('~^first', { 'fairlead.priority': '1' })),
    ]);
    assert.deepEqual(
      snapshot.routes.map((route) => route.pool),
      ['first', 'path', 'exact', 'narrow', 'wide', 'regex'],
    );
  });

  it('takes the balance of the oldest container and tells about another', () => {
    const labels = (balance: string) => ({ labels: { 'fairlead.host': 'a.test', 'fairlead.service': 's', 'fairlead.balance': balance } });
    const snapshot = map(www(), [container('old', labels('leastconn')), container('new', labels('first'))]);
    assert.deepEqual(snapshot.poolOptions.get('s'), { balance: { algorithm: 'leastconn', draws: 2 } });
    assert.match(notesOf(snapshot, 'new'), /warning: pool 's' has another balance, as an older container says/);
  });

  it('refuses a pool that is named like a section', () => {
    const configuration = config([...www().proxies, proxy('app')]);
    const snapshot = map(configuration, [container('app', { labels: { 'fairlead.host': 'a.test' } })]);
    assert.deepEqual(snapshot.routes, []);
    assert.equal(snapshot.pools.has('app'), false);
    assert.match(notesOf(snapshot, 'app'), /error: is not routed as 'app': a section of that name is configured/);
  });

  it('refuses a pool whose name no backend may have, and that one alone', () => {
    const named = { 'com.docker.compose.project': 'p', 'com.docker.compose.service': 'a\nb', 'fairlead.host': 'a.test' };
    const snapshot = map(www(), [
      container('evil', { labels: named }),
      container('odd', { labels: { 'fairlead.routes.x,y.host': 'b.test', 'fairlead.routes.ok.host': 'c.test' } }),
      container('saved', { labels: { ...named, 'fairlead.service': 's', 'fairlead.host': 'd.test' } }),
    ]);
    assert.deepEqual(routes(snapshot), ['c.test/ -> odd-ok', 'd.test/ -> s']);
    assert.deepEqual([...snapshot.pools.keys()].sort(), ['odd-ok', 's']);
    assert.match(notesOf(snapshot, 'evil'), /error: is not routed as 'a\nb.p': '\n' cannot stand in the name of a backend/);
    assert.match(notesOf(snapshot, 'odd'), /error: is not routed as 'odd-x,y': ',' cannot stand/);
  });

  it('does not cry about containers that were never meant to be routed', () => {
    const snapshot = map(www({ domains: ['test'] }), [container('db', { exposed: [] })]);
    assert.match(notesOf(snapshot, 'db'), /^info: is not routed by 'www': it exposes no TCP port/);
  });

  it('keeps the host of a container that has stopped, without a server', () => {
    const snapshot = map(www(), [container('a', { state: 'exited', exposed: [], labels: { 'fairlead.host': 'a.test' } })]);
    assert.deepEqual(routes(snapshot), ['a.test/ -> a']);
    assert.deepEqual(snapshot.pools.get('a'), []);
  });
});

describe('two services that claim one host', () => {
  const claim = (name: string, created: number, more: ContainerTraits = {}, labels: Record<string, string> = {}) =>
    container(name, { created, labels: { 'fairlead.host': 'a.test', ...labels }, ...more });

  it('the older one has it, the other one is told about and is no backend', () => {
    const snapshot = map(www(), [claim('new', 2), claim('old', 1)]);
    assert.deepEqual(routes(snapshot), ['a.test/ -> old']);
    assert.equal(snapshot.pools.has('new'), false);
    assert.match(
      notesOf(snapshot, 'new'),
      /warning: a.test\/ in 'www' is not given to pool 'new': container old of pool 'old' serves it and is older/,
    );
  });

  it('the higher priority has it', () => {
    const snapshot = map(www(), [claim('old', 1), claim('new', 2, {}, { 'fairlead.priority': '5' })]);
    assert.deepEqual(routes(snapshot), ['a.test/ -> new']);
    assert.match(notesOf(snapshot, 'old'), /has the higher priority/);
  });

  it('one that runs has it before an older one that has stopped', () => {
    const snapshot = map(www(), [claim('old', 1, { state: 'exited' }), claim('new', 2)]);
    assert.deepEqual(routes(snapshot), ['a.test/ -> new']);
    assert.match(notesOf(snapshot, 'old'), /info: a.test/);
  });

  it('different paths are no conflict', () => {
    const snapshot = map(www(), [claim('old', 1), claim('new', 2, {}, { 'fairlead.path': '/new' })]);
    assert.deepEqual(routes(snapshot), ['a.test/new -> new', 'a.test/ -> old']);
  });

  it('different frontends are no conflict', () => {
    const configuration = config([
      proxy('public', { kind: 'frontend', dockerRoutes: [dockerRoutes({ prefix: 'public.' })] }),
      proxy('intern', { kind: 'listen', dockerRoutes: [dockerRoutes({ prefix: 'intern.' })] }),
    ]);
    const snapshot = map(configuration, [
      container('a', { labels: { 'public.host': 'a.test' } }),
      container('b', { labels: { 'intern.host': 'a.test' } }),
    ]);
    assert.deepEqual(
      snapshot.routes.map(({ frontend, pool }) => `${frontend} ${pool}`),
      ['public a', 'intern b'],
    );
  });
});

describe('a snapshot', () => {
  it('does not depend on the order in which the engine lists networks and labels', () => {
    const forth = container('a', {
      id: id('1'),
      created: 1,
      labels: { 'fairlead.host': 'a.test', 'fairlead.weight': '2', 'fairlead.maxconn': '3' },
    });
    const back = { ...forth, labels: new Map([...forth.labels].reverse()) };
    assert.deepEqual(map(www(), [forth]), map(www(), [back]));
  });

  describe('of the same containers has the same servers', () => {
    const known = (...containers: readonly Container[]): readonly KnownContainer[] =>
      containers.map((one) => ({ container: one, leaving: '' }));
    const same = (configuration: Config, pool: string, containers: readonly KnownContainer[]): boolean => {
      const [before, now] = [map(configuration, containers), map(configuration, containers)].map(({ pools }) => pools.get(pool)?.[0]);
      assert.ok(before !== undefined);
      return before === now;
    };

    it('when several lines take them', () => {
      const line = (port: number) => dockerServers({ image: 'eviking/mydockerapp', port });
      const twice = config([proxy('a', { dockerServers: [line(80)] }), proxy('b', { dockerServers: [line(81)] })]);
      const containers = known(container('a'));
      assert.ok(same(twice, 'a', containers));
      assert.ok(same(twice, 'b', containers));
    });

    it("when they run in another's network", () => {
      const carrier = container('vpn', { exposed: [] });
      const rider = container('web', { networkMode: `container:${carrier.id}`, networks: [], labels: { 'fairlead.host': 'a.test' } });
      assert.ok(same(www(), 'web', known(carrier, rider)));
    });
  });
});
