/**
 * Seeded mutations of messages, made of what parsers disagree about: the same seed gives the same bytes everywhere, so a
 * failure can be asked for again, and `telling` writes it down as a seed to keep.
 *
 * FUZZ_MS is how long all fuzz tests together run (10000), FUZZ_SEED where they begin: the same place every time, unless
 * somebody goes looking.
 */

const USUAL_MS = 10_000;
const fuzzMs = Number(process.env.FUZZ_MS ?? USUAL_MS);
/** The share of each of the two directions, ms. */
export const fuzzBudget: number = fuzzMs / 2;
export const fuzzSeed: number = Number(process.env.FUZZ_SEED ?? 1);
/** How many times longer than usual somebody wants to search. */
export const fuzzFactor: number = Math.max(1, fuzzMs / USUAL_MS);

/** Latin-1 text, sent in pieces that end at `cuts`. */
export interface Stream {
  readonly text: string;
  readonly cuts: readonly number[];
}

/** A stream that is kept: well-formed, or one that has found a bug. */
export interface Seed {
  readonly name: string;
  readonly text: string;
  readonly cuts?: readonly number[];
  /** How many messages of it must get through; without it, what the witness says holds alone. */
  readonly through?: number;
}

export function piecesOf({ text, cuts }: Stream): Buffer[] {
  const bytes = Buffer.from(text, 'latin1');
  return [0, ...cuts].map((from, i) => bytes.subarray(from, cuts[i] ?? bytes.length)).filter((piece) => piece.length > 0);
}

export function byteByByte(text: string): Stream {
  return { text, cuts: Array.from({ length: Math.max(0, text.length - 1) }, (_, i) => i + 1) };
}

/** For messages: where a mutation came from. */
export function from(seed: number | undefined): string {
  return seed === undefined ? '' : `, FUZZ_SEED=${seed}`;
}

/** Runs `story` about `stream`; when it fails, the message says how to have the stream again. */
export function telling<T>(stream: Stream, story: () => T, how = ''): T {
  const tell = (error: unknown) => {
    const what = error instanceof Error ? error.message : String(error);
    throw new Error(`${what}\n${how}\na seed to keep:\n${pasteable(stream)}`, { cause: error });
  };
  try {
    const told = story();
    return told instanceof Promise ? (told.catch(tell) as T) : told;
  } catch (error) {
    return tell(error);
  }
}

function pasteable({ text, cuts }: Stream): string {
  const where = cuts.length === 0 ? '' : `, cuts: [${cuts.join(', ')}]`;
  return `{ name: 'what is wrong with it', text: ${literal(text)}${where} },`;
}

const ESCAPES: Readonly<Record<string, string>> = { '\r': '\\r', '\n': '\\n', '\t': '\\t', '\\': '\\\\', "'": "\\'" };

