/**
 * Byte strings: one character a byte, as heads are. Lines of the configuration are read so, because what they put into
 * a message must arrive byte for byte; what people, files and names need is text, and is converted here.
 */

import { isUtf8 } from 'node:buffer';

/** Text as the bytes of its UTF-8. */
export function bytesOf(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** Bytes as text; what is not UTF-8 becomes U+FFFD. */
export function textOf(bytes: string): string {
  return isAscii(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');
}

/** The same bytes in memory of their own: V8 keeps the whole text that a part was cut from for as long as the part lives. */
export function detached(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('latin1');
}

/** Whether `textOf` loses nothing. */
export function isText(bytes: string): boolean {
  return isAscii(bytes) || isUtf8(Buffer.from(bytes, 'latin1'));
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}
