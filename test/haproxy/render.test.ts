/** `fairlead render`: HAProxy takes what it prints, and does with it what Fairlead does. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadConfig, loadText } from '../../src/config/load.ts';
import type { ServerConfig } from '../../src/config/model.ts';
import { routeSources, serverSources } from '../../src/discovery/lines.ts';
import type { DiscoveredServer, PoolOptions, Route, Snapshot } from '../../src/discovery/provider.ts';
import { render } from '../../src/render/render.ts';
import { desire } from '../../src/state/desired.ts';
import { here } from '../config/cases.ts';
import { FakeEngine } from '../discovery/docker/fake-engine.ts';
import { serverConfig } from '../support/config.ts';
import { root } from '../support/paths.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { Side, skip } from './side-by-side.ts';

type Loaded = ReturnType<typeof loadText>;

const server = (name: string, more: Partial<DiscoveredServer> = {}, config: Partial<ServerConfig> = {}): DiscoveredServer => ({
  config: serverConfig(name, config),
  state: 'ready',
  reason: '',
  ...more,
});

/** One of each kind, each in another state. */
const servers: readonly DiscoveredServer[] = [
  server('0123456789ab', {}, { weight: 10, maxconn: 32, cookie: 'a b', slowstart: 2000 }),
  server('1123456789ab', { state: 'drain', reason: 'container is stopping (SIGTERM)' }),
  server('2123456789ab', { state: 'down', reason: 'its port 80\nis not published' }, { address: undefined }),
  server('3123456789ab', {}, { address: '2001:db8::1', port: 8080, backup: true }),
];

const HOSTS: readonly Route['host'][] = [
  { kind: 'exact', value: 'www.example.test' },
  { kind: 'exact', value: '[::1]' },
  { kind: 'suffix', value: '.example.test' },
  { kind: 'regex', value: String.raw`^shop-\d+(?:\.eu)?\.test$` },
  { kind: 'any', value: '' },
];
const PATHS: readonly Pick<Route, 'path' | 'exact' | 'rewrite'>[] = [
  { path: '/', exact: false, rewrite: undefined },
  { path: '/api', exact: false, rewrite: '' },
  { path: "/it's%20", exact: false, rewrite: '/v2%20/' },
  { path: '/a.b(c)', exact: true, rewrite: '/x y' },
];
const OPTIONS: readonly PoolOptions[] = [
  {},
  { balance: { algorithm: 'leastconn', draws: 2 }, checkTimeout: 1500, redirect: 301 },
  {
    balance: { algorithm: 'uri', draws: 2, uri: { length: 5, depth: 2, whole: true, pathOnly: false } },
    httpCheck: {
      path: '/health',
      host: 'a.test',
      statuses: [
        [200, 299],
        [404, 404],
      ],
    },
    sticky: { kind: 'cookie', name: 'SERVERID', secure: true, httponly: true },
  },
  { balance: { algorithm: 'hdr', draws: 2, header: { name: 'host', domainOnly: true } }, sticky: { kind: 'source' } },
];

/** Every source that is asked knows servers for every section that asks, and pools with every kind of route for every frontend. */
function snapshots({ config }: Loaded): ReadonlyMap<string, Snapshot> {
  const found = new Map<string, Snapshot>();
  for (const proxy of config?.proxies ?? []) {
    for (const source of [...serverSources(proxy), ...routeSources(proxy)]) {
      const known = found.get(source) ?? { source, pools: new Map(), poolOptions: new Map(), routes: [], notes: [] };
      const pools = new Map(known.pools);
      const options = new Map(known.poolOptions);
      const routes = [...known.routes];
      if (serverSources(proxy).includes(source)) pools.set(proxy.name, servers);
      if (routeSources(proxy).includes(source)) {
        for (const [index, option] of OPTIONS.entries()) {
          const pool = `${proxy.name}-${source.replace(/\W/g, '.')}-${index}`;
          pools.set(pool, servers);
          options.set(pool, option);
          for (const [at, host] of HOSTS.entries()) {
            const { path, ...more } = PATHS[(at + index) % PATHS.length] ?? assert.fail();
            routes.push({ frontend: proxy.name, host, path: `${path}${index}`, ...more, priority: index, pool, origin: 'a container' });
          }
        }
      }
      found.set(source, { ...known, pools, poolOptions: options, routes });
    }
  }
  return found;
}

function rendered(loaded: Loaded): string {
  const { config, transcript } = loaded;
  assert.ok(config, JSON.stringify(loaded.diagnostics));
  return render({ transcript, config, state: desire(config, snapshots(loaded)), head: ['a test'] });
}

