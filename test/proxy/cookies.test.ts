import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import fc from 'fast-check';
import { editRequestLine, editResponseLine, type RequestCookie, readDated, writeDate } from '../../src/proxy/cookies.ts';

const READ: RequestCookie = { name: 'SRV', removed: false, prefixed: false };
const REMOVE: RequestCookie = { name: 'SRV', removed: true, prefixed: false };
const PREFIX: RequestCookie = { name: 'SRV', removed: false, prefixed: true };

/** As HAProxy 2.6 does it, seen by test/haproxy/stickiness.test.ts; `-` is a line that goes. */
const REQUESTS: readonly (readonly [line: string, values: string, read: string, removed: string, prefixed: string])[] = [
  ['SRV=one', 'one', 'SRV=one', '-', 'SRV=one'],
  ['SRV', '', 'SRV', 'SRV', 'SRV'],
  ['SRV=', '', 'SRV=', '-', 'SRV='],
  ['srv=one; XSRV=two; SRVX=three', '', 'srv=one; XSRV=two; SRVX=three', 'srv=one; XSRV=two; SRVX=three', 'srv=one; XSRV=two; SRVX=three'],
  ['a=1; SRV=two', 'two', 'a=1; SRV=two', 'a=1', 'a=1; SRV=two'],
  ['SRV=two; a=1', 'two', 'SRV=two; a=1', 'a=1', 'SRV=two; a=1'],
  ['a=1; SRV=two; b=2', 'two', 'a=1; SRV=two; b=2', 'a=1; b=2', 'a=1; SRV=two; b=2'],
  ['a=1;SRV=two;b=2', 'two', 'a=1;SRV=two;b=2', 'a=1; b=2', 'a=1;SRV=two;b=2'],
  ['SRV = two; a = 1', 'two', 'SRV=two; a=1', 'a=1', 'SRV=two; a=1'],
  ['a="x; SRV=one"; SRV=two', 'two', 'a="x; SRV=one"; SRV=two', 'a="x; SRV=one"', 'a="x; SRV=one"; SRV=two'],
  ['a="x\\"; SRV=one"; SRV=two', 'two', 'a="x\\"; SRV=one"; SRV=two', 'a="x\\"; SRV=one"', 'a="x\\"; SRV=one"; SRV=two'],
  ['a="; SRV=two', '', 'a="; SRV=two', 'a="; SRV=two', 'a="; SRV=two'],
  ['$Version=1; SRV=two; $Path=/; a=1', 'two', '$Version=1; SRV=two; $Path=/; a=1', '$Version=1; a=1', '$Version=1; SRV=two; $Path=/; a=1'],
  ['SRV=one; SRV=two', 'one two', 'SRV=one; SRV=two', '-', 'SRV=one; SRV=two'],
  ['SRV=one; a=1; SRV=two', 'one two', 'SRV=one; a=1; SRV=two', 'a=1', 'SRV=one; a=1; SRV=two'],
  ['SRV=two~x~y; a=1', 'two~x~y', 'SRV=two~x~y; a=1', 'a=1', 'SRV=x~y; a=1'],
  ['a=1; SRV=two~x; b=2; SRV=one~y', 'two~x one~y', 'a=1; SRV=two~x; b=2; SRV=one~y', 'a=1; b=2', 'a=1; SRV=x; b=2; SRV=y'],
  [';;SRV=two;;b=2', 'two', ';;SRV=two;;b=2', ';; ;b=2', ';;SRV=two;;b=2'],
];

/** How many characters `edit` cuts out of texts. */
function copied(edit: () => void): number {
  const { slice } = String.prototype;
  let count = 0;
  mock.method(String.prototype, 'slice', function (this: string, from?: number, to?: number) {
    const part = slice.call(this, from, to);
    count += part.length;
    return part;
  });
  try {
    edit();
  } finally {
    mock.restoreAll();
  }
  return count;
}

