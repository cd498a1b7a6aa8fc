/**
 * The page's script. Without it the page is whole, and stands still; with it, it asks for what is now, filters, sorts,
 * shows details beside the tables, and acts on servers without leaving the place.
 *
 * How it is looked at stands in `view`, what the server said last in `data`; `grid.ts` knows what is in the document.
 */

import type { PageDialog, PageDocument, PageElement, PageEvent, PageInput, PageWindow } from './dom.ts';
import { Grid, replace, showHeadings } from './grid.ts';
import { clearParts, showParts } from './panel.ts';
import {
  ACTIONS,
  type Action,
  cellOf,
  keyOf,
  type PageData,
  type PageFacts,
  type PageRow,
  type Part,
  RESULTS,
  readable,
  TONES,
  type Tone,
  toneOf,
} from './shape.ts';
import { chipsMarkup, detailsAddress, factsMarkup, type Place, summaryOf } from './tables.ts';
import { html } from './text.ts';
import { isFiltering, newsOf, nextSort, readView, type View, writeView } from './view.ts';

declare const document: PageDocument;
declare const window: PageWindow;

interface PartsAnswer {
  readonly made: string;
  readonly facts: PageFacts;
  readonly parts: readonly Part[];
}

function get<Found extends PageElement = PageElement>(id: string): Found {
  return document.getElementById<Found>(id) as Found;
}

const settings = document.body.dataset;
const place: Place = { uri: settings.uri ?? '', options: settings.options ?? '' };
const interval = Number(settings.interval) * 1000;
const tables = document.getElementById('tables');
const grid = tables === null ? undefined : new Grid(tables, place, folded);
const parts = document.getElementById('parts');
const panel = get<PageDialog>('panel');
const panelBody = get('panel-body');
const confirmation = get<PageDialog>('confirm');
const filter = get<PageInput>('filter');
const problems = get<PageInput>('problems');

let view: View = readView(window.location.hash);
let data: PageData | undefined;
let states = new Map<string, string>();
let paused = settings.paused === 'yes';
let answeredAt = Date.now();
let lost = '';
let timer: ReturnType<typeof setTimeout> | undefined;
let toasting: ReturnType<typeof setTimeout> | undefined;
let asking = false;
/** Somebody asked while an answer was on its way: that may be older than what they did. */
let again = false;
/** The link that has opened the panel. */
let opener: PageElement | undefined;
/** Key of the row that the panel shows, or empty. */
let shown = '';
/** The panel was closed by its button: the way back is ours, not the reader's. */
let closing = false;
/** There is no room beside the panel. */
const narrow = window.matchMedia('(width < 48rem)');

// --- asking ---------------------------------------------------------------------------------------------------------

/** From the origin: an address with a password in it, as this page's may be, is refused. */
async function ask<Answer extends { readonly made: string }>(address: string): Promise<Answer> {
  const answer = await fetch(window.location.origin + address, { signal: AbortSignal.timeout(Math.max(10_000, interval * 2)) });
  if (answer.status === 401) throw new Error('the statistics ask for a password again: load the page anew');
  if (!answer.ok) throw new Error(`the statistics answer ${answer.status}`);
  const told = (await answer.json().catch((error: Error) => {
    throw error instanceof SyntaxError ? new Error('something else than the statistics answers') : error;
  })) as Answer;
  // Another version answers, and its lists may have other places. Nobody is to lose what he is about to confirm.
  if (told.made !== settings.made && !confirmation.open) window.location.reload();
  if (told.made !== settings.made) throw new Error('this page is of another version');
  return told;
}

async function poll(): Promise<void> {
  clearTimeout(timer);
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    await refresh();
    answeredAt = Date.now();
    lost = '';
  } catch (error) {
    lost = error instanceof TypeError || (error as Error).name === 'TimeoutError' ? 'no answer' : (error as Error).message;
  }
  asking = false;
  tellLive();
  if (again) {
    again = false;
    void poll();
  } else {
    schedule();
  }
}

