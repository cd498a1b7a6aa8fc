/**
 * The tables in the document: kept as the server's last answer says, with as few changes as that takes.
 *
 * Rows that nobody sees are left as they are until they come near the window: of two thousand, sixty are written anew.
 */

import { COLUMNS, cellsOf, joined, labelMarkup, type PageColumn } from './columns.ts';
import type { PageDetails, PageDocument, PageElement, PageInput } from './dom.ts';
import { cellOf, keyOf, type PageProxy, type PageRow, proxyKeyOf, toneOf } from './shape.ts';
import { legendMarkup, type Place, rowClass, rowMarkup, sectionClosing, sectionOpening, summaryOf } from './tables.ts';
import { html } from './text.ts';
import { ordered, type Sort, tallyOf, type View, visibleKeys } from './view.ts';

declare const document: PageDocument;

interface Watcher {
  observe(element: PageElement): void;
  unobserve(element: PageElement): void;
}
declare const IntersectionObserver: new (
  seen: (changes: readonly { readonly target: PageElement; readonly isIntersecting: boolean }[]) => void,
  options: { readonly rootMargin: string },
) => Watcher;

interface ShownRow {
  readonly element: PageElement;
  /** What its cells were written from; undefined where the server has written them. */
  written: PageRow | undefined;
  /** What the server says of it now. */
  latest: PageRow;
  near: boolean;
}

interface Section {
  readonly element: PageDetails;
  readonly body: PageElement;
  readonly rows: Map<string, ShownRow>;
  /** The keys of its rows from above. */
  order: string;
}

const contents = new WeakMap<PageElement, string>();

/** Sets what is in an element, if it was not set to that already. */
export function replace(element: PageElement, markup: string): void {
  if (contents.get(element) === markup) return;
  contents.set(element, markup);
  element.innerHTML = markup;
}

export function boxKey(box: PageElement): string {
  return box.closest('tr')?.dataset.key ?? '';
}

export class Grid {
  private readonly tables: PageElement;
  private readonly place: Place;
  /** A person has folded a proxy's table, or opened it. */
  private readonly onFold: (proxy: string, closed: boolean) => void;
  private readonly near = new Map<PageElement, ShownRow>();
  private readonly watcher: Watcher;
  private sections: Section[] = [];
  private shape = '';

  constructor(tables: PageElement, place: Place, onFold: (proxy: string, closed: boolean) => void) {
    this.tables = tables;
    this.place = place;
    this.onFold = onFold;
    this.watcher = new IntersectionObserver(
      (changes) => {
        for (const { target, isIntersecting } of changes) {
          const row = this.near.get(target);
          if (row === undefined) continue;
          row.near = isIntersecting;
          if (isIntersecting) write(row);
        }
      },
      { rootMargin: '400px' },
    );
  }

  /** What the server says now. Answers whether tables were made anew, and with them their headings. */
  show(proxies: readonly PageProxy[]): boolean {
    const shape = JSON.stringify(proxies.map(({ rows, ...opening }) => opening));
    const changed = shape !== this.shape;
    // The document that the server has sent may be what it still says.
    if (changed && (this.shape !== '' || !this.isAsShown(proxies))) this.make(proxies);
    if (changed) this.adopt(proxies);
    this.shape = shape;
    proxies.forEach((proxy, at) => {
      this.update(this.sections[at] as Section, proxy);
    });
    const { silent } = summaryOf(proxies);
    COLUMNS.forEach((_, at) => {
      this.tables.classList.toggle(`no-${at + 2}`, silent.has(at));
    });
    return changed;
  }

  /** Puts everything in order, and hides what is not asked for. Answers how many servers are seen, of how many. */
  arrange(proxies: readonly PageProxy[], view: View): readonly [seen: number, all: number] {
    let all = 0;
    let seen = 0;
    proxies.forEach((proxy, at) => {
      const section = this.sections[at] as Section;
      this.order(section, proxy, view.sort);
      const visible = visibleKeys(view, proxy);
      for (const row of proxy.rows) {
        const key = keyOf(proxy.name, row);
        const hidden = !visible.has(key);
        const { element } = section.rows.get(key) as ShownRow;
        if (element.hidden !== hidden) element.hidden = hidden;
        if (row.side !== 'S') continue;
        all++;
        if (!hidden) seen++;
      }
      section.element.hidden = visible.size === 0;
      const open = !view.closed.has(proxyKeyOf(proxy));
      if (section.element.open !== open) section.element.open = open;
    });
    return [seen, all];
  }

  private isAsShown(proxies: readonly PageProxy[]): boolean {
    const shown = Array.from(this.tables.querySelectorAll('tr[data-key]'), (row) => row.dataset.key);
    return shown.join('\n') === proxies.flatMap(({ name, rows }) => rows.map((row) => keyOf(name, row))).join('\n');
  }

  /** Proxies have come or gone. Marks and focus stay. */
  private make(proxies: readonly PageProxy[]): void {
    const focused = document.activeElement?.closest('tr')?.dataset.key;
    const marked = new Set(Array.from(document.querySelectorAll('input[name="s"]:checked'), boxKey));
    this.tables.innerHTML = proxies
      .map(
        (proxy) =>
          sectionOpening(proxy, this.place) + proxy.rows.map((row) => rowMarkup(proxy, row, this.place)).join('') + sectionClosing(proxy),
      )
      .join('');
    for (const box of this.tables.querySelectorAll<PageInput>('input[name="s"]')) box.checked = marked.has(boxKey(box));
    for (const row of this.tables.querySelectorAll('tr[data-key]')) {
      if (focused !== undefined && row.dataset.key === focused) row.querySelector('a.open')?.focus({ preventScroll: true });
    }
  }

