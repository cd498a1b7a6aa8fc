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
]) {
  test(`${pattern} is refused`, () => assert.throws(() => compileRegex(pattern, false), RuleError));
}

test('flag i ignores case', () => {
  assert.equal(compileRegex('^/A', true).test('/a'), true);
  assert.equal(compileRegex('^/A', false).test('/a'), false);
});
