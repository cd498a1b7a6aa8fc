/**
 * Bytes to Head, strictly: what two parsers could read differently is refused (RFC 9112 2.2, 3, 5, 6.1).
 *
 * Both parsers answer a number: > 0, the bytes used; 0, the head is not complete; < 0, a Refusal. They keep nothing
 * between calls: an incomplete head is parsed again when more has come, and `scanned` lets the search for its end
 * go on where it stopped. One loop per line kind reads every byte once; field names are identified on the way, so
 * that no field is looked up later.
 *
 * A head that is not complete is refused as soon as it cannot become one: at a control byte, at a line end that is
 * not CRLF, at a first line that is none, at a target or a head that is too long.
 */

import { parseAbsolute, sameAuthority, validAuthority } from './authority.ts';
import { CLASS, COLON, CR, HTAB, LENIENT_NAME, LENIENT_TARGET, LF, SP, TOKEN, VALUE } from './chars.ts';
import { Field, fieldOf } from './fields.ts';
import { Framing, Head } from './head.ts';
import { type HeadRules, Refusal, STRICT } from './refusal.ts';
import { refuseLine, requestLine, statusLine } from './start-lines.ts';

export { type HeadRules, Refusal, STRICT };

const END_OF_HEAD = Buffer.from('\r\n\r\n');
/** First lines of heads that are not complete are tried here: what they say is not to be seen yet. */
const SCRATCH = new Head(0);

/**
 * Parses the request head in `bytes[from..to)`.
 * `limit`: most bytes a head may have. `scanned`: bytes that are known not to hold the head's end.
 */
export function parseRequestHead(
  bytes: Buffer,
  from: number,
  to: number,
  head: Head,
  limit: number,
  scanned: number,
  rules: HeadRules = STRICT,
): number {
  let start = from;
  // RFC 9112 2.2: one empty line before a request line is ignored; more of them are not a request.
  if (start + 1 < to && bytes[start] === CR && bytes[start + 1] === LF) start += 2;
  if (rules.lenient) {
    const used = parseSimpleRequest(bytes, start, to, head, from + scanned, rules);
    if (used !== 0) return used < 0 ? used : used - start > limit ? Refusal.TooLong : used - from;
  }
  const end = findEnd(bytes, start, to, from + scanned, limit);
  if (end <= 0) return unfinishedRequest(bytes, start, to, from + scanned, end, rules);
  head.reset();
  const text = bytes.toString('latin1', start, end);
  head.text = text;
  const at = requestLine(bytes, start, text, head, rules);
  if (at < 0) return at;
  head.fieldsFrom = at - start;
  head.fieldsTo = end - 2 - start;
  const failed = parseFields(bytes, start, at, end - 2, head, rules.lenient ? LENIENT_NAME : TOKEN);
  if (failed < 0) return failed;
  const refusal = settleRequest(head, rules.lenient);
  return refusal < 0 ? refusal : end - from;
}

/** Parses the response head in `bytes[from..to)`; `framing` is what the fields say, see `responseFraming`. */
export function parseResponseHead(
  bytes: Buffer,
  from: number,
  to: number,
  head: Head,
  limit: number,
  scanned: number,
  rules: HeadRules = STRICT,
): number {
  const end = findEnd(bytes, from, to, from + scanned, limit);
  if (end <= 0) return end < 0 ? end : unfinishedResponse(bytes, from, to, from + scanned, rules);
  head.reset();
  const text = bytes.toString('latin1', from, end);
  head.text = text;
  const at = statusLine(bytes, from, text, head, rules);
  if (at < 0) return at;
  head.fieldsFrom = at - from;
  head.fieldsTo = end - 2 - from;
  const failed = parseFields(bytes, from, at, end - 2, head, rules.lenient ? LENIENT_NAME : TOKEN);
  if (failed < 0) return failed;
  const refusal = settleResponse(head);
  return refusal < 0 ? refusal : end - from;
}

/**
 * HTTP/0.9: `GET target CRLF` and nothing else, with the option alone. It is complete with its line, whatever follows is
 * ignored. The index behind it, 0 where the line is another or not yet here, or a Refusal.
 */
