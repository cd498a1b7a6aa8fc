/** Records as a table for people: aligned, only columns with something in them, and colours where they can be seen. */

import type { Parsed, RecordOf, Value } from './records.ts';

/** Shown even where every row has the same, or nothing. */
const ALWAYS: ReadonlySet<string> = new Set(['pxname', 'svname', 'status', 'be_name', 'srv_name', 'srv_op_state', 'srv_admin_state']);
/** By a column that a report is known by: what of it means nothing to people. */
const NEVER: Readonly<Record<string, readonly string[]>> = {
  svname: ['pid', 'iid', 'sid', 'type'],
  fe: ['ts', 'epoch', 'cpu', 'lat', 'rq', 'rp', 'scf', 'scb'],
};
/** What stands for no value. */
const NOTHING: ReadonlySet<Value> = new Set(['', 0, '-', '0']);
const GAP = '  ';

const BOLD = '1';
/** Beginnings of words, and what they look like. */
const COLOURS: readonly (readonly [beginning: string, code: string])[] = [
  ['UP', '32'],
  ['OPEN', '32'],
  ['DOWN', '31'],
  ['STOP', '31'],
  ['MAINT', '33'],
  ['DRAIN', '33'],
  ['NOLB', '33'],
  ['PAUSED', '33'],
];

/** Lines with their newlines. */
export function tableOf(parsed: Parsed, colour: boolean): string {
  switch (parsed.kind) {
    case 'text':
      return parsed.text === '' ? '' : `${harmless(parsed.text)}\n`;
    case 'record':
      return recordLines(parsed.record, colour);
    case 'rows':
      return rowLines(parsed.columns, parsed.rows, colour);
  }
}

function recordLines(record: RecordOf, colour: boolean): string {
  const names = Object.keys(record);
  const width = widest(0, names, (name) => name);
  const line = (name: string): string => `${paint(name.padEnd(width), BOLD, colour)}${GAP}${harmless(String(record[name]))}\n`;
  return names.map(line).join('');
}

function rowLines(columns: readonly string[], rows: readonly RecordOf[], colour: boolean): string {
  const never = Object.entries(NEVER).flatMap(([known, names]) => (columns.includes(known) ? names : []));
  const some = columns.filter((name) => ALWAYS.has(name) || (!never.includes(name) && rows.some((row) => !NOTHING.has(row[name] ?? ''))));
  const shown = some.length > 0 ? some : columns;
  const cells = rows.map((row) => shown.map((name) => harmless(String(row[name] ?? ''))));
  const widths = shown.map((name, index) => widest(name.length, cells, (line) => line[index]));
  const right = shown.map((name) => rows.every((row) => typeof (row[name] ?? '') === 'number' || row[name] === ''));
  const align = (text: string, index: number): string => {
    const width = widths[index] ?? 0;
    return right[index] === true ? text.padStart(width) : text.padEnd(width);
  };
  const heading = paint(shown.map(align).join(GAP).trimEnd(), BOLD, colour);
  const lines = cells.map((line) =>
    line
      .map((text, index) => paint(align(text, index), colourOf(shown[index] ?? '', text), colour))
      .join(GAP)
      .trimEnd(),
  );
  return [heading, ...lines].map((line) => `${line}\n`).join('');
}

/** Of any number: an argument each would be too many for a call. */
function widest<T>(least: number, all: readonly T[], textOf: (one: T) => string | undefined): number {
  return all.reduce((width, one) => Math.max(width, textOf(one)?.length ?? 0), least);
}

function colourOf(column: string, text: string): string | undefined {
  return column === 'status' ? COLOURS.find(([beginning]) => text.startsWith(beginning))?.[1] : undefined;
}

function paint(text: string, code: string | undefined, colour: boolean): string {
  return colour && code !== undefined ? `\x1b[${code}m${text}\x1b[0m` : text;
}

/** Names and reasons may come from anywhere: none of them may speak to the terminal. */
export function harmless(text: string): string {
  return text.replace(UNSEEN, (char) => (char === '\t' || char === '\n' ? char : '?'));
}

/** The same for data: what terminals may heed is escaped, and reads as the same text. */
export function harmlessJson(value: unknown): string {
  return JSON.stringify(value).replace(UNSEEN, (chars) =>
    Array.from({ length: chars.length }, (_, at) => `\\u${chars.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  );
}

/** Controls, those that turn the direction of writing round included, and what some take for the end of a line. */
const UNSEEN = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;
