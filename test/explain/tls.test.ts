/** What is explained of requests by https. */

import assert from 'node:assert/strict';
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

  it('tells how a container is spoken to, and that one is served without TLS where nobody speaks it', () => {
    assert.match(textOf(ask(both, 'behind')), /172\.17\.0\.\d+:8443 \(.*\), over TLS \(its certificate is not verified\)/);
    const clear = worldOf(`${COMMON}frontend www\n    bind :80\n    docker-routes\n`, CONTAINERS);
    assert.match(textOf(ask(clear, 'strict')), /warning: .*label fairlead\.tls wants TLS, .* pool 'strict' is served in clear text/);
    assert.deepEqual(outcomes(ask(clear, 'strict.test')), ['www: routed']);
  });
});