  private adopt(proxies: readonly PageProxy[]): void {
    for (const element of this.near.keys()) this.watcher.unobserve(element);
    this.near.clear();
    const elements = [...this.tables.querySelectorAll<PageDetails>('details.proxy')];
    this.sections = proxies.map((proxy, at) => {
      const element = elements[at] as PageDetails;
      const body = element.querySelector('tbody') as PageElement;
      const rows = new Map<string, ShownRow>();
      const children = Array.from(body.children);
      proxy.rows.forEach((row, place) => {
        rows.set(keyOf(proxy.name, row), this.watch(children[place] as PageElement, row));
      });
      element.addEventListener('toggle', () => this.onFold(proxyKeyOf(proxy), !element.open));
      return { element, body, rows, order: [...rows.keys()].join('\n') };
    });
  }

  private watch(element: PageElement, latest: PageRow): ShownRow {
    const row: ShownRow = { element, written: undefined, latest, near: false };
    this.near.set(element, row);
    this.watcher.observe(element);
    return row;
  }

  private update(section: Section, proxy: PageProxy): void {
    const { rows, body } = section;
    const keys = new Set(proxy.rows.map((row) => keyOf(proxy.name, row)));
    for (const [key, { element }] of rows) {
      if (keys.has(key)) continue;
      this.watcher.unobserve(element);
      this.near.delete(element);
      element.remove();
      rows.delete(key);
    }
    for (const row of proxy.rows) {
      const key = keyOf(proxy.name, row);
      const shown = rows.get(key);
      if (shown === undefined) {
        body.insertAdjacentHTML('beforeend', rowMarkup(proxy, row, this.place));
        rows.set(key, this.watch(body.lastElementChild as PageElement, row));
      } else {
        shown.latest = row;
        if (shown.near) write(shown);
      }
    }
    const tally = section.element.querySelector('.tally');
    if (tally !== null) replace(tally, html(tallyOf(proxy)));
  }

  /** Moves those rows alone that stand elsewhere, where they are few: who has the focus keeps it. */
  private order(section: Section, proxy: PageProxy, sort: Sort | undefined): void {
    const { body, rows } = section;
    const keys = ordered(proxy.rows, sort).map((row) => keyOf(proxy.name, row));
    const order = keys.join('\n');
    if (section.order === order) return;
    section.order = order;
    const focused = document.activeElement;
    let next = body.firstElementChild;
    for (const key of keys) {
      const { element } = rows.get(key) as ShownRow;
      if (element === next) next = next.nextElementSibling;
      else if (next === null) body.append(element);
      else next.before(element);
    }
    if (focused !== null && focused !== document.activeElement && body.contains(focused)) focused.focus({ preventScroll: true });
  }
}

/** The cells that differ from what was written last. */
function write(row: ShownRow): void {
  const { element, written, latest } = row;
  if (written === latest) return;
  row.written = latest;
  element.className = rowClass(latest, toneOf(String(cellOf(latest, 'status'))));
  const before = written === undefined ? [] : cellsOf(written);
  const cells = Array.from(element.children);
  writeLegend(cells[0] as PageElement, latest);
  cellsOf(latest).forEach(({ look, text }, at) => {
    if (before[at]?.look === look && before[at]?.text === text) return;
    const cell = cells[at + 1] as PageElement;
    cell.className = look;
    cell.innerHTML = text;
  });
}

/** A server may move to another address. */
function writeLegend(cell: PageElement, row: PageRow): void {
  const shown = cell.querySelector('small');
  if ((shown?.textContent ?? '') === row.legend) return;
  shown?.remove();
  cell.insertAdjacentHTML('beforeend', legendMarkup(row));
}

/** Headings are buttons; the sorted one says so. */
export function showHeadings(sort: Sort | undefined): void {
  for (const row of document.querySelectorAll('#tables thead tr')) {
    Array.from(row.children).forEach((cell, at) => {
      const column = COLUMNS[at - 1];
      const id = column?.id ?? 'name';
      replace(cell, column === undefined ? nameHeading(sort, cell.closest('form')) : headingMarkup(sort, column));
      if (sort?.column === id) cell.setAttribute('aria-sort', sort.down ? 'descending' : 'ascending');
      else cell.removeAttribute('aria-sort');
    });
  }
}

/** With a box for all that are seen, where servers can be marked. */
function nameHeading(sort: Sort | undefined, form: PageElement | null): string {
  const box =
    form === null ? '' : '<label class="box"><input type="checkbox" data-all aria-label="Select all servers that are shown"></label>';
  return box + sortButton(sort, 'name', 0, 'Name', '');
}

/** The column's name sorts by its first part where that has no name of its own. */
function headingMarkup(sort: Sort | undefined, column: PageColumn): string {
  const { id, label, parts, phone } = column;
  const labels = Object.keys(parts);
  const buttons = labels.map((part, at) => sortButton(sort, id, at, part === '' ? label : part, label));
  const over = labels[0] === '' ? (buttons.shift() ?? '') : labelMarkup(column);
  return `<span class="over">${over}</span>${buttons.length === 0 ? '' : `<small>${joined({ phone }, buttons)}</small>`}`;
}

function sortButton(sort: Sort | undefined, column: string, part: number, label: string, whole: string): string {
  const on = sort?.column === column && sort.part === part;
  const mark = on ? `<span aria-hidden="true">${sort.down ? '▼' : '▲'}</span>` : '';
  const name = label === whole || whole === '' ? label : `${whole}, ${label}`;
  // One stop of the Tab key for each table; the page's script leads on from it by arrows.
  const stop = column === 'name' ? '' : ' tabindex="-1"';
  return `<button type="button" class="sort"${stop} data-sort="${column}" data-at="${part}" aria-label="Sort by ${html(name)}">${html(label)}${mark}</button>`;
}
