/** Words to text: lines that `lexer.ts` reads as the same words, and so does HAProxy. */

import { isText, textOf } from '../core/bytes.ts';

/** Neither blanks, quotes, escapes nor comments: needs no quotes. */
const PLAIN = /^[!$-&(-[\]-~\x80-\xff]+$/;
const BETWEEN_SINGLE_QUOTES = /^[ -&(-~\x80-\xff]*$/;
const TO_ESCAPE = /[^ !#%-[\]-~\x80-\xff]/g;
const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '"': '\\"', '\\': '\\\\', $: '\\$' };

/** `words` are bytes, one character each. */
export function writeLine(words: readonly string[]): string {
  return words.map(writeWord).join(' ');
}

/** A word as it can stand on a line, as text; bytes that are none of a text are written as `\xNN`. */
export function writeWord(word: string): string {
  const readable = isText(word);
  if (readable && PLAIN.test(word)) return textOf(word);
  if (readable && BETWEEN_SINGLE_QUOTES.test(word)) return `'${textOf(word)}'`;
  const quoted = word.replace(TO_ESCAPE, (char) => ESCAPES[char] ?? byteOf(char));
  return `"${readable ? textOf(quoted) : quoted.replace(/[\x80-\xff]/g, byteOf)}"`;
}

function byteOf(char: string): string {
  return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/** Milliseconds as the configuration has them. */
export function writeTime(ms: number): string {
  return ms > 0 && ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
