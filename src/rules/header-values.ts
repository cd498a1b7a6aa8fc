/**
 * Values of header fields as HAProxy's fetches see them (manual 7.3.6): `hdr` splits every line at commas outside
 * quotes, `fhdr` takes whole lines; an occurrence counts from 1, or from -1 backwards.
 */

import type { Head } from '../http/head.ts';
import { type Source, single } from './sample.ts';
import { trimBlanks } from './text.ts';
import type { RuleContext } from './types.ts';

/** The head a fetch is about; undefined where there is none. */
export type Pick = (context: RuleContext) => Head | undefined;

export const requestHead: Pick = (context) => context.request;
export const responseHead: Pick = (context) => context.response;

/** Reads all values, in order. */
type Read = (head: Head) => readonly string[];

/** @param name in lower case, or empty for all fields. */
export function readFull(name: string): Read {
  if (name !== '') return (head) => head.values(name);
  return (head) => Array.from(head.entries(), ([, value]) => value);
}

export function readSplit(name: string): Read {
  const full = readFull(name);
  return (head) => {
    const lines = full(head);
    return lines.some(hasComma) ? lines.flatMap(splitList) : lines;
  };
}

function hasComma(line: string): boolean {
  return line.includes(',');
}

/** `occurrence` 0 is none asked for: the last value for `get`, all of them for `matching`. */
export function headerSource(pick: Pick, read: Read, occurrence: number): Source<string> {
  const index = occurrence > 0 ? occurrence - 1 : occurrence === 0 ? -1 : occurrence;
  const one = single((context) => {
    const head = pick(context);
    return head === undefined ? undefined : read(head).at(index);
  });
  if (occurrence !== 0) return one;
  return {
    get: one.get,
    matching: (test) => (context) => {
      const head = pick(context);
      return head !== undefined && read(head).some(test);
    },
  };
}

/** The values of one line, without the blanks around them; commas inside `"..."` do not separate (RFC 9110 5.6.1). */
export function splitList(line: string): string[] {
  const values: string[] = [];
  let from = 0;
  for (;;) {
    const end = valueEnd(line, from);
    values.push(trimBlanks(line.slice(from, end)));
    if (end >= line.length) return values;
    from = end + 1;
  }
}

function valueEnd(line: string, from: number): number {
  let quoted = false;
  for (let i = from; i < line.length; i++) {
    const code = line.charCodeAt(i);
    if (code === 0x22) quoted = !quoted;
    else if (code === 0x5c && quoted) i++;
    else if (code === 0x2c && !quoted) return i;
  }
  return line.length;
}

/** `replace` over every value of a comma list. As in HAProxy, a value that is replaced loses the blanks before it. */
export function replaceValues(line: string, replace: (value: string) => string): string {
  let out = '';
  let from = 0;
  for (;;) {
    const end = valueEnd(line, from);
    const piece = line.slice(from, end);
    const value = trimBlanks(piece);
    const replaced = replace(value);
    out += replaced === value ? piece : replaced + piece.slice(piece.indexOf(value) + value.length);
    if (end >= line.length) return out;
    out += ',';
    from = end + 1;
  }
}
