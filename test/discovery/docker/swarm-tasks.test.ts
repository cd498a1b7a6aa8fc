import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Container } from '../../../src/discovery/docker/container.ts';
import type { EngineFacts } from '../../../src/discovery/docker/engine.ts';
import { dockerSnapshot } from '../../../src/discovery/docker/snapshot.ts';
import { readNode, readService, readTask, type SwarmView } from '../../../src/discovery/docker/swarm.ts';
import { SwarmTasks } from '../../../src/discovery/docker/swarm-tasks.ts';
import type { KnownContainer } from '../../../src/discovery/docker/watch.ts';
import type { Snapshot } from '../../../src/discovery/provider.ts';
import { routeText } from '../../../src/discovery/routes.ts';
import { config, dockerRoutes, dockerServers, proxy } from '../make.ts';
import { type ContainerTraits, container, id, localEngine, net, remoteEngine } from './make.ts';
import { NODES, nodeAnswer, serviceAnswer, swarmId, taskAnswer } from './swarm-answers.ts';

const HERE = nodeAnswer(NODES.here, 'one', { State: 'ready', Addr: '192.0.2.1' }, '192.0.2.1:2377');
const THERE = nodeAnswer(NODES.there, 'two', { State: 'ready', Addr: '192.0.2.2' });

interface Manager {
  readonly services: readonly object[];
  readonly tasks?: readonly object[];
  readonly nodes?: readonly object[];
  readonly unwanted?: readonly string[];
}

function swarmView({ services, tasks = [], nodes = [HERE, THERE], unwanted = [] }: Manager): SwarmView {
  return {
    services: new Map(services.map(readService).map((service) => [service.id, service])),
    tasks: new Map(tasks.map(readTask).map((task) => [task.container, task])),
    nodes: new Map(nodes.map(readNode).map((node) => [node.id, node])),
    unwanted: new Set(unwanted.map(id)),
  };
}

/** A container of this engine that runs a task of `service`, as the engine tells of it. */
function local(digits: string, service: string, { labels, ...more }: ContainerTraits = {}): Container {
  const own = {
    'com.docker.swarm.node.id': NODES.here,
    'com.docker.swarm.service.id': swarmId(service),
    'com.docker.swarm.service.name': service,
    'com.docker.swarm.task': '',
  };
  const networks = [net('front', '10.0.1.3', { gateway: undefined, overlay: true })];
  return container(`${service}.1.task${digits}`, {
    id: id(digits),
    networkMode: 'default',
    networks,
    ...more,
    labels: { ...own, ...labels },
  });
}

const self = container('balancer', {
  id: id('5e1f'),
  hostname: id('5e1f').slice(0, 12),
  networks: [net('bridge', '172.17.0.9'), net('front', '10.0.1.9', { gateway: undefined, overlay: true })],
});

interface Traits {
  readonly facts?: EngineFacts;
  /** We are in that container. */
  readonly inside?: boolean;
}

const lines = config([
  proxy('www', { kind: 'frontend', dockerRoutes: [dockerRoutes()] }),
  proxy('app', { dockerServers: [dockerServers({ service: 'web' })] }),
]);

function map(
  containers: readonly (Container | KnownContainer)[],
  manager: Manager,
  { facts = localEngine, inside = true }: Traits = {},
): Snapshot {
  const known = [...containers, ...(inside ? [self] : [])].map((entry) => ('leaving' in entry ? entry : { container: entry, leaving: '' }));
  const joined = new SwarmTasks().join(known, swarmView(manager)).containers;
  const hint = { hostname: inside ? self.hostname : 'somewhere' };
  return dockerSnapshot({ source: 'docker', view: { facts, containers: joined }, config: lines, self: hint, platform: 'linux' });
}

/** `id address:port state`, and the reason where it is not ready. */
function servers(snapshot: Snapshot, pool: string): readonly string[] | undefined {
  return snapshot.pools.get(pool)?.map(({ config: server, state, reason }) => {
    const where = `${server.identity.slice(0, 3)} ${server.address}:${server.port} ${state}`;
    return reason === '' ? where : `${where}: ${reason}`;
  });
}

