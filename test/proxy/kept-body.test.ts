import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KeptBody } from '../../src/proxy/kept-body.ts';

describe('a body that is kept for another attempt', () => {
  it('is one buffer, however many pieces it came in, and no larger than its room', () => {
    const kept = new KeptBody(15_000);
    const piece = Buffer.alloc(1);
    for (let i = 0; i < 15_000; i++) {
      piece[0] = i & 0xff;
      kept.add(piece);
    }
    assert.equal(kept.overflown, false);
    assert.deepEqual(kept.content, Buffer.from(Array.from({ length: 15_000 }, (_, i) => i & 0xff)));
    assert.equal(kept.content.buffer.byteLength, 15_000);
  });

  it('is a copy: the piece may be written over', () => {
    const kept = new KeptBody(100);
    const piece = Buffer.from('abc');
    kept.add(piece);
    piece.fill(0x58);
    assert.equal(kept.content.toString(), 'abc');
  });

  it('takes what fits exactly, is given up with one byte more, and stays so', () => {
    const kept = new KeptBody(4);
    kept.add(Buffer.from('abcd'));
    assert.equal(kept.content.toString(), 'abcd');
    kept.add(Buffer.from('e'));
    assert.deepEqual([kept.overflown, kept.content.length], [true, 0]);
    kept.add(Buffer.alloc(0));
    assert.deepEqual([kept.overflown, kept.content.length], [true, 0]);
  });

  it('is refused where the head has left no room', () => {
    const kept = new KeptBody(-5);
    assert.equal(kept.overflown, true);
    kept.add(Buffer.from('a'));
    assert.deepEqual([kept.overflown, kept.content.length], [true, 0]);
  });
});