function parseSimpleRequest(bytes: Buffer, start: number, to: number, head: Head, searchFrom: number, rules: HeadRules): number {
  const lf = bytes.indexOf(LF, Math.max(start, searchFrom));
  if (lf < 0 || lf >= to) return 0;
  // More than one line, where the first one came earlier: it was looked at then.
  const line = bytes.toString('latin1', start, lf + 1);
  const target = /^GET ([^ \r\n]+)\r\n$/.exec(line)?.[1];
  if (target === undefined) return 0;
  for (let i = start + 4; i < lf - 1; i++) if (!((CLASS[bytes[i] as number] as number) & LENIENT_TARGET)) return Refusal.RequestLine;
  if (target.length > rules.maxTarget) return Refusal.TargetTooLong;
  head.reset();
  head.text = line;
  head.fieldsFrom = line.length;
  head.fieldsTo = line.length;
  head.method = 'GET';
  head.target = target;
  head.version = 10;
  head.keepAlive = false;
  const refusal = settleTarget(head, true);
  return refusal < 0 ? refusal : lf + 1;
}

/**
 * How the body of this response ends, given the method it answers (RFC 9112 6.3): HEAD, 1xx, 204 and 304 have none,
 * whatever the fields say.
 */
export function responseFraming(head: Head, method: string): Framing {
  if (method === 'HEAD' || head.status < 200 || head.status === 204 || head.status === 304) return Framing.None;
  return head.framing;
}

/** Index behind the empty line, 0 when it has not come yet, or a Refusal. */
function findEnd(bytes: Buffer, from: number, to: number, searchFrom: number, limit: number): number {
  const found = bytes.indexOf(END_OF_HEAD, Math.max(from, searchFrom - 3));
  if (found >= 0 && found + 4 <= to) return found + 4 - from > limit ? Refusal.TooLong : found + 4;
  return to - from > limit ? Refusal.TooLong : 0;
}

/** A request head that is not complete, or too long (`end` says which): a Refusal, or 0 when it may still become one. */
function unfinishedRequest(bytes: Buffer, start: number, to: number, searchFrom: number, end: number, rules: HeadRules): number {
  if (to - start > rules.maxTarget && endlessTarget(bytes, start, to, rules)) return Refusal.TargetTooLong;
  if (end < 0) return end;
  const line = firstLine(bytes, start, to, searchFrom);
  if (line !== '') {
    const at = requestLine(bytes, start, line, SCRATCH, rules);
    if (at < 0) return at;
  }
  return strayByte(bytes, start, to, searchFrom, rules.lenient, Refusal.RequestLine);
}

function unfinishedResponse(bytes: Buffer, from: number, to: number, searchFrom: number, rules: HeadRules): number {
  const line = firstLine(bytes, from, to, searchFrom);
  if (line !== '') {
    const at = statusLine(bytes, from, line, SCRATCH, rules);
    if (at < 0) return at;
  }
  return strayByte(bytes, from, to, searchFrom, rules.lenient, Refusal.StatusLine);
}

/** The first line with its CRLF, if that came behind `searchFrom`; a line that was here before has been looked at. */
function firstLine(bytes: Buffer, from: number, to: number, searchFrom: number): string {
  const lf = bytes.indexOf(LF, from);
  return lf > from && lf >= searchFrom && lf < to && bytes[lf - 1] === CR ? bytes.toString('latin1', from, lf + 1) : '';
}

/** The request line's second word has more bytes than it may, complete or not. */
function endlessTarget(bytes: Buffer, start: number, to: number, rules: HeadRules): boolean {
  let at = start;
  while (at < to && (CLASS[bytes[at] as number] as number) & TOKEN) at++;
  if (at === start || at === to || bytes[at] !== SP) return false;
  const targetFrom = ++at;
  while (at < to && (CLASS[bytes[at] as number] as number) & LENIENT_TARGET) at++;
  return at - targetFrom > rules.maxTarget;
}

