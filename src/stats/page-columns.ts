/**
 * The columns of the statistics page: HAProxy's cells in its order, with status and last check moved to the front,
 * because they are what people come for. Cells of one subject share a column (`cur / max / limit`), so that all of them
 * fit on a screen.
 *
 * Which columns a narrower window leaves out is said once per page, by their number, and not on every cell.
 */

import type { Field, Reading, Value } from './field.ts';
import { FIELDS } from './fields.ts';
import { bytes, duration, html, thousands } from './page-text.ts';
import { type Row, read } from './rows.ts';

type Get = (name: string) => Value;
type Cell = (get: Get, row: Row) => Value;

export interface PageColumn {
  readonly label: string;
  /** One cell, or several of one subject by their labels. */
  readonly parts: Readonly<Record<string, Cell>>;
  /** The smallest screen that has room for it; a desktop's by default. */
  readonly screen?: 'tablet' | 'phone';
  /** Of several cells a phone shows the first, or the sum. */
  readonly phone?: 'first' | 'sum';
  /** Words, to be read from the left. */
  readonly words?: true;
  /** Anything but 0 deserves a look. */
  readonly alarming?: true;
  /** More of the cell, below: markup. */
  below?(get: Get, row: Row): string;
}

const plain =
  (name: string): Cell =>
  (get) =>
    get(name);

const COLUMNS: readonly PageColumn[] = [
  { label: 'Status', parts: { '': statusCell }, screen: 'phone', words: true, below: reasons },
  { label: 'LastChk', parts: { '': lastCheck }, screen: 'tablet', words: true },
  { label: 'Queue', parts: { cur: plain('qcur'), max: plain('qmax'), limit: plain('qlimit') }, screen: 'tablet' },
  { label: 'Session rate', parts: { cur: plain('rate'), max: plain('rate_max') } },
  {
    label: 'Sessions',
    parts: { cur: plain('scur'), max: plain('smax'), limit: (get) => get('slim') || undefined },
    screen: 'phone',
    phone: 'first',
  },
  { label: 'Total', parts: { '': plain('stot') }, screen: 'phone' },
  { label: 'LbTot', parts: { '': plain('lbtot') } },
  { label: 'Last', parts: { '': lastSession } },
  { label: 'Bytes', parts: { in: (get) => bytes(get('bin')), out: (get) => bytes(get('bout')) }, screen: 'tablet' },
  { label: 'Denied', parts: { req: plain('dreq'), resp: plain('dresp') } },
  {
    label: 'Errors',
    parts: { req: plain('ereq'), conn: plain('econ'), resp: plain('eresp') },
    screen: 'phone',
    phone: 'sum',
    alarming: true,
  },
  { label: 'Warnings', parts: { retr: plain('wretr'), redis: plain('wredis') }, alarming: true },
  { label: 'Wght', parts: { '': weights } },
  { label: 'Servers', parts: { act: (get, row) => role(get('act'), row), bck: (get, row) => role(get('bck'), row) } },
  { label: 'Checks', parts: { chk: plain('chkfail'), dwn: plain('chkdown') }, alarming: true },
  { label: 'Dwntme', parts: { '': (get) => duration(get('downtime')) } },
  { label: 'Thrtle', parts: { '': throttle } },
];

/** With thin spaces: there is little room. */
const SLASH = '\u2009/\u2009';

/** How the cells below write that there is nothing to tell. */
const NOTHING: ReadonlySet<string> = new Set(['0', '0s', '-', '?']);

const BY_NAME: ReadonlyMap<string, Field> = new Map(FIELDS.map((field) => [field.name, field]));

/** The reader of one row's cells, by HAProxy's names of them. */
export function getter(row: Row, at: Reading): Get {
  return (name) => read(BY_NAME.get(name) as Field, row, at);
}

/** The heading of every table, without the name's column. */
export const HEADINGS: string = COLUMNS.map((column) => {
  const labels = Object.keys(column.parts).filter((label) => label !== '');
  return `<th scope="col">${column.label}${labels.length === 0 ? '' : `<small>${joined(column, labels)}</small>`}</th>`;
}).join('');

/** The cells of a row behind its name. */
export function cells(get: Get, row: Row): string {
  return COLUMNS.map((column) => cell(column, get, row)).join('');
}

