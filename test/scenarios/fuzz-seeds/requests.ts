/**
 * Streams of requests that every run of the fuzz test begins with, and that its mutations are made of: well-formed ones of
 * every family, and whatever has ever found a bug. A finding is printed as a row of this list.
 */

import type { Seed } from '../../support/mutate.ts';

const wellFormed: readonly Seed[] = [
  { name: 'GET', text: 'GET /a?b=c HTTP/1.1\r\nHost: a.test\r\nAccept: */*\r\nUser-Agent: x (y; z)\r\n\r\n', through: 1 },
  { name: 'HEAD', text: 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n', through: 1 },
  {
    name: 'a method nobody knows',
    text: 'BREW /pot HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nokGET / HTTP/1.1\r\nHost: a\r\n\r\n',
    through: 2,
  },
  {
    name: 'three in a row',
    text: 'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nHEAD /2 HTTP/1.1\r\nHost: a\r\n\r\nDELETE /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    through: 3,
  },
  {
    name: 'an empty line before and between',
    text: '\r\nGET /1 HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n',
    through: 2,
  },
  { name: 'a length', text: 'POST /l HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello', through: 1 },
  {
    name: 'a length of nothing',
    text: 'POST /0 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nGET /1 HTTP/1.1\r\nHost: a\r\n\r\n',
    through: 2,
  },
  {
    name: 'a body of GET',
    text: 'GET /g HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /n HTTP/1.1\r\nHost: a\r\n\r\n',
    through: 2,
  },
  {
    name: 'a body that is a request (CL.0)',
    text: 'POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 36\r\n\r\nGET /inner HTTP/1.1\r\nHost: inner\r\n\r\nGET /n HTTP/1.1\r\nHost: a\r\n\r\n',
    through: 2,
  },
  {
    name: 'chunks',
    text: 'POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\nX-T: 1\r\n\r\nGET /n HTTP/1.1\r\nHost: a\r\n\r\n',
    through: 2,
  },
  {
    name: 'one chunk, nothing else',
    text: 'PUT /c HTTP/1.1\r\nTransfer-Encoding: Chunked\r\nHost: a\r\n\r\n1\r\na\r\n0\r\n\r\n',
    through: 1,
  },
  {
    name: 'chunks that look like framing',
    text: 'POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n\r\n0\r\n\r\n\r\n1c\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n\r\n0\r\n\r\nGET /n HTTP/1.1\r\nHost: a\r\n\r\n',
    through: 2,
  },
  {
    name: 'sizes with zeros, capitals and extensions',
    text: 'POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n000A;a=b;c="d e"\r\n0123456789\r\na\r\n0123456789\r\n000;z\r\n\r\n',
    through: 1,
  },
  {
    name: 'trailers, some of which must not travel',
    text: 'POST /t HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nConnection: close\r\nX-T: 1\r\nContent-Length: 9\r\nHost: b\r\n\r\nGET /n HTTP/1.1\r\nHost: a\r\n\r\n',
    through: 2,
  },
  {
    name: 'no chunk at all',
    text: 'DELETE /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /n HTTP/1.1\r\nHost: a\r\n\r\n',
    through: 2,
  },
  {
    name: 'length and chunks (CL.TE): the chunks count, and nothing behind them',
    text: 'POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /n HTTP/1.1\r\nHost: a\r\n\r\n',
    through: 1,
  },
  {
    name: 'chunks and length (TE.CL)',
    text: 'POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n8\r\nSMUGGLED\r\n0\r\n\r\n',
    through: 1,
  },
  { name: 'Expect', text: 'PUT /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok', through: 1 },
  {
    name: 'Expect, and another',
    text: 'PUT /e HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nGET /n HTTP/1.1\r\nHost: a\r\n\r\n',
    through: 2,
  },
  { name: 'HTTP/1.0', text: 'GET / HTTP/1.0\r\n\r\n', through: 1 },
  {
    name: 'HTTP/1.0, kept alive',
    text: 'POST /1 HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\naGET /2 HTTP/1.0\r\nHost: a\r\n\r\n',
    through: 2,
  },
  { name: 'absolute-form', text: 'GET http://a.test/x?y HTTP/1.1\r\nHost: a.test\r\nX-A: 1\r\n\r\n', through: 1 },
  { name: 'absolute-form with a port and no path', text: 'OPTIONS http://a.test:80 HTTP/1.1\r\nHost: A.test\r\n\r\n', through: 1 },
  { name: 'asterisk-form', text: 'OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n', through: 1 },
  {
    name: 'nominated fields',
    text: 'GET / HTTP/1.1\r\nX-A: 1\r\nHost: a\r\nConnection: X-A, keep-alive\r\nX-B: 2\r\nConnection: x-c\r\nX-C: 3\r\nx-a: 4\r\n\r\n',
    through: 1,
  },
  {
    name: 'nominated fields that must stay',
    text: 'POST / HTTP/1.1\r\nHost: a\r\nConnection: host, content-length, cookie, x-forwarded-for\r\nContent-Length: 2\r\nCookie: a=b\r\nX-Forwarded-For: 192.0.2.1\r\n\r\nokGET /n HTTP/1.1\r\nHost: a\r\n\r\n',
    through: 2,
  },
  {
    name: 'hop-by-hop fields',
    text: 'GET / HTTP/1.1\r\nKeep-Alive: timeout=5\r\nHost: a\r\nProxy-Connection: keep-alive\r\nTE: gzip\r\nX-A: 1\r\n\r\n',
    through: 1,
  },
  {
    name: 'WebSocket that is not taken up',
    text: 'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\nGET /n HTTP/1.1\r\nHost: a\r\n\r\n',
    through: 2,
  },
  {
    name: 'h2c',
    text: 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n',
    through: 1,
  },
  { name: 'an HTTP/2 preface', text: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', through: 0 },
  { name: 'bytes above 7F', text: 'GET /%e9 HTTP/1.1\r\nHost: a\r\nX-A: caf\xe9 \xff\x80\r\nX-B:\r\nX-C:  \t \r\n\r\n', through: 1 },
  {
    name: 'names like object keys, and one name twice',
    text: 'GET / HTTP/1.1\r\n__proto__: 1\r\nHost: a\r\nconstructor: 2\r\nX-A: 1\r\nX-B: 2\r\nX-A: 3\r\nCookie: a\r\nCookie: b\r\n\r\n',
    through: 1,
  },
  { name: 'an address of IPv6', text: 'GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n', through: 1 },
  {
    name: 'behind a close nothing is read',
    text: 'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\naGET /n HTTP/1.1\r\nHost: a\r\n\r\n',
    through: 1,
  },
  { name: 'a body that is cut', text: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhello', through: 0 },
  { name: 'chunks that are cut', text: 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n', through: 0 },
];

/** Each with a request behind it that must not be read either. */
const refused: readonly Seed[] = [
  ['a length with a sign', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\nok'],
  ['two lengths that agree', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok'],
  ['two lengths that differ', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 0\r\n\r\nok'],
  ['a list of lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2, 2\r\n\r\nok'],
  ['another coding', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
  ['a coding behind chunked', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
  ['two codings', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
  ['chunked in HTTP/1.0', 'POST / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
  ['a bare LF', 'GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\nX-B: 2\r\n\r\n'],
  ['a bare CR', 'GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\rX-B: 2\r\n\r\n'],
  ['a NUL', 'GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\x002\r\n\r\n'],
  ['a folded line', 'GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n 2\r\n\r\n'],
  ['a blank before the colon', 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length : 2\r\n\r\nok'],
  ['an empty name', 'GET / HTTP/1.1\r\nHost: a\r\n: 2\r\n\r\n'],
  ['no Host', 'GET / HTTP/1.1\r\nX-A: 1\r\n\r\n'],
  ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
  ['a Host that disagrees', 'GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n'],
  ['a fragment', 'GET /#a HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['another version', 'GET / HTTP/1.2\r\nHost: a\r\n\r\n'],
  ['another expectation', 'GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n'],
  ['CONNECT', 'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n'],
  ['TRACE with a body', 'TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok'],
  ['a size with a prefix', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\nok\r\n0\r\n\r\n'],
  ['a size of more than 32 bits', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n100000002\r\nok\r\n0\r\n\r\n'],
  ['a size of more than 64 bits', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000002\r\nok\r\n0\r\n\r\n'],
  ['another byte for the CR behind data', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokX\n0\r\n\r\n'],
  ['another byte for the LF behind data', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\rX0\r\n\r\n'],
  ['another byte for the LF behind a size', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\rXok\r\n0\r\n\r\n'],
  ['another byte for the last LF', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\rX'],
  ['a bare LF behind data', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\n0\r\n\r\n'],
  ['data behind its size', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokk\r\n0\r\n\r\n'],
  ['a bare LF in an extension', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;\n0\r\nok\r\n0\r\n\r\n'],
  ['a trailer that is none', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A : 1\r\n\r\n'],
].map(([name = '', text = '']) => ({ name, text: `${text}GET /n HTTP/1.1\r\nHost: a\r\n\r\n`, through: 0 }));

const findings: readonly Seed[] = [
  // Legal, and passed on as it came; Node's parser refuses the blank behind it.
  {
    name: 'a tab behind chunked',
    text: 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\t\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    through: 1,
  },
  {
    name: 'a blank behind chunked',
    text: 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked \r\n\r\n2\r\nok\r\n0\r\n\r\n',
    through: 1,
  },
  // Of two Upgrade lines the first was passed on, whatever it asked for.
  {
    name: 'two Upgrades, the first h2c',
    text: 'GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\nUpgrade: websocket\r\n\r\nGET /n HTTP/1.1\r\nHost: a\r\n\r\n',
    through: 2,
  },
  {
    name: 'two Upgrades without Connection',
    text: 'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nUpgrade: websocket\r\n\r\nGET /n HTTP/1.1\r\nHost: a\r\n\r\n',
    through: 2,
  },
  // JavaScript's trim() takes A0 for a blank, HTTP does not: this is no close.
  {
    name: 'a byte behind close',
    text: 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\xa0\r\n\r\nGET /n HTTP/1.1\r\nHost: a\r\n\r\n',
    through: 2,
  },
];

export const requestSeeds: readonly Seed[] = [...wellFormed, ...refused, ...findings];
