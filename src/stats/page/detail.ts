/** Everything that is known of one row: the parts of its panel, and of its page for who has no scripts. */

import type { Server } from '../../backend/server.ts';
import type { Field, Value } from '../field.ts';
import { FIELDS } from '../fields.ts';
import { type Row, read, rowsOf, type StatsProxy } from '../rows.ts';
import { sparkMarkup } from './columns.ts';
import { type DataSource, pageRow, valueIn } from './data.ts';
import { cellOf, keyOf, type PageRow, type Part, toneOf } from './shape.ts';
import { actionButtons, type Place } from './tables.ts';
import { duration, html, thousands } from './text.ts';
import { said } from './why.ts';

export interface Found {
  readonly proxy: StatsProxy;
  readonly row: Row;
}

/** The row that the page knows by `key`. */
export function findRow(key: string, proxies: readonly StatsProxy[], source: DataSource): Found | undefined {
  for (const proxy of proxies) {
    if (!key.startsWith(`${proxy.name}/`)) continue;
    const row = rowsOf(proxy, source.selection).find((candidate) => keyOf(proxy.name, pageName(candidate)) === key);
    if (row !== undefined) return { proxy, row };
  }
  return undefined;
}

function pageName(row: Row): Pick<PageRow, 'side' | 'name'> {
  return { side: row.side, name: row.side === 'F' || row.side === 'B' ? '' : row.of.config.name };
}

export function detailParts({ row }: Found, source: DataSource, place: Place): readonly Part[] {
  const shown = pageRow(row, source);
  const server = row.side === 'S' ? row.of : undefined;
  const parts: Part[] = [{ id: 'state', markup: stateMarkup(shown) }];
  if (server !== undefined && source.admin) parts.push({ id: 'actions', markup: actions(server, place) });
  if (row.side !== 'L') parts.push({ id: 'course', markup: course(shown) });
  if (server !== undefined) parts.push({ id: 'checks', markup: checks(server, source) }, { id: 'origin', markup: origin(server, source) });
  return [...parts, { id: 'values', markup: values(row, source) }];
}

function stateMarkup(row: PageRow): string {
  const status = String(cellOf(row, 'status') ?? '');
  const since = duration(cellOf(row, 'lastchg'));
  const why = row.why === '' ? '' : `<p class="why">${html(row.why)}</p>`;
  return `<p><span class="badge ${toneOf(status)}">${html(status)}</span>${since === undefined ? '' : ` for ${since}`}</p>${why}`;
}

function actions({ backend, config }: Server, { uri, options }: Place): string {
  return (
    `<form method="post" action="${html(uri + options)}"><input type="hidden" name="b" value="${html(backend.name)}">` +
    `<input type="hidden" name="s" value="${html(config.name)}"><p class="buttons">${actionButtons(false)}</p>` +
    `<details><summary>Overrule checks and agent</summary><p class="buttons">${actionButtons(true)}</p></details></form>`
  );
}

function course(row: PageRow): string {
  const faults = row.faults === '' ? 'no failures' : 'failures are marked';
  const told =
    row.rates === '' ? 'No sessions in the last two minutes' : `Last two minutes: at most ${thousands(row.peak)} sessions a second`;
  return `<h3>Sessions and failures</h3>${sparkMarkup(row, 'course')}<p class="soft">${told}, ${faults}.</p>`;
}

/** The newest first. */
function checks(server: Server, { at }: DataSource): string {
  const lists = [
    { who: 'check', list: server.checkEnabled ? server.checkHistory.list() : [] },
    { who: 'agent', list: server.agentEnabled ? server.agentHistory.list() : [] },
  ];
  const rows = lists.flatMap(({ who, list }) => list.map((one) => ({ who, ...one })));
  if (rows.length === 0) return `<h3>Last checks</h3><p class="soft">${unchecked(server)}</p>`;
  const cells = rows
    .sort((a, b) => b.at - a.at)
    .map(({ who, at: when, verdict }) => {
      const took = verdict.duration < 0 ? '' : `${Math.floor(verdict.duration)} ms`;
      const sign = verdict.passed ? '<span class="badge up">passed</span>' : '<span class="badge down">failed</span>';
      return (
        `<tr><th scope="row">${duration(Math.max(0, Math.floor((at.now - when) / 1000)))} ago</th><td>${sign}</td><td>${who}</td>` +
        `<td><code>${verdict.code}</code> ${html(said(verdict))}</td><td class="number">${took}</td></tr>`
      );
    });
  const head = ['When', 'Result', 'Asked', 'What was found', 'Took'].map((label) => `<th scope="col">${label}</th>`).join('');
  return `<h3>Last checks</h3><table><thead><tr>${head}</tr></thead><tbody>${cells.join('')}</tbody></table>`;
}

