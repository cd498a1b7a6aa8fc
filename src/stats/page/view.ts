/**
 * How a viewer looks at the tables: what is filtered, sorted, closed and open. It stands in the address behind `#`, so
 * that a view can be sent to somebody else and survives a reload. Pure: the page's script does with it what it says.
 */

import { COLUMNS } from './columns.ts';
import { cellOf, isProblem, keyOf, type PageProxy, type PageRow, TONES, type Tone, toneOf } from './shape.ts';

export interface Sort {
  /** A column's id, or `name`. */
  readonly column: string;
  /** Which of its parts. */
  readonly part: number;
  readonly down: boolean;
}

export interface View {
  readonly text: string;
  /** Empty shows all. */
  readonly tones: ReadonlySet<Tone>;
  readonly problems: boolean;
  readonly sort: Sort | undefined;
  /** Keys of proxies that are folded. */
  readonly closed: ReadonlySet<string>;
  /** Key of the row whose details are shown, or empty. */
  readonly open: string;
}

export const PLAIN_VIEW: View = { text: '', tones: new Set(), problems: false, sort: undefined, closed: new Set(), open: '' };

/** `#q=web&state=down,going&problems=1&sort=sessions.0.down&closed=backend+a&open=shop/web-1` */
export function readView(hash: string): View {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  const list = (name: string): string[] => (given.get(name) ?? '').split(',').filter((word) => word !== '');
  return {
    text: given.get('q') ?? '',
    tones: new Set(TONES.filter((tone) => list('state').includes(tone))),
    problems: given.has('problems'),
    sort: readSort(given.get('sort') ?? ''),
    closed: new Set(given.getAll('closed')),
    open: given.get('open') ?? '',
  };
}

function readSort(text: string): Sort | undefined {
  const [column = '', part = '0', direction] = text.split('.');
  if (column !== 'name' && !COLUMNS.some(({ id }) => id === column)) return undefined;
  return { column, part: Number(part) || 0, down: direction === 'down' };
}

/** Empty for a view that leaves everything as it is. */
export function writeView({ text, tones, problems, sort, closed, open }: View): string {
  const given = new URLSearchParams();
  if (text !== '') given.set('q', text);
  if (tones.size > 0) given.set('state', [...tones].join(','));
  if (problems) given.set('problems', '1');
  if (sort !== undefined) given.set('sort', `${sort.column}.${sort.part}${sort.down ? '.down' : ''}`);
  for (const proxy of closed) given.append('closed', proxy);
  if (open !== '') given.set('open', open);
  return given.toString();
}

/** Anything but folding and details. */
export function isFiltering({ text, tones, problems }: View): boolean {
  return text !== '' || tones.size > 0 || problems;
}

/**
 * The rows that are shown. Frontends and backends stand around the servers that match, so that these are not without
 * their context; where no server is asked for by its state they are found by their own names.
 */
export function visibleKeys(view: View, proxy: PageProxy): Set<string> {
  const shown = new Set<string>();
  if (!isFiltering(view)) return new Set(proxy.rows.map((row) => keyOf(proxy.name, row)));
  const words = view.text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const own = words.every((word) => proxy.name.toLowerCase().includes(word));
  for (const row of proxy.rows) {
    const tone = toneOf(String(cellOf(row, 'status')));
    if (view.tones.size > 0 && (row.side !== 'S' || !view.tones.has(tone))) continue;
    if (view.problems && !isProblem(row)) continue;
    if (own || hasWords(words, proxy, row)) shown.add(keyOf(proxy.name, row));
  }
  if (shown.size > 0) for (const row of proxy.rows) if (row.side !== 'S') shown.add(keyOf(proxy.name, row));
  return shown;
}

function hasWords(words: readonly string[], proxy: PageProxy, row: PageRow): boolean {
  const text = [proxy.name, row.name, row.why, row.legend, cellOf(row, 'status'), cellOf(row, 'check_status'), cellOf(row, 'last_chk')]
    .join('\n')
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

/** Servers are sorted among themselves; frontend, listeners and backend keep their places around them. */
export function ordered(rows: readonly PageRow[], sort: Sort | undefined): readonly PageRow[] {
  if (sort === undefined) return rows;
  const value = (row: PageRow): string | number | null => {
    const column = COLUMNS.find(({ id }) => id === sort.column);
    if (column === undefined) return row.name;
    const names = Object.values(column.parts);
    const name = names[Math.min(sort.part, names.length - 1)];
    return name === undefined ? null : cellOf(row, name);
  };
  const servers = rows.filter(({ side }) => side === 'S').map((row) => ({ row, value: value(row) }));
  // Empty cells are last, whichever way it goes; what is equal stays as it was.
  servers.sort((a, b) => {
    if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
    return (sort.down ? -1 : 1) * compareValues(a.value, b.value);
  });
  const first = rows.filter(({ side }) => side === 'F' || side === 'L');
  const last = rows.filter(({ side }) => side === 'B');
  return [...first, ...servers.map(({ row }) => row), ...last];
}

/** `web-9` before `web-10`. */
const COUNTING = new Intl.Collator(undefined, { numeric: true });

function compareValues(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return COUNTING.compare(String(a), String(b));
}

/** Numbers with the most first, words from A on; a third click sorts no more. */
export function nextSort(sort: Sort | undefined, column: string, part: number): Sort | undefined {
  const first = column !== 'name' && COLUMNS.find(({ id }) => id === column)?.words !== true;
  if (sort?.column !== column || sort.part !== part) return { column, part, down: first };
  return sort.down === first ? { column, part, down: !first } : undefined;
}

/** What has changed in the states of servers: sentences to be read out. */
export function newsOf(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string {
  const changed = [...after].filter(([key, status]) => before.has(key) && before.get(key) !== status);
  const gone = [...before.keys()].filter((key) => !after.has(key)).map((key) => `${key} is gone`);
  const come = [...after].filter(([key]) => !before.has(key)).map(([key, status]) => `${key} is new, ${status}`);
  const all = [...changed.map(([key, status]) => `${key} is ${status}`), ...gone, ...come];
  const told = all.slice(0, 3).join('. ');
  return all.length > 3 ? `${told}. ${all.length - 3} more.` : told;
}

/** `14 servers, 2 down, 1 in maintenance` */
export function tallyOf(proxy: PageProxy): string {
  const tones = new Map<Tone, number>();
  let count = 0;
  for (const row of proxy.rows) {
    if (row.side !== 'S') continue;
    const tone = toneOf(String(cellOf(row, 'status')));
    tones.set(tone, (tones.get(tone) ?? 0) + 1);
    count++;
  }
  if (count === 0) return '';
  const parts = [`${count} server${count === 1 ? '' : 's'}`];
  for (const tone of ['going', 'down', 'drain', 'maint'] as const) {
    const of = tones.get(tone);
    if (of !== undefined)
      parts.push(`${of} ${tone === 'going' ? 'changing' : tone === 'drain' ? 'draining' : tone === 'maint' ? 'in maintenance' : tone}`);
  }
  return parts.join(', ');
}
