/** Expressions of routes in PCRE's words. test/haproxy/render.test.ts has HAProxy take them. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pcreOf } from '../../src/render/pcre.ts';

describe('an expression of a route', () => {
  const said: readonly (readonly [what: string, source: string, expected: string])[] = [
    ['stays what it is where both mean the same', String.raw`^(?:shop|www)-\d{1,3}[a-z0-9-]*?\.test$`, ''],
    ['has characters by their number', String.raw`^\u0041\x42\cA\0$`, String.raw`^AB\x01\x00$`],
    ['has no number where it only looks so', String.raw`^\x{2}\u{3}\X41$`, '^x{2}u{3}X41$'],
    ['has the blanks of JavaScript', String.raw`\t\v`, String.raw`\x09\x0b`],
    ["takes escapes of PCRE's alone as the letters that they are", String.raw`^\Qa\E\R\Z\e\p{2}$`, '^QaERZep{2}$'],
    ['has braces and brackets as they are', 'a{,3}]{', String.raw`a\{,3\}\]\{`],
    ['has groups without their names', '^(?<a>x)(?=y)(?!z)', '^(x)(?=y)(?!z)'],
    ['has a class that takes nothing', '^[]$', String.raw`^[^\x00-\xff]$`],
    ['has a class that takes everything', '^[^]$', String.raw`^[\x00-\xff]$`],
    ['has a range that is none', String.raw`^[\d-x]$`, String.raw`^[\x2d0-9Xx]$`],
    ['has classes within classes as the characters that they are', '[[:d:]]', String.raw`[\x3aD\x5bd]\]`],
    ['has an escaped bracket in its class', String.raw`[\]\\]+`, String.raw`[\x5c-\x5d]+`],
    ['may be empty', '', ''],
  ];
  for (const [what, source, expected] of said) {
    it(what, () => assert.deepEqual(pcreOf(source), { value: expected === '' ? source : expected }));
  }

  const refused: readonly (readonly [source: string, why: RegExp])[] = [
    [String.raw`^(a)?\1$`, /^'\\1' may mean something else in PCRE$/],
    [String.raw`^(?<a>x)\k<a>$`, /^'\\k' may/],
    [String.raw`^\08$`, /^'\\08' may/],
    [String.raw`^\c1$`, /^'\\c' may/],
    ['(?<=a+)b', /^'\(\?<=' may/],
    ['(?<!a)b', /^'\(\?<!' may/],
    ['(?i:a)', /^'\(\?i' may/],
    ['(?=a)*b', /^'\(\?=' is repeated$/],
    [String.raw`\u0416`, /U\+0416 is beyond ASCII/],
    ['[\u0416]', /has characters beyond ASCII/],
    ['a{70000}', /^'\{70000\}' is too often for PCRE$/],
    ['(?:(?:abc){200}){200}', /^it is too large for PCRE$/],
  ];
  for (const [source, why] of refused) {
    it(`is refused where PCRE may mean something else: ${source}`, () => {
      const read = pcreOf(source);
      assert.match('error' in read ? read.error : read.value, why);
    });
  }
});
