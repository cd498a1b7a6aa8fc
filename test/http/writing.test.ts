/** What is written into heads by ourselves: one byte a character, and none that would end the line. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withoutBreaks } from '../../src/http/chars.ts';
import { Head } from '../../src/http/head.ts';
import { rewritePrefix } from '../../src/http/target.ts';

describe('a value that is written into a head', () => {
  const rows: readonly (readonly [value: string, written: string])[] = [
    ['plain', 'plain'],
    ['', ''],
    ['a\r\nb\0c', 'a  b c'],
    ['tab\tand \xe9\xff', 'tab\tand \xe9\xff'],
    // Latin-1 writes the lower byte: CR, LF and NUL, but for this.
    ['x\u010d\u010aEvil: 1', 'x??Evil: 1'],
    ['\u0100\u2028', '??'],
    ['\u{1f600}\r', '?? '],
  ];
  for (const [value, written] of rows) {
    it(`is ${JSON.stringify(written)} for ${JSON.stringify(value)}`, () => {
      assert.equal(withoutBreaks(value), written);
      const head = new Head();
      head.add('x', value);
      assert.equal(Buffer.from(head.fieldLines(), 'latin1').toString('latin1'), `x: ${written}\r\n`);
    });
  }

  it('ends at no character but its own CRLF', () => {
    for (let code = 0; code <= 0xffff; code++) {
      const bytes = Buffer.from(withoutBreaks(String.fromCharCode(code)), 'latin1');
      assert.ok(!bytes.includes(0x0d) && !bytes.includes(0x0a) && !bytes.includes(0x00), `U+${code.toString(16)}`);
    }
  });
});

describe('a prefix of the path that is replaced', () => {
  const rows: readonly (readonly [target: string, prefix: string, replacement: string, rewritten: string])[] = [
    ['/api/a?b', '/api', '/v1', '/v1/a?b'],
    ['/api', '/api', '', '/'],
    ['/api/a', '/api', '/', '/a'],
    ['/a', '/', '/v1/', '/v1/a'],
    ['/api?x=1', '/api', '', '/?x=1'],
    ['/api/a', '/api', '/%C4%8D', '/%C4%8D/a'],
    ['/api/a', '/api', '/\u010d\u010aX', '/%C4%8D%C4%8AX/a'],
    ['/api/a', '/api', '/v 1\r\n#\x7f', '/v%201%0D%0A%23%7F/a'],
    ['/api/a', '/api', '/\ud800', '/%EF%BF%BD/a'],
    // What the client wrote goes on as it is: the parser has let it in.
    ['/api/\xe9', '/api', '/v1', '/v1/\xe9'],
  ];
  for (const [target, prefix, replacement, rewritten] of rows) {
    it(`makes ${JSON.stringify(rewritten)} of ${JSON.stringify(target)} with ${JSON.stringify(replacement)}`, () => {
      assert.equal(rewritePrefix(target, prefix, replacement), rewritten);
    });
  }
});
