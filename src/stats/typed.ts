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

/** `MGP` in words, for JSON. */
export function namesOf(tags: string): object {
  return { origin: ORIGINS[tags.charAt(0)], nature: NATURES[tags.charAt(1)], scope: SCOPES[tags.charAt(2)] };
}

function tagsOf(field: Field, row: Row): string {
  return OTHER_TAGS[`${row.side} ${field.name}`] ?? field.tags;
}

interface Cell {
  readonly field: Field;
  readonly position: number;
  readonly value: string | number;
}

function* cells(row: Row, at: Reading): Generator<Cell> {
  for (const [position, field] of FIELDS.entries()) {
    const value: Value = read(field, row, at);
    if (value !== undefined) yield { field, position, value };
  }
}

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

/** `F.2.0.0.pxname.1:KNS:str:stats`; `desc` adds what the column is, in quotes. */
export function typed(rows: Iterable<Row>, at: Reading, desc = false): string {
  let text = '';
  for (const row of rows) {
    const { iid, sid } = numbersOf(row);
    for (const { field, position, value } of cells(row, at)) {
      const shown = typeof value === 'string' ? oneLine(value) : value;
      const help = desc ? `:"${field.help}"` : '';
      text += `${row.side}.${iid}.${sid}.${position}.${field.name}.1:${tagsOf(field, row)}:${shown}${help}\n`;
    }
  }
  return text;
}

/** An array of rows, each an array of cells. */
export function json(rows: Iterable<Row>, at: Reading): string {
  return `${JSON.stringify(Array.from(rows, (row) => Array.from(cells(row, at), (cell) => jsonCell(row, cell))))}\n`;
}

function jsonCell(row: Row, { field, position, value }: Cell): object {
  const { iid, sid } = numbersOf(row);
  const [tags = '', type] = tagsOf(field, row).split(':');
  return {
    objType: OBJECTS[row.side],
    proxyId: iid,
    id: sid,
    field: { pos: position, name: field.name },
    processNum: 1,
    tags: namesOf(tags),
    value: { type, value },
  };
}
