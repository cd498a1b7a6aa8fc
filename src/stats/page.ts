/**
 * The statistics as a page for people: one table per proxy with HAProxy's cells, every row with its details, and a view of
 * what discovery knows. One document that loads nothing: whole without scripts, live with them (`page/client.ts`).
 *
 *     <uri>                 the tables          <uri>;live              the same as JSON, for the page's script
 *     <uri>;row=<key>       one row's details   <uri>;row=<key>;live    its parts, and facts of the process
 *     <uri>;explain         what is routed      <uri>;explain;live      its parts, and facts of the process
 *
 * Programs read it too: monitoring agents look for `HAProxy version X,`, `<b>uptime = </b> 0d 0h01m36s<br>` and
 * `idle = N %`, each on one line, and for HAProxy's classes and anchors of rows.
 */

import type { StatsConfig } from '../config/model.ts';
import type { Reading } from './field.ts';
import { type DataSource, openingOf, pageRows } from './page/data.ts';
import { detailParts, findRow } from './page/detail.ts';
import { type DrawnPart, EXPLAIN_REFUSED, type ExplainFacts, explainParts } from './page/explain.ts';
import type { History } from './page/history.ts';
import { hashOf, MADE, SCRIPT } from './page/script.ts';
import { type PageFacts, RESULTS, readable } from './page/shape.ts';
import { STYLE } from './page/style.ts';
import { chipsMarkup, factsMarkup, type Place, rowMarkup, Summary, sectionClosing, sectionOpening } from './page/tables.ts';
import { html } from './page/text.ts';
import type { Selection, StatsProxy } from './rows.ts';

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
  /** Bytes sent in the last second. */
  bytesOutRate(): number;
}

export interface PageView {
  readonly facts: ProcessFacts;
  /** The version of HAProxy whose statistics we speak; readers take their features from it. */
  readonly spoken: string;
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
  readonly asked: PageQuery;
  readonly history: History;
  /** `asked`: a container, a host, a URL; empty for none. */
  readonly explain: (asked: string) => ExplainFacts;
}

/** What of the page is asked for. */
export interface PageQuery {
  readonly view: 'tables' | 'row' | 'explain';
  /** Of `row`: `shop/web-1`, `shop//Backend`. */
  readonly key: string;
  readonly live: boolean;
  /** Of `explain`: what is asked about. */
  readonly of: string;
}

/** How often the page asks for news, in seconds, where `stats refresh` does not say. */
const INTERVAL = 2;
/** The explain view is larger, and changes less. */
const EXPLAIN_INTERVAL = 5;

