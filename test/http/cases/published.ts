/**
 * What published weaknesses of other servers and proxies were fed with, each written anew from its description: the shape
 * of the input and what must come of it here. Many shapes have several numbers; one of each family stands for them.
 */

import type { ResponseStreamCase, StreamCase } from './streams.ts';
import { STRICTER } from './types.ts';

const HIDDEN = 'GET /admin HTTP/1.1\r\nHost: a\r\n\r\n';

const post = (fields: string, body = '', version = 'HTTP/1.1') => `POST /a ${version}\r\nHost: a\r\n${fields}\r\n${body}`;
const chunked = (body: string) => post('Transfer-Encoding: chunked\r\n', body);
/** A chunked body that a reader of Content-Length takes for a beginning. */
const LAST = '0\r\n\r\n';

const TAKEN = {
  bareLf: STRICTER.bareLf,
  fold: STRICTER.fold,
  extension: 'HAProxy skips anything behind the semicolon',
  limit: 'HAProxy reads extensions and trailers as long as its buffer',
} as const;

const lengths: StreamCase[] = [
  { name: 'Jetty: a length with a plus', ref: 'CVE-2023-40167', text: post('Content-Length: +5\r\n', 'hello'), events: ['!ContentLength'] },
  { name: 'hyper: a length with a plus', ref: 'CVE-2021-32715', text: post('Content-Length: +3\r\n', 'abc'), events: ['!ContentLength'] },
  {
    name: 'aiohttp: a length with an underscore',
    ref: 'CVE-2023-47627',
    text: post('Content-Length: 1_0\r\n', '0123456789'),
    events: ['!ContentLength'],
  },
  {
    name: 'Falcon: a length in hexadecimal',
    ref: 'CVE-2023-38697',
    text: post('Content-Length: 0x5\r\n', 'hello'),
    events: ['!ContentLength'],
  },
  {
    name: 'waitress: a length that is no number',
    ref: 'CVE-2022-24761',
    text: post('Content-Length: 5a\r\n', 'hello'),
    events: ['!ContentLength'],
  },
  {
    name: 'Tomcat: a length that is ignored',
    ref: 'CVE-2022-42252',
    text: post('Content-Length: -5\r\n', HIDDEN),
    events: ['!ContentLength'],
  },
  {
    name: 'Squid: a length behind a sign and a blank',
    ref: 'CVE-2020-15049',
    text: post('Content-Length: + 5\r\n', 'hello'),
    events: ['!ContentLength'],
  },
  { name: 'HAProxy: an empty length', ref: 'CVE-2023-40225', text: post('Content-Length: \r\n', HIDDEN), events: ['!ContentLength'] },
  {
    name: 'Puma: an empty length beside chunks',
    ref: 'CVE-2023-40175',
    text: post('Content-Length:\r\nTransfer-Encoding: chunked\r\n', LAST + HIDDEN),
    events: ['!ContentLength'],
  },
  {
    name: 'HTTP::Daemon: two lengths',
    ref: 'CVE-2022-31081',
    text: post('Content-Length: 5\r\nContent-Length: 0\r\n', 'hello'),
    events: ['!ContentLength'],
  },
  {
    name: 'Jetty: two lengths and chunks',
    ref: 'CVE-2017-7658',
    text: post('Content-Length: 5\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n', LAST),
    events: ['!ContentLength'],
  },
  {
    name: 'waitress: two lengths in a list',
    ref: 'CVE-2019-16792',
    text: post('Content-Length: 5, 0\r\n', 'hello'),
    events: ['!ContentLength'],
  },
  {
    name: 'HAProxy: a name so long that its length overflows',
    ref: 'CVE-2021-40346',
    text: post(`Content-Length0${'a'.repeat(255)}:\r\nContent-Length: ${HIDDEN.length}\r\n`, HIDDEN),
    events: [`POST /a ${JSON.stringify(HIDDEN)}`, '…'],
    laxer: 'HAProxy has no room for a name of 256 bytes; here it is one that nobody knows',
  },
  {
    name: 'nginx: the body of a request that is answered early',
    ref: 'CVE-2019-20372',
    text: `GET /missing HTTP/1.1\r\nHost: a\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
    events: [`GET /missing ${JSON.stringify(HIDDEN)}`, '…'],
  },
  {
    name: 'Pingora: the body of a request that is answered early',
    ref: 'CVE-2025-4366',
    text: post(`Content-Length: ${HIDDEN.length}\r\n`, HIDDEN),
    events: [`POST /a ${JSON.stringify(HIDDEN)}`, '…'],
  },
];

const codings: StreamCase[] = [
  {
    name: 'WEBrick: a coding that only contains chunked',
    ref: 'CVE-2020-25613',
    text: post('Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n', LAST),
    events: ['!TransferEncoding'],
  },
  {
    name: 'Node: two codings, the second ignored',
    ref: 'CVE-2020-8287',
    text: post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked-false\r\n', LAST),
    events: ['!TransferEncoding'],
  },
  {
    name: 'Node: a coding that only begins with chunked',
    ref: 'CVE-2022-32213',
    text: post('Transfer-Encoding: chunked-false\r\nContent-Length: 5\r\n', LAST),
    events: ['!TransferEncoding'],
  },
  {
    name: 'Node: a coding over two lines',
    ref: 'CVE-2022-32215',
    text: post('Transfer-Encoding: chunked\r\n , identity\r\n', LAST),
    events: ['!FieldName'],
  },
  {
    name: 'Node: a coding behind a sign',
    ref: 'CVE-2019-15605',
    text: post('Transfer-Encoding: \x0bchunked\r\nContent-Length: 5\r\n', LAST),
    events: ['!FieldValue'],
  },
  {
    name: 'HAProxy: a coding behind a VT',
    ref: 'CVE-2019-18277',
    text: post('Content-Length: 6\r\nTransfer-Encoding:\x0bchunked\r\n', `${LAST}X`),
    events: ['!FieldValue'],
  },
  {
    name: 'Go: a coding that is none',
    ref: 'CVE-2022-1705',
    text: post('Transfer-Encoding: chunked \x00\r\n', LAST),
    events: ['!FieldValue'],
  },
  {
    name: 'gunicorn: chunked, but not at the end',
    ref: 'CVE-2024-1135',
    text: post('Transfer-Encoding: chunked,gzip\r\nContent-Length: 5\r\n', LAST),
    events: ['!TransferEncoding'],
  },
  {
    name: 'gunicorn: a coding nobody knows, and a length',
    ref: 'CVE-2024-6827',
    text: post('Transfer-Encoding: chunked,\xff\r\nContent-Length: 5\r\n', LAST),
    events: ['!TransferEncoding'],
  },
  {
    name: 'Tomcat: chunked, then identity',
    ref: 'CVE-2021-33037',
    text: post('Transfer-Encoding: chunked, identity\r\n', LAST),
    events: ['!TransferEncoding'],
  },
  {
    name: 'Tomcat: chunked in HTTP/1.0',
    ref: 'CVE-2021-33037',
    text: post('Transfer-Encoding: chunked\r\n', LAST, 'HTTP/1.0'),
    events: ['!TransferEncoding'],
    stricter: 'HAProxy takes Transfer-Encoding in HTTP/1.0',
  },
  {
    name: 'Pingora: chunked and a length in HTTP/1.0',
    ref: 'CVE-2026-2835',
    text: post('Connection: keep-alive\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n', LAST + HIDDEN, 'HTTP/1.0'),
    events: ['!TransferEncoding'],
    stricter: 'HAProxy takes Transfer-Encoding in HTTP/1.0',
  },
  {
    name: 'Akka: chunked twice',
    ref: 'CVE-2021-23339',
    text: post('Transfer-Encoding: chunked, chunked\r\n', LAST),
    events: ['!TransferEncoding'],
  },
  {
    name: 'waitress: another coding first',
    ref: 'CVE-2019-16786',
    text: post('Transfer-Encoding: gzip, chunked\r\n', LAST),
    events: ['!TransferEncoding'],
  },
  {
    name: 'Netty: a length beside chunks',
    ref: 'CVE-2019-20445',
    text: post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', LAST + HIDDEN),
    events: ['POST /a ""', 'close'],
  },
  {
    name: 'WEBrick: chunks beside a length',
    ref: 'CVE-2024-47220',
    text: post('Transfer-Encoding: chunked\r\nContent-Length: 40\r\n', LAST + HIDDEN),
    events: ['POST /a ""', 'close'],
  },
  {
    name: 'Akamai: a coding that Connection names',
    ref: 'CVE-2026-26365',
    text: post('Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n', `${LAST}${HIDDEN}`),
    events: ['POST /a ""', 'GET /admin ""', '…'],
  },
  {
    name: 'libsoup: a NUL at the end of a name',
    ref: 'CVE-2024-52530',
    text: post('Transfer-Encoding\0: chunked\r\nContent-Length: 5\r\n', LAST),
    events: ['!FieldName'],
  },
];

const fields: StreamCase[] = [
  { name: 'HAProxy: an empty name', ref: 'CVE-2023-25725', text: post(':\r\nContent-Length: 5\r\n', 'hello'), events: ['!FieldName'] },
  {
    name: 'Go, Netty, Node: a blank before the colon',
    ref: 'CVE-2019-16276',
    text: post('Content-Length : 5\r\n', 'hello'),
    events: ['!FieldName'],
  },
  {
    name: 'Netty: a line without colon',
    ref: 'CVE-2019-20444',
    text: post('Content-Length: 0\r\nTransfer-Encoding\r\n', HIDDEN),
    events: ['!FieldName'],
  },
  {
    name: 'Netty: Transfer-Encoding behind a blank',
    ref: 'CVE-2020-7238',
    text: post('Content-Length: 1\r\n Transfer-Encoding: chunked\r\n', LAST),
    events: ['!FieldName'],
  },
  { name: 'Netty: a control byte in a name', ref: 'CVE-2021-43797', text: post('X\x1f: 1\r\n'), events: ['!FieldName'] },
  {
    name: 'Node: Content-Length behind a blank, first',
    ref: 'CVE-2024-27982',
    text: `POST /a HTTP/1.1\r\n Content-Length: 5\r\nHost: a\r\n\r\nhello`,
    events: ['!FieldName'],
  },
  {
    name: 'Undertow: blanks before the first line',
    ref: 'CVE-2026-28369',
    text: 'GET / HTTP/1.1\r\n   Host: b\r\nHost: a\r\n\r\n',
    events: ['!FieldName'],
  },
  {
    name: 'Undertow: a name that others read otherwise',
    ref: 'CVE-2026-28368',
    text: post('Content-Length\xa0: 5\r\n', 'hello'),
    events: ['!FieldName'],
  },
  { name: 'Node: a CR for a hyphen', ref: 'CVE-2020-8201', text: post('Content\rLength: 5\r\n', 'hello'), events: ['!BareLineEnd'] },
  {
    name: 'Node: LF alone between lines',
    ref: 'CVE-2022-32214',
    text: `GET / HTTP/1.1\r\nHost: a\r\nX: y\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
    events: ['!BareLineEnd'],
    stricter: TAKEN.bareLf,
  },
  {
    name: 'Puma: LF alone between lines',
    ref: 'CVE-2021-41136',
    text: 'GET / HTTP/1.1\nHost: a\nX: y\n\n',
    events: ['!BareLineEnd'],
    stricter: TAKEN.bareLf,
  },
  {
    name: 'Node: a field that ends in CR alone',
    ref: 'CVE-2022-35256',
    text: post('X: y\rTransfer-Encoding: chunked\r\n', LAST),
    events: ['!BareLineEnd'],
  },
  {
    name: 'Node: an empty value that ends in CR alone',
    ref: 'CVE-2023-30589',
    text: post('X:\rTransfer-Encoding: chunked\r\n', LAST),
    events: ['!BareLineEnd'],
  },
  {
    name: 'Node: a head that ends in CR LF CR',
    ref: 'CVE-2025-23167',
    text: `GET / HTTP/1.1\r\nHost: a\r\n\r${HIDDEN}`,
    events: ['!BareLineEnd'],
  },
  {
    name: 'Tomcat: line ends that are none',
    ref: 'CVE-2020-1935',
    text: post('X: y\rContent-Length: 5\r\n', 'hello'),
    events: ['!BareLineEnd'],
  },
  { name: 'Apache: VT and FF for blanks', ref: 'CVE-2016-8743', text: 'GET\x0b/\x0cHTTP/1.1\r\nHost: a\r\n\r\n', events: ['!RequestLine'] },
  {
    name: 'nginx: a blank and a NUL in the target',
    ref: 'CVE-2013-4547',
    text: 'GET /a \0.php HTTP/1.1\r\nHost: a\r\n\r\n',
    events: ['!RequestLine'],
  },
  {
    name: 'Apache: encoded line ends in the target stay encoded',
    ref: 'CVE-2023-25690',
    text: 'GET /%20HTTP/1.1%0d%0aX:%20y HTTP/1.1\r\nHost: a\r\n\r\n',
    events: ['GET /%20HTTP/1.1%0d%0aX:%20y ""', '…'],
  },
  {
    name: 'HAProxy: a fragment in the target',
    ref: 'CVE-2023-45539',
    text: 'GET /index.html#.png HTTP/1.1\r\nHost: a\r\n\r\n',
    events: ['!RequestLine'],
  },
  {
    name: 'Envoy, Traefik: a fragment in the target',
    ref: 'CVE-2021-32779',
    text: 'GET /admin#/public HTTP/1.1\r\nHost: a\r\n\r\n',
    events: ['!RequestLine'],
  },
  {
    name: 'Jetty: HTTP/0.9 with fields',
    ref: 'CVE-2017-7656',
    text: `GET /a HTTP/0.9\r\nHost: a\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
    events: ['!RequestLine'],
  },
  {
    name: 'Akamai: a folded expectation',
    ref: 'CVE-2025-32094',
    text: `OPTIONS / HTTP/1.1\r\nHost: a\r\nExpect:\r\n 100-continue\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
    events: ['!FieldName'],
    stricter: TAKEN.fold,
  },
  {
    name: 'Envoy: blanks behind a value are no part of it',
    ref: 'CVE-2019-18802',
    text: 'GET /a HTTP/1.1\r\nHost: a \t\r\n\r\n',
    events: ['GET /a ""', '…'],
  },
  {
    name: 'Node: a name like an object’s',
    ref: 'CVE-2026-21710',
    text: 'GET /a HTTP/1.1\r\nHost: a\r\n__proto__: x\r\n\r\n',
    events: ['GET /a ""', '…'],
  },
];