function unchecked(server: Server): string {
  if (server.config.check === undefined) return "It is not checked: there is no 'check' on it.";
  return server.checkEnabled ? 'No check has ended yet.' : 'Its checks are turned off.';
}

/** What a server was made from is for those who may see addresses, or change servers; labels are for the latter alone. */
function origin({ config, tracked }: Server, { at, admin }: DataSource): string {
  const heading = '<h3>Where it comes from</h3>';
  if (!at.legends && !admin)
    return `${heading}<p class="soft">Shown with <code>stats show-legends</code>, and to those who may change servers.</p>`;
  const { container } = config;
  const facts: (readonly [name: string, value: string])[] = [['origin', config.origin]];
  if (config.fqdn !== undefined) facts.push(['name', config.fqdn]);
  if (tracked !== undefined) facts.push(['tracks', `${tracked.backend.name}/${tracked.config.name}`]);
  if (container !== undefined) {
    facts.push(['container', container.name], ['id', container.id], ['image', container.image], ['image id', container.imageId]);
    if (container.created > 0) facts.push(['created', new Date(container.created).toISOString()]);
    // Those of other programs hold passwords and tokens.
    if (admin) for (const [label, value] of container.labels) facts.push([`label ${label}`, value]);
  }
  return `${heading}${table(facts.map(([name, value]) => [html(name), html(value)]))}`;
}

/** Titles of the groups of columns; what is in none stands under the last. */
const GROUPS: readonly (readonly [title: string, names: readonly string[]])[] = [
  ['State', ['status', 'lastchg', 'downtime', 'chkdown', 'act', 'bck', 'weight', 'uweight', 'throttle', 'tracked']],
  [
    'Traffic',
    'scur smax slim stot rate rate_lim rate_max conn_rate conn_rate_max conn_tot req_rate req_rate_max req_tot lbtot lastsess bin bout intercepted'.split(
      ' ',
    ),
  ],
  ['Queue', ['qcur', 'qmax', 'qlimit']],
  ['Times, in milliseconds', 'qtime ctime rtime ttime qtime_max ctime_max rtime_max ttime_max'.split(' ')],
  ['Responses', 'hrsp_1xx hrsp_2xx hrsp_3xx hrsp_4xx hrsp_5xx hrsp_other'.split(' ')],
  ['Errors', 'dcon dses dreq dresp ereq econ eresp cli_abrt srv_abrt wretr wredis wrew eint hanafail'.split(' ')],
  [
    'Checks',
    (
      'check_status check_code check_duration check_desc last_chk check_rise check_fall check_health chkfail ' +
      'agent_status agent_code agent_duration agent_desc last_agt agent_rise agent_fall agent_health'
    ).split(' '),
  ],
  ['Connections to the server', 'connect reuse used_conn_cur srv_icur src_ilim idle_conn_cur safe_conn_cur need_conn_est'.split(' ')],
];
const REST = 'Other';

/** All columns of the statistics that the row has, each with what it means. */
function values(row: Row, { at }: DataSource): string {
  const grouped = new Set(GROUPS.flatMap(([, names]) => names));
  const rest = FIELDS.filter(({ name }) => !grouped.has(name)).map(({ name }) => name);
  const groups = [...GROUPS, [REST, rest] as const].map(([title, names]) => {
    const rows = names.flatMap((name) => {
      const field = FIELDS.find((candidate) => candidate.name === name);
      const value = field === undefined ? undefined : read(field, row, at);
      return field === undefined || value === undefined || value === ''
        ? []
        : [[`${name}<small>${html(field.help)}</small>`, html(written(field, value))] as const];
    });
    return rows.length === 0 ? '' : `<section><h4>${title}</h4>${table(rows)}</section>`;
  });
  const hint =
    valueIn('addr', row, at) === undefined && !at.legends
      ? '<p class="soft">Addresses, cookies and algorithms are shown with <code>stats show-legends</code>.</p>'
      : '';
  return `<h3>All values</h3>${hint}<div class="groups">${groups.join('')}</div>`;
}

function written({ name }: Field, value: Value): string {
  if (typeof value !== 'number') return value ?? '';
  return name === 'iid' || name === 'sid' || name === 'pid' || name === 'type' ? String(value) : thousands(value);
}

function table(rows: readonly (readonly [heading: string, value: string])[]): string {
  return `<table>${rows.map(([heading, value]) => `<tr><th scope="row">${heading}</th><td>${value}</td></tr>`).join('')}</table>`;
}
