/**
 * The columns of the page's tables: HAProxy's cells, with state, last check and the course of the rate at the front,
 * because they are what people come for. Cells of one subject share a column (`cur / max / limit`). All other values of
 * the statistics stand in a row's details.
 *
 * Shared with the browser.
 */

import { type Cell, type CellName, cellOf, LEVELS, type PageRow, toneOf } from './shape.ts';
import { bytes, count, duration, html, thousands } from './text.ts';

export interface PageColumn {
  /** For the style sheet and the address of a view. */
  readonly id: string;
  readonly label: string;
  /** The label on a phone. */
  readonly short?: string;
  /** The label in full, for who hears it or asks. */
  readonly help: string;
  /** One cell, or several of one subject, by their labels. */
  readonly parts: Readonly<Record<string, CellName>>;
  /** How a part is written where it is not its number. */
  readonly write?: (value: Cell, row: PageRow) => string;
  /** The narrowest window that has room for it, in rem (of 16 pixels); 0 is a phone. */
  readonly from: number;
  /** In em of the table: for its headings and for numbers up to 9999; more of them go on another line. Without, it shares what is left. */
  readonly width?: number;
  /** Of several cells a phone shows the first, or the sum. */
  readonly phone?: 'first' | 'sum';
  /** Words, to be read from the left. */
  readonly words?: true;
  /** Anything but 0 deserves a look. */
  readonly alarming?: true;
  /** Instead of the parts: markup. */
  readonly markup?: (row: PageRow) => string;
}

export const COLUMNS: readonly PageColumn[] = [
  {
    id: 'state',
    from: 0,
    label: 'State',
    help: 'State, for how long, and why',
    parts: { '': 'status' },
    words: true,
    markup: stateMarkup,
  },
  {
    id: 'check',
    from: 64,
    width: 13.5,
    label: 'Last check',
    help: 'The last checks and the result of the last one',
    parts: { '': 'check_status' },
    words: true,
    markup: checkMarkup,
  },
  {
    id: 'rate',
    from: 48,
    width: 13,
    label: 'Session rate',
    help: 'New sessions a second: the last two minutes, now, and the most in a second',
    parts: { now: 'rate', max: 'rate_max' },
    markup: rateMarkup,
  },
  {
    id: 'sessions',
    from: 0,
    width: 9.5,
    label: 'Sessions',
    short: 'Sess.',
    help: 'Sessions at once: now, most, limit',
    parts: { cur: 'scur', max: 'smax', limit: 'slim' },
    write: (value) => (value === 0 ? '–' : number(value)),
    phone: 'first',
  },
  {
    id: 'queue',
    from: 72,
    width: 8.6,
    label: 'Queue',
    help: 'Requests that wait: now, most, limit',
    parts: { cur: 'qcur', max: 'qmax', limit: 'qlimit' },
    alarming: true,
  },
  { id: 'total', from: 0, width: 5.2, label: 'Total', help: 'Sessions since the start', parts: { '': 'stot' } },
  {
    id: 'time',
    from: 90,
    width: 4.6,
    label: 'Resp.',
    help: 'Milliseconds to the response, average of the last 1024',
    parts: { ms: 'rtime' },
  },
  {
    id: 'errors',
    from: 0,
    width: 9.2,
    label: 'Errors',
    help: 'Errors of requests, of connections, of responses',
    parts: { req: 'ereq', conn: 'econ', resp: 'eresp' },
    phone: 'sum',
    alarming: true,
  },
  { id: 'fails', from: 64, width: 4.6, label: '5xx', help: 'Responses with status 500 to 599', parts: { '': 'hrsp_5xx' }, alarming: true },
  {
    id: 'warnings',
    from: 104,
    width: 7.8,
    label: 'Warnings',
    help: 'Retries, and requests sent elsewhere',
    parts: { retr: 'wretr', redis: 'wredis' },
    alarming: true,
  },
  {
    id: 'bytes',
    from: 80,
    width: 10,
    label: 'Bytes',
    help: 'Bytes from and to clients',
    parts: { in: 'bin', out: 'bout' },
    write: (value) => html(bytes(value) ?? '–'),
  },
  {
    id: 'denied',
    from: 120,
    width: 7.2,
    label: 'Denied',
    help: 'Requests and responses denied by rules',
    parts: { req: 'dreq', resp: 'dresp' },
  },
  { id: 'lbtot', from: 120, width: 5.4, label: 'LbTot', help: 'Sessions given by the balancing algorithm', parts: { '': 'lbtot' } },
  {
    id: 'last',
    from: 112,
    width: 4.8,
    label: 'Last',
    help: 'Since the last session',
    parts: { '': 'lastsess' },
    write: (value) => (value === -1 ? '?' : (duration(value) ?? '')),
  },
  {
    id: 'weight',
    from: 96,
    width: 5.6,
    label: 'Weight',
    help: 'Weight in effect, and as set; of a backend, over its usable servers',
    parts: { '': 'weight', set: 'uweight' },
  },
  {
    id: 'servers',
    from: 112,
    width: 5.8,
    label: 'Servers',
    help: 'Active and backup: of a backend, how many are usable',
    parts: { act: 'act', bck: 'bck' },
    write: (value, row) => (row.side === 'S' ? (value === 1 ? 'Y' : '–') : number(value)),
  },
  {
    id: 'checks',
    from: 90,
    width: 5.8,
    label: 'Checks',
    help: 'Failed checks, and outages',
    parts: { chk: 'chkfail', dwn: 'chkdown' },
    alarming: true,
  },
  {
    id: 'downtime',
    from: 96,
    width: 5.6,
    label: 'Dwntme',
    help: 'Seconds of all outages',
    parts: { '': 'downtime' },
    write: (value) => duration(value) ?? '',
  },
];

