/**
 * Matching methods (manual 7.1.1 to 7.1.6): each turns a sample and its patterns into a condition. Whatever of the
 * patterns agrees makes it true.
 */

import { parseNetwork } from './address.ts';
import { RuleError } from './error.ts';
import { compileRegex } from './regex.ts';
import { asAddress, asBoolean, asInteger, asText, type Sample, type SampleType } from './sample.ts';
import { lowerAscii } from './text.ts';
import type { Condition } from './types.ts';

export interface Pattern {
  readonly text: string;
  readonly ignoreCase: boolean;
}

export interface MatchRow {
  /** Behind `-m`. */
  readonly name: string;
  readonly help: string;
  /** Throws a RuleError where a pattern makes no sense. */
  readonly compile: (sample: Sample, patterns: readonly Pattern[]) => Condition;
}

/** The method of a sample whose ACL names none; binary samples have none. */
export function defaultMatch(type: SampleType): string | undefined {
  return type === 'bin' ? undefined : type === 'meth' ? 'meth' : type;
}

type Test = (value: string) => boolean;

/** Patterns that are compared as they are, and those that are compared in lower case. */
function texts(build: (patterns: readonly string[]) => Test): MatchRow['compile'] {
  return (sample, patterns) => {
    const exact = patterns.filter((pattern) => !pattern.ignoreCase).map((pattern) => pattern.text);
    const folded = patterns.filter((pattern) => pattern.ignoreCase).map((pattern) => lowerAscii(pattern.text));
    const source = asText(sample);
    if (folded.length === 0) return source.matching(build(exact));
    const testFolded = build(folded);
    if (exact.length === 0) return source.matching((value) => testFolded(lowerAscii(value)));
    const testExact = build(exact);
    return source.matching((value) => testExact(value) || testFolded(lowerAscii(value)));
  };
}

function equal(patterns: readonly string[]): Test {
  if (patterns.length === 1) return (value) => value === patterns[0];
  const set = new Set(patterns);
  return (value) => set.has(value);
}

/** One pattern is tested without a loop. */
function some(patterns: readonly string[], test: (value: string, pattern: string) => boolean): Test {
  const [only] = patterns;
  if (patterns.length === 1 && only !== undefined) return (value) => test(value, only);
  return (value) => {
    for (let i = 0; i < patterns.length; i++) if (test(value, patterns[i] as string)) return true;
    return false;
  };
}

/** `dir` and `dom`: the pattern stands between delimiters, or between one and an end. Its own at the ends do not count. */
function delimited(delimiters: string): (patterns: readonly string[]) => Test {
  const isDelimiter = (text: string, at: number): boolean => delimiters.includes(text[at] as string);
  const strip = (pattern: string): string => {
    let from = 0;
    let to = pattern.length;
    while (to > from && isDelimiter(pattern, from)) from++;
    while (to > from && isDelimiter(pattern, to - 1)) to--;
    return pattern.slice(from, to);
  };
  const stands = (value: string, pattern: string): boolean => {
    if (pattern === '') return false;
    for (let at = value.indexOf(pattern); at >= 0; at = value.indexOf(pattern, at + 1)) {
      const end = at + pattern.length;
      if ((at === 0 || isDelimiter(value, at - 1)) && (end === value.length || isDelimiter(value, end))) return true;
    }
    return false;
  };
  return (patterns) => some(patterns.map(strip), stands);
}

/** Inclusive; an open end is infinite. */
interface Range {
  readonly low: number;
  readonly high: number;
}

function parseRange(text: string): Range {
  const range = /^(-?\d+)?:(-?\d+)?$/.exec(text);
  if (range === null) {
    if (!/^-?\d+$/.test(text)) throw new RuleError(`'${text}' is not a number`);
    return { low: Number(text), high: Number(text) };
  }
  const low = range[1] === undefined ? Number.NEGATIVE_INFINITY : Number(range[1]);
  const high = range[2] === undefined ? Number.POSITIVE_INFINITY : Number(range[2]);
  if (low > high || text === ':') throw new RuleError(`'${text}' is not a valid number range`);
  return { low, high };
}

function ranges(patterns: readonly Pattern[]): (value: number) => boolean {
  const parsed = patterns.map((pattern) => parseRange(pattern.text));
  return (value) => {
    for (let i = 0; i < parsed.length; i++) {
      const range = parsed[i] as Range;
      if (value >= range.low && value <= range.high) return true;
    }
    return false;
  };
}

function compileLength(sample: Sample, patterns: readonly Pattern[]): Condition {
  const test = ranges(patterns);
  return asText(sample).matching((value) => test(value.length));
}

