import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadText } from '../../src/config/load.ts';
import type { CheckStep, Config, ProxyConfig } from '../../src/config/model.ts';
import type { DiscoveredServer, PoolOptions } from '../../src/discovery/provider.ts';
import { poolConfig, poolServers } from '../../src/state/pools.ts';
import { serverConfig } from '../support/config.ts';

const DEFAULTS = 'defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n';
const USERS = 'userlist staff\n user ada insecure-password x\n';

/** The pool `app` of the first section that routes, `www`. */
function pool(
  options: PoolOptions,
  lines: { readonly defaults?: string; readonly frontend?: string; readonly listen?: boolean } = {},
): ProxyConfig {
  const { defaults = '', frontend = '', listen = false } = lines;
  const text = `${DEFAULTS}${defaults}${USERS}${listen ? 'listen' : 'frontend'} www\n bind :80\n docker-routes\n${frontend}`;
  const { config, diagnostics } = loadText(text, 'test.cfg', { env: {}, cwd: '/' });
  assert.ok(config, diagnostics.map(({ message }) => message).join('\n'));
  return poolConfig('app', 10_001, config.proxies[0] as ProxyConfig, options, config as Config);
}

const words = ({ httpRequest }: ProxyConfig) => httpRequest.map((rule) => rule.words.join(' '));

/** `GET /x HTTP/1.0 host: a` of the request, and the statuses that are well. */
function checkOf({ checkRules }: ProxyConfig): readonly string[] {
  return (checkRules?.steps ?? []).map(stepText);
}

function stepText(step: CheckStep): string {
  if (step.kind === 'request') {
    const headers = step.headers.map(([name, value]) => `${name}: ${value}`);
    return [step.method, step.uri, step.version, ...headers].join(' ');
  }
  return step.kind === 'expect' && step.match.kind === 'status' ? step.match.ranges.map((range) => range.join('-')).join() : step.kind;
}

describe('the check of a pool', () => {
  const cases: readonly (readonly [what: string, httpCheck: PoolOptions['httpCheck'], defaults: string, steps: readonly string[]])[] = [
    ['is what the defaults say', undefined, ' option httpchk HEAD /all\n', ['connect', 'HEAD /all HTTP/1.0', '200-399']],
    ['is a connection where nobody says more', undefined, '', []],
    ['asks for a path', { path: '/h?x=1' }, '', ['connect', 'GET /h?x=1 HTTP/1.0', '200-399']],
    ['asks a host', { path: '/h', host: 'a.test' }, '', ['connect', 'GET /h HTTP/1.1 host: a.test', '200-399']],
    ['asks with a method', { method: 'HEAD' }, '', ['connect', 'HEAD / HTTP/1.0', '200-399']],
    ['has its statuses', { statuses: [[200, 204]] }, '', ['connect', 'GET / HTTP/1.0', '200-204']],
    [
      'is a request also where the defaults have another kind',
      { path: '/h' },
      ' option tcp-check\n tcp-check expect string x\n',
      ['connect', 'GET /h HTTP/1.0', '200-399'],
    ],
    [
      'goes over that of the defaults word by word',
      { path: '/h', host: 'b.test', statuses: [[401, 401]] },
      ' option httpchk HEAD /all HTTP/1.1\n http-check send hdr Host a.test hdr X 1\n http-check expect string well\n',
      ['connect', 'HEAD /h HTTP/1.1 host: b.test X: 1', '401-401'],
    ],
    [
      'expects what the defaults expect',
      { path: '/h' },
      ' option httpchk\n http-check expect status 204\n',
      ['connect', 'OPTIONS /h HTTP/1.0', '204-204'],
    ],
  ];
  for (const [what, httpCheck, defaults, steps] of cases) {
    it(what, () => assert.deepEqual(checkOf(pool({ httpCheck }, { defaults })), steps));
  }

  it('has a time-out', () => {
    assert.equal(pool({ checkTimeout: 700 }, { defaults: ' timeout check 3s\n' }).timeouts.check, 700);
    assert.equal(pool({}, { defaults: ' timeout check 3s\n' }).timeouts.check, 3000);
  });
});

