/**
 * Cookie lines as HAProxy reads and edits them (manual 4.2, "cookie"; RFC 2965 and RFC 6265 as clients send them).
 *
 *     Cookie: a=1; SRV=s1; b=2           NAME=<server>[|<last seen>[|<first seen>]]
 *     Cookie: a=1; SID=s1~4711; b=2      prefix mode: NAME=<server>~<value>
 *
 * Everything here is a function of one line's text. Quotes hide delimiters, blanks around `=` go, and attributes with `$`
 * belong to the cookie before them.
 */

const SEMICOLON = 0x3b;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const DOLLAR = 0x24;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Where the value that begins at `from` ends: at `;` or `,` outside of quotes, or with the text. */
function valueEnd(text: string, from: number): number {
  let quoted = false;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (quoted && code === BACKSLASH) at++;
    else if (code === QUOTE) quoted = !quoted;
    else if (!quoted && (code === SEMICOLON || code === COMMA)) return at;
  }
  return text.length;
}

/** One `name=value` of a line. `equal` is `next` where there is no `=`. */
interface Pair {
  nameFrom: number;
  nameTo: number;
  equal: number;
  valueFrom: number;
  valueTo: number;
  /** The delimiter behind it. */
  next: number;
}

/** Reads the pair behind the delimiter at `from` (or at the beginning). `commas`: they separate, too. */
function readPair(text: string, from: number, commas: boolean): Pair {
  let nameFrom = from;
  while (nameFrom < text.length && isBlank(text.charCodeAt(nameFrom))) nameFrom++;
  let equal = nameFrom;
  let nameTo = nameFrom;
  while (equal < text.length) {
    const code = text.charCodeAt(equal);
    if (code === EQUALS || code === SEMICOLON || (commas && code === COMMA)) break;
    equal++;
    if (!isBlank(code)) nameTo = equal;
  }
  if (equal === text.length || text.charCodeAt(equal) !== EQUALS) {
    return { nameFrom, nameTo, equal, valueFrom: equal, valueTo: equal, next: equal };
  }
  let valueFrom = equal + 1;
  while (valueFrom < text.length && isBlank(text.charCodeAt(valueFrom))) valueFrom++;
  const next = valueEnd(text, valueFrom);
  let valueTo = next;
  while (valueTo > valueFrom && isBlank(text.charCodeAt(valueTo - 1))) valueTo--;
  return { nameFrom, nameTo, equal, valueFrom, valueTo, next };
}

/** The text without `from..next`, a delimiter and one blank left where something stands on both sides. */
function cut(text: string, from: number, next: number): { readonly text: string; readonly at: number } {
  let behind = next;
  if (from === 0) {
    if (behind < text.length) behind++;
    while (behind < text.length && isBlank(text.charCodeAt(behind))) behind++;
    return { text: text.slice(behind), at: 0 };
  }
  let at = from;
  while (at > 0 && isBlank(text.charCodeAt(at - 1))) at--;
  let joint = '';
  if (behind < text.length) {
    joint = text.charAt(behind++);
    if (at + 2 < behind) joint += ' ';
    while (behind < text.length && isBlank(text.charCodeAt(behind))) behind++;
  }
  return { text: text.slice(0, at) + joint + text.slice(behind), at };
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
  let text = line;
  let doomed = -1;
  let others = false;
  let first = true;
  let next = 0;
  for (let prev = 0; prev < text.length; prev = next) {
    const pair = readPair(text, first ? 0 : prev + 1, true);
    first = false;
    next = pair.next;
    if (text.charCodeAt(pair.nameFrom) === DOLLAR) continue;
    const named = pair.equal !== pair.next;
    if (named && (pair.nameTo !== pair.equal || pair.valueFrom !== pair.equal + 1)) {
      text = `${text.slice(0, pair.nameTo)}=${text.slice(pair.valueFrom)}`;
      const shift = pair.equal - pair.nameTo + (pair.valueFrom - pair.equal - 1);
      pair.equal = pair.nameTo;
      pair.valueFrom = pair.equal + 1;
      pair.valueTo -= shift;
      next -= shift;
    }
    if (!named || text.slice(pair.nameFrom, pair.nameTo) !== cookie.name) {
      others = true;
      if (doomed < 0) continue;
      const shortened = cut(text, doomed, prev);
      next -= text.length - shortened.text.length;
      text = shortened.text;
      doomed = -1;
      continue;
    }
    const value = text.slice(pair.valueFrom, pair.valueTo);
    const tilde = cookie.prefixed ? value.indexOf('~') : -1;
    found(tilde < 0 ? value : value.slice(0, tilde));
    if (tilde >= 0) {
      text = text.slice(0, pair.valueFrom) + text.slice(pair.valueFrom + tilde + 1);
      next -= tilde + 1;
      doomed = -1;
      others = true;
    } else if (doomed < 0 && cookie.removed) doomed = prev;
  }
  if (doomed < 0) return text;
  return others ? text.slice(0, doomed) : '';
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
  let text = line;
  let first = true;
  let next = 0;
  for (let prev = 0; prev < text.length; prev = next) {
    const pair = readPair(text, first ? 0 : prev + 1, old);
    first = false;
    // Commas are allowed in the dates of Set-Cookie.
    next = pair.next === text.length ? pair.next : old ? listEnd(text, pair.next) : text.length;
    if (pair.equal === pair.next) continue;
    if (pair.nameTo !== pair.equal || pair.valueFrom !== pair.equal + 1) {
      text = `${text.slice(0, pair.nameTo)}=${text.slice(pair.valueFrom)}`;
      const shift = pair.equal - pair.nameTo + (pair.valueFrom - pair.equal - 1);
      pair.valueFrom = pair.nameTo + 1;
      pair.valueTo -= shift;
      next -= shift;
    }
    if (text.slice(pair.nameFrom, pair.nameTo) !== name) continue;
    const edit = found();
    if (edit === 'keep') continue;
    if (edit === 'delete') {
      if (prev === 0 && next === text.length) return '';
      const shortened = cut(text, prev, next);
      text = shortened.text;
      next = shortened.at;
      continue;
    }
    const [value, until] = 'replace' in edit ? [edit.replace, pair.valueTo] : [`${edit.prefix}~`, pair.valueFrom];
    text = text.slice(0, pair.valueFrom) + value + text.slice(until);
    next += value.length - (until - pair.valueFrom);
  }
  return text;
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
