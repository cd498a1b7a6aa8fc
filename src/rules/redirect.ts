/** `redirect`: as an action of http-request and http-response, and as a line of its own (manual 4.2, `redirect`). */

import { withoutBreaks } from '../http/chars.ts';
import type { ActionRow, Run, Words } from './action.ts';
import { RuleError } from './error.ts';
import { type Format, literalFormat } from './format.ts';
import { pathOf } from './target.ts';
import type { Final, RuleContext } from './types.ts';

/** A code's reason phrase, and whether HAProxy forbids to keep it. */
const CODES: ReadonlyMap<string, { readonly reason: string; readonly cacheLine: string }> = new Map([
  ['301', { reason: 'Moved Permanently', cacheLine: '' }],
  ['302', { reason: 'Found', cacheLine: 'cache-control: no-cache\r\n' }],
  ['303', { reason: 'See Other', cacheLine: 'cache-control: no-cache\r\n' }],
  ['307', { reason: 'Temporary Redirect', cacheLine: 'cache-control: no-cache\r\n' }],
  ['308', { reason: 'Permanent Redirect', cacheLine: '' }],
]);

const EMPTY = Buffer.alloc(0);
const OPTIONS =
  "expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', 'clear-cookie', 'drop-query', 'ignore-empty' or 'append-slash'";

interface Options {
  kind: 'location' | 'prefix' | 'scheme' | undefined;
  to: string;
  code: string;
  cookieLine: string;
  dropQuery: boolean;
  appendSlash: boolean;
  ignoreEmpty: boolean;
}

function parse(words: Words): Options {
  const options: Options = {
    kind: undefined,
    to: '',
    code: '302',
    cookieLine: '',
    dropQuery: false,
    appendSlash: false,
    ignoreEmpty: false,
  };
  for (let word = words.peek(); word !== undefined; word = words.peek()) {
    words.accept(word);
    readOption(word, words, options);
  }
  if (options.kind === undefined) throw new RuleError("redirection type expected ('prefix', 'location', or 'scheme')");
  return options;
}

function readOption(word: string, words: Words, options: Options): void {
  const argument = (): string => words.argument(`missing argument for '${word}'`);
  switch (word) {
    case 'location':
    case 'prefix':
    case 'scheme':
      options.kind = word;
      options.to = argument();
      return;
    case 'code':
      options.code = argument();
      if (!CODES.has(options.code)) {
        throw new RuleError(`'code': unsupported HTTP code '${options.code}' (must be one of 301, 302, 303, 307 or 308)`);
      }
      return;
    case 'set-cookie':
      options.cookieLine = `set-cookie: ${withoutBreaks(argument())}; path=/;\r\n`;
      return;
    case 'clear-cookie':
      options.cookieLine = `set-cookie: ${withoutBreaks(argument())}; path=/; Max-Age=0;\r\n`;
      return;
    case 'drop-query':
      options.dropQuery = true;
      return;
    case 'append-slash':
      options.appendSlash = true;
      return;
    case 'ignore-empty':
      options.ignoreEmpty = true;
      return;
    default:
      throw new RuleError(`${OPTIONS} (was '${word}')`);
  }
}

/** @param literal the line of its own takes its address as it is; the actions read it as a log-format */
export function compileRedirect(words: Words, literal: boolean): Run {
  const options = parse(words);
  if (words.scope.phase === 'response' && options.kind !== 'location')
    throw new RuleError("response only supports redirect type 'location'");
  const to = literal ? literalFormat(options.to) : words.format(options.to);
  const { reason, cacheLine } = CODES.get(options.code) as { reason: string; cacheLine: string };
  const status = Number(options.code);
  const tail = `\r\n${cacheLine}${options.cookieLine}`;
  const make = (location: string): Final => ({
    kind: 'intercepted',
    status,
    close: false,
    reply: { fieldLines: `location: ${withoutBreaks(location)}${tail}`, reason, body: EMPTY },
  });
  if (options.kind === 'location') return toLocation(to, options.ignoreEmpty, make);
  const pathFrom = pathReader(options);
  if (options.kind === 'scheme') {
    return (context) => make(`${to.render(context)}://${context.request.first('host') ?? ''}${pathFrom(context)}`);
  }
  // `prefix /` redirects to the same address, as when a cookie is all that is wanted.
  if (to.constant === '/') return (context) => make(pathFrom(context));
  return (context) => make(to.render(context) + pathFrom(context));
}

function toLocation(to: Format, ignoreEmpty: boolean, make: (location: string) => Final): Run {
  if (to.constant !== undefined) {
    const final = make(to.constant);
    return () => final;
  }
  return (context) => {
    const location = to.render(context);
    return location === '' && ignoreEmpty ? undefined : make(location);
  };
}

/** Path and query to append; `*` counts as `/`. */
function pathReader(options: Options): (context: RuleContext) => string {
  const { dropQuery, appendSlash } = options;
  return (context) => {
    const target = context.request.target;
    const path = pathOf(target) ?? '/';
    const kept = dropQuery || !target.startsWith('/') ? path : target;
    return appendSlash && !kept.endsWith('/') ? `${kept}/` : kept;
  };
}

export const REDIRECT_ACTION: ActionRow = {
  name: 'redirect',
  on: 'both',
  syntax:
    '{ location | prefix | scheme } <fmt> [ code <code> ] [ drop-query ] [ append-slash ] [ ignore-empty ] [ { set-cookie | clear-cookie } <name> ]',
  help: 'Answers with a redirection, 302 by default. In http-response rules only `location` is possible.',
  compile: (words) => compileRedirect(words, false),
};
