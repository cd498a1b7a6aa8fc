/** Actions on the request line and on the status line. */

import { CLASS, TOKEN, withoutBreaks } from '../http/chars.ts';
import type { Head } from '../http/head.ts';
import { type ActionRow, onHead, type Run, type Words } from './action.ts';
import { substituteOf } from './actions-header.ts';
import { RuleError } from './error.ts';
import { reasonOf } from './reasons.ts';
import { compileRegex } from './regex.ts';
import { pathOf, withPath, withPathAndQuery, withQuery } from './target.ts';

const ONE = 'expects exactly 1 argument <format>';

function setter(apply: (head: Head, value: string) => void): (words: Words) => Run {
  return (words) => {
    const [text = ''] = words.exactly(1, ONE);
    const value = words.format(text);
    return onHead(words, (head, context) => apply(head, value.render(context)));
  };
}

/** A method that is no token would break the request line, and one with another idea of bodies the exchange: neither is set. */
function setMethod(head: Head, method: string): void {
  if (isToken(method) && !changesBodies(head.method) && !changesBodies(method)) head.method = method;
}

function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (((CLASS[text.charCodeAt(i)] ?? 0) & TOKEN) === 0) return false;
  return text !== '';
}

function changesBodies(method: string): boolean {
  return method === 'HEAD' || method === 'CONNECT';
}

function replacer(read: (target: string) => string | undefined, write: (target: string, value: string) => string): (words: Words) => Run {
  return (words) => {
    const [pattern = '', text = ''] = words.exactly(2, 'expects exactly 2 arguments <match-regex> and <replace-format>');
    const regex = compileRegex(pattern, false);
    const substitute = substituteOf(words.format(text));
    return onHead(words, (head, context) => {
      const value = read(head.target);
      const match = value === undefined ? null : regex.exec(value);
      if (match !== null) head.target = write(head.target, substitute(match, context));
    });
  };
}

/** 204 and 304 have no body whatever their fields say (RFC 9112 6.3): a status is not changed across that line. */
function bodiless(status: number): boolean {
  return status === 204 || status === 304;
}

function compileStatus(words: Words): Run {
  const text = words.peek() === undefined ? undefined : words.argument('');
  if (text === undefined) throw new RuleError('expects 1 argument: <status>; or 3 arguments: <status> reason <fmt>');
  if (!/^\d{3}$/.test(text) || Number(text) < 100) throw new RuleError('expects an integer status code between 100 and 999');
  const status = Number(text);
  if (status < 200) throw new RuleError(`'${text}' is an interim status, which no response ends with`);
  const reason = words.accept('reason') ? withoutBreaks(words.argument("'reason' expects a text")) : reasonOf(status);
  return onHead(words, (head) => {
    if (bodiless(head.status) !== bodiless(status)) return;
    head.status = status;
    head.reason = reason;
  });
}

export const LINE_ACTIONS: readonly ActionRow[] = [
  {
    name: 'replace-path',
    on: 'request',
    syntax: '<match-regex> <replace-fmt>',
    help: 'Replaces the whole path if the expression matches. `\\1` is its first group.',
    compile: replacer(pathOf, withPath),
  },
  {
    name: 'replace-pathq',
    on: 'request',
    syntax: '<match-regex> <replace-fmt>',
    help: 'The same for path and query.',
    compile: replacer(
      (target) => (target.startsWith('/') ? target : undefined),
      (_, value) => withPathAndQuery(value),
    ),
  },
  {
    name: 'set-method',
    on: 'request',
    syntax: '<fmt>',
    help: 'Another method. What is no method is not set, nor is anything changed to or from HEAD and CONNECT.',
    compile: setter(setMethod),
  },
  {
    name: 'set-path',
    on: 'request',
    syntax: '<fmt>',
    help: 'Another path; the query stays. A path without a leading slash gets one, bytes that a target may not hold are encoded as `%XX`.',
    compile: setter((head, value) => {
      head.target = withPath(head.target, value);
    }),
  },
  {
    name: 'set-pathq',
    on: 'request',
    syntax: '<fmt>',
    help: 'Another path and query.',
    compile: setter((head, value) => {
      head.target = withPathAndQuery(value);
    }),
  },
  {
    name: 'set-query',
    on: 'request',
    syntax: '<fmt>',
    help: 'Another query. A question mark that is there stays, also before an empty query.',
    compile: setter((head, value) => {
      head.target = withQuery(head.target, value);
    }),
  },
  {
    name: 'set-status',
    on: 'response',
    syntax: '<status> [ reason <str> ]',
    help: 'Another status. It is not set where a response with a body would become one without (204, 304), or the other way round.',
    compile: compileStatus,
  },
];
