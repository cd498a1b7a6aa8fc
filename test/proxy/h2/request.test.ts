/** Requests of HTTP/2 in HTTP/1.1 form: what is written of them, and what is malformed (RFC 9113 8). */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Head } from '../../../src/http/head.ts';
import { parseRequestHead, STRICT } from '../../../src/http/parse.ts';
import { Carriage, Translation, trailerLines } from '../../../src/proxy/h2/request.ts';

type Fields = readonly string[];

const GET: Fields = [':method', 'GET', ':scheme', 'https', ':authority', 'a.test', ':path', '/x?y'];
const key = () => 'the-key';

/** Its head, or undefined for a malformed one. */
function translate(fields: Fields, ended = true): string | undefined {
  const translation = new Translation();
  return translation.request(fields, ended, key) ? translation.head : undefined;
}

/** GET with some of its pseudo-header fields replaced; an empty value takes one away. */
function pseudo(changes: Readonly<Record<string, string>>, more: Fields = []): Fields {
  const fields: string[] = [];
  for (let i = 0; i < GET.length; i += 2) {
    const name = GET[i] as string;
    const value = changes[name] ?? (GET[i + 1] as string);
    if (value !== '') fields.push(name, value);
  }
  return [...fields, ...more];
}

const written: readonly (readonly [what: string, fields: Fields, ended: boolean, head: string])[] = [
  ['plain', GET, true, 'GET https://a.test/x?y HTTP/2.0\r\nhost: a.test\r\n\r\n'],
  [
    'fields in their order, cookies joined behind them',
    [...GET, 'cookie', 'a=1', 'x-b', '1', 'cookie', 'b=2', 'x-b', '2'],
    true,
    'GET https://a.test/x?y HTTP/2.0\r\nhost: a.test\r\nx-b: 1\r\nx-b: 2\r\ncookie: a=1; b=2\r\n\r\n',
  ],
  ['no default port', pseudo({ ':authority': 'a:443' }), true, 'GET https://a/x?y HTTP/2.0\r\nhost: a\r\n\r\n'],
  ['another port', pseudo({ ':authority': 'a:80' }), true, 'GET https://a:80/x?y HTTP/2.0\r\nhost: a:80\r\n\r\n'],
  [
    'no authority but a host',
    pseudo({ ':authority': '' }, ['x-a', '', 'host', 'b']),
    true,
    'GET /x?y HTTP/2.0\r\nx-a: \r\nhost: b\r\n\r\n',
  ],
  ['another host, which nobody hears of', [...GET, 'host', 'b'], true, 'GET https://a.test/x?y HTTP/2.0\r\nhost: a.test\r\n\r\n'],
  ['the same host twice', [...GET, 'host', 'A.test:443'], true, 'GET https://a.test/x?y HTTP/2.0\r\nhost: a.test\r\n\r\n'],
  [
    'a body without a length',
    pseudo({ ':method': 'POST' }),
    false,
    'POST https://a.test/x?y HTTP/2.0\r\nhost: a.test\r\ntransfer-encoding: chunked\r\n\r\n',
  ],
  [
    'a body with one',
    pseudo({ ':method': 'POST' }, ['content-length', '5']),
    false,
    'POST https://a.test/x?y HTTP/2.0\r\nhost: a.test\r\ncontent-length: 5\r\n\r\n',
  ],
  ['OPTIONS *', pseudo({ ':method': 'OPTIONS', ':path': '*' }), true, 'OPTIONS https://a.test HTTP/2.0\r\nhost: a.test\r\n\r\n'],
  ['te: trailers', [...GET, 'te', 'Trailers'], true, 'GET https://a.test/x?y HTTP/2.0\r\nhost: a.test\r\nte: Trailers\r\n\r\n'],
  ['bytes above 7F', [...GET, 'x-a', '\xe9\xff'], true, 'GET https://a.test/x?y HTTP/2.0\r\nhost: a.test\r\nx-a: \xe9\xff\r\n\r\n'],
  ['CONNECT, to be refused', [':method', 'CONNECT', ':authority', 'b:1'], false, 'CONNECT b:1 HTTP/2.0\r\nhost: b:1\r\n\r\n'],
  [
    'a WebSocket',
    pseudo({ ':method': 'CONNECT' }, []).toSpliced(2, 0, ':protocol', 'websocket'),
    false,
    'GET https://a.test/x?y HTTP/2.0\r\nhost: a.test\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: the-key\r\n\r\n',
  ],
];

