/** What people write in rules about TLS, over connections with it and without. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { RawClient } from '../support/client.ts';
import { tlsFile, tlsText } from '../support/tls.ts';
import { startUpstream } from '../support/upstream.ts';
import { type Balancer, withBalancer } from './balancer.ts';

const SSL = `ssl crt ${tlsFile('server')}`;
const MUTUAL = `${SSL} ca-file ${tlsFile('client-ca')} verify`;

const shows = (name: 'client' | 'client-other'): ConnectionOptions => ({ cert: tlsText(name), key: tlsText(name) });

/** A frontend `clear` and a frontend `secure` (`bind` behind its address) with the same lines. */
const sites = (bind: string, ...lines: readonly string[]): string =>
  ['frontend clear', 'bind 127.0.0.1:0', ...lines, '\nfrontend secure', `bind 127.0.0.1:0 ${bind}`, ...lines, ''].join('\n ');

/** The answer's bytes to one request; `options` of a client that speaks TLS. */
async function ask(
  balancer: Balancer,
  options: ConnectionOptions | undefined,
  target = '/a?b=c',
  host = 'www.example.test:8080',
): Promise<string> {
  const client =
    options === undefined
      ? await RawClient.connect(balancer.port('clear'))
      : await RawClient.secure(balancer.port('secure'), { servername: 'www.example.test', ...options });
  client.send(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  const text = await client.readAll();
  client.close();
  return text;
}

const echo = (format: string): string => `http-request return status 200 content-type text/plain lf-string '${format}'`;
const body = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4);

