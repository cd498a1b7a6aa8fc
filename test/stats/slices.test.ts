import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inSlices, type Sliced } from '../../src/stats/slices.ts';

function* numbers(count: number, seen: (number: number) => void = () => {}): Generator<string> {
  for (let number = 0; number < count; number++) {
    seen(number);
    yield `${number}é\n`;
  }
}

const joined = (count: number): string => [...numbers(count)].join('');

/** Every slice looks at the clock once and ends. */
const SHORTEST = 0;

test('a short text is there at once', () => {
  for (const count of [0, 1, 31]) assert.equal(inSlices(numbers(count), SHORTEST).toString(), joined(count));
});

test('between the slices of a long text others have their turn', async () => {
  let made = 0;
  const text = inSlices(
    numbers(1000, (number) => {
      made = number + 1;
    }),
    SHORTEST,
  );
  assert.ok(text instanceof Promise);
  const seen: number[] = [];
  const look = (): void => {
    seen.push(made);
    if (made < 1000) setImmediate(look);
  };
  look();
  assert.equal(Buffer.concat(await text).toString(), joined(1000));
  assert.ok(seen.length > 30, `looked at ${seen.length} times`);
  assert.deepEqual(
    seen.slice(1).filter((number, index) => number - (seen[index] as number) > 32),
    [],
  );
});

test('texts that are made at the same time share the turns', async () => {
  const order: string[] = [];
  const make = (name: string): Promise<unknown> =>
    inSlices(
      numbers(96, () => {
        if (order.at(-1) !== name) order.push(name);
      }),
      SHORTEST,
    ) as Promise<unknown>;
  await Promise.all([make('a'), make('b')]);
  assert.deepEqual(order, ['a', 'b', 'a', 'b', 'a', 'b']);
});

test('a fault while a text is made is its own, and others are made on', async () => {
  const broken = (): Sliced =>
    inSlices(
      numbers(100, (number) => {
        if (number === 70) throw new Error('broken');
      }),
      SHORTEST,
    );
  const [fault, text] = await Promise.allSettled([broken(), inSlices(numbers(100), SHORTEST)]);
  assert.equal(fault.status === 'rejected' && (fault.reason as Error).message, 'broken');
  assert.equal(text.status === 'fulfilled' && Buffer.concat(text.value as readonly Buffer[]).toString(), joined(100));
});