/** What HAProxy says of it. */
function check(text: string, cwd: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-render-'));
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, text);
  const { status, stderr } = spawnSync('haproxy', ['-c', '-f', file], { cwd, encoding: 'utf8', timeout: 20_000 });
  rmSync(folder, { recursive: true });
  assert.equal(status, 0, `${stderr}\n${text}`);
  return stderr;
}

const files: readonly (readonly [folder: string, file: string])[] = [
  ...readdirSync(join(root, 'examples')).map((name) => [join(root, 'examples', name), 'haproxy.cfg'] as const),
  ...readdirSync(join(here, 'cases/valid')).map((name) => [here, `cases/valid/${name}`] as const),
];

/** Also what is not in the examples, and what HAProxy does not have. */
const MIXED = `global
    tune.http.maxurilen 4096
    ssl-server-verify none
    ssl-default-server-options ssl-min-ver TLSv1.2 no-tls-tickets
    setenv BACK two
docker east
    endpoint tcp://127.0.0.1:1
consul
    endpoint http://127.0.0.1:1
userlist people
    user a insecure-password b
defaults base
    mode http
    timeout connect 2s
    timeout client 2s
    timeout server 2s
    default-server check inter 3s maxconn 5
    cookie SRV insert indirect secure maxidle 30m maxlife 8h domain a.test attr "SameSite=None"
    option httpchk
    http-check send meth GET uri /ok ver HTTP/1.1 hdr Host a
    http-check expect ! rstatus ^5
    balance leastconn
    no option redispatch
defaults rules from base
    option jsonlog
    http-request set-header X-A b if { path /a }
.if feature(FAIRLEAD)
frontend www from rules
    bind "127.0.0.1:\${PORT-8080}" name "\${NAME-a b}"  # here
    acl to_www.example.test path /
    stats enable
    stats uri /admin
    docker-routes domain=localhost maxconn 10
    consul-routes domain=service.test
    http-request deny if { path_reg '^/d\\.x' }
    use_backend "\${BACK}" if to_www.example.test
.else
frontend never
    bnid
.endif
listen both from base
    bind 127.0.0.1:8081
    docker-routes
    balance source
    stick-table type ip size 10
    stick on src
    docker-servers image=x no-check weight 3
    server s1 127.0.0.1:1 no-check track two/t1
    consul-servers service=db
backend two from base
    server t1 127.0.0.1:1 check
    server t2 no-such-host.invalid:80 # comment
    server-template w 2 no-such-host.invalid:80
`;

describe('what fairlead render prints', { skip }, () => {
  for (const [folder, file] of files) {
    it(`is taken by HAProxy: ${join(folder, file).slice(root.length + 1)}`, () => {
      const loaded = loadConfig([file], { env: {}, cwd: folder });
      check(rendered(loaded), folder);
    });
  }

  it('is taken with all kinds of servers, routes, pools, sections and keywords', () => {
    const text = rendered(loadText(MIXED, 'mixed.cfg', { env: { PORT: '8082' } }));
    const warnings = check(text, here)
      .split('\n')
      .filter((line) => line.includes('WARNING'));
    assert.deepEqual(
      warnings.filter((line) => !/could not resolve address 'no-such-host.invalid', disabling server/.test(line)),
      [],
    );
  });

  it('is itself a configuration of Fairlead, with the same servers', () => {
    const loaded = loadText(MIXED, 'mixed.cfg', { env: {} });
    const again = loadText(rendered(loaded), 'rendered.cfg', { env: {} });
    assert.deepEqual(
      again.diagnostics.filter(({ severity }) => severity === 'alert').map(({ message }) => message),
      [],
    );
    const both = again.config?.proxies.find(({ name }) => name === 'both')?.servers ?? [];
    assert.deepEqual(
      both.map(({ name, disabled, backup }) => [name, disabled, backup]),
      [
        ['0123456789ab', false, false],
        ['1123456789ab', true, false],
        ['3123456789ab', false, true],
        ['s1', false, false],
      ],
    );
    assert.deepEqual(
      both.slice(0, 3).map(({ check: own, maxconn }) => [own, maxconn]),
      [
        [undefined, 32],
        [undefined, 0],
        [undefined, 0],
      ],
    );
  });
});

/** What JavaScript takes and PCRE does not, or takes for something else, and what has to stand behind the end of options. */
const EXPRESSIONS: readonly string[] = [
  String.raw`-foo\.test`,
  String.raw`^\u0041b$`,
  '^[]a$',
  '^[^]a$',
  '^[[]a$',
  String.raw`^[\d-x]$`,
  String.raw`^\Qa\E\R\Z\e\v$`,
  '^[[:alpha:]]$',
  String.raw`^\x{41}$`,
  'a{,3}',
  '(?<a_b>x)',
  '(?:abc){500}',
  'a{65535}',
  '',
  '"\'#$ \u00e9',
  String.raw`(?<=a+)b(c)\1`,
];

