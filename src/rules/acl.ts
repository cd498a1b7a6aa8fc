/**
 * `acl <name> <criterion> [flags] [operator] <value>...` (manual 7.1): a criterion is a fetch with its converters, or
 * one of the older names that carry a matching method (`path_beg`, `hdr_dom`). Lines of the same name are
 * alternatives, and so are the values of one line.
 */

import type { AclConfig, Userlist } from '../config/model.ts';
import { didYouMean } from '../core/suggest.ts';
import { RuleError, refused } from './error.ts';
import { compileFetch, type FetchCall, fetchNames, findFetch, readConverters, readFetch, readName, within } from './expression.ts';
import { compileMatch, defaultMatch, findMatch, type MatchRow, type Patterned } from './match.ts';
import { filled } from './patterns.ts';
import { isForeignFetch } from './refused.ts';
import type { Needs, Scope } from './scope.ts';
import type { Condition } from './types.ts';

/** One line, compiled. It never matches where `needs` is not there. */
export interface AclTest {
  readonly keyword: string;
  readonly needs: Needs;
  readonly test: Condition;
}

export type Acls = ReadonlyMap<string, readonly AclTest[]>;

const DERIVED = ['beg', 'dir', 'dom', 'end', 'len', 'reg', 'sub'];

interface Criterion {
  readonly fetch: string;
  readonly match: string | undefined;
}

/** What the older names fetch: `path_beg` is `path -m beg`. `hdr` is here because an ACL always means the request's. */
const CRITERION_FETCHES: Readonly<Record<string, string>> = {
  base: 'base',
  cook: 'req.cook',
  hdr: 'req.hdr',
  path: 'path',
  scook: 'res.cook',
  shdr: 'res.hdr',
  url: 'url',
  urlp: 'urlp',
};

export const CRITERIA: ReadonlyMap<string, Criterion> = new Map([
  ...Object.entries(CRITERION_FETCHES).flatMap(([name, fetch]) => derived(name, fetch)),
  ['ssl_fc_sni_end', { fetch: 'ssl_fc_sni', match: 'end' }],
  ['ssl_fc_sni_reg', { fetch: 'ssl_fc_sni', match: 'reg' }],
]);

function derived(name: string, fetch: string): [string, Criterion][] {
  return [[name, { fetch, match: undefined }], ...DERIVED.map((match): [string, Criterion] => [`${name}_${match}`, { fetch, match }])];
}

/** Operators of integer values: each turns a number into the range it means. */
const OPERATORS: Readonly<Record<string, (number: string) => string>> = {
  eq: (number) => number,
  ge: (number) => `${number}:`,
  gt: (number) => `${Number(number) + 1}:`,
  le: (number) => `:${number}`,
  lt: (number) => `:${Number(number) - 1}`,
};

/**
 * Compiles one criterion with all that follows it.
 * @param warn told about what is legal but surely a mistake
 * @param userlists of the whole configuration; undefined: any
 */
export function compileTest(
  words: readonly string[],
  warn: (message: string) => void,
  userlists: ReadonlyMap<string, Userlist> | undefined,
): AclTest {
  const expression = words[0] ?? '';
  const call = readCriterion(expression);
  const scope: Scope = {
    phase: call.fetch.row.needs === 'response' ? 'response' : 'request',
    backend: true,
    name: '',
    ...(userlists === undefined ? {} : { userlists }),
  };
  const keyword = call.fetch.name;
  const label = call.own ? `ACL keyword '${keyword}' : ` : '';
  const fetched = compileFetch(call.fetch, scope);
  const { sample, end } = within(label, () => readConverters(expression, call.fetch.end, fetched));
  if (end !== expression.length) throw new RuleError(`${label}unexpected '${expression.slice(end)}' in ACL expression '${expression}'`);
  const converted = expression[call.fetch.end] === ',';
  const implied = (converted ? undefined : call.match) ?? defaultMatch(sample.type);
  if (call.fetch.row.groups === true && (converted || words.length === 1 || words[1] === '-m')) {
    throw new RuleError(`${keyword}() : no groups specified.`);
  }
  const { match, patterned } = new Options(words, implied, keyword, warn).read();
  return { keyword, needs: call.fetch.row.needs, test: compileMatch(match, sample, patterned) };
}

