/**
 * Cookie lines as HAProxy reads and edits them (manual 4.2, "cookie"; RFC 2965 and RFC 6265 as clients send them).
 *
 *     Cookie: a=1; SRV=s1; b=2           NAME=<server>[|<last seen>[|<first seen>]]
 *     Cookie: a=1; SID=s1~4711; b=2      prefix mode: NAME=<server>~<value>
 *
 * Everything here is a function of one line's text. Quotes hide delimiters, blanks around `=` go, and attributes with `$`
 * belong to the cookie before them.
 */

import { isBlank, type Pair, readPair } from '../http/cookies.ts';

const COMMA = 0x2c;
const DOLLAR = 0x24;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** A line that is edited from its beginning to its end, in time that is proportional to its length. */
class Edit {
  private readonly line: string;
  /** What is decided on; never empty texts. */
  private readonly kept: string[] = [];
  /** From here on the line is as it came. */
  private from = 0;
  /** Something has gone before the delimiter at `from`: it stays, if anything follows, with one blank. */
  private joint = false;

  constructor(line: string) {
    this.line = line;
  }

  /** What stands before `to` stays. Answers a mark for `cut` and `text`. */
  keep(to: number): number {
    if (this.joint && to > this.from) {
      this.put(`${this.line.charAt(this.from)} `);
      this.from = this.behind(this.from);
      this.joint = false;
    }
    if (to > this.from) {
      this.put(this.line.slice(this.from, to));
      this.from = to;
    }
    return this.kept.length;
  }

  /** `text` instead of what stands from `at` to `until`. */
  replace(at: number, text: string, until: number): void {
    this.keep(at);
    this.put(text);
    this.from = until;
  }

  /** All behind `mark` goes, as far as the delimiter at `next`, or the end; this one, too, where nothing stands before it. */
  cut(mark: number, next: number): void {
    this.kept.length = mark;
    this.joint = mark > 0;
    this.from = this.joint ? next : this.behind(next);
    for (let last = this.kept.pop(); last !== undefined; last = this.kept.pop()) {
      let end = last.length;
      while (end > 0 && isBlank(last.charCodeAt(end - 1))) end--;
      if (end === 0) continue;
      this.kept.push(last.slice(0, end));
      return;
    }
  }

  /** Where the line goes on. */
  get rest(): number {
    return this.from;
  }

  /** What is left: all, or what stood before the mark. */
  text(mark?: number): string {
    if (mark === undefined) this.keep(this.line.length);
    return this.kept.slice(0, mark).join('');
  }

  private put(text: string): void {
    if (text !== '') this.kept.push(text);
  }

  /** What follows the delimiter at `at`. */
  private behind(at: number): number {
    let next = Math.min(at + 1, this.line.length);
    while (next < this.line.length && isBlank(this.line.charCodeAt(next))) next++;
    return next;
  }
}

/** What is done about one cookie of a request. */
export interface RequestCookie {
  readonly name: string;
  /** `insert indirect`: the server does not see it. */
  readonly removed: boolean;
  /** Prefix mode: the server does not see what stands before the first `~`. */
  readonly prefixed: boolean;
}

/** The line as the server gets it; empty: it gets none. `found` is told of every value, the prefix alone in prefix mode. */
export function editRequestLine(line: string, cookie: RequestCookie, found: (value: string) => void): string {
  const edit = new Edit(line);
  /** Where the cookies begin that go, as far as they are the last; -1 is nowhere. */
  let doomed = -1;
  let others = false;
  let first = true;
  let next = 0;
  for (let prev = 0; prev < line.length; prev = next) {
    const pair = readPair(line, first ? 0 : prev + 1, true);
    first = false;
    next = pair.next;
    if (line.charCodeAt(pair.nameFrom) === DOLLAR) continue;
    const named = pair.equal !== pair.next;
    const own = named && line.slice(pair.nameFrom, pair.nameTo) === cookie.name;
    if (!own) {
      others = true;
      if (doomed >= 0) edit.cut(doomed, prev);
      doomed = -1;
      if (named) trimEqual(edit, pair);
      continue;
    }
    const value = line.slice(pair.valueFrom, pair.valueTo);
    const tilde = cookie.prefixed ? value.indexOf('~') : -1;
    found(tilde < 0 ? value : value.slice(0, tilde));
    if (doomed < 0 && tilde < 0 && cookie.removed) doomed = edit.keep(prev);
    trimEqual(edit, pair);
    if (tilde < 0) continue;
    edit.replace(pair.valueFrom, '', pair.valueFrom + tilde + 1);
    doomed = -1;
    others = true;
  }
  if (doomed < 0) return edit.text();
  return others ? edit.text(doomed) : '';
}

