import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Slices } from '../../src/stats/slices.ts';

function* numbers(count: number, seen: (number: number) => void = () => {}): Generator<string> {
  for (let number = 0; number < count; number++) {
    seen(number);
    yield `${number}é\n`;
  }
}

const joined = (count: number): string => [...numbers(count)].join('');

/** What no machine is too slow for. */
const LONG = 60_000;

function whole(slices: Slices): string {
  const made = [];
  while (!slices.over) made.push(slices.next());
  return Buffer.concat(made).toString();
}

test('a text is whole, however short it is', () => {
  for (const count of [0, 1, 1000]) {
    const slices = new Slices(numbers(count), LONG);
    assert.equal(slices.next().toString(), joined(count));
    assert.equal(slices.over, true);
  }
});

test('a slice ends behind the piece that takes too long', () => {
  const slices = new Slices(numbers(3), 0);
  const made = [];
  while (!slices.over) made.push(slices.next().toString());
  assert.deepEqual(made, ['0é\n', '1é\n', '2é\n', '']);
});

test('a slice ends behind the piece that makes it long; nothing is made that is not asked for', () => {
  let made = 0;
  const slices = new Slices(
    numbers(100_000, (number) => {
      made = number + 1;
    }),
    LONG,
  );
  assert.equal(made, 0);
  const first = slices.next().toString();
  assert.equal(first, joined(made));
  assert.ok(first.length >= 32_768 && first.length < 32_768 + 10, `${first.length} letters`);
  const before = made;
  const second = slices.next().toString();
  assert.ok(made > before && made < 100_000);
  assert.equal(first + second + whole(slices), joined(100_000));
});

test('a fault while a text is made is told to whoever asks for the slice', () => {
  const slices = new Slices(
    numbers(100, (number) => {
      if (number === 70) throw new Error('broken');
    }),
    LONG,
  );
  assert.throws(() => slices.next(), /broken/);
});
