/** Reads proxies into what the page is made from. */

import type { Verdict } from '../../backend/types.ts';
import type { Reading, Value } from '../field.ts';
import { FIELDS } from '../fields.ts';
import { type Row, read, rowsIn, type Selection, type StatsProxy } from '../rows.ts';
import type { History } from './history.ts';
import { CELLS, type Cell, type CellName, type PageRow, type ProxyOpening } from './shape.ts';
import { whyOf } from './why.ts';

const FIELDS_BY_NAME = new Map(FIELDS.map((field) => [field.name, field]));
const CELL_FIELDS = CELLS.map((name) => FIELDS_BY_NAME.get(name) as (typeof FIELDS)[number]);

export interface DataSource {
  readonly history: History;
  readonly selection: Selection;
  readonly at: Reading;
  /** `stats admin` allows this request to change servers. */
  readonly admin: boolean;
}

export function openingOf(proxy: StatsProxy, { admin, at }: DataSource): ProxyOpening {
  const { name, frontend, backend } = proxy;
  const config = (frontend ?? backend)?.config;
  const algorithm = at.legends && backend !== undefined ? `balance ${backend.config.balance.algorithm}` : undefined;
  return {
    name,
    kind: frontend === undefined ? 'backend' : backend === undefined ? 'frontend' : 'listen',
    mode: config?.mode ?? 'http',
    about: [config?.description, algorithm].filter((text) => text !== undefined).join(', '),
    form: admin && backend !== undefined && backend.servers.length > 0,
  };
}

export function* pageRows(proxy: StatsProxy, source: DataSource): Generator<PageRow> {
  for (const row of rowsIn([proxy], source.selection)) yield pageRow(row, source);
}

export function pageRow(row: Row, { at, history }: DataSource): PageRow {
  const cells: Cell[] = CELL_FIELDS.map((field) => read(field, row, at) ?? null);
  const server = row.side === 'S' ? row.of : undefined;
  if (server?.checking === true && server.verdict !== undefined) showLast(cells, server.verdict);
  return {
    side: row.side,
    name: nameOf(row),
    cells,
    why: server === undefined ? '' : whyOf(server, cells[CELLS.indexOf('throttle')]),
    legend: at.legends ? legendOf(row, at) : '',
    ...history.course(row),
    checks: server === undefined ? '' : checksOf(server.checkEnabled, server.checkHistory.list()),
  };
}

/** While a check runs, HAProxy's columns say half of the last one: to people, the last one stands until the next has ended. */
function showLast(cells: Cell[], verdict: Verdict): void {
  const set = (name: CellName, value: Cell): void => {
    const at = CELLS.indexOf(name);
    if (cells[at] !== null) cells[at] = value;
  };
  set('check_status', verdict.code);
  set('check_code', verdict.status);
  set('last_chk', verdict.info);
}

function checksOf(enabled: boolean, list: readonly { readonly verdict: { readonly passed: boolean } }[]): string {
  return enabled ? list.map(({ verdict }) => (verdict.passed ? 'p' : 'f')).join('') : '';
}

function nameOf(row: Row): string {
  if (row.side === 'F') return 'FRONTEND';
  return row.side === 'B' ? 'BACKEND' : row.of.config.name;
}

/** `stats show-legends`: addresses and what a server was made from are not for every viewer. */
function legendOf(row: Row, at: Reading): string {
  const address = valueIn('addr', row, at);
  // Of a line in a file, the file's folder says little.
  const origin = row.side === 'S' ? row.of.config.origin.replace(/^\/.*\/(?=[^/]*:\d+$)/, '') : '';
  return [address, origin].filter((text) => text !== undefined && text !== '').join(', ');
}

export function valueIn(name: string, row: Row, at: Reading): Value {
  const field = FIELDS_BY_NAME.get(name);
  return field === undefined ? undefined : read(field, row, at);
}
