import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Body } from '../../src/http/body.ts';
import { ChunkedBody } from '../../src/http/chunked.ts';
import { Framing } from '../../src/http/head.ts';
import { cuttings } from '../support/pieces.ts';
import { chunkedCases } from './cases/chunked.ts';

interface Outcome {
  readonly output: string;
  readonly consumed: number;
  readonly done: boolean;
  readonly failed: boolean;
}

/** Feeds `text` in pieces that end at `cuts`; what is passed on is copied at once, as its bytes may be overwritten. */
function feed(text: string, cuts: readonly number[], framed: boolean): Outcome {
  const bytes = Buffer.from(text, 'latin1');
  const body = new ChunkedBody();
  body.reset(framed);
  let output = '';
  let consumed = 0;
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    if (to <= from || body.done || body.failed) continue;
    const piece = Buffer.from(bytes.subarray(from, to));
    const used = body.scan(piece, 0, piece.length);
    if (body.failed) assert.equal(body.output.length, 0, 'nothing of a broken piece goes on');
    output += body.output.toString('latin1');
    piece.fill(0x58);
    consumed = from + used;
    from = to;
  }
  return { output, consumed, done: body.done, failed: body.failed };
}

/** An independent, slow reading of what was passed on: strictly framed, no extensions. */
function decode(text: string): { data: string; trailers: string } {
  let data = '';
  let at = 0;
  for (;;) {
    const end = text.indexOf('\r\n', at);
    const line = text.slice(at, end);
    assert.match(line, /^[0-9a-fA-F]+$/);
    const size = Number.parseInt(line, 16);
    at = end + 2;
    if (size === 0) return { data, trailers: text.slice(at, -2) };
    data += text.slice(at, at + size);
    assert.equal(text.slice(at + size, at + size + 2), '\r\n');
    at += size + 2;
  }
}

describe('a chunked body', () => {
  for (const one of chunkedCases) {
    it(`${one.data === undefined ? 'refuses' : 'passes on'}: ${one.name} (${one.ref})`, () => {
      const length = Buffer.byteLength(one.text, 'latin1');
      for (const cuts of cuttings(length)) {
        const framed = feed(one.text, cuts, true);
        const bare = feed(one.text, cuts, false);
        if (one.data === undefined) {
          assert.ok(framed.failed && bare.failed, `cuts ${cuts}`);
          continue;
        }
        assert.equal(bare.output, one.data, `cuts ${cuts}`);
        assert.equal(bare.consumed, framed.consumed);
        assert.ok(!framed.failed && !bare.failed);
        if (one.unfinished) {
          assert.ok(!framed.done && !bare.done);
          continue;
        }
        assert.ok(framed.done && bare.done, `cuts ${cuts}`);
        assert.deepEqual(decode(framed.output), { data: one.data, trailers: one.trailers ?? '' });
        assert.equal(framed.consumed, length - (one.rest ?? '').length);
      }
    });
  }

  it('refuses a control byte in a size line, behind data or in a trailer, wherever it stands', () => {
    const text = '5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n';
    const data = text.indexOf('hello');
    for (const byte of [...Array.from({ length: 32 }, (_, code) => code).filter((code) => code !== 0x09), 0x7f]) {
      for (let at = 0; at < text.length; at++) {
        // Within the data any byte may stand, and moves what follows: refused for that.
        if (at > data && at < data + 5) continue;
        const changed = text.slice(0, at) + String.fromCharCode(byte) + text.slice(at);
        if (changed.startsWith(text)) continue;
        assert.ok(feed(`${changed}\r\n\r\n`, [], true).failed, JSON.stringify(changed));
        assert.ok(feed(`${changed}\r\n\r\n`, [at, at + 1], true).failed, JSON.stringify(changed));
      }
    }
  });

  it('loses the trailers that its head nominates, in any case, and the next body on the connection does not', () => {
    const text = Buffer.from('0\r\nX-A: 1\r\nx-b: 2\r\nX-AB: 3\r\n\r\n');
    const body = new Body();
    const read = (nominated?: ReadonlySet<string>) => {
      body.start(Framing.Chunked, 0, true, nominated);
      assert.equal(body.take(text, 0, text.length), text.length);
      return body.view().toString();
    };
    assert.equal(read(new Set(['x-a', 'x-b'])), '0\r\nX-AB: 3\r\n\r\n');
    assert.equal(read(), text.toString());
  });

  it('copies nothing when the piece holds whole chunks', () => {
    const body = new ChunkedBody();
    body.reset(true);
    const piece = Buffer.from('5\r\nhello\r\n3\r\nabc\r\n0\r\n\r\n');
    body.scan(piece, 0, piece.length);
    assert.equal(body.output.buffer, piece.buffer);
    assert.equal(body.output.length, piece.length);
  });
});
