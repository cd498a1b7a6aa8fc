/** Paths of request targets (RFC 9112 3.2.1). */

import { CLASS, TARGET } from './chars.ts';
import type { Head } from './head.ts';

/** The target of a request as it came, in whatever form (RFC 9112 3.2). */
export function rawTarget({ text }: Head): string {
  const from = text.indexOf(' ') + 1;
  return text.slice(from, text.indexOf(' ', from));
}

/** The target without its query. */
export function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
}

/**
 * `prefix` of the path becomes `replacement`; what is left always begins with a slash. What a target cannot hold is
 * percent-encoded in `replacement`, whoever has let it in: one character is all that separates it from the next line.
 */
export function rewritePrefix(target: string, prefix: string, replacement: string): string {
  const rest = target.slice(prefix.endsWith('/') ? prefix.length - 1 : prefix.length);
  const clean = encoded(replacement);
  const joined = clean.endsWith('/') && rest.startsWith('/') ? clean + rest.slice(1) : clean + rest;
  return joined.startsWith('/') ? joined : `/${joined}`;
}

function encoded(text: string): string {
  for (let i = 0; i < text.length; i++) if (!isTarget(text.charCodeAt(i))) return encodeAll(text);
  return text;
}

/** Characters as their UTF-8 (RFC 3986 2.5). */
function encodeAll(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    encoded += isTarget(byte) ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

function isTarget(code: number): boolean {
  return ((CLASS[code] ?? 0) & TARGET) !== 0;
}
