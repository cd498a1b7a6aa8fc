/** `http-check expect`, `tcp-check expect` (manual 4.2): options first or last, one match between them. */

import { compilePattern, RegexError } from '../../core/regex.ts';
import { didYouMean } from '../../core/suggest.ts';
import { BARE_EXPECT, type Mutable, type ProxyDraft } from '../draft.ts';
import type { CheckExpect, CheckMatch, CheckPattern } from '../model.ts';
import type { Statement } from '../row.ts';
import { readStatusRanges } from '../values.ts';
import { addStep, type Protocol, readFormat, readHex, Words } from './check-steps.ts';
import { refusal } from './refused.ts';

type Draft = Mutable<Omit<CheckExpect, 'match' | 'number'>> & { match: CheckMatch | undefined };

/** Which words may stand behind each of these, with HAProxy's sentence. */
const STATUSES = {
  'ok-status': { codes: ['L4OK', 'L6OK', 'L7OK', 'L7OKC'], listed: "'L4OK', 'L6OK', 'L7OK' or 'L7OKC'" },
  'error-status': { codes: ['L4CON', 'L6RSP', 'L7RSP', 'L7STS', 'L7OKC'], listed: "'L4CON', 'L6RSP', 'L7RSP', 'L7STS' or 'L7OKC'" },
  'tout-status': { codes: ['L4TOUT', 'L6TOUT', 'L7TOUT'], listed: "'L4TOUT', 'L6TOUT' or 'L7TOUT'" },
} as const;

const MATCHES: Readonly<Record<Protocol, readonly string[]>> = {
  http: ['status', 'rstatus', 'string', 'rstring', 'string-lf', 'hdr', 'fhdr'],
  tcp: ['string', 'rstring', 'binary', 'rbinary', 'string-lf', 'binary-lf'],
};

const OPTIONS = ['comment', 'min-recv', 'on-success', 'on-error', 'status-code', ...Object.keys(STATUSES)];

export function parseExpect(protocol: Protocol): (proxy: ProxyDraft, line: Statement) => void {
  return (proxy, line) => {
    const words = new Words(line);
    const draft: Draft = { ...BARE_EXPECT, match: undefined };
    while (!words.done) if (!readWord(draft, words, line, protocol)) return;
    const { match } = draft;
    if (match === undefined) line.fail(`'${line.keyword}' : expects at least a matching pattern as arguments.`);
    else addStep(proxy, line, protocol, { ...draft, match });
  };
}

function readWord(draft: Draft, words: Words, line: Statement, protocol: Protocol): boolean {
  let word = words.next();
  if (OPTIONS.includes(word)) return readOption(draft, word, words, line);
  // `! status` and `!status` are the same.
  const negate = word.startsWith('!');
  if (negate) word = word === '!' ? words.next() : word.slice(1);
  if (!MATCHES[protocol].includes(word)) {
    const known = MATCHES[protocol].map((name) => `[!]${name}`).join(', ');
    const near = didYouMean(word, [...MATCHES[protocol], ...OPTIONS]) || '.';
    line.fail(`'${line.keyword}' : only supports min-recv, ${known} or comment but got '${word}' as argument${near}`);
    return false;
  }
  if (draft.match !== undefined) {
    line.fail(`'${line.keyword}' : only one pattern expected.`);
    return false;
  }
  draft.negate = negate;
  draft.match = readMatch(word, words, line);
  return draft.match !== undefined;
}

function readOption(draft: Draft, word: string, words: Words, line: Statement): boolean {
  const value = words.argument(word, 'a string');
  if (value === undefined) return false;
  switch (word) {
    case 'comment':
      draft.comment = value;
      return true;
    case 'min-recv':
      draft.minRecv = Number(value);
      if (Number.isSafeInteger(draft.minRecv) && draft.minRecv >= -1) return true;
      line.fail(`'${line.keyword}' : 'min-recv' expects -1 or an integer from 0 to INT_MAX.`);
      return false;
    case 'on-success':
    case 'on-error': {
      const text = readFormat(line, word, value);
      draft[word === 'on-success' ? 'onSuccess' : 'onError'] = text;
      return text !== undefined;
    }
    case 'status-code':
      return readCode(draft, value, line);
    default:
      return readStatus(draft, word as keyof typeof STATUSES, value, line);
  }
}

