/**
 * Heads as data that `option accept-invalid-http-request` / `-response` lets pass, and heads that it must not: what the
 * real HAProxy takes with the option, but for anything that would decide where a message ends.
 */

import { type RequestCase, type ResponseCase, STRICTER, section } from './types.ts';

const get = (lines: string, start = 'GET / HTTP/1.1') => `${start}\n${lines}\n`;
const ok = (lines: string, start = 'HTTP/1.1 200 OK') => `${start}\n${lines}\n`;

const STAYS = {
  framing: 'HAProxy passes a name on that a server could take for one that frames the message or routes it',
  noByte: 'HAProxy lets names hold what ends a line or a string elsewhere',
  line: 'HAProxy takes a line that begins with a blank for a name of its own, where it is the first',
  version: 'HAProxy takes it; what a word without a name stands for we do not guess',
  short: 'HAProxy takes it; what is no request line of HTTP/0.9 is none',
} as const;

export const lenientRequestCases: readonly RequestCase[] = section<RequestCase>('HAProxy 2.6 configuration.txt 4.2', [
  {
    name: 'a plain request',
    text: get('Host: a\nX-Y: b\n'),
    accept: { target: '/', host: 'a', version: 11, keepAlive: true, lines: 'Host: a\nX-Y: b\n' },
  },
  // Names
  ...['X(Y)', 'X[1]', '"X"', 'X@Y', 'X,Y', 'X/Y', '{X}', 'X\xe9', 'X;', 'X=Y', 'X Y', 'X\x01Y', 'X\x7f', '\x80'].map((name) => ({
    name: `a field named ${name}`,
    text: get(`Host: a\n${name}: b\n`),
    accept: { lines: `Host: a\n${name}: b\n` },
  })),
  { name: 'blanks before the colon do not travel', text: get('Host: a\nX \t: b\nY: c\n'), accept: { lines: 'Host: a\nY: c\nX: b\n' } },
  { name: 'blanks before the colon and within', text: get('Host: a\nX Y : b\n'), accept: { lines: 'Host: a\nX Y: b\n' } },
  ...['Content-Length ', 'Content-Length\t', 'Content-Length\x01', '"Content-Length"', 'Content-\x7fLength', 'Content-Length\xa0'].map(
    (name) => ({
      name: `what looks like a length: ${name}`,
      ref: 'RFC 9112 6.3',
      text: get(`Host: a\n${name}: 5\n`, 'POST / HTTP/1.1'),
      refuse: 'FieldName' as const,
      stricter: STAYS.framing,
    }),
  ),
  ...[
    'Transfer-Encoding ',
    'Transfer-Encoding\t',
    'Transfer-Encoding\x0b',
    '(Transfer-Encoding)',
    'Transfer -Encoding',
    'Transfer-Encoding\xff',
    'transfer-encoding\x1f ',
  ].map((name) => ({
    name: `what looks like a coding: ${name}`,
    ref: 'RFC 9112 6.1',
    text: get(`Host: a\n${name}: chunked\n`, 'POST / HTTP/1.1'),
    refuse: 'FieldName' as const,
    stricter: STAYS.framing,
  })),
  ...['Host ', 'Connection ', 'Upgrade\t', 'Expect ', '"TE"', 'Keep-Alive ', 'HTTP2-Settings '].map((name) => ({
    name: `what looks like ${name}`,
    ref: 'RFC 9112 5.1',
    text: get(`Host: a\n${name}: b\n`),
    refuse: 'FieldName' as const,
    stricter: STAYS.framing,
  })),
  { name: 'a NUL in a name', text: get('Host: a\nX\0Y: b\n'), refuse: 'FieldName', stricter: STAYS.noByte },
  {
    name: 'a NUL before Transfer-Encoding’s colon',
    ref: 'CVE-2024-52530',
    text: get('Host: a\nTransfer-Encoding\0: chunked\n'),
    refuse: 'FieldName',
    stricter: STAYS.noByte,
  },
  { name: 'a bare CR in a name', text: get('Host: a\nX\rY: b\n'), refuse: 'BareLineEnd', stricter: STAYS.noByte },
  { name: 'a bare CR as a name', text: get('Host: a\n\r: b\n'), refuse: 'BareLineEnd' },
  { name: 'a name of blanks', text: get('Host: a\nX: b\n : c\n'), refuse: 'FieldName', stricter: STRICTER.fold },
  { name: 'an empty name', ref: 'CVE-2023-25725', text: get('Host: a\n: b\n'), refuse: 'FieldName' },
  { name: 'a line without colon', text: get('Host: a\nnonsense\n'), refuse: 'FieldName' },
  {
    name: 'the first line begins with a blank',
    ref: 'RFC 9112 2.2',
    text: get(' X: b\nHost: a\n'),
    refuse: 'FieldName',
    stricter: STAYS.line,
  },
  { name: 'obs-fold', ref: 'RFC 9112 5.2', text: get('Host: a\nX: b\n c\n'), refuse: 'FieldName', stricter: STRICTER.fold },
  { name: 'obs-fold with a colon', ref: 'RFC 9112 5.2', text: get('Host: a\nX: b\n c: d\n'), refuse: 'FieldName', stricter: STRICTER.fold },
  // Values
  { name: 'a NUL in a value', text: get('Host: a\nX: b\0c\n'), refuse: 'FieldValue', stricter: STRICTER.control },
  { name: 'a control byte in a value', text: get('Host: a\nX: b\x01c\n'), refuse: 'FieldValue', stricter: STRICTER.control },
  { name: 'a bare CR in a value', text: get('Host: a\nX: b\rc\n'), refuse: 'BareLineEnd' },
  { name: 'a bare LF', text: 'GET / HTTP/1.1\nHost: a\r\n\r\n', raw: true, refuse: 'BareLineEnd', stricter: STRICTER.bareLf },
  // Targets
  { name: 'a fragment', text: get('Host: a\n', 'GET /a#b HTTP/1.1'), accept: { target: '/a#b' } },
  {
    name: 'bytes above 7F in the target',
    text: get('Host: a\n', 'GET /caf\xc3\xa9?\xff HTTP/1.1'),
    accept: { target: '/caf\xc3\xa9?\xff' },
  },
  { name: 'a control byte in the target', text: get('Host: a\n', 'GET /\x01 HTTP/1.1'), refuse: 'RequestLine' },
  {
    name: 'DEL in the target',
    text: get('Host: a\n', 'GET /a\x7fb HTTP/1.1'),
    refuse: 'RequestLine',
    stricter: 'the manual says that HAProxy always blocks it; 2.6.12 does not',
  },
  { name: 'a blank in the target', text: get('Host: a\n', 'GET /a b HTTP/1.1'), refuse: 'Version' },
  { name: 'a tab in the target', text: get('Host: a\n', 'GET /a\tb HTTP/1.1'), refuse: 'RequestLine' },
  { name: 'two blanks', text: get('Host: a\n', 'GET  / HTTP/1.1'), refuse: 'RequestLine', stricter: STRICTER.blanks },
  { name: 'a relative target', text: get('Host: a\n', 'GET a HTTP/1.1'), refuse: 'Target', stricter: STRICTER.targetForm },
  {
    name: 'absolute-form that disagrees with Host: the target wins (RFC 9112 3.2.2)',
    text: get('X: y\nHost: b\n', 'GET http://a:81/x HTTP/1.1'),
    accept: { target: '/x', host: 'a:81', lines: 'X: y\nHost: a:81\n' },
  },
  { name: 'absolute-form with a fragment', text: get('Host: a\n', 'GET http://a/#b HTTP/1.1'), accept: { target: '/#b', host: 'a' } },
  {
    name: 'a fragment behind an authority is no part of it',
    text: get('Host: a\n', 'GET http://a#@b/ HTTP/1.1'),
    accept: { target: '/#@b/', host: 'a' },
  },
  { name: 'two Hosts', text: get('Host: a\nHost: b\n'), refuse: 'Host' },
  { name: 'a bad Host', text: get('Host: a b\n'), refuse: 'Host', stricter: STRICTER.host },
  { name: 'HTTP/1.1 without Host', text: get('X: a\n'), refuse: 'Host', stricter: STRICTER.noHost },
  { name: 'CONNECT', text: get('Host: a:80\n', 'CONNECT a:80 HTTP/1.1'), refuse: 'Connect', stricter: STRICTER.connect },
  // Versions
  ...['HTTP/1.2', 'HTTP/1.9', 'HTTP/2.0', 'HTTP/9.9', 'RTSP/1.1', 'RTSP/2.0'].map((version) => ({
    name: `${version} counts as HTTP/1.1`,
    text: get('Host: a\n', `GET /a ${version}`),
    accept: { target: '/a', version: 11, keepAlive: true },
  })),
  ...[
    'HTTP/0.9',
    'HTTP/0.0',
    'HTTP/1.10',
    'HTTP/01.1',
    'HTTP/1.01',
    'HTTP/10.1',
    'HTTP/1',
    'HTTP/11',
    'HTTP/1.',
    'HTTP/.1',
    'HTTP/1.1.1',
    'HTTP/1..1',
    'HTTP//1.1',
    'HTTP',
    'HTTP/',
    'HTTPS/1.1',
    'RTSP/1.0',
    'SIP/2.0',
    'FOO',
    '1.1',
    '/1.1',
  ].map((version) => ({
    name: `${version} counts as HTTP/1.0`,
    text: get('Host: a\n', `GET /a ${version}`),
    accept: { target: '/a', version: 10, keepAlive: false },
  })),
  ...[
    'http/1.1',
    'HTTP/a.b',
    'HTTP/-1.1',
    'HTTP/1;1',
    'HTTP/1.1x',
    '\x80TTP/1.1',
    'HTTP/1.1\x80',
    'HTTP/1.1 ',
    'HTTP/1.1\t',
    'HTTP /1.1',
  ].map((version) => ({
    name: `${version} is no version`,
    text: get('Host: a\n', `GET /a ${version}`),
    refuse: 'Version' as const,
  })),
  {
    name: 'no coding frames a body in what is not HTTP/1.1',
    ref: 'RFC 9112 6.1',
    text: get('Host: a\nTransfer-Encoding: chunked\n', 'POST / HTTP/1.10'),
    refuse: 'TransferEncoding',
    stricter: 'HAProxy takes Transfer-Encoding in any version',
  },
  {
    name: 'a length does, and the connection ends',
    text: get('Host: a\nContent-Length: 3\n', 'POST / RTSP/1.0'),
    accept: { framing: 'Length', length: 3, keepAlive: false },
  },
  // HTTP/0.9
  {
    name: 'HTTP/0.9',
    text: 'GET /a\n',
    accept: { method: 'GET', target: '/a', version: 10, keepAlive: false, framing: 'None', host: '', lines: '' },
  },
  { name: 'HTTP/0.9 behind an empty line', text: '\nGET /a\n', accept: { target: '/a', version: 10, keepAlive: false } },
  { name: 'HTTP/0.9 with an absolute target', text: 'GET http://a:81/b\n', accept: { target: '/b', host: 'a:81', lines: 'Host: a:81\n' } },
  { name: 'HTTP/0.9 of another method', text: 'POST /a\n\n', refuse: 'RequestLine' },
  { name: 'HTTP/0.9 with a blank behind', text: 'GET /a \n\n', refuse: 'Version', stricter: STAYS.short },
  { name: 'HTTP/0.9 with a bare LF', text: 'GET /a\n', raw: true, refuse: 'BareLineEnd', stricter: STRICTER.bareLf },
  { name: 'HTTP/0.9 with a control byte', text: 'GET /a\x01\n', refuse: 'RequestLine' },
  { name: 'HTTP/0.9 of a relative target', text: 'GET a\n', refuse: 'Target', stricter: STRICTER.targetForm },
  { name: 'a method alone', text: 'GET\n\n', refuse: 'RequestLine' },
  // Framing
  {
    name: 'several lengths',
    ref: 'RFC 9112 6.3',
    text: get('Host: a\nContent-Length: 1\nContent-Length: 1\n'),
    refuse: 'ContentLength',
    stricter: STRICTER.lengths,
  },
  { name: 'a malformed length', ref: 'RFC 9110 8.6', text: get('Host: a\nContent-Length: +1\n'), refuse: 'ContentLength' },
  { name: 'another coding', ref: 'RFC 9112 6.1', text: get('Host: a\nTransfer-Encoding: xchunked\n'), refuse: 'TransferEncoding' },
  { name: 'a coding with VT', ref: 'RFC 9110 5.5', text: get('Host: a\nTransfer-Encoding: \x0bchunked\n'), refuse: 'FieldValue' },
]);

