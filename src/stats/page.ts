/**
 * The statistics as a page for people: one table per proxy with the cells that HAProxy's page has (`page-columns.ts`),
 * readable in light and dark and on a phone, without scripts and without anything from another host.
 *
 * Programs read it too: monitoring agents look for `HAProxy version X,`, `<b>uptime = </b> 0d 0h01m36s<br>` and
 * `idle = N %`, each on one line.
 */

import type { StatsConfig } from '../config/model.ts';
import type { Reading } from './field.ts';
import { cells, getter, HEADINGS, narrowRules } from './page-columns.ts';
import { STYLE } from './page-style.ts';
import { html } from './page-text.ts';
import { type Row, rowsOf, type Selection, type StatsProxy } from './rows.ts';

/** What the page says about the process. */
export interface ProcessFacts {
  /** Fairlead's own version. */
  readonly version: string;
  /** `2026/11/21` */
  readonly released: string;
  readonly pid: number;
  /** `node` of `global`, else the host's name. */
  readonly node: string;
  /** Monotonic ms. */
  readonly startedAt: number;
  readonly maxconn: number;
  /** Client connections now. */
  connections(): number;
  /** Percentage of time the event loop waits. */
  idle(): number;
}

export interface PageView {
  readonly facts: ProcessFacts;
  readonly stats: StatsConfig;
  /** Those that are to be shown. */
  readonly proxies: readonly StatsProxy[];
  readonly selection: Selection;
  readonly at: Reading;
  /** `stats admin` allows this request to change servers. */
  readonly admin: boolean;
  readonly norefresh: boolean;
  /** The code behind `;st=`, or empty. */
  readonly result: string;
}

/** The version whose statistics we speak; readers take their features from it. */
const SPOKEN = '2.6.0';

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

/** What the form offers, in the order of its list. */
const ACTIONS: readonly (readonly [action: string, label: string])[] = [
  ['ready', 'ready: take traffic'],
  ['drain', 'drain: finish, take nothing new'],
  ['maint', 'maint: stop, and stop checking'],
  ['dhlth', 'health checks: off'],
  ['ehlth', 'health checks: on'],
  ['hrunn', 'health: up'],
  ['hnolb', 'health: up, no new clients'],
  ['hdown', 'health: down'],
  ['dagent', 'agent checks: off'],
  ['eagent', 'agent checks: on'],
  ['arunn', 'agent: up'],
  ['adown', 'agent: down'],
  ['shutdown', 'end their sessions'],
];

const SIDE_CLASS = { F: 'frontend', L: 'listener', S: 'server', B: 'backend' } as const;

export function page(view: PageView): string {
  const { stats, facts, proxies, selection, result, at } = view;
  const node = stats.showNode === undefined ? '' : ` on ${html(stats.showNode || facts.node)}`;
  const told = RESULTS[result];
  const tables = proxies.map((proxy) => ({ proxy, rows: rowsOf(proxy, selection) }));
  const narrow = narrowRules(
    tables.flatMap(({ rows }) => rows),
    at,
  );
  return (
    `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Fairlead statistics${node}</title><style>${STYLE}${narrow}</style></head><body>
<h1>Fairlead${node}</h1>
${about(view)}
${links(view)}
${told === undefined ? '' : `<p class="told" role="status">${html(told)}</p>`}
<p class="key"><span class="up">up</span><span class="going">changing</span><span class="down">down</span><span class="drain">drain</span>` +
    `<span class="maint">maintenance</span><span class="plain">not checked</span></p>
${tables.map(({ proxy, rows }) => section(proxy, rows, view)).join('\n')}
</body></html>
`
  );
}

function about({ facts, stats, at }: PageView): string {
  const version = stats.hideVersion
    ? ''
    : `Fairlead ${html(facts.version)}, with the statistics of HAProxy version ${SPOKEN}, released ${html(facts.released)}<br>\n`;
  const description = stats.showDesc === undefined ? '' : `${html(stats.showDesc)}<br>\n`;
  return `<p class="about">${description}${version}<b>pid = </b> ${facts.pid} (process #1, nbproc = 1, nbthread = 1)<br>
<b>uptime = </b> ${uptime(at.now - facts.startedAt)}<br>
<b>maxconn = </b> ${facts.maxconn}; current conns = ${facts.connections()}; idle = ${Math.round(facts.idle())} %</p>`;
}

