/** `bind ... ssl self-signed`: whom Node's own client trusts, and for how long. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer as createHttps, type Server as HttpsServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect, type PeerCertificate } from 'node:tls';
import { FakeEngine } from '../discovery/docker/fake-engine.ts';
import { ask } from '../support/client.ts';
import { Fairlead, runFairlead } from '../support/fairlead.ts';
import { tlsText } from '../support/tls.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';

let upstream: Upstream;
let secured: HttpsServer;
let engine: FakeEngine;
let fairlead: Fairlead;

const config = (folder: string) => `global
    self-signed-dir ${folder}
defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s
docker
    endpoint ${engine.endpoint}
frontend plain
    bind 127.0.0.1:0
    docker-routes
frontend www
    bind 127.0.0.1:0 ssl self-signed
    docker-routes
frontend any
    bind 127.0.0.1:0 ssl self-signed
    http-request return status 200
`;

const authority = () => readFileSync(join(fairlead.folder, 'tls/ca.pem'));

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A request by https for `host`, of a client that trusts `ca`. */
function get(host: string, ca: Buffer | undefined, path = '/'): Promise<Answer> {
  const { promise, resolve, reject } = deferred<Answer>();
  const options = { host: '127.0.0.1', port: fairlead.port('www'), servername: host, headers: { host }, path, agent: false };
  request({ ...options, ...(ca === undefined ? {} : { ca }) }, async (response) => {
    let body = '';
    for await (const chunk of response) body += String(chunk);
    resolve({ status: response.statusCode ?? 0, body });
  })
    .on('error', reject)
    .end();
  return promise;
}

function deferred<Value>() {
  let resolve: (value: Value) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<Value>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** What is shown to a client that asks for `servername`, whether it trusts that or not. */
function shown(proxy: string, servername: string): Promise<PeerCertificate> {
  const { promise, resolve, reject } = deferred<PeerCertificate>();
  const socket = connect({ host: '127.0.0.1', port: fairlead.port(proxy), servername, rejectUnauthorized: false }, () => {
    resolve(socket.getPeerCertificate());
    socket.destroy();
  }).on('error', reject);
  return promise;
}

describe('ssl self-signed', () => {
  before(async () => {
    upstream = await startUpstream('app');
    secured = createHttps({ cert: tlsText('server'), key: tlsText('server') }, (_request, response) => response.end('by TLS'));
    await new Promise<void>((resolve) => secured.listen(0, '127.0.0.1', resolve));
    engine = new FakeEngine();
    await engine.listen();
    const run = (name: string, labels: Readonly<Record<string, string>>) => engine.create(name, { address: '127.0.0.1', labels });
    run('app', { 'fairlead.host': 'app.example.test', 'fairlead.port': `${upstream.port}` });
    run('strict', { 'fairlead.host': 'strict.example.test', 'fairlead.port': `${upstream.port}`, 'fairlead.tls': 'true' });
    const { port } = secured.address() as AddressInfo;
    run('behind', { 'fairlead.host': 'behind.example.test', 'fairlead.port': `${port}`, 'fairlead.scheme': 'https' });
    fairlead = await Fairlead.start(config('%DIR%/tls'));
  });
  after(async () => {
    await fairlead.stop();
    await engine.dispose();
    await upstream.stop();
    secured.close();
  });

  it('says where the authority is and how to trust it', () => {
    const file = join(fairlead.folder, 'tls/ca.pem');
    assert.ok(fairlead.output.includes(`self-signed: the development authority is in ${file} (new, `), fairlead.output);
    assert.ok(fairlead.output.includes(`curl --cacert ${file}`));
    const { code, output } = runFairlead(['ca', '-f', join(fairlead.folder, 'haproxy.cfg')]);
    assert.equal(code, 0);
    assert.ok(output.startsWith(authority().toString()));
    assert.match(output, /update-ca-certificates/);
  });

  it('is trusted by whoever trusts the authority, and by nobody else', async () => {
    assert.deepEqual(await get('app.example.test', authority()), { status: 200, body: 'app' });
    await assert.rejects(get('app.example.test', undefined), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
  });

  it('has certificates for routed hosts alone where routes are all that there is', async () => {
    assert.equal((await shown('www', 'app.example.test')).subjectaltname, 'DNS:app.example.test');
    for (const name of ['other.example.test', 'example.test', 'a..b', '-']) {
      assert.match((await shown('www', name)).subjectaltname ?? '', /^DNS:localhost, IP Address:127\.0\.0\.1/, name);
    }
    await assert.rejects(get('other.example.test', authority()), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });

  it('has one as soon as a container claims a host', async () => {
    engine.run('late', { address: '127.0.0.1', labels: { 'fairlead.host': 'late.example.test', 'fairlead.port': `${upstream.port}` } });
    await until('late is routed', async () => (await shown('www', 'late.example.test')).subjectaltname === 'DNS:late.example.test');
    assert.equal((await get('late.example.test', authority())).body, 'app');
  });

  it('has one for any name where any may be meant, at a bounded pace', async () => {
    const from = performance.now();
    let own = 0;
    for (let at = 0; at < 150; at++) if ((await shown('any', `n${at}.test`)).subjectaltname === `DNS:n${at}.test`) own++;
    // A hundred at once, and ten more in each second.
    const most = 101 + (performance.now() - from) / 100;
    assert.ok(own >= 100 && own <= most, `${own} of 150, at most ${most}`);
  });

  it('sends clients without TLS to https where labels want that', async () => {
    const moved = await ask(fairlead.port('plain'), { headers: { host: 'strict.example.test' } });
    assert.deepEqual([moved.status, moved.headers.location], [302, 'https://strict.example.test/']);
    assert.equal((await get('strict.example.test', authority())).body, 'app');
    assert.equal((await ask(fairlead.port('plain'), { headers: { host: 'app.example.test' } })).status, 200);
  });

  it('speaks TLS to a container that wants it', async () => {
    assert.deepEqual(await get('behind.example.test', authority()), { status: 200, body: 'by TLS' });
  });

  it('is the same authority after a restart', async () => {
    const before = authority();
    const { folder } = fairlead;
    const second = await Fairlead.start(config(join(folder, 'tls')));
    try {
      assert.ok(second.output.includes(`ca.pem (kept, `), second.output);
      assert.deepEqual(authority(), before);
    } finally {
      await second.stop();
    }
  });
});
