/** Character classes of RFC 9110 5.6.2 and RFC 9112, as one table: `CLASS[byte] & TOKEN`. */

/** tchar: a method or a field name is made of these (RFC 9110 5.6.2). */
export const TOKEN = 1;
/** field-vchar, obs-text, SP and HTAB: what a field value may hold (RFC 9110 5.5). */
export const VALUE = 2;
/** VCHAR without `#`: what a request target may hold (RFC 9112 3.2; a fragment never travels). */
export const TARGET = 4;
export const DIGIT = 8;
export const HEX = 16;
/** What HAProxy's `option accept-invalid-http-request` lets a target hold: anything but blanks and control bytes. */
export const LENIENT_TARGET = 32;
/** What it lets a field name hold: anything but the colon and, unlike HAProxy, what ends a line or a C string. */
export const LENIENT_NAME = 64;

export const CLASS: Uint8Array = classify();

function classify(): Uint8Array {
  const table = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) {
    const char = String.fromCharCode(byte);
    let bits = 0;
    if (/[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(char)) bits |= TOKEN;
    if (byte === 0x09 || (byte >= 0x20 && byte !== 0x7f)) bits |= VALUE;
    if (byte > 0x20 && byte < 0x7f && char !== '#') bits |= TARGET;
    if (/[0-9]/.test(char)) bits |= DIGIT;
    if (/[0-9A-Fa-f]/.test(char)) bits |= HEX;
    if (byte > 0x20 && byte !== 0x7f) bits |= LENIENT_TARGET;
    if (!/[:\r\n\0]/.test(char)) bits |= LENIENT_NAME;
    table[byte] = bits;
  }
  return table;
}

/**
 * For a value that is written into a head: a CR, LF or NUL would split the message and becomes a blank. So would U+010D,
 * of which latin-1 writes the lower byte: values are bytes, a character above U+00FF is somebody's text and becomes `?`.
 */
export function withoutBreaks(value: string): string {
  return /[\r\n\0\u0100-\uffff]/.test(value) ? value.replace(/[\r\n\0]/g, ' ').replace(/[\u0100-\uffff]/g, '?') : value;
}

export const CR = 0x0d;
export const LF = 0x0a;
export const SP = 0x20;
export const HTAB = 0x09;
export const COLON = 0x3a;