/** Whether something behind `searchFrom` can be part of no head: waiting for its end would be in vain. */
function strayByte(bytes: Buffer, from: number, to: number, searchFrom: number, lenient: boolean, firstLineRefusal: Refusal): number {
  const allowed = lenient ? VALUE | LENIENT_NAME : VALUE;
  // From the last byte that was looked at: it may be a CR.
  for (let at = Math.max(from, searchFrom - 1); at < to; at++) {
    const byte = bytes[at] as number;
    if ((CLASS[byte] as number) & allowed) continue;
    if (byte === CR) {
      if (at + 1 < to && bytes[at + 1] !== LF) return Refusal.BareLineEnd;
    } else if (byte === LF) {
      if (at === from || bytes[at - 1] !== CR) return Refusal.BareLineEnd;
    } else {
      return bytes.subarray(from, at).includes(LF) ? Refusal.FieldValue : firstLineRefusal;
    }
  }
  return 0;
}

/**
 * field-line = field-name ":" OWS field-value OWS CRLF (RFC 9112 5), from `from` up to the empty line at `to`.
 * `inName`: the class of bytes that names are made of.
 */
function parseFields(bytes: Buffer, base: number, from: number, to: number, head: Head, inName: number): number {
  let at = from;
  let gaps = 0;
  while (at < to) {
    const nameFrom = at;
    while ((CLASS[bytes[at] as number] as number) & inName) at++;
    if (at === nameFrom || bytes[at] !== COLON) return refuseLine(bytes, at, Refusal.FieldName);
    const colon = at++;
    const nameTo = inName === TOKEN ? colon : lenientName(bytes, nameFrom, colon);
    if (nameTo < 0) return Refusal.FieldName;
    while (bytes[at] === SP || bytes[at] === HTAB) at++;
    const valueFrom = at;
    while ((CLASS[bytes[at] as number] as number) & VALUE) at++;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return refuseLine(bytes, at, Refusal.FieldValue);
    let valueTo = at;
    while (valueTo > valueFrom && (bytes[valueTo - 1] === SP || bytes[valueTo - 1] === HTAB)) valueTo--;
    gaps += valueFrom - nameTo + at - valueTo;
    at += 2;
    if (head.count === head.maxFields) return Refusal.TooManyFields;
    const field = fieldOf(bytes, nameFrom, nameTo);
    head.span(nameFrom - base, nameTo - base, valueFrom - base, valueTo - base);
    if (field !== Field.Other) {
      const refusal = note(head, field);
      if (refusal < 0) return refusal;
      // OWS is `: value` or `:value` here: other blanks are legal, but some readers of framing stumble over them.
      const tidy = valueTo === at - 2 && (valueFrom === nameTo + 1 || (valueFrom === nameTo + 2 && bytes[nameTo + 1] === SP));
      if (!tidy && DECIDES[field] === 1) rewrite(head);
    } else if (nameTo !== colon) {
      rewrite(head);
    }
  }
  head.gaps = gaps;
  return 0;
}

/**
 * The end of a name that need not be a token. Blanks before the colon are not part of it and do not travel (RFC 9112
 * 5.1), a blank first would be a fold to others. What a careless reader could take for a field that we act on is
 * refused: -1. Such a name would frame the message for the server and not for us.
 */
function lenientName(bytes: Buffer, from: number, colon: number): number {
  let to = colon;
  while (to > from && (bytes[to - 1] === SP || bytes[to - 1] === HTAB)) to--;
  if (to === from || bytes[from] === SP || bytes[from] === HTAB) return -1;
  const signs = bytes.subarray(from, to);
  const token = signs.filter((byte) => ((CLASS[byte] as number) & TOKEN) !== 0);
  if (token.length === colon - from) return to;
  return fieldOf(token, 0, token.length) === Field.Other ? to : -1;
}

/** Fields that the next reader frames or routes by: they travel in one spelling. */
const DECIDES: Uint8Array = new Uint8Array(16);
for (const field of [Field.ContentLength, Field.TransferEncoding, Field.Host]) DECIDES[field] = 1;

/** Replaces the field that was just added by one without needless blanks. */
function rewrite(head: Head): void {
  const index = head.count - 1;
  head.drop(index);
  head.add(head.name(index), head.value(index));
}

