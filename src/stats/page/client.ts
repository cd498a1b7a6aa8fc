/**
 * The page's script. Without it the page is whole, and stands still; with it, it asks for what is now (`live.ts`), filters
 * and sorts (`looking.ts`), shows details beside the tables (`panel.ts`), and acts on servers without leaving the place
 * (`orders.ts`).
 */

import type { PageDocument, PageElement, PageEvent } from './dom.ts';
import { confirmation, panel } from './elements.ts';
import { showHeadings } from './grid.ts';
import { poll, startLive } from './live.ts';
import { change, refreshMain, startLooking, view } from './looking.ts';
import { startOrders } from './orders.ts';
import { closePanel, keyOfLink, openPanel, refreshPanel, showPanel, startPanel } from './panel.ts';
import { TONES, type Tone } from './shape.ts';
import { nextSort } from './view.ts';

declare const document: PageDocument;

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

async function refreshAll(): Promise<void> {
  await refreshMain();
  await refreshPanel();
}

function start(): void {
  document.body.classList.toggle('scripted', true);
  document.addEventListener('click', onClick);
  document.addEventListener('keydown', onKey);
  startLooking();
  startPanel();
  startLive(refreshAll);
  startOrders();
  if (view.open === '') void poll();
  else showPanel();
}

start();
