/** What rules and logs see of TLS, of connections made by hand. test/haproxy/tls-rules.test.ts has the same over real ones. */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { derChildren, derValues, oidText } from '../../src/core/der.ts';
import { entryOf, oneLine, readName } from '../../src/rules/distinguished-name.ts';
import { type TlsFacts, tlsFailure } from '../../src/rules/tls-facts.ts';
import type { RuleContext } from '../../src/rules/types.ts';
import { certificateFacts } from '../../src/rules/x509.ts';
import { root } from '../support/paths.ts';
import { compile, compileClean, contextOf, request, response } from './support.ts';

function certificate(name: string): Buffer {
  return new X509Certificate(readFileSync(join(root, 'test/fixtures/tls', name))).raw;
}

const ODD = certificate('odd.pem');
const SESSION = Buffer.from('301e0201010202030404021302' + '0404a1a2a3a4' + '0403b1b2b3' + 'a10602046b025f61', 'hex');

function facts(changes: Partial<TlsFacts> = {}): TlsFacts {
  return {
    protocol: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    sni: 'www.example.test',
    alpn: 'h2',
    resumed: false,
    verifyResult: 0,
    verifyError: undefined,
    peerChain: [ODD, certificate('intermediate.pem')],
    ownCertificate: certificate('server.pem'),
    session: SESSION,
    finished: Buffer.from('0102', 'hex'),
    error: 0,
    failure: undefined,
    ...changes,
  };
}

/** What `expression` is worth; `-` for nothing. */
function worth(expression: string, more: Partial<RuleContext>): string {
  const response = expression.startsWith('ssl_bc');
  const rules = compileClean([`http-${response ? 'response' : 'request'} set-var(txn.x) ${expression}`]);
  const variables = new Map<string, unknown>();
  const context = contextOf(request(), {
    setVariable: (name, value) => {
      variables.set(name, value);
      return true;
    },
    ...more,
  });
  (response ? rules.response : rules.request)?.(context);
  const value = variables.get('txn.x');
  return value === undefined ? '-' : String(value);
}

const NAME =
  '/C=FR/ST=\xcele de France/O=Ex/ample, Inc <x>;+y\\z/OU=One/UID=u1/OU=Two/OU=e\xe5g,/CN= spaced /CN=#hash/emailAddress=a@b.test/DC=org/serialNumber=42/2.3.4.5=odd/organizationIdentifier=VATFR-1';
const LDAP_NAME =
  'organizationIdentifier=VATFR-1,2.3.4.5=#13036F6464,serialNumber=42,DC=org,emailAddress=a@b.test,CN=\\#hash,CN=\\ spaced\\ ,OU=\\E6\\97\\A5\\E6\\9C\\AC,OU=Two,UID=u1+OU=One,O=Ex/ample\\, Inc \\<x\\>\\;\\+y\\\\z,ST=\\C3\\8Ele de France,C=FR';

