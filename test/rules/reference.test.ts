/** The chapters of the documentation name what there is. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CRITERIA, PREDEFINED } from '../../src/rules/acl.ts';
import { ACTIONS } from '../../src/rules/compile.ts';
import { CONVERTERS } from '../../src/rules/converters.ts';
import { FETCHES } from '../../src/rules/expression.ts';
import { VARIABLES } from '../../src/rules/format-variables.ts';
import { MATCHES } from '../../src/rules/match.ts';
import { rulesReference } from '../../src/rules/reference.ts';
import { isForeignAction, isForeignConverter, isForeignFetch } from '../../src/rules/refused.ts';

test('each chapter has a heading of its own', () => {
  const chapters = rulesReference();
  assert.equal(chapters.length, 5);
  for (const chapter of chapters) assert.match(chapter, /^## [A-Z]/);
});

test('every name is in the reference', () => {
  const text = rulesReference().join('\n');
  const named = (name: string): boolean => new RegExp(`[\`]${name.replaceAll('.', '\\.')}(?:[\`( ])`).test(text);
  const names = [
    ...FETCHES.flatMap((row) => row.names),
    ...CONVERTERS.map((row) => row.name),
    ...MATCHES.map((row) => row.name),
    ...ACTIONS.map((row) => row.name),
    ...VARIABLES.map((row) => `%${row.name}`),
    ...PREDEFINED.map(([name]) => name),
    ...[...CRITERIA].filter(([, { match }]) => match !== undefined).map(([name]) => name),
  ];
  assert.deepEqual(
    names.filter((name) => !named(name)),
    [],
  );
});

test('what we do is not refused', () => {
  assert.deepEqual(FETCHES.flatMap((row) => row.names).filter(isForeignFetch), []);
  assert.deepEqual([...CRITERIA.keys()].filter(isForeignFetch), []);
  assert.deepEqual(CONVERTERS.map((row) => row.name).filter(isForeignConverter), []);
  for (const { name, on } of ACTIONS) {
    for (const phase of ['request', 'response'] as const)
      if (on === 'both' || on === phase) assert.equal(isForeignAction(name, phase), false, name);
  }
});
