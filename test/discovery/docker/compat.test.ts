import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { COMPAT_NAMES } from '../../../src/config/keywords/compat.ts';
import type { CompatName, Config, DockerRoutesConfig } from '../../../src/config/model.ts';
import type { Container } from '../../../src/discovery/docker/container.ts';
import { dockerSnapshot } from '../../../src/discovery/docker/snapshot.ts';
import type { Snapshot } from '../../../src/discovery/provider.ts';
import { routeText } from '../../../src/discovery/routes.ts';
import { config, dockerRoutes, proxy } from '../make.ts';
import { type ContainerTraits, container, view } from './make.ts';

function www(more: Partial<DockerRoutesConfig> = {}): Config {
  return config([proxy('www', { kind: 'frontend', dockerRoutes: [dockerRoutes({ compat: COMPAT_NAMES, ...more })] })]);
}

function map(configuration: Config, containers: readonly Container[]): Snapshot {
  return dockerSnapshot({ source: 'docker', view: view(containers), config: configuration, self: { hostname: 'lb' }, platform: 'linux' });
}

/** `frontend host/path -> pool`, sorted. */
function routes(snapshot: Snapshot): readonly string[] {
  return snapshot.routes.map((route) => `${route.frontend} ${routeText(route)} -> ${route.pool}`).sort();
}

/** `pool: name:port name:port`, sorted. */
function pools(snapshot: Snapshot): readonly string[] {
  const texts = [...snapshot.pools].map(([pool, servers]) => {
    return `${pool}: ${servers.map(({ config: server }) => `${server.container?.name}:${server.port}`).join(' ')}`;
  });
  return texts.sort();
}

function notes(snapshot: Snapshot, subject: string): readonly string[] {
  const levels = snapshot.notes.filter((note) => note.subject === subject && note.level !== 'info');
  return levels.map(({ level, message }) => `${level}: ${message}`);
}

