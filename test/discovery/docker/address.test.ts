import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { choosePort, locate, type Vantage, vantageOf, type Wish } from '../../../src/discovery/docker/address.ts';
import { type ContainerTraits, container, localEngine, net, remoteEngine } from './make.ts';

const anyWay: Wish = { network: undefined, address: undefined };
const binding = (hostIp: string, hostPort: number, port = 8089) => ({ port, hostIp, hostPort });

describe('where we stand', () => {
  it('in a container: its networks, and its gateway for published ports', () => {
    const self = container('lb', { networks: [net('back', '10.0.0.2', { gateway: '10.0.0.1' }), net('front', '10.0.1.2')] });
    assert.deepEqual(vantageOf(localEngine, self, 'linux'), { networks: new Set(['back', 'front']), bridges: false, host: '10.0.0.1' });
  });

  it('in a container, through a socket proxy: the proxy is not where ports are published', () => {
    const self = container('lb', { networks: [net('back', '10.0.0.2', { gateway: '10.0.0.1' })] });
    assert.equal(vantageOf(remoteEngine, self, 'linux').host, '10.0.0.1');
  });

  const places: readonly (readonly [what: string, Parameters<typeof vantageOf>, Vantage])[] = [
    ['on the host', [localEngine, undefined, 'linux'], { networks: undefined, bridges: true, host: '127.0.0.1' }],
    [
      "in the host's network",
      [localEngine, container('lb', { networkMode: 'host' }), 'linux'],
      { networks: undefined, bridges: true, host: '127.0.0.1' },
    ],
    [
      'beside a rootless engine',
      [{ ...localEngine, rootless: true }, undefined, 'linux'],
      { networks: undefined, bridges: false, host: '127.0.0.1' },
    ],
    [
      'where the engine runs in a virtual machine',
      [localEngine, undefined, 'darwin'],
      { networks: undefined, bridges: false, host: '127.0.0.1' },
    ],
    [
      'elsewhere',
      [remoteEngine, undefined, 'linux', ['10.0.0.1']],
      { networks: undefined, bridges: false, host: '192.0.2.99', gateways: new Set(['172.17.0.1', '10.0.0.1']) },
    ],
  ];
  for (const [what, args, expected] of places) {
    it(what, () => assert.deepEqual(vantageOf(...args), expected));
  }
});

describe('which port', () => {
  const cases: readonly (readonly [what: string, ContainerTraits, number | RegExp])[] = [
    ['the only one that is exposed', { exposed: [8089] }, 8089],
    ['the only one that is published', { exposed: [5000, 8089], published: [binding('0.0.0.0', 8088)] }, 8089],
    ['one published twice counts once', { exposed: [5000, 8089], published: [binding('0.0.0.0', 1), binding('::', 1)] }, 8089],
    ['a well-known one among several', { exposed: [80, 443] }, 80],
    ['8080, 8000 and 3000 are known, too', { exposed: [3000, 9000] }, 3000],
    ['none of two well-known ones', { exposed: [80, 8080] }, /exposes the ports 80, 8080/],
    ['none of several', { exposed: [5000, 6000] }, /exposes the ports 5000, 6000/],
    ['none without any', { exposed: [] }, /exposes no TCP port/],
  ];
  for (const [what, traits, expected] of cases) {
    it(what, () => {
      const found = choosePort(container('c', traits));
      if (typeof expected === 'number') assert.deepEqual(found, { value: expected });
      else assert.match('problem' in found ? found.problem : '', expected);
    });
  }
});