/** With thin spaces: there is little room. Where it is not enough, lines end there. */
const SLASH = '\u2009/\u2009';

/** How a cell looks, and what is in it: markup. */
export interface CellMarkup {
  readonly look: string;
  readonly text: string;
}

/** The cells of a row behind its name. */
export function cellsOf(row: PageRow): CellMarkup[] {
  return COLUMNS.map((column) => {
    const values = Object.values(column.parts).map((name) => cellOf(row, name));
    if (column.markup !== undefined) return { look: column.words ? 'words' : '', text: column.markup(row) };
    if (values.every((value) => value === null)) return { look: '', text: '' };
    const write = column.write ?? number;
    const texts = values.map((value) => (value === null ? '–' : write(value, row)));
    const sum = column.phone === 'sum' ? `<span class="phone">${number(total(values))}</span>` : '';
    return { look: lookOfValues(column, values), text: joined({ phone: column.phone }, texts) + sum };
  });
}

/** Columns that a window without room for all may leave out, by their place. */
export function spareColumns(): Set<number> {
  return new Set(COLUMNS.flatMap(({ from }, at) => (from === 0 ? [] : [at])));
}

/** Takes those from `silent` that are not empty or 0 in `row`. */
export function keepSilent(silent: Set<number>, row: PageRow): void {
  for (const at of silent) {
    const { parts } = COLUMNS[at] as PageColumn;
    if (!Object.values(parts).every((name) => isNothing(cellOf(row, name)))) silent.delete(at);
  }
}

/** `cur / max / limit`; what a phone leaves out of it stands in an element of its own. */
export function joined({ phone }: { readonly phone: PageColumn['phone'] | undefined }, parts: readonly string[]): string {
  if (phone === undefined) return parts.join(SLASH);
  const shown = phone === 'first' ? 1 : 0;
  return `${parts[shown - 1] ?? ''}<span class="rest">${shown === 0 ? '' : SLASH}${parts.slice(shown).join(SLASH)}</span>`;
}

function number(value: Cell): string {
  if (typeof value !== 'number') return html(value ?? '–');
  const short = count(value);
  const whole = thousands(value);
  return short === whole ? short : `<span title="${whole}">${short}</span>`;
}