const web = serviceAnswer('web', { labels: { 'fairlead.host': 'www.test', 'fairlead.port': '8089' } });

describe('a task', () => {
  it('is a server with the labels of its service, wherever it runs', () => {
    const tasks = [
      taskAnswer('web', { container: 'aaa', slot: 1, node: NODES.here, networks: { front: '10.0.1.3/24' } }),
      taskAnswer('web', { container: 'bbb', slot: 2, networks: { front: '10.0.1.4/24' } }),
    ];
    const snapshot = map([local('aaa', 'web')], { services: [web], tasks });
    assert.deepEqual(servers(snapshot, 'web'), ['aaa 10.0.1.3:8089 ready', 'bbb 10.0.1.4:8089 ready']);
    assert.deepEqual(servers(snapshot, 'app'), servers(snapshot, 'web'));
    assert.deepEqual(snapshot.routes.map(routeText), ['www.test/']);
    assert.equal(snapshot.pools.get('web')?.[1]?.config.container?.name, `web.2.${swarmId('taskbbb')}`);
  });

  it('has the labels of its container under those of its service', () => {
    const labels = { 'fairlead.host': 'old.test', 'fairlead.weight': '7' };
    const tasks = [taskAnswer('web', { container: 'bbb', slot: 1, labels })];
    const snapshot = map([local('aaa', 'web', { labels })], { services: [web], tasks });
    assert.deepEqual(snapshot.routes.map(routeText), ['www.test/']);
    assert.deepEqual(
      snapshot.pools.get('web')?.map(({ config: server }) => server.weight),
      [7, 7],
    );
  });

  it('of our own node is told of by the engine, not by the manager', () => {
    const tasks = ['aaa', 'bbb'].map((container, i) => taskAnswer('web', { container, slot: i + 1, node: NODES.here }));
    assert.deepEqual(servers(map([local('aaa', 'web')], { services: [web], tasks }), 'web'), ['aaa 10.0.1.3:8089 ready']);
  });

  it('of another node is no less there for a container here that says that it runs there', () => {
    const liar = container('liar', { labels: { 'com.docker.swarm.node.id': NODES.there, 'fairlead.enable': 'false' } });
    const snapshot = map([liar], { services: [web], tasks: [taskAnswer('web')] });
    assert.deepEqual(servers(snapshot, 'web'), ['ccc 10.0.1.4:8089 ready']);
  });

  it('of a global service is called by its node', () => {
    const all = serviceAnswer('all', { labels: { 'fairlead.host': 'all.test', 'fairlead.port': '80' }, mode: { Global: {} } });
    const snapshot = map([], { services: [all], tasks: [taskAnswer('all')] });
    assert.equal(snapshot.pools.get('all')?.[0]?.config.container?.name, `all.${NODES.there}.${swarmId('taskccc')}`);
  });

  it('of a job is no server', () => {
    const job = serviceAnswer('web', { labels: { 'fairlead.host': 'www.test' }, mode: { GlobalJob: {} } });
    const snapshot = map([local('aaa', 'web')], { services: [job], tasks: [taskAnswer('web')] });
    assert.deepEqual([[...snapshot.pools.values()].flat(), snapshot.routes], [[], []]);
  });

  it('is left out until its service is known, and the manager is asked', () => {
    const { containers, strangers } = new SwarmTasks().join(
      [{ container: local('aaa', 'new'), leaving: '' }],
      swarmView({ services: [web] }),
    );
    assert.equal(strangers, true);
    assert.deepEqual(
      containers.map(({ container }) => container.name),
      ['web'],
    );
  });

  const states: readonly (readonly [state: string, expected: readonly string[]])[] = [
    ['running', ['ccc 10.0.1.4:8089 ready']],
    ['starting', ["ccc 10.0.1.4:8089 down: Docker's health check has not passed yet"]],
    ['preparing', []],
    ['failed', []],
  ];
  for (const [state, expected] of states) {
    it(`on another node that is ${state} is ${expected.length === 0 ? 'no server' : expected[0]?.split(' ')[2]}`, () => {
      assert.deepEqual(servers(map([], { services: [web], tasks: [taskAnswer('web', { state })] }), 'web'), expected);
    });
  }

  it('drains when the Swarm does not want it any more, when its container is told to stop, and when its node is down', () => {
    const down = nodeAnswer(NODES.there, 'two', { State: 'down', Addr: '192.0.2.2' });
    const manager = { services: [web], tasks: [taskAnswer('web')], nodes: [HERE, down], unwanted: ['aaa'] };
    const leaving = { container: local('bbb', 'web', { created: 2 }), leaving: 'is stopping (SIGTERM)' };
    assert.deepEqual(servers(map([local('aaa', 'web', { created: 1 }), leaving], manager), 'web'), [
      'aaa 10.0.1.3:8089 drain: container is not wanted by the Swarm any more',
      'bbb 10.0.1.3:8089 drain: container is stopping (SIGTERM)',
      'ccc 10.0.1.4:8089 drain: container is on node two, which is down',
    ]);
  });

  it('is the same object as before as long as nothing about it changes', () => {
    const tasks = new SwarmTasks();
    const known = [{ container: local('aaa', 'web'), leaving: '' }];
    const view = swarmView({ services: [web, serviceAnswer('idle')], tasks: [taskAnswer('web')] });
    const first = tasks.join(known, view).containers;
    const second = tasks.join(known, { ...view, unwanted: new Set() }).containers;
    assert.equal(first.length, 3);
    first.forEach((entry, i) => {
      assert.equal(second[i], entry);
    });
  });

  it('on another node has the image that the name means here, or did', () => {
    const bare = serviceAnswer('web', { labels: { 'fairlead.host': 'www.test' } });
    const remote = taskAnswer('web', { container: 'bbb', image: 'shop:1@sha256:f00' });
    const tasks = new SwarmTasks();
    const manager = swarmView({ services: [bare], tasks: [remote] });
    const here = { container: local('aaa', 'web', { image: 'shop:1@sha256:f00', exposed: [8089] }), leaving: '' };
    const remoteOf = (containers: readonly KnownContainer[]) =>
      tasks.join(containers, manager).containers.find(({ container }) => container.id === id('bbb'))?.container;
    const stranger = { container: container('stranger', { image: here.container.image, exposed: [8080] }), leaving: '' };
    assert.deepEqual([remoteOf([stranger])?.exposed, remoteOf([stranger])?.imageId], [[], ''], 'not as somebody else runs it');
    for (const containers of [[here], []]) {
      assert.deepEqual([remoteOf(containers)?.exposed, remoteOf(containers)?.imageId], [[8089], here.container.imageId]);
    }
  });
});

