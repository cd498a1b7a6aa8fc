/** Sizes of messages: what HAProxy 2.6 counted of the same bytes in its statistics. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Body } from '../../src/http/body.ts';
import { Framing, Head } from '../../src/http/head.ts';
import { parseRequestHead, parseResponseHead } from '../../src/http/parse.ts';
import { errorReply } from '../../src/http/replies.ts';
import { headSize, messageSize, replySize } from '../../src/http/size.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n';

const heads: readonly (readonly [text: string, size: number])[] = [
  [`${GET}\r\n`, 38],
  ['GET / HTTP/1.0\r\n\r\n', 33],
  ['GET / HTTP/1.1\r\nHost:a\r\nAccept: \t x \t\r\n\r\n', 45],
  [`${GET}Connection: close\r\n\r\n`, 38],
  [`${GET}Connection: keep-alive\r\nConnection: Close\r\n\r\n`, 38],
  [`${GET}Connection: upgrade\r\nUpgrade: x\r\n\r\n`, 63],
  [`${GET}Connection: close, x-a\r\nX-A: b\r\n\r\n`, 55],
  ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n', 49],
  [`${GET}Connection: x-a,  x-b\r\nX-A: b\r\n\r\n`, 61],
  [`${GET}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`, 62],
  ['HTTP/1.1 200 \r\n\r\n', 32],
  ['HTTP/1.1 200\r\n\r\n', 32],
];

for (const [text, size] of heads) {
  test(`${JSON.stringify(text)} is ${size} bytes`, () => {
    const head = new Head();
    const bytes = Buffer.from(text);
    const parse = text.startsWith('HTTP') ? parseResponseHead : parseRequestHead;
    assert.equal(parse(bytes, 0, bytes.length, head, 15360, 0), bytes.length);
    assert.equal(headSize(head), size);
    head.remove('host');
    head.add('X-Added', 'later');
    assert.equal(headSize(head), size, 'rules change nothing about what has come');
  });
}

test('of chunks the data counts, one byte for their end, and trailers as fields', () => {
  const text = Buffer.from('5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX-A:  b \r\nX-C:d\r\n\r\n');
  for (let cut = 0; cut <= text.length; cut++) {
    const body = new Body();
    body.start(Framing.Chunked, 0, true);
    let counted = 0;
    for (const [from, to] of [
      [0, cut],
      [cut, text.length],
    ] as const) {
      if (from === to) continue;
      body.take(text, from, to);
      counted += body.counted;
    }
    assert.equal(counted, 6 + 4 + 4 + 1, `cut at ${cut}`);
  }
});

test('of a body with a length, or without, every byte counts', () => {
  for (const framing of [Framing.Length, Framing.UntilClose]) {
    const body = new Body();
    body.start(framing, 3, true);
    body.take(Buffer.from('abc'), 0, 3);
    assert.equal(body.counted, 3);
  }
});

test('an error page, and the same from a file', () => {
  const { reason, fieldLines, body } = errorReply(503);
  assert.equal(replySize(reason, fieldLines) + body.length, 217);
  assert.equal(messageSize(Buffer.from(`HTTP/1.1 503 ${reason}\r\n${fieldLines}\r\n${body}`)), 217);
});
