/**
 * Conditions of `.if` and `.elif` (manual 2.4).
 *
 *   or   := and { '||' and }
 *   and  := unit { '&&' unit }
 *   unit := '!' unit | '(' or ')' | integer | predicate '(' argument { ',' argument } ')'
 */

import { constants } from 'node:crypto';
import { didYouMean } from '../core/suggest.ts';

/** The HAProxy whose language this is: what `version_atleast()` and `version_before()` compare with. */
export const compatibleVersion = '2.6.12';

/** What `feature()` knows: words of `haproxy -vv`, and ours so that one text can serve both programs. */
export const features: ReadonlySet<string> = new Set(['CONSUL', 'DOCKER', 'EPOLL', 'FAIRLEAD', 'GETADDRINFO', 'OPENSSL', 'PROMEX']);

/** Words of `haproxy -vv` that we do not have: `-vv` lists them with a minus. */
export const missingFeatures: readonly string[] = [
  '51DEGREES',
  'CPU_AFFINITY',
  'DEVICEATLAS',
  'ENGINE',
  'KQUEUE',
  'LIBCRYPT',
  'LINUX_SPLICE',
  'LINUX_TPROXY',
  'LUA',
  'MEMORY_PROFILING',
  'NS',
  'OT',
  'PCRE',
  'PCRE2',
  'PCRE2_JIT',
  'PCRE_JIT',
  'QUIC',
  'SLZ',
  'SYSTEMD',
  'TFO',
  'THREAD',
  'TPROXY',
  'WURFL',
  'ZLIB',
];

export type Evaluated = { readonly value: boolean } | { readonly error: string };

/** The empty condition is false. */
export function evaluateCondition(text: string, env: (name: string) => string | undefined): Evaluated {
  if (text.trim() === '') return { value: false };
  const parser = new ConditionParser(text, env);
  try {
    return { value: parser.parse() };
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    return { error: error.message };
  }
}

class ConditionError extends Error {}

/** Node's, as HAProxy prints it: `OpenSSL 3.0.19`. */
export const tlsLibrary: string = (() => {
  const number = constants.OPENSSL_VERSION_NUMBER;
  return `OpenSSL ${number >>> 28}.${(number >> 20) & 0xff}.${(number >> 4) & 0xffff}`;
})();

/**
 * `1.1.1a` as OpenSSL numbered its versions before 3.0, which HAProxy compares with the number of any version: only the first two
 * parts of 3.0 and later can be told apart.
 */
function opensslNumber(version: string): number {
  const [, major, minor, fix, letters = ''] = /^(\d+)\.(\d+)\.(\d+)([a-z]*)(?:-[a-z0-9-]+)?$/i.exec(version) ?? [];
  if (major === undefined) throw new ConditionError(`no version of OpenSSL: '${version}'`);
  const patch = letters === '' ? 0 : letters.toLowerCase().charCodeAt(0) - 0x60;
  return Number(major) * 0x10000000 + Number(minor) * 0x100000 + Number(fix) * 0x1000 + patch * 0x10;
}

function opensslAtLeast(version: string): boolean {
  return constants.OPENSSL_VERSION_NUMBER >= opensslNumber(version);
}

interface Predicate {
  readonly arity: number;
  test(args: readonly string[], env: (name: string) => string | undefined): boolean;
}

const predicates: ReadonlyMap<string, Predicate> = new Map<string, Predicate>([
  ['defined', { arity: 1, test: ([name = ''], env) => env(name) !== undefined }],
  ['streq', { arity: 2, test: ([a, b]) => a === b }],
  ['strneq', { arity: 2, test: ([a, b]) => a !== b }],
  ['feature', { arity: 1, test: ([name = '']) => features.has(name) }],
  ['enabled', { arity: 1, test: ([name = '']) => features.has(name) }],
  ['version_atleast', { arity: 1, test: ([version = '']) => compareVersions(compatibleVersion, version) >= 0 }],
  ['version_before', { arity: 1, test: ([version = '']) => compareVersions(compatibleVersion, version) < 0 }],
  ['openssl_version_atleast', { arity: 1, test: ([version = '']) => opensslAtLeast(version) }],
  ['openssl_version_before', { arity: 1, test: ([version = '']) => !opensslAtLeast(version) }],
  ['ssllib_name_startswith', { arity: 1, test: ([name = '']) => tlsLibrary.startsWith(name) }],
]);