/** Blanks around `=` go. */
function trimEqual(edit: Edit, { nameTo, equal, valueFrom }: Pair): void {
  if (nameTo !== equal || valueFrom !== equal + 1) edit.replace(nameTo, '=', valueFrom);
}

/** What is done about the cookie that a response sets under our name. */
export type SetCookieEdit =
  | 'keep'
  | 'delete'
  /** Another value, or what is put in front of the one it has. */
  | { readonly replace: string }
  | { readonly prefix: string };

/** The line as the client gets it; empty: it gets none. `old`: `Set-Cookie2`, which holds several, with commas between. */
export function editResponseLine(line: string, name: string, old: boolean, found: () => SetCookieEdit): string {
  const edit = new Edit(line);
  let first = true;
  let next = 0;
  for (let prev = 0; prev < line.length; prev = next) {
    const pair = readPair(line, first ? 0 : prev + 1, old);
    first = false;
    // Commas are allowed in the dates of Set-Cookie.
    next = pair.next === line.length ? pair.next : old ? listEnd(line, pair.next) : line.length;
    if (pair.equal === pair.next) continue;
    const own = line.slice(pair.nameFrom, pair.nameTo) === name;
    const what = own ? found() : 'keep';
    if (what === 'delete') {
      edit.cut(edit.keep(prev), next);
      // As HAProxy, which looks for a delimiter where the line now begins.
      next = edit.rest;
      continue;
    }
    trimEqual(edit, pair);
    if (what === 'keep') continue;
    if ('replace' in what) edit.replace(pair.valueFrom, what.replace, pair.valueTo);
    else edit.replace(pair.valueFrom, `${what.prefix}~`, pair.valueFrom);
  }
  return edit.text();
}

/** The next comma outside of quotes, or the end. */
function listEnd(text: string, from: number): number {
  let quoted = false;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (quoted && code === BACKSLASH) at++;
    else if (code === QUOTE) quoted = !quoted;
    else if (!quoted && code === COMMA) return at;
  }
  return text.length;
}

// --- dates: seconds since 1970 in units of four, 30 bits as five characters

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** @param seconds since 1970; the next multiple of four is what is written */
export function writeDate(seconds: number): string {
  const units = Math.floor((seconds + 3) / 4);
  let text = '';
  for (let bits = 24; bits >= 0; bits -= 6) text += DIGITS[(units >>> bits) & 63];
  return text;
}

/** The date in `text[from..from+5)` as seconds, 0 if there is none. */
function readDate(text: string, from: number): number {
  let units = 0;
  for (let at = from; at < from + 5; at++) {
    const digit = DIGITS.indexOf(text.charAt(at) || '!');
    if (digit < 0) return 0;
    units = units * 64 + digit;
  }
  return units * 4;
}

/** A cookie's value without its dates, and these; 0 where one is missing. */
export interface Dated {
  readonly server: string;
  readonly last: number;
  readonly first: number;
}

export function readDated(value: string): Dated {
  const bar = value.indexOf('|');
  if (bar < 0) return { server: value, last: 0, first: 0 };
  const second = value.indexOf('|', bar + 1);
  const first = second >= 0 && value.length - second > 5 ? readDate(value, second + 1) : 0;
  return { server: value.slice(0, bar), last: readDate(value, bar + 1), first };
}
