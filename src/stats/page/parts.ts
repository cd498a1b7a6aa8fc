/** Parts of the page that the server has rendered: a row's details, the explain view. Each is replaced when it differs. */

import type { PageDocument, PageElement } from './dom.ts';
import type { Part } from './shape.ts';

declare const document: PageDocument;

const texts = new WeakMap<PageElement, string>();

export function showParts(into: PageElement, parts: readonly Part[]): void {
  const ids = new Set(parts.map(({ id }) => id));
  for (const part of [...into.querySelectorAll('[data-part]')]) if (!ids.has(part.dataset.part ?? '')) part.remove();
  for (const { id, markup } of parts) {
    let part = into.querySelector(`[data-part="${id}"]`);
    if (part === null) {
      part = document.createElement('section');
      part.dataset.part = id;
      into.append(part);
    }
    if (texts.get(part) === markup) continue;
    texts.set(part, markup);
    if (part.innerHTML !== markup) part.innerHTML = markup;
  }
}

/** Before another row's parts come. */
export function clearParts(into: PageElement): void {
  into.innerHTML = '';
}
