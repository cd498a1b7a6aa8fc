import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { lexLine } from '../../src/config/lexer.ts';
import { here } from './cases.ts';

const variables: Readonly<Record<string, string>> = { HOME: '/root', LIST: ' a  b c', EMPTY: '', '.LINE': '7' };

/** Text, then the words that HAProxy 2.6 makes of it. */
const lines: readonly (readonly [text: string, ...words: string[]])[] = JSON.parse(readFileSync(`${here}cases/lexer.json`, 'utf8'));

for (const [text, ...words] of lines) {
  test(`${JSON.stringify(text)} is ${words.length} word(s)`, () => {
    assert.deepEqual(
      lexLine(text, (name) => variables[name]),
      { words },
    );
  });
}

test('an open quote says where it was opened', () => {
  assert.deepEqual(
    lexLine('  log "x', () => undefined),
    { error: 'unmatched quote', column: 4, position: 7, line: 'log "x' },
  );
});
