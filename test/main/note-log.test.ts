import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Note } from '../../src/discovery/provider.ts';
import { NoteLog } from '../../src/note-log.ts';

const note = (subject: string, message = 'is refused', level: Note['level'] = 'error'): Note => ({ level, subject, message });
const TEN_MINUTES = 600_000;

test('a note is told once, however often it comes again', () => {
  const log = new NoteLog();
  assert.deepEqual(log.fresh([note('a'), note('b'), note('a')], 0), [note('a'), note('b')]);
  for (let now = 1; now < TEN_MINUTES; now += 1000) assert.deepEqual(log.fresh([note('a')], now), []);
});

test('another reason, and another level, is news', () => {
  const log = new NoteLog();
  log.fresh([note('a')], 0);
  assert.equal(log.fresh([note('a', 'has no port'), note('a', 'is refused', 'warning')], 1).length, 2);
});

test('after ten minutes it may be told again', () => {
  const log = new NoteLog();
  log.fresh([note('a')], 0);
  assert.deepEqual(log.fresh([note('a')], TEN_MINUTES), [note('a')]);
});

test('in a storm memory has an end: the oldest are forgotten', () => {
  const log = new NoteLog();
  for (let i = 0; i < 20_001; i++) log.fresh([note(`c${i}`)], i);
  assert.deepEqual(log.fresh([note('c20000')], 20_002), []);
  assert.deepEqual(log.fresh([note('c0')], 20_002), [note('c0')]);
});
