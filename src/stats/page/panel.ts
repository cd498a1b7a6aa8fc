/** Details of one row in a panel beside the tables; `view.open` says of which, and so does the address. */

import type { PageDocument, PageElement, PageWindow } from './dom.ts';
import { get, panel, place } from './elements.ts';
import { ask, poll } from './live.ts';
import { addressOf, adopt, change, view } from './looking.ts';
import { clearParts, showParts } from './parts.ts';
import { type PartsAnswer, readable } from './shape.ts';
import { detailsAddress } from './tables.ts';
import { readView } from './view.ts';

declare const document: PageDocument;
declare const window: PageWindow;

/** In the state of the history's entry: going back from it closes the panel. */
const OPENED = 'opened';

const panelBody = get('panel-body');
/** There is no room beside the panel. */
const narrow = window.matchMedia('(width < 48rem)');

/** The link that has opened the panel. */
let opener: PageElement | undefined;
/** Key of the row that the panel shows, or empty. */
let shown = '';
/** The panel was closed by its button: the way back is ours, not the reader's. */
let closing = false;

export async function refreshPanel(): Promise<void> {
  if (shown === '') return;
  const key = shown;
  const answer = await ask<PartsAnswer>(`${detailsAddress({ ...place, options: '' }, key)};live${place.options}`);
  if (shown === key) showParts(panelBody, answer.parts);
}

/** Back closes it again: on a phone that is how a sheet is closed. */
export function openPanel(key: string, from: PageElement): void {
  opener = from;
  const next = { ...view, open: key };
  if (shown === '') window.history.pushState(OPENED, '', addressOf(next));
  change(next);
  showPanel();
}

export function closePanel(): void {
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

/** The address has changed: somebody went back, or wrote another one. What was filtered beside the panel stays when that is closed. */
function followAddress(): void {
  const given = readView(window.location.hash);
  if (closing) change({ open: given.open });
  adopt(closing ? view : given);
  closing = false;
  showPanel();
}

/** Brings the panel to what the view says. */
export function showPanel(): void {
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
export function keyOfLink(link: PageElement): string {
  return decodeURIComponent(/;row=([^;&#]*)/.exec(link.getAttribute('href') ?? '')?.[1] ?? '');
}

export function startPanel(): void {
  get('panel-close').addEventListener('click', closePanel);
  window.addEventListener('popstate', followAddress);
  narrow.addEventListener('change', shade);
}