const chunks: StreamCase[] = [
  {
    name: 'nginx: a size that is negative',
    ref: 'CVE-2013-2028',
    text: chunked(`fffffffffffffed0\r\n${HIDDEN}`),
    events: ['POST /a !body'],
  },
  {
    name: 'hyper: a size that overflows',
    ref: 'CVE-2021-32714',
    text: chunked(`f0000000000000003\r\nabc\r\n${LAST}`),
    events: ['POST /a !body'],
  },
  {
    name: 'Jetty: a size that overflows',
    ref: 'CVE-2017-7657',
    text: chunked(`100000005\r\nhello\r\n${LAST}${HIDDEN}`),
    events: [`POST /a ${JSON.stringify(`hello\r\n${LAST}${HIDDEN}`)} …`],
  },
  { name: 'Twisted: a size with 0x', ref: 'CVE-2022-24801', text: chunked(`0x5\r\nhello\r\n${LAST}`), events: ['POST /a !body'] },
  { name: 'aiohttp: a size with a sign', ref: 'CVE-2024-23829', text: chunked(`+5\r\nhello\r\n${LAST}`), events: ['POST /a !body'] },
  { name: 'Apache: a size with other signs', ref: 'CVE-2015-3183', text: chunked(`5 x\r\nhello\r\n${LAST}`), events: ['POST /a !body'] },
  {
    name: 'Go: LF alone behind a size',
    ref: 'CVE-2025-22871',
    text: chunked(`5\nhello\r\n${LAST}`),
    events: ['POST /a !body'],
    stricter: TAKEN.bareLf,
  },
  {
    name: 'Netty: LF alone in a size line',
    ref: 'CVE-2025-58056',
    text: chunked(`5;\nhello\r\n${LAST}`),
    events: ['POST /a !body'],
    stricter: TAKEN.bareLf,
  },
  {
    name: 'aiohttp: LF alone in an extension',
    ref: 'CVE-2024-52304',
    text: chunked(`5;a\nxx\r\nhello\r\n${LAST}`),
    events: ['POST /a !body'],
  },
  {
    name: 'Node: an extension that is not looked at',
    ref: 'CVE-2021-22960',
    text: chunked(`5 \n\r\nhello\r\n${LAST}`),
    events: ['POST /a !body'],
  },
  {
    name: 'Kestrel: CR alone in an extension',
    ref: 'CVE-2025-55315',
    text: chunked(`5;\rxx\r\nhello\r\n${LAST}`),
    events: ['POST /a !body'],
  },
  {
    name: 'Squid: blanks and LF in a size line',
    ref: 'CVE-2023-46846',
    text: chunked(`5\x0b\nhello\r\n${LAST}`),
    events: ['POST /a !body'],
  },
  {
    name: 'Tomcat: an extension that is none',
    ref: 'CVE-2026-24880',
    text: chunked(`5;a="\r\nhello\r\n${LAST}`),
    events: ['POST /a !body'],
    stricter: TAKEN.extension,
  },
  {
    name: 'Varnish: no line end behind a chunk',
    ref: 'CVE-2025-47905',
    text: chunked(`5\r\nhelloXX5\r\nworld\r\n${LAST}`),
    events: ['POST /a !body'],
  },
  {
    name: 'h11: other bytes for the line end behind a chunk',
    ref: 'CVE-2025-43859',
    text: chunked(`5\r\nhelloXX${LAST}${HIDDEN}`),
    events: ['POST /a !body'],
  },
  {
    name: 'Akamai: a size larger than its chunk',
    ref: 'CVE-2025-66373',
    text: chunked(`8\r\nhello\r\n${LAST}${HIDDEN}`),
    events: ['POST /a !body'],
  },
  {
    name: 'Node, Puma: an extension without an end',
    ref: 'CVE-2024-22019',
    text: chunked(`5;${'a'.repeat(5000)}`),
    events: ['POST /a !body'],
  },
  {
    name: 'Go: a large extension for each small chunk',
    ref: 'CVE-2023-39326',
    text: chunked(`1;${'a'.repeat(200)}\r\nx\r\n`.repeat(100)),
    events: ['POST /a !body'],
  },
  {
    name: 'HAProxy: a size line without an end',
    ref: 'HAProxy 2.6.12-1+deb12u4',
    text: chunked('0'.repeat(5000)),
    events: ['POST /a !body'],
  },
  {
    name: 'Tomcat: a trailer that is none',
    ref: 'CVE-2023-45648',
    text: chunked(`0\r\nX: y\r\nGET /admin HTTP/1.1\r\n\r\n`),
    events: ['POST /a !body'],
  },
  {
    name: 'Tomcat: a trailer that is too long',
    ref: 'CVE-2023-46589',
    text: chunked(`0\r\nX: ${'y'.repeat(8200)}\r\n\r\n`),
    events: ['POST /a !body'],
    stricter: TAKEN.limit,
  },
  {
    name: 'aiohttp: what follows trailers',
    ref: 'CVE-2025-53643',
    text: chunked(`0\r\nX: y\r\n\r\n${HIDDEN}`),
    events: ['POST /a ""', 'GET /admin ""', '…'],
  },
];

