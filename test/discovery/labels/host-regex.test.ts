import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { LONGEST_HOST, slowRegex } from '../../../src/discovery/labels/host-regex.ts';

describe('a regular expression for hosts', () => {
  for (const source of [
    '^shop-\\d+\\.test$',
    '^[a-z]+-[a-z]+\\.(test|example)$',
    '^(www\\.)?a{1,2}(\\.eu)?\\.test$',
    '[a-z(+]*\\.test$',
    '^(?:ab)+$',
    '.*.*x$',
    '^.*.*.*x$',
    '^(?<name>[^.]+)\\.\\k<name>$',
    '^a\\(b+\\)+c{,2}$',
    '^a.test$|^b.test$',
    '',
  ]) {
    it(`is taken: ${source}`, () => assert.equal(slowRegex(source), undefined));
  }

  for (const source of [
    '^(a+)+$',
    '^(a*)*$',
    '^(?:a|a)*$',
    '^(a|ab){2,}$',
    '^(a?a?){30}$',
    '^((ab)*c)+?$',
    '(?<x>[a-z]+)*',
    '^(?=(a+)+b)',
    '^([\\]a]+)+$',
  ]) {
    it(`is refused for what it repeats: ${source}`, () => assert.match(slowRegex(source) ?? '', /^repeats a group/));
  }

  for (const source of ['.*.*.*x', '^.*.*.*.*x', `^${'a?'.repeat(30)}x`, `^${'(a|a)'.repeat(30)}x`, '^a{0,200}a{0,200}a{0,200}a{0,200}x']) {
    it(`is refused for its length: ${source}`, () => assert.match(slowRegex(source) ?? '', /^has too many/));
  }

  it('is quick when it is taken', () => {
    const atom = fc.constantFrom('a', '.', '[ab]', '(a)', '(a|b)', '(?:aa)', 'a|a', '(a+)', '(?=a)', '(a*b?)');
    const sign = fc.constantFrom('', '*', '+', '?', '{2}', '{1,9}', '{2,}', '*?');
    const expression = fc.array(fc.tuple(atom, sign), { maxLength: 6 }).map((parts) => `${parts.flat().join('')}x$`);
    const host = 'a'.repeat(LONGEST_HOST);
    // Were one of them not, this would not end.
    fc.assert(
      fc.property(expression, (source) => {
        if (slowRegex(source) === undefined) new RegExp(source, 'i').test(host);
      }),
      { numRuns: 200 },
    );
  });
});
