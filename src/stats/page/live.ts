/** Asks for what is now, again and again, and says how old it is. */

import type { PageDocument, PageWindow } from './dom.ts';
import { confirmation, get, interval, settings } from './elements.ts';

declare const document: PageDocument;
declare const window: PageWindow;

let paused = settings.paused === 'yes';
let answeredAt = Date.now();
let lost = '';
let timer: ReturnType<typeof setTimeout> | undefined;
let asking = false;
/** Somebody asked while an answer was on its way: that may be older than what they did. */
let again = false;
/** Asks for whatever the page shows, and shows the answers. */
let refresh: () => Promise<void> = () => Promise.resolve();

/** From the origin: an address with a password in it, as this page's may be, is refused. */
export async function ask<Answer extends { readonly made: string }>(address: string): Promise<Answer> {
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

export async function poll(): Promise<void> {
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

/** The first question is the caller's. */
export function startLive(refreshAll: () => Promise<void>): void {
  refresh = refreshAll;
  get('pause').hidden = false;
  get('pause').addEventListener('click', () => {
    paused = !paused;
    tellLive();
    if (!paused) void poll();
  });
  document.addEventListener('visibilitychange', () =>
    document.visibilityState === 'visible' && !paused ? void poll() : clearTimeout(timer),
  );
  tellLive();
  setInterval(() => lost !== '' && tellLive(), 1000);
}
