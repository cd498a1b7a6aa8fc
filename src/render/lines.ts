/** Single lines: the user's, and text of ours among them. */

import type { ReadLine } from '../config/transcript.ts';
import { writeLine } from '../config/write.ts';
import { isText, textOf } from '../core/bytes.ts';

export const INDENT = '    ';

/** One line, whatever is in it. */
export function comment(text: string): string {
  return `# ${text.replace(/\s+/g, ' ').trim()}`;
}

/** As it stands. Where it has variables, what they are; where it has bytes that are no text, with those written out. */
export function asWritten(line: ReadLine): readonly string[] {
  const { raw, words, kind, expanded } = line;
  const text = textOf(raw).trimEnd();
  if (kind === 'directive' || kind === 'skipped') return [aside(line)];
  if (kind === 'blank') return [text];
  if (expanded) return [aside(line), `${indentOf(text)}${writeLine(words)}`];
  return [isText(raw) ? text : `${indentOf(text)}${writeLine(words)}`];
}

/** The same as a comment. */
export function aside({ raw }: ReadLine, why = ''): string {
  const text = textOf(raw).trimEnd();
  return `${indentOf(text)}# ${text.trimStart()}${why === '' ? '' : `  (${why})`}`;
}

function indentOf(text: string): string {
  return /^\s*/.exec(text)?.[0] ?? '';
}
