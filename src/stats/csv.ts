/**
 * The statistics as CSV (management manual 9.1): a header that begins with `# `, a comma behind the last column of
 * every line, values quoted as RFC 4180 says and only where they must be, one line a row whatever is in them. The fixed columns end with one named `-`.
 */

import type { Reading, Value } from './field.ts';
import { FIELDS } from './fields.ts';
import { type Row, read } from './rows.ts';
import { oneLine } from './words.ts';

const END = '-,';

const CSV_HEADER: string = `# ${FIELDS.map((field) => `${field.name},`).join('')}${END}\n`;

/** The report: its header, then a piece for each row. */
export function* csv(rows: Iterable<Row>, at: Reading): Generator<string> {
  yield CSV_HEADER;
  for (const row of rows) yield line(row, at);
}

function line(row: Row, at: Reading): string {
  let text = '';
  for (const field of FIELDS) text += `${cell(read(field, row, at))},`;
  return `${text}${END}\n`;
}

function cell(value: Value): string {
  if (value === undefined) return '';
  return typeof value === 'number' ? String(value) : quote(value);
}

/** RFC 4180 2.6 and 2.7, without its line breaks in quotes: readers of HAProxy's statistics take them line by line. */
export function quote(text: string): string {
  const line = oneLine(text);
  return /[",]/.test(line) ? `"${line.replaceAll('"', '""')}"` : line;
}
