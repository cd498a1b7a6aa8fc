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
  if (expanded) return instead(line, words);
  return [isText(raw) ? text : `${indentOf(text)}${writeLine(words)}`];
}

/** The same as a comment. */
export function aside({ raw }: ReadLine, why = ''): string {
  const text = textOf(raw).trimEnd();
  return `${indentOf(text)}# ${text.trimStart()}${why === '' ? '' : `  (${why})`}`;
}

/** In other words; as it was it stands above. */
export function instead(line: ReadLine, ...lines: readonly (readonly string[])[]): readonly string[] {
  const indent = indentOf(textOf(line.raw));
  return [aside(line), ...lines.map((words) => indent + writeLine(words))];
}

/** With more words at its end. */
export function extended(line: ReadLine, more: readonly string[]): readonly string[] {
  const words = [...line.words, ...more];
  const plain = !line.expanded && isText(line.raw) && !line.raw.includes('#');
  return plain ? [`${textOf(line.raw).trimEnd()} ${writeLine(more)}`] : instead(line, words);
}

function indentOf(text: string): string {
  return /^\s*/.exec(text)?.[0] ?? '';
}
