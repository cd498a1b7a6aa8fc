/**
 * Bytes to Head, strictly: what two parsers could read differently is refused (RFC 9112 2.2, 3, 5, 6.1).
 *
 * Both parsers answer a number: > 0, the bytes used; 0, the head is not complete; < 0, a Refusal. They keep nothing
 * between calls: an incomplete head is parsed again when more has come, and `scanned` lets the search for its end
 * go on where it stopped. One loop per line kind reads every byte once; field names are identified on the way, so
 * that no field is looked up later.
 */

import { CLASS, COLON, CR, DIGIT, HTAB, LF, SP, TARGET, TOKEN, VALUE } from './chars.ts';
import { Field, fieldOf } from './fields.ts';
import { Framing, type Head } from './head.ts';

/** Why a head is refused. Stable numbers: logs and `show errors` name them. */
export const Refusal = {
  BareLineEnd: -1,
  RequestLine: -2,
  Version: -3,
  FieldName: -4,
  FieldValue: -5,
  TooManyFields: -6,
  TooLong: -7,
  ContentLength: -8,
  TransferEncoding: -9,
  Host: -10,
  Target: -11,
  StatusLine: -12,
  Expect: -13,
  Connect: -14,
  Trace: -15,
} as const;
export type Refusal = (typeof Refusal)[keyof typeof Refusal];

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const HTTP_1 = Buffer.from('HTTP/1.');

/**
 * Parses the request head in `bytes[from..to)`.
 * `limit`: most bytes a head may have. `scanned`: bytes that are known not to hold the head's end.
 */
export function parseRequestHead(bytes: Buffer, from: number, to: number, head: Head, limit: number, scanned: number): number {
  let start = from;
  // RFC 9112 2.2: one empty line before a request line is ignored; more of them are not a request.
  if (start + 1 < to && bytes[start] === CR && bytes[start + 1] === LF) start += 2;
  const end = findEnd(bytes, start, to, from + scanned, limit);
  if (end <= 0) return end;
  head.reset();
  const text = bytes.toString('latin1', start, end);
  head.text = text;

  // request-line = method SP request-target SP HTTP-version CRLF (RFC 9112 3)
  let at = start;
  while ((CLASS[bytes[at] as number] as number) & TOKEN) at++;
  if (at === start || bytes[at] !== SP) return refuseLine(bytes, at, Refusal.RequestLine);
  head.method = text.slice(0, at - start);
  const targetFrom = ++at;
  while ((CLASS[bytes[at] as number] as number) & TARGET) at++;
  if (at === targetFrom || bytes[at] !== SP) return refuseLine(bytes, at, Refusal.RequestLine);
  const targetTo = at++;
  for (let i = 0; i < HTTP_1.length; i++) if (bytes[at + i] !== HTTP_1[i]) return refuseLine(bytes, at + i, Refusal.RequestLine);
  at += HTTP_1.length;
  const minor = bytes[at] as number;
  if (minor !== 0x31 && minor !== 0x30) return Refusal.Version;
  if (bytes[at + 1] !== CR || bytes[at + 2] !== LF) return refuseLine(bytes, at + 1, Refusal.Version);
  head.version = minor === 0x31 ? 11 : 10;
  head.keepAlive = head.version === 11;
  head.fieldsFrom = at + 3 - start;
  head.fieldsTo = end - 2 - start;

  const failed = parseFields(bytes, start, at + 3, end - 2, head);
  if (failed < 0) return failed;
  head.target = text.slice(targetFrom - start, targetTo - start);
  const refusal = settleRequest(head);
  return refusal < 0 ? refusal : end - from;
}

