/** What rules and logs tell of TLS and of HTTP/2, beside the real HAProxy: both are asked the same over the same kinds of connections. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type LogReceiver, receiveUdp } from '../support/syslog.ts';
import { tlsText } from '../support/tls.ts';
import { until } from '../support/wait.ts';
import { both, Side, type Sides, skip, stopSides } from './side-by-side.ts';
import { askHttp2, askTls, type ClientOptions, type TlsAnswer } from './tls-clients.ts';

const OF_CONNECTIONS = `
  ssl_fc ssl_fc_alg_keysize ssl_fc_alpn ssl_fc_cipher ssl_fc_err ssl_fc_err_str ssl_fc_has_crt ssl_fc_has_early ssl_fc_has_sni
  ssl_fc_is_resumed ssl_fc_npn ssl_fc_protocol ssl_fc_sni ssl_fc_use_keysize ssl_fc_session_key,hex,length fc_err fc_err_str`;
const OF_CLIENTS = `
  ssl_c_ca_err ssl_c_ca_err_depth ssl_c_chain_der,hex ssl_c_der,sha1,hex ssl_c_err ssl_c_i_dn ssl_c_i_dn(CN) ssl_c_i_dn(,0,rfc2253)
  ssl_c_key_alg ssl_c_notafter ssl_c_notbefore ssl_c_s_dn ssl_c_s_dn(OU) ssl_c_s_dn(OU,2) ssl_c_s_dn(OU,-1) ssl_c_s_dn(ou,0)
  ssl_c_s_dn(CN,2) ssl_c_s_dn(CN,-3) ssl_c_s_dn(,0,rfc2253) ssl_c_s_dn(CN,1,rfc2253) ssl_c_s_dn(2.3.4.5) ssl_c_s_dn(emailAddress)
  ssl_c_s_dn(organizationIdentifier) ssl_c_serial,hex ssl_c_sha1,hex ssl_c_sig_alg ssl_c_used ssl_c_verify ssl_c_version`;
const OF_OURS = `
  ssl_f_der,sha1,hex ssl_f_i_dn ssl_f_key_alg ssl_f_notafter ssl_f_notbefore ssl_f_s_dn ssl_f_s_dn(CN) ssl_f_serial,hex ssl_f_sha1,hex
  ssl_f_sig_alg ssl_f_version`;
const OF_REQUESTS = `
  fc_http_major req.ver url path pathq query base baseq base32 url32 capture.req.uri capture.req.ver capture.req.method
  req.hdr(host) req.hdrs req.hdr_names(:) req.hdr_cnt(host) urlp(a) method url,length req.hdr(cookie)`;

const OF_SERVERS = `
  ssl_bc ssl_bc_alg_keysize ssl_bc_alpn ssl_bc_cipher ssl_bc_err ssl_bc_err_str ssl_bc_is_resumed ssl_bc_npn ssl_bc_protocol
  ssl_bc_session_id,hex,length ssl_bc_session_key,hex,length ssl_bc_unique_id,hex,length ssl_bc_use_keysize ssl_s_der,sha1,hex
  ssl_s_chain_der,sha1,hex ssl_s_key_alg ssl_s_notafter ssl_s_notbefore ssl_s_i_dn ssl_s_s_dn ssl_s_s_dn(CN) ssl_s_serial,hex
  ssl_s_sha1,hex ssl_s_sig_alg ssl_s_version`;

const words = (text: string): string[] => text.trim().split(/\s+/);
const FACTS = [OF_CONNECTIONS, OF_CLIENTS, OF_OURS, OF_REQUESTS].flatMap(words);
const UNIQUE = ['ssl_fc_unique_id,hex', 'ssl_fc_session_id,hex,length'];
const VARIABLES = '%ft %HM %HP %HPO %HQ %HU %HV %r %sslv %sslc';
const LOGGED = words(OF_CONNECTIONS + OF_CLIENTS + OF_OURS).filter((fetch) => !fetch.includes('_der'));

const lines = (fetches: readonly string[]): string => fetches.map((fetch) => `${fetch} = %[${fetch}]`).join('\n');

const FILES = {
  facts: `${lines(FACTS)}\n${VARIABLES}\n`,
  unique: lines(UNIQUE),
  server: tlsText('server'),
  chained: tlsText('chained'),
  authorities: tlsText('client-ca') + tlsText('intermediate') + tlsText('ca'),
};

const LENIENT = 'ssl crt %DIR%/server ca-file %DIR%/authorities verify optional ca-ignore-err all crt-ignore-err all';
const STRICT = 'ssl crt %DIR%/server ca-file %DIR%/authorities verify required';

const config = (port: number): string => `
global
 stats socket %DIR%/ctl level admin
 log 127.0.0.1:${port} len 8192 format raw local0
defaults
 mode http
 log global
 timeout connect 2s
 timeout client 2s
 timeout server 5s
frontend facts
 bind unix@%DIR%/clear
 bind unix@%DIR%/clear2 proto h2
 bind unix@%DIR%/tls ${LENIENT} alpn h2,http/1.1
 bind unix@%DIR%/tls12 ${LENIENT} ssl-max-ver TLSv1.2
 log-format "${VARIABLES} ${LOGGED.map((fetch) => `%[${fetch}]`).join(' | ')}"
 http-request return content-type text/plain lf-file %DIR%/unique if { path /unique }
 http-request return content-type text/plain lf-file %DIR%/facts
frontend logs
 bind unix@%DIR%/http-log ${LENIENT}
 option httplog
 http-request return status 200
frontend https-logs
 bind unix@%DIR%/https-log ${LENIENT}
 option httpslog
 http-request return status 200
frontend servers
 bind unix@%DIR%/servers
 use_backend %[path,field(2,/)]
${['none', 'required', 'clear']
  .map((name) => {
    const tls = name === 'clear' ? '' : `ssl verify ${name} ca-file %DIR%/authorities verifyhost chained.test`;
    const headers = words(OF_SERVERS).map((fetch) => ` http-response add-header x-fact "${fetch} = %[${fetch}]"`);
    return [
      `backend ${name}`,
      ' no log',
      ...headers,
      ` server s unix@%DIR%/${name === 'clear' ? 'clear-server' : 'server-tls'} ${tls}`,
    ].join('\n');
  })
  .join('\n')}
frontend server
 no log
 bind unix@%DIR%/server-tls ssl crt %DIR%/chained
 bind unix@%DIR%/clear-server
 http-request return status 200
frontend errors
 bind unix@%DIR%/errors name outside ${STRICT}
 option httplog
 http-request return status 200
frontend custom-errors
 bind unix@%DIR%/custom-errors ${STRICT}
 option httplog
 error-log-format "%ci %ft %b/%s %ST %ts %ac/%fc %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_c_ca_err_depth]/%[ssl_fc_is_resumed] %[ssl_fc_sni] %[fc_err_str] %[ssl_fc_err_str] %[ssl_fc] %[ssl_fc_has_sni]"
 http-request return status 200
`;

const GET = 'GET /a/b?a=1&b HTTP/1.1\r\nHost: www.example.test\r\nCookie: a=1\r\nConnection: close\r\n\r\n';
const GET_UNIQUE = 'GET /unique HTTP/1.1\r\nHost: www.example.test\r\nConnection: close\r\n\r\n';

let sides: Sides | undefined;
let receivers: { readonly haproxy: LogReceiver & { readonly port: number }; readonly fairlead: LogReceiver & { readonly port: number } };

before(async () => {
  if (skip !== false) return;
  receivers = { haproxy: await receiveUdp(), fairlead: await receiveUdp() };
  const start = (name: Side['name']): Promise<Side> => Side.start(name, config(receivers[name].port), FILES);
  sides = [await start('haproxy'), await start('fairlead')];
});

after(async () => {
  await stopSides(sides);
  if (skip === false) await Promise.all([receivers.haproxy.stop(), receivers.fairlead.stop()]);
});

/** Bytes that are no UTF-8 are U+FFFD with us, as ARCHITECTURE.md says. */
function unencoded(line: string): string {
  return line.replace(/[\x80-\xff]+/g, '?');
}