class ConditionParser {
  private rest: string;
  private readonly text: string;
  private readonly env: (name: string) => string | undefined;

  constructor(text: string, env: (name: string) => string | undefined) {
    this.text = text;
    this.rest = text.trimStart();
    this.env = env;
  }

  parse(): boolean {
    const value = this.or();
    if (this.rest !== '') throw new ConditionError(`unexpected '${this.rest}' at the end of conditional expression '${this.text}'`);
    return value;
  }

  // Both sides are always read: a mistake on the right shows whatever the left says.
  private or(): boolean {
    let value = this.and();
    while (this.accept('||')) value = this.and() || value;
    return value;
  }

  private and(): boolean {
    let value = this.unit();
    while (this.accept('&&')) value = this.unit() && value;
    return value;
  }

  private unit(): boolean {
    if (this.accept('!')) return !this.unit();
    if (this.accept('(')) {
      const value = this.or();
      this.expect(')');
      return value;
    }
    const number = /^[+-]?\d+(?![A-Za-z_(])/.exec(this.rest)?.[0];
    if (number !== undefined) {
      this.advance(number.length);
      return Number(number) !== 0;
    }
    return this.predicate();
  }

  private predicate(): boolean {
    const name = /^[A-Za-z_]+(?=\()/.exec(this.rest)?.[0];
    const predicate = name === undefined ? undefined : predicates.get(name);
    if (name === undefined || predicate === undefined) {
      const near = name === undefined ? '' : didYouMean(name, predicates.keys());
      throw new ConditionError(`unparsable conditional expression '${this.text}' at '${this.rest}'${near}`);
    }
    this.rest = this.rest.slice(name.length + 1);
    const args = this.args(name);
    if (args.length !== predicate.arity) {
      throw new ConditionError(`predicate '${name}' expects ${predicate.arity} argument(s), got ${args.length}, in '${this.text}'`);
    }
    return predicate.test(args, this.env);
  }

  /** Up to the closing parenthesis; quotes and backslashes protect commas and parentheses. */
  private args(name: string): string[] {
    const args = [''];
    let quote = '';
    for (let i = 0; i < this.rest.length; i++) {
      let char = this.rest.charAt(i);
      if (quote === '' && char === ')') {
        this.advance(i + 1);
        return args;
      }
      if (quote === '' && char === ',') {
        args.push('');
        continue;
      }
      if (char === quote || (quote === '' && (char === '"' || char === "'"))) {
        quote = char === quote ? '' : char;
        continue;
      }
      if (char === '\\' && quote !== "'" && i + 1 < this.rest.length) char = this.rest.charAt(++i);
      args[args.length - 1] += char;
    }
    throw new ConditionError(`expected ')' after the arguments of predicate '${name}' in '${this.text}'`);
  }

  private accept(token: string): boolean {
    if (!this.rest.startsWith(token)) return false;
    this.advance(token.length);
    return true;
  }

  private expect(token: string): void {
    if (!this.accept(token)) throw new ConditionError(`expected '${token}' in conditional expression '${this.text}'`);
  }

  private advance(length: number): void {
    this.rest = this.rest.slice(length).trimStart();
  }
}

/** `2.4-dev19`, `2.6.12`: missing parts are zero, a development version comes before its release. */
function compareVersions(a: string, b: string): number {
  const left = versionParts(a);
  const right = versionParts(b);
  for (let i = 0; i < left.length; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function versionParts(version: string): readonly number[] {
  const match = /^(\d+)(?:\.(\d+))?(?:-dev(\d+))?(?:\.(\d+))?/.exec(version);
  if (match === null) throw new ConditionError(`'${version}' is not a version`);
  const [, major, minor, dev, patch] = match;
  const released = dev === undefined ? Number.POSITIVE_INFINITY : Number(dev);
  return [
    Number(major),
    Number(minor ?? 0),
    released === Number.POSITIVE_INFINITY ? 1 : 0,
    dev === undefined ? 0 : released,
    Number(patch ?? 0),
  ];
}
