/** Every way in which a message may come in pieces. */

/** Longer ones are cut everywhere near their ends, and here and there between: all of it would be quadratic. */
const LONG = 600;
const NEAR = 150;

/**
 * Where the pieces of a message of `length` bytes end, its own end left out: whole, in two at every byte, and in pieces of
 * every size. A message of more than 600 bytes is cut in two at its first and last 150 bytes and every 97th between, and
 * comes in pieces of 1 to 64 bytes and of the powers of two.
 */
export function* cuttings(length: number): Generator<readonly number[]> {
  yield [];
  const long = length > LONG;
  for (let at = 1; at < length; at++) {
    if (!long || at <= NEAR || at >= length - NEAR || at % 97 === 0) yield [at];
  }
  // A piece of more than half the length is a cut in two.
  for (let size = 1; size * 2 < length; size++) {
    if (long && size > 64 && (size & (size - 1)) !== 0) continue;
    yield Array.from({ length: Math.ceil(length / size) - 1 }, (_, index) => (index + 1) * size);
  }
}