/** Of `facts()`: what is clear, and what it is worth over TLS. */
const WORTH: readonly (readonly [expression: string, clear: string, encrypted: string])[] = [
  ['ssl_fc', 'false', 'true'],
  ['ssl_fc_protocol', '-', 'TLSv1.3'],
  ['ssl_fc_cipher', '-', 'TLS_AES_256_GCM_SHA384'],
  ['ssl_fc_alg_keysize', '-', '256'],
  ['ssl_fc_use_keysize', '-', '256'],
  ['ssl_fc_alpn', '-', 'h2'],
  ['ssl_fc_npn', '-', '-'],
  ['ssl_fc_sni', '-', 'www.example.test'],
  ['ssl_fc_has_sni', 'false', 'true'],
  ['ssl_fc_has_crt', '-', 'true'],
  ['ssl_fc_has_early', '-', 'false'],
  ['ssl_fc_is_resumed', 'false', 'false'],
  ['ssl_fc_session_id,hex', '-', 'A1A2A3A4'],
  ['ssl_fc_session_key,hex', '-', 'B1B2B3'],
  ['ssl_fc_unique_id,hex', '-', '0102'],
  ['ssl_fc_err', '-', '0'],
  ['ssl_fc_err_str', '-', '-'],
  ['fc_err', '0', '0'],
  ['fc_err_str', 'Success', 'Success'],
  ['ssl_c_used', '-', 'true'],
  ['ssl_c_verify', '-', '0'],
  ['ssl_c_err', '-', '0'],
  ['ssl_c_ca_err', '-', '0'],
  ['ssl_c_ca_err_depth', '-', '0'],
  ['ssl_c_s_dn', '-', NAME],
  ['ssl_c_i_dn', '-', NAME],
  ['ssl_c_s_dn(,0,rfc2253)', '-', LDAP_NAME],
  ['ssl_c_s_dn(ou)', '-', 'One'],
  ['ssl_c_s_dn(OU,2)', '-', 'Two'],
  ['ssl_c_s_dn(OU,-2)', '-', 'Two'],
  ['ssl_c_s_dn(OU,4)', '-', '-'],
  ['ssl_c_s_dn(OU,0)', '-', '-'],
  ['ssl_c_s_dn(CN,1,rfc2253)', '-', ' spaced '],
  ['ssl_c_s_dn(2.3.4.5)', '-', 'odd'],
  ['ssl_c_s_dn(L)', '-', '-'],
  ['ssl_c_serial,hex', '-', '80FF'],
  ['ssl_c_version', '-', '1'],
  ['ssl_f_version', '-', '3'],
  ['ssl_c_key_alg', '-', 'ED25519'],
  ['ssl_c_sig_alg', '-', 'ED25519'],
  ['ssl_c_notafter', '-', '510714034322Z'],
  ['ssl_c_notbefore', '-', '261122034322Z'],
  ['ssl_c_der,length', '-', String(ODD.length)],
  ['ssl_c_chain_der,length', '-', String(certificate('intermediate.pem').length)],
  ['ssl_f_s_dn(CN)', '-', 'example.test'],
  ['ssl_f_i_dn', '-', '/O=Fairlead tests/CN=Test CA'],
  ['ssl_f_key_alg', '-', 'rsaEncryption'],
  ['ssl_f_sig_alg', '-', 'ecdsa-with-SHA256'],
  ['ssl_f_notbefore', '-', '200101000000Z'],
  // Of a later century HAProxy tells nothing.
  ['ssl_f_notafter', '-', '-'],
  ['ssl_f_sha1,hex', '-', new X509Certificate(certificate('server.pem')).fingerprint.replaceAll(':', '')],
  ['ssl_f_serial,hex', '-', new X509Certificate(certificate('server.pem')).serialNumber],
];

test('fetches tell of a TLS connection and its certificates; of one in clear text what HAProxy tells', () => {
  for (const [expression, clear, encrypted] of WORTH) {
    assert.equal(worth(expression, {}), clear, `${expression} in clear text`);
    assert.equal(worth(expression, { tls: facts() }), encrypted, expression);
  }
});

test('the connection to the server is told of by its own fetches', () => {
  const serverTls = facts({ cipher: 'ECDHE-RSA-DES-CBC3-SHA', protocol: 'TLSv1.2', alpn: undefined, resumed: true });
  const seen = { response: response(200), serverTls };
  assert.equal(worth('ssl_bc', { response: response(200) }), 'false');
  assert.equal(worth('ssl_bc', seen), 'true');
  assert.equal(worth('ssl_bc_is_resumed', seen), 'true');
  assert.equal(worth('ssl_bc_alpn', seen), '-');
  assert.equal(worth('ssl_bc_alg_keysize', seen), '168');
  assert.equal(worth('ssl_bc_use_keysize', seen), '112');
  assert.equal(worth('ssl_s_s_dn(C)', { serverTls }), 'FR');
  assert.equal(worth('ssl_s_chain_der', { serverTls }), '-');
  const whole = String(ODD.length + certificate('intermediate.pem').length);
  assert.equal(worth('ssl_s_chain_der,length', { serverTls: facts() }), whole);
});