describe('routes with expressions of JavaScript', { skip }, () => {
  const text = `${MIXED.slice(MIXED.indexOf('defaults base'), MIXED.indexOf('defaults rules'))}frontend www from base\n    bind 127.0.0.1:8080\n    docker-routes\n`;
  const routes = (values: readonly Route['host'][]): readonly Route[] =>
    values.map((host, index) => ({
      frontend: 'www',
      host,
      path: '/',
      exact: false,
      rewrite: index % 2 === 0 ? undefined : '/x',
      priority: 0,
      pool: 'found',
      origin: 'a container',
    }));
  const renderedWith = (hosts: readonly Route['host'][], pool = 'found'): string => {
    const { config, transcript } = loadText(text, 'a.cfg', { env: {} });
    assert.ok(config);
    const found = routes(hosts).map((route) => ({ ...route, pool }));
    const snapshot = { source: 'docker', pools: new Map([[pool, servers]]), poolOptions: new Map(), routes: found, notes: [] };
    return render({ transcript, config, state: desire(config, new Map([['docker', snapshot]])), head: [] });
  };

  for (const value of EXPRESSIONS) {
    it(`are taken: ${value}`, () => {
      check(renderedWith([{ kind: 'regex', value }]), here);
    });
  }

  it('are left out, with the reason, where they cannot be said', () => {
    const out = renderedWith(EXPRESSIONS.map((value) => ({ kind: 'regex', value })));
    check(out, here);
    assert.match(out, /\n {4}# left out: use_backend found for ~\(\?<=a\+\)b\(c\)\\1\/: '\(\?<=' may mean something else in PCRE\n/);
    assert.equal(out.match(/use_backend found if /g)?.length, EXPRESSIONS.length - 1);
  });

  it('are taken with hosts that look like options', () => {
    check(
      renderedWith([
        { kind: 'exact', value: '-x.test' },
        { kind: 'suffix', value: '-x.test' },
      ]),
      here,
    );
  });

  for (const name of ['fairlead-no-route', 'fairlead-www']) {
    it(`are taken with a pool whose name would be ours: ${name}`, () => {
      check(renderedWith([{ kind: 'exact', value: 'a.test' }], name), here);
    });
  }
});

const LABELS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  www: { 'fairlead.host': 'www.example.test,EXAMPLE.test' },
  api: { 'fairlead.host': 'www.example.test', 'fairlead.path': '/api', 'fairlead.strip': 'true' },
  v2: { 'fairlead.host': '*.example.test', 'fairlead.path': '/v1', 'fairlead.rewrite': '/v2/' },
  deep: { 'fairlead.host': '*.deep.example.test' },
  shop: { 'fairlead.host': String.raw`~^shop-\d+\.test$` },
  odd: { 'fairlead.host': String.raw`~^\u006fdd[\d-x]\.test$` },
  minus: { 'fairlead.host': String.raw`~-minus\.tes[^]$` },
  quote: { 'fairlead.host': String.raw`~^\Qz\x{2}\E$` },
  first: { 'fairlead.host': '*.test', 'fairlead.path': '/first', 'fairlead.priority': '10' },
  twice: {
    'fairlead.routes.a.host': 'a.test',
    'fairlead.routes.a.path': '/a',
    'fairlead.routes.a.strip': 'true',
    'fairlead.routes.b.host': 'b.test',
    'fairlead.routes.b.path': '/b',
    'fairlead.routes.b.rewrite': '/new',
    'fairlead.service': 'twice',
    'fairlead.routes.a.service': 'twice',
    'fairlead.routes.b.service': 'twice',
  },
  secret: { 'fairlead.host': 'secret.test', 'fairlead.auth': 'people' },
  safe: { 'fairlead.host': 'safe.test', 'fairlead.redirect': 'https' },
  sticky: { 'fairlead.host': 'sticky.test', 'fairlead.sticky': 'cookie' },
};