function literal(text: string): string {
  const hex = (char: string) => ESCAPES[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  // All but what is visible in ASCII, and what ends or escapes a literal.
  return `'${text.replace(/[^ -~]|[\\']/g, hex)}'`;
}

type Next = (below: number) => number;

/** mulberry32: small, and the same everywhere. The result is below `below`. */
function random(seed: number): Next {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/**
 * A text of one of `families`, or two, one behind the other or grown together, with up to four changes, in pieces. Every
 * family has its share, however many members it has.
 */
export function mutate(families: readonly (readonly string[])[], seed: number): Stream {
  const next = random(seed);
  const some = () => one(one(families, next), next);
  let text = some();
  const kind = next(8);
  if (kind < 2) text += some();
  else if (kind === 2) text = text.slice(0, next(text.length + 1)) + tail(some(), next);
  for (let count = next(5); count > 0; count--) text = one(CHANGES, next)(text, next);
  return { text, cuts: cutsOf(text, next) };
}

function tail(text: string, next: Next): string {
  return text.slice(next(text.length + 1));
}

function one<T>(list: readonly T[], next: Next): T {
  return list[next(list.length)] as T;
}

/** Mostly none to three, half of them at a line's end, now and then every byte on its own. */
function cutsOf(text: string, next: Next): number[] {
  if (next(40) === 0) return [...byteByByte(text).cuts];
  const ends = [...text.matchAll(/[\r\n]/g)].map(({ index }) => index);
  const cuts = Array.from({ length: next(4) }, () =>
    ends.length > 0 && next(2) === 0 ? one(ends, next) + next(2) : next(text.length + 1),
  );
  return [...new Set(cuts)].sort((a, b) => a - b);
}

type Change = (text: string, next: Next) => string;

/** Bytes that mean something to some parser. */
const SPICE =
  '\r|\n|\r\n|\r\n\r\n|\0| |\t|:|,|;|"|=|0|1|9|a|f|g|-|+|_|.|x|%|#|/|?|*|@|[|\x0b|\x0c|\x1f|\x7f|\x80|\x85|\xa0|\xff|chunked|0\r\n\r\n'.split(
    '|',
  );

const LINES = [
  'Content-Length: 0',
  'Content-Length: 3',
  'Content-Length: 5',
  'content-length: 11',
  'Transfer-Encoding: chunked',
  'transfer-encoding: CHUNKED',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, identity',
  'Connection: close',
  'Connection: keep-alive',
  'Connection: upgrade',
  'Connection: content-length, transfer-encoding, host',
  'Connection: x-a, , te',
  'Keep-Alive: timeout=1',
  'Proxy-Connection: close',
  'Upgrade: websocket',
  'Upgrade: h2c',
  'HTTP2-Settings: AAMAAABk',
  'TE: trailers',
  'Trailer: X-T',
  'Expect: 100-continue',
  'Host: a',
  'Host: b:80',
  'X-A: 1',
  'Cookie: a=b',
  '',
  '0',
  '5',
  'GET / HTTP/1.1',
  'HTTP/1.1 200 OK',
];

/** Other spellings of a field line. */
const DISGUISES: readonly ((name: string, value: string, next: Next) => string)[] = [
  (name, value) => `${name} : ${value}`,
  (name, value) => `${name}\t: ${value}`,
  (name, value) => `${name}\0: ${value}`,
  (name, value) => `${name}:${value}`,
  (name, value) => `${name}:\t ${value}`,
  (name, value) => `${name}: ${value} `,
  (name, value) => `${name}: ${value}\t`,
  (name, value) => `${name}: ${value}\x0b`,
  (name, value) => `${name}: \x0c${value}`,
  (name, value) => `${name}: ${value}\0`,
  (name, value) => `${name}:: ${value}`,
  (name, value) => ` ${name}: ${value}`,
  (name, value) => `\t${name}: ${value}`,
  (name, value) => `${name}:\r\n ${value}`,
  (name, value) => `${name}: ${value}\r\n\t`,
  (name, value) => `${name}:\n ${value}`,
  (name, value) => `${name}: ${value}\r`,
  (name, value) => `${name}: ${value}\n${name}: ${value}`,
  (name, value) => `${name}: "${value}"`,
  (name, value) => `${name}: ${value}, ${value}`,
  (name, value) => `${name}: ${value},`,
  (name, value) => `${name}: ,${value}`,
  (name, value) => `${name}: ${value};q=1`,
  (name, value) => `${name}: x${value}`,
  (name, value) => `${name}: +${value}`,
  (name, value) => `${name}: 0${value}`,
  (name, value) => `${name}: 0x${value}`,
  (name, value) => `${name}: -${value}`,
  (name, value) => `${name}: ${value}.0`,
  (name, value) => `${name}: ${value}_0`,
  (name, value) => `${name}: ${value}\xa0`,
  (name, value) => `${name.replaceAll('-', '_')}: ${value}`,
  (name, value) => `${name.toUpperCase()}: ${value.toUpperCase()}`,
  (name, value) => `X-${name}: ${value}`,
  (name, value) => `${name}x: ${value}`,
  (name, value, next) => `${name}: ${/^\d+$/.test(value) ? Number(value) + one([1, -1, 2, 16, 2 ** 32, 2 ** 53], next) : value}`,
  (name, value) => `${name}\r\n: ${value}`,
  (name) => `${name}:`,
  (name) => name,
];

/** Other spellings of a chunk's size line. */
const SIZES: readonly ((size: string, rest: string, next: Next) => string)[] = [
  (size, rest, next) => (Number.parseInt(size, 16) + one([1, -1, 2, 16, 256], next)).toString(16) + rest,
  (size, rest) => `0${size}${rest}`,
  (size, rest) => `00000000000000${size}${rest}`,
  (size, rest) => `1000000000000000${size}${rest}`,
  (size, rest) => `1${size.padStart(8, '0')}${rest}`,
  (size, rest) => `0x${size}${rest}`,
  (size, rest) => `+${size}${rest}`,
  (size, rest) => `-${size}${rest}`,
  (size, rest) => ` ${size}${rest}`,
  (size, rest) => `${size} ${rest}`,
  (size, rest) => `${size}\t${rest}`,
  (size, rest) => `${size.toUpperCase()}${rest}`,
  (size, rest) => `${size}_0${rest}`,
  (size, rest) => `${size}g${rest}`,
  (size, rest) => `${size};${rest}`,
  (size, rest) => `${size};a=b${rest}`,
  (size, rest) => `${size};a="\r\n"${rest}`,
  (size, rest) => `${size};a\n0${rest}`,
  (size, rest) => `${size};${'x'.repeat(300)}${rest}`,
  (size, rest) => `${size}\n${rest}`,
  (size, rest) => `${size}\r${rest}`,
  (_size, rest) => rest,
];

const LINE_ENDS = ['\n', '\r', '\r\r\n', '\n\r', '\r\n\r\n', '\r\n ', '\r\n\t', '\r\0\n', '\rX', 'X\n', ' \r\n', '\r\nX: ', ''];

const VERSIONS = [
  'HTTP/1.0',
  'HTTP/1.1',
  'HTTP/1.2',
  'HTTP/2.0',
  'HTTP/0.9',
  'HTTP/1.10',
  'http/1.1',
  'HTTP/1,1',
  'HTTP/01.1',
  'HTTP/1.1 ',
  '',
];
const METHOD_WORDS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'PRI', 'BREW', 'get', 'G ET'];
const TARGETS = [
  '/',
  '*',
  '',
  '//',
  '/a b',
  '/#',
  'a:80',
  'http://a/x',
  'http://b/',
  'HTTP://a:80?q',
  'http://u@a/',
  'https://a',
  '/%00',
  '?',
];
const STATUS_WORDS = ['100', '101', '103', '200', '204', '206', '304', '404', '500', '999', '099', '20', '2000', '+20', ''];

const CHANGES: readonly Change[] = [
  // Bytes.
  (text, next) => splice(text, next(text.length + 1), 0, one(SPICE, next)),
  (text, next) => splice(text, next(text.length + 1), 1, one(SPICE, next)),
  (text, next) => splice(text, next(text.length + 1), 1 + next(3), ''),
  // Slices: twice, away, cut off.
  (text, next) => {
    const at = next(text.length + 1);
    return splice(text, at, 0, text.slice(Math.max(0, at - 1 - next(40)), at));
  },
  (text, next) => splice(text, next(text.length + 1), next(30), ''),
  (text, next) => text.slice(0, next(text.length + 1)),
  // Lines: twice, away, swapped, moved, more of them.
  (text, next) => onLines(text, next, (lines, at) => lines.splice(at, 0, lines[at] as string)),
  (text, next) => onLines(text, next, (lines, at) => lines.splice(at, 1)),
  (text, next) => onLines(text, next, (lines, at) => lines.push(...lines.splice(at, 1))),
  (text, next) =>
    onLines(text, next, (lines, at) => {
      const other = next(lines.length);
      [lines[at], lines[other]] = [lines[other] as string, lines[at] as string];
    }),
  (text, next) => onLines(text, next, (lines, at) => lines.splice(at + 1, 0, one(LINES, next))),
  (text, next) => onLines(text, next, (lines, at) => lines.splice(at + 1, 0, one(LINES, next))),
  (text, next) => onMatch(text, next, /\r\n/g, () => one(LINE_ENDS, next)),
  // Fields, chunk sizes, start lines: other spellings.
  disguise,
  disguise,
  (text, next) =>
    onMatch(text, next, /(?<=\r\n)(?:Content-Length|Transfer-Encoding|Connection|Host)[^\r\n]*/gi, (line) => disguise(line, next)),
  (text, next) => onMatch(text, next, /(?<=\r\n)([0-9a-f]+)(;[^\r\n]*)?(?=\r\n)/gi, (line) => resize(line, next)),
  (text, next) => onMatch(text, next, /(?<=\r\n)([0-9a-f]+)(;[^\r\n]*)?(?=\r\n)/gi, (line) => resize(line, next)),
  (text, next) => onMatch(text, next, /HTTP\/\d\.\d/g, () => one(VERSIONS, next)),
  (text, next) => onMatch(text, next, /[A-Z]+(?= [^ \r\n]* HTTP)/g, () => one(METHOD_WORDS, next)),
  (text, next) => onMatch(text, next, /(?<=[A-Z] )[^ \r\n]+(?= HTTP)/g, () => one(TARGETS, next)),
  (text, next) => onMatch(text, next, /(?<=HTTP\/\d\.\d )\d+/g, () => one(STATUS_WORDS, next)),
];

function splice(text: string, at: number, removed: number, added: string): string {
  return text.slice(0, at) + added + text.slice(at + removed);
}

function onLines(text: string, next: Next, edit: (lines: string[], at: number) => void): string {
  const lines = text.split('\r\n');
  edit(lines, next(lines.length));
  return lines.join('\r\n');
}

/** Replaces one of the matches; without any the text stays as it is. */
function onMatch(text: string, next: Next, pattern: RegExp, replace: (match: string) => string): string {
  const matches = [...text.matchAll(pattern)];
  if (matches.length === 0) return text;
  const { 0: match, index } = one(matches, next);
  return splice(text, index, match.length, replace(match));
}

function disguise(text: string, next: Next): string {
  return onMatch(text, next, /(?<=^|\r\n)[!-9;-~]+:[^\r\n]*/g, (line) => {
    const colon = line.indexOf(':');
    return one(DISGUISES, next)(line.slice(0, colon), line.slice(colon + 1).trim(), next);
  });
}

function resize(line: string, next: Next): string {
  const [, size = '', rest = ''] = /^([0-9a-f]+)(.*)$/is.exec(line) ?? [];
  return one(SIZES, next)(size, rest, next);
}