function readStatus(draft: Draft, word: keyof typeof STATUSES, value: string, line: Statement): boolean {
  const { codes, listed } = STATUSES[word];
  if (!(codes as readonly string[]).includes(value)) {
    line.fail(`'${line.keyword}' : '${word}' only supports ${listed} status (got '${value}').`);
    return false;
  }
  if (word === 'ok-status') draft.okStatus = value as CheckExpect['okStatus'];
  else if (word === 'error-status') draft.errorStatus = value as CheckExpect['errorStatus'];
  else draft.toutStatus = value as CheckExpect['toutStatus'];
  return true;
}

function readCode(draft: Draft, value: string, line: Statement): boolean {
  const [, number] = /^int\((\d{1,9})\)$/.exec(value) ?? [];
  if (number === undefined) line.fail(refusal(`'${line.keyword}' : an expression other than int(<number>) as 'status-code'`, undefined));
  else draft.statusCode = Number(number);
  return number !== undefined;
}

function readMatch(word: string, words: Words, line: Statement): CheckMatch | undefined {
  if (word === 'hdr' || word === 'fhdr') return readHeaderMatch(word, words, line);
  const text = words.next();
  if (text === '') {
    line.fail(`'${line.keyword}' : '${word}' expects a <pattern> as argument.`);
    return undefined;
  }
  switch (word) {
    case 'status': {
      const ranges = readStatusRanges(text);
      if ('value' in ranges) return { kind: 'status', ranges: ranges.value };
      line.fail(`'${line.keyword}' : ${ranges.error}.`);
      return undefined;
    }
    case 'string-lf': {
      const pattern = readFormat(line, word, text);
      return pattern === undefined ? undefined : { kind: word, pattern };
    }
    case 'binary':
    case 'binary-lf': {
      const digits = word === 'binary' ? text : readFormat(line, word, text);
      const pattern = digits === undefined ? undefined : readHex(line, digits);
      return pattern === undefined ? undefined : { kind: word, pattern };
    }
    case 'string':
      return { kind: 'string', pattern: text };
    default:
      return isRegex(line, text) ? { kind: word as 'rstring' | 'rbinary' | 'rstatus', pattern: text } : undefined;
  }
}

function isRegex(line: Statement, pattern: string): boolean {
  try {
    compilePattern(pattern, false);
    return true;
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    line.fail(`'${line.keyword}' : ${error.message}.`);
    return false;
  }
}

/** `hdr name [-m <method>] <name> [value [-m <method>] <value>]` */
function readHeaderMatch(kind: 'hdr' | 'fhdr', words: Words, line: Statement): CheckMatch | undefined {
  const first = words.next();
  if ((first !== 'name' && first !== 'name-lf') || words.peek() === '') {
    line.fail(`'${line.keyword}' : '${kind}' expects at the name keyword as first argument followed by a pattern.`);
    return undefined;
  }
  const name = readPattern(kind, first, words, line);
  if (name === undefined) return undefined;
  if (words.peek() !== 'value' && words.peek() !== 'value-lf') return { kind, name, value: undefined };
  const second = words.next();
  if (words.peek() === '') {
    line.fail(`'${line.keyword}' : '${kind}' expect a pattern with the value keyword.`);
    return undefined;
  }
  const value = readPattern(kind, second, words, line);
  return value === undefined ? undefined : { kind, name, value };
}

const METHODS: readonly CheckPattern['how'][] = ['str', 'beg', 'end', 'sub', 'reg'];

function readPattern(kind: string, word: string, words: Words, line: Statement): CheckPattern | undefined {
  let how: CheckPattern['how'] = 'str';
  if (words.peek() === '-m') {
    words.next();
    const method = words.next();
    const known = METHODS.find((name) => name === method);
    if (known === undefined) {
      line.fail(`'${line.keyword}' : '${kind}' : '-m' only supports 'str', 'beg', 'end', 'sub' or 'reg' (got '${method}').`);
      return undefined;
    }
    how = known;
  }
  const text = words.next();
  if (text === '') {
    line.fail(`'${line.keyword}' : '${kind}' expects a pattern behind '${word}'.`);
    return undefined;
  }
  if (how === 'reg') {
    if (word.endsWith('-lf')) line.fail(`'${line.keyword}' : '${kind}': log-format string is not supported with a regex matching method.`);
    else if (isRegex(line, text)) return { how, pattern: text };
    return undefined;
  }
  const pattern = word.endsWith('-lf') ? readFormat(line, word, text) : text;
  return pattern === undefined ? undefined : { how, pattern };
}
