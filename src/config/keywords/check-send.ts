/** What a check sends: `option httpchk`, `http-check send`, `tcp-check send` and its kin (manual 4.2). */

import { didYouMean } from '../../core/suggest.ts';
import type { ProxyDraft, RequestWords } from '../draft.ts';
import type { Statement } from '../row.ts';
import { addStep, ownRules, readFormat, readHex, Words } from './check-steps.ts';

/** `option httpchk [<uri>] | <method> <uri> [<version>]`; headers hidden behind the version are HAProxy's old trick. */
export function parseHttpchk(proxy: ProxyDraft, line: Statement): void {
  const { words } = line;
  proxy.check.protocol = 'http';
  const rules = ownRules(proxy, 'http');
  if (words.length > 3) {
    line.fail(`'option httpchk' cannot handle unexpected argument '${words[3]}'.`);
    return;
  }
  const [method, uri] = words.length === 1 ? [undefined, words[0]] : words;
  if (!isWhole(line, method ?? '', uri ?? '')) return;
  const version = words[2] === undefined ? {} : readVersion(line, words[2]);
  if (version === undefined) return;
  rules.option = { ...(method === undefined ? {} : { method }), ...(uri === undefined ? {} : { uri }), ...version };
  rules.optionInherited = false;
  rules.optionLast = true;
}

function readVersion(line: Statement, text: string): RequestWords | undefined {
  const [head = '', ...bodyParts] = text.split('\r\n\r\n');
  const [version = '', ...fields] = head.split('\r\n');
  if (!isVersion(version)) {
    line.fail(`'option httpchk' : invalid HTTP version '${version}'.`);
    return undefined;
  }
  if (fields.length === 0 && bodyParts.length === 0) return { version };
  line.warn("'option httpchk' : hiding headers or body at the end of the version string is deprecated. Use 'http-check send' instead.");
  const headers: (readonly [string, string])[] = [];
  for (const field of fields.filter((text) => text !== '')) {
    const [, name, value] = /^([^:\s]+):[ \t]*(.*)$/.exec(field) ?? [];
    if (name === undefined || value === undefined) line.fail(`'option httpchk' : '${field}' is not a header.`);
    else if (isWhole(line, value)) headers.push([name, value]);
  }
  return { version, headers, body: bodyParts.join('\r\n\r\n') };
}

/** A line break in a part of the head would make two requests of one. */
function isWhole(line: Statement, ...parts: readonly string[]): boolean {
  const whole = parts.every((part) => !/[\r\n\0]/.test(part));
  if (!whole) line.fail(`'${line.keyword}' : a line break or NUL cannot stand in the head of a request.`);
  return whole;
}

/** HAProxy takes anything at all. */
function isVersion(text: string): boolean {
  return /^HTTP\/(?:\d\.\d|2)$/.test(text);
}

const SEND_WORDS = ['meth', 'uri', 'uri-lf', 'ver', 'hdr', 'body', 'body-lf', 'comment'];

interface Request {
  method?: string;
  uri?: string;
  version?: string;
  headers?: readonly (readonly [string, string])[];
  body?: string;
  comment: string;
}

/** `http-check send ...` */
export function parseRequest(proxy: ProxyDraft, line: Statement): void {
  const words = new Words(line);
  const request: Request = { comment: '' };
  while (!words.done) if (!readWord(request, words, line)) return;
  const { comment, ...send } = request;
  const { method = 'OPTIONS', uri = '/', version = 'HTTP/1.0', headers = [], body = '' } = send;
  if (!addStep(proxy, line, 'http', { kind: 'request', comment, method, uri, version, headers, body })) return;
  const rules = proxy.check.http;
  if (rules.steps.filter((step) => step.kind === 'request').length > 1) return;
  // The first one is laid over what `option httpchk` of this section says.
  if (rules.optionInherited) rules.option = {};
  rules.send = send;
  rules.optionLast = false;
}

function readWord(request: Request, words: Words, line: Statement): boolean {
  const word = words.next();
  if (!SEND_WORDS.includes(word)) {
    const near = didYouMean(word, SEND_WORDS) || '.';
    line.fail(
      `'http-check send' : expects 'comment', 'meth', 'uri', 'uri-lf', 'ver', 'hdr', 'body' or 'body-lf' but got '${word}' as argument${near}`,
    );
    return false;
  }
  if (word === 'hdr') return readHeader(request, words, line);
  const value = words.argument(word, 'a string');
  if (value === undefined || (word !== 'comment' && !word.startsWith('body') && !isWhole(line, value))) return false;
  return setPart(request, line, word, value);
}

function setPart(request: Request, line: Statement, word: string, value: string): boolean {
  switch (word) {
    case 'comment':
      request.comment = value;
      return true;
    case 'meth':
      request.method = value;
      return true;
    case 'uri':
      request.uri = value;
      return true;
    case 'body':
      request.body = value;
      return true;
    case 'ver':
      request.version = value;
      if (!isVersion(value)) line.fail(`'http-check send' : invalid HTTP version '${value}'.`);
      return isVersion(value);
    default: {
      const text = readFormat(line, word, value);
      if (text === undefined) return false;
      request[word === 'uri-lf' ? 'uri' : 'body'] = text;
      return true;
    }
  }
}

function readHeader(request: Request, words: Words, line: Statement): boolean {
  const name = words.next();
  const value = words.next();
  if (name === '' || value === '') {
    line.fail("'http-check send' : 'hdr' expects <name> and <value> as arguments.");
    return false;
  }
  const text = readFormat(line, `hdr ${name}`, value);
  if (text === undefined || !isWhole(line, name, text)) return false;
  request.headers = [...(request.headers ?? []), [name, text]];
  return true;
}

/** `tcp-check send`, `send-lf`, `send-binary`, `send-binary-lf` */
export function parseSend(proxy: ProxyDraft, line: Statement): void {
  const words = new Words(line);
  const kind = line.keyword.replace(/^tcp-check /, '');
  const text = words.argument(kind, 'a string');
  if (text === undefined) return;
  const plain = kind.endsWith('-lf') ? readFormat(line, kind, text) : text;
  const data = plain !== undefined && kind.startsWith('send-binary') ? readHex(line, plain) : plain;
  let comment = '';
  if (!words.done) {
    const word = words.next();
    if (word !== 'comment') {
      line.fail(`'${line.keyword}' : expects 'comment' but got '${word}' as argument.`);
      return;
    }
    comment = words.argument(word, 'a string') ?? '';
  }
  if (data !== undefined) addStep(proxy, line, 'tcp', { kind: 'send', data, comment });
}
