/** Response heads as data. */

import { REFUSED_LATER, type ResponseCase, STRICTER, section } from './types.ts';

const ok = (lines: string, start = 'HTTP/1.1 200 OK') => `${start}\n${lines}\n`;
const responses = section<ResponseCase>;

const TAKEN = {
  version: 'HAProxy takes any digit of a version, and RTSP; what is sent on calls itself HTTP/1.1, so it has to be it',
  status: 'HAProxy takes a status of any number of digits; RFC 9112 4 has three, from 100',
  both: 'HAProxy reads by Transfer-Encoding; a response has no reason to say both, unless somebody wrote one of them for us',
  oldCoding: 'HAProxy takes Transfer-Encoding in HTTP/1.0; RFC 9112 6.1 has its framing treated as faulty',
  list: 'HAProxy skips empty elements of a list; what is left of it is not said by anybody',
  overflow: 'HAProxy counts beyond 2^53 - 1, where a number here would be another, and takes 2^64 for nothing',
  emptyLine: 'HAProxy skips empty lines before a status line; what stands there is a rest of the response before it',
} as const;

const statusLine = responses('RFC 9112 4', [
  {
    name: 'with a length',
    text: ok('Content-Length: 2\n'),
    accept: { status: 200, reason: 'OK', version: 11, framing: 'Length', length: 2, keepAlive: true },
  },
  { name: 'without a reason', text: ok('Content-Length: 0\n', 'HTTP/1.1 200 '), accept: { status: 200, reason: '' } },
  { name: 'without the blank before the reason', text: ok('Content-Length: 0\n', 'HTTP/1.1 200'), accept: { status: 200, reason: '' } },
  {
    name: 'a reason of several words',
    text: ok('', 'HTTP/1.1 404 Not  Found:\there'),
    accept: { status: 404, reason: 'Not  Found:\there' },
  },
  { name: 'a reason in Latin-1', text: ok('', 'HTTP/1.1 200 Tr\xe8s bien'), accept: { reason: 'Tr\xe8s bien' } },
  { name: 'the lowest and the highest status', text: ok('', 'HTTP/1.1 999 Odd'), accept: { status: 999 } },
  { name: 'not HTTP', text: 'NOTHTTP blah\n\n', refuse: 'StatusLine' },
  { name: 'a greeting of another protocol', text: '220 mail.test ESMTP\n\n', refuse: 'StatusLine' },
  { name: 'a request', text: 'GET / HTTP/1.1\nHost: a\n\n', refuse: 'StatusLine' },
  { name: 'a field line first', text: 'Content-Length: 0\n\n', refuse: 'StatusLine' },
  { name: 'an empty line first', text: `\n${ok('Content-Length: 0\n')}`, refuse: 'StatusLine', stricter: TAKEN.emptyLine },
  { name: 'a blank first', text: ok('', ' HTTP/1.1 200 OK'), refuse: 'StatusLine' },
  { name: 'two blanks before the status', text: ok('', 'HTTP/1.1  200 OK'), refuse: 'StatusLine', stricter: STRICTER.blanks },
  { name: 'a tab before the status', text: ok('', 'HTTP/1.1\t200 OK'), refuse: 'StatusLine', stricter: STRICTER.blanks },
  { name: 'a tab behind the status', text: ok('', 'HTTP/1.1 200\tOK'), refuse: 'StatusLine', stricter: STRICTER.blanks },
  { name: 'no status', text: ok('', 'HTTP/1.1'), refuse: 'StatusLine' },
  { name: 'an empty status', text: ok('', 'HTTP/1.1 '), refuse: 'StatusLine' },
  ...['20 OK', '2 OK', '2000 OK', '0200 OK', '00 OK'].map((status) => ({
    name: `status ${status}`,
    text: ok('', `HTTP/1.1 ${status}`),
    refuse: 'StatusLine' as const,
    stricter: TAKEN.status,
  })),
  ...['099 OK', '000 OK', '001 OK'].map((status) => ({
    name: `status ${status}`,
    text: ok('', `HTTP/1.1 ${status}`),
    refuse: 'StatusLine' as const,
    stricter: TAKEN.status,
  })),
  ...['200OK', '+20 OK', '-20 OK', '2x0 OK', 'OK', '0x2 OK', '2_0 OK', '20\xb2 OK', '2\x0b00 OK', '200;OK', '200,OK', '200.0 OK'].map(
    (status) => ({
      name: `status ${status}`,
      text: ok('', `HTTP/1.1 ${status}`),
      refuse: 'StatusLine' as const,
    }),
  ),
  { name: 'a NUL in the reason', text: ok('', 'HTTP/1.1 200 O\0K'), refuse: 'StatusLine', stricter: STRICTER.control },
  { name: 'a control byte in the reason', text: ok('', 'HTTP/1.1 200 O\x01K'), refuse: 'StatusLine', stricter: STRICTER.control },
  { name: 'a bare CR in the reason', text: ok('', 'HTTP/1.1 200 O\rK'), refuse: 'StatusLine' },
  {
    name: 'a bare LF behind the status line',
    text: 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n',
    raw: true,
    refuse: 'StatusLine',
    stricter: STRICTER.bareLf,
  },
]);