interface CriterionCall {
  readonly fetch: FetchCall;
  readonly match: string | undefined;
  /** An ACL's own name, as against a fetch: HAProxy's messages tell them apart. */
  readonly own: boolean;
}

function readCriterion(expression: string): CriterionCall {
  const name = readName(expression, 0);
  const criterion = CRITERIA.get(name);
  if (criterion !== undefined) {
    const row = findFetch(criterion.fetch);
    const fetch = within(`ACL keyword '${name}' : `, () => readFetch(expression, 0, row));
    return { fetch, match: criterion.match, own: true };
  }
  if (name === '') throw new RuleError(`missing fetch method in ACL expression '${expression}'`);
  if (findFetch(name) === undefined) {
    if (isForeignFetch(name)) throw refused(`'${name}'`);
    const near = didYouMean(name, [...CRITERIA.keys(), ...fetchNames()]) || '.';
    throw new RuleError(`unknown fetch method '${name}' in ACL expression '${expression}'${near}`);
  }
  return { fetch: readFetch(expression, 0), match: undefined, own: false };
}

/** What follows the criterion: flags, then operators and values. */
class Options {
  private readonly words: readonly string[];
  private readonly keyword: string;
  private readonly warn: (message: string) => void;
  private matchName: string | undefined;
  private at = 1;
  private ignoreCase = false;
  private ended = false;
  private id: number | undefined = undefined;
  /** `-M`: files have values, too. */
  private columns: 1 | 2 = 1;
  private readonly files: Patterned[] = [];

  constructor(words: readonly string[], implied: string | undefined, keyword: string, warn: (message: string) => void) {
    this.words = words;
    this.matchName = implied;
    this.keyword = keyword;
    this.warn = warn;
  }

  read(): { readonly match: MatchRow; readonly patterned: readonly Patterned[] } {
    while (!this.ended && this.words[this.at]?.startsWith('-')) this.flag(this.words[this.at++] as string);
    if (this.matchName === undefined) {
      throw new RuleError(
        `matching method must be specified first (using '-m') when using a sample fetch of this type ('${this.keyword}')`,
      );
    }
    const match = findMatch(this.matchName);
    if (match === undefined) throw new RuleError(`unknown matching method '${this.matchName}' when parsing ACL expression`);
    const values = this.values(this.matchName === 'int' || this.matchName === 'len');
    const needsNone = this.matchName === 'found' || this.matchName === 'bool';
    if (values.length === 0 && this.files.length === 0 && !this.ended && !needsNone) {
      this.warn(
        `parsing acl keyword '${this.keyword}' : no pattern to match against were provided, so this ACL will never match. ` +
          "If this is what you intended, please add '--' to get rid of this warning. If you intended to match only for existence, please use '-m found'.",
      );
    }
    // Without values on the line, too: the Runtime API may add some.
    const own = { set: filled().line(this.keyword, values, this.id), ignoreCase: this.ignoreCase };
    return { match, patterned: [...this.files, own] };
  }

  private flag(flag: string): void {
    switch (flag) {
      case '-i':
        this.ignoreCase = true;
        return;
      case '-n':
        return; // names are never resolved
      case '--':
        this.ended = true;
        return;
      case '-u':
        this.id = readId(this.words[this.at++] ?? '');
        return;
      case '-f':
        this.files.push({ set: filled().file(this.words[this.at++] ?? '', this.columns, 'acl'), ignoreCase: this.ignoreCase });
        return;
      case '-m':
        if (this.files.length > 0) throw new RuleError("'-m' must only be specified before patterns and files in parsing ACL expression");
        this.matchName = this.words[this.at++] ?? '';
        if (this.matchName === 'meth' || findMatch(this.matchName) === undefined) {
          throw new RuleError(`unknown matching method '${this.matchName}' when parsing ACL expression`);
        }
        return;
      case '-M':
        this.columns = 2;
        return;
      default:
        throw new RuleError(`'${flag}' is not a valid ACL option. Please use '--' before any pattern beginning with a '-'`);
    }
  }

