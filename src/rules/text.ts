/**
 * Strings as HAProxy sees them: bytes. Heads are latin-1 strings, one character a byte, and so are the words of rules;
 * case is folded in ASCII alone.
 */

import { CLASS, TARGET } from '../http/chars.ts';

/** `A`-`Z` to `a`-`z`; what is lower case already is returned as it is. */
export function lowerAscii(text: string): string {
  let upper = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return text.replace(/[A-Z]+/g, toLower);
    if (code >= 0x41 && code <= 0x5a) upper = true;
  }
  return upper ? text.toLowerCase() : text;
}

export function upperAscii(text: string): string {
  return text.replace(/[a-z]+/g, toUpper);
}

function toLower(run: string): string {
  return run.toLowerCase();
}

function toUpper(run: string): string {
  return run.toUpperCase();
}

/** Without the blanks (SP, HTAB) around it. */
export function trimBlanks(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return from === 0 && to === text.length ? text : text.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/**
 * A sample in a header value or a reply: bytes that may not stand in a field (RFC 9110 5.5) become `%XX`, as HAProxy
 * writes them, so a decoded CR LF cannot split a message.
 */
export function encodeControls(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return encodeWhere(text, isControl);
  }
  return text;
}

function isControl(code: number): boolean {
  return (code < 0x20 && code !== 0x09) || code === 0x7f;
}

/** What may not stand in a request target becomes `%XX`: a rewritten target is as clean as a parsed one. */
export function encodeTarget(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (notInTarget(text.charCodeAt(i))) return encodeWhere(text, notInTarget);
  }
  return text;
}

function notInTarget(code: number): boolean {
  return ((CLASS[code] as number) & TARGET) === 0;
}

function encodeWhere(text: string, encode: (code: number) => boolean): string {
  let encoded = '';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    encoded += encode(code) ? `%${code.toString(16).toUpperCase().padStart(2, '0')}` : text[i];
  }
  return encoded;
}

/**
 * The number that a text begins with (`12ab` is 12, `ab` is 0, as HAProxy casts), undefined for an empty text. At most 2^63;
 * beyond 2^53 not every one can be told from its neighbours.
 */
export function leadingInteger(text: string): number | undefined {
  if (text.length === 0) return undefined;
  const negative = text.charCodeAt(0) === 0x2d;
  let value = 0;
  for (let i = negative || text.charCodeAt(0) === 0x2b ? 1 : 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  value = Math.min(value, 2 ** 63);
  return negative ? 0 - value : value;
}

/**
 * The same by HAProxy's fetches that end in `_val`: 32 bits, of which those that are too many are lost. That any character
 * before `0` is a digit to them (`1.5` is 85) is left out.
 */
export function leadingInteger32(text: string): number {
  const negative = text.charCodeAt(0) === 0x2d;
  let value = 0;
  for (let i = negative || text.charCodeAt(0) === 0x2b ? 1 : 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) break;
    value = (Math.imul(value, 10) + (negative ? -digit : digit)) | 0;
  }
  return value;
}
