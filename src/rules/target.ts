/** The parts of a request target: `/path?query`, or `*`, which has neither (RFC 9112 3.2). */

import type { Head } from '../http/head.ts';
import { encodeTarget } from './text.ts';

/** Undefined for `*`. */
export function pathOf(target: string): string | undefined {
  if (!target.startsWith('/')) return undefined;
  const mark = target.indexOf('?');
  return mark < 0 ? target : target.slice(0, mark);
}

/** What follows the first question mark; undefined without one. */
export function queryOf(target: string): string | undefined {
  const mark = target.indexOf('?');
  return mark < 0 ? undefined : target.slice(mark + 1);
}

/** Path and query; a target `http://host` has none, though it is forwarded as `/`. */
export function pathAndQueryOf(head: Head): string | undefined {
  const { target } = head;
  if (!target.startsWith('/')) return undefined;
  return target === '/' && !uriOf(head).endsWith('/') ? undefined : target;
}

const SLASH = 0x2f;
const STAR = 0x2a;
const QUESTION_MARK = 0x3f;

/** The target, with scheme and authority where the client sent them: rules change what follows them. */
export function uriOf(head: Head): string {
  const { text, target } = head;
  const from = text.indexOf(' ') + 1;
  const to = text.indexOf(' ', from);
  if (from === 0 || to < 0 || to > head.fieldsFrom) return target;
  const first = text.charCodeAt(from);
  if (first === SLASH || first === STAR) return target;
  let end = text.indexOf('://', from) + 3;
  while (end < to && text.charCodeAt(end) !== SLASH && text.charCodeAt(end) !== QUESTION_MARK) end++;
  if (text.charCodeAt(end) === SLASH) return text.slice(from, end) + target;
  // It has got a slash on the way; as in HAProxy, a new path is all there is then.
  return target === '*' || target === `/${text.slice(end, to)}` ? text.slice(from, to) : target;
}

/** Another path, the query kept. `*` is replaced as a whole. A path that lacks its slash gets one. */
export function withPath(target: string, path: string): string {
  const mark = target.indexOf('?');
  return absolute(path) + (mark < 0 ? '' : target.slice(mark));
}

export function withPathAndQuery(pathAndQuery: string): string {
  return absolute(pathAndQuery);
}

/** Another query; a question mark that is there stays, even before an empty query. */
export function withQuery(target: string, query: string): string {
  const mark = target.indexOf('?');
  if (mark < 0 && query === '') return target;
  return `${mark < 0 ? target : target.slice(0, mark)}?${encodeTarget(query)}`;
}

function absolute(path: string): string {
  const clean = encodeTarget(path);
  return clean.startsWith('/') ? clean : `/${clean}`;
}

/**
 * The target as the client sent it, whatever rules have made of it since: from the request line that `head.text`
 * begins with; of absolute-form its path and query, empty where it has none.
 */
export function originalTarget(head: Head): string {
  const from = head.text.indexOf(' ') + 1;
  const to = head.text.indexOf(' ', from);
  if (from === 0 || to < 0 || to > head.fieldsFrom) return head.target;
  if (head.text[from] === '/') return head.text.slice(from, to);
  const authority = head.text.indexOf('://', from);
  if (authority < 0 || authority > to) return head.text.slice(from, to);
  const slash = head.text.indexOf('/', authority + 3);
  return slash < 0 || slash > to ? '' : head.text.slice(slash, to);
}

export function originalMethod(head: Head): string {
  const to = head.text.indexOf(' ');
  return to <= 0 || to > head.fieldsFrom ? head.method : head.text.slice(0, to);
}

/**
 * Where the value of the next parameter named `name` (any, if empty) begins, searching from `from`; -1 if there
 * is none. `from` is behind the delimiter that opens the parameters, or behind the end of the one before.
 */
export function nextParameter(target: string, from: number, name: string, delimiter: string): number {
  for (let at = from; at <= target.length; ) {
    const end = parameterEnd(target, at, delimiter);
    const equals = target.indexOf('=', at);
    if (equals >= 0 && equals < end && (name === '' || isNamed(target, at, equals, name))) return equals + 1;
    at = end + 1;
  }
  return -1;
}

function isNamed(target: string, from: number, to: number, name: string): boolean {
  return to - from === name.length && target.startsWith(name, from);
}

/** Where the parameter at `from` ends: at `&`, `;` or the delimiter. */
export function parameterEnd(target: string, from: number, delimiter: string): number {
  const own = delimiter.charCodeAt(0);
  let end = from;
  while (end < target.length) {
    const code = target.charCodeAt(end);
    if (code === 0x26 || code === 0x3b || code === own) break;
    end++;
  }
  return end;
}
