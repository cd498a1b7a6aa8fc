import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Config } from '../../../src/config/model.ts';
import type { Container } from '../../../src/discovery/docker/container.ts';
import { dockerReport } from '../../../src/discovery/docker/report.ts';
import { dockerSnapshot } from '../../../src/discovery/docker/snapshot.ts';
import type { KnownContainer } from '../../../src/discovery/docker/watch.ts';
import type { Report } from '../../../src/discovery/report.ts';
import { config, dockerRoutes, dockerServers, proxy } from '../make.ts';
import { type ContainerTraits, container, id, net, view } from './make.ts';

function inputOf(configuration: Config, containers: readonly (Container | KnownContainer)[]) {
  const self = { hostname: id('5e1f').slice(0, 12) };
  return { source: 'docker', view: view(containers), config: configuration, self, platform: 'linux' };
}

function report(configuration: Config, ...containers: readonly (Container | KnownContainer)[]): readonly Report[] {
  return dockerReport(inputOf(configuration, containers));
}

/** `level: message` of each. */
function reasonsOf(reports: readonly Report[], name: string): readonly string[] {
  return reports.find((one) => one.name === name)?.reasons.map(({ level, message }) => `${level}: ${message}`) ?? [];
}

/** `backend server state [routes]` of each. */
function usesOf(reports: readonly Report[], name: string): readonly string[] {
  const uses = reports.find((one) => one.name === name)?.uses ?? [];
  return uses.map(({ backend, server, state, routes }) => {
    return [backend, server.where, state, ...routes.map(({ text, lost }) => (lost === '' ? text : `not ${text}: ${lost}`))].join(' | ');
  });
}

const servers = (which: Parameters<typeof dockerServers>[0]) => proxy('app', { dockerServers: [dockerServers(which)] });
const www = (more = {}) => proxy('www', { kind: 'frontend', dockerRoutes: [dockerRoutes(more)] });
const labelled = (labels: Readonly<Record<string, string>>, more: ContainerTraits = {}) => ({ labels, ...more });
const compose = (project: string, service: string) => ({
  'com.docker.compose.project': project,
  'com.docker.compose.service': service,
});

/** Each container alone, under a frontend with `docker-routes` and a backend with `docker-servers image=nginx name=web-*`. */
const REASONS: readonly (readonly [
  what: string,
  name: string,
  traits: ContainerTraits,
  line: Parameters<typeof dockerRoutes>[0],
  said: RegExp,
])[] = [
  ['no label', 'db', {}, {}, /^info: is not routed by 'www': it has no label fairlead.host, and docker-routes no domain=/],
  ['opt-in', 'db', labelled({ 'fairlead.host': 'db.test' }), { optIn: true }, /^info: is not routed by 'www': label fairlead.enable=true/],
  ['opt-out', 'db', labelled({ 'fairlead.enable': 'false' }), {}, /^info: is not used: label fairlead.enable=false/],
  ['a bad value', 'db', labelled({ 'fairlead.port': 'x' }), {}, /^error: is refused: label fairlead.port=x is not a whole number/],
  ['an unknown key', 'db', labelled({ 'fairlead.hsot': 'x' }), {}, /^warning: label fairlead.hsot is unknown; did you mean 'host'/],
  [
    'a mistyped prefix',
    'db',
    labelled({ 'fairlaed.host': 'x' }),
    {},
    /^hint: label fairlaed.host is not read: ours begin with 'fairlead.'/,
  ],
  ['no port', 'db', labelled({ 'fairlead.host': 'x.test' }, { exposed: [] }), {}, /^error: is not routed by 'www': it exposes no TCP port/],
  ['several ports', 'db', labelled({ 'fairlead.host': 'x.test' }, { exposed: [81, 82] }), {}, /^error: .* it exposes the ports 81, 82/],
  ['a one-off', 'run', labelled({ 'com.docker.compose.oneoff': 'True' }), {}, /^info: it is a one-off container/],
  ['ourselves', 'lb', { id: id('5e1f'), hostname: '5e1f00000000' }, {}, /^info: it is Fairlead itself/],
  [
    'another image',
    'web-1',
    { image: 'redis:7' },
    {},
    /^info: it is not selected: image=nginx: its image is redis:7 \(1 of 2 selectors match\)/,
  ],
  ['nothing that matches', 'db', { image: 'redis:7' }, {}, /^info: it is not selected: image=nginx: .*; name=web-\*: its name is db$/],
  ['that it has stopped', 'web-1', { image: 'nginx', state: 'exited' }, {}, /^info: it is exited$/],
  [
    "another tool's words",
    'blog',
    { env: { VIRTUAL_HOST: 'blog.test', PATH: '/bin' } },
    {},
    /^hint: it has VIRTUAL_HOST, which docker-routes compat nginx-proxy would read$/,
  ],
  [
    "another tool's labels",
    'blog',
    labelled({ 'traefik.http.routers.x.rule': 'Host(`blog.test`)' }),
    { compat: ['nginx-proxy'] },
    /^hint: it has traefik\.http\.routers\.x\.rule, which docker-routes compat traefik would read$/,
  ],
  [
    'that it has stopped, with its hosts',
    'db',
    labelled({ 'fairlead.host': 'x.test' }, { state: 'exited' }),
    {},
    /^info: it is exited: while it exists x.test\/ is answered with 503/,
  ],
];

