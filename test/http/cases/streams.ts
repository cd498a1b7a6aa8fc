/**
 * What clients and servers send, heads and bodies, as data: what is read of it, one event after another, and nothing else.
 *
 *     POST /a "hello"      a request, or a response, with its body
 *     !ContentLength       refused, for this reason; nothing behind it is looked at
 *     !body                its framing is broken, after the data that is shown
 *     close                the connection ends here: what is behind is not looked at
 *     …                    more is waited for
 */

import { chunkedCases } from './chunked.ts';
import { type Case, REFUSED_LATER, section } from './types.ts';

export interface StreamCase extends Case {
  readonly text: string;
  readonly events: readonly string[];
}

export interface ResponseStreamCase extends StreamCase {
  /** The method it answers, default GET. */
  readonly method?: string;
  /** The server ends its half behind the text. */
  readonly ends?: true;
}

const SMUGGLED = 'GET /admin HTTP/1.1\r\nHost: a\r\n\r\n';
const NEXT = 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n';

const post = (fields: string, body: string, start = 'POST /a HTTP/1.1') => `${start}\r\nHost: a\r\n${fields}\r\n${body}`;
/** One chunk and the last one. */
const chunk = (data: string) => `${data.length.toString(16)}\r\n${data}\r\n0\r\n\r\n`;