test('a client without a certificate has none, and a resumed one has shown none', () => {
  const bare = { tls: facts({ peerChain: [] }) };
  assert.equal(worth('ssl_c_used', bare), 'false');
  assert.equal(worth('ssl_fc_has_crt', bare), 'false');
  for (const fetch of ['ssl_c_s_dn', 'ssl_c_serial', 'ssl_c_version', 'ssl_c_chain_der']) assert.equal(worth(fetch, bare), '-', fetch);
  const resumed = { tls: facts({ resumed: true, peerChain: [ODD] }) };
  assert.equal(worth('ssl_c_used', resumed), 'true');
  assert.equal(worth('ssl_fc_has_crt', resumed), 'false');
  assert.equal(worth('ssl_c_chain_der', resumed), '-');
});

test('errors of verification are told by where they were', () => {
  const own = { tls: facts({ verifyResult: 21, verifyError: { number: 20, depth: 0 } }) };
  assert.equal(worth('ssl_c_verify', own), '21');
  assert.equal(worth('ssl_c_err', own), '20');
  assert.equal(worth('ssl_c_ca_err', own), '0');
  const above = { tls: facts({ verifyResult: 10, verifyError: { number: 10, depth: 2 } }) };
  assert.equal(worth('ssl_c_err', above), '0');
  assert.equal(worth('ssl_c_ca_err', above), '10');
  assert.equal(worth('ssl_c_ca_err_depth', above), '2');
});

test('a handshake that failed is told by numbers and words', () => {
  const message = '806C4C97A07F0000:error:0A000102:SSL routines:tls_early_post_process_client_hello:unsupported protocol:../x.c:1664:\n';
  const failure = tlsFailure(new Error(message));
  const failed = { tls: facts({ error: 34, failure, peerChain: [] }) };
  assert.equal(worth('ssl_fc_err,hex', failed), '000000000A000102');
  assert.equal(worth('ssl_fc_err_str', failed), 'error:0A000102:SSL routines::unsupported protocol');
  assert.equal(worth('fc_err', failed), '34');
  assert.equal(worth('fc_err_str', failed), 'SSL handshake failure');
  assert.equal(worth('ssl_c_verify', failed), '-');
  assert.equal(tlsFailure(new Error('socket hang up')), undefined);
});

test('ACLs look at SNI from its end and by expressions, and at binary samples by digits', () => {
  const matches = (condition: string): boolean => {
    const rules = compileClean([`http-request deny if ${condition}`]);
    return rules.request?.(contextOf(request(), { tls: facts() })) !== undefined;
  };
  assert.ok(matches('{ ssl_fc_sni_end .example.test }'));
  assert.ok(matches('{ ssl_fc_sni_end -i .EXAMPLE.test }'));
  assert.ok(!matches('{ ssl_fc_sni_end .example }'));
  assert.ok(matches('{ ssl_fc_sni_reg ^www\\. }'));
  assert.ok(matches('{ ssl_c_serial -m bin 80ff }'));
  assert.ok(matches('{ ssl_c_verify 0 }'));
  assert.ok(matches('{ ssl_fc_protocol TLSv1.2 TLSv1.3 }'));
});

const REFUSED: readonly (readonly [line: string, message: RegExp])[] = [
  ['acl a ssl_c_sha1 AB', /matching method must be specified first/],
  ['acl a ssl_c_s_dn(CN,0,foo) x', /'ssl_c_s_dn' : only rfc2253 or a blank value are currently supported as the format argument\./],
  ['acl a ssl_c_s_dn(CN,x) y', /failed to parse 'x' as type 'integer' at position 2/],
  ['http-request set-header a %[ssl_bc]', /needs 'server-side connection' which is not available here/],
  ['http-request set-header a %[ssl_fc_sni_end]', /unknown fetch method 'ssl_fc_sni_end'/],
  ['http-request set-header a %[ssl_fc_client_random]', /'ssl_fc_client_random' is HAProxy's; Fairlead does not do it/],
];

test('what HAProxy refuses of these fetches is refused in its words', () => {
  for (const [line, message] of REFUSED) {
    const { diagnostics } = compile([line]);
    assert.match(diagnostics[0]?.message ?? '', message, line);
  }
});

function wrapped(tag: number, content: Buffer): Buffer {
  const { length } = content;
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 0xff]), content]);
}