function compileAddress(sample: Sample, patterns: readonly Pattern[]): Condition {
  const networks = patterns.map((pattern) => {
    const network = parseNetwork(pattern.text);
    if (network === undefined) throw new RuleError(`'${pattern.text}' is not a valid IPv4 or IPv6 address`);
    return network;
  });
  return asAddress(sample).matching((value) => {
    for (let i = 0; i < networks.length; i++) if (networks[i]?.contains(value)) return true;
    return false;
  });
}

function compileRegexes(sample: Sample, patterns: readonly Pattern[]): Condition {
  const regexes = patterns.map((pattern) => compileRegex(pattern.text, pattern.ignoreCase));
  const [only] = regexes;
  if (regexes.length === 1 && only !== undefined) return asText(sample).matching((value) => only.test(value));
  return asText(sample).matching((value) => {
    for (let i = 0; i < regexes.length; i++) if (regexes[i]?.test(value)) return true;
    return false;
  });
}

function compileBinary(sample: Sample, patterns: readonly Pattern[]): Condition {
  const wanted = patterns.map(({ text }) => {
    if (text.length % 2 !== 0) throw new RuleError('an even number of hex digit is expected');
    if (!/^[0-9A-Fa-f]*$/.test(text)) throw new RuleError(`'${text}' is not a hexadecimal string`);
    return Buffer.from(text, 'hex').toString('latin1');
  });
  return asText(sample).matching(equal(wanted));
}

/** Whether there is a value at all: patterns do not matter. A sample of any type will do, so each has its branch. */
function compileFound(sample: Sample): Condition {
  if (sample.type === 'bool') return sample.source.matching(() => true);
  if (sample.type === 'int') return sample.source.matching(() => true);
  return sample.source.matching(() => true);
}

export const MATCHES: readonly MatchRow[] = [
  { name: 'found', help: 'There is a value, whichever. Takes no values.', compile: compileFound },
  {
    name: 'bool',
    help: 'The value is true, or a number other than 0. Takes no values.',
    compile: (sample) => asBoolean(sample).matching(Boolean),
  },
  {
    name: 'int',
    help: 'A number: `80`, ranges `1024:65535`, `1024:`, `:1023`, or one of the operators `eq ge gt le lt` before numbers.',
    compile: (sample, patterns) => asInteger(sample).matching(ranges(patterns)),
  },
  {
    name: 'ip',
    help: 'An address or a network: `192.0.2.0/24`, `2001:db8::/32`. An IPv4 network also contains its mapped IPv6 addresses.',
    compile: compileAddress,
  },
  { name: 'bin', help: 'The bytes, in hexadecimal digits.', compile: compileBinary },
  { name: 'len', help: 'The length of the value, as for `int`.', compile: compileLength },
  { name: 'str', help: 'The whole value.', compile: texts(equal) },
  {
    name: 'beg',
    help: 'The value begins so.',
    compile: texts((patterns) => some(patterns, (value, pattern) => value.startsWith(pattern))),
  },
  { name: 'end', help: 'The value ends so.', compile: texts((patterns) => some(patterns, (value, pattern) => value.endsWith(pattern))) },
  {
    name: 'sub',
    help: 'The value contains it.',
    compile: texts((patterns) => some(patterns, (value, pattern) => value.includes(pattern))),
  },
  { name: 'dir', help: 'Between slashes or question marks (or an end): `png` in `/img/png/1`.', compile: texts(delimited('/?')) },
  {
    name: 'dom',
    help: 'Between dots, colons, slashes or question marks (or an end): `example` in `www.example.com`. Anybody can put that in front of another domain: prefer `str` or `end`.',
    compile: texts(delimited('/?.:')),
  },
  { name: 'reg', help: 'A regular expression finds something in it.', compile: compileRegexes },
];

const BY_NAME: ReadonlyMap<string, MatchRow> = new Map(MATCHES.map((row) => [row.name, row]));
const KNOWN_METHODS: ReadonlySet<string> = new Set(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'TRACE']);

/** Methods are case-sensitive (RFC 9110 9.1); `-i` folds only those that HAProxy has no number for. */
function compileMethod(sample: Sample, patterns: readonly Pattern[]): Condition {
  const exact = new Set(patterns.map(({ text }) => text));
  const folded = new Set(
    patterns.filter(({ ignoreCase, text }) => ignoreCase && !KNOWN_METHODS.has(text)).map(({ text }) => lowerAscii(text)),
  );
  if (folded.size === 0) return asText(sample).matching((value) => exact.has(value));
  return asText(sample).matching((value) => exact.has(value) || (!KNOWN_METHODS.has(value) && folded.has(lowerAscii(value))));
}

/** Not to be asked for with `-m`. */
const METHOD: MatchRow = { name: 'meth', help: 'The method.', compile: compileMethod };

export function findMatch(name: string): MatchRow | undefined {
  return name === 'meth' ? METHOD : BY_NAME.get(name);
}
