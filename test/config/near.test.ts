/** `near=` and `far=` of `docker-servers` and `docker-routes`. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadText } from '../../src/config/load.ts';
import type { NearConfig, ProxyConfig } from '../../src/config/model.ts';

function proxyOf(lines: string): ProxyConfig {
  const defaults = 'defaults\n    mode http\n    timeout connect 5s\n    timeout client 50s\n    timeout server 30s\n';
  const text = `${defaults}docker east\n    endpoint tcp://192.0.2.1:2375\n${lines}`;
  const { config, diagnostics } = loadText(text, 'a.cfg', { env: {}, cwd: '/srv' });
  const [proxy] = config?.proxies ?? [];
  assert.ok(proxy, JSON.stringify(diagnostics));
  return proxy;
}

const cases: readonly (readonly [words: string, near: NearConfig | undefined, allBackups: boolean])[] = [
  ['', undefined, false],
  ['near=engine', { to: 'engine', share: undefined }, true],
  ['near=node far=backup', { to: 'node', share: undefined }, true],
  ['near=east far=10%', { to: 'east', share: 10 }, false],
  ['far=100% near=engine', { to: 'engine', share: 100 }, false],
];

describe('what is near, and what the others get', () => {
  for (const [words, near, allBackups] of cases) {
    it(`is read from '${words}'`, () => {
      const backend = proxyOf(`backend b\n    docker-servers image=x ${words} weight 5\n`);
      assert.deepEqual([backend.dockerServers[0]?.near, backend.dockerServers[0]?.template.weight], [near, 5]);
      assert.equal(backend.allbackups, allBackups);
      const frontend = proxyOf(`frontend f\n    bind :80\n    docker-routes ${words} weight 5\n`);
      assert.deepEqual([frontend.dockerRoutes[0]?.near, frontend.dockerRoutes[0]?.template.weight], [near, 5]);
      assert.equal(frontend.allbackups, allBackups);
    });
  }
});
