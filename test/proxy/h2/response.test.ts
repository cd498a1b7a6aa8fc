/** Heads of responses in HTTP/2's form. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Framing } from '../../../src/http/head.ts';
import { ResponseForm, trailersOf } from '../../../src/proxy/h2/response.ts';

function read(text: string): ResponseForm {
  const form = new ResponseForm();
  assert.ok(form.read(text), text);
  return form;
}

describe('a response in HTTP/2', () => {
  it('has its fields in small letters, without those of a connection', () => {
    const form = read(
      'HTTP/1.1 200 OK\r\nX-A: 1\r\nconnection: close\r\nKeep-Alive: x\r\nProxy-Connection: y\r\nUpgrade: z\r\nTE: trailers\r\nX-B:\t2 \r\n\r\nbody',
    );
    assert.deepEqual({ ...form.fields }, { ':status': 200, 'x-a': '1', 'x-b': '2' });
    assert.equal(form.framing, Framing.UntilClose);
  });

  it('is framed by its length, by chunks, or by its end', () => {
    const length = read('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello');
    assert.deepEqual([length.framing, length.length, length.fields['content-length']], [Framing.Length, 5, '5']);
    const chunked = read('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    assert.deepEqual([chunked.framing, chunked.fields['transfer-encoding']], [Framing.Chunked, undefined]);
    assert.equal(read('HTTP/1.0 503 Unavailable\r\n\r\nbody').framing, Framing.UntilClose);
  });

  it('repeats what may be repeated, and has the first of what may not', () => {
    const { fields } = read(
      'HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nLocation: /1\r\nset-cookie: b\r\nLocation: /2\r\nSet-Cookie: c\r\n__proto__: d\r\n\r\n',
    );
    assert.deepEqual(Object.entries(fields), [
      [':status', 200],
      ['set-cookie', ['a', 'b', 'c']],
      ['location', '/1'],
      ['__proto__', 'd'],
    ]);
  });

  for (const text of ['', 'hello', 'HTTP/1.1 200 OK\r\nX-A: 1\r\n', 'HTTP/1.1 abc\r\n\r\n', 'HTTP/2.0 200 OK\r\n\r\n']) {
    it(`is none: ${JSON.stringify(text)}`, () => assert.equal(new ResponseForm().read(text), false));
  }

  it('has trailers as fields', () => {
    assert.deepEqual(Object.entries(trailersOf('X-A: 1\r\nX-B: 2\r\nx-a: 3\r\nConnection: x\r\n')), [
      ['x-a', ['1', '3']],
      ['x-b', '2'],
    ]);
  });
});
