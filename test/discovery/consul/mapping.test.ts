import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Config, ConsulRoutesConfig, ConsulServersConfig, ServerConfig } from '../../../src/config/model.ts';
import type { Check, Instance } from '../../../src/discovery/consul/instance.ts';
import { wantedBy } from '../../../src/discovery/consul/mapping.ts';
import { consulReport } from '../../../src/discovery/consul/report.ts';
import { consulSnapshot } from '../../../src/discovery/consul/snapshot.ts';
import type { ConsulView } from '../../../src/discovery/consul/watch.ts';
import type { Snapshot } from '../../../src/discovery/provider.ts';
import { routeText } from '../../../src/discovery/routes.ts';
import { config, consulRoutes, consulServers, proxy, server } from '../make.ts';

interface Traits extends Partial<Omit<Instance, 'meta' | 'checks'>> {
  readonly meta?: Readonly<Record<string, string>>;
  readonly checks?: readonly Partial<Check>[];
}

let serial = 0;

function instance(service: string, { meta = {}, checks = [], ...more }: Traits = {}): Instance {
  serial++;
  return {
    datacenter: 'dc1',
    node: 'node-1',
    id: service,
    service,
    kind: '',
    address: '192.0.2.1',
    port: 80,
    tags: [],
    weights: { passing: 1, warning: 1 },
    created: serial,
    ...more,
    meta: new Map(Object.entries(meta)),
    checks: checks.map((check) => ({ id: 'service:x', name: 'http', status: 'passing', output: '', notes: '', ...check })),
  };
}

function viewOf(instances: readonly Instance[]): ConsulView {
  return {
    services: () => [...new Set(instances.map(({ service }) => service))].sort(),
    instances: ({ service }) => instances.filter((one) => one.service === service),
    problems: [],
  };
}

const resolve = (name: string) => (name === 'app.test' ? { address: '192.0.2.77' } : { problem: `name ${name} does not resolve` });

function inputOf(configuration: Config, instances: readonly Instance[]) {
  return { source: 'consul', view: viewOf(instances), config: configuration, resolve };
}

function servers(instances: readonly Instance[], line: Partial<ConsulServersConfig> = {}): Snapshot {
  const lines = [consulServers('web', line)];
  return consulSnapshot(inputOf(config([proxy('app', { consulServers: lines })]), instances));
}

function routed(instances: readonly Instance[], line: Partial<ConsulRoutesConfig> = {}, more: Config['proxies'] = []): Snapshot {
  const frontend = proxy('www', { kind: 'frontend', consulRoutes: [consulRoutes(line)] });
  return consulSnapshot(inputOf(config([frontend, ...more]), instances));
}

const app = (snapshot: Snapshot) => snapshot.pools.get('app') ?? [];
const told = (snapshot: Snapshot, level = 'warning') =>
  snapshot.notes.filter((note) => note.level === level).map(({ subject, message }) => `${subject} ${message}`);

