/** Containers that speak TLS, and those that are for clients with TLS alone. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ServerConfig } from '../../../src/config/model.ts';
import { dockerSnapshot } from '../../../src/discovery/docker/snapshot.ts';
import type { Snapshot } from '../../../src/discovery/provider.ts';
import { prepare } from '../../../src/prepare.ts';
import { tlsFile } from '../../support/tls.ts';
import { container, view } from './make.ts';

const COMMON = 'defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n';

function snapshotOf(section: string, labels: Readonly<Record<string, string | undefined>>, exposed: readonly number[] = [80]): Snapshot {
  const { prepared, diagnostics } = prepare({ kind: 'text', text: `${COMMON}frontend www\n ${section}\n`, name: 't.cfg' }, { env: {} });
  assert.ok(prepared, diagnostics.map(({ message }) => message).join());
  const given = Object.entries({ 'fairlead.host': 'a.test', ...labels }).filter(
    (label): label is [string, string] => label[1] !== undefined,
  );
  const containers = [container('app', { labels: Object.fromEntries(given), exposed })];
  return dockerSnapshot({
    source: 'docker',
    view: view(containers),
    config: prepared.config,
    self: { hostname: 'here' },
    platform: 'linux',
  });
}

function serverOf(snapshot: Snapshot): ServerConfig | undefined {
  return snapshot.pools.get('app')?.[0]?.config;
}

const errors = ({ notes }: Snapshot) => notes.filter(({ level }) => level === 'error').map(({ message }) => message);
const warnings = ({ notes }: Snapshot) => notes.filter(({ level }) => level === 'warning').map(({ message }) => message);

describe('label scheme=https', () => {
  const https = { 'fairlead.scheme': 'https' };

  it('speaks TLS to the container, whose certificate is not verified, in checks, too', () => {
    const server = serverOf(snapshotOf('bind :80\n docker-routes check', { ...https, 'fairlead.port': '8443' }));
    assert.equal(server?.ssl?.verify, 'none');
    assert.ok(server?.check);
    assert.equal(server.port, 8443);
  });

  it('verifies it where the line says against which authorities', () => {
    const line = `bind :80\n docker-routes ca-file ${tlsFile('ca')} verifyhost app.internal`;
    const { verify, caFile, verifyhost } = serverOf(snapshotOf(line, https))?.ssl ?? {};
    assert.deepEqual([verify, caFile, verifyhost], ['required', tlsFile('ca'), 'app.internal']);
    assert.equal(serverOf(snapshotOf(line, {}))?.ssl, undefined);
  });

  it('is refused where the line wants it verified and does not say against what', () => {
    for (const [words, named] of [
      ['verify required', 'verify required'],
      ['verifyhost app.internal', 'verifyhost'],
      [`crl-file ${tlsFile('ca')}`, 'crl-file'],
    ] as const) {
      const snapshot = snapshotOf(`bind :80\n docker-routes ${words}`, https);
      assert.equal(serverOf(snapshot), undefined, words);
      assert.match(errors(snapshot).join(), new RegExp(`label scheme: .* has '${named}' and no 'ca-file'`));
      assert.ok(serverOf(snapshotOf(`bind :80\n docker-routes ${words}`, {})));
    }
  });

  it('takes the port of https among several', () => {
    const exposed = [80, 8443, 9000];
    assert.equal(serverOf(snapshotOf('bind :80\n docker-routes', https, exposed))?.port, 8443);
    assert.equal(serverOf(snapshotOf('bind :80\n docker-routes', {}, exposed))?.port, 80);
  });
});

describe('checks over TLS that labels ask for', () => {
  const readers: readonly (readonly [compat: string, labels: Readonly<Record<string, string>>])[] = [
    [
      'traefik',
      {
        'traefik.http.routers.app.rule': 'Host(`a.test`)',
        'traefik.http.services.app.loadbalancer.healthcheck.path': '/ok',
        'traefik.http.services.app.loadbalancer.healthcheck.scheme': 'https',
      },
    ],
    ['registrator', { SERVICE_NAME: 'app', SERVICE_CHECK_HTTPS: '/ok' }],
  ];
  for (const [compat, labels] of readers) {
    const sslOf = (words: string) => {
      const snapshot = snapshotOf(`bind :80\n docker-routes domain=test compat ${compat} ${words}`, {
        ...labels,
        'fairlead.host': undefined,
      });
      const config = serverOf(snapshot) ?? assert.fail(errors(snapshot).join());
      assert.equal(config.checkWords?.ssl, true);
      return [config.ssl?.verify, config.sslWords?.verify];
    };

    it(`are not verified where the line says nothing of it: ${compat}`, () => assert.deepEqual(sslOf(''), [undefined, 'none']));

    it(`leave the verification of the line as it is: ${compat}`, () => {
      const verified = `ca-file ${tlsFile('ca')} verifyhost app.internal`;
      assert.deepEqual(sslOf(verified), [undefined, 'required']);
      assert.deepEqual(sslOf(`ssl verify required ${verified}`), ['required', 'required']);
      assert.deepEqual(sslOf(`${verified} verify none`), [undefined, 'none']);
    });
  }
});

describe('sites of Caddy', () => {
  const redirects = (address: string) => {
    const labels = { 'fairlead.host': undefined, caddy: address, 'caddy.reverse_proxy': '{{upstreams 80}}' };
    const { routes, poolOptions } = snapshotOf(`bind :80\n bind :443 ssl crt ${tlsFile('server')}\n docker-routes compat caddy`, labels);
    return Object.fromEntries(routes.map(({ host, pool }) => [host.value, poolOptions.get(pool)?.redirect]));
  };

  it('that say http:// beside others are in clear text alone', () => {
    assert.deepEqual(redirects('http://a.test, https://b.test, c.test'), { 'a.test': undefined, 'b.test': 308, 'c.test': 308 });
    assert.deepEqual(redirects('http://a.test, https://a.test'), { 'a.test': undefined });
  });

  it('are led to https for now where they do not ask for it', () => {
    assert.deepEqual(redirects('a.test'), { 'a.test': 302 });
    assert.deepEqual(redirects('https://a.test'), { 'a.test': 308 });
  });
});

describe('label tls', () => {
  const tls = { 'fairlead.tls': 'true' };
  const secure = `bind :443 ssl crt ${tlsFile('server')}\n docker-routes`;

  it('sends clients without TLS to https, where there is a listener for it', () => {
    const snapshot = snapshotOf(`bind :80\n ${secure}`, tls);
    assert.equal(snapshot.poolOptions.get('app')?.redirect, 302);
    assert.deepEqual(warnings(snapshot), []);
  });

  it('does so with the status of redirect', () => {
    assert.equal(snapshotOf(secure, { ...tls, 'fairlead.redirect': 'https:308' }).poolOptions.get('app')?.redirect, 308);
  });

  it('is told where there is none, and serves', () => {
    const snapshot = snapshotOf('bind :80\n docker-routes', tls);
    assert.equal(snapshot.poolOptions.get('app')?.redirect, undefined);
    assert.equal(snapshot.routes.length, 1);
    assert.match(warnings(snapshot).join(), /label fairlead\.tls wants TLS, .* pool 'app' is served in clear text/);
  });

  it('that means none is refused, and not taken for a name', () => {
    for (const value of ['no', 'off', '0', ' Disabled']) {
      const snapshot = snapshotOf(secure, { 'fairlead.tls': value });
      assert.deepEqual([snapshot.routes.length, snapshot.poolOptions.size], [0, 0]);
      assert.match(errors(snapshot).join(), /label fairlead\.tls=.* is neither true nor false/);
    }
    assert.equal(snapshotOf(secure, { 'fairlead.tls': 'site' }).poolOptions.get('app')?.redirect, 302);
  });

  it('of one router among several leaves the pool open to those of the others', () => {
    const routers = (more: Readonly<Record<string, string>>) =>
      snapshotOf(secure.replace('docker-routes', 'docker-routes compat traefik'), {
        'fairlead.host': undefined,
        'traefik.http.services.app.loadbalancer.server.port': '80',
        'traefik.http.routers.r.service': 'app',
        'traefik.http.routers.rs.service': 'app',
        'traefik.http.routers.rs.tls': 'true',
        ...more,
      });
    const apart = routers({ 'traefik.http.routers.r.rule': 'Host(`a.test`)', 'traefik.http.routers.rs.rule': 'Host(`b.test`)' });
    assert.equal(apart.poolOptions.get('app')?.redirect, undefined);
    assert.match(warnings(apart).join(), /label traefik\.http\.routers\.rs\.tls wants TLS, and other routes of the pool do not/);
    const within = routers({
      'traefik.http.routers.r.rule': 'Host(`a.test`)',
      'traefik.http.routers.rs.rule': 'Host(`a.test`) && PathPrefix(`/secure`)',
    });
    assert.equal(within.poolOptions.get('app')?.redirect, undefined);
    assert.deepEqual(warnings(within), []);
    const all = routers({
      'traefik.http.routers.r.rule': 'Host(`a.test`)',
      'traefik.http.routers.r.tls': 'true',
      'traefik.http.routers.rs.rule': 'Host(`b.test`)',
    });
    assert.equal(all.poolOptions.get('app')?.redirect, 302);
  });

  it('is asked of the sections that route it', () => {
    const sections = `bind :8080\n docker-routes compat traefik\nfrontend sec\n bind :8443 ssl crt ${tlsFile('server')}\n docker-routes compat traefik`;
    const of = (points: string) =>
      snapshotOf(sections, {
        'fairlead.host': undefined,
        'traefik.http.routers.app.rule': 'Host(`a.test`)',
        'traefik.http.routers.app.tls': 'true',
        'traefik.http.routers.app.entrypoints': points,
      });
    assert.equal(of('www').poolOptions.get('app')?.redirect, undefined);
    assert.match(warnings(of('www')).join(), /no section that routes it has a 'bind \.\.\. ssl' line/);
    assert.equal(of('sec').poolOptions.get('app')?.redirect, 302);
    assert.equal(of('www,sec').poolOptions.get('app')?.redirect, 302);
  });

  it('=false says nothing', () => {
    assert.equal(snapshotOf(secure, { 'fairlead.tls': 'false' }).poolOptions.get('app')?.redirect, undefined);
  });
});
