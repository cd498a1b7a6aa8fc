/** What every case of a wire format says of itself. */

import type { Refusal } from '../../../src/http/parse.ts';

export interface Case {
  readonly name: string;
  /** Where it is written (an RFC's section), or whose input looked like this (a CVE). */
  readonly ref: string;
  /** Why we refuse what HAProxy 2.6 takes. What neither says is refused by both, or taken by both. */
  readonly stricter?: string;
  /** Why we take what HAProxy 2.6 refuses. */
  readonly laxer?: string;
  /** Why HAProxy 2.6 takes it one time and refuses it another; we refuse it. */
  readonly wavers?: string;
}

/** A head. `\n` is written CRLF unless `raw` says that the text is exact. */
export interface HeadCase extends Case {
  readonly text: string;
  readonly raw?: true;
  readonly refuse?: keyof typeof Refusal;
}

/** What a request head says; what is not named here is not asked. */
interface RequestFacts {
  readonly method?: string;
  readonly target?: string;
  readonly host?: string;
  readonly version?: number;
  readonly framing?: 'None' | 'Length' | 'Chunked';
  readonly length?: number;
  readonly keepAlive?: boolean;
  readonly upgrade?: string;
  readonly bothLengths?: boolean;
  /** The field lines as they go on, CRLF written `\n`. */
  readonly lines?: string;
}

export interface RequestCase extends HeadCase {
  readonly accept?: RequestFacts;
}

export interface ResponseCase extends HeadCase {
  /** The method it answers, default GET. */
  readonly method?: string;
  readonly accept?: {
    readonly status?: number;
    readonly reason?: string;
    readonly version?: number;
    readonly framing?: 'None' | 'Length' | 'Chunked' | 'UntilClose';
    readonly length?: number;
    readonly keepAlive?: boolean;
    readonly upgrade?: string;
    readonly lines?: string;
  };
}

export function bytesOf(one: { readonly text: string; readonly raw?: true }): Buffer {
  return Buffer.from(one.raw ? one.text : one.text.replaceAll('\n', '\r\n'), 'latin1');
}

/** Cases of one section, or of one family. */
export function section<T extends Case>(ref: string, cases: readonly (Omit<T, 'ref'> & { readonly ref?: string })[]): T[] {
  return cases.map((one) => ({ ref, ...one }) as unknown as T);
}

/** Why we refuse what HAProxy takes, where several cases have the same reason. */
export const STRICTER = {
  bareLf: 'a bare LF ends a line for HAProxy; for a server to which it does not, the message is another',
  control: 'HAProxy passes control bytes on in values; a server that ends a string or a line there reads another value',
  fold: 'HAProxy joins folded lines; servers that do not read another value, or a field of its own',
  blanks: 'HAProxy takes runs of blanks for one; the grammar has one SP, and servers cut elsewhere',
  emptyLines: 'HAProxy skips any number of empty lines before a request; one is all that RFC 9112 2.2 asks for',
  version: 'HAProxy takes any digit of a version and sends HTTP/1.1; a version that we do not speak promises what we cannot keep',
  highTarget: 'HAProxy reads four bytes at a time and lets 7F to A3 pass in most places; the grammar has none of them',
  noHost: 'HAProxy passes an HTTP/1.1 request without Host on; RFC 9112 3.2 has it refused',
  host: 'HAProxy does not look into Host; a server that cuts it elsewhere routes elsewhere',
  targetForm: 'HAProxy passes on a target of no known form; what the server makes of it is anybody’s guess',
  connect: 'CONNECT makes a tunnel that no rule sees; it is not in scope',
  lengths: 'HAProxy folds equal lengths into one; the second one is a second reading somewhere',
  expect: 'HAProxy passes any expectation on; RFC 9110 10.1.1 has an unknown one answered with 417',
  trace: 'RFC 9110 9.3.8: a TRACE request has no content',
} as const;

/** Why the parser takes what HAProxy refuses, and Fairlead does not. */
export const REFUSED_LATER =
  'the parser says that nothing was agreed on; the exchange, which knows what was asked for, answers 502 as HAProxy does';