/** What comes of each side, and the one line that it has logged meanwhile. */
async function asked<T>(ask: (side: Side) => Promise<T>): Promise<readonly [theirs: readonly [T, string], ours: readonly [T, string]]> {
  return both(sides as Sides, async (side) => {
    const { lines } = receivers[side.name];
    const seen = lines.length;
    const answer = await ask(side);
    await until('a line is logged', () => lines.length > seen);
    assert.equal(lines.length, seen + 1);
    return [answer, unencoded(lines[seen] as string)];
  });
}

function bodyOf({ text }: Pick<TlsAnswer, 'text'>): string {
  return text.slice(text.indexOf('\r\n\r\n') + 4);
}

const TLS12: ClientOptions = { maxVersion: 'TLSv1.2' };
/** `tls` is the socket's name, but where another one is said. */
const CLIENTS: Readonly<Record<string, readonly [options: ClientOptions, socket?: string]>> = {
  'TLS 1.3': [{}],
  'TLS 1.2': [TLS12],
  'TLS 1.2 at most': [{}, 'tls12'],
  'no name': [{ servername: '' }],
  ALPN: [{ ALPNProtocols: ['http/1.1'] }],
  'AES 128': [{ ...TLS12, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }],
  'AES 256 with CBC': [{ ...TLS12, ciphers: 'ECDHE-RSA-AES256-SHA384' }],
  ChaCha20: [{ ...TLS12, ciphers: 'ECDHE-RSA-CHACHA20-POLY1305' }],
  'TLS 1.3 with AES 128': [{ ciphers: 'TLS_AES_128_GCM_SHA256' }],
  'TLS 1.3 with ChaCha20': [{ ciphers: 'TLS_CHACHA20_POLY1305_SHA256' }],
  'a good certificate': [{ shows: 'client' }],
  'a good certificate in TLS 1.2': [{ shows: 'client' }, 'tls12'],
  'a certificate of an unknown authority': [{ shows: 'client-other' }],
  'a certificate that has expired': [{ shows: 'expired' }],
  'a certificate for servers': [{ shows: 'wildcard' }],
  'a chain of certificates': [{ shows: 'chained' }],
  'a certificate with an odd name': [{ shows: 'odd' }],
};

