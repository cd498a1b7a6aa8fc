/** As requests.ts, for what a server answers; `through` is 1 where a GET must get it, 0 where it must not. */

import type { Seed } from '../../support/mutate.ts';

const wellFormed: readonly Seed[] = [
  { name: 'a length', text: 'HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello', through: 1 },
  { name: 'a length of nothing', text: 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n', through: 1 },
  {
    name: 'chunks',
    text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\nX-T: 1\r\n\r\n',
    through: 1,
  },
  {
    name: 'chunks that look like a response',
    text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n26\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n\r\n07\r\n\r\n0\r\n\r\n\r\n000\r\n\r\n',
    through: 1,
  },
  { name: 'no chunk at all', text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n', through: 1 },
  { name: 'until the end', text: 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhello', through: 1 },
  { name: 'until the end, and nothing', text: 'HTTP/1.1 200 OK\r\n\r\n', through: 1 },
  { name: 'HTTP/1.0', text: 'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello', through: 1 },
  { name: 'HTTP/1.0 until the end', text: 'HTTP/1.0 200 OK\r\nX-A: 1\r\n\r\nhello', through: 1 },
  { name: 'HTTP/1.0, kept alive', text: 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok', through: 1 },
  { name: 'Connection: close', text: 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok', through: 1 },
  {
    name: 'interim responses',
    text: 'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    through: 1,
  },
  { name: '204', text: 'HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n', through: 1 },
  { name: '204 with a length', text: 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n', through: 1 },
  { name: '304 with a length', text: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: "x"\r\n\r\n', through: 1 },
  { name: 'no reason', text: 'HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok', through: 1 },
  { name: 'a status nobody knows', text: 'HTTP/1.1 599 caf\xe9\r\nContent-Length: 2\r\n\r\nok', through: 1 },
  {
    name: 'hop-by-hop fields',
    text: 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nX-A: 1\r\nConnection: keep-alive, X-A\r\nContent-Length: 2\r\nX-B: 2\r\n\r\nok',
    through: 1,
  },
  { name: 'cookies', text: 'HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\nSet-Cookie: c=d\r\nX-B:\r\n\r\nok', through: 1 },
  {
    name: 'an Upgrade that is an offer',
    text: 'HTTP/1.1 426 Upgrade Required\r\nUpgrade: foo\r\nConnection: upgrade\r\nContent-Length: 2\r\n\r\nok',
    through: 1,
  },
  {
    name: 'bytes behind the end',
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstale',
    through: 1,
  },
  {
    name: 'bytes behind the end, later',
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstale',
    cuts: [40],
    through: 1,
  },
  {
    name: 'bytes behind chunks',
    text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nstale',
    cuts: [57],
    through: 1,
  },
  { name: 'length and chunks', text: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', through: 0 },
  { name: 'two lengths', text: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk', through: 0 },
  {
    name: 'an unasked switch of protocol',
    text: 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nok',
    through: 0,
  },
  { name: 'a body that is cut', text: 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello', through: 0 },
  { name: 'chunks that are cut', text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n', through: 0 },
  { name: 'a last chunk that is cut', text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n', through: 0 },
  { name: 'a head that is cut', text: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n', through: 0 },
  { name: 'interim responses and no final one', text: 'HTTP/1.1 100 Continue\r\n\r\n', through: 0 },
  { name: 'nothing', text: '', through: 0 },
];

const findings: readonly Seed[] = [];

export const responseSeeds: readonly Seed[] = [...wellFormed, ...findings];