const versions = responses('RFC 9112 2.3', [
  { name: 'HTTP/1.0 closes', text: ok('Content-Length: 2\n', 'HTTP/1.0 200 OK'), accept: { version: 10, keepAlive: false } },
  {
    name: 'HTTP/1.0 keeps alive when it says so',
    text: ok('Content-Length: 2\nConnection: keep-alive\n', 'HTTP/1.0 200 OK'),
    accept: { keepAlive: true },
  },
  ...['HTTP/1.2', 'HTTP/2.0', 'HTTP/0.9', 'HTTP/9.9', 'RTSP/1.0', 'RTSP/1.1', 'H2TP/1.1'].map((version) => ({
    name: version,
    text: ok('Content-Length: 0\n', `${version} 200 OK`),
    refuse: 'StatusLine' as const,
    stricter: TAKEN.version,
  })),
  ...[
    'HTTP/1.10',
    'HTTP/01.1',
    'HTTP/10.1',
    'HTTP/1',
    'HTTP/1.',
    'HTTP/',
    'HTTP',
    'HTTP /1.1',
    'http/1.1',
    'HTTPS/1.1',
    'ICY',
    'HTTP/1.1x',
    'HTTP/1,1',
    'HTTP/1.x',
  ].map((version) => ({
    name: version,
    text: ok('Content-Length: 0\n', `${version} 200 OK`),
    refuse: 'StatusLine' as const,
  })),
]);