function cell(column: PageColumn, get: Get, row: Row): string {
  const values = Object.values(column.parts).map((part) => part(get, row));
  const below = column.below?.(get, row) ?? '';
  if (values.every((value) => value === undefined) && below === '') return '<td></td>';
  const sum = column.phone === 'sum' ? `<span class="phone">${thousands(total(values))}</span>` : '';
  return `<td${styleOf(column, values)}>${joined(column, values.map(written))}${sum}${below}</td>`;
}

/** `cur / max / limit`; what a phone leaves out of it stands in an element of its own. */
function joined({ phone }: PageColumn, parts: readonly string[]): string {
  if (phone === undefined) return parts.join(SLASH);
  const shown = phone === 'first' ? 1 : 0;
  return `${parts[shown - 1] ?? ''}<span class="rest">${shown === 0 ? '' : SLASH}${parts.slice(shown).join(SLASH)}</span>`;
}

function total(values: readonly Value[]): number {
  return values.reduce<number>((sum, value) => sum + (typeof value === 'number' ? value : 0), 0);
}

function written(value: Value): string {
  if (value === undefined) return '-';
  return typeof value === 'number' ? thousands(value) : html(value);
}

function styleOf({ words, alarming }: PageColumn, values: readonly Value[]): string {
  if (words) return ' class="words"';
  if (values.every(isNothing)) return ' class="nothing"';
  return alarming ? ' class="alarm"' : '';
}

function isNothing(value: Value): boolean {
  return value === undefined || value === 0 || NOTHING.has(String(value));
}

/**
 * Style rules for windows without room for all: first what is empty or 0 in every row goes, then, on a tablet and on a
 * phone, what they have no room for. 84rem is a little less than a screen of 1400 pixels.
 */
export function narrowRules(rows: readonly Row[], at: Reading): string {
  const getters = rows.map((row) => [getter(row, at), row] as const);
  const isSilent = ({ parts }: PageColumn): boolean =>
    Object.values(parts).every((part) => getters.every(([get, row]) => isNothing(part(get, row))));
  return (
    without('84rem', ({ screen }) => screen !== 'phone', isSilent) +
    without('62rem', ({ screen }) => screen === undefined) +
    without('40rem', ({ screen }) => screen !== 'phone')
  );
}

function without(width: string, ...all: readonly ((column: PageColumn) => boolean)[]): string {
  // Children are counted from 1, and the first is the name.
  const cells = COLUMNS.flatMap((column, at) => (all.every((is) => is(column)) ? [`tr > :nth-child(${at + 2})`] : []));
  return cells.length === 0 ? '' : `@media (max-width: ${width}) { ${cells.join(', ')} { display: none } }\n`;
}

function statusCell(get: Get): Value {
  const since = duration(get('lastchg'));
  return since === undefined ? get('status') : `${since} ${get('status')}`;
}

/** Why it is in that state: its source's words, and on a phone, which has no column for it, the check that failed. */
function reasons(get: Get, row: Row): string {
  if (row.side !== 'S') return '';
  const { reason, verdict, inMaintenance } = row.of;
  const failed = verdict !== undefined && !verdict.passed && !inMaintenance;
  const check = failed ? `<small class="phone">${html(String(lastCheck(get)))}</small>` : '';
  return `${reason === '' ? '' : `<small>${html(reason)}</small>`}${check}`;
}

/** `L7OK/200 in 1ms` */
function lastCheck(get: Get): Value {
  const status = get('check_status');
  if (status === undefined) return undefined;
  const code = get('check_code');
  const took = get('check_duration');
  const info = get('last_chk');
  return `${status}${code === undefined ? '' : `/${code}`}${took === undefined ? '' : ` in ${took}ms`}${info ? `: ${info}` : ''}`;
}

function weights(get: Get): Value {
  const weight = get('weight');
  return weight === undefined ? undefined : `${weight}/${get('uweight')}`;
}

function throttle(get: Get): Value {
  const percent = get('throttle');
  return percent === undefined ? undefined : `${percent} %`;
}

function role(value: Value, row: Row): Value {
  if (row.side !== 'S') return value;
  return value === 1 ? 'Y' : '-';
}

function lastSession(get: Get): Value {
  const since = get('lastsess');
  return since === -1 ? '?' : duration(since);
}
