import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Head } from '../../src/http/head.ts';
import { type HeadOutcome, ResponseHeads } from '../../src/http/response-heads.ts';

const HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
const FINAL = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n';

/** Feeds `text` in pieces that end at `cuts`, each overwritten once it was read; the outcomes, and where the body begins. */
function read(text: string, cuts: readonly number[]): { readonly outcomes: HeadOutcome[]; readonly body: string | undefined } {
  const heads = new ResponseHeads();
  const head = new Head();
  heads.reset();
  const outcomes: HeadOutcome[] = [];
  let from = 0;
  for (const to of [...cuts, text.length]) {
    const piece = Buffer.from(text.slice(from, to), 'latin1');
    heads.feed(piece, piece.length);
    for (;;) {
      const outcome = heads.next(head, 15_360);
      if (outcome === 'more') break;
      outcomes.push(outcome);
      if (outcome === 'invalid') return { outcomes, body: undefined };
      if (outcome === 'final') {
        const begin = from + heads.inPiece(heads.at);
        assert.equal(heads.bytes.toString('latin1', heads.at, heads.end), text.slice(begin, to));
        return { outcomes, body: text.slice(begin) };
      }
    }
    piece.fill(0x58);
    from = to;
  }
  return { outcomes, body: undefined };
}

describe('the heads of a response', () => {
  it('are the same wherever they are cut', () => {
    const text = `${HINTS}${HINTS}${FINAL}body`;
    const expected = { outcomes: ['interim', 'interim', 'final'], body: 'body' };
    assert.deepEqual(read(text, []), expected);
    for (let at = 1; at < text.length; at++) assert.deepEqual(read(text, [at]), expected, `cut at ${at}`);
    assert.deepEqual(
      read(
        text,
        Array.from({ length: text.length - 1 }, (_, i) => i + 1),
      ),
      expected,
    );
  });

  it('end with 101 as with any final one', () => {
    assert.deepEqual(read('HTTP/1.1 101 Switching Protocols\r\n\r\nbytes', []), { outcomes: ['final'], body: 'bytes' });
  });

  it('are not interim for ever', () => {
    const { outcomes } = read(HINTS.repeat(33) + FINAL, []);
    assert.deepEqual([outcomes.length, outcomes.at(-1)], [33, 'invalid']);
  });

  it('have begun with their first byte, and not before', () => {
    const heads = new ResponseHeads();
    const head = new Head();
    assert.equal(heads.begun, false);
    heads.feed(Buffer.from('H'), 1);
    assert.equal(heads.next(head, 15_360), 'more');
    assert.equal(heads.begun, true);
    heads.reset();
    assert.equal(heads.begun, false);
  });
});