/** Takes in the field that was just added: lengths, connection, host. */
function note(head: Head, field: Field): number {
  const index = head.count - 1;
  switch (field) {
    case Field.ContentLength: {
      // RFC 9112 6.3 rule 5 lets equal repetitions pass; two readers may differ about them, so one field it is.
      if (head.sawLength) return Refusal.ContentLength;
      const length = parseLength(head.value(index));
      if (length < 0) return Refusal.ContentLength;
      head.sawLength = true;
      head.contentLength = length;
      return 0;
    }
    case Field.TransferEncoding:
      // RFC 9112 6.1: `chunked` once and last; no other coding is ours to pass on.
      if (head.sawCoding || head.value(index).toLowerCase() !== 'chunked') return Refusal.TransferEncoding;
      head.sawCoding = true;
      return 0;
    case Field.Connection:
      head.uncounted += noteConnection(head, head.value(index));
      head.drop(index);
      return 0;
    case Field.Host:
      head.hosts++;
      head.host = head.value(index);
      return 0;
    case Field.KeepAlive:
    case Field.Proxy:
    case Field.Http2Settings:
      head.drop(index);
      return 0;
    case Field.Te:
      // RFC 9110 10.1.4: hop by hop; `trailers` alone says something about the other end too.
      if (head.value(index).toLowerCase() !== 'trailers') head.drop(index);
      return 0;
    case Field.Upgrade:
      noteUpgrade(head, index);
      return 0;
    case Field.Expect:
      noteExpect(head, index);
      return 0;
    default:
      return 0;
  }
}

/**
 * RFC 9110 7.6.1: `close`, `keep-alive` and `upgrade` are facts, every other token names a field to remove. Answers how much
 * of the field concerns this hop alone: HAProxy does not count `close` and `keep-alive`, nor the field where nothing else is in it.
 */
function noteConnection(head: Head, value: string): number {
  // As nearly everybody writes it.
  if (value === 'keep-alive' || value === 'Keep-Alive') head.sawKeepAlive = true;
  else if (value === 'close') head.sawClose = true;
  else if (value === 'Upgrade' || value === 'upgrade') {
    head.sawUpgrade = true;
    return 0;
  } else return noteOptions(head, value);
  return CONNECTION + value.length;
}

const CONNECTION = 'connection'.length;
const LENGTH = 'content-length'.length;
const CODING = 'transfer-encodingchunked'.length;

function noteOptions(head: Head, value: string): number {
  let others = -1;
  let own = false;
  for (const part of value.split(',')) {
    const token = withoutBlanks(part).toLowerCase();
    noteOption(head, token);
    if (token === 'close' || token === 'keep-alive') own = true;
    else if (token !== '') others += token.length + 1;
  }
  if (!own) return 0;
  return others < 0 ? CONNECTION + value.length : value.length - others;
}

function noteOption(head: Head, token: string): void {
  if (token === 'close') head.sawClose = true;
  else if (token === 'keep-alive') head.sawKeepAlive = true;
  else if (token === 'upgrade') head.sawUpgrade = true;
  else if (token !== '') head.nominate(token);
}

/** Not trim(), which takes U+00A0, a byte of obs-text here, for a blank; nor `[ \t]+$`, which walks every run of blanks again and again. */
function withoutBlanks(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === SP || code === HTAB;
}

/** More than one Upgrade line: none of them is worth anything, and the index says so. */
const SEVERAL = -2;

/** One line with one protocol is a wish; of several, the server could take another than we do. */
function noteUpgrade(head: Head, index: number): void {
  if (head.upgradeIndex === -1) {
    head.upgradeIndex = index;
    return;
  }
  if (head.upgradeIndex >= 0) head.drop(head.upgradeIndex);
  head.upgradeIndex = SEVERAL;
  head.drop(index);
}

/** Several lines are one list (RFC 9110 5.3); a repetition and an empty one say nothing and do not travel. */
function noteExpect(head: Head, index: number): void {
  const value = head.value(index).toLowerCase();
  if (value === '' || value === head.expect) head.drop(index);
  else head.expect = head.expect === '' ? value : `${head.expect}, ${value}`;
}