describe('which address', () => {
  const host: Vantage = { networks: undefined, bridges: true, host: '127.0.0.1' };
  const remote: Vantage = { networks: undefined, bridges: false, host: '192.0.2.99', gateways: new Set(['172.17.0.1', '192.0.2.99']) };
  const inside = (...networks: string[]): Vantage => ({ networks: new Set(networks), bridges: false, host: '10.0.0.1' });
  const two = { networks: [net('back', '10.0.0.5'), net('front', '10.0.1.5')] };

  type Case = readonly [what: string, ContainerTraits, Wish, Vantage, expected: readonly [string, number] | RegExp];
  const cases: readonly Case[] = [
    ['the shared network', two, anyWay, inside('front', 'other'), ['10.0.1.5', 8089]],
    ['the first by name of several shared', two, anyWay, inside('front', 'back'), ['10.0.0.5', 8089]],
    ['the network that is wanted', two, { ...anyWay, network: 'front' }, inside('front', 'back'), ['10.0.1.5', 8089]],
    [
      'the default bridge only where there is no other',
      { networks: [net('bridge', '172.17.0.5'), net('front', '10.0.1.5')] },
      anyWay,
      host,
      ['10.0.1.5', 8089],
    ],
    ['no network shared', two, anyWay, inside('x'), /in back, front, and none of that is ours \(x\)/],
    ['the wanted network is not shared', two, { ...anyWay, network: 'front' }, inside('back'), /none of that is ours/],
    ['not in the wanted network', two, { ...anyWay, network: 'dmz' }, host, /not in the network dmz, but in back, front/],
    ['no address yet', { networks: [net('front', undefined)] }, anyWay, host, /no address in front yet/],
    ['one network has no address yet', { networks: [net('back', undefined), net('front', '10.0.1.5')] }, anyWay, host, ['10.0.1.5', 8089]],
    ['IPv6 where there is no IPv4', { networks: [net('front', undefined, { ipv6: 'fd00::5' })] }, anyWay, host, ['fd00::5', 8089]],
    ['IPv4 before IPv6', { networks: [net('front', '10.0.1.5', { ipv6: 'fd00::5' })] }, anyWay, host, ['10.0.1.5', 8089]],
    ["Swarm's ingress is no way", { networks: [net('ingress', '10.0.9.9')] }, anyWay, inside('ingress'), /is in no network/],
    ['no network at all', { networkMode: 'none', networks: [net('none', undefined)] }, anyWay, host, /is in no network/],
    ["the host's network, from the host", { networkMode: 'host', networks: [net('host', undefined)] }, anyWay, host, ['127.0.0.1', 8089]],
    [
      "the host's network, from a container",
      { networkMode: 'host', networks: [net('host', undefined)] },
      anyWay,
      inside('x'),
      ['10.0.0.1', 8089],
    ],
    [
      "the host's network, from elsewhere",
      { networkMode: 'host', networks: [net('host', undefined)] },
      anyWay,
      remote,
      ['192.0.2.99', 8089],
    ],
    ['published, from elsewhere', { published: [binding('0.0.0.0', 8088)] }, anyWay, remote, ['192.0.2.99', 8088]],
    ['published on one address', { published: [binding('192.0.2.50', 8088)] }, anyWay, remote, ['192.0.2.50', 8088]],
    ["published on a bridge's address, from elsewhere", { published: [binding('172.17.0.1', 8088)] }, anyWay, remote, /172.17.0.1 only/],
    ["published on the engine's own address", { published: [binding('192.0.2.99', 8088)] }, anyWay, remote, ['192.0.2.99', 8088]],
    ['published on loopback, from elsewhere', { published: [binding('127.0.0.1', 8088)] }, anyWay, remote, /published on 127.0.0.1 only/],
    ['the binding that can be reached', { published: [binding('127.0.0.1', 1), binding('0.0.0.0', 2)] }, anyWay, remote, ['192.0.2.99', 2]],
    ['not published, from elsewhere', {}, anyWay, remote, /port 8089 is not published/],
    ['another port is published', { published: [binding('0.0.0.0', 8088, 80)] }, anyWay, remote, /port 8089 is not published/],
    ['published, wanted on the host', { published: [binding('', 8088)] }, { ...anyWay, address: 'published' }, host, ['127.0.0.1', 8088]],
    [
      'published on loopback, wanted on the host',
      { published: [binding('127.0.0.1', 8088)] },
      { ...anyWay, address: 'published' },
      host,
      ['127.0.0.1', 8088],
    ],
    [
      'published, wanted in a container',
      { published: [binding('0.0.0.0', 8088)] },
      { ...anyWay, address: 'published' },
      inside('x'),
      ['10.0.0.1', 8088],
    ],
    ["the container's own, wanted from elsewhere", two, { ...anyWay, address: 'container' }, remote, ['10.0.0.5', 8089]],
  ];
  for (const [what, traits, wish, vantage, expected] of cases) {
    it(what, () => {
      const found = locate(container('c', traits), 8089, wish, vantage);
      if (expected instanceof RegExp) assert.match('problem' in found ? found.problem : JSON.stringify(found), expected);
      else assert.deepEqual('value' in found ? [found.value.address, found.value.port] : found.problem, expected);
    });
  }
});
