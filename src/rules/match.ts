/**
 * Matching methods (manual 7.1.1 to 7.1.6): each turns a sample and sets of patterns into a condition. Whatever of the
 * patterns agrees makes it true.
 */

import { isAddress, leadingIpv4 } from './address.ts';
import { RuleError } from './error.ts';
import { AffixIndex, checkInFull, ExactIndex, FoldedIndex, type Index, ListIndex, NetworkIndex } from './pattern-index.ts';
import type { Lookup, PatternSet } from './pattern-set.ts';
import { compileRegex } from './regex.ts';
import { asAddress, asBoolean, asInteger, asText, mapped, type Sample, type SampleType, type Source } from './sample.ts';
import { leadingInteger, lowerAscii } from './text.ts';
import type { Condition } from './types.ts';

/** How values of one type are compared with patterns. */
export interface ValueMatch<Value> {
  /** Behind `-m`. */
  readonly name: string;
  readonly help: string;
  /** What of a sample is compared. */
  readonly source: (sample: Sample) => Source<Value>;
  readonly index: (ignoreCase: boolean) => Index<Value>;
  /** Throws a RuleError for a pattern that only ACLs have, and those only from the configuration. */
  readonly check?: (pattern: string) => void;
  /** The value that a word of the Runtime API stands for; undefined where it is none. */
  readonly read: (word: string) => Value | undefined;
  /** HAProxy has a tree for it where case matters, or always; it tells so in `get acl`. */
  readonly tree?: 'exact' | 'always';
}

/** Asks for no patterns. */
interface PresenceMatch {
  readonly name: string;
  readonly help: string;
  readonly presence: (sample: Sample) => Condition;
}

export type MatchRow = ValueMatch<string> | ValueMatch<number> | PresenceMatch;

/** The patterns of an ACL: `-i` folds those that follow it. */
export interface Patterned {
  readonly set: PatternSet;
  readonly ignoreCase: boolean;
}

/** The method of a sample whose ACL names none; binary samples have none. */
export function defaultMatch(type: SampleType): string | undefined {
  return type === 'bin' ? undefined : type === 'meth' ? 'meth' : type;
}

/** Throws a RuleError where a pattern makes no sense. */
export function compileMatch(row: MatchRow, sample: Sample, patterned: readonly Patterned[]): Condition {
  if ('presence' in row) {
    // They have patterns all the same, for the Runtime API.
    for (const { set, ignoreCase } of patterned) set.lookup(presenceLookup(row.name), ignoreCase, 'none');
    return row.presence(sample);
  }
  return matching(row as ValueMatch<string>, sample, patterned);
}

function matching<Value>(match: ValueMatch<Value>, sample: Sample, patterned: readonly Patterned[]): Condition {
  const lookups = patterned.map(({ set, ignoreCase }) => set.lookup(match, ignoreCase, 'none'));
  return match.source(sample).matching(anyOf(lookups));
}

/** Lookups change; the test stays. One is asked without a loop. */
function anyOf<Value>(lookups: readonly Lookup<Value>[]): (value: Value) => boolean {
  const [only] = lookups;
  if (only !== undefined && lookups.length === 1) return (value) => only.find(value) !== undefined;
  return (value) => {
    for (let i = 0; i < lookups.length; i++) if ((lookups[i] as Lookup<Value>).find(value) !== undefined) return true;
    return false;
  };
}

type Compare = (value: string, pattern: string) => boolean;

const asIs = (text: string): string => text;

/** An index of texts, folded where case does not count. */
function texts(build: (key: (text: string) => string, ignoreCase: boolean) => Index<string>): ValueMatch<string>['index'] {
  return (ignoreCase) => (ignoreCase ? new FoldedIndex(build(lowerAscii, true), lowerAscii) : build(asIs, false));
}

function list(compare: Compare, strip: (pattern: string) => string = asIs): ValueMatch<string>['index'] {
  return texts((key) => new ListIndex((text) => strip(key(text)), compare));
}

function text(name: string, help: string, index: ValueMatch<string>['index'], tree: { readonly tree?: 'exact' } = {}): ValueMatch<string> {
  return { name, help, source: asText, index, read: asIs, ...tree };
}

/** `dir` and `dom`: the pattern stands between delimiters, or between one and an end. Its own at the ends do not count. */
function delimited(delimiters: string): { readonly strip: (pattern: string) => string; readonly stands: Compare } {
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
  return { strip, stands };
}

/** Inclusive; an open end is infinite. */
interface Range {
  readonly low: number;
  readonly high: number;
}

function parseRange(text: string): Range {
  const range = /^(-?\d+)?:(-?\d+)?$/.exec(text);
  if (range === null) {
    if (text.includes(':')) throw new RuleError(`'${text}' is not a valid number range`);
    if (!/^-?\d+$/.test(text)) throw new RuleError(`'${text}' is not a number`);
    return { low: Number(text), high: Number(text) };
  }
  const low = range[1] === undefined ? Number.NEGATIVE_INFINITY : Number(range[1]);
  const high = range[2] === undefined ? Number.POSITIVE_INFINITY : Number(range[2]);
  if (low > high || text === ':') throw new RuleError(`'${text}' is not a valid number range`);
  return { low, high };
}

