/** Where refused heads are wrong: positions and states as HAProxy 2.6 shows them in `show errors`. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { locate } from '../../src/http/fault.ts';
import { Head } from '../../src/http/head.ts';
import { parseRequestHead, parseResponseHead, type Refusal } from '../../src/http/parse.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n';

const requests: readonly (readonly [text: string, position: number, state: string])[] = [
  ['BAD\r\n\r\n', 3, 'DATA'],
  ['GET /\r\n\r\n', 5, 'DATA'],
  ['GET / FOO\r\n\r\n', 6, 'DATA'],
  ['GET / HTTP/1.2x\r\n\r\n', 14, 'RQVER'],
  ['G@T / HTTP/1.1\r\nHost: a\r\n\r\n', 1, 'RQMETH'],
  ['GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n', 5, 'RQURI'],
  [`${GET}A b: c\r\n\r\n`, 26, 'HDR_NAME'],
  [`${GET}A\x01b: c\r\n\r\n`, 26, 'HDR_NAME'],
  [`${GET}: c\r\n\r\n`, 25, 'HDR_NAME'],
  [`${GET}ab\r\n\r\n`, 27, 'HDR_NAME'],
  ['GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n', 24, 'HDR_L2_LF'],
  [`${GET}Content-Length: x\r\n\r\n`, 41, 'HDR_L2_LWS'],
  [`${GET}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`, 60, 'HDR_L2_LWS'],
  [`${GET}Transfer-Encoding: chunked, chunked\r\n\r\n`, 44, 'HDR_L2_LWS'],
  [`${GET}Host: b\r\n\r\n`, 31, 'HDR_L2_LWS'],
];

const responses: typeof requests = [
  ['GARBAGE\r\n\r\n', 7, 'RPVER'],
  ['SSH-2.0\r\n', 3, 'RPVER'],
  ['NOTHTTP blah\r\n\r\n', 8, 'RPCODE'],
  ['HTTP/1.1 2x0 OK\r\n\r\n', 10, 'RPCODE'],
  ['HTTP/1.1 200 OK\r\nA b: c\r\n\r\n', 18, 'HDR_NAME'],
  ['HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n', 33, 'HDR_L2_LWS'],
];

for (const [kind, rows, parse] of [
  ['request', requests, parseRequestHead],
  ['response', responses, parseResponseHead],
] as const) {
  for (const [text, position, state] of rows) {
    test(`${kind} ${JSON.stringify(text)}: ${state} at ${position}`, () => {
      const bytes = Buffer.from(`junk${text}`, 'latin1');
      const refusal = parse(bytes, 4, bytes.length, new Head(), 15360, 0);
      assert.ok(refusal < 0);
      assert.deepEqual(locate(bytes, 4, bytes.length, refusal as Refusal, kind === 'response'), { position, state });
    });
  }
}
