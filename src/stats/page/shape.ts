/**
 * What the statistics page is made from, on both sides: the server renders it into the document, and sends it as JSON to
 * the page, which renders it by the same functions (`columns.ts`, `tables.ts`). So nothing is said in two ways.
 *
 * Shared with the browser: no imports but of this folder's shared files, no Node, no DOM.
 */

/** null is an empty cell. */
export type Cell = string | number | null;

/** The statistics' columns that tables are made of, in the order of `PageRow.cells`; HAProxy's names. */
export const CELLS = [
  'status',
  'lastchg',
  'check_status',
  'check_code',
  'check_duration',
  'last_chk',
  'qcur',
  'qmax',
  'qlimit',
  'rate',
  'rate_max',
  'scur',
  'smax',
  'slim',
  'stot',
  'lbtot',
  'lastsess',
  'bin',
  'bout',
  'dreq',
  'dresp',
  'ereq',
  'econ',
  'eresp',
  'hrsp_5xx',
  'rtime',
  'wretr',
  'wredis',
  'weight',
  'uweight',
  'act',
  'bck',
  'chkfail',
  'chkdown',
  'downtime',
  'throttle',
] as const;
export type CellName = (typeof CELLS)[number];

/** F frontend, L listener, S server, B backend. */
export type Side = 'F' | 'L' | 'S' | 'B';

export interface PageRow {
  readonly side: Side;
  /** As the statistics call it: `FRONTEND`, `w1`, `sock-1`, `BACKEND`. */
  readonly name: string;
  readonly cells: readonly Cell[];
  /** Why it is in its state, in words. */
  readonly why: string;
  /** Address, algorithm and origin, where they may be shown. */
  readonly legend: string;
  /** Sessions in each step of the last two minutes, the newest last, as digits of LEVELS; empty where there were none. */
  readonly rates: string;
  /** The most of them in a second. */
  readonly peak: number;
  /** As `rates` and on the same scale, of failures. */
  readonly faults: string;
  /** The last checks, the newest last: `p` passed, `f` failed. */
  readonly checks: string;
}

/** A proxy without its rows. */
export interface ProxyOpening {
  readonly name: string;
  readonly kind: 'frontend' | 'backend' | 'listen';
  readonly mode: string;
  /** `description`, and the algorithm where it may be shown. */
  readonly about: string;
  /** It has servers that the viewer may change. */
  readonly form: boolean;
}

export interface PageProxy extends ProxyOpening {
  readonly rows: readonly PageRow[];
}

/** Of the process, as it is now. */
export interface PageFacts {
  /** Seconds. */
  readonly uptime: number;
  readonly pid: number;
  readonly maxconn: number;
  readonly connections: number;
  /** New connections in the last second. */
  readonly connRate: number;
  /** Bits a second to clients. */
  readonly bitRate: number;
  /** Percent. */
  readonly idle: number;
}

export interface PageData {
  /** Of the script that can read this, as `data-made` of the document. */
  readonly made: string;
  readonly facts: PageFacts;
  readonly proxies: readonly PageProxy[];
}

/** One part of a row's details, or of the explain view: replaced in the page when it differs. */
export interface Part {
  readonly id: string;
  readonly markup: string;
}

/** The answer where a page consists of parts. */
export interface PartsAnswer {
  readonly made: string;
  readonly facts: PageFacts;
  readonly parts: readonly Part[];
}

/** The steps of a sparkline, one sign for each. */
export const LEVELS = '0123456789abcdefghijklmnopqrstuvwxyz';

/** What a changed server comes to, by the code behind `;st=`. */
export const RESULTS: Readonly<Record<string, string>> = {
  DONE: 'Done.',
  PART: 'Done in part: some of the servers could not be changed.',
  NONE: 'Nothing has changed.',
  ERRP: 'Not done: the request names no such backend, server or action.',
  EXCD: 'Not done: the request is too large. Select fewer servers.',
  DENY: 'Not done: changes are not allowed from here.',
  IVAL: 'Not done: the request is invalid.',
  UNKN: 'The result is unknown.',
};

export interface Action {
  readonly name: string;
  readonly label: string;
  /** What it means, behind `It` */
  readonly effect: string;
  /** Of the second choice: tells what checks or an agent would find out. */
  readonly forced?: true;
  /** It takes traffic away from the server. */
  readonly stops?: true;
}

