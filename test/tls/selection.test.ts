import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCrtList } from '../../src/tls/crt-list.ts';
import { Selection } from '../../src/tls/selection.ts';

describe('which certificate a name gets', () => {
  const selection = new Selection([
    { value: 'rsa', kind: 'rsa', names: ['A.test', '*.w.test', '!not.w.test'] },
    { value: 'later', kind: 'rsa', names: ['a.test'] },
    { value: 'ecdsa', kind: 'ecdsa', names: ['*.test', '*.w.test'] },
  ] as const);

  it('takes the first of each kind of key, by name and by wildcard alike', () =>
    assert.deepEqual(selection.find('a.test'), { rsa: 'rsa', ecdsa: 'ecdsa' }));
  it('lets a wildcard stand for one label', () => assert.equal(selection.find('x.y.w.test'), undefined));
  it('excludes a name from the wildcards of its own line alone', () => assert.deepEqual(selection.find('not.w.test'), { ecdsa: 'ecdsa' }));
});

describe('crt-list', () => {
  it('reads words and names', () =>
    assert.deepEqual(parseCrtList('# c\n\na.pem [alpn h2]\t*.a.test !b.a.test\r\n', 'l').lines, [
      { file: 'a.pem', words: ['alpn', 'h2'], filters: ['*.a.test', '!b.a.test'], line: 3 },
    ]));
  it('refuses a bracket that stays open', () => assert.throws(() => parseCrtList('a.pem [verify required\n', 'l'), /\[l:1\]: missing ']'/));
});
