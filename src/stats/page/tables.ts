/** The page's tables and what stands around them as markup. Shared with the browser. */

import { COLUMNS, cellsOf, joined } from './columns.ts';
import {
  ACTIONS,
  cellOf,
  keyOf,
  lookOf,
  type PageFacts,
  type PageProxy,
  type PageRow,
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

/** How many servers are how: buttons where somebody listens to them. */
export function chipsMarkup(proxies: readonly PageProxy[], pressed: ReadonlySet<string> | undefined): string {
  const counts = new Map<Tone, number>();
  for (const { rows } of proxies) {
    for (const row of rows) {
      if (row.side !== 'S') continue;
      const tone = toneOf(String(cellOf(row, 'status')));
      counts.set(tone, (counts.get(tone) ?? 0) + 1);
    }
  }
  return TONES.map((tone) => {
    const count = counts.get(tone) ?? 0;
    const text = `<b>${count}</b> ${TONE_WORDS[tone]}`;
    const look = `chip ${tone}${count === 0 ? ' none' : ''}`;
    if (pressed === undefined) return `<span class="${look}">${text}</span>`;
    return `<button type="button" class="${look}" data-tone="${tone}" aria-pressed="${pressed.has(tone)}">${text}</button>`;
  }).join('');
}

/** A proxy up to its rows. */
export function sectionOpening(proxy: PageProxy, place: Place): string {
  const form = proxy.form === null ? '' : `<form method="post" action="${html(place.uri)}">`;
  const about = proxy.about === '' ? '' : ` <span class="soft">${html(proxy.about)}</span>`;
  return (
    `<details class="proxy" open data-proxy="${html(proxy.name)}"><summary><h2 id="${html(proxy.name)}">${html(proxy.name)}</h2>` +
    ` <span class="kind">${proxy.kind}, ${html(proxy.mode)}</span>${about} <span class="tally"></span></summary>${form}` +
    `<table class="tbl"><caption class="unseen">${html(proxy.name)}</caption><thead><tr class="titre"><th scope="col" class="c-name">Name</th>${HEADINGS}</tr></thead><tbody>\n`
  );
}

/** What follows the rows. */
export function sectionClosing(proxy: PageProxy): string {
  return `</tbody></table>${proxy.form === null ? '' : `${controls(proxy)}</form>`}</details>`;
}

const HEADINGS: string = COLUMNS.map((column) => {
  const labels = Object.keys(column.parts).filter((label) => label !== '');
  const parts = labels.length === 0 ? '' : `<small>${joined({ phone: column.phone }, labels)}</small>`;
  return `<th scope="col" class="c-${column.id}" title="${html(column.help)}">${column.label}${parts}</th>`;
}).join('');

export function rowMarkup(proxy: PageProxy, row: PageRow, place: Place): string {
  const tone = toneOf(String(cellOf(row, 'status')));
  const cells = cellsOf(row).map(({ look, text }) => `<td${look === '' ? '' : ` class="${look}"`}>${text}</td>`);
  return `<tr class="${rowClass(row, tone)}" data-key="${html(keyOf(proxy.name, row))}">${nameMarkup(proxy, row, place)}${cells.join('')}</tr>`;
}

export function rowClass(row: PageRow, tone: Tone): string {
  return `${lookOf(row)} ${row.side === 'S' ? 'server ' : ''}is-${tone}`;
}

/** The anchors are HAProxy's. */
function nameMarkup(proxy: PageProxy, row: PageRow, place: Place): string {
  const key = keyOf(proxy.name, row);
  const title = titleOf(row);
  const box =
    proxy.form !== null && row.side === 'S'
      ? `<input type="checkbox" name="s" value="${html(row.name)}" aria-label="Select ${html(key)}"> `
      : '';
  const legend = row.legend === '' ? '' : `<small title="${html(row.legend)}">${html(row.legend)}</small>`;
  return (
    `<th scope="row"><a name="${html(key)}"></a>${box}` +
    `<a class="open" href="${html(detailsAddress(place, key))}">${html(title)}</a>${legend}</th>`
  );
}

export function detailsAddress({ uri, options }: Place, key: string): string {
  return `${uri};row=${encodeURIComponent(key)}${options}`;
}

/** For one server, or for those that are marked. */
export function actionButtons(forced: boolean): string {
  const buttons = ACTIONS.filter((action) => (action.forced === true) === forced);
  return buttons.map(({ name, label }) => `<button name="action" value="${name}">${label}</button>`).join('');
}

function controls(proxy: PageProxy): string {
  const options = ACTIONS.map(({ name, label }) => `<option value="${name}">${label}</option>`).join('');
  return (
    `<p class="act"><span class="marked" aria-live="polite"></span> <label>Selected servers of ${html(proxy.name)}: <select name="action">${options}</select></label> ` +
    `<input type="hidden" name="b" value="#${proxy.form}"><button>Apply</button></p>`
  );
}