  private values(integers: boolean): readonly string[] {
    const values: string[] = [];
    let operator: ((number: string) => string) | undefined;
    for (; this.at < this.words.length; this.at++) {
      const word = this.words[this.at] as string;
      const next = integers && Object.hasOwn(OPERATORS, word) ? OPERATORS[word] : undefined;
      if (next !== undefined) operator = next;
      else values.push(operator === undefined ? word : applied(operator, word));
    }
    return values;
  }
}

/** A negative one is none, as in HAProxy. */
function readId(text: string): number | undefined {
  if (!/^[+-]?\d+$/.test(text)) throw new RuleError('the argument of -u must be an integer');
  const id = Number(text);
  return id < 0 ? undefined : id;
}

function applied(operator: (number: string) => string, word: string): string {
  if (word.includes(':')) throw new RuleError(`'${word}' is a range, which no operator can be applied to`);
  return /^-?\d+$/.test(word) ? operator(word) : word;
}

/** The ACLs of manual 7.4, but for those about TCP content. */
export const PREDEFINED: readonly (readonly [name: string, ...words: string[]])[] = [
  ['FALSE', 'always_false'],
  ['HTTP', 'req.proto_http'],
  ['HTTP_1.0', 'req.ver', '1.0'],
  ['HTTP_1.1', 'req.ver', '1.1'],
  ['HTTP_2.0', 'req.ver', '2.0'],
  ['HTTP_CONTENT', 'req.hdr_val(content-length)', 'gt', '0'],
  ['HTTP_URL_ABS', 'url_reg', '^[^/:]*://'],
  ['HTTP_URL_SLASH', 'url_beg', '/'],
  ['HTTP_URL_STAR', 'url', '*'],
  ['LOCALHOST', 'src', '127.0.0.1/8', '::1'],
  ['METH_CONNECT', 'method', 'CONNECT'],
  ['METH_DELETE', 'method', 'DELETE'],
  ['METH_GET', 'method', 'GET', 'HEAD'],
  ['METH_HEAD', 'method', 'HEAD'],
  ['METH_OPTIONS', 'method', 'OPTIONS'],
  ['METH_POST', 'method', 'POST'],
  ['METH_PUT', 'method', 'PUT'],
  ['METH_TRACE', 'method', 'TRACE'],
  ['TRUE', 'always_true'],
];

const PREDEFINED_WORDS: ReadonlyMap<string, readonly string[]> = new Map(PREDEFINED.map(([name, ...words]) => [name, words]));

/** Its line is that which uses it first, as in HAProxy. */
export function predefinedAcl(name: string): readonly AclTest[] | undefined {
  const words = PREDEFINED_WORDS.get(name);
  return words && [compileTest(words, () => undefined, undefined)];
}

/** Every name with its lines, in order. `report` is told about each line that makes no sense; such a line is left out. */
export function compileAcls(
  lines: readonly AclConfig[],
  report: (line: AclConfig, severity: 'alert' | 'warning', message: string) => void,
  userlists: ReadonlyMap<string, Userlist> | undefined,
): Acls {
  const acls = new Map<string, AclTest[]>();
  for (const line of lines) {
    filled().at(line.place);
    const tests = acls.get(line.name) ?? [];
    acls.set(line.name, tests);
    try {
      checkName(line.name);
      tests.push(
        within(`error detected while parsing ACL '${line.name}' : `, () =>
          compileTest(line.words, (message) => report(line, 'warning', message), userlists),
        ),
      );
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      report(line, 'alert', error.message);
    }
  }
  return acls;
}

function checkName(name: string): void {
  const wrong = /[^A-Za-z0-9_.:-]/.exec(name)?.[0];
  if (wrong !== undefined) throw new RuleError(`character '${wrong}' is not permitted in acl name '${name}'`);
  if (name === 'or')
    throw new RuleError("acl name 'or' will never match. 'or' is used to express a logical disjunction within a condition");
}