const framing = responses('RFC 9112 6.3', [
  { name: 'until close', text: ok(''), accept: { framing: 'UntilClose' } },
  { name: 'chunked', text: ok('Transfer-Encoding: chunked\n'), accept: { framing: 'Chunked' } },
  {
    name: 'chunked with needless blanks',
    text: ok('Transfer-Encoding:  chunked \n'),
    accept: { framing: 'Chunked', lines: 'Transfer-Encoding: chunked\n' },
  },
  { name: 'length 0', text: ok('Content-Length: 0\n'), accept: { framing: 'Length', length: 0 } },
  { name: 'HEAD has no body', text: ok('Content-Length: 99\n'), method: 'HEAD', accept: { framing: 'None' } },
  { name: 'HEAD has no chunks', text: ok('Transfer-Encoding: chunked\n'), method: 'HEAD', accept: { framing: 'None' } },
  { name: 'HEAD has no body until close', text: ok(''), method: 'HEAD', accept: { framing: 'None' } },
  {
    name: 'HEAD of an error has no body',
    text: ok('Content-Length: 9\n', 'HTTP/1.1 500 Oops'),
    method: 'HEAD',
    accept: { framing: 'None' },
  },
  { name: '204 has no body', text: ok('Content-Length: 9\n', 'HTTP/1.1 204 No Content'), accept: { framing: 'None' } },
  { name: '204 has no chunks', text: ok('Transfer-Encoding: chunked\n', 'HTTP/1.1 204 No Content'), accept: { framing: 'None' } },
  { name: '304 has no body', text: ok('Content-Length: 9\n', 'HTTP/1.1 304 Not Modified'), accept: { framing: 'None' } },
  { name: '304 has no chunks', text: ok('Transfer-Encoding: chunked\n', 'HTTP/1.1 304 Not Modified'), accept: { framing: 'None' } },
  { name: '304 has no body until close', text: ok('', 'HTTP/1.1 304 Not Modified'), accept: { framing: 'None' } },
  { name: '100 has no body', text: ok('', 'HTTP/1.1 100 Continue'), accept: { framing: 'None', status: 100 } },
  {
    name: '103 has no body, whatever it says',
    text: ok('Content-Length: 5\n', 'HTTP/1.1 103 Early Hints'),
    accept: { framing: 'None', status: 103 },
  },
  { name: '205 has what it says', text: ok('Content-Length: 0\n', 'HTTP/1.1 205 Reset Content'), accept: { framing: 'Length', length: 0 } },
  {
    name: 'Transfer-Encoding with Content-Length',
    text: ok('Content-Length: 2\nTransfer-Encoding: chunked\n'),
    refuse: 'TransferEncoding',
    stricter: TAKEN.both,
  },
  {
    name: 'Content-Length behind Transfer-Encoding',
    text: ok('Transfer-Encoding: chunked\nContent-Length: 2\n'),
    refuse: 'TransferEncoding',
    stricter: TAKEN.both,
  },
  {
    name: 'Transfer-Encoding with Content-Length 0',
    text: ok('Content-Length: 0\nTransfer-Encoding: chunked\n'),
    refuse: 'TransferEncoding',
    stricter: TAKEN.both,
  },
  {
    name: 'Transfer-Encoding in HTTP/1.0',
    ref: 'RFC 9112 6.1',
    text: ok('Transfer-Encoding: chunked\n', 'HTTP/1.0 200 OK'),
    refuse: 'TransferEncoding',
    stricter: TAKEN.oldCoding,
  },
  ...[
    'gzip',
    'identity',
    'xchunked',
    'chunked, identity',
    'chunked, chunked',
    'gzip, chunked',
    'identity, chunked',
    ',chunked',
    '"chunked"',
    'chunked;x',
    '\xa0chunked',
  ].map((coding) => ({
    name: `Transfer-Encoding: ${coding}`,
    ref: 'RFC 9112 6.1',
    text: ok(`Transfer-Encoding: ${coding}\n`),
    refuse: 'TransferEncoding' as const,
  })),
  ...['chunked,'].map((coding) => ({
    name: `Transfer-Encoding: ${coding}`,
    ref: 'RFC 9112 6.1',
    text: ok(`Transfer-Encoding: ${coding}\n`),
    refuse: 'TransferEncoding' as const,
    stricter: TAKEN.list,
  })),
  {
    name: 'an empty Transfer-Encoding',
    ref: 'RFC 9112 6.1',
    text: ok('Transfer-Encoding:\n'),
    refuse: 'TransferEncoding',
    stricter: TAKEN.list,
  },
  {
    name: 'Transfer-Encoding twice',
    ref: 'RFC 9112 6.1',
    text: ok('Transfer-Encoding: chunked\nTransfer-Encoding: chunked\n'),
    refuse: 'TransferEncoding',
  },
  { name: 'lengths that agree', text: ok('Content-Length: 2\nContent-Length: 2\n'), refuse: 'ContentLength', stricter: STRICTER.lengths },
  { name: 'a list of lengths that agree', text: ok('Content-Length: 2, 2\n'), refuse: 'ContentLength', stricter: STRICTER.lengths },
  { name: 'lengths that differ', text: ok('Content-Length: 2\nContent-Length: 3\n'), refuse: 'ContentLength' },
  { name: 'a list of lengths that differ', text: ok('Content-Length: 2, 3\n'), refuse: 'ContentLength' },
  ...['2x', '+2', '-2', '0x2', '2_0', '2.0', '2e1', '', '2 2', '"2"', '\xb2', '18446744073709551621'].map((length) => ({
    name: `Content-Length: ${length}`,
    ref: 'RFC 9110 8.6',
    text: ok(`Content-Length: ${length}\n`),
    refuse: 'ContentLength' as const,
  })),
  ...['9007199254740993', '18446744073709551616'].map((length) => ({
    name: `Content-Length: ${length}`,
    ref: 'RFC 9110 8.6',
    text: ok(`Content-Length: ${length}\n`),
    refuse: 'ContentLength' as const,
    stricter: TAKEN.overflow,
  })),
  { name: 'a malformed length of a 204 is malformed', text: ok('Content-Length: x\n', 'HTTP/1.1 204 No Content'), refuse: 'ContentLength' },
]);