async function refresh(): Promise<void> {
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
  if (shown !== '') await refreshPanel();
}

function schedule(): void {
  clearTimeout(timer);
  if (!paused && document.visibilityState === 'visible') timer = setTimeout(poll, interval);
}

/** The words are told to screen readers when they change; the seconds are for the eye alone. */
function tellLive(): void {
  const words = lost !== '' ? `Connection lost: ${lost}` : paused ? 'Paused' : 'Live';
  const live = get('live');
  if (live.textContent !== words) live.textContent = words;
  const ago = Math.round((Date.now() - answeredAt) / 1000);
  get('age').textContent = lost !== '' ? `last answer ${ago} s ago, trying again` : paused ? '' : `every ${interval / 1000} s`;
  document.body.classList.toggle('lost', lost !== '');
  document.body.classList.toggle('paused', paused);
  get('pause').textContent = paused ? 'Go on' : 'Pause';
}

function showFacts(facts: PageFacts): void {
  replace(get('facts'), factsMarkup(facts));
}

// --- tables ---------------------------------------------------------------------------------------------------------

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

// --- the view -------------------------------------------------------------------------------------------------------

function change(changes: Partial<View>): void {
  view = { ...view, ...changes };
  window.history.replaceState(window.history.state, '', addressOf(view));
  showView();
}

function addressOf(looked: View): string {
  const hash = writeView(looked);
  return window.location.pathname + window.location.search + (hash === '' ? '' : `#${hash}`);
}