export const publishedRequests: readonly StreamCase[] = [...lengths, ...codings, ...fields, ...chunks];

const ok = (fields: string, body: string) => `HTTP/1.1 200 OK\r\n${fields}\r\n${body}`;

export const publishedResponses: readonly ResponseStreamCase[] = [
  {
    name: 'Apache: a field that ends the head too early',
    ref: 'CVE-2022-37436',
    text: ok('X\x0b: y\r\nContent-Length: 2\r\n', 'ok'),
    events: ['!'],
  },
  {
    name: 'Apache: a control byte that cuts a value',
    ref: 'CVE-2023-27522',
    text: ok('X: y\0z\r\nContent-Length: 2\r\n', 'ok'),
    events: ['!'],
    stricter: STRICTER.control,
  },
  {
    name: 'Apache: a CR that splits a response',
    ref: 'CVE-2024-24795',
    text: ok('X: y\rContent-Length: 9\r\nContent-Length: 2\r\n', 'ok'),
    events: ['!'],
  },
  {
    name: 'Apache: a line end in a content type',
    ref: 'CVE-2023-38709',
    text: ok('Content-Type: a\r\n\r\nContent-Length: 2\r\n', 'ok'),
    ends: true,
    events: ['200 "Content-Length: 2\\r\\n\\r\\nok"', 'close'],
  },
  {
    name: 'Go: a blank before the colon',
    ref: 'CVE-2019-16276',
    text: ok('Transfer-Encoding : chunked\r\nContent-Length: 2\r\n', 'ok'),
    events: ['!'],
  },
  {
    name: 'Go: LF alone behind a size',
    ref: 'CVE-2025-22871',
    text: ok('Transfer-Encoding: chunked\r\n', '2\nok\r\n0\r\n\r\n'),
    events: ['200 !body'],
    stricter: STRICTER.bareLf,
  },
  {
    name: 'h11: other bytes for the line end behind a chunk',
    ref: 'CVE-2025-43859',
    text: ok('Transfer-Encoding: chunked\r\n', '2\r\nokXX0\r\n\r\n'),
    events: ['200 !body'],
  },
  {
    name: 'Puma: LF alone between lines',
    ref: 'CVE-2021-41136',
    text: 'HTTP/1.1 200 OK\r\nX: y\nContent-Length: 2\r\n\r\nok',
    events: ['!'],
    stricter: STRICTER.bareLf,
  },
  {
    name: 'Crystal: a length beside chunks',
    ref: 'GHSA-wqh5-7w63-pm68',
    text: ok('Content-Length: 2\r\nTransfer-Encoding: chunked\r\n', '2\r\nok\r\n0\r\n\r\n'),
    events: ['!'],
    stricter: 'HAProxy reads by Transfer-Encoding',
  },
  { name: 'HAProxy: an empty length', ref: 'CVE-2023-40225', text: ok('Content-Length:\r\n', 'ok'), events: ['!'] },
  {
    name: 'Varnish: a second response behind the first',
    ref: 'CVE-2022-23959',
    text: `${ok('Content-Length: 2\r\n', 'ok')}${ok('Content-Length: 4\r\n', 'evil')}`,
    events: ['200 "ok"', `surplus ${ok('Content-Length: 4\r\n', 'evil').length}`],
  },
];
