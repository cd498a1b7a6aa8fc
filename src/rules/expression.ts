/**
 * `fetch(args),converter(args),...` to a Sample (manual 7.3). ACLs, log-formats and arguments all come here; each
 * says in its own words where the expression stood.
 */

import { didYouMean } from '../core/suggest.ts';
import { type Arguments, readArguments } from './arguments.ts';
import { CONVERTERS, type ConverterRow } from './converters.ts';
import { RuleError, refused } from './error.ts';
import type { FetchRow } from './fetch.ts';
import { AUTH_FETCHES } from './fetches-auth.ts';
import { CONNECTION_FETCHES } from './fetches-connection.ts';
import { HTTP_FETCHES } from './fetches-http.ts';
import { LIVE_FETCHES } from './fetches-live.ts';
import { LOG_FETCHES } from './fetches-log.ts';
import { TLS_FETCHES } from './fetches-tls.ts';
import { isForeignConverter, isForeignFetch } from './refused.ts';
import type { Sample } from './sample.ts';
import type { Scope } from './scope.ts';
import { VARIABLE_FETCH } from './variables.ts';

export const FETCHES: readonly FetchRow[] = [
  ...CONNECTION_FETCHES,
  ...HTTP_FETCHES,
  ...AUTH_FETCHES,
  ...LIVE_FETCHES,
  ...LOG_FETCHES,
  ...TLS_FETCHES,
  VARIABLE_FETCH,
];

const FETCH_BY_NAME: ReadonlyMap<string, FetchRow> = new Map(FETCHES.flatMap((row) => row.names.map((name) => [name, row])));
const CONVERTER_BY_NAME: ReadonlyMap<string, ConverterRow> = new Map(CONVERTERS.map((row) => [row.name, row]));

export function fetchNames(): Iterable<string> {
  return FETCH_BY_NAME.keys();
}

export function findFetch(name: string): FetchRow | undefined {
  return FETCH_BY_NAME.get(name);
}

/** The name at `from`, letters, digits and `_ . - +`; perhaps empty. */
export function readName(text: string, from: number): string {
  const pattern = /[A-Za-z0-9_.+-]*/y;
  pattern.lastIndex = from;
  return (pattern.exec(text) as RegExpExecArray)[0];
}

/** A fetch with its arguments, still to be compiled for a scope. */
export interface FetchCall {
  readonly name: string;
  readonly row: FetchRow;
  readonly arguments: Arguments;
  readonly end: number;
}

/** Reads the fetch at `from`. `row` is given where the name has been looked up already (an ACL criterion). */
export function readFetch(text: string, from: number, row: FetchRow | undefined = undefined): FetchCall {
  const name = readName(text, from);
  if (name === '') throw new RuleError('missing fetch method');
  const found = row ?? FETCH_BY_NAME.get(name);
  if (found === undefined) {
    if (isForeignFetch(name)) throw refused(`fetch method '${name}'`);
    throw new RuleError(`unknown fetch method '${name}'${didYouMean(name, FETCH_BY_NAME.keys())}`);
  }
  const call = within(row === undefined ? `fetch method '${name}' : ` : '', () => readArguments(text, from + name.length, found.arguments));
  return { name, row: found, arguments: call.arguments, end: call.end };
}

export function compileFetch(call: FetchCall, scope: Scope): Sample {
  return within(`invalid args in fetch method '${call.name}' : `, () => call.row.compile(call.arguments, scope));
}

export interface Converted {
  readonly sample: Sample;
  readonly end: number;
}

/** Applies the converters that stand at `from`, each behind a comma. */
export function readConverters(text: string, from: number, sample: Sample): Converted {
  let at = from;
  let current = sample;
  while (text[at] === ',') {
    const name = readName(text, ++at);
    // HAProxy takes `path,` and `path,,lower` too.
    if (name === '' && (at === text.length || text[at] === ',' || text[at] === ']')) continue;
    const row = CONVERTER_BY_NAME.get(name);
    if (row === undefined) {
      if (isForeignConverter(name)) throw refused(`converter '${name}'`);
      throw new RuleError(`unknown converter '${name}'${didYouMean(name, CONVERTER_BY_NAME.keys())}`);
    }
    const call = within(`invalid args in converter '${name}' : `, () => readArguments(text, at + name.length, row.arguments));
    current = within(`invalid args in converter '${name}' : `, () => row.compile(call.arguments))(current);
    at = call.end;
  }
  return { sample: current, end: at };
}

/** Runs `build`; puts `where` in front of what it complains about. */
export function within<T>(where: string, build: () => T): T {
  try {
    return build();
  } catch (error) {
    if (error instanceof RuleError) throw new RuleError(where + error.message);
    throw error;
  }
}