/** A number of digits and nothing else, at most 2^53 - 1; -1 otherwise (RFC 9110 8.6). */
export function parseLength(text: string): number {
  const digits = text.length;
  if (digits === 0 || digits > 16) return -1;
  let length = 0;
  for (let i = 0; i < digits; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return length > Number.MAX_SAFE_INTEGER ? -1 : length;
}

/** What only the whole head tells: connection, framing. Shared by both kinds. */
function settle(head: Head): void {
  if (head.sawClose) head.keepAlive = false;
  else if (head.sawKeepAlive) head.keepAlive = true;
  head.dropNominated();
  if (head.sawCoding) head.framing = Framing.Chunked;
  else if (head.sawLength) head.framing = Framing.Length;
}

function settleRequest(head: Head, lenient: boolean): number {
  settle(head);
  if (head.sawCoding) {
    // RFC 9112 6.1: an HTTP/1.0 message cannot be chunked; somebody before us did not understand it.
    if (head.version === 10) return Refusal.TransferEncoding;
    // HTTP/2 has none: what our own side has added does not count, nor does the end of chunks.
    if (head.version === 20) head.uncounted += CODING + 1;
    if (head.sawLength) {
      // RFC 9112 6.1, as HAProxy: Transfer-Encoding wins, Content-Length never travels, the connection ends.
      head.bothLengths = true;
      head.keepAlive = false;
      head.uncounted += LENGTH + (head.first('content-length') as string).length;
      head.remove('content-length');
    }
  } else if (head.sawLength && head.contentLength === 0) {
    head.framing = Framing.None;
  }
  if (head.expect !== '') {
    // RFC 9110 10.1.1: the only expectation there is. It travels on, and so does the 100 that answers it; not so where
    // nobody waits for one: HTTP/1.0 does not know it, and a request without content has nothing to hold back.
    if (head.expect !== '100-continue') return Refusal.Expect;
    if (head.version === 10 || head.framing === Framing.None) head.remove('expect');
  }
  if (head.method === 'CONNECT') return Refusal.Connect;
  // RFC 9110 9.3.8: a TRACE request has no content.
  if (head.method === 'TRACE' && head.framing !== Framing.None) return Refusal.Trace;
  if (head.upgradeIndex >= 0) settleUpgrade(head, head.version !== 10 && head.framing === Framing.None);
  return settleTarget(head, lenient);
}

function settleResponse(head: Head): number {
  settle(head);
  if (head.sawCoding && (head.sawLength || head.version === 10)) return Refusal.TransferEncoding;
  if (!head.sawCoding && !head.sawLength) head.framing = Framing.UntilClose;
  if (head.upgradeIndex >= 0) settleUpgrade(head, head.status === 101);
  return 1;
}

/** RFC 9110 7.8: Upgrade is worth something only with `Connection: upgrade`; `h2c` would smuggle a second protocol. */
function settleUpgrade(head: Head, allowed: boolean): void {
  const protocol = head.value(head.upgradeIndex).toLowerCase();
  if (allowed && head.sawUpgrade && !/[,\s]/.test(protocol) && protocol !== '' && !/^(h2c?|http|tls)(\/|$)/.test(protocol)) {
    head.upgrade = protocol;
  } else {
    head.drop(head.upgradeIndex);
  }
}

/** RFC 9112 3.2: origin-form as it is, absolute-form to origin-form, `*` for OPTIONS; exactly one Host in HTTP/1.1. */
function settleTarget(head: Head, lenient: boolean): number {
  if (head.hosts > 1 || (head.hosts === 0 && head.version !== 10)) return Refusal.Host;
  // An empty Host is what a client sends for a target without authority (RFC 9112 3.2).
  if (head.host !== '' && !validAuthority(head.host)) return Refusal.Host;
  const target = head.target;
  if (target.charCodeAt(0) === 0x2f) return 1;
  if (target === '*') return head.method === 'OPTIONS' ? 1 : Refusal.Target;
  const absolute = parseAbsolute(target);
  if (absolute === undefined) return Refusal.Target;
  const { scheme, authority, rest } = absolute;
  if (!validAuthority(authority)) return Refusal.Host;
  if (head.hosts === 0) head.add('Host', authority);
  else if (authority !== head.host && !sameAuthority(authority, head.host, scheme)) {
    if (!lenient) return Refusal.Host;
    head.set('Host', authority);
  }
  head.host = authority;
  if (rest === '') head.target = head.method === 'OPTIONS' ? '*' : '/';
  else head.target = rest.startsWith('/') ? rest : `/${rest}`;
  return 1;
}
