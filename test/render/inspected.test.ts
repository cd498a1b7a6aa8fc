/** `docker inspect` as server lines: which containers, which port, which address, and what is refused. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspectedServers } from '../../src/render/inspected.ts';

const IMAGE = 'eviking/mydockerapp';

interface Traits {
  readonly image?: string;
  readonly hostname?: string;
  readonly running?: boolean;
  readonly mode?: string;
  /** Container port to host port; null: not published. */
  readonly ports?: Readonly<Record<string, readonly object[] | null>>;
  /** Network to address. */
  readonly networks?: Readonly<Record<string, string>>;
}

const published = (port: string, ip = '0.0.0.0') => [{ HostIp: ip, HostPort: port }];

function element(name: string, traits: Traits = {}): object {
  const { image = IMAGE, hostname = name, running = true, mode = 'bridge', ports = { '8089/tcp': null } } = traits;
  const networks = Object.entries(traits.networks ?? { bridge: '172.17.0.4' });
  return {
    Id: name.padEnd(64, '0'),
    Name: `/${name}`,
    State: { Status: running ? 'running' : 'exited', Running: running },
    HostConfig: { NetworkMode: mode },
    Config: { Image: image, Hostname: hostname },
    NetworkSettings: {
      Ports: ports,
      IPAddress: traits.networks?.bridge ?? '',
      Networks: Object.fromEntries(networks.map(([network, IPAddress]) => [network, { IPAddress }])),
    },
  };
}

/** `json` tool's columns of the document, as engines before 1.9 had them. */
const OLD = [
  {
    Config: { Image: IMAGE, Hostname: 'a137d48a862d' },
    NetworkSettings: { IPAddress: '172.17.0.4', Ports: { '8089/tcp': [{ HostIp: '0.0.0.0', HostPort: '8088' }] } },
  },
  { Config: { Image: IMAGE, Hostname: '32da762ec20d' }, NetworkSettings: { IPAddress: '172.17.0.3', Ports: { '8089/tcp': null } } },
  { Config: { Image: 'other', Hostname: 'b' }, NetworkSettings: { IPAddress: '172.17.0.5', Ports: {} } },
];

function linesOf(elements: unknown, port?: number): readonly string[] | string {
  const servers = inspectedServers(JSON.stringify(elements), IMAGE, port);
  return 'error' in servers ? servers.error : servers.value.map(({ name, address }) => `${name} ${address}`);
}

describe('docker inspect', () => {
  const cases: readonly (readonly [what: string, elements: unknown, expected: readonly string[] | string])[] = [
    ['is read as the document has it', OLD, ['a137d48a862d 172.17.0.4:8089', '32da762ec20d 172.17.0.3:8089']],
    ['may be one container alone', element('a1'), ['a1 172.17.0.4:8089']],
    ['leaves out what does not run', [element('a1', { running: false }), element('b1')], ['b1 172.17.0.4:8089']],
    ['leaves out other images', [element('a1', { image: `${IMAGE}2` }), element('b1', { image: `${IMAGE}:1` })], ['b1 172.17.0.4:8089']],
    ['prefers the default bridge', element('a1', { networks: { a: '10.0.0.2', bridge: '172.17.0.9' } }), ['a1 172.17.0.9:8089']],
    ['takes another network where there is no bridge', element('a1', { networks: { b: '10.0.1.2', a: '10.0.0.2' } }), ['a1 10.0.0.2:8089']],
    [
      'takes the published port where there is no address',
      element('a1', { networks: {}, ports: { '80/tcp': published('49161') } }),
      ['a1 127.0.0.1:49161'],
    ],
    [
      'takes the address it is published on',
      element('a1', { networks: {}, ports: { '80/tcp': published('80', '192.0.2.1') } }),
      ['a1 192.0.2.1:80'],
    ],
    ['reaches a container of the host at the host', element('a1', { mode: 'host', networks: { host: '' } }), ['a1 127.0.0.1:8089']],
    [
      'takes the only published one of several ports',
      element('a1', { ports: { '1/tcp': null, '2/tcp': published('9'), '3/udp': null } }),
      ['a1 172.17.0.4:2'],
    ],
    [
      'names the second of two hosts of one name by its id',
      [element('a1', { hostname: 'x' }), element('b1', { hostname: 'x' })],
      ['x 172.17.0.4:8089', 'b10000000000 172.17.0.4:8089'],
    ],
    [
      'refuses what leaves a choice',
      element('a1', { ports: { '1/tcp': null, '2/tcp': null } }),
      'a1: it exposes the ports 1, 2; name the one to use with --port',
    ],
    ['refuses what has no port', [element('b1'), element('a1', { ports: {} })], 'a1: it exposes no TCP port; name one with --port'],
    ['refuses what cannot be reached', element('a1', { networks: {} }), 'a1: it has no address, and its port 8089 is not published'],
    ['refuses what is no container', [element('a1'), {}], "standard input is not what 'docker inspect' prints: element 2 is no container"],
    ['refuses a text', 'x', "standard input is not what 'docker inspect' prints: element 1 is no container"],
    ['has nothing to say of nobody', [], []],
  ];
  for (const [what, elements, expected] of cases) it(what, () => assert.deepEqual(linesOf(elements), expected));

  it('uses the port that is named', () => {
    assert.deepEqual(linesOf([element('a1', { ports: { '1/tcp': null, '2/tcp': null } })], 2), ['a1 172.17.0.4:2']);
  });

  it('has to be JSON', () => {
    for (const [text, error] of [
      ['', /^standard input is empty/],
      ['[{', /^standard input is no JSON: /],
    ] as const) {
      const servers = inspectedServers(text, IMAGE, undefined);
      assert.match('error' in servers ? servers.error : '', error);
    }
  });
});