const lengths = section<StreamCase>('RFC 9112 6.3', [
  { name: 'two requests', text: NEXT + NEXT, events: ['GET /next ""', 'GET /next ""', '…'] },
  { name: 'an empty line between two requests', text: `${NEXT}\r\n${NEXT}`, events: ['GET /next ""', 'GET /next ""', '…'] },
  { name: 'a body and a request', text: post('Content-Length: 5\r\n', `hello${NEXT}`), events: ['POST /a "hello"', 'GET /next ""', '…'] },
  {
    name: 'a chunked body and a request',
    text: post('Transfer-Encoding: chunked\r\n', chunk('hello') + NEXT),
    events: ['POST /a "hello"', 'GET /next ""', '…'],
  },
  {
    name: 'CL.TE: read by Transfer-Encoding, and nothing behind',
    text: post('Content-Length: 6\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\nG'),
    events: ['POST /a ""', 'close'],
  },
  {
    name: 'CL.TE: a request behind the last chunk',
    text: post(`Content-Length: ${5 + SMUGGLED.length}\r\nTransfer-Encoding: chunked\r\n`, `0\r\n\r\n${SMUGGLED}`),
    events: ['POST /a ""', 'close'],
  },
  {
    name: 'TE.CL: a request in a chunk',
    text: post('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n', chunk(SMUGGLED)),
    events: [`POST /a ${JSON.stringify(SMUGGLED)}`, 'close'],
  },
  {
    name: 'TE.CL with the fields the other way round',
    text: post('Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', chunk(SMUGGLED) + NEXT),
    events: [`POST /a ${JSON.stringify(SMUGGLED)}`, 'close'],
  },
  {
    name: 'CL.0: a request as the body of a POST',
    text: post(`Content-Length: ${SMUGGLED.length}\r\n`, SMUGGLED + NEXT),
    events: [`POST /a ${JSON.stringify(SMUGGLED)}`, 'GET /next ""', '…'],
  },
  ...['GET', 'HEAD', 'OPTIONS', 'DELETE', 'BREW'].map((method) => ({
    name: `CL.0: a request as the body of a ${method}`,
    text: post(`Content-Length: ${SMUGGLED.length}\r\n`, SMUGGLED + NEXT, `${method} /a HTTP/1.1`),
    events: [`${method} /a ${JSON.stringify(SMUGGLED)}`, 'GET /next ""', '…'],
  })),
  {
    name: 'TE.0: a request in a chunk of an OPTIONS',
    text: post('Transfer-Encoding: chunked\r\n', chunk(SMUGGLED) + NEXT, 'OPTIONS /a HTTP/1.1'),
    events: [`OPTIONS /a ${JSON.stringify(SMUGGLED)}`, 'GET /next ""', '…'],
  },
  {
    name: '0.CL: a length that no body follows takes what comes next',
    text: post(`Content-Length: ${NEXT.length}\r\n`, NEXT, 'GET /a HTTP/1.1'),
    events: [`GET /a ${JSON.stringify(NEXT)}`, '…'],
  },
  {
    name: '0.CL with an expectation: the body is the body, whoever waits',
    text: post('Expect: 100-continue\r\nContent-Length: 5\r\n', `hello${NEXT}`, 'GET /a HTTP/1.1'),
    events: ['GET /a "hello"', 'GET /next ""', '…'],
  },
  {
    name: 'a body that ends in CR, and a bare LF behind it',
    ref: 'RFC 9112 2.2',
    text: post('Content-Length: 5\r\n', 'hell\r\nGET'),
    events: ['POST /a "hell\\r"', '!BareLineEnd'],
  },
  { name: 'a body that is not all here', text: post('Content-Length: 9\r\n', 'hello'), events: ['POST /a "hello" …'] },
  { name: 'chunks that are not all here', text: post('Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n'), events: ['POST /a "hello" …'] },
  {
    name: 'a length in HTTP/1.0, and nothing behind',
    text: post('Content-Length: 5\r\n', `hello${NEXT}`, 'POST /a HTTP/1.0'),
    events: ['POST /a "hello"', 'close'],
  },
  {
    name: 'a length in HTTP/1.0 with keep-alive',
    text: post('Connection: keep-alive\r\nContent-Length: 5\r\n', `hello${NEXT}`, 'POST /a HTTP/1.0'),
    events: ['POST /a "hello"', 'GET /next ""', '…'],
  },
  {
    name: 'what follows close is not a request',
    ref: 'RFC 9112 9.6',
    text: post('Connection: close\r\n', NEXT, 'GET /a HTTP/1.1'),
    events: ['GET /a ""', 'close'],
  },
  {
    name: 'what follows a refused request is not one',
    ref: 'RFC 9112 9.6',
    text: post('Content-Length: x\r\n', NEXT),
    events: ['!ContentLength'],
  },
  {
    name: 'what follows a broken chunk is not a request',
    ref: 'RFC 9112 7.1',
    text: post('Transfer-Encoding: chunked\r\n', `5\r\nhelloXX0\r\n\r\n${NEXT}`),
    events: ['POST /a !body'],
  },
  {
    name: 'a body that is shorter than its length leaves the rest to be refused',
    text: post('Content-Length: 3\r\n', `hello${NEXT}`),
    events: ['POST /a "hel"', 'loGET /next ""', '…'],
  },
  { name: 'junk behind a body', text: post('Content-Length: 5\r\n', 'hello\0\0\0'), events: ['POST /a "hello"', '!RequestLine'] },
  {
    name: 'a preface behind a request',
    ref: 'RFC 9113 3.4',
    text: `${NEXT}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
    events: ['GET /next ""', '!RequestLine'],
  },
  {
    name: 'a request that is pipelined behind a wish to upgrade is a request',
    ref: 'CVE-2026-2833',
    text: `GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n${SMUGGLED}`,
    events: ['GET /ws ""', 'GET /admin ""', '…'],
  },
  {
    name: 'a body of a wish to upgrade is a body',
    ref: 'CVE-2026-58055',
    text: post(
      `Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nContent-Length: ${SMUGGLED.length}\r\n`,
      SMUGGLED + NEXT,
    ),
    events: [`POST /a ${JSON.stringify(SMUGGLED)}`, 'GET /next ""', '…'],
  },
]);

const bodies: StreamCase[] = chunkedCases.map((one) => {
  const base = { name: `in a request: ${one.name}`, ref: one.ref, text: post('Transfer-Encoding: chunked\r\n', one.text) };
  const answer = {
    ...base,
    ...(one.stricter === undefined ? {} : { stricter: one.stricter }),
    ...(one.wavers === undefined ? {} : { wavers: one.wavers }),
  };
  if (one.data === undefined) return { ...answer, events: ['POST /a !body'] };
  const event = `POST /a ${JSON.stringify(one.data)}`;
  return {
    ...answer,
    text: one.rest === undefined ? base.text : base.text.slice(0, -one.rest.length),
    events: one.unfinished ? [`${event} …`] : [event, '…'],
  };
});

export const requestStreams: readonly StreamCase[] = [...lengths, ...bodies];

const ok = (fields: string, body: string, start = 'HTTP/1.1 200 OK') => `${start}\r\n${fields}\r\n${body}`;
const HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
const POISON = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil';

export const responseStreams: readonly ResponseStreamCase[] = section<ResponseStreamCase>('RFC 9112 6.3', [
  { name: 'a length', text: ok('Content-Length: 5\r\n', 'hello'), events: ['200 "hello"'] },
  { name: 'chunks', text: ok('Transfer-Encoding: chunked\r\n', chunk('hello')), events: ['200 "hello"'] },
  { name: 'until close', text: ok('', 'hello'), ends: true, events: ['200 "hello"', 'close'] },
  { name: 'until close, while it is not', text: ok('', 'hello'), events: ['200 "hello" …'] },
  {
    name: 'bytes behind a length',
    text: ok('Content-Length: 5\r\n', `hello${POISON}`),
    events: ['200 "hello"', `surplus ${POISON.length}`],
  },
  {
    name: 'bytes behind the last chunk',
    text: ok('Transfer-Encoding: chunked\r\n', chunk('hello') + POISON),
    events: ['200 "hello"', `surplus ${POISON.length}`],
  },
  { name: 'a line end behind a length', text: ok('Content-Length: 5\r\n', 'hello\r\n'), events: ['200 "hello"', 'surplus 2'] },
  { name: 'bytes behind an answer to HEAD', text: ok('Content-Length: 5\r\n', 'hello'), method: 'HEAD', events: ['200 ""', 'surplus 5'] },
  {
    name: 'chunks behind an answer to HEAD',
    text: ok('Transfer-Encoding: chunked\r\n', chunk('hello')),
    method: 'HEAD',
    events: ['200 ""', `surplus ${chunk('hello').length}`],
  },
  { name: 'bytes behind a 204', text: ok('Content-Length: 5\r\n', 'hello', 'HTTP/1.1 204 No Content'), events: ['204 ""', 'surplus 5'] },
  { name: 'bytes behind a 304', text: ok('Content-Length: 5\r\n', 'hello', 'HTTP/1.1 304 Not Modified'), events: ['304 ""', 'surplus 5'] },
  { name: 'bytes behind length 0', text: ok('Content-Length: 0\r\n', 'hello'), events: ['200 ""', 'surplus 5'] },
  { name: 'a length that is not reached', text: ok('Content-Length: 9\r\n', 'hello'), ends: true, events: ['200 "hello" cut'] },
  {
    name: 'chunks without the last one',
    text: ok('Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n'),
    ends: true,
    events: ['200 "hello" cut'],
  },
  {
    name: 'a chunk that is not all there',
    text: ok('Transfer-Encoding: chunked\r\n', '9\r\nhello'),
    ends: true,
    events: ['200 "hello" cut'],
  },
  { name: 'a head that is not all there', text: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n', ends: true, events: ['cut'] },
  { name: 'nothing', text: '', ends: true, events: ['cut'] },
  {
    name: 'a broken chunk',
    ref: 'RFC 9112 7.1',
    text: ok('Transfer-Encoding: chunked\r\n', '5\r\nhelloXX0\r\n\r\n'),
    events: ['200 !body'],
  },
  {
    name: 'a chunk with a sign',
    ref: 'RFC 9112 7.1',
    text: ok('Transfer-Encoding: chunked\r\n', '+5\r\nhello\r\n0\r\n\r\n'),
    events: ['200 !body'],
  },
  {
    name: 'a length and a coding',
    ref: 'RFC 9112 6.1',
    text: ok('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', chunk('hello')),
    events: ['!'],
    stricter: 'HAProxy reads by Transfer-Encoding',
  },
  {
    name: 'interim responses first',
    ref: 'RFC 9110 15.2',
    text: `${HINTS}${HINTS}${ok('Content-Length: 2\r\n', 'ok')}`,
    events: ['103', '103', '200 "ok"'],
  },
  {
    name: '100, then the final one',
    ref: 'RFC 9110 15.2.1',
    text: `HTTP/1.1 100 Continue\r\n\r\n${ok('Content-Length: 2\r\n', 'ok')}`,
    events: ['100', '200 "ok"'],
  },
  {
    name: 'an interim response has no body, whatever it says',
    ref: 'RFC 9110 15.2',
    text: `HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n${ok('Content-Length: 2\r\n', 'ok')}`,
    events: ['103', '200 "ok"'],
  },
  {
    name: 'an interim response with a body',
    ref: 'RFC 9110 15.2',
    text: `HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nhello${ok('Content-Length: 2\r\n', 'ok')}`,
    events: ['103', '!'],
  },
  { name: 'an interim response and the end', ref: 'RFC 9110 15.2', text: HINTS, ends: true, events: ['103', 'cut'] },
  {
    name: 'an interim response behind the final one',
    ref: 'RFC 9110 15.2',
    text: `${ok('Content-Length: 2\r\n', 'ok')}${HINTS}`,
    events: ['200 "ok"', `surplus ${HINTS.length}`],
  },
  {
    name: 'an empty line between interim and final',
    ref: 'RFC 9112 2.2',
    text: `${HINTS}\r\n${ok('Content-Length: 2\r\n', 'ok')}`,
    events: ['103', '!'],
    stricter: 'HAProxy skips empty lines before a status line',
  },
  {
    name: 'thirty-two interim responses',
    ref: 'RFC 9110 15.2',
    text: HINTS.repeat(32) + ok('Content-Length: 2\r\n', 'ok'),
    events: [...Array(32).fill('103'), '200 "ok"'],
  },
  {
    name: 'thirty-three interim responses',
    ref: 'RFC 9110 15.2',
    text: HINTS.repeat(33) + ok('Content-Length: 2\r\n', 'ok'),
    events: [...Array(32).fill('103'), '!'],
    stricter: 'HAProxy relays any number; a server that goes on like this is not answering',
  },
  {
    name: 'an interim response that is broken',
    ref: 'RFC 9112 5.1',
    text: `HTTP/1.1 103 Early Hints\r\nX : y\r\n\r\n${POISON}`,
    events: ['!'],
  },
  {
    name: 'a second response instead of a chunk',
    ref: 'CVE-2018-8004',
    text: ok('Transfer-Encoding: chunked\r\n', POISON),
    events: ['200 !body'],
  },
  {
    name: 'a switch of protocol: what is behind it belongs to the tunnel',
    ref: 'RFC 9110 15.2.2',
    text: 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\nbytes',
    events: ['101 ^foo', 'surplus 5'],
  },
  {
    name: 'a switch of protocol that names none',
    ref: 'CVE-2024-23326',
    text: 'HTTP/1.1 101 Switching Protocols\r\n\r\nbytes',
    events: ['101 ^', 'surplus 5'],
    laxer: REFUSED_LATER,
  },
]);
