/** Lists of containers in files: what is read, what a change leaves, which containers are meant. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Member } from '../../../src/config/member.ts';
import { matchMembers, readMembers, withMember, withoutMember } from '../../../src/discovery/docker/members.ts';

const member = (id: string, port?: number): Member => ({ id, port });

describe('a list of members', () => {
  const texts: readonly (readonly [text: string, members: readonly Member[]])[] = [
    ['', []],
    ['\n \n# nobody\n', []],
    ['caee75cbf7b5', [member('caee75cbf7b5')]],
    ['CAEE75CBF7B5:8080 # the first\r\n\tabc\n', [member('caee75cbf7b5', 8080), member('abc')]],
    [`${'a'.repeat(64)}:1\n`, [member('a'.repeat(64), 1)]],
  ];
  for (const [text, members] of texts) {
    it(`is read: ${JSON.stringify(text)}`, () => assert.deepEqual(readMembers(text), { value: members }));
  }

  const mistakes: readonly (readonly [text: string, error: string])[] = [
    ['web-1', "line 1: 'web-1' is no container id with an optional :PORT"],
    ['\nabc def', "line 2: 'abc def' is no container id with an optional :PORT"],
    [`${'a'.repeat(65)}`, `line 1: '${'a'.repeat(65)}' is no container id with an optional :PORT`],
    ['abc:', "line 1: invalid character '' in port number ''"],
    ['abc:0', "line 1: invalid port '0'"],
    ['abc:65536', "line 1: invalid port '65536'"],
    ['abc\nABC:80', 'line 2: abc stands in line 1, too'],
    ['[{"id":"abc"}]', `line 1: '[{"id":"abc"}]' is no container id with an optional :PORT`],
  ];
  for (const [text, error] of mistakes) {
    it(`is refused: ${JSON.stringify(text)}`, () => assert.deepEqual(readMembers(text), { error }));
  }

  it('keeps its comments when it changes, and its last line apart', () => {
    const text = '# app1\nabc # first\ndef';
    const more = withMember(text, member('fed', 80));
    assert.equal(more, '# app1\nabc # first\ndef\nfed:80\n');
    assert.equal(withoutMember(more, member('abc')), '# app1\ndef\nfed:80\n');
    assert.equal(withoutMember(withMember(text, member('123')), member('123')), `${text}\n`);
  });

  it('means a container whose id begins so, and nobody where several do', () => {
    const members = [member('ab', 1), member('abc'), member('d'), member('e')];
    const { chosen, ambiguous } = matchMembers(members, ['abc1', 'd1', 'd2', 'f1']);
    assert.deepEqual([...chosen], [['abc1', member('ab', 1)]], 'the first line counts');
    assert.deepEqual(ambiguous, [member('d')]);
  });
});
