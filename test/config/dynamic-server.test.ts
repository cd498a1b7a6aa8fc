/** The words of `add server`: what makes a server, and what is told of those that do not. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readDynamicServer } from '../../src/config/dynamic-server.ts';
import { loadText } from '../../src/config/load.ts';
import type { ProxyConfig } from '../../src/config/model.ts';
import { newTlsGlobals } from '../../src/config/tls-words.ts';

const TEXT = `
defaults
    mode http
    timeout connect 1s
    timeout server 1s
backend app
    default-server weight 7 check
    server s1 127.0.0.1:80 id 5
backend tcp
    mode tcp
backend ports
    option tcp-check
    tcp-check connect port 90
`;

/** One has the number that it wants, the others those that were free. */
const PRESENT = [
  { id: 5, config: { name: 's1', origin: 'test.cfg:8' } },
  { id: 1, config: { name: 's2', origin: 'test.cfg:9' } },
  { id: 2, config: { name: 's3', origin: 'the Runtime API' } },
];

function proxy(name: string): ProxyConfig {
  const found = loadText(TEXT, 'test.cfg', { env: {} }).config?.proxies.find((each) => each.name === name);
  assert.ok(found);
  return found;
}

function read(words: string, backend = 'app', name = 'x') {
  return readDynamicServer(proxy(backend), PRESENT, name, words.split(' '), newTlsGlobals('/'));
}

describe('add server', () => {
  it('makes a server in maintenance, whatever default-server says', () => {
    const read1 = read('127.0.0.1:81 check inter 5s weight 3');
    assert.ok('value' in read1);
    const { name, identity, address, port, weight, disabled, dynamic, check } = read1.value;
    assert.deepEqual([name, identity, address, port, weight, disabled, dynamic], ['x', 'x', '127.0.0.1', 81, 3, true, true]);
    assert.equal(check?.inter, 5000);
    const plain = read('name.test:81 enabled');
    assert.ok('value' in plain);
    const { value } = plain;
    assert.deepEqual([value.fqdn, value.address, value.weight, value.check, value.disabled], ['name.test', undefined, 1, undefined, false]);
  });

  it('needs no port of its own where its checks have one', () => {
    for (const [words, backend] of [
      ['127.0.0.1 check port 5', 'app'],
      ['127.0.0.1 check', 'ports'],
      ['unix@/tmp/x check', 'app'],
      ['127.0.0.1', 'app'],
    ] as const) {
      assert.ok('value' in read(words, backend), words);
    }
  });

  const errors: readonly (readonly [words: string, error: string])[] = [
    ['127.0.0.1:80 bogus', "unknown keyword 'bogus'."],
    ['127.0.0.1:80 wieght 4', "unknown keyword 'wieght'; did you mean 'weight'?"],
    ['127.0.0.1:80 check cookie x', "'cookie' option is not accepted for dynamic server"],
    ['127.0.0.1:80 redir /x', "'redir' option is not accepted for dynamic server"],
    ['127.0.0.1:80 ssl no-ssl', "'no-ssl' option is not accepted for dynamic server"],
    ['127.0.0.1:80 ssl verify maybe', "'verify' : unknown verify method 'maybe', only 'none' and 'required' are supported."],
    ['127.0.0.1:80 ssl ssl-min-ver x', "'x' : unknown ssl/tls version."],
    ['127.0.0.1:80 ssl ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.2', "backend 'app': all SSL/TLS versions are disabled for server 'x'."],
    ['127.0.0.1:80 agent-check', 'server x does not have agent port. Agent check has been disabled.'],
    ['127.0.0.1:80 id 5', "'id' : custom id 5 already used at test.cfg:8 ('server s1')."],
    ['127.0.0.1:80 id 0', "'id' : custom id has to be > 0."],
    ['127.0.0.1:80 weight 257', 'weight of server x is not within 0 and 256 (257)..'],
    ['127.0.0.1:80 check inter 0', "invalid value 0 for argument 'inter' of server x.."],
    ['127.0.0.1:80 weight 1x', "'weight' expects an integer argument, found '1x'."],
    ['127.0.0.1:80 id 1', "'id' : custom id 1 already used at test.cfg:9 ('server s2')."],
    ['127.0.0.1:80 id 2', "'id' : custom id 2 already used at the Runtime API ('server s3')."],
    ['127.0.0.1:80 check track app/s1', 'unable to enable checks and tracking at the same time!'],
    [
      '127.0.0.1 check',
      "config: backend 'app': server 'x' has neither service port nor check port nor tcp_check rule 'connect' with port information.",
    ],
    ['127.0.0.1:80-90', "port range not permitted here in '127.0.0.1:80-90'"],
  ];
  for (const [words, error] of errors) it(`refuses ${words}`, () => assert.deepEqual(read(words), { error }));

  it('refuses what its backend or its name cannot have', () => {
    assert.deepEqual(read('127.0.0.1:80 observe layer7', 'tcp'), { error: "'layer7' can only be used in http proxies." });
    assert.deepEqual(read('127.0.0.1:80', 'app', 'a*b'), { error: "character '*' is not permitted in server name 'a*b'." });
  });
});