describe('what a container is reported as', () => {
  for (const [what, name, traits, line, said] of REASONS) {
    it(`says why it is not used: ${what}`, () => {
      const found = report(config([www(line), servers({ image: 'nginx', name: 'web-*' })]), container(name, traits));
      assert.equal(found.length, 1);
      assert.deepEqual(usesOf(found, name), []);
      const reasons = reasonsOf(found, name);
      assert.ok(
        reasons.some((reason) => said.test(reason)),
        reasons.join('\n'),
      );
    });
  }

  it('says which line took it, how it is reached, and which words were read', () => {
    const [found] = report(
      config([www(), servers({ image: 'nginx' })]),
      container('web-1', labelled({ 'fairlead.host': 'a.test,b.test', maintainer: 'somebody' }, { image: 'nginx:1', health: 'healthy' })),
    );
    assert.deepEqual(
      found?.uses.map(({ line }) => `${line.keyword} ${line.section}`),
      ['docker-routes www', 'docker-servers app'],
    );
    assert.match(found?.uses[0]?.server.where ?? '', /^172\.17\.0\.\d+:8089 \(network bridge\)$/);
    assert.deepEqual(
      found?.uses.map(({ routes }) => routes.map(({ text }) => text)),
      [['a.test/', 'b.test/'], []],
    );
    assert.deepEqual(found?.words, [{ reader: 'fairlead', from: 'label', name: 'fairlead.host', value: 'a.test,b.test' }]);
    assert.deepEqual([found?.what, found?.state, found?.health, found?.ports], ['nginx:1', 'running', 'healthy', [8089]]);
    assert.deepEqual(found?.reasons, []);
  });

  it("tells whose words were read where another tool's are", () => {
    const env = { VIRTUAL_HOST: 'blog.test', SECRET: 'x' };
    const [found] = report(config([www({ compat: ['nginx-proxy'] })]), container('blog', { env }));
    assert.deepEqual(found?.words, [{ reader: 'nginx-proxy', from: 'environment', name: 'VIRTUAL_HOST', value: 'blog.test' }]);
    assert.deepEqual(
      found?.uses.map(({ routes }) => routes.map(({ text }) => text)),
      [['blog.test/']],
    );
    assert.deepEqual(found?.reasons, []);
  });

  it('tells of the nearest of many lines that mean others', () => {
    const many = Array.from({ length: 9 }, (_, index) =>
      proxy(`b${index}`, { dockerServers: [dockerServers({ image: 'nginx', name: index === 5 ? 'db' : `web-${index}` })] }),
    );
    const reasons = reasonsOf(report(config(many), container('db')), 'db');
    assert.equal(reasons.length, 5);
    assert.equal(reasons[0], 'info: it is not selected: image=nginx: its image is eviking/mydockerapp (1 of 2 selectors match)');
    assert.equal(reasons.at(-1), 'info: 5 more lines do not select it');
  });

  it('names the winner of a host that it has lost, and keeps the other one', () => {
    const found = report(
      config([www()]),
      container('old', labelled({ 'fairlead.host': 'a.test' })),
      container('new', labelled({ 'fairlead.host': 'a.test,b.test' })),
    );
    assert.match(
      usesOf(found, 'new')[0] ?? '',
      /^new \| .* \| not a\.test\/: container old of pool 'old' serves it and is older \| b\.test\/$/,
    );
    assert.match(usesOf(found, 'old')[0] ?? '', /^old \| .* \| ready \| a\.test\/$/);
  });

  it('tells of a server that cannot be reached, with the networks', () => {
    const self = container('lb', { id: id('5e1f'), hostname: '5e1f00000000', networkMode: 'front', networks: [net('front', '10.0.0.2')] });
    const found = report(config([www()]), self, container('web', labelled({ 'fairlead.host': 'a.test' })));
    assert.match(usesOf(found, 'web')[0] ?? '', /^web \| it is in bridge, and none of that is ours \(front\) \| down \| a\.test\/$/);
    assert.equal(found[1]?.uses[0]?.server.address, undefined);
  });

  it('is no other than the snapshot: whoever serves there is said to serve, by the same line and state', () => {
    const configuration = config([www({ domains: ['example.test'] }), servers({ image: 'nginx' })]);
    const containers = [
      container('a', labelled(compose('shop', 'web'))),
      container('b', labelled(compose('shop', 'web'), { health: 'starting' })),
      container('c', labelled({ 'fairlead.host': 'web' })),
      container('d', labelled({ 'fairlead.enable': 'false' }, { image: 'nginx' })),
      container('e', { image: 'nginx', exposed: [] }),
      container('f', { image: 'nginx', networks: [] }),
      container('g', { image: 'nginx', state: 'exited' }),
      { container: container('h', { image: 'nginx' }), leaving: 'is stopping (SIGTERM)' },
    ];
    const snapshot = dockerSnapshot(inputOf(configuration, containers));
    const serving = [...snapshot.pools].flatMap(([pool, members]) =>
      members.map(({ config: { identity, address, port }, state, reason }) => [pool, identity, address, port, state, reason].join(' ')),
    );
    const said = report(configuration, ...containers).flatMap(({ uses }) =>
      uses
        .filter(({ routes }) => routes.length === 0 || routes.some(({ lost }) => lost === ''))
        .map(({ backend, server: { identity, address, port }, state, reason }) =>
          [backend, identity, address, port, state, reason].join(' '),
        ),
    );
    assert.ok(serving.length > 5);
    assert.deepEqual([...said].sort(), [...serving].sort());
  });
});
