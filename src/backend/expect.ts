/**
 * What an HTTP check expects of the answer (`http-check expect`, default: a status of 2xx or 3xx), and a reader of
 * answers that is just good enough to tell: status line, and the body up to 16 KiB where a body is expected.
 * The sentences are HAProxy's.
 */

import type { HttpCheckConfig } from '../config/model.ts';
import type { VerdictCode } from './types.ts';

/** A head or body that is longer is judged by its beginning. */
const LIMIT = 16384;
const STATUS_LINE = /^HTTP\/\d\.\d (\d+)(?: (.*))?$/;

export interface Outcome {
  readonly code: VerdictCode;
  readonly status: number;
  readonly info: string;
}

type StatusTest = (status: number) => boolean;
type BodyTest = (body: string) => boolean;

/** `http-check expect`, compiled once per configuration. */
export interface Expectation {
  readonly status: StatusTest | undefined;
  readonly body: BodyTest | undefined;
  /** The body must not match. */
  readonly negate: boolean;
}

const DEFAULT_RANGES = [[200, 399]] as const;

/** Throws SyntaxError for a regular expression that is none. */
export function compileExpect(expect: HttpCheckConfig['expect']): Expectation {
  if (expect.kind === 'status') {
    const ranges = expect.ranges.length > 0 ? expect.ranges : DEFAULT_RANGES;
    return onStatus((status) => ranges.some(([low, high]) => status >= low && status <= high), expect.negate);
  }
  const { pattern, negate } = expect;
  if (expect.kind === 'string') return { status: undefined, body: (body) => body.includes(pattern), negate };
  const regex = new RegExp(pattern);
  if (expect.kind === 'rstatus') return onStatus((status) => regex.test(String(status)), negate);
  return { status: undefined, body: (body) => regex.test(body), negate };
}

function onStatus(test: StatusTest, negate: boolean): Expectation {
  return { status: (status) => test(status) !== negate, body: undefined, negate };
}

const INVALID: Outcome = { code: 'L7RSP', status: -1, info: '' };

/** Reads one answer; `feed` and `end` answer as soon as the outcome is known. */
export class CheckResponse {
  private readonly expectation: Expectation;
  private bytes: Buffer = Buffer.alloc(0);

  constructor(expectation: Expectation) {
    this.expectation = expectation;
  }

  feed(chunk: Buffer): Outcome | undefined {
    this.bytes = Buffer.concat([this.bytes, chunk]);
    return this.judge(false);
  }

  /** The server has closed. */
  end(): Outcome {
    return this.judge(true) ?? INVALID;
  }

  private judge(ended: boolean): Outcome | undefined {
    const text = this.bytes.toString('latin1');
    const head = /\r?\n\r?\n/.exec(text);
    if (head === null) return ended || text.length >= LIMIT || !couldBeHttp(text) ? INVALID : undefined;
    const lines = text.slice(0, head.index).split(/\r?\n/);
    const match = STATUS_LINE.exec(lines[0] as string);
    if (match === null) return INVALID;
    const status = Number(match[1]);
    if (this.expectation.status !== undefined) {
      return this.expectation.status(status) ? passed(status) : { code: 'L7STS', status, info: match[2] ?? '' };
    }
    return this.judgeBody(status, readBody(text.slice(head.index + head[0].length), lines, ended));
  }

  private judgeBody(status: number, body: Body): Outcome | undefined {
    const { body: matches = () => true, negate } = this.expectation;
    // A match is a match however the body goes on; that there is none, only the whole body tells.
    if (body.text !== '' && matches(body.text)) return negate ? mismatch('HTTP check matched unwanted content') : passed(status);
    if (!body.complete) return undefined;
    if (body.text === '') return mismatch('HTTP content check could not find a response body');
    return negate ? passed(status) : mismatch('HTTP content check did not match');
  }
}

function mismatch(info: string): Outcome {
  return { code: 'L7RSP', status: -1, info };
}

function passed(status: number): Outcome {
  return { code: 'L7OK', status, info: '' };
}

/** Garbage is refused at once, not after the time-out. */
function couldBeHttp(text: string): boolean {
  return text.startsWith('HTTP/') || 'HTTP/'.startsWith(text);
}

interface Body {
  readonly text: string;
  readonly complete: boolean;
}

function readBody(raw: string, lines: readonly string[], ended: boolean): Body {
  const full = ended || raw.length >= LIMIT;
  if (lines.some((line) => /^transfer-encoding:.*\bchunked\b/i.test(line))) {
    const body = dechunk(raw);
    return { text: body.text, complete: body.complete || full };
  }
  const length = lines.map((line) => /^content-length:\s*(\d+)\s*$/i.exec(line)?.[1]).find((value) => value !== undefined);
  if (length === undefined) return { text: raw, complete: full };
  return { text: raw.slice(0, Number(length)), complete: raw.length >= Number(length) || full };
}

function dechunk(raw: string): Body {
  let text = '';
  let at = 0;
  for (;;) {
    const end = raw.indexOf('\n', at);
    if (end < 0) return { text, complete: false };
    const size = Number.parseInt(raw.slice(at, end), 16);
    if (!(size > 0)) return { text, complete: true };
    text += raw.slice(end + 1, end + 1 + size);
    at = end + 1 + size + 2;
  }
}