for (const [name, [options, socket = 'tls']] of Object.entries(CLIENTS)) {
  test(`fetches and log lines of a connection: ${name}`, { skip }, async () => {
    const [theirs, ours] = await asked(async (side) => bodyOf(await askTls(join(side.folder, socket), options, GET)));
    assert.match(theirs[0], /^ssl_fc = 1\n/);
    assert.deepEqual(ours[0].split('\n'), theirs[0].split('\n'));
    assert.deepEqual(ours[1].split(' | '), theirs[1].split(' | '));
  });
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`fetches of a session that goes on: ${version}`, { skip }, async () => {
    const [theirs, ours] = await asked(async (side) => {
      const path = join(side.folder, 'tls');
      const { lines } = receivers[side.name];
      const seen = lines.length;
      const options: ClientOptions = { maxVersion: version, shows: 'client' };
      const { session } = await askTls(path, options, GET);
      assert.ok(session);
      await until('the first line is there', () => lines.length > seen);
      (lines as string[]).pop();
      const answer = await askTls(path, { ...options, session }, GET);
      assert.ok(answer.resumed);
      return bodyOf(answer);
    });
    assert.match(theirs[0], /^ssl_fc_is_resumed = 1$/m);
    assert.match(theirs[0], /^ssl_c_used = 1$/m);
    assert.deepEqual(ours[0].split('\n'), theirs[0].split('\n'));
    assert.deepEqual(ours[1].split(' | '), theirs[1].split(' | '));
  });
  test(`the unique id and the session's id: ${version}`, { skip }, async () => {
    const [[theirs], [ours]] = await asked(async (side) => {
      const answer = await askTls(join(side.folder, 'tls'), { maxVersion: version }, GET_UNIQUE);
      const body = bodyOf(answer);
      assert.ok(body.includes(` = ${answer.finished}\n`), `${side.name}: ${body}, ${answer.finished}`);
      return body.replace(answer.finished, '');
    });
    assert.equal(ours, theirs);
  });
}

