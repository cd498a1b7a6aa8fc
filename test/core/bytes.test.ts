import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf, isText, textOf } from '../../src/core/bytes.ts';

test('text and bytes are each other, but for what is not UTF-8', () => {
  for (const text of ['', 'plain', 'Büro', '東京', '\u{1f600}']) {
    assert.equal(textOf(bytesOf(text)), text);
    assert.ok(isText(bytesOf(text)), text);
  }
  assert.equal(bytesOf('é'), '\xc3\xa9');
  assert.equal(textOf('\xe9'), '\ufffd');
  assert.equal(isText('\xe9'), false);
});