describe('a service without a task', () => {
  it('keeps its host known', () => {
    const snapshot = map([], { services: [web] });
    assert.deepEqual([snapshot.routes.map(routeText), servers(snapshot, 'web')], [['www.test/'], []]);
  });

  it('is as old as it is, however young its tasks are', () => {
    const created = '2020-01-01T00:00:00Z';
    const old = serviceAnswer('old', { created, labels: { 'fairlead.host': 'www.test', 'fairlead.port': '80' } });
    const usurper = container('usurper', {
      created: Date.parse('2021-01-01'),
      labels: { 'fairlead.host': 'www.test' },
      networks: [net('front', '10.0.1.7')],
    });
    const snapshot = map([usurper], { services: [old], tasks: [taskAnswer('old')] });
    assert.deepEqual(
      snapshot.routes.map(({ pool }) => pool),
      ['old'],
    );
  });
});

describe('the way to a task', () => {
  const host = [{ Protocol: 'tcp', TargetPort: 8089, PublishedPort: 32768, PublishMode: 'host' }];
  const mesh = serviceAnswer('web', {
    labels: { 'fairlead.host': 'www.test' },
    ports: [{ Protocol: 'tcp', TargetPort: 8089, PublishedPort: 8080, PublishMode: 'ingress' }],
  });
  const there = (more: object) => taskAnswer('web', { container: 'ccc', ...more });
  const localPublished = { published: [{ port: 8089, hostIp: '0.0.0.0', hostPort: 32769 }] };
  const rows: readonly (readonly [what: string, containers: readonly Container[], manager: Manager, traits: Traits, expected: string])[] = [
    ['a shared overlay network', [], { services: [web], tasks: [there({})] }, {}, 'ccc 10.0.1.4:8089 ready'],
    [
      'none by another overlay network',
      [],
      { services: [web], tasks: [there({ networks: { back: '10.0.9.4/24' } })] },
      {},
      'ccc undefined:8089 down: it is in back, and none of that is ours (bridge, front); and its port 8089 is not published',
    ],
    [
      'none by the ingress network',
      [],
      { services: [web], tasks: [there({ networks: { ingress: '10.0.0.4/24' } })] },
      {},
      'ccc undefined:8089 down: it is in no network; and its port 8089 is not published',
    ],
    [
      'the port on its node, without a shared network',
      [],
      { services: [web], tasks: [there({ networks: {}, ports: host })] },
      {},
      'ccc 192.0.2.2:32768 ready',
    ],
    [
      "the Swarm's own published port, on its node",
      [],
      { services: [mesh], tasks: [there({ networks: { ingress: '10.0.0.4/24' } })] },
      {},
      'ccc 192.0.2.2:8080 ready',
    ],
    ["its node's network", [], { services: [web], tasks: [there({ networks: { host: '' } })] }, {}, 'ccc 192.0.2.2:8089 ready'],
    [
      'the port on its node, from outside of containers',
      [],
      { services: [web], tasks: [there({ ports: host })] },
      { inside: false },
      'ccc 192.0.2.2:32768 ready',
    ],
    [
      'the port on this machine, from outside of containers',
      [local('aaa', 'web', localPublished)],
      { services: [web] },
      { inside: false },
      'aaa 127.0.0.1:32769 ready',
    ],
    [
      'the port on its node, from another machine',
      [local('aaa', 'web', localPublished)],
      { services: [web] },
      { inside: false, facts: remoteEngine },
      'aaa 192.0.2.99:32769 ready',
    ],
    [
      'none by an overlay network from outside of containers',
      [local('aaa', 'web')],
      { services: [web] },
      { inside: false },
      'aaa undefined:8089 down: it is in front, which only containers reach that are in it; and its port 8089 is not published',
    ],
    [
      'none to a node that nobody may ask about',
      [],
      { services: [web], tasks: [there({ networks: {}, ports: host })], nodes: [] },
      {},
      'ccc undefined:8089 down: it is in no network; and its port 8089 is not published',
    ],
  ];
  for (const [what, containers, manager, traits, expected] of rows) {
    it(`is ${what}`, () => {
      assert.deepEqual(servers(map(containers, manager, traits), 'web'), [expected]);
    });
  }

  it('is a network that we are in as a task of another node, too', () => {
    const balancer = serviceAnswer('balancer');
    const tasks = [taskAnswer('balancer', { container: '5e1f00', networks: { front: '10.0.1.9/24' } }), there({})];
    const view = swarmView({ services: [web, balancer], tasks });
    const containers = new SwarmTasks().join([], view).containers;
    const hint = { hostname: 'x', mountinfo: `1 2 0:1 /var/lib/docker/containers/${id('5e1f00')}/hostname /etc/hostname rw` };
    const snapshot = dockerSnapshot({
      source: 'docker',
      view: { facts: remoteEngine, containers },
      config: lines,
      self: hint,
      platform: 'linux',
    });
    assert.deepEqual(servers(snapshot, 'web'), ['ccc 10.0.1.4:8089 ready']);
  });
});