export const lenientResponseCases: readonly ResponseCase[] = section<ResponseCase>('HAProxy 2.6 configuration.txt 4.2', [
  {
    name: 'a plain response',
    text: ok('X: y\nContent-Length: 2\n'),
    accept: { status: 200, reason: 'OK', version: 11, keepAlive: true, lines: 'X: y\nContent-Length: 2\n' },
  },
  ...['X(Y)', 'X Y', '"X"', 'X\xe9', 'X\x01'].map((name) => ({
    name: `a field named ${name}`,
    text: ok(`${name}: b\nContent-Length: 0\n`),
    accept: { lines: `${name}: b\nContent-Length: 0\n` },
  })),
  {
    name: 'blanks before the colon do not travel',
    ref: 'RFC 9112 5.1',
    text: ok('X : b\nContent-Length: 0\n'),
    accept: { lines: 'Content-Length: 0\nX: b\n' },
  },
  ...['Content-Length : 2', 'Transfer-Encoding : chunked', 'Transfer-Encoding\x0b: chunked', 'Connection : close'].map((line) => ({
    name: `what looks like a field that decides: ${line}`,
    ref: 'RFC 9112 5.1',
    text: ok(`${line}\n`),
    refuse: 'FieldName' as const,
    stricter: STAYS.framing,
  })),
  { name: 'a NUL in a name', text: ok('X\0: b\nContent-Length: 0\n'), refuse: 'FieldName', stricter: STAYS.noByte },
  { name: 'the first line begins with a blank', text: ok(' X: b\nContent-Length: 0\n'), refuse: 'FieldName', stricter: STAYS.line },
  { name: 'an empty name', text: ok(': b\nContent-Length: 0\n'), refuse: 'FieldName' },
  { name: 'obs-fold', text: ok('X: b\n c\nContent-Length: 0\n'), refuse: 'FieldName', stricter: STRICTER.fold },
  ...['HTTP/1.2', 'HTTP/2.0', 'RTSP/1.1'].map((version) => ({
    name: `${version} counts as HTTP/1.1`,
    text: ok('Content-Length: 2\n', `${version} 200 OK`),
    accept: { version: 11, keepAlive: true, status: 200, reason: 'OK' },
  })),
  ...['HTTP/0.9', 'HTTP/1.10', 'HTTP/10.1', 'HTTP/01.1', 'HTTP/1', 'HTTP/1.1.1', 'ICY', 'HTTP/', 'HTTPS/1.1', 'RTSP/1.0'].map(
    (version) => ({
      name: `${version} counts as HTTP/1.0`,
      text: ok('Content-Length: 2\n', `${version} 200 OK`),
      accept: { version: 10, keepAlive: false, status: 200, reason: 'OK', framing: 'Length' as const },
    }),
  ),
  ...['http/1.1', 'HTTP /1.1', 'HTTP/1.x', '', '\x80'].map((version) => ({
    name: `${version} is no version`,
    text: ok('Content-Length: 2\n', `${version} 200 OK`),
    refuse: 'StatusLine' as const,
  })),
  {
    name: 'no coding frames a body in what is not HTTP/1.1',
    text: ok('Transfer-Encoding: chunked\n', 'ICY 200 OK'),
    refuse: 'TransferEncoding',
    stricter: 'HAProxy takes Transfer-Encoding in any version',
  },
  {
    name: 'a status of two digits',
    text: ok('', 'HTTP/1.1 20 OK'),
    refuse: 'StatusLine',
    stricter: 'HAProxy takes a status of any number of digits',
  },
  {
    name: 'Transfer-Encoding with Content-Length',
    text: ok('Content-Length: 2\nTransfer-Encoding: chunked\n'),
    refuse: 'TransferEncoding',
    stricter: 'HAProxy reads by Transfer-Encoding',
  },
]);
