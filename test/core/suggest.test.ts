import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean, nearest } from '../../src/core/suggest.ts';

test('the nearest word is the one that was mistyped, and nothing when none is near', () => {
  const words = ['balance', 'bind', 'server', 'timeout', 'tfo'];
  assert.equal(nearest('blance', words), 'balance');
  assert.equal(nearest('balacne', words), 'balance');
  assert.equal(nearest('Server', words), 'server');
  assert.equal(nearest('timeuot', words), 'timeout');
  assert.equal(nearest('fo', words), 'tfo');
  assert.equal(nearest('xyzzy', words), undefined);
  assert.equal(nearest('x', words), undefined);
});

test('the nearest word is offered at the end of a sentence', () => {
  assert.equal(didYouMean('blance', ['balance', 'bind']), "; did you mean 'balance'?");
  assert.equal(didYouMean('xyzzy', ['balance', 'bind']), '');
});
