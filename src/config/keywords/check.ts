/** What a health check asks and what it takes for an answer: `option httpchk`, `http-check` (manual 4.2). */

import { didYouMean } from '../../core/suggest.ts';
import type { ProxyDraft } from '../draft.ts';
import type { HttpCheckConfig } from '../model.ts';
import { BACK, type Row, type Statement } from '../row.ts';
import type { Read } from '../values.ts';
import { refusal } from './refused.ts';

/** `option httpchk [<uri>] | <method> <uri> [<version>]`; headers hidden behind the version are HAProxy's old trick. */
function parseHttpchk(proxy: ProxyDraft, line: Statement): void {
  const { words } = line;
  const check = proxy.httpCheck;
  check.enabled = true;
  if (words.length > 3) {
    line.fail(`'option httpchk' cannot handle unexpected argument '${words[3]}'.`);
    return;
  }
  if (words.length === 0) return;
  const [method, uri] = words.length === 1 ? [check.method, words[0] ?? ''] : [words[0] ?? '', words[1] ?? ''];
  if (!isWhole(line, method, uri)) return;
  check.method = method;
  check.uri = uri;
  if (words[2] !== undefined) setVersion(proxy, line, words[2]);
}

function setVersion(proxy: ProxyDraft, line: Statement, text: string): void {
  const [head = '', ...bodyParts] = text.split('\r\n\r\n');
  const [version = '', ...fields] = head.split('\r\n');
  if (!isVersion(version)) {
    line.fail(`'option httpchk' : invalid HTTP version '${version}'.`);
    return;
  }
  proxy.httpCheck.version = version;
  if (fields.length === 0 && bodyParts.length === 0) return;
  line.warn("'option httpchk' : hiding headers or body at the end of the version string is deprecated. Use 'http-check send' instead.");
  const headers: (readonly [string, string])[] = [];
  for (const field of fields.filter((text) => text !== '')) {
    const [, name, value] = /^([^:\s]+):[ \t]*(.*)$/.exec(field) ?? [];
    if (name === undefined || value === undefined) line.fail(`'option httpchk' : '${field}' is not a header.`);
    else if (isWhole(line, value)) headers.push([name, value]);
  }
  proxy.httpCheck.headers = headers;
  proxy.httpCheck.body = bodyParts.join('\r\n\r\n');
}

/** A line break in a part of the head would make two requests of one. */
function isWhole(line: Statement, ...parts: readonly string[]): boolean {
  const whole = parts.every((part) => !/[\r\n\0]/.test(part));
  if (!whole) line.fail(`'${line.keyword}' : a line break or NUL cannot stand in the head of a request.`);
  return whole;
}

function isVersion(text: string): boolean {
  return /^HTTP\/1\.[01]$/.test(text);
}

const SEND_WORDS = ['meth', 'uri', 'ver', 'hdr', 'body', 'comment', 'uri-lf', 'body-lf'];

function parseSend(proxy: ProxyDraft, line: Statement): void {
  const check = proxy.httpCheck;
  check.rulesAt ??= line.place;
  if (check.sendSeen) {
    line.fail(refusal("a second 'http-check send'", 'Fairlead sends one request per check'));
    return;
  }
  check.sendSeen = true;
  check.headers = [];
  check.body = '';
  const { words } = line;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const value = words[++i];
    if (!SEND_WORDS.includes(word)) {
      const near = didYouMean(word, SEND_WORDS) || '.';
      line.fail(`'http-check send' : expects 'meth', 'uri', 'ver', 'hdr', 'body' or 'comment' but got '${word}' as argument${near}`);
      return;
    }
    if (value === undefined) {
      line.fail(`'http-check send' : '${word}' expects an argument.`);
      return;
    }
    if (word === 'hdr') addHeader(check, line, value, words[++i]);
    else setSend(check, line, word, value);
  }
}

function addHeader(check: ProxyDraft['httpCheck'], line: Statement, name: string, value: string | undefined): void {
  if (value === undefined) line.fail("'http-check send' : 'hdr' expects a name and a value as arguments.");
  else if (value.includes('%[')) line.fail(refusal(`'http-check send' : a format (%[...]) in 'hdr ${name}'`, undefined));
  else if (isWhole(line, name, value)) check.headers = [...check.headers, [name, value]];
}

function setSend(check: ProxyDraft['httpCheck'], line: Statement, word: string, value: string): void {
  if (word !== 'body' && word !== 'comment' && !isWhole(line, value)) return;
  if (word === 'meth') check.method = value;
  else if (word === 'uri') check.uri = value;
  else if (word === 'body') check.body = value;
  else if (word.endsWith('-lf')) line.fail(refusal(`'http-check send' : '${word}'`, undefined));
  else if (word === 'ver') {
    if (isVersion(value)) check.version = value;
    else line.fail(`'http-check send' : invalid HTTP version '${value}'.`);
  }
}

const MATCHES = ['status', 'rstatus', 'string', 'rstring'];
const REFUSED_EXPECT = [
  'hdr',
  'fhdr',
  'string-lf',
  'min-recv',
  'ok-status',
  'error-status',
  'tout-status',
  'on-success',
  'on-error',
  'status-code',
];

