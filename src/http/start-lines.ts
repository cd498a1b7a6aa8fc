/** The first line of a head: request-line and status-line, as RFC 9112 writes them, or as a lenient proxy takes them. */

import { CLASS, CR, DIGIT, LENIENT_TARGET, LF, SP, TARGET, TOKEN, VALUE } from './chars.ts';
import type { Head } from './head.ts';
import { type HeadRules, Refusal } from './refusal.ts';

const HTTP_1 = Buffer.from('HTTP/1.');
const HTTP_2 = Buffer.from('HTTP/2.0\r\n');

/** request-line = method SP request-target SP HTTP-version CRLF (RFC 9112 3). The index behind it, or a Refusal. */
export function requestLine(bytes: Buffer, start: number, text: string, head: Head, rules: HeadRules): number {
  let at = start;
  while ((CLASS[bytes[at] as number] as number) & TOKEN) at++;
  if (at === start || bytes[at] !== SP) return refuseLine(bytes, at, Refusal.RequestLine);
  head.method = text.slice(0, at - start);
  const targetFrom = ++at;
  const allowed = rules.lenient ? LENIENT_TARGET : TARGET;
  while ((CLASS[bytes[at] as number] as number) & allowed) at++;
  if (at - targetFrom > rules.maxTarget) return Refusal.TargetTooLong;
  if (at === targetFrom || bytes[at] !== SP) return refuseLine(bytes, at, Refusal.RequestLine);
  head.target = text.slice(targetFrom - start, at - start);
  at++;
  if (rules.h2 === true) return streamVersion(bytes, at, head);
  if (rules.lenient) return lenientVersion(bytes, at, head, Refusal.Version);
  for (let i = 0; i < HTTP_1.length; i++) if (bytes[at + i] !== HTTP_1[i]) return refuseLine(bytes, at + i, Refusal.RequestLine);
  at += HTTP_1.length;
  const minor = bytes[at] as number;
  if (minor !== 0x31 && minor !== 0x30) return Refusal.Version;
  if (bytes[at + 1] !== CR || bytes[at + 2] !== LF) return refuseLine(bytes, at + 1, Refusal.Version);
  head.version = minor === 0x31 ? 11 : 10;
  head.keepAlive = minor === 0x31;
  return at + 3;
}

/** As our own HTTP/2 side writes it. */
function streamVersion(bytes: Buffer, at: number, head: Head): number {
  for (let i = 0; i < HTTP_2.length; i++) if (bytes[at + i] !== HTTP_2[i]) return refuseLine(bytes, at + i, Refusal.RequestLine);
  head.version = 20;
  return at + HTTP_2.length;
}

/** status-line = HTTP-version SP status-code SP [reason-phrase] CRLF (RFC 9112 4); the last SP is often missing. */
export function statusLine(bytes: Buffer, from: number, text: string, head: Head, rules: HeadRules): number {
  let at = from;
  if (rules.lenient) {
    at = lenientVersion(bytes, from, head, Refusal.StatusLine);
    if (at < 0) return at;
  } else {
    for (let i = 0; i < HTTP_1.length; i++) if (bytes[from + i] !== HTTP_1[i]) return Refusal.StatusLine;
    at += HTTP_1.length;
    const minor = bytes[at] as number;
    if ((minor !== 0x31 && minor !== 0x30) || bytes[at + 1] !== SP) return Refusal.StatusLine;
    head.version = minor === 0x31 ? 11 : 10;
    head.keepAlive = minor === 0x31;
    at += 2;
  }
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
  if (reasonFrom === at) {
    if (bytes[at] !== CR) return Refusal.StatusLine;
    head.uncounted--; // the blank that is not there
  }
  at = reasonFrom;
  while ((CLASS[bytes[at] as number] as number) & VALUE) at++;
  if (bytes[at] !== CR || bytes[at + 1] !== LF) return Refusal.StatusLine;
  head.reason = text.slice(reasonFrom - from, at - from);
  return at + 2;
}

/**
 * A version as HAProxy takes it with the option: capital letters, digits, `.` and `/`, up to CRLF in a request and a blank
 * in a response. Four letters, a slash and a number of two digits from 1.1 on count as HTTP/1.1, anything else as HTTP/1.0,
 * where no coding frames a body and the connection closes. The index behind it, or a Refusal.
 */
function lenientVersion(bytes: Buffer, from: number, head: Head, otherwise: Refusal): number {
  let at = from;
  while (/[A-Z0-9./]/.test(String.fromCharCode(bytes[at] as number))) at++;
  const version = bytes.toString('latin1', from, at);
  const [, major, minor] = /^[A-Z]{4}\/([0-9])\.([0-9])$/.exec(version) ?? ['', '0', '0'];
  const current = `${major}${minor}` >= '11';
  head.version = current ? 11 : 10;
  head.keepAlive = current;
  if (version === '') return refuseLine(bytes, at, otherwise);
  if (otherwise === Refusal.StatusLine) return bytes[at] === SP ? at + 1 : otherwise;
  return bytes[at] === CR && bytes[at + 1] === LF ? at + 2 : refuseLine(bytes, at, otherwise);
}

/** A line end where it should not be is reported as such: the commonest cause. */
export function refuseLine(bytes: Buffer, at: number, otherwise: Refusal): Refusal {
  const byte = bytes[at];
  return byte === LF || (byte === CR && bytes[at + 1] !== LF) ? Refusal.BareLineEnd : otherwise;
}