describe('an instance as a server', () => {
  it('is at its own address, else at its name’s, and says where it comes from', () => {
    const [one, two, three, four] = app(
      servers([
        instance('web', { id: 'a', address: '192.0.2.5', port: 8080 }),
        instance('web', { id: 'b', address: 'app.test' }),
        instance('web', { id: 'c', address: 'gone.test' }),
        instance('web', { id: 'd', address: 'not/one' }),
      ]),
    );
    assert.deepEqual([one?.config.address, one?.config.port, one?.config.origin], ['192.0.2.5', 8080, 'service web, instance a on node-1']);
    assert.deepEqual([two?.config.address, two?.state], ['192.0.2.77', 'ready']);
    assert.deepEqual([three?.config.address, three?.state, three?.reason], [undefined, 'down', 'name gone.test does not resolve']);
    assert.deepEqual([four?.config.address, four?.reason], [undefined, "'not/one' is no address"]);
  });

  it('has a name that is its own in the backend, and fit for it', () => {
    const ids = [
      ['web', 'host-1'],
      ['web', 'host-2'],
      ['host-1:shop_web_1:80', 'host-1'],
      ['web/ü 1', 'host-3'],
    ] as const;
    const names = app(servers(ids.map(([id, node]) => instance('web', { id, node })))).map(({ config: { name } }) => name);
    assert.deepEqual(names, ['host-1.web', 'host-2.web', 'host-1:shop_web_1:80', 'host-3.web___1']);
  });

  it('has a name that is its own also where ids and nodes come to the same name', () => {
    const clashes = [
      ['web', 'n1'],
      ['n1.web', 'n1'],
      ['\u00e9', 'n1'],
      ['\u00e8', 'n1'],
      ['web-1', 'web'],
      ['web-1', 'web-1'],
      ['b.c', 'a'],
      ['c', 'a.b'],
    ] as const;
    const names = app(servers(clashes.map(([id, node]) => instance('web', { id, node })))).map(({ config: { name } }) => name);
    assert.deepEqual(names, ['n1.web', 'n1.n1.web', 'n1._:2', 'n1._', 'web.web-1', 'web-1.web-1', 'a.b.c', 'a.b.c:2']);
  });

  it('says its data center in its name where the pool has several, or several agents', () => {
    const both = [instance('web'), instance('web', { datacenter: 'dc2', address: '192.0.2.2' })];
    const view: ConsulView = {
      ...viewOf(both),
      instances: ({ datacenter = 'dc1' }) => both.filter((one) => one.datacenter === datacenter),
    };
    const lines = [consulServers('web'), consulServers('web', { datacenter: 'dc2' })];
    const snapshot = consulSnapshot({ source: 'consul', view, resolve, config: config([proxy('app', { consulServers: lines })]) });
    assert.deepEqual(
      app(snapshot).map(({ config: { name } }) => name),
      ['node-1.web.dc1', 'node-1.web.dc2'],
    );
    const agents = app(servers([instance('web')], { agents: ['', 'west'] }));
    assert.deepEqual([agents[0]?.config.name], ['node-1.web.dc1']);
  });

  it('without a port is refused, alone', () => {
    const snapshot = servers([instance('web', { id: 'a', port: 0 }), instance('web', { id: 'b' })]);
    assert.deepEqual(
      app(snapshot).map(({ config: { name } }) => name),
      ['node-1.b'],
    );
    assert.deepEqual(told(snapshot, 'error'), ["a on node-1 is no server of 'app': it is registered without a port"]);
  });

  it('of another tag is left alone', () => {
    const instances = [instance('web', { id: 'a', tags: ['v2'] }), instance('web', { id: 'b', tags: ['v2', 'blue'] })];
    const snapshot = servers(instances, { tags: ['v2', 'blue'] });
    assert.deepEqual(
      app(snapshot).map(({ config: { name } }) => name),
      ['node-1.b'],
    );
  });

  const states: readonly (readonly [what: string, checks: Traits['checks'], line: Partial<ConsulServersConfig>, state: string])[] = [
    ['passes', [{}, { id: 'serfHealth' }], {}, 'ready: '],
    ['has no check', [], {}, 'ready: '],
    ['warns', [{ status: 'warning', output: 'slow' }], {}, 'ready: '],
    ['warns, where all must pass', [{ status: 'warning', output: 'slow' }], { passing: true }, "down: check 'http' is warning: slow"],
    ['fails', [{ status: 'critical', output: 'HTTP 500' }], {}, "down: check 'http' is critical: HTTP 500"],
    ['fails without a word', [{ status: 'critical' }], {}, "down: check 'http' is critical"],
    [
      'has lost its node',
      [{}, { id: 'serfHealth', name: 'Serf Health Status', status: 'critical', output: 'Agent not live or unreachable' }],
      {},
      "down: check 'Serf Health Status' is critical: Agent not live or unreachable",
    ],
    [
      'is in maintenance, and fails besides',
      [{ status: 'critical' }, { id: '_service_maintenance:web', status: 'critical', notes: 'new disk' }],
      {},
      'drain: in maintenance: new disk',
    ],
    [
      'is on a node in maintenance',
      [{ id: '_node_maintenance', status: 'critical', notes: 'reboot' }],
      {},
      'drain: in maintenance: reboot',
    ],
  ];
  for (const [what, checks, line, expected] of states) {
    it(`that ${what} is ${expected}`, () => {
      const [one] = app(servers([instance('web', { checks: checks ?? [] })], line));
      assert.equal(`${one?.state}: ${one?.reason}`, expected);
    });
  }

  const weights: readonly (readonly [what: string, line: number, instances: readonly Traits[], weights: readonly number[]])[] = [
    ['its weight while it passes', 1, [{ weights: { passing: 10, warning: 1 } }], [10]],
    ['its weight while it warns', 1, [{ weights: { passing: 10, warning: 2 }, checks: [{ status: 'warning' }] }], [2]],
    ['none, where it has none while it warns', 5, [{ weights: { passing: 1, warning: 0 }, checks: [{ status: 'warning' }] }], [0]],
    ['none, where the line has none', 0, [{ weights: { passing: 5, warning: 1 } }], [0]],
    ['the line’s weight for each of its own', 10, [{}, { weights: { passing: 3, warning: 1 } }], [10, 30]],
    [
      'its share of 256 where somebody has more',
      1,
      [{ weights: { passing: 1000, warning: 1 } }, { weights: { passing: 500, warning: 1 } }, {}],
      [256, 128, 1],
    ],
    ['the weight of its tag', 3, [{ tags: ['fairlead.weight=7'], weights: { passing: 9, warning: 1 } }], [7]],
  ];
  for (const [what, weight, instances, expected] of weights) {
    it(`has ${what}`, () => {
      const all = instances.map((traits, index) => instance('web', { ...traits, id: `w${index}` }));
      assert.deepEqual(
        app(servers(all, { template: server('', { weight }) })).map(({ config }) => config.weight),
        expected,
      );
    });
  }

  it('is a backup unless it is on the nearest node, where nearness counts', () => {
    const instances = [
      instance('web', { id: 'b', node: 'near' }),
      instance('web', { id: 'a', node: 'far' }),
      instance('web', { id: 'c', node: 'near' }),
    ];
    const backups = (line: Partial<ConsulServersConfig>) =>
      app(servers(instances, line)).map(({ config: { name, backup } }) => `${name} ${backup}`);
    assert.deepEqual(backups({ near: { to: '_agent', share: undefined } }), ['near.b false', 'far.a true', 'near.c false']);
    const shares = app(servers(instances, { near: { to: '_agent', share: 10 } })).map(({ config: { backup }, share }) => [backup, share]);
    assert.deepEqual(shares, [
      [false, undefined],
      [false, 10],
      [false, undefined],
    ]);
    assert.deepEqual(backups({}), ['near.b false', 'far.a false', 'near.c false']);
  });

  it('is near or far among those that the line takes', () => {
    const near = { to: '_agent', share: undefined };
    const tag = 'fairlead.host=a.test';
    const instances = [
      instance('web', { node: 'n0', tags: ['v2', tag, 'fairlead.enable=false'] }),
      instance('web', { node: 'n1', tags: ['v1'] }),
      instance('web', { node: 'n2', tags: ['v2', tag, 'fairlead.enable=true'] }),
      instance('web', { node: 'n3', tags: ['v2', tag, 'fairlead.enable=true'] }),
    ];
    const backups = (found: Snapshot['pools'], pool: string) => found.get(pool)?.map(({ config: { name, backup } }) => `${name} ${backup}`);
    assert.deepEqual(backups(servers(instances, { near, tags: ['v2'] }).pools, 'app'), ['n2.web false', 'n3.web true']);
    assert.deepEqual(backups(routed(instances, { near, optIn: true }).pools, 'web'), ['n2.web false', 'n3.web true']);
  });

  it('heeds our words, as tags and as meta, a tag before meta', () => {
    const one = instance('web', {
      id: 'a',
      tags: ['fairlead.maxconn=5'],
      meta: { fairlead_maxconn: '9', 'fairlead_max-reuse': '3', fairlead_check_interval: '7s' },
    });
    const two = instance('web', { id: 'b', tags: ['fairlead.enable=false'] });
    const three = instance('web', { id: 'c', tags: ['fairlead.weigth=5', 'fairlead.weight=x'] });
    const snapshot = servers([one, two, three]);
    const [only, ...others] = app(snapshot);
    assert.deepEqual([only?.config.maxconn, only?.config.maxReuse, only?.config.check?.inter, others.length], [5, 3, 7000, 0]);
    assert.deepEqual(told(snapshot), ["c on node-1 tag fairlead.weigth is unknown; did you mean 'weight'?"]);
    assert.equal(told(snapshot, 'error').length, 1);
    assert.match(told(snapshot, 'error')[0] ?? '', /^c on node-1 is no server of 'app': tag fairlead.weight: /);
  });
});

