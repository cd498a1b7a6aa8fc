import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readContainer, readSummary } from '../../../src/discovery/docker/container.ts';
import { signalName, signalNumber } from '../../../src/discovery/docker/signals.ts';
import { readTask } from '../../../src/discovery/docker/swarm.ts';

/** What engine 20.10 answers, cut down. */
const answer = {
  Id: 'f'.repeat(64),
  Created: '2024-05-01T10:00:00.123456789Z',
  Name: '/web-1',
  Image: 'sha256:1234',
  State: { Status: 'running', Running: true, Health: { Status: 'starting' } },
  HostConfig: { NetworkMode: 'shop_default' },
  Config: {
    Hostname: 'f'.repeat(12),
    Image: 'nginx:1.27',
    ExposedPorts: { '443/tcp': {}, '80/tcp': {}, '53/udp': {} },
    Labels: { a: 'b' },
    StopSignal: 'SIGQUIT',
    StopTimeout: 30,
  },
  NetworkSettings: {
    Ports: {
      '80/tcp': [
        { HostIp: '0.0.0.0', HostPort: '8080' },
        { HostIp: '::', HostPort: '8080' },
      ],
      '443/tcp': null,
      '53/udp': [],
    },
    Networks: {
      shop_front: { IPAddress: '10.0.1.2', Gateway: '10.0.1.1', GlobalIPv6Address: '', NetworkID: 'hyox7tsm8nwuxe9vby5gk3np4' },
      shop_back: { IPAddress: '', Gateway: '', GlobalIPv6Address: 'fd00::2' },
    },
  },
};

describe('an inspect answer', () => {
  it('is read as facts', () => {
    const container = readContainer(answer);
    assert.equal(container.name, 'web-1');
    assert.equal(container.image, 'nginx:1.27');
    assert.equal(container.created, Date.parse('2024-05-01T10:00:00.123Z'));
    assert.equal(container.state, 'running');
    assert.equal(container.health, 'starting');
    assert.equal(container.labels.get('a'), 'b');
    assert.deepEqual(container.exposed, [80, 443]);
    assert.deepEqual(container.published, [
      { port: 80, hostIp: '0.0.0.0', hostPort: 8080 },
      { port: 80, hostIp: '::', hostPort: 8080 },
    ]);
    assert.deepEqual(container.networks, [
      { network: 'shop_back', ipv4: undefined, ipv6: 'fd00::2', gateway: undefined, overlay: false },
      { network: 'shop_front', ipv4: '10.0.1.2', ipv6: undefined, gateway: '10.0.1.1', overlay: true },
    ]);
    assert.equal(container.stopSignal, 3);
    assert.equal(container.stopTimeout, 30_000);
  });

  it('may lack nearly everything', () => {
    const container = readContainer({ Id: 'a', Config: { Labels: null }, NetworkSettings: { Networks: null, Ports: null } });
    assert.equal(container.state, 'exited');
    assert.equal(container.health, 'none');
    assert.equal(container.stopSignal, 15);
    assert.equal(container.stopTimeout, 10_000);
    assert.deepEqual([container.labels.size, container.networks, container.exposed], [0, [], []]);
  });
});

describe('a stop time-out', () => {
  const weeks = 21 * 24 * 3_600_000;
  for (const [seconds, expected] of [
    [0, 0],
    [30, 30_000],
    [-1, weeks],
    [3_000_000, weeks],
    [undefined, 10_000],
  ] as const) {
    it(`of ${seconds} s is one that can be waited for`, () => {
      assert.equal(readContainer({ ...answer, Config: { StopTimeout: seconds } }).stopTimeout, expected);
      const nanoseconds = seconds === undefined ? undefined : seconds * 1e9;
      const task = readTask({ Spec: { ContainerSpec: { StopGracePeriod: nanoseconds } } });
      assert.equal(task.stopTimeout, expected);
    });
  }
});

describe('a line of the list', () => {
  const line = {
    Id: 'a',
    State: 'running',
    Status: 'Up 2 minutes (healthy)',
    Names: ['/a', '/b/a'],
    Ports: [{ PrivatePort: 80 }, { PrivatePort: 81 }],
  };

  it('looks the same as long as nothing happens that matters', () => {
    const later = { ...line, Status: 'Up 3 minutes (healthy)', Names: ['/b/a', '/a'], Ports: [{ PrivatePort: 81 }, { PrivatePort: 80 }] };
    assert.equal(readSummary(line).fingerprint, readSummary(later).fingerprint);
  });

  const changes: readonly object[] = [
    { Status: 'Up 2 minutes (unhealthy)' },
    { Status: 'Up 2 minutes' },
    { State: 'paused' },
    { Names: ['/c'] },
    { Ports: [] },
    { NetworkSettings: { Networks: { front: { IPAddress: '10.0.0.2' } } } },
  ];
  for (const change of changes) {
    it(`looks different after ${JSON.stringify(change)}`, () => {
      assert.notEqual(readSummary(line).fingerprint, readSummary({ ...line, ...change }).fingerprint);
    });
  }
});

describe('signals', () => {
  for (const [text, number] of [
    ['SIGTERM', 15],
    ['term', 15],
    ['9', 9],
    ['SIGQUIT', 3],
    ['SIGRTMIN+3', 37],
    ['nonsense', undefined],
    ['', undefined],
  ] as const) {
    it(`${text || 'nothing'} is ${number}`, () => assert.equal(signalNumber(text), number));
  }

  it('have names', () => {
    assert.equal(signalName(15), 'SIGTERM');
    assert.equal(signalName(37), 'signal 37');
  });
});
