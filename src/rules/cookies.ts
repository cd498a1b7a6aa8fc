/** Cookies of a request (`Cookie: a=1; b=2`) and of a response (`Set-Cookie: a=1; Path=/`), as RFC 6265 writes them. */

import type { Head } from '../http/head.ts';
import type { Pick } from './header-values.ts';
import type { Source } from './sample.ts';
import { trimBlanks } from './text.ts';

/** Values of the cookies named `name`, or of all if it is empty; in order. */
function requestCookies(head: Head, name: string): string[] {
  return head.values('cookie').flatMap((line) => pairs(split(line), name));
}

/** As HAProxy, at semicolons and commas, but for those of a quoted value. */
function split(line: string): string[] {
  const parts: string[] = [];
  for (let from = 0; from <= line.length; ) {
    const end = partEnd(line, from);
    parts.push(line.slice(from, end));
    from = end + 1;
  }
  return parts;
}

const SEMICOLON = 0x3b;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Quotes mean something behind the equals sign alone. */
function partEnd(line: string, from: number): number {
  let valued = false;
  let quoted = false;
  for (let at = from; at < line.length; at++) {
    const code = line.charCodeAt(at);
    if (quoted && code === BACKSLASH) at++;
    else if (valued && code === QUOTE) quoted = !quoted;
    else if (code === EQUALS) valued = true;
    else if (!quoted && (code === SEMICOLON || code === COMMA)) return at;
  }
  return line.length;
}

/** Only the first pair of a Set-Cookie line is a cookie, the rest are its attributes. */
function responseCookies(head: Head, name: string): string[] {
  return head.values('set-cookie').flatMap((line) => pairs(line.split(';', 1), name));
}

function pairs(parts: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (const part of parts) {
    const equals = part.indexOf('=');
    if (equals < 0) continue;
    const own = trimBlanks(part.slice(0, equals));
    // Attributes of RFC 2965: `$Path`.
    if (own.startsWith('$')) continue;
    if (name === '' || own === name) values.push(trimBlanks(part.slice(equals + 1)));
  }
  return values;
}

type Read = (head: Head, name: string) => string[];

/** The last cookie of that name; without a name the first of all. */
export function cookieSource(pick: Pick, direction: 'request' | 'response', name: string): Source<string> {
  const read: Read = direction === 'request' ? requestCookies : responseCookies;
  return {
    get: (context) => {
      const head = pick(context);
      return head === undefined ? undefined : read(head, name).at(name === '' ? 0 : -1);
    },
    matching: (test) => (context) => {
      const head = pick(context);
      return head !== undefined && read(head, name).some(test);
    },
  };
}

export function countCookies(head: Head, direction: 'request' | 'response', name: string): number {
  return (direction === 'request' ? requestCookies : responseCookies)(head, name).length;
}