/** Parses the response head in `bytes[from..to)`; `framing` is what the fields say, see `responseFraming`. */
export function parseResponseHead(bytes: Buffer, from: number, to: number, head: Head, limit: number, scanned: number): number {
  const end = findEnd(bytes, from, to, from + scanned, limit);
  if (end <= 0) return end;
  head.reset();
  const text = bytes.toString('latin1', from, end);
  head.text = text;

  // status-line = HTTP-version SP status-code SP [reason-phrase] CRLF (RFC 9112 4); the last SP is often missing.
  for (let i = 0; i < HTTP_1.length; i++) if (bytes[from + i] !== HTTP_1[i]) return Refusal.StatusLine;
  let at = from + HTTP_1.length;
  const minor = bytes[at] as number;
  if ((minor !== 0x31 && minor !== 0x30) || bytes[at + 1] !== SP) return Refusal.StatusLine;
  head.version = minor === 0x31 ? 11 : 10;
  head.keepAlive = head.version === 11;
  at += 2;
  let status = 0;
  for (let i = 0; i < 3; i++) {
    const digit = bytes[at + i] as number;
    if (!((CLASS[digit] as number) & DIGIT)) return Refusal.StatusLine;
    status = status * 10 + digit - 0x30;
  }
  at += 3;
  if (status < 100) return Refusal.StatusLine;
  head.status = status;
  const reasonFrom = bytes[at] === SP ? at + 1 : at;
  if (reasonFrom === at && bytes[at] !== CR) return Refusal.StatusLine;
  at = reasonFrom;
  while ((CLASS[bytes[at] as number] as number) & VALUE) at++;
  if (bytes[at] !== CR || bytes[at + 1] !== LF) return Refusal.StatusLine;
  head.reason = text.slice(reasonFrom - from, at - from);
  head.fieldsFrom = at + 2 - from;
  head.fieldsTo = end - 2 - from;

  const failed = parseFields(bytes, from, at + 2, end - 2, head);
  if (failed < 0) return failed;
  const refusal = settleResponse(head);
  return refusal < 0 ? refusal : end - from;
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
  if (to - from > limit) return Refusal.TooLong;
  // A head that ends its lines with bare LFs would never be complete: refuse it now, not at the time-out.
  for (let lf = bytes.indexOf(LF, Math.max(from, searchFrom)); lf >= 0 && lf < to; lf = bytes.indexOf(LF, lf + 1)) {
    if (lf === from || bytes[lf - 1] !== CR) return Refusal.BareLineEnd;
  }
  return 0;
}

/** A line end where it should not be is reported as such: the commonest cause. */
function refuseLine(bytes: Buffer, at: number, otherwise: Refusal): Refusal {
  const byte = bytes[at];
  return byte === LF || (byte === CR && bytes[at + 1] !== LF) ? Refusal.BareLineEnd : otherwise;
}

/** field-line = field-name ":" OWS field-value OWS CRLF (RFC 9112 5), from `from` up to the empty line at `to`. */
function parseFields(bytes: Buffer, base: number, from: number, to: number, head: Head): number {
  let at = from;
  while (at < to) {
    const nameFrom = at;
    while ((CLASS[bytes[at] as number] as number) & TOKEN) at++;
    if (at === nameFrom || bytes[at] !== COLON) return refuseLine(bytes, at, Refusal.FieldName);
    const nameTo = at++;
    while (bytes[at] === SP || bytes[at] === HTAB) at++;
    const valueFrom = at;
    while ((CLASS[bytes[at] as number] as number) & VALUE) at++;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return refuseLine(bytes, at, Refusal.FieldValue);
    let valueTo = at;
    while (valueTo > valueFrom && (bytes[valueTo - 1] === SP || bytes[valueTo - 1] === HTAB)) valueTo--;
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
    }
  }
  return 0;
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
      noteConnection(head, head.value(index));
      head.drop(index);
      return 0;
    case Field.Host:
      head.hosts++;
      head.host = head.value(index);
      return 0;
    case Field.KeepAlive:
    case Field.ProxyConnection:
    case Field.Http2Settings:
      head.drop(index);
      return 0;
    case Field.Te:
      // RFC 9110 10.1.4: hop by hop; `trailers` alone says something about the other end too.
      if (head.value(index).toLowerCase() !== 'trailers') head.drop(index);
      return 0;
    case Field.Upgrade:
      head.upgradeIndex = index;
      return 0;
    case Field.Expect:
      head.expect = head.value(index).toLowerCase();
      return 0;
    default:
      return 0;
  }
}

