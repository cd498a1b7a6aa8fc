import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { renderReference } from '../../src/config/reference.ts';
import { rulesReference } from '../../src/rules/reference.ts';

test('docs/configuration.md is what the rows say (npm run docs writes it)', () => {
  const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
  assert.equal(page, renderReference(rulesReference()));
});

test('chapters of other rooms come before what is refused', () => {
  const page = renderReference(['## Rules\n\nThere are some.\n']);
  assert.match(page, /\n\n## Rules\n\nThere are some\.\n\n## HAProxy's keywords that are refused\n/);
});

test('no cell of a table is cut by a bar of its own', () => {
  for (const line of renderReference().split('\n')) {
    if (!line.startsWith('| ')) continue;
    const bars = line.replaceAll('\\|', '').split('|').length - 1;
    assert.ok(bars === 3 || bars === 7, line);
  }
});
