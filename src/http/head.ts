/**
 * A message head as facts: where each field stands in the text, how the body is framed, what the connection is to do.
 *
 *     text   "GET /a HTTP/1.1\r\nHost: x\r\nAccept: *\/*\r\n\r\n"     one latin-1 string, never decoded as UTF-8
 *     spans  [nameStart, nameEnd, valueStart, valueEnd, gone] per field, values without the blanks around them
 *
 * A Head is parsed into again and again; `reset()` is part of parsing. Edits (`set`, `add`, `remove`) never touch
 * the text: a removed field is marked, an added one stands in `added`, and `fieldLines()` joins what is left, so an
 * unedited head is copied as one slice.
 */

import { withoutBreaks } from './chars.ts';

/** How a message's body ends (RFC 9112 6.3). */
export const Framing = { None: 0, Length: 1, Chunked: 2, UntilClose: 3 } as const;
export type Framing = (typeof Framing)[keyof typeof Framing];

const SPAN = 5;
const GONE = 4;

/** Fields that `Connection` cannot remove: a client could hide from the server what we decided by. */
const PROTECTED: ReadonlySet<string> = new Set(['host', 'content-length', 'transfer-encoding', 'cookie', 'authorization', 'forwarded']);

export class Head {
  text = '';
  /** Where the first field line begins in `text`. */
  fieldsFrom = 0;
  /** Behind the last field line's CRLF: the empty line begins here. */
  fieldsTo = 0;

  method = '';
  /** As it is to be forwarded: origin-form, or `*`. */
  target = '';
  status = 0;
  reason = '';
  /** 10, 11, or 20 of a request that came by HTTP/2. */
  version = 11;

  framing: Framing = Framing.None;
  /** Bytes of the body where `framing` is Length. */
  contentLength = 0;
  /** Transfer-Encoding came together with Content-Length: close after this exchange (RFC 9112 6.1). */
  bothLengths = false;
  /** What this message says about its connection, HTTP/1.0 and 1.1 defaults applied. */
  keepAlive = true;
  /** The protocol asked for (or switched to), when `Connection: upgrade` names it; else empty. */
  upgrade = '';
  /** The authority: from an absolute-form target, else from Host. */
  host = '';

  // What the parsers take note of on the way; `settle` in parse.ts turns it into the facts above.
  sawLength = false;
  sawCoding = false;
  hosts = 0;
  sawClose = false;
  sawKeepAlive = false;
  sawUpgrade = false;
  /** Bytes between names and values and behind values, and others that `size.ts` does not count. */
  gaps = 0;
  uncounted = 0;
  /** Which field is Upgrade, -1 if none is. */
  upgradeIndex = -1;
  /** Expect, lower case. */
  expect = '';
  /** Names (lower case) that `Connection` asks to remove, from trailers too (RFC 9110 7.6.1). */
  nominated: Set<string> | undefined = undefined;

  count = 0;
  // A plain array that grows to what has been seen: a typed one is another piece of memory outside of the heap for every connection.
  private readonly spans: number[] = [];
  private anyGone = false;
  /** Field lines to add, each with its CRLF. */
  private added = '';
  private addedPairs: [name: string, value: string][] | undefined = undefined;
  readonly maxFields: number;

  constructor(maxFields = 101) {
    this.maxFields = maxFields;
  }

  reset(): void {
    this.text = '';
    this.fieldsFrom = 0;
    this.fieldsTo = 0;
    this.method = '';
    this.target = '';
    this.status = 0;
    this.reason = '';
    this.version = 11;
    this.framing = Framing.None;
    this.contentLength = 0;
    this.bothLengths = false;
    this.keepAlive = true;
    this.upgrade = '';
    this.host = '';
    this.sawLength = false;
    this.sawCoding = false;
    this.hosts = 0;
    this.sawClose = false;
    this.sawKeepAlive = false;
    this.sawUpgrade = false;
    this.gaps = 0;
    this.uncounted = 0;
    this.upgradeIndex = -1;
    this.expect = '';
    this.nominated = undefined;
    this.count = 0;
    this.anyGone = false;
    this.added = '';
    this.addedPairs = undefined;
  }

  /** Lets go of the text: a connection may be idle for long. Nothing but `reset` is good after it. */
  forget(): void {
    this.text = '';
    this.method = '';
    this.target = '';
    this.reason = '';
    this.host = '';
    this.nominated = undefined;
    this.count = 0;
  }

  name(index: number): string {
    const at = index * SPAN;
    return this.text.slice(this.spans[at] as number, this.spans[at + 1] as number);
  }

  value(index: number): string {
    const at = index * SPAN;
    return this.text.slice(this.spans[at + 2] as number, this.spans[at + 3] as number);
  }

  /** Marks field `index` as not to be forwarded. */
  drop(index: number): void {
    this.spans[index * SPAN + GONE] = 1;
    this.anyGone = true;
  }

