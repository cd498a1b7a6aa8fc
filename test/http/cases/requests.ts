/** Request heads as data. `\n` is written CRLF unless `raw` says the text is exact. */

import type { Refusal } from '../../../src/http/parse.ts';

export interface Accepted {
  readonly method?: string;
  readonly target?: string;
  readonly host?: string;
  readonly framing?: 'None' | 'Length' | 'Chunked';
  readonly length?: number;
  readonly keepAlive?: boolean;
  readonly upgrade?: string;
  readonly bothLengths?: boolean;
  /** The field lines as they go on, CRLF written `\n`. */
  readonly lines?: string;
}

export interface RequestCase {
  readonly name: string;
  readonly text: string;
  readonly raw?: true;
  readonly accept?: Accepted;
  readonly refuse?: keyof typeof Refusal;
}

const get = (lines: string, start = 'GET / HTTP/1.1') => `${start}\n${lines}\n`;

export const requestCases: readonly RequestCase[] = [
  // RFC 9112 3: request line
  {
    name: 'a plain GET',
    text: get('Host: a\n'),
    accept: { method: 'GET', target: '/', host: 'a', framing: 'None', keepAlive: true, lines: 'Host: a\n' },
  },
  { name: 'a method nobody knows', text: get('Host: a\n', 'BREW /pot HTTP/1.1'), accept: { method: 'BREW', target: '/pot' } },
  {
    name: 'query and encoded bytes stay as they are',
    text: get('Host: a\n', 'GET /%2e%2E/a?b=%20&c HTTP/1.1'),
    accept: { target: '/%2e%2E/a?b=%20&c' },
  },
  { name: 'one empty line before the request (RFC 9112 2.2)', text: `\n${get('Host: a\n')}`, accept: { method: 'GET' } },
  { name: 'two empty lines before the request', text: `\n\n${get('Host: a\n')}`, refuse: 'RequestLine' },
  { name: 'two blanks in the request line', text: get('Host: a\n', 'GET  / HTTP/1.1'), refuse: 'RequestLine' },
  { name: 'a blank at the end of the request line', text: get('Host: a\n', 'GET / HTTP/1.1 '), refuse: 'Version' },
  { name: 'a tab in the request line', text: get('Host: a\n', 'GET\t/ HTTP/1.1'), refuse: 'RequestLine' },
  { name: 'no version (HTTP/0.9)', text: get('Host: a\n', 'GET /'), refuse: 'RequestLine' },
  { name: 'lower-case http', text: get('Host: a\n', 'GET / http/1.1'), refuse: 'RequestLine' },
  { name: 'version 1.2', text: get('Host: a\n', 'GET / HTTP/1.2'), refuse: 'Version' },
  { name: 'version 2.0', text: get('Host: a\n', 'GET / HTTP/2.0'), refuse: 'RequestLine' },
  { name: 'version 1.10', text: get('Host: a\n', 'GET / HTTP/1.10'), refuse: 'Version' },
  { name: 'an HTTP/2 preface', text: 'PRI * HTTP/2.0\n\n', refuse: 'RequestLine' },
  { name: 'an empty method', text: get('Host: a\n', ' / HTTP/1.1'), refuse: 'RequestLine' },
  { name: 'a method with a sign that is no tchar', text: get('Host: a\n', 'G(T / HTTP/1.1'), refuse: 'RequestLine' },
  { name: 'a fragment in the target', text: get('Host: a\n', 'GET /a#b HTTP/1.1'), refuse: 'RequestLine' },
  { name: 'a byte above 7F in the target', text: get('Host: a\n', 'GET /\xe9 HTTP/1.1'), refuse: 'RequestLine' },
  { name: 'a control byte in the target', text: get('Host: a\n', 'GET /\x01 HTTP/1.1'), refuse: 'RequestLine' },
  { name: 'a relative target', text: get('Host: a\n', 'GET a HTTP/1.1'), refuse: 'Target' },
  // RFC 9112 3.2: targets and Host
  {
    name: 'absolute-form becomes origin-form',
    text: get('Host: a.test\n', 'GET http://a.test/x?y HTTP/1.1'),
    accept: { target: '/x?y', host: 'a.test' },
  },
  { name: 'absolute-form without a path', text: get('Host: a\n', 'GET http://a HTTP/1.1'), accept: { target: '/' } },
  { name: 'absolute-form with a query only', text: get('Host: a\n', 'GET http://a?q HTTP/1.1'), accept: { target: '/?q' } },
  { name: 'absolute-form OPTIONS without a path', text: get('Host: a\n', 'OPTIONS http://a HTTP/1.1'), accept: { target: '*' } },
  {
    name: 'absolute-form, default port in one place',
    text: get('Host: A.test\n', 'GET http://a.test:80/ HTTP/1.1'),
    accept: { host: 'a.test:80' },
  },
  { name: 'absolute-form that disagrees with Host', text: get('Host: b\n', 'GET http://a/ HTTP/1.1'), refuse: 'Host' },
  { name: 'absolute-form with user information', text: get('Host: a\n', 'GET http://u@a/ HTTP/1.1'), refuse: 'Host' },
  { name: 'asterisk-form for OPTIONS', text: get('Host: a\n', 'OPTIONS * HTTP/1.1'), accept: { target: '*' } },
  { name: 'asterisk-form for GET', text: get('Host: a\n', 'GET * HTTP/1.1'), refuse: 'Target' },
  { name: 'CONNECT', text: get('Host: a:80\n', 'CONNECT a:80 HTTP/1.1'), refuse: 'Connect' },
  { name: 'HTTP/1.1 without Host', text: get('Accept: x\n'), refuse: 'Host' },
  { name: 'HTTP/1.0 without Host', text: get('Accept: x\n', 'GET / HTTP/1.0'), accept: { host: '', keepAlive: false } },
  { name: 'an empty Host', text: get('Host:\n'), accept: { host: '' } },
  { name: 'two Hosts, even equal ones', text: get('Host: a\nHost: a\n'), refuse: 'Host' },
  { name: 'Host with a blank', text: get('Host: a b\n'), refuse: 'Host' },
  { name: 'Host with a path', text: get('Host: a/b\n'), refuse: 'Host' },
  { name: 'Host with two ports', text: get('Host: a:80:90\n'), refuse: 'Host' },
  { name: 'Host as an IPv6 literal with port', text: get('Host: [::1]:8080\n'), accept: { host: '[::1]:8080' } },
  { name: 'Host list', text: get('Host: a, b\n'), refuse: 'Host' },
  // RFC 9112 2.2, 5: lines and names
  { name: 'a bare LF in the request line', text: 'GET / HTTP/1.1\nHost: a\r\n\r\n', raw: true, refuse: 'BareLineEnd' },
  { name: 'a bare LF between fields', text: 'GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n', raw: true, refuse: 'BareLineEnd' },
  { name: 'bare LFs throughout', text: 'GET / HTTP/1.1\nHost: a\n\n', raw: true, refuse: 'BareLineEnd' },
  { name: 'a bare CR in a value', text: 'GET / HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n', raw: true, refuse: 'BareLineEnd' },
  { name: 'a NUL in a value', text: get('Host: a\nX: b\0c\n'), refuse: 'FieldValue' },
  { name: 'a control byte in a value', text: get('Host: a\nX: b\x0bc\n'), refuse: 'FieldValue' },
  { name: 'DEL in a value', text: get('Host: a\nX: \x7f\n'), refuse: 'FieldValue' },
  { name: 'obs-text in a value is passed on', text: get('Host: a\nX: caf\xe9\n'), accept: { lines: 'Host: a\nX: caf\xe9\n' } },
  { name: 'a tab in a value', text: get('Host: a\nX: b\tc\n'), accept: { lines: 'Host: a\nX: b\tc\n' } },
  { name: 'blank before the colon', text: get('Host: a\nX : b\n'), refuse: 'FieldName' },
  { name: 'obs-fold', text: get('Host: a\nX: b\n c\n'), refuse: 'FieldName' },
  { name: 'the first field line begins with a blank', text: get(' Host: a\n'), refuse: 'FieldName' },
  { name: 'an empty name (CVE-2023-25725)', text: get('Host: a\n: b\n'), refuse: 'FieldName' },
  { name: 'a line without colon', text: get('Host: a\nnonsense\n'), refuse: 'FieldName' },
  { name: 'a name with a blank', text: get('Host: a\nX Y: b\n'), refuse: 'FieldName' },
  {
    name: 'names like object keys',
    text: get('Host: a\n__proto__: x\nconstructor: y\n'),
    accept: { lines: 'Host: a\n__proto__: x\nconstructor: y\n' },
  },
  // RFC 9112 6: framing
  { name: 'Content-Length', text: get('Host: a\nContent-Length: 12\n', 'POST / HTTP/1.1'), accept: { framing: 'Length', length: 12 } },
  {
    name: 'Content-Length of a GET counts (RFC 9112 6.3)',
    text: get('Host: a\nContent-Length: 3\n'),
    accept: { framing: 'Length', length: 3 },
  },
  {
    name: 'framing with needless blanks travels without them',
    text: get('Host:\ta \nTransfer-Encoding:  chunked\t\nX:  y \n'),
    accept: { framing: 'Chunked', host: 'a', lines: 'X:  y \nHost: a\nTransfer-Encoding: chunked\n' },
  },
  {
    name: 'a Content-Length with needless blanks beside Transfer-Encoding does not travel either',
    text: get('Host: a\nContent-Length: 5 \nTransfer-Encoding: chunked\n', 'POST / HTTP/1.1'),
    accept: { framing: 'Chunked', bothLengths: true, lines: 'Host: a\nTransfer-Encoding: chunked\n' },
  },
  { name: 'Content-Length 0', text: get('Host: a\nContent-Length: 0\n', 'POST / HTTP/1.1'), accept: { framing: 'None' } },
  { name: 'Content-Length with blanks around', text: get('Host: a\nContent-Length: \t5 \n'), accept: { framing: 'Length', length: 5 } },
  ...['+1', '-1', '0x1', '1_0', '1e2', '1.0', '', '1,1', '1, 1', '1 1', '9007199254740993', '99999999999999999999'].map(
    (value): RequestCase => ({
      name: `Content-Length: ${value}`,
      text: get(`Host: a\nContent-Length: ${value}\n`),
      refuse: 'ContentLength',
    }),
  ),
  { name: 'two Content-Lengths that agree', text: get('Host: a\nContent-Length: 1\nContent-Length: 1\n'), refuse: 'ContentLength' },
  { name: 'two Content-Lengths that differ', text: get('Host: a\nContent-Length: 1\nContent-Length: 2\n'), refuse: 'ContentLength' },
  { name: 'chunked', text: get('Host: a\nTransfer-Encoding: chunked\n'), accept: { framing: 'Chunked', keepAlive: true } },
  { name: 'Chunked in capitals', text: get('Host: a\nTransfer-Encoding: Chunked\n'), accept: { framing: 'Chunked' } },
  ...[
    'gzip',
    'identity',
    'chunked, chunked',
    'chunked, gzip',
    'gzip, chunked',
    'xchunked',
    'chunked;x',
    '',
    'chunked,',
    '"chunked"',
    ',chunked',
  ].map(
    (value): RequestCase => ({
      name: `Transfer-Encoding: ${value}`,
      text: get(`Host: a\nTransfer-Encoding: ${value}\n`),
      refuse: 'TransferEncoding',
    }),
  ),
  {
    name: 'Transfer-Encoding twice',
    text: get('Host: a\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked\n'),
    refuse: 'TransferEncoding',
  },
  { name: 'Transfer-Encoding with vertical tab', text: get('Host: a\nTransfer-Encoding: \x0bchunked\n'), refuse: 'FieldValue' },
  {
    name: 'Transfer-Encoding in HTTP/1.0',
    text: get('Host: a\nTransfer-Encoding: chunked\n', 'POST / HTTP/1.0'),
    refuse: 'TransferEncoding',
  },
  {
    name: 'Transfer-Encoding with Content-Length: the latter goes, the connection too (RFC 9112 6.1)',
    text: get('Host: a\nContent-Length: 5\nTransfer-Encoding: chunked\n', 'POST / HTTP/1.1'),
    accept: { framing: 'Chunked', bothLengths: true, keepAlive: false, lines: 'Host: a\nTransfer-Encoding: chunked\n' },
  },
  { name: 'TRACE with a body (RFC 9110 9.3.8)', text: get('Host: a\nContent-Length: 1\n', 'TRACE / HTTP/1.1'), refuse: 'Trace' },
  // RFC 9110 7.6.1: connection
  { name: 'Connection: close', text: get('Host: a\nConnection: close\n'), accept: { keepAlive: false, lines: 'Host: a\n' } },
  { name: 'Connection: close among others', text: get('Host: a\nConnection: keep-alive, CLOSE\n'), accept: { keepAlive: false } },
  { name: 'HTTP/1.0 keep-alive', text: get('Host: a\nConnection: Keep-Alive\n', 'GET / HTTP/1.0'), accept: { keepAlive: true } },
  {
    name: 'nominated fields are removed',
    text: get('Host: a\nX-A: 1\nConnection: x-a, keep-alive\nX-B: 2\n'),
    accept: { lines: 'Host: a\nX-B: 2\n', keepAlive: true },
  },
  {
    name: 'Connection cannot remove what others rely on',
    text: get('Host: a\nX-Forwarded-For: 1\nCookie: c\nAuthorization: b\nConnection: host, x-forwarded-for, cookie, authorization\n'),
    accept: { host: 'a', lines: 'Host: a\nX-Forwarded-For: 1\nCookie: c\nAuthorization: b\n' },
  },
  {
    name: 'hop-by-hop fields are removed',
    text: get('Keep-Alive: timeout=5\nHost: a\nProxy-Connection: x\nTE: gzip\nHTTP2-Settings: abc\nX: y\n'),
    accept: { lines: 'Host: a\nX: y\n' },
  },
  { name: 'TE: trailers goes on', text: get('Host: a\nTE: trailers\n'), accept: { lines: 'Host: a\nTE: trailers\n' } },
  // RFC 9110 7.8, 10.1.1
  {
    name: 'WebSocket',
    text: get('Host: a\nConnection: Upgrade\nUpgrade: websocket\n'),
    accept: { upgrade: 'websocket', lines: 'Host: a\nUpgrade: websocket\n' },
  },
  { name: 'Upgrade without Connection', text: get('Host: a\nUpgrade: websocket\n'), accept: { upgrade: '', lines: 'Host: a\n' } },
  {
    name: 'h2c is not forwarded',
    text: get('Host: a\nConnection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: x\n'),
    accept: { upgrade: '', lines: 'Host: a\n' },
  },
  {
    name: 'Upgrade with a body',
    text: get('Host: a\nConnection: Upgrade\nUpgrade: websocket\nContent-Length: 1\n'),
    accept: { upgrade: '' },
  },
  {
    name: 'Expect: 100-continue',
    text: get('Host: a\nExpect: 100-Continue\nContent-Length: 1\n', 'PUT / HTTP/1.1'),
    accept: { framing: 'Length', lines: 'Host: a\nExpect: 100-Continue\nContent-Length: 1\n' },
  },
  { name: 'another expectation', text: get('Host: a\nExpect: magic\n'), refuse: 'Expect' },
];