describe('HAProxy with what fairlead render prints', { skip }, () => {
  let engine: FakeEngine;
  let fairlead: Side;
  let haproxy: Side;
  const upstreams: Upstream[] = [];

  before(async () => {
    engine = new FakeEngine();
    await engine.listen();
    for (const [name, labels] of Object.entries({ ...LABELS, own: {} })) {
      const upstream = await startUpstream(name, (request, response) => response.end(`${name} ${request.url}`));
      upstreams.push(upstream);
      engine.create(name, { labels, address: '127.0.0.1', ports: { [upstream.port]: undefined }, image: name === 'own' ? 'own' : 'app' });
    }
    fairlead = await Side.start(
      'fairlead',
      `global
    stats socket %DIR%/ctl level admin
docker
    endpoint ${engine.endpoint}
userlist people
    user joe insecure-password s3cret
defaults
    mode http
    timeout connect 2s
    timeout client 10s
    timeout server 10s
frontend www
    bind unix@%DIR%/www
    use_backend own if { path /own }
    docker-routes
frontend other
    bind unix@%DIR%/other
    docker-routes
    default_backend own
backend own
    docker-servers image=own`,
    );
    const text = (await fairlead.cli('show config')).trimEnd().replaceAll(fairlead.folder, '%DIR%');
    haproxy = await Side.start('haproxy', text);
  });

  after(async () => {
    await haproxy?.stop();
    await fairlead?.stop();
    for (const upstream of upstreams) await upstream.stop();
    await engine.dispose();
  });

  const hosts = [
    'www.example.test',
    'WWW.example.test:8080',
    'example.test.',
    'x.example.test',
    'y.deep.example.test',
    'shop-12.test',
    'shop-x.test',
    'a.test',
    'b.test:80',
    'unknown',
    '[::1]:80',
    '127.0.0.1',
  ];
  const paths = [
    '/',
    '/own',
    '/api',
    '/api/',
    '/api/x?y=/api',
    '/apis',
    '/v1?q',
    '/v1/x',
    '/first/x',
    '/a',
    '/a/',
    '/a//x',
    '/b',
    '/b/x%20y?z',
    '/%61',
  ];
  const oddHosts = ['odd-.test', 'ODD7.test', 'oddd.test', 'a-minus.test', 'qzxxe', 'z'];
  const pathsOf = (host: string): readonly string[] => (oddHosts.includes(host) ? ['/'] : paths);
  const ask = async (side: Side, frontend: string, request: string) => {
    const answer = await side.ask(frontend, request);
    const status = answer.slice(9, 12);
    return status === '200' ? answer.slice(answer.indexOf('\r\n\r\n') + 4) : status;
  };

  for (const frontend of ['www', 'other']) {
    for (const host of [...hosts, ...oddHosts]) {
      it(`sends the same requests to the same servers: ${host} in ${frontend}`, async () => {
        const answers = new Map<string, readonly [string, string]>();
        for (const path of pathsOf(host)) {
          const request = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
          answers.set(path, [await ask(fairlead, frontend, request), await ask(haproxy, frontend, request)]);
        }
        assert.deepEqual(
          [...answers].map(([path, [, theirs]]) => `${path} -> ${theirs}`),
          [...answers].map(([path, [ours]]) => `${path} -> ${ours}`),
        );
      });
    }
  }

  it('is asked about more than refusals', async () => {
    const found = new Set<string>();
    for (const host of [...hosts, ...oddHosts]) {
      for (const path of pathsOf(host))
        found.add((await ask(haproxy, 'www', `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).split(' ')[0] ?? '');
    }
    assert.deepEqual([...found].sort(), ['404', 'api', 'deep', 'first', 'minus', 'odd', 'own', 'quote', 'shop', 'twice', 'v2', 'www']);
  });

  const stories: readonly (readonly [what: string, host: string, fields: string, expected: RegExp])[] = [
    ['asks for a password', 'secret.test', '', /^HTTP\/1\.1 401 /],
    ['takes the right one', 'secret.test', `Authorization: Basic ${btoa('joe:s3cret')}\r\n`, /^HTTP\/1\.1 200 [\s\S]*secret \/x\?y$/],
    ['sends to https', 'safe.test', '', /^HTTP\/1\.1 302 [\s\S]*\r\nlocation: https:\/\/safe\.test\/x\?y\r\n/i],
    ['leaves who comes by https', 'safe.test', 'X-Forwarded-Proto: https\r\n', /^HTTP\/1\.1 200 [\s\S]*safe \/x\?y$/],
    ['gives a cookie', 'sticky.test', '', /\r\nset-cookie: [^=\r]+=c[0-9a-f]{11}; path=\/[\s\S]*sticky \/x\?y$/i],
  ];
  for (const [what, host, fields, expected] of stories) {
    it(`${what}, too`, async () => {
      for (const side of [fairlead, haproxy]) {
        assert.match(await side.ask('www', `GET /x?y HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n`), expected, side.name);
      }
    });
  }
});