/** `rest` is what stands behind the `stats uri`. */
export function readPageQuery(rest: string): PageQuery {
  // Browsers encode the name of a form's field.
  const name = /^[^=]*/.exec(rest)?.[0] ?? '';
  const options = name.replace(/%3B/gi, ';') + rest.slice(name.length);
  const row = /;row=([^;&#]*)/.exec(options)?.[1];
  const live = options.includes(';live');
  if (row !== undefined) return { view: 'row', key: decoded(row), live, of: '' };
  const of = /;of=([^;&#]*)/.exec(options)?.[1] ?? '';
  return { view: options.includes(';explain') ? 'explain' : 'tables', key: '', live, of: decoded(of.replaceAll('+', '%20')) };
}

/** What is no encoding names nothing. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

const POLICY =
  `default-src 'none'; script-src ${hashOf(SCRIPT)}; style-src ${hashOf(STYLE)}; connect-src 'self'; img-src data:; form-action 'self'; ` +
  `base-uri 'none'; frame-ancestors 'none'`;

/** Field lines of the page: nothing but its own script and style counts in it, and nobody frames it. */
export const PAGE_FIELDS = `content-security-policy: ${POLICY}\r\nx-frame-options: DENY\r\nx-content-type-options: nosniff\r\nreferrer-policy: same-origin\r\n`;

/** The document or, for its script, JSON; in pieces, so that a large one can be made in slices. */
export function* page(view: PageView): Generator<string> {
  const { asked } = view;
  if (asked.view === 'tables') yield* asked.live ? liveTables(view) : tablesPage(view);
  else yield* asked.live ? liveParts(view) : partsPage(view);
}

function sourceOf({ history, selection, at, admin }: PageView): DataSource {
  return { history, selection, at, admin };
}

function placeOf({ stats, selection, norefresh }: PageView): Place {
  return { uri: stats.uri, options: optionsOf(selection, norefresh) };
}

function optionsOf({ up, noMaint, scope }: Selection, norefresh: boolean): string {
  return `${up ? ';up' : ''}${noMaint ? ';no-maint' : ''}${norefresh ? ';norefresh' : ''}${scope && `;scope=${scope}`}`;
}

function factsOf({ facts, proxies, at }: PageView): PageFacts {
  return {
    uptime: Math.max(0, Math.floor((at.now - facts.startedAt) / 1000)),
    pid: facts.pid,
    maxconn: facts.maxconn,
    connections: facts.connections(),
    connRate: proxies.reduce((sum, { frontend }) => sum + (frontend?.counters.connRate.read(at.now) ?? 0), 0),
    bitRate: facts.bytesOutRate() * 8,
    idle: facts.idle(),
  };
}

function liveOpening(view: PageView): string {
  return `{"made":"${MADE}","facts":${JSON.stringify(factsOf(view))}`;
}

// --- tables ---------------------------------------------------------------------------------------------------------

function* liveTables(view: PageView): Generator<string> {
  const source = sourceOf(view);
  yield `${liveOpening(view)},"proxies":[`;
  let separator = '';
  for (const proxy of view.proxies) {
    yield `${separator}${JSON.stringify(openingOf(proxy, source)).slice(0, -1)},"rows":[`;
    separator = ',';
    let comma = '';
    for (const row of pageRows(proxy, source)) {
      yield comma + JSON.stringify(row);
      comma = ',';
    }
    yield ']}';
  }
  yield ']}';
}

function* tablesPage(view: PageView): Generator<string> {
  const source = sourceOf(view);
  const place = placeOf(view);
  // What stands above the tables tells of their rows. Those are read again when it is their turn: a reader who takes his time
  // would have all of them kept.
  const summary = new Summary();
  for (const proxy of view.proxies) {
    for (const row of pageRows(proxy, source)) {
      summary.add(row);
      yield '';
    }
  }
  yield opening(view);
  yield `<div class="bar"><div class="chips" id="chips" role="group" aria-label="Servers by state">${chipsMarkup(summary, undefined)}</div>${TOOLS}</div>`;
  yield `<main id="tables" class="${Array.from(summary.silent, (at) => `no-${at + 2}`).join(' ')}">`;
  for (const of of view.proxies) {
    const proxy = openingOf(of, source);
    yield sectionOpening(proxy, place);
    for (const row of pageRows(of, source)) yield `${rowMarkup(proxy, row, place)}\n`;
    yield `${sectionClosing(proxy)}\n`;
  }
  yield `</main>${closing()}`;
}

// --- details and explain --------------------------------------------------------------------------------------------

function partsOf(view: PageView): readonly DrawnPart[] {
  const { asked, stats, proxies, at, admin } = view;
  const source = sourceOf(view);
  if (asked.view === 'explain') {
    const allowed = stats.scope.length === 0 && (isGuarded(stats) || admin);
    if (!allowed) return [{ id: 'refused', pieces: [`<p>${EXPLAIN_REFUSED}</p>`] }];
    return explainParts(view.explain(asked.of), proxies, placeOf(view), at.now);
  }
  const found = findRow(asked.key, proxies, source);
  if (found === undefined) return [{ id: 'gone', pieces: ['<p>There is no such row: it is gone, or it is not shown here.</p>'] }];
  return detailParts(found, source, placeOf(view)).map(({ id, markup }) => ({ id, pieces: [markup] }));
}

/** Whether anybody is turned away. `stats http-request allow` without a condition ends the rules, and lets in who has come so far. */
function isGuarded({ auth, httpRequest = [] }: StatsConfig): boolean {
  const open = httpRequest.findIndex(({ words }) => words.length === 1 && words[0] === 'allow');
  const counting = open < 0 ? httpRequest : httpRequest.slice(0, open);
  return auth.length > 0 || counting.some(({ words }) => words[0] !== 'allow');
}

function* liveParts(view: PageView): Generator<string> {
  yield `${liveOpening(view)},"parts":[`;
  let separator = '';
  for (const { id, pieces } of partsOf(view)) {
    yield `${separator}{"id":"${id}","markup":"`;
    separator = ',';
    // All of them are one string.
    for (const piece of pieces) yield JSON.stringify(piece).slice(1, -1);
    yield '"}';
  }
  yield ']}';
}

function* partsPage(view: PageView): Generator<string> {
  const { asked } = view;
  const title = asked.view === 'explain' ? 'Why is it not routed?' : html(readable(asked.key));
  yield `${opening(view)}<div class="bar"><h2>${title}</h2>${TOOLS}</div><main id="parts" class="parts">`;
  for (const { id, pieces } of partsOf(view)) {
    yield `<section class="card" data-part="${id}">`;
    yield* pieces;
    yield '</section>';
  }
  yield `</main>${closing()}`;
}

// --- the document ---------------------------------------------------------------------------------------------------

/** One line that leads to three. */
const LINES = 'M1 8h5M10 3.5h5M10 8h5M10 12.5h5M6 8c2.5 0 1.5-4.5 4-4.5M6 8h4M6 8c2.5 0 1.5 4.5 4 4.5';
const LOGO = `<svg viewBox="0 0 16 16" aria-hidden="true"><path d="${LINES}" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round"/></svg>`;
const ICON = `data:image/svg+xml,${encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="${LINES}" fill="none" stroke="#3f7fc4" stroke-width="2" stroke-linecap="round"/></svg>`,
)}`;

const TOOLS =
  '<div id="tools" role="search" hidden><span id="shown" role="status"></span><button type="button" id="clear" hidden>Show all</button>' +
  '<label><input type="checkbox" id="problems">Problems only</label>' +
  '<label><span class="unseen">Filter</span><input type="search" id="filter" placeholder="Filter by name, reason, address" autocomplete="off" spellcheck="false"></label></div>';

function opening(view: PageView): string {
  const { stats, facts, asked, norefresh, result } = view;
  const node = stats.showNode === undefined ? '' : ` on ${stats.showNode || facts.node}`;
  const place = placeOf(view);
  const title = `Fairlead statistics${node}`;
  const interval = Math.max(asked.view === 'explain' ? EXPLAIN_INTERVAL : 1, stats.refresh ?? INTERVAL);
  const here = hereOf(asked);
  // The result of an action is not to be told again.
  const again = html(`${stats.refresh}${result === '' ? '' : `; url=${place.uri}${here}${place.options}`}`);
  const reload = stats.refresh === undefined || norefresh ? '' : `<noscript><meta http-equiv="refresh" content="${again}"></noscript>`;
  const settings = {
    made: MADE,
    uri: place.uri,
    options: place.options,
    view: here,
    interval: String(interval),
    paused: norefresh ? 'yes' : 'no',
    title,
  };
  const data = Object.entries(settings).map(([name, value]) => ` data-${name}="${html(value)}"`);
  const told = RESULTS[result];
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html(title)}</title>${reload}<link rel="icon" href="${ICON}"><style>${STYLE}</style></head><body${data.join('')}>
<header><h1>${LOGO}<span>Fairlead${html(node)}</span></h1>${links(view)}
<div class="status"><span id="live" role="status"></span><span id="age" class="soft" aria-hidden="true"></span><button type="button" id="pause" hidden>Pause</button></div></header>
<div class="about">${about(view)}<span id="facts">${factsMarkup(factsOf(view))}</span></div>
<p class="unseen" id="news" aria-live="polite"></p>
<p class="told" id="toast" role="status">${told === undefined ? '' : html(told)}</p>
`;
}

function hereOf({ view, key, of }: PageQuery): string {
  if (view === 'row') return `;row=${encodeURIComponent(key)}`;
  if (view === 'tables') return '';
  return of === '' ? ';explain' : `;explain;of=${encodeURIComponent(of)}`;
}

function about({ facts, stats, spoken }: PageView): string {
  const description = stats.showDesc === undefined ? '' : `<span>${html(stats.showDesc)}</span>\n`;
  if (stats.hideVersion) return description;
  return `${description}<span>Fairlead ${html(facts.version)}, with the statistics of HAProxy version ${spoken}, released ${html(facts.released)}</span>\n`;
}

function closing(): string {
  return `
<dialog id="panel" aria-labelledby="panel-title"><div><h2 id="panel-title" tabindex="-1"></h2><button type="button" id="panel-close">Close</button></div><div id="panel-body" class="parts"></div></dialog>
<dialog id="confirm" aria-labelledby="confirm-title" aria-describedby="confirm-body"><h2 id="confirm-title"></h2><div id="confirm-body"></div><p class="buttons"><button type="button" id="confirm-no">Cancel</button><button type="button" id="confirm-yes"></button></p></dialog>
<script type="module">${SCRIPT}</script></body></html>
`;
}

/** HAProxy's choices, and ours. */
function links({ stats, selection, norefresh, asked }: PageView): string {
  const { uri } = stats;
  const link = (text: string, changes: Partial<Selection>, still = norefresh, more = ''): string =>
    `<a href="${html(`${uri}${more}${optionsOf({ ...selection, ...changes }, still)}`)}">${text}</a>`;
  const views = [
    ['Statistics', '', asked.view === 'tables'],
    ['Explain routing', ';explain', asked.view === 'explain'],
  ] as const;
  const list = views.map(([text, more, here]) => {
    const anchor = link(text, {}, norefresh, more);
    return here ? anchor.replace('<a ', '<a aria-current="page" ') : anchor;
  });
  list.push(link(selection.up ? 'Show all servers' : 'Hide servers that are down', { up: !selection.up }));
  list.push(link(selection.noMaint ? 'Show maintenance' : 'Hide maintenance', { noMaint: !selection.noMaint }));
  if (selection.scope !== '') list.push(link(`All proxies, not only *${html(selection.scope)}*`, { scope: '' }));
  list.push(link(norefresh ? 'Refresh by itself' : 'Stand still', {}, !norefresh), link('Refresh now', {}));
  list.push(link('CSV', { up: false, noMaint: false }, norefresh, ';csv'), link('JSON', { up: false, noMaint: false }, norefresh, ';json'));
  return `<nav aria-label="Views">${list.join(' ')}</nav>`;
}