/** A name of one attribute in an RDN: its type and its value, each in DER form. */
function nameOf(...parts: readonly Buffer[]): ReturnType<typeof readName> {
  return readName(derValues(wrapped(0x30, wrapped(0x31, wrapped(0x30, Buffer.concat(parts)))))?.[0]);
}

test('odd attributes of names are written as HAProxy does', () => {
  const x = Buffer.from('0c0178', 'hex');
  const unnamed = (length: number) => {
    const oid = Buffer.alloc(length + 4, 0xff);
    oid.set([0x06, 0x82, length >> 8, length & 0xff, 0x2a]);
    oid[oid.length - 1] = 0x7f;
    return oid;
  };
  assert.equal(oneLine(nameOf(unnamed(20), x)), '/1.2.10889035741470030830827987437816582766591=x');
  const cut =
    '1.2.410948117308466680253202334600010051996120297095560457773303195552244699554459439227630198146686597752108044441888923258829';
  assert.equal(oneLine(nameOf(unnamed(100), x)), `/${cut}=x`);
  for (const length of [587, 55_000]) assert.equal(oneLine(nameOf(unnamed(length), x)), '/=x');
  const made = nameOf(Buffer.from('0603550403', 'hex'), Buffer.from('30030c0161', 'hex'));
  assert.deepEqual([oneLine(made), entryOf(made, 'CN', 1)], ['/CN=0\x03\x0c\x01a', '0\x03\x0c\x01a']);
});

test('a name that does not fit tune.bufsize is no value', () => {
  const [toBeSigned, ...more] = derChildren(derValues(certificate('server.pem'))?.[0]) ?? [];
  const fields = (derChildren(toBeSigned) ?? []).map(({ whole }) => whole);
  const name = (length: number) =>
    wrapped(
      0x30,
      wrapped(0x31, wrapped(0x30, Buffer.concat([Buffer.from('0603550403', 'hex'), wrapped(0x0c, Buffer.alloc(length, 'a'))]))),
    );
  const of = (length: number) => {
    const der = wrapped(
      0x30,
      Buffer.concat([
        wrapped(0x30, Buffer.concat(fields.map((field, index) => (index === 5 ? name(length) : field)))),
        ...more.map(({ whole }) => whole),
      ]),
    );
    return { tls: facts({ peerChain: [der] }) };
  };
  for (const expression of ['ssl_c_s_dn', 'ssl_c_s_dn(CN)', 'ssl_c_s_dn(,0,rfc2253)']) {
    assert.ok(worth(expression, of(16_000)).endsWith('a'.repeat(16_000)), expression);
    assert.equal(worth(expression, of(16_385)), '-', expression);
  }
});

test('broken DER is no certificate, and reads nothing outside of its bytes', () => {
  assert.equal(certificateFacts(Buffer.alloc(0)), undefined);
  for (let length = 1; length < ODD.length; length++) assert.equal(certificateFacts(ODD.subarray(0, length)), undefined);
  for (let at = 0; at < ODD.length; at++) {
    const bent = Buffer.from(ODD);
    bent[at] = (bent[at] as number) ^ 0xff;
    certificateFacts(bent);
  }
  assert.equal(derValues(Buffer.from('0480', 'hex')), undefined);
  assert.equal(derValues(Buffer.from('0484ffffffff', 'hex')), undefined);
  assert.equal(oidText(Buffer.from('2a864886f70d010101', 'hex')), '1.2.840.113549.1.1.1');
  assert.equal(oidText(Buffer.from('8837', 'hex')), '2.999');
});
