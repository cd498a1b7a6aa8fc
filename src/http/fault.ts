/**
 * Where a message that was refused is wrong, as `show errors` tells it: the byte, and the state HAProxy's parser would be in
 * there. Only for messages that were refused: it reads them once more.
 */

import { CLASS, COLON, CR, DIGIT, HTAB, LF, SP, TARGET, TOKEN, VALUE } from './chars.ts';
import { Refusal } from './refusal.ts';

/** HAProxy's names and numbers, as far as something is refused in them. */
export const ParserState = {
  RQMETH: 2,
  RQURI: 4,
  RQVER: 6,
  RPVER: 10,
  RPCODE: 12,
  RPREASON: 14,
  HDR_NAME: 17,
  HDR_VAL: 22,
  HDR_L2_LF: 23,
  HDR_L2_LWS: 24,
  LAST_LF: 25,
  CHUNK_SIZE: 26,
  DATA: 27,
  CHUNK_CRLF: 28,
  TRAILERS: 29,
} as const;
export type ParserState = keyof typeof ParserState;

export interface Fault {
  /** The first byte that is wrong; from the beginning of the message. */
  readonly position: number;
  readonly state: ParserState;
}

/** `bytes[from..to)` is a head that was refused for `refusal`, or what has come of it. */
export function locate(bytes: Buffer, from: number, to: number, refusal: Refusal, response: boolean): Fault {
  const head = bytes.subarray(from, to);
  const start = response ? 0 : leadingLineEnd(head);
  const field = FIELD_OF.get(refusal);
  if (field !== undefined) return inField(head, start, field);
  const first = response ? inStatusLine(head) : inRequestLine(head, start);
  return typeof first === 'number' ? inFields(head, first) : first;
}

/** Refusals for what a field says. */
const FIELD_OF: ReadonlyMap<Refusal, string> = new Map([
  [Refusal.ContentLength, 'content-length'],
  [Refusal.TransferEncoding, 'transfer-encoding'],
  [Refusal.Host, 'host'],
  [Refusal.Expect, 'expect'],
]);

function leadingLineEnd(head: Buffer): number {
  return head[0] === CR && head[1] === LF ? 2 : 0;
}

/** The value of the last field of that name: of several, the first one was taken. Without one, the end of the head. */
function inField(head: Buffer, start: number, name: string): Fault {
  const text = head.toString('latin1');
  const last = text.toLowerCase().lastIndexOf(`\n${name}:`);
  const end = text.indexOf('\r\n\r\n', start);
  if (last < 0) return { position: end < 0 ? head.length : end + 2, state: 'LAST_LF' };
  return { position: skip(head, last + name.length + 2, isBlank), state: 'HDR_L2_LWS' };
}

/** Index of the first byte from `at` on that `inside` does not hold for. */
function skip(head: Buffer, at: number, inside: (byte: number) => boolean): number {
  let next = at;
  while (next < head.length && inside(head[next] as number)) next++;
  return next;
}

const isBlank = (byte: number) => byte === SP || byte === HTAB;
const isIn = (set: number) => (byte: number) => ((CLASS[byte] as number) & set) !== 0;
const isEnd = (byte: number | undefined) => byte === CR || byte === LF;

/** The index behind the line where nothing is wrong with it. HAProxy takes a line without a version for HTTP/0.9's. */
function inRequestLine(head: Buffer, start: number): Fault | number {
  const method = skip(head, start, isIn(TOKEN));
  if (head[method] !== SP || method === start) return { position: method, state: isEnd(head[method]) ? 'DATA' : 'RQMETH' };
  const target = skip(head, method + 1, isIn(TARGET));
  if (head[target] !== SP || target === method + 1) return { position: target, state: isEnd(head[target]) ? 'DATA' : 'RQURI' };
  const version = /^HTTP\/[0-9]\.[0-9]/.exec(head.toString('latin1', target + 1, target + 9));
  if (version === null) return { position: target + 1, state: 'DATA' };
  return lineEnd(head, target + 9, 'RQVER');
}

function inStatusLine(head: Buffer): Fault | number {
  const version = skip(head, 0, (byte) => /[A-Z0-9./]/.test(String.fromCharCode(byte)));
  if (head[version] !== SP || version === 0) return { position: version, state: 'RPVER' };
  const code = skip(head, version + 1, isIn(DIGIT));
  if (code !== version + 4) return { position: code, state: 'RPCODE' };
  return lineEnd(head, skip(head, code, isIn(VALUE)), 'RPREASON');
}

function lineEnd(head: Buffer, at: number, state: ParserState): Fault | number {
  return head[at] === CR && head[at + 1] === LF ? at + 2 : { position: at, state };
}

function inFields(head: Buffer, from: number): Fault {
  let at = from;
  while (at < head.length && head[at] !== CR) {
    const name = skip(head, at, isIn(TOKEN));
    if (head[name] !== COLON || name === at) return { position: name, state: 'HDR_NAME' };
    const value = skip(head, name + 1, isIn(VALUE));
    if (head[value] !== CR) return { position: value, state: 'HDR_VAL' };
    if (head[value + 1] !== LF) return { position: value + 1, state: 'HDR_L2_LF' };
    at = value + 2;
  }
  return { position: Math.min(at, head.length), state: 'LAST_LF' };
}