test('fetches and log lines of clear text', { skip }, async () => {
  const [theirs, ours] = await asked(async (side) => {
    const client = side.client('clear');
    client.socket.write(GET);
    const text = await client.rest();
    client.close();
    return bodyOf({ text });
  });
  assert.match(theirs[0], /^ssl_fc = 0\n/);
  assert.deepEqual(ours[0].split('\n'), theirs[0].split('\n'));
  assert.deepEqual(ours[1].split(' | '), theirs[1].split(' | '));
});

/** The socket, whether it is encrypted, and what is asked for. */
const STREAMS: readonly (readonly [socket: string, encrypted: boolean, options: ClientOptions, target: string])[] = [
  ['tls', true, {}, '/a/b?a=1&b'],
  ['tls', true, { shows: 'client' }, '/'],
  ['clear2', false, {}, '/a/b?a=1&b'],
  ['clear', false, {}, '/x'],
];

for (const [socket, encrypted, options, target] of STREAMS) {
  test(`fetches and log lines of HTTP/2: ${target} of ${socket}`, { skip }, async () => {
    const [theirs, ours] = await asked((side) => askHttp2(join(side.folder, socket), encrypted, options, target));
    assert.match(theirs[0], /^200\nssl_fc = [01]\n/);
    assert.match(theirs[0], /^req\.ver = 2\.0$/m);
    assert.deepEqual(ours[0].split('\n'), theirs[0].split('\n'));
    assert.deepEqual(ours[1].split(' | '), theirs[1].split(' | '));
  });
}

for (const backend of ['none', 'required', 'clear']) {
  test(`fetches of the connection to a server: ${backend}`, { skip }, async () => {
    const [[theirs], [ours]] = await asked((side) => side.ask('servers', `GET /${backend} HTTP/1.1\r\nHost: a\r\n\r\n`));
    assert.match(theirs, backend === 'clear' ? /x-fact: ssl_bc = 0\r/ : /x-fact: ssl_s_s_dn\(CN\) = chained.test\r/);
    assert.deepEqual(ours.split('\r\n'), theirs.split('\r\n'));
  });
}

/** Times and dates in brackets are of the moment. */
function timeless(line: string): string {
  return line.replace(/\[[^\]]+\]/, '[]').replace(/ [\d-]+\/[\d-]+\/[\d-]+\/[\d-]+\/\d+ /, ' T ');
}

for (const socket of ['http-log', 'https-log']) {
  test(`a line of ${socket}`, { skip }, async () => {
    const [[, theirs], [, ours]] = await asked((side) => askTls(join(side.folder, socket), { shows: 'client-other' }, GET));
    assert.match(theirs, /logs~ /);
    assert.equal(timeless(ours), timeless(theirs));
  });
}

/** What ends in the handshake: by a client that shows this, or sends that instead of a hello. */
const FAILURES: Readonly<Record<string, ClientOptions | string>> = {
  'no certificate': {},
  'a certificate of an unknown authority': { shows: 'client-other' },
  'a certificate that has expired': { shows: 'expired' },
  'an old protocol': { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
  'no cipher in common': { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' },
  HTTP: 'GET / HTTP/1.0\r\n\r\n',
  nothing: '',
};

async function fail(path: string, what: ClientOptions | string, side: Side, socket: string): Promise<void> {
  if (typeof what !== 'string') {
    await askTls(path, what, GET);
    return;
  }
  const client = side.client(socket);
  client.socket.end(what);
  await client.rest();
  client.close();
}

/** Node looks at certificates behind the handshake: it is no error of OpenSSL's then that ends it. */
function withoutReason(line: string): string {
  return line.replace('/000000000A000086/', '/0000000000000000/').replace('error:0A000086:SSL routines::certificate verify failed', '-');
}

for (const [name, what] of Object.entries(FAILURES)) {
  test(`a handshake that fails is logged: ${name}`, { skip }, async () => {
    for (const socket of ['errors', 'custom-errors']) {
      const [[, theirs], [, ours]] = await asked((side) => fail(join(side.folder, socket), what, side, socket));
      assert.equal(timeless(withoutReason(ours)), timeless(withoutReason(theirs)), socket);
    }
  });
}