/** The address has changed: somebody went back, or wrote another one. What was filtered beside the panel stays when that is closed. */
function followAddress(): void {
  const given = readView(window.location.hash);
  if (closing) change({ open: given.open });
  else view = given;
  closing = false;
  if (tables !== null) filter.value = view.text;
  showHeadings(view.sort);
  showView();
  showPanel();
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

// --- details --------------------------------------------------------------------------------------------------------

async function refreshPanel(): Promise<void> {
  const key = shown;
  const answer = await ask<PartsAnswer>(`${detailsAddress({ ...place, options: '' }, key)};live${place.options}`);
  if (shown === key) showParts(panelBody, answer.parts);
}

/** Back closes it again: on a phone that is how a sheet is closed. */
function openPanel(key: string, from: PageElement): void {
  opener = from;
  const next = { ...view, open: key };
  if (shown === '') window.history.pushState(OPENED, '', addressOf(next));
  change(next);
  showPanel();
}

/** In the state of the history's entry: going back from it closes the panel. */
const OPENED = 'opened';

function closePanel(): void {
  // The way back takes a moment: a second step would leave the page.
  if (closing) return;
  if (window.history.state === OPENED) {
    closing = true;
    window.history.back();
    return;
  }
  change({ open: '' });
  showPanel();
}

/** Brings the panel to what the view says. */
function showPanel(): void {
  const before = shown;
  if (before === view.open) return;
  shown = view.open;
  clearParts(panelBody);
  get('panel-title').textContent = readable(shown);
  if (shown === '') {
    panel.close();
    shade();
    (opener?.isConnected ? opener : rowElement(before)?.querySelector('a.open'))?.focus();
    opener = undefined;
    return;
  }
  if (!panel.open) panel.show();
  shade();
  get('panel-title').focus();
  void poll();
}

/** Nobody walks about behind a panel that covers everything. */
function shade(): void {
  const covered = narrow.matches && shown !== '';
  for (const part of document.querySelectorAll('body > header, body > .about, body > .bar, body > main')) {
    if (covered) part.setAttribute('inert', '');
    else part.removeAttribute('inert');
  }
}

function rowElement(key: string): PageElement | undefined {
  return Array.from(document.querySelectorAll('#tables tr[data-key]')).find((row) => row.dataset.key === key);
}

/** The key behind `;row=` of a link to details. */
function keyOfLink(link: PageElement): string {
  return decodeURIComponent(/;row=([^;&#]*)/.exec(link.getAttribute('href') ?? '')?.[1] ?? '');
}

// --- actions --------------------------------------------------------------------------------------------------------

interface Order {
  readonly action: Action;
  readonly backend: string;
  readonly names: readonly string[];
}

function orderOf(form: PageElement, submitter: PageInput | null | undefined): Order | undefined {
  const chosen = submitter?.value || form.querySelector<PageInput>('select')?.value;
  const action = ACTIONS.find(({ name }) => name === chosen);
  const boxes = [...form.querySelectorAll<PageInput>('input[name="s"]')];
  const names = boxes.filter((box) => box.checked || box.getAttribute('type') === 'hidden').map((box) => box.value);
  const backend = form.querySelector<PageInput>('input[name="b"]')?.value;
  return action === undefined || backend === undefined ? undefined : { action, backend, names };
}

function confirmOrder(form: PageElement, order: Order): void {
  const { action, names } = order;
  if (names.length === 0) {
    toast('Select servers first.');
    return;
  }
  const many = names.length === 1 ? names[0] : `${names.length} servers`;
  const list =
    names.length === 1
      ? ''
      : `<ul>${names
          .slice(0, 12)
          .map((name) => `<li>${html(name)}</li>`)
          .join('')}${names.length > 12 ? `<li>and ${names.length - 12} more</li>` : ''}</ul>`;
  const they = names.length === 1 ? 'It' : 'Each of them';
  const last = leavesNobody(order) ? '<p class="told"><b>Nobody would be left to take traffic in this backend.</b></p>' : '';
  get('confirm-title').textContent = `${action.label}: ${many}?`;
  get('confirm-body').innerHTML = `${list}<p>${they} ${html(action.effect)}</p>${last}`;
  const yes = get('confirm-yes');
  yes.textContent = action.label;
  pending = { form, order };
  confirmation.showModal();
  yes.focus();
}

let pending: { readonly form: PageElement; readonly order: Order } | undefined;

function leavesNobody({ action, backend, names }: Order): boolean {
  const proxy = data?.proxies.find(({ name, form }) => form && name === backend);
  if (action.stops !== true || proxy === undefined) return false;
  const working = (row: PageRow): boolean => {
    const status = String(cellOf(row, 'status'));
    return row.side === 'S' && (status.startsWith('UP') || status === 'no check');
  };
  return proxy.rows.some(working) && !proxy.rows.some((row) => working(row) && !names.includes(row.name));
}

async function carryOut(): Promise<void> {
  confirmation.close();
  const { form, order } = pending ?? {};
  pending = undefined;
  if (form === undefined || order === undefined) return;
  const body = new URLSearchParams([
    ...order.names.map((name): [string, string] => ['s', name]),
    ['action', order.action.name],
    ['b', order.backend],
  ]);
  try {
    const answer = await fetch(window.location.origin + place.uri + place.options, { method: 'POST', body });
    const code = /;st=([A-Z]{4})/.exec(answer.url)?.[1] ?? 'UNKN';
    // The page that comes with it is not needed.
    await answer.body?.cancel();
    toast(
      `${order.action.label}: ${order.names.join(', ').slice(0, 200)}. ${answer.ok ? (RESULTS[code] ?? RESULTS.UNKN) : `The answer was ${answer.status}.`}`,
    );
    if (code === 'DONE') for (const box of form.querySelectorAll<PageInput>('input[type="checkbox"]')) box.checked = false;
  } catch {
    toast('Not known whether it was done: there was no answer.');
  }
  tellMarked(form);
  void poll();
}

/** What has come of the action before this document is told once, not with every load. */
function tellResult(): void {
  const told = get('toast').textContent;
  if (told === '') return;
  toast(told);
  const { pathname, search, hash } = window.location;
  window.history.replaceState(window.history.state, '', (pathname + search).replace(/;st=[A-Z]{4}/, '') + hash);
}

function toast(text: string): void {
  clearTimeout(toasting);
  get('toast').textContent = text;
  toasting = setTimeout(() => {
    get('toast').textContent = '';
  }, 20_000);
}

/** Those that a filter hides are left out. */
function markAll(form: PageElement, { checked }: PageInput): void {
  for (const box of form.querySelectorAll<PageInput>('tr:not([hidden]) input[name="s"]')) box.checked = checked;
}

function tellMarked(form: PageElement): void {
  const told = form.querySelector('.marked');
  if (told === null) return;
  const count = [...form.querySelectorAll('input[name="s"]:checked')].length;
  told.textContent = count === 0 ? '' : `${count} selected`;
  form.classList.toggle('some', count > 0);
}

// --- what people do -------------------------------------------------------------------------------------------------

function onClick(event: PageEvent): void {
  const button = event.target.closest('button');
  const link = event.target.closest('a.open');
  if (link !== null && !(event.ctrlKey || event.metaKey || event.shiftKey)) {
    event.preventDefault();
    openPanel(keyOfLink(link), link);
  } else if (button?.dataset.sort !== undefined) {
    change({ sort: nextSort(view.sort, button.dataset.sort, Number(button.dataset.at)) });
    refocus(`button[data-sort="${button.dataset.sort}"][data-at="${button.dataset.at}"]`, button, () => showHeadings(view.sort));
  } else if (button?.dataset.tone !== undefined) {
    const tone = TONES.find((one) => one === button.dataset.tone) as Tone;
    const tones = new Set(view.tones);
    if (!tones.delete(tone)) tones.add(tone);
    change({ tones });
  }
}

/** Markup that is made anew takes the focus along: to the same button of the same table. */
function refocus(selector: string, button: PageElement, render: () => void): void {
  const table = button.closest('table');
  render();
  (table?.querySelector(selector) ?? document.querySelector(selector))?.focus({ preventScroll: true });
}

function onSubmit(event: PageEvent): void {
  const order = orderOf(event.target, event.submitter);
  if (order === undefined) return;
  event.preventDefault();
  confirmOrder(event.target, order);
}

function onKey(event: PageEvent): void {
  const button = event.target.closest('button.sort');
  if (button !== null) walk(button, event);
  if (event.key !== 'Escape' || event.defaultPrevented || confirmation.open || !panel.open) return;
  event.preventDefault();
  closePanel();
}

/** The headings of a table are one stop of the Tab key: arrows lead from one to the next. */
function walk(button: PageElement, event: PageEvent): void {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key ?? ''];
  const row = button.closest('tr');
  if (step === undefined || row === null) return;
  event.preventDefault();
  const buttons = [...row.querySelectorAll('button.sort')].filter((one) => one.getClientRects().length > 0);
  buttons[buttons.indexOf(button) + step]?.focus();
}

function start(): void {
  document.body.classList.toggle('scripted', true);
  get('pause').hidden = false;
  get('tools').hidden = settings.view?.startsWith(';row') === true;
  document.addEventListener('click', onClick);
  document.addEventListener('submit', onSubmit);
  document.addEventListener('keydown', onKey);
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
  get('pause').addEventListener('click', () => {
    paused = !paused;
    tellLive();
    if (!paused) void poll();
  });
  get('panel-close').addEventListener('click', closePanel);
  get('confirm-yes').addEventListener('click', () => void carryOut());
  get('confirm-no').addEventListener('click', () => confirmation.close());
  document.addEventListener('visibilitychange', () =>
    document.visibilityState === 'visible' && !paused ? void poll() : clearTimeout(timer),
  );
  window.addEventListener('popstate', followAddress);
  narrow.addEventListener('change', shade);
  filter.value = view.text;
  problems.closest('label')?.classList.toggle('unseen', tables === null);
  tellLive();
  setInterval(() => lost !== '' && tellLive(), 1000);
  tellResult();
  if (view.open === '') void poll();
  else showPanel();
}

start();