describe('rules about TLS', () => {
  it('redirect scheme https sends clients without it to https, and no others', async () => {
    await withBalancer(sites(SSL, 'http-request redirect scheme https code 301 if !{ ssl_fc }', echo('here')), async (balancer) => {
      const text = await ask(balancer, undefined);
      assert.match(text, /^HTTP\/1\.1 301 /);
      assert.match(text, /\r\nlocation: https:\/\/www\.example\.test:8080\/a\?b=c\r\n/);
      assert.equal(body(await ask(balancer, {})), 'here');
    });
  });

  it('servers are told by X-Forwarded-Proto, clients by Strict-Transport-Security', async () => {
    const upstream = await startUpstream('app', (request, response) => response.end(String(request.headers['x-forwarded-proto'])));
    try {
      const lines = [
        'http-request set-header X-Forwarded-Proto https if { ssl_fc }',
        'http-request set-header X-Forwarded-Proto http if !{ ssl_fc }',
        'http-response set-header Strict-Transport-Security "max-age=16000000; includeSubDomains" if { ssl_fc }',
        'default_backend app',
      ];
      const text = `${sites(SSL, ...lines)}backend app\n server one ${upstream.address}\n`;
      await withBalancer(text, async (balancer) => {
        const clear = await ask(balancer, undefined);
        assert.match(clear, /http$/);
        assert.doesNotMatch(clear, /strict-transport-security/i);
        const secure = await ask(balancer, {});
        assert.match(secure, /https$/);
        assert.match(secure, /\r\nstrict-transport-security: max-age=16000000; includeSubDomains\r\n/i);
      });
    } finally {
      await upstream.stop();
    }
  });

  it('headers about the client tell who it is, and what it says of itself is taken away', async () => {
    const headers = ['X-SSL', 'X-SSL-Client-Verify', 'X-SSL-Client-CN', 'X-SSL-Client-DN', 'X-SSL-Client-SHA1', 'X-SSL-Issuer'];
    const fetches = ['ssl_fc', 'ssl_c_verify', '{+Q}[ssl_c_s_dn(cn)]', 'ssl_c_s_dn', 'ssl_c_sha1,hex', 'ssl_c_i_dn(cn)'];
    const formats = fetches.map((fetch) => (fetch.startsWith('{') ? `%${fetch}` : `%[${fetch}]`));
    const lines = [
      ...headers.map((name) => `http-request del-header ${name}`),
      ...headers.map((name, index) => `http-request set-header ${name} ${formats[index]} if { ssl_c_used }`),
      echo(headers.map((name) => `%[req.hdr(${name})]`).join('|')),
    ];
    await withBalancer(sites(`${MUTUAL} optional crt-ignore-err all ca-ignore-err all`, ...lines), async (balancer) => {
      assert.equal(body(await ask(balancer, undefined)), '|||||');
      assert.equal(body(await ask(balancer, {})), '|||||');
      const known = body(await ask(balancer, shows('client'))).split('|');
      assert.deepEqual(known.slice(0, 4), ['1', '0', 'alice', '/O=Fairlead tests/CN=alice']);
      assert.match(known[4] ?? '', /^[0-9A-F]{40}$/);
      assert.equal(known[5], 'Test client CA');
      assert.equal(body(await ask(balancer, shows('client-other'))).split('|')[1], '21');
    });
  });

  it('the name that a client asks for leads to a backend, and into variables', async () => {
    const lines = ['http-request set-var(txn.name) ssl_fc_sni,lower', 'use_backend %[ssl_fc_sni,lower]', 'default_backend other'];
    const backend = (name: string): string =>
      `backend ${name}\n http-request return status 200 content-type text/plain lf-string ${name}-%[var(txn.name)]\n`;
    const text = `${sites(SSL, ...lines)}${backend('www.example.test')}${backend('other')}`;
    await withBalancer(text, async (balancer) => {
      assert.equal(body(await ask(balancer, {})), 'www.example.test-www.example.test');
      assert.equal(body(await ask(balancer, { servername: 'localhost' })), 'other-localhost');
      assert.equal(body(await ask(balancer, undefined)), 'other-');
    });
  });

  it('who has no good certificate goes elsewhere', async () => {
    const lines = ['acl known ssl_c_used', 'acl good ssl_c_verify 0', 'use_backend inside if known good', 'default_backend outside'];
    const backend = (name: string): string => `backend ${name}\n http-request return status 200 content-type text/plain string ${name}\n`;
    const text = `${sites(`${MUTUAL} optional crt-ignore-err all ca-ignore-err all`, ...lines)}${backend('inside')}${backend('outside')}`;
    await withBalancer(text, async (balancer) => {
      assert.equal(body(await ask(balancer, shows('client'))), 'inside');
      assert.equal(body(await ask(balancer, shows('client-other'))), 'outside');
      assert.equal(body(await ask(balancer, {})), 'outside');
    });
  });

  it('a handshake that fails before anything is agreed upon may be asked all there is about it', async () => {
    const fetches = [
      'ssl_fc_protocol',
      'ssl_fc_cipher',
      'ssl_fc_is_resumed',
      'ssl_fc_session_id',
      'ssl_fc_session_key',
      'ssl_fc_unique_id',
    ];
    const more = [
      'ssl_c_err',
      'ssl_c_ca_err',
      'ssl_c_verify',
      'ssl_c_used',
      'ssl_c_s_dn',
      'ssl_c_chain_der',
      'ssl_f_s_dn',
      'ssl_fc_sni',
      'ssl_fc_alpn',
    ];
    const format = [...fetches, ...more].map((fetch) => `%[${fetch}]`).join(' ');
    const lines = ['log 127.0.0.1:9 local0', 'option httplog', `error-log-format "%[fc_err] ${format}"`, echo('here')];
    await withBalancer(sites(`${MUTUAL} required`, ...lines), async (balancer) => {
      const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
      await assert.rejects(ask(balancer, old));
      await assert.rejects(ask(balancer, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' }));
      assert.deepEqual(
        balancer.lines.map((line) => line.split(' ')[0]),
        ['34', '34'],
      );
      assert.equal(body(await ask(balancer, shows('client'))), 'here');
    });
  });
});
