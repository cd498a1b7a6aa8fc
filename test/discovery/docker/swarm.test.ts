import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readNode, readService, readTask } from '../../../src/discovery/docker/swarm.ts';
import { id } from './make.ts';
import { NODES, nodeAnswer, serviceAnswer, swarmId, taskAnswer } from './swarm-answers.ts';

describe('a service', () => {
  it('is read as facts', () => {
    const service = readService(serviceAnswer('shop_web', { labels: { 'fairlead.host': 'www.example.test' } }));
    assert.equal(service.id, swarmId('shopweb'));
    assert.equal(service.name, 'shop_web');
    assert.equal(service.created, Date.parse('2026-11-21T23:57:02.385Z'));
    assert.deepEqual([...service.labels], [['fairlead.host', 'www.example.test']]);
    assert.deepEqual([service.job, service.updating, service.ports], [false, false, []]);
  });

  const modes: readonly (readonly [mode: object, job: boolean])[] = [
    [{ Replicated: { Replicas: 2 } }, false],
    [{ Global: {} }, false],
    [{ ReplicatedJob: { MaxConcurrent: 1, TotalCompletions: 1 } }, true],
    [{ GlobalJob: {} }, true],
  ];
  for (const [mode, job] of modes) {
    it(`${job ? 'serves nobody' : 'serves'} in the mode ${Object.keys(mode)}`, () => {
      assert.equal(readService(serviceAnswer('web', { mode })).job, job);
    });
  }

  const updates: readonly (readonly [state: string, updating: boolean])[] = [
    ['updating', true],
    ['rollback_started', true],
    ['paused', false],
    ['rollback_paused', false],
    ['completed', false],
    ['rollback_completed', false],
  ];
  for (const [update, updating] of updates) {
    it(`${updating ? 'is being updated' : 'rests'} when its update is ${update}`, () => {
      assert.equal(readService(serviceAnswer('web', { update })).updating, updating);
    });
  }

  it('has the TCP ports that are published, and no number that nobody has given out yet', () => {
    const port = (protocol: string | undefined, target: number, published: number | undefined, mode?: string) => ({
      Protocol: protocol,
      TargetPort: target,
      PublishedPort: published,
      PublishMode: mode,
    });
    const ports = [
      port('tcp', 80, 8080, 'ingress'),
      port('udp', 53, 53, 'ingress'),
      port('tcp', 81, undefined, 'host'),
      port(undefined, 82, 8082),
    ];
    assert.deepEqual(readService(serviceAnswer('web', { ports })).ports, [
      { target: 80, published: 8080, mode: 'ingress' },
      { target: 82, published: 8082, mode: 'ingress' },
    ]);
  });

  it('may lack nearly everything', () => {
    const { labels, ...service } = readService({
      ID: 'a',
      Spec: { Labels: null, Mode: null },
      Endpoint: { Ports: null },
      UpdateStatus: null,
    });
    assert.deepEqual(service, { id: 'a', name: '', created: 0, job: false, updating: false, ports: [] });
    assert.equal(labels.size, 0);
  });
});

describe('a task', () => {
  it('is read as facts, its networks without those that lead nowhere', () => {
    const networks = { ingress: '10.0.0.4/24', front: '10.0.1.4/24', back: 'fd00::4/64' };
    const task = readTask(taskAnswer('web', { container: 'abc', slot: 2, networks, env: ['A=b'], labels: { c: 'd' } }));
    assert.deepEqual([task.container, task.service, task.node, task.slot], [id('abc'), swarmId('web'), NODES.there, 2]);
    assert.deepEqual([task.state, task.stopSignal, task.stopTimeout, task.hostNetwork], ['running', 15, 20_000, false]);
    assert.deepEqual([[...task.env], [...task.labels]], [[['A', 'b']], [['c', 'd']]]);
    assert.deepEqual(task.networks, [
      { network: 'back', ipv4: undefined, ipv6: 'fd00::4', gateway: undefined, overlay: true },
      { network: 'front', ipv4: '10.0.1.4', ipv6: undefined, gateway: undefined, overlay: true },
    ]);
  });

  it("may be in its node's own network", () => {
    const task = readTask(taskAnswer('agent', { networks: { host: '' } }));
    assert.deepEqual([task.hostNetwork, task.networks], [true, []]);
  });

  it('publishes ports on its node', () => {
    const ports = [{ Protocol: 'tcp', TargetPort: 8089, PublishedPort: 32768, PublishMode: 'host' }];
    assert.deepEqual(readTask(taskAnswer('web', { ports })).published, [{ port: 8089, hostIp: '', hostPort: 32768 }]);
  });

  it('may have no container yet, and lack nearly everything', () => {
    assert.equal(readTask(taskAnswer('web', { container: '', state: 'pending' })).container, '');
    const task = readTask({ ID: 'a', Spec: null, Status: null, NetworksAttachments: null });
    assert.deepEqual([task.container, task.networks, task.published, task.labels.size], ['', [], [], 0]);
  });
});

describe('a node', () => {
  const rows: readonly (readonly [
    what: string,
    status: object,
    manager: string | undefined,
    address: string | undefined,
    down: boolean,
  ])[] = [
    ['is where its status says', { State: 'ready', Addr: '192.0.2.7' }, undefined, '192.0.2.7', false],
    ['is where the other managers find it', { State: 'ready', Addr: '0.0.0.0' }, '192.0.2.8:2377', '192.0.2.8', false],
    ['is where the other managers find it, by IPv6', { State: 'ready' }, '[fd00::8]:2377', 'fd00::8', false],
    ['is nowhere when nobody says', { State: 'unknown' }, undefined, undefined, false],
    ['is down', { State: 'down', Addr: '192.0.2.7' }, undefined, '192.0.2.7', true],
  ];
  for (const [what, status, manager, address, down] of rows) {
    it(what, () => {
      assert.deepEqual(readNode(nodeAnswer(NODES.here, 'one', status, manager)), { id: NODES.here, name: 'one', address, down });
    });
  }
});
