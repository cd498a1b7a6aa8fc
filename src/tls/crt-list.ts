/**
 * `crt-list` files (manual 5.1): a certificate on each line, with words of its own and the names that it is for.
 *
 *     <file> [\[<word> ...\]] [[!]<name> ...]
 *
 * As in HAProxy: a line is a comment if `#` is its very first character; brackets need no blanks around them; nothing is escaped.
 * Unlike it, `[` without `]` is an error: what stands behind would be taken for names, and `verify required` for nothing.
 */

export interface CrtListLine {
  /** As written; `crt-base` is not yet under it. */
  readonly file: string;
  /** Between the brackets. */
  readonly words: readonly string[];
  /** Names, `*.a.test` and `!b.a.test` among them; empty: those of the certificate. */
  readonly filters: readonly string[];
  /** From 1. */
  readonly line: number;
}

export interface CrtList {
  readonly lines: readonly CrtListLine[];
  readonly warnings: readonly string[];
}

const LONGEST = 65535;

/** Throws an Error in HAProxy's words. */
export function parseCrtList(text: string, file: string): CrtList {
  const rows = text.split('\n');
  if (rows.pop() !== '') {
    const last = rows.length + 1;
    const length = text.length - text.lastIndexOf('\n');
    if (length > LONGEST) throw new Error(tooLong(file, last));
    throw new Error(`parsing [${file}:${last}]: Missing LF on last line, file might have been truncated at position ${length}.`);
  }
  const lines: CrtListLine[] = [];
  const warnings: string[] = [];
  for (const [index, row] of rows.entries()) {
    if (row.length > LONGEST) throw new Error(tooLong(file, index + 1));
    const parsed = parseCrtListLine(row, index + 1, (message) => warnings.push(`parsing [${file}:${index + 1}]: ${message}`));
    if (parsed === undefined) continue;
    if ('error' in parsed) throw new Error(`parsing [${file}:${index + 1}]: ${parsed.error}`);
    lines.push(parsed);
  }
  return { lines, warnings };
}

/** Undefined for lines that say nothing. */
export function parseCrtListLine(
  row: string,
  line: number,
  warn: (message: string) => void,
): CrtListLine | { readonly error: string } | undefined {
  if (row.startsWith('#')) return undefined;
  const tokens = row.match(/[[\]]|[^\s[\]]+/g);
  const [file, ...rest] = tokens ?? [];
  if (file === undefined) return undefined;
  if (file === '[' || file === ']') return { error: 'file must start with a cert' };
  const opened = rest.indexOf('[');
  const closed = rest.indexOf(']');
  if (rest.lastIndexOf('[') !== opened) return { error: "too many '['" };
  if (rest.lastIndexOf(']') !== closed) return { error: "too many ']'" };
  if (closed >= 0 && (opened < 0 || closed < opened)) return { error: "missing '['" };
  if (opened >= 0 && closed < 0) return { error: "missing ']'" };
  if (opened > 0) warn("malformated line, filters can't be between filename and options!");
  const words = opened < 0 ? [] : rest.slice(opened + 1, closed);
  return { file, words, filters: opened < 0 ? rest : rest.slice(closed + 1), line };
}

function tooLong(file: string, line: number): string {
  return `parsing [${file}:${line}]: line too long, limit is ${LONGEST} characters`;
}