/** Markup of a column's name. */
export function labelMarkup({ label, short }: PageColumn): string {
  return short === undefined ? html(label) : `<span class="rest">${html(label)}</span><span class="phone">${html(short)}</span>`;
}

function total(values: readonly Cell[]): number {
  return values.reduce<number>((sum, value) => sum + (typeof value === 'number' ? value : 0), 0);
}

function lookOfValues({ alarming, id }: PageColumn, values: readonly Cell[]): string {
  // What waits now is a matter of now, not of the most that ever waited.
  const telling = id === 'queue' ? values.slice(0, 1) : values;
  if (telling.every(isNothing)) return 'nothing';
  return alarming === true ? 'alarm' : '';
}

function isNothing(value: Cell): boolean {
  return value === null || value === 0 || value === -1 || value === '';
}

/** A state is told by a sign, by words and by colour. */
function stateMarkup(row: PageRow): string {
  const status = String(cellOf(row, 'status') ?? '');
  const since = duration(cellOf(row, 'lastchg'));
  const why = row.why === '' ? '' : `<small class="why">${html(row.why)}</small>`;
  return `<span class="badge ${toneOf(status)}">${html(status)}</span>${since === undefined ? '' : ` <span class="since">${since}</span>`}${why}`;
}

/** `L7OK/200 in 1ms` behind a bar for each of the last checks; what it heard stands in the state's reason. */
function checkMarkup(row: PageRow): string {
  const status = cellOf(row, 'check_status');
  if (status === null) return '';
  const code = cellOf(row, 'check_code');
  const took = cellOf(row, 'check_duration');
  const text = `${status}${code === null ? '' : `/${code}`}${took === null ? '' : ` in ${took}ms`}`;
  return `${stripMarkup(row.checks.slice(-BARS))}${html(text)}`;
}

/** So many of the last checks have room in a cell. */
const BARS = 10;

/** Failed ones are the tall ones. */
function stripMarkup(checks: string): string {
  if (checks === '') return '';
  const bars = (sign: string, top: number): string =>
    Array.from(checks, (check, at) => (check === sign ? `M${at * 3 + 1} ${top}V12` : '')).join('');
  const width = checks.length * 3;
  const paths = [
    ['passed', bars('p', 7)],
    ['failed', bars('f', 0)],
  ].map(([look, path]) => (path === '' ? '' : `<path class="${look}" d="${path}"/>`));
  return `<svg class="strip" viewBox="0 0 ${width} 12" width="${width}" height="12" aria-hidden="true">${paths.join('')}</svg>`;
}

/** The numbers say what the picture shows. */
function rateMarkup(row: PageRow): string {
  const rate = cellOf(row, 'rate');
  if (rate === null) return '';
  return `${sparkMarkup(row, 'spark')}<span class="${rate === 0 ? 'nothing' : ''}">${number(rate)}${SLASH}${number(cellOf(row, 'rate_max'))}</span>`;
}

/** Large pages are made of these: one line, which begins and ends outside of the picture so that what is below it is filled. */
export function sparkMarkup({ rates, faults }: Pick<PageRow, 'rates' | 'faults'>, name: string): string {
  const width = Math.max(rates.length, faults.length, 2) - 1;
  const points = Array.from(rates, (sign, at) => `${at} ${heightOf(sign)}`).join(' ');
  const line = rates === '' ? '' : `<polyline class="line" points="-1 36 ${points} ${width + 1} 36"/>`;
  const failed = Array.from(faults, (sign, at) => (sign === '0' ? '' : `M${at} 36V${heightOf(sign)}`)).join('');
  const marks = failed === '' ? '' : `<path class="faults" d="${failed}"/>`;
  return `<svg class="${name}" viewBox="0 0 ${width} 36" preserveAspectRatio="none" aria-hidden="true">${line}${marks}</svg>`;
}

function heightOf(sign: string): number {
  return LEVELS.length - 1 - LEVELS.indexOf(sign);
}
