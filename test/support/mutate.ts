/** Seeded mutations of text: the same seed gives the same bytes everywhere, so a failure can be asked for again. */

/** Bytes that mean something to some parser. */
const SPICE = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  ';',
  '0',
  '1',
  'f',
  '-',
  '+',
  'x',
  '#',
  '/',
  '\x0b',
  '\x7f',
  '\x80',
  '\xff',
  'chunked',
  '\r\n\r\n',
];

/** How long a fuzz test runs, ms, and where it begins: the same place every time, unless somebody goes looking. */
export const fuzzBudget: number = Number(process.env.FUZZ_MS ?? 3000);
export const fuzzSeed: number = Number(process.env.FUZZ_SEED ?? 1);

/** mulberry32: small, and the same everywhere. The result is below `below`. */
export function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** One of `corpus`, sometimes two, with up to three changes. */
export function mutate(corpus: readonly string[], seed: number): Buffer {
  const next = random(seed);
  let text = corpus[next(corpus.length)] as string;
  if (next(4) === 0) text += corpus[next(corpus.length)] as string;
  for (let count = next(4); count > 0; count--) text = change(text, next);
  return Buffer.from(text, 'latin1');
}

function change(text: string, next: (below: number) => number): string {
  const at = next(text.length + 1);
  const spice = SPICE[next(SPICE.length)] as string;
  switch (next(4)) {
    case 0:
      return text.slice(0, at) + spice + text.slice(at);
    case 1:
      return text.slice(0, at) + spice + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + text.slice(at + 1 + next(3));
    default:
      return text.slice(0, at) + text.slice(Math.max(0, at - next(20)), at) + text.slice(at);
  }
}

/** For messages: how to have this case again. */
export function told(seed: number, bytes: Buffer): string {
  return `FUZZ_SEED=${seed}: ${JSON.stringify(bytes.toString('latin1'))}`;
}
