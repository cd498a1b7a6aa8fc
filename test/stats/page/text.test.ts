import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toneOf } from '../../../src/stats/page/shape.ts';
import { bytes, count, duration, uptime } from '../../../src/stats/page/text.ts';

const STATES: readonly (readonly [status: string, tone: string])[] = [
  ['UP', 'up'],
  ['OPEN', 'up'],
  ['UP 1/3', 'going'],
  ['DOWN 1/2', 'going'],
  ['DOWN', 'down'],
  ['STOP', 'down'],
  ['NOLB', 'drain'],
  ['DRAIN', 'drain'],
  ['MAINT', 'maint'],
  ['MAINT (resolution)', 'maint'],
  ['PAUSED', 'maint'],
  ['no check', 'plain'],
];

test('every status has its tone', () => {
  for (const [status, tone] of STATES) assert.equal(toneOf(status), tone, status);
});

test('durations are read at a glance', () => {
  assert.deepEqual([7, 306, 11040, 93600, undefined].map(duration), ['7s', '5m6s', '3h4m', '1d2h', undefined]);
});

test('an uptime is written as HAProxy does', () => {
  assert.deepEqual([0, 96, 3 * 86400 + 4 * 3600 + 5].map(uptime), ['0d 0h00m00s', '0d 0h01m36s', '3d 4h00m05s']);
});

test('bytes are three digits and a unit', () => {
  const written = [0, 999, 1000, 12_345, 999_499, 999_500, 4_561_000_000, 1e18, undefined].map(bytes);
  const expected = ['0', '999', '1.00 kB', '12.3 kB', '999 kB', '1.00 MB', '4.56 GB', '1.00 EB', undefined];
  assert.deepEqual(
    written.map((text) => text?.replace('\u00a0', ' ')),
    expected,
  );
});

test('counts are exact as long as there is room', () => {
  const written = [0, 9999, 10_000, 99_999, 100_000, 999_500, 1_234_567_890].map(count);
  assert.deepEqual(
    written.map((text) => text.replace('\u202f', ' ')),
    ['0', '9999', '10 000', '99 999', '100 k', '1.00 M', '1.23 G'],
  );
});
