/** The page's tables and what stands around them as markup. Shared with the browser. */

import { COLUMNS, cellsOf, joined, keepSilent, labelMarkup, spareColumns } from './columns.ts';
import {
  ACTIONS,
  cellOf,
  keyOf,
  lookOf,
  type PageFacts,
  type PageProxy,
  type PageRow,
  type ProxyOpening,
  proxyKeyOf,
  readable,
  TONE_WORDS,
  TONES,
  type Tone,
  titleOf,
  toneOf,
} from './shape.ts';
import { bytes, html, uptime } from './text.ts';

/** Where the statistics are. */
export interface Place {
  /** `stats uri` */
  readonly uri: string;
  /** Behind it: what the viewer has chosen, `;up;scope=x`. */
  readonly options: string;
}

/** What is known of the process. Programs read these lines: each stands on one. */
export function factsMarkup(facts: PageFacts): string {
  return `<span><b>pid = </b> ${facts.pid} (process #1, nbproc = 1, nbthread = 1)</span>
<span><b>uptime = </b> ${uptime(facts.uptime)}<br></span>
<span><b>maxconn = </b> ${facts.maxconn}; current conns = ${facts.connections}; current pipes = 0/0; conn rate = ${facts.connRate}/sec; bit rate = ${bits(facts.bitRate)}</span>
<span>idle = ${Math.round(facts.idle)} %</span>`;
}

function bits(rate: number): string {
  const text = bytes(rate) ?? '0';
  return text.endsWith('B') ? `${text.slice(0, -1).replace('kB', 'k')}bps` : `${text}\u00a0bps`;
}

/** What is to be said of all rows together, added up one by one. */
export class Summary {
  readonly tones: Map<Tone, number> = new Map();
  /** Columns that are empty or 0 in every row, by their place: a window without room for all leaves them out. */
  readonly silent: Set<number> = spareColumns();

  add(row: PageRow): void {
    keepSilent(this.silent, row);
    if (row.side !== 'S') return;
    const tone = toneOf(String(cellOf(row, 'status')));
    this.tones.set(tone, (this.tones.get(tone) ?? 0) + 1);
  }
}

export function summaryOf(proxies: readonly PageProxy[]): Summary {
  const summary = new Summary();
  for (const { rows } of proxies) for (const row of rows) summary.add(row);
  return summary;
}

/** How many servers are how: buttons where somebody listens to them. */
export function chipsMarkup({ tones }: Summary, pressed: ReadonlySet<string> | undefined): string {
  return TONES.map((tone) => {
    const count = tones.get(tone) ?? 0;
    const text = `<b>${count}</b> ${TONE_WORDS[tone]}`;
    const look = `chip ${tone}${count === 0 ? ' none' : ''}`;
    if (pressed === undefined) return `<span class="${look}">${text}</span>`;
    return `<button type="button" class="${look}" data-tone="${tone}" aria-pressed="${pressed.has(tone)}">${text}</button>`;
  }).join('');
}

/** A proxy up to its rows. Its name is no `id`: a backend may be called like something of the page itself. */
export function sectionOpening(proxy: ProxyOpening, place: Place): string {
  const form = proxy.form ? `<form method="post" action="${html(place.uri + place.options)}">` : '';
  const about = proxy.about === '' ? '' : ` <span class="soft">${html(proxy.about)}</span>`;
  return (
    `<details class="proxy" open data-proxy="${html(proxyKeyOf(proxy))}"><summary><h2><a name="${html(proxy.name)}"></a>${html(proxy.name)}</h2>` +
    ` <span class="kind">${proxy.kind}, ${html(proxy.mode)}</span>${about} <span class="tally"></span></summary>${form}` +
    `<table class="tbl"><caption class="unseen">${html(proxy.name)}</caption><thead><tr class="titre"><th scope="col" class="c-name">Name</th>${HEADINGS}</tr></thead><tbody>\n`
  );
}

/** What follows the rows. */
export function sectionClosing(proxy: ProxyOpening): string {
  return `</tbody></table>${proxy.form ? `${controls(proxy)}</form>` : ''}</details>`;
}

const HEADINGS: string = COLUMNS.map((column) => {
  const labels = Object.keys(column.parts).filter((label) => label !== '');
  const parts = labels.length === 0 ? '' : `<small>${joined({ phone: column.phone }, labels)}</small>`;
  return `<th scope="col" class="c-${column.id}" title="${html(column.help)}">${labelMarkup(column)}${parts}</th>`;
}).join('');

export function rowMarkup(proxy: ProxyOpening, row: PageRow, place: Place): string {
  const tone = toneOf(String(cellOf(row, 'status')));
  const cells = cellsOf(row).map(({ look, text }) => `<td${look === '' ? '' : ` class="${look}"`}>${text}</td>`);
  return `<tr class="${rowClass(row, tone)}" data-key="${html(keyOf(proxy.name, row))}">${nameMarkup(proxy, row, place)}${cells.join('')}</tr>`;
}

export function rowClass(row: PageRow, tone: Tone): string {
  return `${lookOf(row)} ${row.side === 'S' ? 'server ' : ''}is-${tone}`;
}

/** The anchors are HAProxy's. */
function nameMarkup(proxy: ProxyOpening, row: PageRow, place: Place): string {
  const key = keyOf(proxy.name, row);
  const title = titleOf(row);
  const box =
    proxy.form && row.side === 'S'
      ? `<label class="box"><input type="checkbox" name="s" value="${html(row.name)}" aria-label="Select ${html(key)}"></label>`
      : '';
  return (
    `<th scope="row"><a name="${html(readable(key))}"></a>${box}` +
    `<a class="open" href="${html(detailsAddress(place, key))}">${html(title)}</a>${legendMarkup(row)}</th>`
  );
}

export function legendMarkup({ legend }: PageRow): string {
  return legend === '' ? '' : `<small title="${html(legend)}">${html(legend)}</small>`;
}

export function detailsAddress({ uri, options }: Place, key: string): string {
  return `${uri};row=${encodeURIComponent(key)}${options}`;
}

/** For one server, or for those that are marked. */
export function actionButtons(forced: boolean): string {
  const buttons = ACTIONS.filter((action) => (action.forced === true) === forced);
  return buttons.map(({ name, label }) => `<button name="action" value="${name}">${label}</button>`).join('');
}

/** The backend goes by its name: numbers are places in the file, and another one's after a reload. */
function controls(proxy: ProxyOpening): string {
  const options = ACTIONS.map(({ name, label }) => `<option value="${name}">${label}</option>`).join('');
  return (
    `<p class="act"><span class="marked" aria-live="polite"></span> <label>Selected servers of ${html(proxy.name)}: <select name="action">${options}</select></label> ` +
    `<input type="hidden" name="b" value="${html(proxy.name)}"><button>Apply</button></p>`
  );
}
