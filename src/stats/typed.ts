/**
 * The statistics with their types: HAProxy's `typed` and `json` formats (management manual 9.2, 9.3). Only cells with
 * a value are in them; an empty text is a value.
 */

import type { Field, Reading, Value } from './field.ts';
import { FIELDS } from './fields.ts';
import { type Row, read } from './rows.ts';
import { oneLine } from './words.ts';

const OBJECTS = { F: 'Frontend', L: 'Listener', S: 'Server', B: 'Backend' } as const;

const ORIGINS: Readonly<Record<string, string>> = { M: 'Metric', S: 'Status', K: 'Key', C: 'Config', P: 'Product' };
const NATURES: Readonly<Record<string, string>> = {
  A: 'Age',
  a: 'Avg',
  C: 'Counter',
  D: 'Duration',
  G: 'Gauge',
  L: 'Limit',
  M: 'Max',
  N: 'Name',
  O: 'Output',
  R: 'Rate',
};
const SCOPES: Readonly<Record<string, string>> = { C: 'Cluster', P: 'Process', S: 'Service', Y: 'System' };

/** Columns that mean something else on one side: a server's act is what it is, a backend's is counted. */
const OTHER_TAGS: Readonly<Record<string, string>> = {
  'S act': 'SGP:u32',
  'S bck': 'SGP:u32',
  'B rate': 'MGP:u32',
  'B rate_max': 'MGP:u32',
};

/** Behind the field of a cell, in JSON. `tags`: `MGP:u32` */
export function cellOf(tags: string, value: string | number): object {
  const [letters = '', type] = tags.split(':');
  return { tags: namesOf(letters), value: { type, value } };
}

/** `MGP` in words, for JSON. */
function namesOf(tags: string): object {
  return { origin: ORIGINS[tags.charAt(0)], nature: NATURES[tags.charAt(1)], scope: SCOPES[tags.charAt(2)] };
}

const SIDES = ['F', 'L', 'S', 'B'] as const;

/** What all cells of a column have in common, of one kind of row. */
interface Column {
  readonly field: Field;
  /** `.0.pxname.1:KNS:str:` */
  readonly typed: string;
  /** Behind the numbers of the row, up to the value. */
  readonly json: string;
}

function columnsOf(side: Row['side']): readonly Column[] {
  return FIELDS.map((field, position) => {
    const { name } = field;
    const tags = OTHER_TAGS[`${side} ${name}`] ?? field.tags;
    const [letters = '', type] = tags.split(':');
    const about = JSON.stringify({ field: { pos: position, name }, processNum: 1, tags: namesOf(letters) }).slice(1, -1);
    return { field, typed: `.${position}.${name}.1:${tags}:`, json: `${about},"value":{"type":"${type}","value":` };
  });
}

const COLUMNS = Object.fromEntries(SIDES.map((side) => [side, columnsOf(side)])) as Readonly<Record<Row['side'], readonly Column[]>>;

function numbersOf(row: Row): { readonly iid: number; readonly sid: number } {
  switch (row.side) {
    case 'F':
    case 'B':
      return { iid: row.of.config.id, sid: 0 };
    case 'L':
      return { iid: row.of.frontend.config.id, sid: row.of.id };
    case 'S':
      return { iid: row.of.backend.config.id, sid: row.of.id };
  }
}

/** `F.2.0.0.pxname.1:KNS:str:stats`, a piece for each row; `desc` adds what the column is, in quotes. */
export function* typed(rows: Iterable<Row>, at: Reading, desc = false): Generator<string> {
  for (const row of rows) {
    const { iid, sid } = numbersOf(row);
    const start = `${row.side}.${iid}.${sid}`;
    let text = '';
    for (const { field, typed } of COLUMNS[row.side]) {
      const value: Value = read(field, row, at);
      if (value === undefined) continue;
      text += `${start}${typed}${typeof value === 'string' ? oneLine(value) : value}${desc ? `:"${field.help}"` : ''}\n`;
    }
    yield text;
  }
}

/** An array of rows, each an array of cells, a piece for each row. */
export function* json(rows: Iterable<Row>, at: Reading): Generator<string> {
  let before = '[';
  for (const row of rows) {
    const { iid, sid } = numbersOf(row);
    const start = `{"objType":"${OBJECTS[row.side]}","proxyId":${iid},"id":${sid},`;
    let text = '';
    for (const { field, json } of COLUMNS[row.side]) {
      const value: Value = read(field, row, at);
      if (value === undefined) continue;
      text += `${text === '' ? '' : ','}${start}${json}${typeof value === 'string' ? JSON.stringify(value) : value}}}`;
    }
    yield `${before}[${text}]`;
    before = ',';
  }
  yield before === '[' ? '[]\n' : ']\n';
}
