import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinText } from '../../src/config/builtin.ts';
import { loadText } from '../../src/config/load.ts';
import type { CompatName, ProxyConfig } from '../../src/config/model.ts';

const ALL: readonly CompatName[] = ['traefik', 'caddy', 'easyhaproxy', 'nginx-proxy', 'camptocamp', 'registrator'];

function proxiesOf(text: string): readonly ProxyConfig[] {
  const { config, diagnostics } = loadText(text, 'a.cfg', { env: {}, cwd: '/srv' });
  assert.deepEqual(diagnostics, []);
  assert(config !== undefined);
  return config.proxies;
}

function compatOf(words: string): readonly [compat: readonly CompatName[], weight: number] | undefined {
  const text = `defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
frontend f
    bind :80
    docker-routes ${words}
`;
  const [line] = proxiesOf(text)[0]?.dockerRoutes ?? [];
  return line === undefined ? undefined : [line.compat, line.template.weight];
}

const CASES: readonly (readonly [words: string, compat: readonly CompatName[], weight?: number])[] = [
  ['', []],
  ['compat traefik', ['traefik']],
  ['compat=traefik', ['traefik']],
  ['compat registrator,camptocamp', ['camptocamp', 'registrator']],
  ['compat registrator camptocamp domain=a.test', ['camptocamp', 'registrator']],
  ['compat=nginx-proxy,traefik', ['traefik', 'nginx-proxy']],
  ['compat all', ALL],
  ['compat=all,traefik', ALL],
  ['domain=a.test opt-in compat caddy,caddy weight 7', ['caddy'], 7],
  ['compat caddy easyhaproxy weight 7', ['caddy', 'easyhaproxy'], 7],
  // A server parameter's value is nobody's name.
  ['weight 7 cookie compat', [], 7],
];

test('docker-routes compat names the tools that are read, in the order in which they are asked', () => {
  for (const [words, compat, weight = 1] of CASES) assert.deepEqual(compatOf(words), [compat, weight], words);
});

test('the built-in configuration reads those that are made for proxies, but no SERVICE_NAME, which applications use themselves', () => {
  const [proxy] = proxiesOf(builtinText({ port: 8080, password: 'x' }));
  assert.deepEqual(proxy?.dockerRoutes[0]?.compat, ['traefik', 'caddy', 'easyhaproxy', 'nginx-proxy']);
});
