/**
 * Actions on header fields. The fields that say where a message ends or what becomes of its connection are the
 * proxy's own: a rule that names one is warned about and leaves it alone, or a wrong length could smuggle a request.
 */

import { CLASS, TOKEN } from '../http/chars.ts';
import type { Head } from '../http/head.ts';
import { type ActionRow, onHead, type Run, type Words } from './action.ts';
import { RuleError } from './error.ts';
import type { Format, Part } from './format.ts';
import { replaceValues } from './header-values.ts';
import { compileRegex } from './regex.ts';
import { expand, type Piece, parseReplacement } from './replacement.ts';
import { lowerAscii } from './text.ts';
import type { RuleContext } from './types.ts';

const OWN: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Whether a rule may touch this field (name in lower case). */
export function isEditable(name: string): boolean {
  return !OWN.has(name);
}

const TWO = 'expects exactly 2 arguments';
const THREE = 'expects exactly 3 arguments';

/** Throws for a name that is no token; returns false, with a warning, for one that rules leave alone. */
function checkName(name: string, words: Words): boolean {
  for (let i = 0; i < name.length; i++) {
    if (((CLASS[name.charCodeAt(i)] ?? 0) & TOKEN) === 0) throw new RuleError(`'${name}' is not a valid header name`);
  }
  if (isEditable(lowerAscii(name))) return true;
  words.warn(`header '${name}' is left alone: message lengths and connections are the proxy's own affair`);
  return false;
}

const nothing: Run = () => undefined;

/** `host` is what routing by name reads: it follows the field. */
function setField(head: Head, name: string, lower: string, value: string): void {
  head.set(name, value);
  if (lower === 'host') head.host = value;
}

function compileSet(words: Words): Run {
  const [name = '', text = ''] = words.exactly(2, TWO);
  const value = words.format(text);
  if (!checkName(name, words)) return nothing;
  const lower = lowerAscii(name);
  return onHead(words, (head, context) => setField(head, name, lower, value.render(context)));
}

function compileAdd(words: Words): Run {
  const [name = '', text = ''] = words.exactly(2, TWO);
  const value = words.format(text);
  if (!checkName(name, words)) return nothing;
  return onHead(words, (head, context) => head.add(name, value.render(context)));
}

function compileDelete(words: Words): Run {
  const [name = ''] = words.exactly(1, 'expects at least 1 argument');
  const method = words.accept('-m') ? words.argument('-m flag expects exactly 1 argument') : 'str';
  if (method === 'str') {
    if (!checkName(name, words)) return nothing;
    const lower = lowerAscii(name);
    return onHead(words, (head) => head.remove(lower));
  }
  const test = nameTest(method, name);
  return onHead(words, (head) => {
    const doomed = new Set<string>();
    for (const [field] of head.entries()) {
      const lower = lowerAscii(field);
      if (isEditable(lower) && test(lower)) doomed.add(lower);
    }
    for (const field of doomed) head.remove(field);
  });
}

/** Names are compared in lower case; a regular expression sees them so and minds the case itself. */
function nameTest(method: string, pattern: string): (name: string) => boolean {
  const lower = lowerAscii(pattern);
  switch (method) {
    case 'beg':
      return (name) => name.startsWith(lower);
    case 'end':
      return (name) => name.endsWith(lower);
    case 'sub':
      return (name) => name.includes(lower);
    case 'reg': {
      const regex = compileRegex(pattern, false);
      return (name) => regex.test(name);
    }
    default:
      throw new RuleError(`-m with unsupported matching method '${method}'`);
  }
}

/** What a match is replaced by. Only the text of the rule has back-references, never what is filled in. */
export type Substitute = (match: RegExpExecArray, context: RuleContext) => string;

export function substituteOf(format: Format): Substitute {
  type Compiled = readonly Piece[] | Exclude<Part, string>;
  const parts: Compiled[] = format.parts.map((part) => (typeof part === 'string' ? parseReplacement(part) : part));
  return (match, context) => {
    let out = '';
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i] as Compiled;
      out += typeof part === 'function' ? part(context) : expand(part, match);
    }
    return out;
  };
}

/** Lines whose value changes are written anew, all of that name, in order. */
function compileReplace(
  change: (value: string, regex: RegExp, substitute: Substitute, context: RuleContext) => string,
): (words: Words) => Run {
  return (words) => {
    const [name = '', pattern = '', text = ''] = words.exactly(3, THREE);
    const regex = compileRegex(pattern, false);
    const substitute = substituteOf(words.format(text));
    if (!checkName(name, words)) return nothing;
    const lower = lowerAscii(name);
    return onHead(words, (head, context) => {
      const before = head.values(lower);
      const after = before.map((value) => change(value, regex, substitute, context));
      if (after.every((value, index) => value === before[index])) return;
      head.remove(lower);
      for (const value of after) head.add(name, value);
      if (lower === 'host') head.host = after[0] ?? '';
    });
  };
}

function replaceOne(value: string, regex: RegExp, substitute: Substitute, context: RuleContext): string {
  const match = regex.exec(value);
  return match === null ? value : substitute(match, context);
}

export const HEADER_ACTIONS: readonly ActionRow[] = [
  {
    name: 'add-header',
    on: 'both',
    syntax: '<name> <fmt>',
    help: 'Adds a header field.',
    compile: compileAdd,
  },
  {
    name: 'del-header',
    on: 'both',
    syntax: '<name> [ -m <meth> ]',
    help: 'Removes every field of that name, or whose name matches by `str`, `beg`, `end`, `sub` or `reg` (in lower case).',
    compile: compileDelete,
  },
  {
    name: 'replace-header',
    on: 'both',
    syntax: '<name> <match-regex> <replace-fmt>',
    help: 'Replaces the whole value of every line of that field that the expression matches. `\\1` is its first group.',
    compile: compileReplace(replaceOne),
  },
  {
    name: 'replace-value',
    on: 'both',
    syntax: '<name> <match-regex> <replace-fmt>',
    help: 'The same for each value between commas.',
    compile: compileReplace((line, regex, substitute, context) =>
      replaceValues(line, (value) => replaceOne(value, regex, substitute, context)),
    ),
  },
  {
    name: 'set-header',
    on: 'both',
    syntax: '<name> <fmt>',
    help: 'Removes every field of that name and adds one. The value is made first, so it may use the old one.',
    compile: compileSet,
  },
];
