/**
 * What the page's script uses of a browser, and no more. TypeScript's own `lib.dom` cannot be had for some files alone: it
 * would put `name`, `status`, `event` and hundreds of other globals into the scope of every file of the project, where
 * Node has none of them.
 */

export interface PageElement {
  readonly dataset: Record<string, string | undefined>;
  readonly children: ArrayLike<PageElement>;
  readonly classList: { toggle(name: string, force: boolean): void; contains(name: string): boolean };
  readonly firstElementChild: PageElement | null;
  readonly isConnected: boolean;
  readonly lastElementChild: PageElement | null;
  readonly parentElement: PageElement | null;
  readonly nextElementSibling: PageElement | null;
  className: string;
  hidden: boolean;
  id: string;
  innerHTML: string;
  tabIndex: number;
  textContent: string;
  append(...nodes: PageElement[]): void;
  before(...nodes: PageElement[]): void;
  closest(selector: string): PageElement | null;
  contains(other: PageElement | null): boolean;
  focus(options?: { readonly preventScroll: boolean }): void;
  getAttribute(name: string): string | null;
  getClientRects(): ArrayLike<unknown>;
  insertAdjacentHTML(where: 'beforeend', markup: string): void;
  matches(selector: string): boolean;
  querySelector<Found extends PageElement = PageElement>(selector: string): Found | null;
  querySelectorAll<Found extends PageElement = PageElement>(selector: string): Iterable<Found>;
  remove(): void;
  removeAttribute(name: string): void;
  scrollIntoView(options: { readonly block: 'nearest' | 'start' }): void;
  setAttribute(name: string, value: string): void;
  addEventListener(type: string, listener: (event: PageEvent) => void): void;
}

export interface PageInput extends PageElement {
  checked: boolean;
  disabled: boolean;
  value: string;
}

export interface PageDetails extends PageElement {
  open: boolean;
}

export interface PageDialog extends PageDetails {
  close(): void;
  show(): void;
  showModal(): void;
}

export interface PageEvent {
  readonly target: PageElement;
  readonly key?: string;
  readonly submitter?: PageInput | null;
  readonly defaultPrevented: boolean;
  readonly altKey?: boolean;
  readonly ctrlKey?: boolean;
  readonly metaKey?: boolean;
  readonly shiftKey?: boolean;
  preventDefault(): void;
}

export interface PageDocument {
  readonly activeElement: PageElement | null;
  readonly body: PageElement;
  readonly visibilityState: 'visible' | 'hidden';
  title: string;
  createElement(name: string): PageElement;
  getElementById<Found extends PageElement = PageElement>(id: string): Found | null;
  querySelector<Found extends PageElement = PageElement>(selector: string): Found | null;
  querySelectorAll<Found extends PageElement = PageElement>(selector: string): Iterable<Found>;
  addEventListener(type: string, listener: (event: PageEvent) => void, capture?: boolean): void;
}

/** What a media query says. */
interface PageMedia {
  readonly matches: boolean;
  addEventListener(type: 'change', listener: () => void): void;
}

export interface PageWindow {
  readonly location: {
    readonly hash: string;
    readonly origin: string;
    readonly pathname: string;
    readonly search: string;
    reload(): void;
  };
  readonly history: {
    readonly state: unknown;
    back(): void;
    pushState(state: string, unused: '', address: string): void;
    replaceState(state: unknown, unused: '', address: string): void;
  };
  addEventListener(type: string, listener: () => void): void;
  matchMedia(query: string): PageMedia;
}