const compose = (service: string, labels: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => ({
  'com.docker.compose.project': 'shop',
  'com.docker.compose.service': service,
  ...labels,
});

/** One container that speaks to each tool. */
const SPEAKERS: Readonly<Record<CompatName, ContainerTraits>> = {
  traefik: { labels: { 'traefik.http.routers.r.rule': 'Host(`traefik.test`)' } },
  caddy: { labels: { caddy: 'caddy.test', 'caddy.reverse_proxy': '{{upstreams 80}}' } },
  easyhaproxy: { labels: { 'easyhaproxy.http.host': 'easyhaproxy.test' } },
  'nginx-proxy': { env: { VIRTUAL_HOST: 'nginx-proxy.test' } },
  camptocamp: { env: { SERVICE_NAME: 'camptocamp_test' } },
  registrator: { env: { SERVICE_NAME: 'registrator' } },
};

const EXPECTED: Readonly<Record<CompatName, readonly string[]>> = {
  traefik: ['www traefik.test/ -> traefik'],
  caddy: ['www caddy.test/ -> caddy.test'],
  easyhaproxy: ['www easyhaproxy.test/ -> easyhaproxy.test'],
  'nginx-proxy': ['www nginx-proxy.test/ -> nginx-proxy.test'],
  camptocamp: ['www camptocamp.test.d.test/ -> camptocamp_test', 'www camptocamp.test/ -> camptocamp_test'],
  registrator: ['www registrator.d.test/ -> registrator'],
};

describe('docker-routes compat', () => {
  for (const name of COMPAT_NAMES) {
    const speaker = container(name, { exposed: [80], ...SPEAKERS[name] });
    const implied = `www ${name}.d.test/ -> ${name}`;

    it(`reads the words for ${name} where the line says so`, () => {
      assert.deepEqual(routes(map(www({ compat: [name], domains: ['d.test'] }), [speaker])), EXPECTED[name]);
    });

    it(`and nowhere else: ${name}`, () => {
      const others = COMPAT_NAMES.filter((other) => !SPEAKERS[other].env?.SERVICE_NAME || !SPEAKERS[name].env?.SERVICE_NAME);
      const silent = others.filter((other) => other !== name);
      assert.deepEqual(routes(map(www({ compat: [], domains: ['d.test'] }), [speaker])), [implied]);
      assert.deepEqual(routes(map(www({ compat: silent, domains: ['d.test'] }), [speaker])), [implied]);
    });

    it(`lets our own words win over those for ${name}`, () => {
      const { labels, ...more } = SPEAKERS[name];
      const own = container('own', { exposed: [80], ...more, labels: { ...labels, 'fairlead.host': 'own.test' } });
      assert.deepEqual(routes(map(www(), [own])), ['www own.test/ -> own']);
    });
  }

  it('asks the tools in a fixed order, whatever the order of the line', () => {
    const all = { labels: {}, env: {} };
    const order: CompatName[] = [];
    // From the last to the first: each one wins over all that have been there before it.
    for (const name of [...COMPAT_NAMES].reverse()) {
      if (name === 'registrator') continue;
      const { labels, env } = SPEAKERS[name];
      Object.assign(all.labels, labels);
      Object.assign(all.env, env);
      const pool = [...map(www({ compat: [...COMPAT_NAMES].reverse() }), [container('traefik', { exposed: [80], ...all })]).pools.keys()];
      if (pool[0]?.startsWith(name)) order.unshift(name);
    }
    assert.deepEqual(order, ['traefik', 'caddy', 'easyhaproxy', 'nginx-proxy', 'camptocamp']);
  });

  it('a word for one tool to stay away says nothing about the others', () => {
    const both = { labels: { 'traefik.enable': 'false' }, env: { VIRTUAL_HOST: 'a.test' } };
    assert.deepEqual(routes(map(www(), [container('both', both)])), ['www a.test/ -> a.test']);
    const ignored = { labels: { 'traefik.http.routers.r.rule': 'Host(`a.test`)' }, env: { SERVICE_IGNORE: 'true' } };
    assert.deepEqual(routes(map(www(), [container('ignored', ignored)])), ['www a.test/ -> ignored']);
  });

  it('one that all tools are told to leave alone is not routed by its name either', () => {
    const snapshot = map(www({ domains: ['d.test'] }), [container('off', { labels: { 'traefik.enable': 'false' } })]);
    assert.deepEqual(routes(snapshot), []);
    assert.match(snapshot.notes.map(({ message }) => message).join(), /is not used: its labels for traefik say so/);
  });

  it('opt-in: enable=true lets a container in and leaves the rest to other words', () => {
    const host = { VIRTUAL_HOST: 'a.test' };
    const snapshot = map(www({ optIn: true }), [
      container('silent', { env: { VIRTUAL_HOST: 'b.test' } }),
      container('wanted', { env: host, labels: { 'fairlead.enable': 'true' } }),
      container('traefik', { labels: { 'traefik.enable': 'true', 'traefik.http.routers.r.rule': 'Host(`t.test`)' } }),
    ]);
    assert.deepEqual(routes(snapshot), ['www a.test/ -> a.test', 'www t.test/ -> traefik']);
  });

  it('enable=false keeps it out, whatever else it says', () => {
    const labels = { 'fairlead.enable': 'false' };
    assert.deepEqual(routes(map(www(), [container('off', { labels, env: { VIRTUAL_HOST: 'a.test' } })])), []);
  });

  it('broken words cost the one container its place, those that are not understood are told', () => {
    const snapshot = map(www(), [
      container('bad', { env: { VIRTUAL_HOST: 'a.test', VIRTUAL_PORT: 'http' } }),
      container('good', { env: { VIRTUAL_HOST: 'a.test', VIRTUAL_PORT: '8080', HSTS: 'off' } }),
    ]);
    assert.deepEqual(pools(snapshot), ['a.test: good:8080']);
    assert.deepEqual(notes(snapshot, 'bad'), ['error: is refused: port http of a.test is not a whole number from 1 to 65535']);
    assert.deepEqual(notes(snapshot, 'good'), [
      'warning: HSTS is not read: a section sets it (http-response set-header Strict-Transport-Security)',
    ]);
  });

  it('says why a port cannot be chosen', () => {
    const snapshot = map(www(), [container('many', { env: { VIRTUAL_HOST: 'a.test' }, exposed: [5000, 6000] })]);
    assert.deepEqual(notes(snapshot, 'many'), [
      "error: is not routed by 'www': it exposes the ports 5000, 6000; name the one to use with port=",
    ]);
  });

  it('containers with one host are balanced where the tool knows no services, whatever they are called', () => {
    const env = { VIRTUAL_HOST: 'a.test' };
    const snapshot = map(www(), [container('blue', { env, exposed: [80] }), container('green', { env, exposed: [3000] })]);
    assert.deepEqual(pools(snapshot), ['a.test: blue:80 green:3000']);
    assert.deepEqual(notes(snapshot, 'green'), []);
  });

  it("routes Traefik's services by their names, and what has none by the compose service", () => {
    const service = 'traefik.http.services.api.loadbalancer.server.port';
    const api = { 'traefik.http.routers.api.rule': 'Host(`a.test`) && PathPrefix(`/api`)', [service]: '3000' };
    const web = { 'traefik.http.routers.web.rule': 'Host(`a.test`)' };
    const snapshot = map(www(), [
      container('api-1', { labels: compose('api', api) }),
      container('api-2', { labels: compose('api', api) }),
      container('web-1', { labels: compose('web', web), exposed: [80] }),
      container('web-2', { labels: compose('web', web), exposed: [80] }),
    ]);
    assert.deepEqual(routes(snapshot), ['www a.test/ -> web.shop', 'www a.test/api -> api']);
    assert.deepEqual(pools(snapshot), ['api: api-1:3000 api-2:3000', 'web.shop: web-1:80 web-2:80']);
  });

  it('gives a container with several ports a pool for each', () => {
    const multi = { VIRTUAL_HOST_MULTIPORTS: 'a.test:\n  "/":\n  "/api":\n    port: 8000\n' };
    const snapshot = map(www({ domains: ['d.test'] }), [
      container('nginx', { env: multi, exposed: [80, 8000] }),
      container('reg', { env: { SERVICE_NAME: 'reg' }, exposed: [80, 443] }),
    ]);
    assert.deepEqual(pools(snapshot), ['a.test: nginx:80', 'a.test_api: nginx:8000', 'reg-443: reg:443', 'reg-80: reg:80']);
  });

  it('the demo of camptocamp: a service that scales, another one with a domain and an alias', () => {
    const hello = { SERVICE_NAME: 'www_hello', SERVICE_CHECK_HTTP: '/' };
    const world = { SERVICE_NAME: 'www_world.dev', SERVICE_TAGS: 'server_aliases=hello.home', SERVICE_CHECK_HTTP: '/' };
    const snapshot = map(www({ domains: ['127.0.0.1.nip.io'] }), [
      container('demo_web_1', { env: hello, exposed: [80] }),
      container('demo_web_2', { env: hello, exposed: [80] }),
      container('demo_web2_1', { env: world, exposed: [80] }),
    ]);
    assert.deepEqual(routes(snapshot), [
      'www hello.home/ -> www_world.dev',
      'www www.hello.127.0.0.1.nip.io/ -> www_hello',
      'www www.hello/ -> www_hello',
      'www www.world.dev.127.0.0.1.nip.io/ -> www_world.dev',
      'www www.world.dev/ -> www_world.dev',
    ]);
    assert.deepEqual(pools(snapshot), ['www_hello: demo_web_1:80 demo_web_2:80', 'www_world.dev: demo_web2_1:80']);
    assert.equal(snapshot.pools.get('www_hello')?.[0]?.config.check?.inter, 10_000);
    assert.equal(snapshot.poolOptions.get('www_hello')?.httpCheck?.path, '/');
  });
});

describe('routes for frontends by name', () => {
  const both = config([
    proxy('web', { kind: 'frontend', dockerRoutes: [dockerRoutes({ compat: ['traefik'] })] }),
    proxy('intern', { kind: 'frontend', dockerRoutes: [dockerRoutes({ compat: ['traefik'] })] }),
    proxy('plain', { kind: 'frontend' }),
  ]);
  const labels = (entrypoints: string) => ({
    'traefik.http.routers.r.rule': 'Host(`a.test`)',
    'traefik.http.routers.r.entrypoints': entrypoints,
  });

  it('are made there alone', () => {
    const snapshot = map(both, [container('a', { labels: labels('intern') })]);
    assert.deepEqual(routes(snapshot), ['intern a.test/ -> a']);
    assert.deepEqual(notes(snapshot, 'a'), []);
    assert.match(snapshot.notes.map(({ message }) => message).join(), /is not routed to pool 'a' by 'web': its labels want intern/);
  });

  it('are made in each that is named', () => {
    assert.deepEqual(routes(map(both, [container('a', { labels: labels('web,intern,websecure') })])), [
      'intern a.test/ -> a',
      'web a.test/ -> a',
    ]);
  });

  it('are made everywhere when there is none of that name, with a warning', () => {
    const snapshot = map(both, [container('a', { labels: labels('plain, websecure') })]);
    assert.deepEqual(routes(snapshot), ['intern a.test/ -> a', 'web a.test/ -> a']);
    assert.deepEqual(notes(snapshot, 'a'), [
      "warning: no section with docker-routes is called plain or websecure: pool 'a' is routed by 'web' as well",
      "warning: no section with docker-routes is called plain or websecure: pool 'a' is routed by 'intern' as well",
    ]);
  });
});
