/**
 * What the page shows, and how it is looked at: filtered, sorted, folded, marked.
 *
 * How it is looked at stands in `view` and in the address, what the server said last in `data`; `grid.ts` knows what is in
 * the document.
 */

import type { PageDocument, PageElement, PageInput, PageWindow } from './dom.ts';
import { filter, get, parts, place, settings, tables } from './elements.ts';
import { Grid, replace, showHeadings } from './grid.ts';
import { ask } from './live.ts';
import { showParts } from './parts.ts';
import { cellOf, keyOf, type PageData, type PageFacts, type PartsAnswer, toneOf } from './shape.ts';
import { chipsMarkup, factsMarkup, summaryOf } from './tables.ts';
import { isFiltering, newsOf, readView, type View, writeView } from './view.ts';

declare const document: PageDocument;
declare const window: PageWindow;

const grid = tables === null ? undefined : new Grid(tables, place, folded);
const problems = get<PageInput>('problems');

export let view: View = readView(window.location.hash);
export let data: PageData | undefined;
let states = new Map<string, string>();

export async function refreshMain(): Promise<void> {
  if (tables !== null) {
    const answer = await ask<PageData>(`${place.uri};live${place.options}`);
    showFacts(answer.facts);
    showTables(answer);
  } else if (parts !== null) {
    const answer = await ask<PartsAnswer>(`${place.uri}${settings.view};live${place.options}`);
    showFacts(answer.facts);
    showParts(parts, answer.parts);
    filterParts();
  }
}

function showFacts(facts: PageFacts): void {
  replace(get('facts'), factsMarkup(facts));
}

function showTables(answer: PageData): void {
  data = answer;
  if (grid?.show(answer.proxies) === true) {
    for (const form of document.querySelectorAll('#tables form')) tellMarked(form);
    showHeadings(view.sort);
  }
  tellNews(answer);
  showView();
}

function tellNews(answer: PageData): void {
  const now = new Map<string, string>();
  for (const proxy of answer.proxies) {
    for (const row of proxy.rows) if (row.side === 'S') now.set(keyOf(proxy.name, row), String(cellOf(row, 'status')));
  }
  const news = states.size === 0 ? '' : newsOf(states, now);
  states = now;
  if (news !== '') get('news').textContent = news;
  const down = [...now.values()].filter((status) => toneOf(status) === 'down').length;
  document.title = `${down === 0 ? '' : `(${down} down) `}${settings.title}`;
}

export function change(changes: Partial<View>): void {
  view = { ...view, ...changes };
  window.history.replaceState(window.history.state, '', addressOf(view));
  showView();
}

/** Goes over to another view that the address has already. */
export function adopt(looked: View): void {
  view = looked;
  if (tables !== null) filter.value = view.text;
  showHeadings(view.sort);
  showView();
}

export function addressOf(looked: View): string {
  const hash = writeView(looked);
  return window.location.pathname + window.location.search + (hash === '' ? '' : `#${hash}`);
}

function showView(): void {
  if (data === undefined || grid === undefined) return;
  const [seen, all] = grid.arrange(data.proxies, view);
  const tone = document.activeElement?.dataset.tone;
  replace(get('chips'), chipsMarkup(summaryOf(data.proxies), view.tones));
  // Buttons that are made anew give the focus to those that stand for them.
  if (tone !== undefined) document.querySelector(`button[data-tone="${tone}"]`)?.focus();
  const filtering = isFiltering(view);
  const count = filtering ? `${seen} of ${all} servers shown` : `${all} servers`;
  if (get('shown').textContent !== count) get('shown').textContent = count;
  get('clear').hidden = !filtering;
  if (filter.value !== view.text && document.activeElement !== filter) filter.value = view.text;
  problems.checked = view.problems;
}

function folded(proxy: string, closed: boolean): void {
  if (view.closed.has(proxy) === closed) return;
  const proxies = new Set(view.closed);
  if (closed) proxies.add(proxy);
  else proxies.delete(proxy);
  change({ closed: proxies });
}

/** In the explain view, lines that hold every word. */
function filterParts(): void {
  const words = filter.value.toLowerCase().split(/\s+/);
  let seen = 0;
  for (const line of document.querySelectorAll('#parts [data-text]')) {
    const text = line.textContent.toLowerCase();
    line.hidden = !words.every((word) => text.includes(word));
    if (!line.hidden) seen++;
  }
  const count = filter.value === '' ? '' : `${seen} ${seen === 1 ? 'line' : 'lines'} shown`;
  if (get('shown').textContent !== count) get('shown').textContent = count;
}

/** Those that a filter hides are left out. */
function markAll(form: PageElement, { checked }: PageInput): void {
  for (const box of form.querySelectorAll<PageInput>('tr:not([hidden]) input[name="s"]')) box.checked = checked;
}

export function tellMarked(form: PageElement): void {
  const told = form.querySelector('.marked');
  if (told === null) return;
  const count = [...form.querySelectorAll('input[name="s"]:checked')].length;
  told.textContent = count === 0 ? '' : `${count} selected`;
  form.classList.toggle('some', count > 0);
}

export function startLooking(): void {
  document.addEventListener('change', ({ target }) => {
    const form = target.closest('form');
    if (form === null || !target.matches('input[type="checkbox"]')) return;
    if (target.matches('[data-all]')) markAll(form, target as PageInput);
    tellMarked(form);
  });
  filter.addEventListener('input', () => (tables === null ? filterParts() : change({ text: filter.value })));
  problems.addEventListener('change', () => change({ problems: problems.checked }));
  get('clear').addEventListener('click', () => {
    filter.value = '';
    change({ text: '', tones: new Set(), problems: false });
    filter.focus();
  });
  get('tools').hidden = settings.view?.startsWith(';row') === true;
  filter.value = view.text;
  problems.closest('label')?.classList.toggle('unseen', tables === null);
}
