/** What operators have changed stands over the configuration, and nothing else of it changes. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Changes } from '../../src/changes.ts';
import { loadText } from '../../src/config/load.ts';
import type { Config, ProxyConfig } from '../../src/config/model.ts';

const TEXT = `
frontend web
    mode http
    bind 127.0.0.1:80
    bind fd@5
    maxconn 10
    default_backend app
backend app
    mode http
    cookie SRV insert dynamic
    dynamic-cookie-key old
    server s1 one.test:80
    server s2 127.0.0.1:80
`;

function config(): Config {
  const { config: loaded, diagnostics } = loadText(TEXT, 'test.cfg', { env: {} });
  assert.ok(loaded, JSON.stringify(diagnostics));
  return loaded;
}

function proxy(of: Config, name: string): ProxyConfig {
  const found = of.proxies.find((each) => each.name === name);
  assert.ok(found);
  return found;
}

describe('changes over a configuration', () => {
  it('are none at first: every proxy is the very same', () => {
    const before = config();
    const after = new Changes().over(before);
    assert.ok(after.proxies.every((each, index) => each === before.proxies[index]));
  });

  it('are limits', () => {
    const changes = new Changes();
    changes.maxconn = 7;
    changes.limit('web', 3);
    const after = changes.over(config());
    assert.deepEqual([after.global.maxconn, proxy(after, 'web').maxconn], [7, 3]);
  });

  it('are limits of rates, each by itself', () => {
    const changes = new Changes();
    changes.rateLimits = { sessions: 4 };
    assert.deepEqual(changes.over(config()).global.rateLimits, { connections: 0, sessions: 4, sslSessions: 0, compression: 0 });
  });

  it('are none any more when all servers that had been added have gone', () => {
    const changes = new Changes();
    const before = config();
    const [server] = proxy(before, 'app').servers;
    assert.ok(server);
    changes.addServer('app', { ...server, name: 'new', identity: 'new', dynamic: true });
    changes.removeServer('app', 'new');
    assert.equal(proxy(changes.over(before), 'app'), proxy(before, 'app'));
  });

  it('are servers that no text has, and those that it has in vain', () => {
    const changes = new Changes();
    const names = () => proxy(changes.over(config()), 'app').servers.map(({ name, fqdn = '' }) => [name, fqdn]);
    const [server] = proxy(config(), 'app').servers.slice(1);
    assert.ok(server);
    changes.addServer('app', { ...server, name: 'new', identity: 'new', dynamic: true });
    changes.setHost('app', 'new', 'other.test');
    changes.removeServer('app', 's1');
    assert.deepEqual(names(), [
      ['s2', ''],
      ['new', 'other.test'],
    ]);
    changes.removeServer('app', 'new');
    changes.addServer('app', { ...server, name: 's1', identity: 's1', dynamic: true });
    assert.deepEqual(names(), [
      ['s2', ''],
      ['s1', ''],
    ]);
    changes.forget();
    assert.deepEqual(names(), [
      ['s1', 'one.test'],
      ['s2', ''],
    ]);
  });

  it('close what a frontend listens on, but for what could not be had again while it is paused', () => {
    const changes = new Changes();
    const binds = () => proxy(changes.over(config()), 'web').binds.map(({ address, paused = false }) => [address.kind, paused]);
    const open = [
      ['inet', false],
      ['fd', false],
    ];
    assert.deepEqual(binds(), open);
    changes.setState('web', 'PAUSED');
    assert.deepEqual(binds(), [
      ['inet', true],
      ['fd', false],
    ]);
    changes.setState('web', 'STOP');
    assert.deepEqual(binds(), []);
    changes.setState('web', 'OPEN');
    assert.deepEqual(binds(), open);
  });

  it('are the parts of a dynamic cookie', () => {
    const changes = new Changes();
    changes.setCookie('app', { dynamic: false });
    changes.setCookie('app', { key: 'new' });
    const { cookie, dynamicCookieKey } = proxy(changes.over(config()), 'app');
    assert.deepEqual([cookie?.dynamic, cookie?.mode, dynamicCookieKey], [false, 'insert', 'new']);
  });

  it('are names of hosts, whose addresses are to be found out', () => {
    const changes = new Changes();
    changes.setHost('app', 's1', 'two.test');
    const [s1, s2] = proxy(changes.over(config()), 'app').servers;
    assert.deepEqual([s1?.fqdn, s1?.address, s2?.address], ['two.test', undefined, '127.0.0.1']);
  });

  it('are forgotten with the next configuration', () => {
    const changes = new Changes();
    changes.maxconn = 7;
    changes.limit('web', 3);
    changes.setState('web', 'STOP');
    changes.setCookie('app', { key: 'new' });
    changes.setHost('app', 's1', 'two.test');
    changes.forget();
    const before = config();
    assert.ok(changes.over(before).proxies.every((each, index) => each === before.proxies[index]));
    assert.equal(changes.stateOf('web'), 'OPEN');
  });
});