function parseExpect(proxy: ProxyDraft, line: Statement): void {
  const check = proxy.httpCheck;
  check.rulesAt ??= line.place;
  if (check.expectSeen) {
    line.fail(refusal("a second 'http-check expect'", 'Fairlead looks at one thing per check'));
    return;
  }
  check.expectSeen = true;
  // `! status` and `!status` are the same.
  let words = line.words;
  if (words[0] === 'comment') words = words.slice(2);
  const negate = words[0]?.startsWith('!') === true;
  if (negate) words = words[0] === '!' ? words.slice(1) : [(words[0] ?? '').slice(1), ...words.slice(1)];
  const [match = '', pattern, ...extra] = words;
  if (REFUSED_EXPECT.includes(match)) {
    line.fail(refusal(`'http-check expect ${match}'`, undefined));
    return;
  }
  if (!MATCHES.includes(match)) {
    const near = didYouMean(match, MATCHES) || '.';
    line.fail(`'http-check expect' : only supports [!]status, [!]rstatus, [!]string, [!]rstring but got '${match}' as argument${near}`);
    return;
  }
  if (pattern === undefined || pattern === '') {
    line.fail(`'http-check expect' : '${match}' expects a pattern.`);
    return;
  }
  if (extra.length > 0 && extra[0] !== 'comment') {
    line.fail(`'http-check expect' : unexpected argument '${extra[0]}'; escape spaces of the pattern.`);
    return;
  }
  const expect = line.value(readExpect(match, pattern, negate));
  if (expect !== undefined) check.expect = expect;
}

function readExpect(match: string, pattern: string, negate: boolean): Read<HttpCheckConfig['expect']> {
  if (match === 'status') {
    const ranges = readStatusList(pattern);
    return 'value' in ranges ? { value: { kind: 'status', ranges: ranges.value, negate } } : ranges;
  }
  if (match === 'string') return { value: { kind: 'string', pattern, negate } };
  try {
    new RegExp(pattern);
  } catch (error) {
    return { error: `'http-check expect' : regex '${pattern}' is invalid (${regexError(error)}).` };
  }
  return { value: { kind: match === 'rstatus' ? 'rstatus' : 'rstring', pattern, negate } };
}

/** The engine's reason without its copy of the pattern. */
function regexError(error: unknown): string {
  return error instanceof Error ? error.message.replace(/^.*\/[a-z]*: /s, '') : 'unreadable';
}

/** `200,301-303` */
function readStatusList(text: string): Read<readonly (readonly [number, number])[]> {
  const ranges: (readonly [number, number])[] = [];
  for (const item of text.split(',')) {
    const [, low, high = low] = /^(\d{3})(?:-(\d{3}))?$/.exec(item) ?? [];
    if (low === undefined || Number(high) < Number(low)) return { error: `'http-check expect' : invalid status code or range '${item}'.` };
    ranges.push([Number(low), Number(high)]);
  }
  return { value: ranges };
}

export const checkRows: readonly Row<ProxyDraft>[] = [
  {
    name: 'http-check comment',
    sections: BACK,
    syntax: '<text>',
    chapter: '4.2',
    doc: 'Accepted without effect: a remark for readers of the configuration.',
    parse: (proxy, line) => {
      proxy.httpCheck.rulesAt ??= line.place;
    },
  },
  {
    name: 'http-check expect',
    bytes: true,
    sections: BACK,
    syntax: '[!] {status <codes>|rstatus <regex>|string <text>|rstring <regex>} [comment <text>]',
    default: 'status 200-399',
    chapter: '4.2',
    doc: 'What a response must (with `!`, must not) have for the check to pass: a status of a list like `200,301-303`, or a text in the body.',
    min: 1,
    missing: "'http-check expect' : expects at least a matching pattern as arguments.",
    parse: parseExpect,
  },
  {
    name: 'http-check send',
    bytes: true,
    sections: BACK,
    syntax: '[meth <method>] [uri <uri>] [ver <version>] [hdr <name> <value>]... [body <text>] [comment <text>]',
    chapter: '4.2',
    doc: 'The request of the check, over what `option httpchk` says. HTTP/1.1 needs `hdr Host <name>`.',
    parse: parseSend,
  },
  {
    name: 'option httpchk',
    bytes: true,
    sections: BACK,
    syntax: '[<uri>] | <method> <uri> [<version>]',
    default: 'off; `OPTIONS / HTTP/1.0` without arguments',
    chapter: '4.2',
    doc: 'Health checks are HTTP requests; without it, or with `option tcp-check`, a TCP connect is the check.',
    parse: parseHttpchk,
  },
  {
    name: 'option tcp-check',
    sections: BACK,
    syntax: '',
    chapter: '4.2',
    doc: 'Health checks are TCP connects, as without any option; takes back an `option httpchk` of the defaults.',
    max: 0,
    parse: (proxy) => {
      proxy.httpCheck.enabled = false;
    },
  },
];
