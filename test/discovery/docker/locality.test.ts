import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NearConfig } from '../../../src/config/model.ts';
import type { Container, SwarmTask } from '../../../src/discovery/docker/container.ts';
import type { EngineFacts } from '../../../src/discovery/docker/engine.ts';
import { farOf, standpointOf } from '../../../src/discovery/docker/locality.ts';
import { dockerSnapshot } from '../../../src/discovery/docker/snapshot.ts';
import { config, dockerRoutes, dockerServers, proxy } from '../make.ts';
import { container, id, localEngine, remoteEngine, view } from './make.ts';

const task = (node: string, remote: boolean): SwarmTask => ({ node, address: undefined, remote, serviceCreated: 0 });

const plain = container('plain');
const here = container('here', { task: task('n1', false) });
const there = container('there', { task: task('n2', true) });

const inside = { hostname: 'x', mountinfo: `1 2 0:1 /var/lib/docker/containers/${id('5e1f')}/hostname /etc/hostname rw` };
const outside = { hostname: 'x' };
const us = (more: Partial<Container> = {}): Container => ({ ...container('us', { id: id('5e1f') }), ...more });

/** Which of the three are near: `plain`, `here`, `there`. */
const rows: readonly (readonly [what: string, to: string, facts: EngineFacts, self: Container | undefined, near: string])[] = [
  ['the engine that finds us', 'engine', remoteEngine, us(), 'plain here'],
  ["this machine's engine, from outside of containers", 'engine', localEngine, undefined, 'plain here'],
  ['no engine of another machine', 'engine', remoteEngine, undefined, ''],
  ['no engine that knows us as a task of another node', 'engine', remoteEngine, us({ task: task('n2', true) }), ''],
  ['the node of the engine that finds us', 'node', localEngine, us(), 'plain here'],
  ['the node that we are a task on', 'node', remoteEngine, us({ task: task('n2', true) }), 'there'],
  ['the engine of the section', 'east', remoteEngine, undefined, 'plain here'],
  ['no engine of another section', 'west', localEngine, us(), ''],
];

describe('near is', () => {
  for (const [what, to, facts, self, near] of rows) {
    it(what, () => {
      const standpoint = standpointOf('docker/east', facts, self, outside);
      const found = [plain, here, there].filter((one) => farOf({ to, share: undefined }, one, standpoint) === undefined);
      assert.equal(found.map(({ name }) => name).join(' '), near);
    });
  }

  it('no engine that does not know the container that we are in', () => {
    assert.equal(standpointOf('docker', localEngine, undefined, inside).here, false);
  });
});

describe('a server that is far', () => {
  const lines = (near: NearConfig) =>
    config([
      proxy('www', { kind: 'frontend', dockerRoutes: [dockerRoutes({ engines: ['east'], near })] }),
      proxy('app', { dockerServers: [dockerServers({ engines: ['east'], name: '*' }, {}, near)] }),
    ]);
  const labels = { 'fairlead.host': 'a.test', 'fairlead.service': 'web' };
  const containers = [
    container('one', { labels: { ...labels, 'fairlead.weight': '7' } }),
    container('two', { labels: { ...labels, 'fairlead.backup': 'true' } }),
  ];
  const map = (near: NearConfig) => {
    const { pools } = dockerSnapshot({
      source: 'docker/east',
      view: view(containers),
      config: lines(near),
      self: outside,
      platform: 'linux',
    });
    return ['web', 'app'].map((pool) => pools.get(pool)?.map(({ config: { weight, backup }, share }) => ({ weight, backup, share })));
  };

  it('is a backup, with the weight that it has', () => {
    const expected = [
      { weight: 7, backup: true, share: undefined },
      { weight: 1, backup: true, share: undefined },
    ];
    assert.deepEqual(map({ to: 'west', share: undefined }), [expected, expected]);
  });

  it('is told about', () => {
    const texts = [
      { to: 'west', share: undefined },
      { to: 'west', share: 10 },
      { to: 'east', share: 10 },
    ].map((near) => {
      const input = { source: 'docker/east', view: view([container('one')]), config: lines(near), self: outside, platform: 'linux' };
      return dockerSnapshot(input).notes.find(({ message }) => message.startsWith("server of 'app'"))?.message;
    });
    assert.deepEqual(
      texts.map((text) => /\(network bridge\)(.*)/.exec(text ?? '')?.[1]),
      [', a backup server because it is not near', ', with 10% of its weight because it is not near', ''],
    );
  });

  it('has a share of its weight, and is a backup where it says so itself', () => {
    const expected = [
      { weight: 7, backup: false, share: 10 },
      { weight: 1, backup: true, share: 10 },
    ];
    assert.deepEqual(map({ to: 'west', share: 10 }), [expected, expected]);
  });

  it('is like any other where it is near', () => {
    const expected = [
      { weight: 7, backup: false, share: undefined },
      { weight: 1, backup: true, share: undefined },
    ];
    assert.deepEqual(map({ to: 'east', share: 10 }), [expected, expected]);
  });
});
