import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isAuthority, isPath, isTarget, isToken, readOneLabelHost, trimmedPath } from '../../../src/discovery/labels/words.ts';

it('paths lose the slashes at their end, but for the last one there is', () => {
  const cases = { '/': '/', '//': '/', '/a': '/a', '/a/': '/a', '/a//b//': '/a//b', '': '', a: 'a' };
  for (const [text, expected] of Object.entries(cases)) assert.equal(trimmedPath(text), expected, text);
});

it('a star of one label', () => {
  assert.deepEqual(readOneLabelHost('A.test'), { kind: 'exact', value: 'a.test' });
  const star = readOneLabelHost('*.a.test');
  assert.deepEqual(star, { kind: 'regex', value: '^[^.]+\\.a\\.test$' });
  assert.match(String(readOneLabelHost('~^a')), /not a host/);
  assert.match(String(readOneLabelHost('a.*')), /not a host/);
});

it('what can stand in a request, and what would end its line', () => {
  for (const good of ['/', '/a%20b', '/a;b=c']) assert.ok(isPath(good) && isTarget(good), good);
  assert.ok(isTarget('/a?b=c') && !isPath('/a?b=c'));
  for (const bad of ['', 'a', '/a b', '/a\r\nX: y', '/ü', '/a#b']) assert.ok(!isPath(bad) && !isTarget(bad), bad);
  for (const good of ['a.test', 'a.test:80', '[::1]:80', '10.0.0.1']) assert.ok(isAuthority(good), good);
  for (const bad of ['', 'a b', 'a\r\nX: y', 'a:b', 'a.test:']) assert.ok(!isAuthority(bad), bad);
  for (const good of ['GET', 'SERVERID', '__Host-x']) assert.ok(isToken(good), good);
  for (const bad of ['', 'a b', 'a=b', 'a;b', 'a\n']) assert.ok(!isToken(bad), bad);
});
