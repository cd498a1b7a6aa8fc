import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readConsulEndpoint } from '../../src/config/consul-endpoint.ts';
import { loadText } from '../../src/config/load.ts';
import type { Config } from '../../src/config/model.ts';

const DEFAULTS = 'defaults\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n';

function load(text: string): Config {
  const { config, diagnostics } = loadText(DEFAULTS + text, 'test.cfg', { env: {}, cwd: '/etc/fairlead' });
  assert.ok(config, diagnostics.map(({ message }) => message).join('\n'));
  return config;
}

describe('lines that ask Consul', () => {
  it('have words first, then server parameters over default-server', () => {
    const text = ` default-server inter 5s
listen app
 bind :80
 consul-servers service=web tag=v2 tag=blue passing dc=east near=_agent far=5% consul=one maxconn 32 check
 consul-routes domain=A.test,b.test tag-prefix=lb opt-in weight 7
consul one
consul two
`;
    const [app] = load(text).proxies;
    const [servers] = app?.consulServers ?? [];
    const { template, place, ...rest } = servers ?? assert.fail();
    assert.deepEqual(rest, {
      service: 'web',
      tags: ['v2', 'blue'],
      passing: true,
      datacenter: 'east',
      near: { to: '_agent', share: 5 },
      agents: ['one'],
    });
    assert.deepEqual([template.maxconn, template.check?.inter, place.line], [32, 5000, 8]);
    const [routes] = app?.consulRoutes ?? [];
    assert.deepEqual(
      [routes?.domains, routes?.prefix, routes?.optIn, routes?.passing, routes?.agents, routes?.template.weight],
      [['a.test', 'b.test'], 'lb.', true, false, ['one', 'two'], 7],
    );
  });

  it('mean the environment’s agent where no section is there, and make their section one for HTTP', () => {
    const { consuls, proxies } = load('frontend www\n bind :80\n consul-routes\n');
    assert.deepEqual(
      [consuls.map(({ name, endpoint }) => [name, endpoint]), proxies[0]?.mode, proxies[0]?.consulRoutes[0]?.agents],
      [[['', undefined]], 'http', ['']],
    );
    assert.deepEqual(load('frontend www\n bind :80\n').consuls, []);
  });

  it('ask the sections that say how', () => {
    const text = `consul east
 endpoint https://192.0.2.10:8501
 token secret
 datacenter dc2
 stale
 wait 30s
`;
    const [east] = load(text).consuls;
    const { place: _place, ...rest } = east ?? assert.fail();
    assert.deepEqual(rest, {
      name: 'east',
      endpoint: 'https://192.0.2.10:8501',
      token: 'secret',
      tokenFile: undefined,
      tlsCa: undefined,
      tlsCert: undefined,
      tlsKey: undefined,
      datacenter: 'dc2',
      stale: true,
      wait: 30_000,
    });
  });
});

describe('where an agent is', () => {
  const tcp = (host: string, port: number, tls = false) => ({ kind: 'tcp', tls, host, port });
  const places = [
    ['http://127.0.0.1:8500', tcp('127.0.0.1', 8500)],
    ['http://127.0.0.1:8500/', tcp('127.0.0.1', 8500)],
    ['consul.service', tcp('consul.service', 8500)],
    ['[::1]:8501', tcp('::1', 8501)],
    ['https://consul:8501', tcp('consul', 8501, true)],
    ['https://consul.example.test', tcp('consul.example.test', 443, true)],
    ['http://consul.example.test', tcp('consul.example.test', 80)],
    ['unix:///run/consul.sock', { kind: 'unix', path: '/run/consul.sock' }],
  ] as const;
  for (const [text, expected] of places) it(text, () => assert.deepEqual(readConsulEndpoint(text), { value: expected }));

  for (const text of ['', 'ftp://a', 'unix://', 'unix://a', 'http://', '1.2.3', 'a b', 'http://a:0', 'http://a:b', 'http://a/b']) {
    it(`is refused: '${text}'`, () => assert.ok('error' in readConsulEndpoint(text)));
  }
});

describe('lines that read files', () => {
  it('have a path that begins where the others do, and parameters', () => {
    const { proxies } = load('backend app\n file-servers servers.yaml weight 3\n');
    const [servers] = proxies[0]?.fileServers ?? [];
    assert.deepEqual([servers?.file, servers?.path, servers?.template.weight], ['servers.yaml', '/etc/fairlead/servers.yaml', 3]);
  });
});
