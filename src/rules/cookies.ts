/** Cookies of a request (`Cookie: a=1; b=2`) and of a response (`Set-Cookie: a=1; Path=/`), as RFC 6265 writes them. */

import { type Pair, readPair } from '../http/cookies.ts';
import type { Head } from '../http/head.ts';
import { type Pick, readSplit } from './header-values.ts';
import type { Source } from './sample.ts';

/** Values of the cookies named `name`, or of all if it is empty; in order. */
function requestCookies(head: Head, name: string): string[] {
  const values: string[] = [];
  for (const line of head.values('cookie')) {
    for (let next = -1; next < line.length; ) {
      const pair = readPair(line, next + 1, true);
      next = pair.next;
      if (isCookie(line, pair)) values.push(...valuesNamed(line, pair, name));
    }
  }
  return values;
}

/** Only the first pair of a Set-Cookie line is a cookie, the rest are its attributes; HAProxy takes what follows a comma for a line. */
function responseCookies(head: Head, name: string): string[] {
  return setCookies(head).flatMap((line) => {
    for (let next = -1; next < line.length; ) {
      const pair = readPair(line, next + 1, false);
      next = pair.next;
      if (isCookie(line, pair)) return valuesNamed(line, pair, name);
    }
    return [];
  });
}

const setCookies = readSplit('set-cookie');

/** Names with `$` are attributes of RFC 2965: `$Path`. */
function isCookie(line: string, { nameFrom, equal, next }: Pair): boolean {
  return equal !== next && !line.startsWith('$', nameFrom);
}

/** Its value, or none. */
function valuesNamed(line: string, { nameFrom, nameTo, valueFrom, valueTo }: Pair, name: string): string[] {
  return name === '' || line.slice(nameFrom, nameTo) === name ? [line.slice(valueFrom, valueTo)] : [];
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