const malformed: readonly (readonly [what: string, fields: Fields, ended?: boolean])[] = [
  ['nothing', []],
  ['no method', pseudo({ ':method': '' })],
  ['no scheme', pseudo({ ':scheme': '' })],
  ['no path', pseudo({ ':path': '' })],
  ['an empty path', [':method', 'GET', ':scheme', 'https', ':authority', 'a', ':path', '']],
  ['no authority and no host', pseudo({ ':authority': '' })],
  ...[':method', ':scheme', ':authority', ':path'].map((name): [string, Fields] => [
    `${name} twice`,
    [...GET.slice(0, 8), name, GET[GET.indexOf(name) + 1] as string],
  ]),
  ['an unknown pseudo-header field', [...GET, ':status', '200']],
  ['one behind fields', [...pseudo({ ':path': '' }), 'a', 'b', ':path', '/']],
  ['a method that is no token', pseudo({ ':method': 'GE T' })],
  ['a method with a line end', pseudo({ ':method': 'GET / HTTP/1.1\r\nx: y' })],
  ['a path with a blank', pseudo({ ':path': '/a HTTP/1.1' })],
  ['a path with a line end', pseudo({ ':path': '/\r\nx: y' })],
  ['a path with a NUL', pseudo({ ':path': '/\0' })],
  ['a path with a byte above 7F', pseudo({ ':path': '/\xe9' })],
  ['a fragment', pseudo({ ':path': '/a#b' })],
  ['a path without a slash', pseudo({ ':path': 'a' })],
  ['an absolute path', pseudo({ ':path': 'https://b/' })],
  ['* for GET', pseudo({ ':path': '*' })],
  ['a scheme that is none', pseudo({ ':scheme': 'https://b/?' })],
  ['user information', pseudo({ ':authority': 'u@a' })],
  ['an authority with a line end', pseudo({ ':authority': 'a\r\nx: y' })],
  ['an authority with a blank', pseudo({ ':authority': ' a' })],
  ['two hosts', [...GET, 'host', 'a.test', 'host', 'a.test']],
  ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'].map((name): [string, Fields] => [
    name,
    [...GET, name, 'x'],
  ]),
  ['te: gzip', [...GET, 'te', 'gzip']],
  ['capital letters', [...GET, 'X-A', '1']],
  ['an empty name', [...GET, '', '1']],
  ['a name with a colon', [...GET, 'x:', '1']],
  ['a name with a line end', [...GET, 'x\r\ny', '1']],
  ...['\r', '\n', '\0', '\r\ny: z'].map((bytes): [string, Fields] => [
    `${JSON.stringify(bytes)} in a value`,
    [...GET, 'x-a', `1${bytes}2`],
  ]),
  ['a blank before a value', [...GET, 'x-a', ' 1']],
  ['a tab behind a value', [...GET, 'x-a', '1\t']],
  ['a line end in a cookie', [...GET, 'cookie', 'a\r\nb: c']],
  ['two lengths', [...GET, 'content-length', '1', 'content-length', '1'], false],
  ['a length and no body', [...GET, 'content-length', '1']],
  ['an empty length', [...GET, 'content-length', ''], false],
  ['CONNECT with a path', pseudo({ ':method': 'CONNECT' }), false],
  ['CONNECT without an authority', [':method', 'CONNECT'], false],
  [':protocol with GET', [':protocol', 'websocket', ...GET], false],
  [':protocol that is no token', [':protocol', 'a b', ...pseudo({ ':method': 'CONNECT' })], false],
  [':protocol without a path', [':protocol', 'websocket', ...pseudo({ ':method': 'CONNECT', ':path': '' })], false],
  [':protocol and an end', [':protocol', 'websocket', ...pseudo({ ':method': 'CONNECT' })], true],
];

describe('a request of HTTP/2', () => {
  for (const [what, fields, ended, head] of written) {
    it(`is written: ${what}`, () => assert.equal(translate(fields, ended), head));
  }
  for (const [what, fields, ended = true] of malformed) {
    it(`is malformed: ${what}`, () => assert.equal(translate(fields, ended), undefined));
  }

  it('is read by our parser as it was written, each field as one', () => {
    for (const [what, fields, ended, text] of written) {
      const head = new Head();
      const bytes = Buffer.from(text, 'latin1');
      const used = parseRequestHead(bytes, 0, bytes.length, head, 16384, 0, { ...STRICT, h2: true });
      if (text.startsWith('CONNECT')) {
        assert.ok(used < 0, what);
        continue;
      }
      assert.equal(used, bytes.length, what);
      assert.equal(head.version, 20);
      assert.equal(head.framing !== 0, !ended && !text.includes('websocket'), what);
      const names = fields.filter((_, index) => index % 2 === 0);
      const cookies = names.filter((name) => name === 'cookie').length;
      const plain = names.filter((name) => !name.startsWith(':') && name !== 'host' && name !== 'cookie').length;
      assert.ok(head.count >= plain + Math.min(1, cookies) + 1, what);
    }
  });

  it('leaves nothing to the next one', () => {
    const translation = new Translation();
    assert.ok(translation.request([...GET, 'cookie', 'a=1', 'content-length', '5', 'host', 'a.test'], false, key));
    assert.equal(translation.carriage, Carriage.Length);
    assert.ok(translation.request(GET, true, key));
    assert.equal(translation.head, written[0]?.[3]);
    assert.equal(translation.carriage, Carriage.None);
  });
});

describe('trailers of HTTP/2', () => {
  it('are field lines', () => assert.equal(trailerLines(['x-a', '1', 'x-b', '']), 'x-a: 1\r\nx-b: \r\n'));
  for (const raw of [
    [':path', '/'],
    ['X-A', '1'],
    ['x-a', '1\r\nb: 2'],
    ['x-a', ' 1'],
    ['connection', 'close'],
    ['transfer-encoding', 'chunked'],
  ]) {
    it(`are malformed with ${JSON.stringify(raw)}`, () => assert.equal(trailerLines(raw), undefined));
  }
});