describe('services as pools', () => {
  const routes = (snapshot: Snapshot) =>
    snapshot.routes.map((route) => `${routeText(route)} ${route.pool}${route.rewrite === undefined ? '' : ` as '${route.rewrite}'`}`);

  const stories: readonly (readonly [what: string, traits: Traits, line: Partial<ConsulRoutesConfig>, routes: readonly string[]])[] = [
    ['its name with each domain', {}, { domains: ['a.test', 'b.test'] }, ['www.hello/', 'www.hello.a.test/', 'www.hello.b.test/']],
    ['nothing where there is no domain', {}, {}, []],
    [
      'its aliases',
      { tags: ['server_alias=hello.home', 'server_aliases=x.home,y.home'] },
      {},
      ['hello.home/', 'www.hello/', 'x.home/', 'y.home/'],
    ],
    ['fabio’s prefixes', { tags: ['urlprefix-a.test/api strip=/api', 'urlprefix-/all'] }, {}, ["a.test/api as ''", '*/all']],
    ['fabio’s prefix with its own name as the host', { tags: ['urlprefix-www.hello/api'] }, {}, ['www.hello/api']],
    ['our own host alone', { tags: ['fairlead.host=own.test', 'server_alias=hello.home'] }, { domains: ['a.test'] }, ['own.test/']],
    ['our own short host with each domain', { tags: ['fairlead.host=own'] }, { domains: ['a.test'] }, ['own/', 'own.a.test/']],
    ['our own host as meta', { meta: { fairlead_host: 'own.test', fairlead_path: '/x' } }, {}, ['own.test/x']],
    ['our own host under another prefix', { tags: ['fairlead.host=not.test', 'lb.host=own.test'] }, { prefix: 'lb.' }, ['own.test/']],
    ['our own host as meta under a prefix with an underscore', { meta: { my_lb_host: 'own.test' } }, { prefix: 'my_lb.' }, ['own.test/']],
    [
      'our own path below the hosts of its name',
      { tags: ['fairlead.path=/x'] },
      { domains: ['a.test'] },
      ['www.hello.a.test/x', 'www.hello/x'],
    ],
    ['nothing where nobody opts in', {}, { domains: ['a.test'], optIn: true }, []],
    ['what it opts in to', { tags: ['fairlead.enable=true'] }, { domains: ['a.test'], optIn: true }, ['www.hello/', 'www.hello.a.test/']],
    ['nothing for a proxy of the mesh', { kind: 'connect-proxy' }, { domains: ['a.test'] }, []],
  ];
  for (const [what, traits, line, expected] of stories) {
    it(`serve ${what}`, () => {
      const snapshot = routed([instance('www_hello', traits)], line);
      assert.deepEqual(
        routes(snapshot)
          .map((route) => route.replace(' www_hello', ''))
          .sort(),
        [...expected].sort(),
      );
      assert.deepEqual([...snapshot.pools.keys()], expected.length === 0 ? [] : ['www_hello']);
    });
  }

  it('have a pool for each route that is named, and one name for several services', () => {
    const one = instance('one', { tags: ['fairlead.service=shop', 'fairlead.host=shop.test'] });
    const two = instance('two', {
      id: 'two',
      tags: ['fairlead.service=shop', 'fairlead.host=shop.test', 'fairlead.routes.api.host=api.test'],
    });
    const snapshot = routed([one, two]);
    assert.deepEqual(routes(snapshot), ['api.test/ shop-api', 'shop.test/ shop']);
    assert.deepEqual(
      [...snapshot.pools].map(([name, pool]) => [name, pool.length]),
      [
        ['shop', 2],
        ['shop-api', 1],
      ],
    );
  });

  it('keep clients with one server where a tag wants that, and balance as the oldest instance says', () => {
    const old = instance('web', { id: 'a', tags: ['sticky_session', 'fairlead.balance=leastconn'] });
    const young = instance('web', { id: 'b', tags: ['sticky_session', 'fairlead.balance=first'] });
    const snapshot = routed([young, old], { domains: ['a.test'] });
    const options = snapshot.poolOptions.get('web');
    assert.deepEqual(told(snapshot), ["b on node-1 pool 'web' has another balance, as an older instance says"]);
    assert.equal(options?.balance?.algorithm, 'leastconn');
    assert.equal(options?.sticky?.kind, 'cookie');
  });

  it('are told which of our words are for containers alone', () => {
    const snapshot = routed([instance('web', { tags: ['fairlead.host=a.test', 'fairlead.rollout=config'] })]);
    assert.deepEqual(told(snapshot), ['web on node-1 tag fairlead.rollout has no meaning here: it is for containers']);
    assert.equal(snapshot.poolOptions.get('web')?.rollout, undefined);
  });

  it('keep their routes while all instances are sick', () => {
    const snapshot = routed([instance('web', { checks: [{ status: 'critical' }] })], { domains: ['a.test'] });
    assert.equal(snapshot.routes.length, 2);
    assert.equal(snapshot.pools.get('web')?.[0]?.state, 'down');
  });

  it('that claim the same: the higher priority has it, else who was registered first, whoever is sick', () => {
    const first = instance('first', { tags: ['fairlead.host=a.test'], checks: [{ status: 'critical' }] });
    const second = instance('second', { tags: ['fairlead.host=a.test'] });
    const snapshot = routed([second, first]);
    assert.deepEqual(routes(snapshot), ['a.test/ first']);
    assert.deepEqual([...snapshot.pools.keys()], ['first']);
    assert.deepEqual(told(snapshot), [
      "second on node-1 a.test/ in 'www' is not given to pool 'second': service first of pool 'first' serves it and was registered first",
    ]);
    const urgent = instance('second', { tags: ['fairlead.host=a.test', 'fairlead.priority=5'] });
    assert.deepEqual(routes(routed([urgent, first])), ['a.test/ second']);
  });

  it('are refused where a section has their name, or no backend could have it', () => {
    const named = instance('sales team', { id: 'x', tags: ['fairlead.host=sales.test'] });
    const snapshot = routed([instance('app'), named, instance('web')], { domains: ['a.test'] }, [proxy('app')]);
    assert.deepEqual([...snapshot.pools.keys()], ['web']);
    const errors = told(snapshot, 'error');
    assert.match(errors[0] ?? '', /^app on node-1 is not routed as 'app': a section of that name is configured/);
    assert.match(errors[1] ?? '', /^x on node-1 is not routed as 'sales team': ' ' cannot stand in the name of a backend/);
  });

  it('lose the routes of tags that make none, and no others', () => {
    const tags = ['urlprefix-:5432 proto=tcp', 'urlprefix-ok.test/'];
    const snapshot = routed([instance('web', { tags })]);
    assert.deepEqual(routes(snapshot), ['ok.test/ web']);
    assert.equal(told(snapshot).length, 1);
  });
});