  /** A `Connection` token (lower case) that names a field to remove; none that the other side's safety rests on. */
  nominate(token: string): void {
    if (PROTECTED.has(token) || token.startsWith('x-forwarded-')) return;
    this.nominated ??= new Set();
    this.nominated.add(token);
  }

  /** Removes the nominated fields: one look at each field, however many names a hostile peer has written. */
  dropNominated(): void {
    const { nominated } = this;
    if (nominated === undefined) return;
    for (let i = 0; i < this.count; i++) {
      if (this.stays(i) && nominated.has(this.name(i).toLowerCase())) this.drop(i);
    }
    if (this.addedPairs !== undefined) this.removeAdded((name) => nominated.has(name));
  }

  /** Values of all field lines with this name (lower case), in order, edits included. */
  values(name: string): string[] {
    const found: string[] = [];
    for (let i = 0; i < this.count; i++) {
      if (this.stays(i) && this.hasName(i, name)) found.push(this.value(i));
    }
    if (this.addedPairs !== undefined) {
      for (const [added, value] of this.addedPairs) if (added.toLowerCase() === name) found.push(value);
    }
    return found;
  }

  /** The value of the first field line with this name (lower case). */
  first(name: string): string | undefined {
    for (let i = 0; i < this.count; i++) {
      if (this.stays(i) && this.hasName(i, name)) return this.value(i);
    }
    return this.addedPairs?.find(([added]) => added.toLowerCase() === name)?.[1];
  }

  has(name: string): boolean {
    return this.first(name) !== undefined;
  }

  /** All field lines as they stand now. */
  *entries(): Generator<[name: string, value: string]> {
    for (let i = 0; i < this.count; i++) if (this.stays(i)) yield [this.name(i), this.value(i)];
    if (this.addedPairs !== undefined) yield* this.addedPairs;
  }

  /** Appends a field line; a CR, LF or NUL in it would split the message and is replaced by a blank. */
  add(name: string, value: string): void {
    const clean = withoutBreaks(value);
    this.addedPairs ??= [];
    this.addedPairs.push([name, clean]);
    this.added += `${name}: ${clean}\r\n`;
  }

  /** Removes every field line with this name (lower case). */
  remove(name: string): void {
    for (let i = 0; i < this.count; i++) {
      if (this.stays(i) && this.hasName(i, name)) this.drop(i);
    }
    if (this.addedPairs !== undefined) this.removeAdded((added) => added === name);
  }

  /** `goes` is asked with names in lower case. */
  private removeAdded(goes: (name: string) => boolean): void {
    const pairs = this.addedPairs ?? [];
    const kept = pairs.filter(([added]) => !goes(added.toLowerCase()));
    if (kept.length === pairs.length) return;
    this.addedPairs = kept;
    this.added = kept.map(([added, value]) => `${added}: ${value}\r\n`).join('');
  }

  set(name: string, value: string): void {
    this.remove(name.toLowerCase());
    this.add(name, value);
  }

  /** Every field line that is left, each with its CRLF; without the empty line. */
  fieldLines(): string {
    if (!this.anyGone) return this.text.slice(this.fieldsFrom, this.fieldsTo) + this.added;
    let lines = '';
    let runFrom = this.fieldsFrom;
    for (let i = 0; i < this.count; i++) {
      if (this.stays(i)) continue;
      const lineFrom = this.spans[i * SPAN] as number;
      if (lineFrom > runFrom) lines += this.text.slice(runFrom, lineFrom);
      runFrom = i + 1 < this.count ? (this.spans[(i + 1) * SPAN] as number) : this.fieldsTo;
    }
    if (this.fieldsTo > runFrom) lines += this.text.slice(runFrom, this.fieldsTo);
    return lines + this.added;
  }

  private stays(index: number): boolean {
    return this.spans[index * SPAN + GONE] === 0;
  }

  private hasName(index: number, name: string): boolean {
    const at = index * SPAN;
    const from = this.spans[at] as number;
    const length = (this.spans[at + 1] as number) - from;
    if (length !== name.length) return false;
    for (let i = 0; i < length; i++) {
      const code = this.text.charCodeAt(from + i);
      const lower = code >= 0x41 && code <= 0x5a ? code | 0x20 : code;
      if (lower !== name.charCodeAt(i)) return false;
    }
    return true;
  }

  /** Used by the parsers alone. */
  span(nameFrom: number, nameTo: number, valueFrom: number, valueTo: number): void {
    const at = this.count * SPAN;
    this.spans[at] = nameFrom;
    this.spans[at + 1] = nameTo;
    this.spans[at + 2] = valueFrom;
    this.spans[at + 3] = valueTo;
    this.spans[at + GONE] = 0;
    this.count++;
  }
}