/** What the form offers, in the order of its list. */
export const ACTIONS: readonly Action[] = [
  { name: 'ready', label: 'Ready', effect: 'takes traffic again, as far as its checks let it.' },
  { name: 'drain', label: 'Drain', effect: 'finishes what it has and takes nothing new.', stops: true },
  { name: 'maint', label: 'Maintenance', effect: 'stops taking traffic, and is not checked.', stops: true },
  { name: 'shutdown', label: 'End sessions', effect: 'loses every session that it has now.' },
  {
    name: 'dhlth',
    label: 'Checks off',
    effect: 'is not checked any more, and what is known of its health counts for nothing.',
    forced: true,
  },
  { name: 'ehlth', label: 'Checks on', effect: 'is checked again.', forced: true },
  { name: 'hrunn', label: 'Health: up', effect: 'is up until a check finds otherwise.', forced: true },
  {
    name: 'hnolb',
    label: 'Health: no new clients',
    effect: 'serves those alone who are bound to it, until a check finds otherwise.',
    forced: true,
    stops: true,
  },
  { name: 'hdown', label: 'Health: down', effect: 'is down until a check finds otherwise.', forced: true, stops: true },
  { name: 'dagent', label: 'Agent off', effect: 'is not judged by its agent any more.', forced: true },
  { name: 'eagent', label: 'Agent on', effect: 'is judged by its agent again.', forced: true },
  { name: 'arunn', label: 'Agent: up', effect: 'is up until its agent says otherwise.', forced: true },
  { name: 'adown', label: 'Agent: down', effect: 'is down until its agent says otherwise.', forced: true, stops: true },
];

const PLACES = new Map<string, number>(CELLS.map((name, at) => [name, at]));

export function cellOf(row: PageRow, name: CellName): Cell {
  return row.cells[PLACES.get(name) as number] ?? null;
}

/** What people read as a row's name. */
export function titleOf({ side, name }: Pick<PageRow, 'side' | 'name'>): string {
  if (side === 'F') return 'Frontend';
  if (side === 'B') return 'Backend';
  return side === 'L' ? `+${name}` : name;
}

/**
 * How the page knows a row: `shop/web-1`, `shop//Backend`. A server may be called `Backend`, but no name has a slash; nor
 * are a frontend and a backend of one name the same.
 */
export function keyOf(proxy: string, row: Pick<PageRow, 'side' | 'name'>): string {
  return `${proxy}${row.side === 'S' ? '/' : '//'}${titleOf(row)}`;
}

/** A key as people read it, and HAProxy's name of the row's anchor: `shop/Backend`. */
export function readable(key: string): string {
  return key.replace('//', '/');
}

/** How the page knows a proxy: `backend shop`. */
export function proxyKeyOf({ kind, name }: Pick<PageProxy, 'kind' | 'name'>): string {
  return `${kind} ${name}`;
}

/** The kinds of states that people tell apart, in the order of the summary. */
export const TONES = ['up', 'going', 'down', 'drain', 'maint', 'plain'] as const;
export type Tone = (typeof TONES)[number];

export const TONE_WORDS: Readonly<Record<Tone, string>> = {
  up: 'up',
  going: 'changing',
  down: 'down',
  drain: 'draining',
  maint: 'maintenance',
  plain: 'not checked',
};

/** From HAProxy's status words. */
export function toneOf(status: string): Tone {
  if (/^(UP|DOWN|NOLB|DRAIN) \d+\//.test(status)) return 'going';
  if (status.startsWith('DOWN') || status === 'STOP') return 'down';
  if (status.startsWith('MAINT') || status === 'PAUSED') return 'maint';
  if (status.startsWith('DRAIN') || status.startsWith('NOLB')) return 'drain';
  return status === 'no check' ? 'plain' : 'up';
}

/** HAProxy's class of a row: `active_up`, `backup_down`, `maintain`; programs look for them. */
export function lookOf(row: PageRow): string {
  if (row.side !== 'S') return { F: 'frontend', L: 'socket', B: 'backend' }[row.side];
  const status = String(cellOf(row, 'status'));
  if (status.startsWith('MAINT')) return 'maintain';
  const role = cellOf(row, 'bck') === 1 ? 'backup' : 'active';
  if (status.startsWith('DRAIN')) return `${role}_draining`;
  if (status.startsWith('NOLB')) return `${role}_nolb`;
  if (status === 'no check') return `${role}_no_check`;
  const changing = status.includes('/');
  if (status.startsWith('UP')) return changing ? `${role}_going_down` : `${role}_up`;
  return changing ? `${role}_going_up` : `${role}_down`;
}

/** Worth a look: not as it should be, or people wait for it, or something fails just now. */
export function isProblem(row: PageRow): boolean {
  const tone = toneOf(String(cellOf(row, 'status')));
  if (tone === 'down' || tone === 'going' || Number(cellOf(row, 'qcur')) > 0) return true;
  return row.faults !== '' && /[^0]/.test(row.faults.slice(-5));
}