const fields = responses('RFC 9112 5', [
  { name: 'a blank before the colon', ref: 'RFC 9112 5.1', text: ok('X : a\nContent-Length: 0\n'), refuse: 'FieldName' },
  { name: 'a blank before Content-Length’s colon', ref: 'RFC 9112 5.1', text: ok('Content-Length : 2\n'), refuse: 'FieldName' },
  {
    name: 'a NUL before Transfer-Encoding’s colon',
    ref: 'CVE-2024-52530',
    text: ok('Transfer-Encoding\0: chunked\n'),
    refuse: 'FieldName',
  },
  { name: 'obs-fold', ref: 'RFC 9112 5.2', text: ok('X: a\n b\nContent-Length: 0\n'), refuse: 'FieldName', stricter: STRICTER.fold },
  { name: 'the first field line begins with a blank', ref: 'RFC 9112 5.2', text: ok(' Content-Length: 0\n'), refuse: 'FieldName' },
  { name: 'an empty name', ref: 'CVE-2023-25725', text: ok(': a\nContent-Length: 0\n'), refuse: 'FieldName' },
  { name: 'a line without colon', text: ok('nonsense\nContent-Length: 0\n'), refuse: 'FieldName' },
  { name: 'a name that is no token', ref: 'CVE-2022-37436', text: ok('X(Y): a\nContent-Length: 0\n'), refuse: 'FieldName' },
  {
    name: 'a NUL in a value',
    ref: 'CVE-2023-27522',
    text: ok('X: a\0b\nContent-Length: 0\n'),
    refuse: 'FieldValue',
    stricter: STRICTER.control,
  },
  {
    name: 'a control byte in a value',
    ref: 'RFC 9110 5.5',
    text: ok('X: a\x01b\nContent-Length: 0\n'),
    refuse: 'FieldValue',
    stricter: STRICTER.control,
  },
  { name: 'a bare CR in a value', ref: 'CVE-2024-24795', text: ok('X: a\rSet-Cookie: b\nContent-Length: 0\n'), refuse: 'BareLineEnd' },
  {
    name: 'a bare LF between fields',
    ref: 'RFC 9112 2.2',
    text: 'HTTP/1.1 200 OK\r\nX: a\nContent-Length: 0\r\n\r\n',
    raw: true,
    refuse: 'BareLineEnd',
    stricter: STRICTER.bareLf,
  },
  {
    name: 'bare LFs throughout',
    ref: 'RFC 9112 2.2',
    text: 'HTTP/1.1 200 OK\nContent-Length: 0\n\n',
    raw: true,
    refuse: 'BareLineEnd',
    stricter: STRICTER.bareLf,
  },
  {
    name: 'a Host in a response is nobody’s business',
    text: ok('Host: x y\nHost: z\nContent-Length: 0\n'),
    accept: { status: 200, lines: 'Host: x y\nHost: z\nContent-Length: 0\n' },
  },
  {
    name: 'an expectation in a response is nobody’s business',
    text: ok('Expect: magic\nContent-Length: 0\n'),
    accept: { status: 200, lines: 'Expect: magic\nContent-Length: 0\n' },
  },
]);

const connection = responses('RFC 9110 7.6.1', [
  {
    name: 'hop-by-hop fields are removed',
    text: ok('Keep-Alive: timeout=5\nConnection: keep-alive, X-A\nX-A: 1\nContent-Length: 0\n'),
    accept: { lines: 'Content-Length: 0\n', keepAlive: true },
  },
  {
    name: 'what a proxy of the server’s says to its client is removed',
    text: ok('Proxy-Connection: keep-alive\nPROXY-AUTHENTICATE: Basic\nProxy-Authentication-Info: x\nProxy-Status: y\nContent-Length: 0\n'),
    accept: { lines: 'Proxy-Status: y\nContent-Length: 0\n' },
  },
  {
    name: 'Connection: close',
    text: ok('Connection: close\nContent-Length: 0\n'),
    accept: { keepAlive: false, lines: 'Content-Length: 0\n' },
  },
  {
    name: 'Connection cannot remove framing',
    text: ok('Connection: content-length, transfer-encoding\nContent-Length: 2\n'),
    accept: { framing: 'Length', length: 2, lines: 'Content-Length: 2\n' },
  },
  {
    name: 'a switch of protocol',
    ref: 'RFC 9110 15.2.2',
    text: ok('Connection: upgrade\nUpgrade: foo\n', 'HTTP/1.1 101 Switching Protocols'),
    accept: { upgrade: 'foo', status: 101, framing: 'None' },
  },
  {
    name: 'a switch to no protocol',
    ref: 'CVE-2024-23326',
    text: ok('', 'HTTP/1.1 101 Switching Protocols'),
    accept: { upgrade: '', status: 101 },
    laxer: REFUSED_LATER,
  },
  {
    name: 'a switch that Connection does not name',
    ref: 'CVE-2026-2833',
    text: ok('Upgrade: foo\n', 'HTTP/1.1 101 Switching Protocols'),
    accept: { upgrade: '', status: 101, lines: '' },
    laxer: REFUSED_LATER,
  },
  {
    name: 'a switch to h2c',
    ref: 'RFC 7540 3.2',
    text: ok('Connection: upgrade\nUpgrade: h2c\n', 'HTTP/1.1 101 Switching Protocols'),
    accept: { upgrade: '', status: 101, lines: '' },
  },
  {
    name: 'two protocols switched to',
    text: ok('Connection: upgrade\nUpgrade: foo\nUpgrade: x\n', 'HTTP/1.1 101 Switching Protocols'),
    accept: { upgrade: '', status: 101, lines: '' },
  },
  {
    name: 'Upgrade in another response is not forwarded',
    text: ok('Connection: upgrade\nUpgrade: h2c\nContent-Length: 0\n'),
    accept: { upgrade: '', lines: 'Content-Length: 0\n' },
  },
]);

export const responseCases: readonly ResponseCase[] = [...statusLine, ...versions, ...framing, ...fields, ...connection];
