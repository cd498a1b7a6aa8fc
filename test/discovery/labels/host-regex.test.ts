import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { slowRegex, stepsOf } from '../../../src/discovery/labels/host-regex.ts';

describe('a regular expression for hosts', () => {
  for (const source of [
    '^shop-\\d+\\.test$',
    '^[a-z]+-[a-z]+\\.(test|example)$',
    '^(www\\.)?a{1,2}(\\.eu)?\\.test$',
    '[a-z(+]*\\.test$',
    '^(?:ab)+$',
    '.*x$',
    '.+\\.example\\.com',
    '^.*.*x$',
    '^[a-z0-9-]+\\.[a-z0-9-]+\\.eu-central\\.example-company\\.com$',
    '^(shop|www|api|admin)-(blue|green)\\.(test|example)$',
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

  for (const source of [
    '.*.*x$',
    '^.*.*.*x$',
    // Few ways, but a long one each.
    '.*.*a{100}b',
    '^.*.*.*a{60}b',
    '^.*.*a{200}b',
    '^.*.*(?:aaaaaaaaaaaaaaaaaaaa){10}b',
    '^.*.*(?=a{100})b',
    `^${'(a|a)'.repeat(22)}a{230}b`,
    `^${'(a|a)'.repeat(22)}b`,
    `^${'a?'.repeat(30)}x`,
    '^a{0,200}a{0,200}a{0,200}x',
    '^(?:(?=a)){1000000000}b',
    '^(.*).*\\1\\1b',
    '^(?<x>.*).*\\k<x>\\k<x>b',
  ]) {
    it(`is refused for its length: ${source}`, () => assert.match(slowRegex(source) ?? '', /^has too many/));
  }

  it('is refused for its depth', () => {
    for (const depth of [200, 4000]) assert.equal(slowRegex(`${'('.repeat(depth)}a${')'.repeat(depth)}`), 'is nested too deeply');
  });

  it('takes no more steps than are counted', () => {
    const part = fc.letrec<{ atom: Part; group: Part; repeated: Part }>((tie) => ({
      atom: fc.constantFrom<Part>(['letter', 'a'], ['letter', 'b'], ['letter', '.'], ['letter', '[ab]']),
      group: fc.array(fc.array(tie('repeated'), { maxLength: 3 }), { minLength: 1, maxLength: 3 }).map((either): Part => ['group', either]),
      repeated: fc
        .tuple(
          fc.oneof({ weight: 4, arbitrary: tie('atom') }, { weight: 1, arbitrary: tie('group') }),
          fc.constantFrom<readonly [string, number, number]>(
            ['', 1, 1],
            ['*', 0, 40],
            ['+', 1, 40],
            ['?', 0, 1],
            ['{12}', 12, 12],
            ['{1,9}', 1, 9],
          ),
        )
        .map(([what, [sign, least, most]]): Part => ['repeated', what, sign, least, most]),
    })).repeated;
    const property = fc.property(fc.array(part, { maxLength: 6 }), fc.constantFrom('a'.repeat(40), `${'ab'.repeat(20)}`), (parts, host) => {
      const counted = stepsOf(`^${parts.map(written).join('')}c`);
      if (counted > 200_000) return;
      const taken = stepsTaken([...parts, ['letter', 'c']], host);
      assert.ok(taken <= counted, `${taken} > ${counted}`);
    });
    fc.assert(property, { numRuns: 2000 });
  });
});

/** Of an expression. */
type Part =
  | readonly ['letter', string]
  | readonly ['group', readonly (readonly Part[])[]]
  | readonly ['repeated', Part, string, number, number];

function written(part: Part): string {
  if (part[0] === 'letter') return part[1];
  if (part[0] === 'repeated') return `${written(part[1])}${part[2]}`;
  return `(?:${part[1].map((either) => either.map(written).join('')).join('|')})`;
}

/** Letters that a backtracking matcher looks at until it has tried every way. */
function stepsTaken(parts: readonly Part[], host: string): number {
  let steps = 0;
  const sequence = (all: readonly Part[], at: number, then: (at: number) => void): void => {
    const [first, ...rest] = all;
    if (first === undefined) then(at);
    else match(first, at, (next) => sequence(rest, next, then));
  };
  const repeat = (part: Part, least: number, most: number, at: number, then: (at: number) => void): void => {
    // What was empty is not tried again.
    if (most > 0) match(part, at, (next) => (next > at || least > 0) && repeat(part, Math.max(0, least - 1), most - 1, next, then));
    if (least === 0) then(at);
  };
  const match = (part: Part, at: number, then: (at: number) => void): void => {
    if (part[0] === 'group') for (const either of part[1]) sequence(either, at, then);
    else if (part[0] === 'repeated') repeat(part[1], part[3], part[4], at, then);
    else {
      steps++;
      const letter = host[at];
      if (letter !== undefined && (part[1] === '.' || part[1] === '[ab]' || part[1] === letter)) then(at + 1);
    }
  };
  sequence(parts, 0, () => undefined);
  return steps;
}