describe('an instance with two ports in one pool', () => {
  const tags = ['fairlead.routes.x.host=x.test', 'fairlead.routes.x.port=81', 'fairlead.routes.x.service=p'];
  const second = ['fairlead.routes.y.host=y.test', 'fairlead.routes.y.port=82', 'fairlead.routes.y.service=p'];

  it('is its server with the first one; the other one’s route is told, and leads nowhere else', () => {
    const snapshot = routed([instance('web', { tags: [...tags, ...second] })]);
    assert.deepEqual(
      snapshot.pools.get('p')?.map(({ config: { port } }) => port),
      [81],
    );
    assert.deepEqual(snapshot.routes.map(routeText), ['x.test/']);
    assert.deepEqual(told(snapshot, 'error'), ["web on node-1 is in pool 'p' already, with port 81; tag service= makes it two pools"]);
    assert.deepEqual(told(snapshot, 'info').length, 1);
  });

  it('is reported with the first one, and with the reason', () => {
    const frontend = proxy('www', { kind: 'frontend', consulRoutes: [consulRoutes()] });
    const [report] = consulReport(inputOf(config([frontend]), [instance('web', { tags: [...tags, ...second] })]));
    assert.deepEqual(
      report?.uses.map(({ server: { port } }) => port),
      [81],
    );
    assert.match(report?.reasons[0]?.message ?? '', /with port 81/);
  });
});