/** RFC 9110 7.6.1: `close`, `keep-alive` and `upgrade` are facts, every other token names a field to remove. */
function noteConnection(head: Head, value: string): void {
  if (value.length === 10 && (value === 'keep-alive' || value === 'Keep-Alive')) {
    head.sawKeepAlive = true;
    return;
  }
  for (const part of value.split(',')) {
    const token = part.trim().toLowerCase();
    if (token === 'close') head.sawClose = true;
    else if (token === 'keep-alive') head.sawKeepAlive = true;
    else if (token === 'upgrade') head.sawUpgrade = true;
    else if (token !== '') head.nominate(token);
  }
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

function settleRequest(head: Head): number {
  settle(head);
  if (head.sawCoding) {
    // RFC 9112 6.1: an HTTP/1.0 message cannot be chunked; somebody before us did not understand it.
    if (head.version === 10) return Refusal.TransferEncoding;
    if (head.sawLength) {
      // RFC 9112 6.1, as HAProxy: Transfer-Encoding wins, Content-Length never travels, the connection ends.
      head.bothLengths = true;
      head.keepAlive = false;
      head.remove('content-length');
    }
  } else if (head.sawLength && head.contentLength === 0) {
    head.framing = Framing.None;
  }
  // RFC 9110 10.1.1: the only expectation there is. It travels on, and so does the 100 that answers it.
  if (head.expect !== '' && head.expect !== '100-continue') return Refusal.Expect;
  if (head.method === 'CONNECT') return Refusal.Connect;
  // RFC 9110 9.3.8: a TRACE request has no content.
  if (head.method === 'TRACE' && head.framing !== Framing.None) return Refusal.Trace;
  if (head.upgradeIndex >= 0) settleUpgrade(head, head.version === 11 && head.framing === Framing.None);
  return settleTarget(head);
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

const AUTHORITY = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~!$&'()*+;=%]+)(?::[0-9]{0,5})?$/;
const ABSOLUTE = /^(https?):\/\/([^/?]*)(.*)$/i;
/** The last authority found valid: clients send the same one again and again. */
let lastAuthority = '';

function validAuthority(authority: string): boolean {
  if (authority === lastAuthority) return true;
  if (!AUTHORITY.test(authority)) return false;
  lastAuthority = authority;
  return true;
}

/** RFC 9112 3.2: origin-form as it is, absolute-form to origin-form, `*` for OPTIONS; exactly one Host in HTTP/1.1. */
function settleTarget(head: Head): number {
  if (head.hosts > 1 || (head.hosts === 0 && head.version === 11)) return Refusal.Host;
  // An empty Host is what a client sends for a target without authority (RFC 9112 3.2).
  if (head.host !== '' && !validAuthority(head.host)) return Refusal.Host;
  const target = head.target;
  if (target.charCodeAt(0) === 0x2f) return 1;
  if (target === '*') return head.method === 'OPTIONS' ? 1 : Refusal.Target;
  const parts = ABSOLUTE.exec(target);
  if (parts === null) return Refusal.Target;
  const [, scheme = '', authority = '', rest = ''] = parts;
  if (!validAuthority(authority)) return Refusal.Host;
  if (head.hosts > 0 && !sameAuthority(authority, head.host, scheme.toLowerCase())) return Refusal.Host;
  if (head.hosts === 0) head.add('Host', authority);
  head.host = authority;
  if (rest === '') head.target = head.method === 'OPTIONS' ? '*' : '/';
  else head.target = rest.startsWith('/') ? rest : `/${rest}`;
  return 1;
}

/** Equal but for case and the scheme's default port. */
function sameAuthority(left: string, right: string, scheme: string): boolean {
  const port = scheme === 'https' ? ':443' : ':80';
  const bare = (authority: string) => {
    const lower = authority.toLowerCase();
    return lower.endsWith(port) ? lower.slice(0, -port.length) : lower;
  };
  return bare(left) === bare(right);
}