function rangeIndex(): Index<number> {
  return new ListIndex(parseRange, (value: number, { low, high }) => value >= low && value <= high);
}

function parseBlock(text: string): string {
  if (text.length % 2 !== 0) throw new RuleError('an even number of hex digit is expected');
  if (!/^[0-9A-Fa-f]*$/.test(text)) throw new RuleError(`'${text}' is not a hexadecimal string`);
  return Buffer.from(text, 'hex').toString('latin1');
}

/** Whether there is a value at all: patterns do not matter. A sample of any type will do, so each has its branch. */
function isThere(sample: Sample): Condition {
  if (sample.type === 'bool') return sample.source.matching(() => true);
  if (sample.type === 'int') return sample.source.matching(() => true);
  return sample.source.matching(() => true);
}

function expressions(ignoreCase: boolean): Index<string> {
  return new ListIndex(
    (pattern) => compileRegex(pattern, ignoreCase),
    (value: string, regex) => regex.test(value),
  );
}

/** A text that is no address is no value. */
function addressesOnly(sample: Sample): Source<string> {
  const source = asAddress(sample);
  return sample.type === 'ip' || sample.type === 'int' ? source : mapped(source, readAddress);
}

function readAddress(text: string): string | undefined {
  return leadingIpv4(text) ?? (isAddress(text) ? text : undefined);
}

const DIRECTORIES = delimited('/?');
const DOMAINS = delimited('/?.:');

export const MATCHES: readonly MatchRow[] = [
  { name: 'found', help: 'There is a value, whichever. Takes no values.', presence: isThere },
  {
    name: 'bool',
    help: 'The value is true, or a number other than 0. Takes no values.',
    presence: (sample) => asBoolean(sample).matching(Boolean),
  },
  {
    name: 'int',
    help: 'A number: `80`, ranges `1024:65535`, `1024:`, `:1023`, or one of the operators `eq ge gt le lt` before numbers.',
    source: asInteger,
    index: rangeIndex,
    read: (word) => (/^[+-]?\d/.test(word) ? leadingInteger(word) : undefined),
  },
  {
    name: 'ip',
    help: 'An address or a network: `192.0.2.0/24`, `2001:db8::/32`. An IPv4 network also contains its mapped IPv6 addresses.',
    source: addressesOnly,
    index: () => new NetworkIndex(),
    check: checkInFull,
    read: readAddress,
    tree: 'always',
  },
  text('bin', 'The bytes, in hexadecimal digits.', () => new ExactIndex(parseBlock)),
  {
    name: 'len',
    help: 'The length of the value, as for `int`.',
    source: (sample) => mapped(asText(sample), (value) => value.length),
    index: rangeIndex,
    read: (word) => word.length,
  },
  text(
    'str',
    'The whole value.',
    texts((key) => new ExactIndex(key)),
    { tree: 'exact' },
  ),
  text(
    'beg',
    'The value begins so.',
    texts((key, ignoreCase) => new AffixIndex('beginning', ignoreCase ? 'first' : 'longest', key)),
    { tree: 'exact' },
  ),
  text(
    'end',
    'The value ends so.',
    texts((key) => new AffixIndex('end', 'first', key)),
  ),
  text(
    'sub',
    'The value contains it.',
    list((value, pattern) => value.includes(pattern)),
  ),
  text('dir', 'Between slashes or question marks (or an end): `png` in `/img/png/1`.', list(DIRECTORIES.stands, DIRECTORIES.strip)),
  text(
    'dom',
    'Between dots, colons, slashes or question marks (or an end): `example` in `www.example.com`. Anybody can put that in front of another domain: prefer `str` or `end`.',
    list(DOMAINS.stands, DOMAINS.strip),
  ),
  text('reg', 'A regular expression finds something in it.', expressions),
];

const BY_NAME: ReadonlyMap<string, MatchRow> = new Map(MATCHES.map((row) => [row.name, row]));
const KNOWN_METHODS: ReadonlySet<string> = new Set(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'TRACE']);

/** Methods are case-sensitive (RFC 9110 9.1); `-i` folds only those that HAProxy has no number for. */
const METHOD = text('meth', 'The method.', (ignoreCase) => {
  const folds = (method: string): boolean => ignoreCase && !KNOWN_METHODS.has(method);
  return new ListIndex(
    asIs,
    (value, method) => value === method || (folds(method) && folds(value) && lowerAscii(value) === lowerAscii(method)),
  );
});

/** What has no use for patterns takes any and matches none. */
function presenceLookup(name: string): ValueMatch<string> {
  return text(name, '', () => new ListIndex(asIs, () => false));
}

/** `meth` is not to be asked for with `-m`. */
export function findMatch(name: string): MatchRow | undefined {
  return name === 'meth' ? METHOD : BY_NAME.get(name);
}

/** `map_regm`: as `reg`; what it has found is put together again by the converter. */
const REPLACING = text('regm', '', expressions);

/** For converters, which compare with keys. */
export function keyMatch<Value>(name: string): ValueMatch<Value> {
  return (name === 'regm' ? REPLACING : BY_NAME.get(name)) as unknown as ValueMatch<Value>;
}