/** `0d 0h01m36s` */
function uptime(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  return `${Math.floor(hours / 24)}d ${hours % 24}h${two(Math.floor(seconds / 60) % 60)}m${two(seconds % 60)}s`;
}

function links({ stats, selection, norefresh }: PageView): string {
  const to = (up: boolean, still: boolean, more = ''): string =>
    html(`${stats.uri}${more}${up ? ';up' : ''}${still ? ';norefresh' : ''}${selection.scope && `;scope=${selection.scope}`}`);
  const link = (href: string, text: string): string => `<a href="${href}">${text}</a>`;
  const list = [
    link(to(!selection.up, norefresh), selection.up ? 'Show all servers' : 'Hide servers that are down'),
    link(to(selection.up, norefresh), 'Refresh now'),
  ];
  if (stats.refresh !== undefined) list.push(link(to(selection.up, !norefresh), norefresh ? 'Refresh by itself' : 'Stand still'));
  list.push(link(to(false, norefresh, ';csv'), 'CSV'), link(to(false, norefresh, ';json'), 'JSON'));
  return `<nav>${list.join(' ')}</nav>`;
}

function section(proxy: StatsProxy, rows: readonly Row[], view: PageView): string {
  const form = view.admin && proxy.backend !== undefined && proxy.backend.servers.length > 0;
  const table = `<div class="wide"><table>${HEAD}<tbody>\n${rows.map((row) => tableRow(proxy, row, view, form)).join('\n')}\n</tbody></table></div>`;
  const body = form ? `<form method="post" action="${html(view.stats.uri)}">${table}${controls(proxy)}</form>` : table;
  return `<section><h2 id="${html(proxy.name)}">${html(proxy.name)}</h2>${body}</section>`;
}

const HEAD = `<thead><tr><th></th>${HEADINGS}</tr></thead>`;

function tableRow(proxy: StatsProxy, row: Row, view: PageView, form: boolean): string {
  const get = getter(row, view.at);
  const name = String(get('svname'));
  const title = row.side === 'F' ? 'Frontend' : row.side === 'B' ? 'Backend' : name;
  const box = form && row.side === 'S' ? `<input type="checkbox" name="s" value="${html(name)}" aria-label="${html(name)}"> ` : '';
  const legend = view.at.legends ? legendsOf(row, get) : '';
  const state = stateClass(String(get('status')));
  return (
    `<tr class="${SIDE_CLASS[row.side]} ${state}" id="${html(`${proxy.name}/${title}`)}">` +
    `<th scope="row">${box}${html(title)}${legend}</th>${cells(get, row)}</tr>`
  );
}

/** `stats show-legends`: addresses, algorithms and what a server was made from are not for every viewer. */
function legendsOf(row: Row, get: ReturnType<typeof getter>): string {
  const facts = [get('addr'), get('algo'), row.side === 'S' ? row.of.config.origin : undefined];
  return facts.map((fact) => (fact ? `<small>${html(String(fact))}</small>` : '')).join('');
}

function controls(proxy: StatsProxy): string {
  const options = ACTIONS.map(([action, label]) => `<option value="${action}">${label}</option>`).join('');
  return (
    `<p class="act"><label>Selected servers: <select name="action">${options}</select></label> ` +
    `<input type="hidden" name="b" value="#${proxy.backend?.config.id}"><button>Apply</button></p>`
  );
}

/** A row's colour, from HAProxy's status words. */
export function stateClass(status: string): string {
  if (/^(UP|DOWN|NOLB|DRAIN) \d+\//.test(status)) return 'going';
  if (status.startsWith('DOWN') || status === 'STOP') return 'down';
  if (status.startsWith('MAINT') || status === 'PAUSED') return 'maint';
  if (status.startsWith('DRAIN') || status.startsWith('NOLB')) return 'drain';
  return status === 'no check' ? 'plain' : 'up';
}
