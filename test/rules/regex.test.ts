/** PCRE's expressions in JavaScript: the same matches, or a refusal. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf } from '../../src/core/bytes.ts';
import { RuleError } from '../../src/rules/error.ts';
import { compileRegex } from '../../src/rules/regex.ts';

const same: readonly (readonly [pattern: string, matching: readonly string[], other: readonly string[]])[] = [
  ['^/img/', ['/img/a'], ['/a/img/']],
  ['\\A/img\\z', ['/img'], ['/img/']],
  ['[[:alpha:]][[:digit:]]+', ['a1', 'Zz99'], ['1', 'é1']],
  ['^[^[:space:]]+$', ['a'], ['a b']],
  ['[]x]', [']', 'x'], ['[']],
  ['[^]x]', ['a'], [']', 'x', ']x']],
  ['[[a]', ['[', 'a'], ['b']],
  ['(?i)ABC', ['abc', 'aBc'], ['ab']],
  ['(?P<year>\\d{4})', ['2026'], ['202']],
  ['a\\hb', ['a b', 'a\tb'], ['ab', 'a\nb']],
  ['^.\\x2fa$', ['//a'], ['/a']],
  ['a\\.b', ['a.b'], ['axb']],
  ['^(?:a|b)(?=c)', ['ac', 'bc'], ['ad']],
  ['\\++', ['+', '++'], ['a']],
  [bytesOf('é'), [bytesOf('é')], ['é']],
  // The bytes of each are those that PCRE2 10.42 takes for it.
  ['^a.b$', ['a\rb', 'a b', 'a\xa0b'], ['a\nb']],
  ['(?s)^a.b$', ['a\nb', 'a\rb'], ['ab']],
  ['(?m)^b$', ['b', 'a\nb', 'b\na'], ['a\rb', 'ab']],
  ['(?m)^$', ['', '\n\na'], ['a\n', 'a']],
  ['(?m)\\Ab\\z', ['b'], ['a\nb', 'b\na']],
  ['(?im)^B', ['a\nb'], ['a\rb']],
  ['^\\x{0d}$', ['\r'], ['x', '{']],
  ['^\\x{e9}\\xa\\x$', ['\xe9\n\0'], ['\xe9xax']],
  ['^\\v$', ['\n', '\x0b', '\f', '\r', '\x85'], [' ', 'v']],
  ['^\\V$', ['a', '\xa0'], ['\x0b', '\x85']],
  ['^\\s$', [' ', '\t', '\x0b', '\r'], ['\xa0', '\x85']],
  ['^\\S$', ['\xa0', 'a'], ['\x0b']],
  ['^[[:space:]]$', [' ', '\x0b'], ['\xa0']],
  ['^[\\S]$', ['\xa0'], [' ']],
  ['^\\h$', ['\t', '\xa0'], ['\n']],
  ['^\\H$', ['\n'], ['\xa0']],
  ['^\\cA\\012\\0$', ['\x01\n\0'], ['A']],
  ['^[\\b]$', ['\b'], ['b']],
  ['^[\\d-]$', ['1', '-'], ['d']],
  ['(?i)^\xe9$', ['\xe9'], ['\xc9']],
  ['(?i)^[\xe9a]\\x{c9}B$', ['A\xc9b', '\xe9\xc9B'], ['\xc9\xc9B', 'a\xe9b']],
  ['(?i)^[^\xe9a]$', ['\xc9', 'b'], ['\xe9', 'A']],
  ['(?i)^[X-c\xff]$', ['x', 'y', 'A', 'C', '_', '\xff'], ['d', 'w']],
  ['(?i)^[[:upper:]\xe9]$', ['a', 'A'], ['1']],
  ['^(?<x>a)\\k<x>\\1$', ['aaa'], ['aa']],
];

for (const [pattern, matching, other] of same) {
  test(`${pattern} matches what PCRE matches`, () => {
    const regex = compileRegex(pattern, false);
    for (const text of matching) assert.equal(regex.test(text), true, text);
    for (const text of other) assert.equal(regex.test(text), false, text);
  });
}

for (const pattern of [
  'a++',
  'a*+',
  'a{2}+',
  '(?>a)',
  '(?#note)',
  '(?i:a)',
  '\\Qa.b\\E',
  '\\Kx',
  'a\\R',
  '\\p{L}',
  '[[:^alpha:]]',
  '[[:nope:]]',
  '(*UTF8)a',
  '(',
  '[a',
  'a\\',
  '*',
  '\\y',
  '\\x{100}',
  '(a)\\2',
  '[a-\\d]',
  '[z-a]',
  '(?i)(\xe9)\\1',
]) {
  test(`${pattern} is refused`, () => assert.throws(() => compileRegex(pattern, false), RuleError));
}

test('flag i ignores case', () => {
  assert.equal(compileRegex('^/A', true).test('/a'), true);
  assert.equal(compileRegex('^/A', false).test('/a'), false);
});