describe('the Cookie lines of a request', () => {
  for (const [line, values, ...expected] of REQUESTS) {
    it(JSON.stringify(line), () => {
      const seen: string[] = [];
      const edited = [READ, REMOVE, PREFIX].map(
        (cookie) => editRequestLine(line, cookie, (value) => cookie === READ && seen.push(value)) || '-',
      );
      assert.deepEqual(edited, expected);
      assert.equal(seen.join(' '), values);
    });
  }

  for (const [what, pair, cookie] of [
    ['names with blanks', 'a =1;', READ],
    ['cookies that go, between others', 'SRV=1;b;', REMOVE],
    ['cookies that lose their prefix', 'SRV=~;', PREFIX],
  ] as const) {
    it(`are copied a few times, not once for each edit: ${what}`, () => {
      const line = pair.repeat(2000);
      assert.ok(copied(() => editRequestLine(line, cookie, () => {})) < 5 * line.length);
    });
  }

  it('of any shape are read to their end, and none of ours is left of those that are removed', () => {
    const piece = fc.constantFrom('SRV', 'a', '=', ';', ',', ' ', '\t', '"', '\\', '$', '~', '|', 'x');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
        const line = pieces.join('').trim();
        assert.ok(editRequestLine(line, PREFIX, () => {}).length <= line.length);
        const left: string[] = [];
        editRequestLine(
          editRequestLine(line, REMOVE, () => {}),
          READ,
          (value) => left.push(value),
        );
        // Quotes that open in what was removed may hide what follows, or show it.
        if (!line.includes('"') && !line.includes('$')) assert.deepEqual(left, []);
      }),
    );
  });
});

const SETS: readonly (readonly [line: string, deleted: string, replaced: string, prefixed: string])[] = [
  ['SRV=app; path=/', '-', 'SRV=s1; path=/', 'SRV=s1~app; path=/'],
  ['SRV = app ; path=/', '-', 'SRV=s1 ; path=/', 'SRV=s1~app ; path=/'],
  ['SRV=; path=/', '-', 'SRV=s1; path=/', 'SRV=s1~; path=/'],
  ['SRV="a;b"; path=/', '-', 'SRV=s1; path=/', 'SRV=s1~"a;b"; path=/'],
  ['a=1; SRV=no', 'a=1; SRV=no', 'a=1; SRV=no', 'a=1; SRV=no'],
  [
    'SRV=app; Expires=Thu, 01-Jan-2037 00:00:01 GMT',
    '-',
    'SRV=s1; Expires=Thu, 01-Jan-2037 00:00:01 GMT',
    'SRV=s1~app; Expires=Thu, 01-Jan-2037 00:00:01 GMT',
  ],
  ['SRV', 'SRV', 'SRV', 'SRV'],
];

describe('the Set-Cookie lines of a response', () => {
  for (const [line, ...expected] of SETS) {
    it(JSON.stringify(line), () => {
      const edits = ['delete' as const, { replace: 's1' }, { prefix: 's1' }];
      assert.deepEqual(
        edits.map((edit) => editResponseLine(line, 'SRV', false, () => edit) || '-'),
        expected,
      );
      assert.equal(
        editResponseLine(line, 'other', false, () => 'delete'),
        line.replace(' = app', '=app'),
      );
    });
  }

  it('are copied a few times, not once for each edit, where they hold thousands', () => {
    const line = 'SRV =1,a =2,'.repeat(1000);
    assert.ok(copied(() => editResponseLine(line, 'SRV', true, () => ({ replace: 's1' }))) < 5 * line.length);
  });

  it('hold several cookies where they are Set-Cookie2', () => {
    const line = 'a=1; Path="/,x", SRV=app; Path=/, b=2';
    assert.equal(
      editResponseLine(line, 'SRV', true, () => 'delete'),
      'a=1; Path="/,x", b=2',
    );
    assert.equal(
      editResponseLine(line, 'SRV', true, () => ({ replace: 's1' })),
      'a=1; Path="/,x", SRV=s1; Path=/, b=2',
    );
  });
});

describe('dates of cookies', () => {
  it('are in units of four seconds, upwards, and read back', () => {
    assert.equal(writeDate(0), 'AAAAA');
    assert.equal(writeDate(1), 'AAAAB');
    assert.equal(writeDate(1_700_000_001), writeDate(1_700_000_004));
    assert.deepEqual(readDated(`s1|${writeDate(1_700_000_000)}|${writeDate(1_600_000_000)}`), {
      server: 's1',
      last: 1_700_000_000,
      first: 1_600_000_000,
    });
  });

  it('that are none are no dates', () => {
    for (const value of ['s1|', 's1|AAAA', 's1|!!!!!', 's1|AAAAA', 's1||', 's1|x|AAAA']) {
      assert.deepEqual(readDated(value), { server: 's1', last: 0, first: 0 }, value);
    }
  });
});
