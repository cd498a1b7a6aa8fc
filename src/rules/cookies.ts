/** Cookies of a request (`Cookie: a=1; b=2`) and of a response (`Set-Cookie: a=1; Path=/`), as RFC 6265 writes them. */

import type { Head } from '../http/head.ts';
import type { Pick } from './header-values.ts';
import type { Source } from './sample.ts';
import { trimBlanks } from './text.ts';

/** Values of the cookies named `name`, or of all if it is empty; in order. */
function requestCookies(head: Head, name: string): string[] {
  return head.values('cookie').flatMap((line) => pairs(line.split(';'), name));
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
    if (name === '' || trimBlanks(part.slice(0, equals)) === name) values.push(trimBlanks(part.slice(equals + 1)));
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
