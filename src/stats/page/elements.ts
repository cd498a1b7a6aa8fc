/** What several files of the script use of the document, and what the server has written there for them. */

import type { PageDialog, PageDocument, PageElement, PageInput } from './dom.ts';
import type { Place } from './tables.ts';

declare const document: PageDocument;

export function get<Found extends PageElement = PageElement>(id: string): Found {
  return document.getElementById<Found>(id) as Found;
}

export const settings: PageElement['dataset'] = document.body.dataset;
export const place: Place = { uri: settings.uri ?? '', options: settings.options ?? '' };
/** Between two questions, ms. */
export const interval: number = Number(settings.interval) * 1000;
/** Where the page shows tables. */
export const tables: PageElement | null = document.getElementById('tables');
/** Where it shows what discovery knows, or the details of one row. */
export const parts: PageElement | null = document.getElementById('parts');
export const panel: PageDialog = get<PageDialog>('panel');
export const confirmation: PageDialog = get<PageDialog>('confirm');
export const filter: PageInput = get<PageInput>('filter');