describe('what is asked for', () => {
  it('is what lines of this agent name', () => {
    const lines: readonly ConsulServersConfig[] = [
      consulServers('web'),
      consulServers('db', { datacenter: 'dc2' }),
      consulServers('x', { agents: ['two'] }),
    ];
    const wanted = wantedBy(
      config([proxy('app', { consulServers: lines, consulRoutes: [consulRoutes({ near: { to: 'n', share: undefined } })] })]),
      'consul',
    );
    assert.deepEqual(wanted, {
      catalogues: [{ datacenter: undefined, near: 'n' }],
      services: [
        { datacenter: undefined, near: undefined, service: 'web' },
        { datacenter: 'dc2', near: undefined, service: 'db' },
      ],
    });
  });
});

describe('what is reported of an instance', () => {
  it('is which lines make it a server, which of its routes it has lost, and why it is not one', () => {
    const template: ServerConfig = server('');
    const configuration = config([
      proxy('www', { kind: 'frontend', consulRoutes: [consulRoutes({ template })] }),
      proxy('app', { consulServers: [consulServers('b', { tags: ['v2'] })] }),
    ]);
    const a = instance('a', { tags: ['fairlead.host=a.test'] });
    const b = instance('b', { tags: ['fairlead.host=a.test'], checks: [{ status: 'critical', output: 'no' }] });
    const reports = consulReport(inputOf(configuration, [a, b]));
    assert.deepEqual(
      reports.map(({ name, what, state, health, words }) => [
        name,
        what,
        state,
        health,
        words.map(({ name: key, value }) => `${key}=${value}`),
      ]),
      [
        ['a', 'a on node-1', 'passing', '', ['fairlead.host=a.test']],
        ['b', 'b on node-1', 'critical', 'http critical', ['fairlead.host=a.test']],
      ],
    );
    const [, second] = reports;
    assert.deepEqual(
      second?.uses.map(({ line, backend, state, reason, routes: all }) => [
        line.keyword,
        backend,
        state,
        reason,
        all[0]?.text,
        all[0]?.lost,
      ]),
      [
        [
          'consul-routes',
          'b',
          'down',
          "check 'http' is critical: no",
          'a.test/',
          "service a of pool 'a' serves it and was registered first",
        ],
      ],
    );
    assert.deepEqual(
      second?.reasons.map(({ line, message }) => `${line?.keyword}: ${message}`),
      ['consul-servers: it has no tag v2'],
    );
  });
});