describe('the rules of a pool', () => {
  it('are its own', () => {
    const frontend =
      ' acl a path /\n http-request deny if a\n http-response del-header x\n redirect location /x if a\n use_backend www if a\n';
    const { acls, httpRequest, httpResponse, redirects, monitor } = pool({}, { frontend: `${frontend} monitor-uri /m\n`, listen: true });
    assert.deepEqual([acls, httpRequest, httpResponse, redirects, monitor], [[], [], [], [], undefined]);
  });

  it('send clients to https first, and ask for a password then', () => {
    assert.deepEqual(words(pool({ redirect: 308, auth: 'staff' })), [
      'redirect location https://%[req.hdr(host),host_only]%[capture.req.uri] code 308 unless { ssl_fc } or { req.hdr(x-forwarded-proto) -i https }',
      'auth unless { http_auth(staff) }',
    ]);
  });

  it('send clients to the only port of TLS who have come to a port of ours', () => {
    const plain =
      'redirect location https://%[req.hdr(host),host_only]%[capture.req.uri] code 302 unless { ssl_fc } or { req.hdr(x-forwarded-proto) -i https }';
    const ported = (port: number, from: string) =>
      `redirect location https://%[req.hdr(host),host_only]:${port}%[capture.req.uri] code 302 if !{ ssl_fc } !{ req.hdr(x-forwarded-proto) -i https } { req.hdr(host),port_only ${from} }`;
    const rules = (...binds: string[]) => words(pool({ redirect: 302 }, { frontend: binds.map((bind) => ` bind ${bind}\n`).join('') }));
    assert.deepEqual(rules(':8443 ssl self-signed'), [plain]);
    assert.deepEqual(rules(':8080', ':8443 ssl self-signed'), [ported(8443, '8080'), plain]);
    assert.deepEqual(rules(':8080', ':8081', ':8443 ssl self-signed'), [ported(8443, '8080 8081'), plain]);
    assert.deepEqual(rules(':8080', ':443 ssl self-signed'), [plain]);
    assert.deepEqual(rules(':8080', ':8443 ssl self-signed', ':9443 ssl self-signed'), [plain]);
  });

  it('let nobody in for whom there is no list', () => {
    assert.deepEqual(words(pool({ auth: 'stuff' })), ['deny']);
  });
});

describe('the clients of a pool', () => {
  it('stay by a cookie', () => {
    const { cookie, stickTable } = pool({ sticky: { kind: 'cookie', name: 'S', secure: true, httponly: false } });
    assert.equal(stickTable, undefined);
    const { name, mode, indirect, nocache, secure, httponly } = cookie ?? {};
    assert.deepEqual([name, mode, indirect, nocache, secure, httponly], ['S', 'insert', true, true, true, false]);
  });

  it('stay by their address, and by no cookie of the defaults', () => {
    const { cookie, stickTable, stickRules } = pool({ sticky: { kind: 'source' } }, { defaults: ' cookie D insert\n' });
    assert.equal(cookie, undefined);
    assert.equal(stickTable?.expire, 1_800_000);
    assert.deepEqual(
      stickRules.map(({ table, words: rule, kind }) => [table, kind, ...rule]),
      [['app', 'on', 'src']],
    );
  });

  it('stay by the cookie of the defaults, and by nothing else that is of their section', () => {
    const frontend = ' stick-table type ip size 10\n stick on src\n server s 127.0.0.1:1\n use-server s if TRUE\n force-persist if TRUE\n';
    const { cookie, stickTable, stickRules, useServers, forcePersist } = pool(
      {},
      { defaults: ' cookie D insert\n', frontend, listen: true },
    );
    assert.equal(cookie?.name, 'D');
    assert.deepEqual([stickTable, stickRules, useServers, forcePersist], [undefined, [], [], []]);
  });

  it('are told by the names of servers, which are the same objects as long as they are the same', () => {
    const sticky = pool({ sticky: { kind: 'cookie', name: 'S', secure: false, httponly: false } });
    const servers: readonly DiscoveredServer[] = [
      { config: serverConfig('a'), state: 'ready', reason: '' },
      { config: serverConfig('b', { cookie: 'mine' }), state: 'ready', reason: '' },
    ];
    const named = poolServers(sticky, servers);
    assert.deepEqual(
      named.map(({ config }) => config.cookie),
      ['a', 'mine'],
    );
    assert.equal(poolServers(sticky, servers)[0], named[0]);
    for (const config of [
      pool({}),
      pool({}, { defaults: ' cookie D\n' }),
      pool({}, { defaults: ' cookie D insert dynamic\n dynamic-cookie-key k\n' }),
    ]) {
      assert.equal(poolServers(config, servers), servers);
    }
  });
});
