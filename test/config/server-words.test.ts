/** A server written as words, and read again: the same server, whatever its line and its `default-server` say. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { finishServer, newServer } from '../../src/config/draft-server.ts';
import { applyServerParameters, serverParameters } from '../../src/config/keywords/server.ts';
import { lexLine } from '../../src/config/lexer.ts';
import type { ServerConfig } from '../../src/config/model.ts';
import { serverWords } from '../../src/config/server-words.ts';
import { writeLine, writeWord } from '../../src/config/write.ts';
import { bytesOf } from '../../src/core/bytes.ts';

const plain = finishServer({ ...newServer(), name: 'a', identity: 'a', origin: 'test' });

/** Values for the parameters that take one; a row that is not here fails the test that goes over all of them. */
const VALUES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  alpn: fc.constantFrom('http/1.1', 'http/1.0,http/1.1'),
  'ca-file': fc.constantFrom('/etc/ca.pem', 'ca.pem', '@system-ca'),
  'check-alpn': fc.constantFrom('http/1.1', 'foo'),
  'check-proto': fc.constant('h1'),
  'check-sni': fc.constantFrom('a.test', 'b.test'),
  ciphers: fc.constantFrom('ALL', 'AES:!MD5'),
  ciphersuites: fc.constant('TLS_AES_128_GCM_SHA256'),
  'crl-file': fc.constantFrom('/etc/crl.pem', 'crl.pem'),
  crt: fc.constantFrom('/etc/a.pem', 'a.pem'),
  npn: fc.constant('http/1.1'),
  proto: fc.constant('h1'),
  sni: fc.constantFrom('str(a.test)', 'req.hdr(host)', 'str(grün)'),
  'ssl-max-ver': version(),
  'ssl-min-ver': version(),
  verify: fc.constantFrom('none', 'required'),
  verifyhost: fc.constantFrom('a.test', 'b.test'),
  ws: fc.constantFrom('auto', 'h1'),
  addr: fc.constantFrom('127.0.0.2', '127.0.0.2:81', '[::1]:81', '[::1]', '/run/check.sock', 'localhost'),
  'agent-addr': fc.constantFrom('127.0.0.3', '::1', 'localhost'),
  'agent-inter': time(1),
  'agent-port': integer(0, 65535),
  'agent-send': fc.string({ minLength: 1 }),
  cookie: fc.string({ minLength: 1 }),
  downinter: time(1),
  'error-limit': integer(1, 1000),
  fall: integer(1, 1000),
  fastinter: time(1),
  id: integer(1, 1000),
  'init-addr': fc.constantFrom('last', 'none', 'libc,none', '127.0.0.1'),
  inter: time(1),
  'max-reuse': integer(-1, 1000),
  maxconn: integer(0, 1000),
  maxqueue: integer(0, 1000),
  minconn: integer(0, 1000),
  observe: fc.constantFrom('none', 'layer4', 'layer7'),
  'on-error': fc.constantFrom('fastinter', 'fail-check', 'sudden-death', 'mark-down'),
  'on-marked-down': fc.constant('shutdown-sessions'),
  'on-marked-up': fc.constant('shutdown-backup-sessions'),
  'pool-low-conn': integer(0, 1000),
  'pool-max-conn': integer(-1, 1000),
  'pool-purge-delay': time(0),
  port: integer(0, 65535),
  'resolve-prefer': fc.constant('ipv4'),
  resolvers: fc.constant('dns'),
  rise: integer(1, 1000),
  slowstart: time(0),
  track: fc.constantFrom('s1', 'b/s1'),
  weight: integer(0, 256),
};

function version(): fc.Arbitrary<string> {
  return fc.constantFrom('TLSv1.0', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3');
}

function integer(low: number, high: number): fc.Arbitrary<string> {
  return fc.integer({ min: low, max: high }).map(String);
}

function time(low: number): fc.Arbitrary<string> {
  return fc.oneof(
    integer(low, 100_000),
    integer(1, 1000).map((number) => `${number}s`),
    integer(1, 20).map((number) => `${number}m`),
  );
}

const parameter: fc.Arbitrary<readonly string[]> = fc
  .constantFrom(...serverParameters)
  .chain(({ name, args }) =>
    args === 0
      ? fc.constant<readonly string[]>([name])
      : (VALUES[name] ?? fc.constant('?')).map((value): readonly string[] => [name, value]),
  );
const line = fc.array(parameter, { maxLength: 12 }).map((parameters) => parameters.flat());

function over(base: ServerConfig, words: readonly string[]): ServerConfig {
  const applied = applyServerParameters(base, words);
  assert.ok('server' in applied, JSON.stringify(applied));
  return applied.server;
}

/** The same for words that may forbid all versions of TLS: then it is no case. */
function perhapsOver(base: ServerConfig, words: readonly string[]): ServerConfig {
  const applied = applyServerParameters(base, words);
  fc.pre('server' in applied);
  return applied.server;
}

describe('the words of a server', () => {
  it('know every parameter', () => {
    const unknown = serverParameters.filter(({ name, args }) => args === 1 && VALUES[name] === undefined);
    assert.deepEqual(
      unknown.map(({ name }) => name),
      [],
    );
  });

  it('are read as the same server', () => {
    fc.assert(
      fc.property(line, (words) => {
        const server = perhapsOver(plain, words);
        assert.deepEqual(over(plain, serverWords(server)), server);
      }),
    );
  });

  it('are read as the same server over a default-server', () => {
    fc.assert(
      fc.property(line, line, (defaults, words) => {
        const base = perhapsOver(plain, defaults);
        const server = perhapsOver(base, words);
        assert.deepEqual(over(base, serverWords(server, base)), server);
      }),
    );
  });

  const texts: readonly (readonly [given: string, words: string])[] = [
    ['check inter 2000 rise 2 fall 5', 'check fall 5'],
    ['maxconn 32 weight 1', 'maxconn 32'],
    ['minconn 5', 'maxconn 5 minconn 5'],
    ['backup no-check inter 1500 pool-purge-delay 5s', 'backup inter 1500ms'],
    [
      'ssl verify none force-tlsv12 no-ssl-reuse check-ssl',
      'ssl verify none ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.2 no-ssl-reuse check-ssl',
    ],
    ['verify none sni str(a.test) no-tls-tickets no-check-ssl', 'verify none sni str(a.test) no-tls-tickets no-check-ssl'],
    ['agent-check agent-port 80 agent-send hello\\n', 'agent-check agent-port 80 agent-send hello\\n'],
  ];
  for (const [given, words] of texts) {
    it(`say what differs from the defaults: ${given}`, () => {
      assert.equal(serverWords(over(plain, given.split(' '))).join(' '), words);
    });
  }
});

describe('a written line', () => {
  const cases: readonly (readonly [word: string, written: string])[] = [
    ['abc', 'abc'],
    ['%[src],$HOME', '%[src],$HOME'],
    ['', "''"],
    ['a b#c', "'a b#c'"],
    ['^/a\\.b', "'^/a\\.b'"],
    ["it's", '"it\'s"'],
    ["$'\n", '"\\$\'\\n"'],
    [bytesOf('grün'), 'grün'],
    ['\xe9\x01', '"\\xe9\\x01"'],
  ];
  for (const [word, written] of cases) it(`has ${written}`, () => assert.equal(writeWord(word), written));

  it('is read as the same words', () => {
    const bytes = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 8 }), (words) => {
        assert.deepEqual(
          lexLine(bytesOf(writeLine(words)), () => undefined),
          { words },
        );
      }),
    );
  });
});
