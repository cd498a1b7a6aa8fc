/** What is explained of requests by https. */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Explanation } from '../../src/explain/explanation.ts';
import { container } from '../discovery/docker/make.ts';
import { tlsFile } from '../support/tls.ts';
import { ask, textOf, worldOf } from './support.ts';

const CRT = tlsFile('server');
const COMMON = 'defaults\n    mode http\n    timeout connect 5s\n    timeout client 50s\n    timeout server 50s\n';
const CONTAINERS = [
  container('open', { labels: { 'fairlead.host': 'open.test' } }),
  container('strict', { labels: { 'fairlead.host': 'strict.test', 'fairlead.tls': 'true' } }),
  container('behind', { labels: { 'fairlead.host': 'behind.test', 'fairlead.scheme': 'https', 'fairlead.port': '8443' } }),
];

const both = worldOf(
  `${COMMON}frontend www
    bind :80
    bind :443 ssl crt ${CRT}
    redirect scheme https if { path_beg /login } !{ ssl_fc }
    http-request deny if { path /old } { ssl_fc_protocol TLSv1.2 }
    http-request deny deny_status 421 if { ssl_fc } { path /name } !{ ssl_fc_sni -i open.test }
    docker-routes
`,
  CONTAINERS,
);

/** `200`-like outcomes by frontend: `www: goes to ...`. */
function outcomes({ paths }: Explanation): readonly string[] {
  return paths.map(({ frontend, outcome: { status, routed } }) => `${frontend}: ${routed ? 'routed' : status}`);
}

describe('explain of https', () => {
  const cases: readonly (readonly [asked: string, expected: string])[] = [
    ['https://open.test/', 'www: routed'],
    ['http://open.test/', 'www: routed'],
    ['http://open.test/login', 'www: 302'],
    ['https://open.test/login', 'www: routed'],
    ['open.test:443/login', 'www: routed'],
    ['open.test:80/login', 'www: 302'],
    ['http://strict.test/', 'www: 302'],
    ['https://strict.test/', 'www: routed'],
    ['https://open.test/name', 'www: routed'],
    ['https://strict.test/name', 'www: 421'],
    ['https://other.test/', 'www: 404'],
  ];
  for (const [asked, expected] of cases) {
    it(`${asked} is ${expected}`, () => assert.deepEqual(outcomes(ask(both, asked)), [expected]));
  }

  it('says what is not known without a scheme, and what only a handshake tells', () => {
    assert.deepEqual(ask(both, 'open.test/login').paths[0]?.unknown, ['whether the client comes by TLS (ssl_fc)']);
    assert.deepEqual(ask(both, 'https://open.test/old').paths[0]?.unknown, ['the version of TLS that is agreed upon']);
  });

  it('asks the frontends that listen on the port of https, else those that speak TLS', () => {
    const sections = (binds: readonly string[]) =>
      binds.map((bind, at) => `frontend f${at}\n    bind ${bind}\n    docker-routes\n`).join('');
    const asked = (...binds: string[]) => outcomes(ask(worldOf(COMMON + sections(binds), CONTAINERS), 'https://open.test/'));
    assert.deepEqual(asked(':80', `:443 ssl crt ${CRT}`), ['f1: routed']);
    assert.deepEqual(asked(':80', `:8443 ssl crt ${CRT}`), ['f1: routed']);
    assert.deepEqual(asked(':80', ':81'), ['f0: routed', 'f1: routed']);
  });

  it('says where a port does not speak what the client does', () => {
    const apart = worldOf(
      `${COMMON}frontend clear\n    bind :8080\n    docker-routes\nfrontend tls\n    bind :8443 ssl crt ${CRT}\n    docker-routes\n`,
      CONTAINERS,
    );
    const cases: readonly (readonly [asked: string, routed: boolean, text: RegExp])[] = [
      ['https://open.test:8080/', false, /frontend clear .*: port 8080 of 'clear' speaks clear text: no client gets there by https/],
      ['http://open.test:8443/', false, /frontend tls .*: port 8443 of 'tls' speaks TLS: no client gets there by http/],
      ['https://open.test:8443/', true, /frontend tls .*: goes to backend open/],
      ['http://open.test:8080/', true, /frontend clear .*: goes to backend open/],
      ['open.test:8443', true, /frontend tls .*: goes to backend open/],
    ];
    for (const [asked, routed, text] of cases) {
      const answer = ask(apart, asked);
      assert.equal(answer.routed, routed, asked);
      assert.match(textOf(answer), text);
    }
  });

  it('takes TLS through a port in mode tcp for what its server speaks', () => {
    const through = worldOf(`${COMMON}listen through\n    mode tcp\n    bind :8443\n    server s 192.0.2.1:443\n`, []);
    assert.deepEqual(outcomes(ask(through, 'https://open.test:8443/')), ['through: routed']);
  });

  it('names the certificate that is shown, and says whom it is not for', () => {
    const shown = (words: string, asked = 'https://open.test/') =>
      textOf(ask(worldOf(`${COMMON}frontend www\n    bind :443 ssl ${words}\n    docker-routes\n`, CONTAINERS), asked));
    const names = new X509Certificate(readFileSync(CRT)).subjectAltName ?? '';
    const [, own = ''] = /DNS:([a-z.]+)/.exec(names) ?? [];
    assert.match(shown(`crt ${CRT}`), /certificate .*server.*\.pem \(.*\): it is not for open\.test: clients that verify it complain/);
    assert.match(shown(`crt ${CRT}`, `https://${own}/`), /certificate .*server.*\.pem \([^)]*\)\n/);
    assert.match(shown('self-signed'), /certificate of self-signed: made for every host that leads somewhere/);
    const strict = shown(`crt ${CRT} strict-sni`);
    assert.match(strict, /^https:\/\/open\.test\/ is not routed$/m);
    assert.match(strict, /no certificate of its bind line is for open\.test, and 'strict-sni' shows no other one/);
  });

  it('tells how a container is spoken to, and that one is served without TLS where nobody speaks it', () => {
    assert.match(textOf(ask(both, 'behind')), /172\.17\.0\.\d+:8443 \(.*\), over TLS \(its certificate is not verified\)/);
    const clear = worldOf(`${COMMON}frontend www\n    bind :80\n    docker-routes\n`, CONTAINERS);
    assert.match(textOf(ask(clear, 'strict')), /warning: .*label fairlead\.tls wants TLS, .* pool 'strict' is served in clear text/);
    assert.deepEqual(outcomes(ask(clear, 'strict.test')), ['www: routed']);
  });
});
