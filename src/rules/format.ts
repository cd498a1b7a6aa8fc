/**
 * Log-format strings in rules (manual 8.2.6): text with `%[fetch,converter]`, variables such as `%ci`, flags
 * `%{+Q}f`, and `%%`. Samples lose the control characters that a message cannot carry; one that has no value is empty.
 */

import { hostname } from 'node:os';
import { readIpv4 } from './address.ts';
import { RuleError, refused } from './error.ts';
import { compileFetch, readConverters, readFetch, within } from './expression.ts';
import { isForeignVariable } from './refused.ts';
import { asText } from './sample.ts';
import { available, nameOf, type Scope } from './scope.ts';
import { originalMethod, originalTarget } from './target.ts';
import { encodeControls } from './text.ts';
import type { RuleContext } from './types.ts';

export type Render = (context: RuleContext) => string;

/** Literal text, or what is filled in. */
export type Part = string | Render;

export interface Format {
  readonly parts: readonly Part[];
  /** The whole text where nothing is filled in, else undefined. */
  readonly constant: string | undefined;
  readonly render: Render;
}

export interface Variable {
  readonly name: string;
  readonly help: string;
  readonly render: Render;
}

export const VARIABLES: readonly Variable[] = [
  { name: 'ci', help: "Client's address", render: (context) => context.clientAddress },
  { name: 'cp', help: "Client's port", render: (context) => String(context.clientPort) },
  { name: 'fi', help: 'Address that the client connected to', render: (context) => context.localAddress },
  { name: 'fp', help: 'Port that the client connected to', render: (context) => String(context.localPort) },
  { name: 'f', help: 'Name of the frontend', render: (context) => context.frontend },
  { name: 'ft', help: 'The same (with a `~` for TLS, which no listener speaks)', render: (context) => context.frontend },
  {
    name: 'b',
    help: 'Name of the backend; of the frontend before one is chosen',
    render: (context) => context.backend ?? context.frontend,
  },
  { name: 's', help: 'Name of the server, `<NOSRV>` before one is chosen', render: (context) => context.server ?? '<NOSRV>' },
  { name: 'H', help: "This machine's host name", render: constantly(hostname()) },
  { name: 'HM', help: 'Method that the client sent', render: (context) => originalMethod(context.request) },
  { name: 'HU', help: 'Path and query that the client sent', render: (context) => originalTarget(context.request) },
  { name: 'HP', help: 'Path that the client sent', render: (context) => originalTarget(context.request).replace(/\?.*/, '') },
  { name: 'HPO', help: 'The same', render: (context) => originalTarget(context.request).replace(/\?.*/, '') },
  {
    name: 'HQ',
    help: 'Query that the client sent, with its question mark',
    render: (context) => /\?.*/.exec(originalTarget(context.request))?.[0] ?? '',
  },
  { name: 'HV', help: 'Version of the request, `HTTP/1.1`', render: version },
  {
    name: 'r',
    help: 'Request line',
    render: (context) => `${originalMethod(context.request)} ${originalTarget(context.request)} ${version(context)}`,
  },
  { name: 'ST', help: 'Status of the response, -1 before there is one', render: (context) => String(context.response?.status ?? -1) },
  { name: 'T', help: 'Date and time (UTC)', render: () => logDate(new Date()) },
  { name: 'Ts', help: 'Seconds since 1970', render: () => String(Math.floor(Date.now() / 1000)) },
];

const BY_NAME: ReadonlyMap<string, Variable> = new Map(VARIABLES.map((variable) => [variable.name, variable]));

function constantly(text: string): Render {
  return () => text;
}

function version(context: RuleContext): string {
  return context.request.version === 10 ? 'HTTP/1.0' : 'HTTP/1.1';
}

/** `02/Jan/2026:15:04:05 +0000` */
function logDate(date: Date): string {
  const [, day, month, year, time] = /, (\d+) (\w+) (\d+) (\S+)/.exec(date.toUTCString()) as RegExpExecArray;
  return `${day}/${month}/${year}:${time} +0000`;
}

interface Flags {
  readonly quote: boolean;
  readonly escape: boolean;
  readonly hexadecimal: boolean;
}

const NO_FLAGS: Flags = { quote: false, escape: false, hexadecimal: false };

/** Compiles `text` for rules of `scope`; throws a RuleError in HAProxy's wording. */
export function compileFormat(text: string, scope: Scope): Format {
  const parts = join(new Parser(text, scope).parse());
  const constant = parts.length === 0 ? '' : parts.length === 1 && typeof parts[0] === 'string' ? parts[0] : undefined;
  return { parts, constant, render: constant === undefined ? rendering(parts) : constantly(constant) };
}

/** A text that is taken as it is. */
export function literalFormat(text: string): Format {
  return { parts: [text], constant: text, render: constantly(text) };
}

function join(parts: readonly Part[]): readonly Part[] {
  const joined: Part[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (typeof part === 'string' && typeof last === 'string') joined[joined.length - 1] = last + part;
    else joined.push(part);
  }
  return joined;
}

function rendering(parts: readonly Part[]): Render {
  const [first] = parts;
  if (parts.length === 1 && typeof first === 'function') return first;
  return (context) => {
    let out = '';
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i] as Part;
      out += typeof part === 'string' ? part : part(context);
    }
    return out;
  };
}

class Parser {
  private readonly text: string;
  private readonly scope: Scope;
  private readonly parts: Part[] = [];
  private at = 0;
  /** Set by `%o` for all that follows. */
  private standing = NO_FLAGS;

  constructor(text: string, scope: Scope) {
    this.text = text;
    this.scope = scope;
  }

  parse(): readonly Part[] {
    while (this.at < this.text.length) {
      const percent = this.text.indexOf('%', this.at);
      const end = percent < 0 ? this.text.length : percent;
      if (end > this.at) this.parts.push(this.text.slice(this.at, end));
      this.at = end;
      if (percent >= 0) this.variable();
    }
    return this.parts;
  }

  private variable(): void {
    const flags = this.flags();
    const next = this.text[this.at];
    if (next === undefined) throw new RuleError("truncated line after '%'");
    if (next === '%') {
      this.parts.push('%');
      this.at++;
    } else if (next === '[') {
      this.sample();
    } else {
      this.named(flags);
    }
  }

  /** `%` and, perhaps, `{+Q,-E}`. */
  private flags(): Flags {
    this.at++;
    if (this.text[this.at] !== '{') return this.standing;
    const end = this.text.indexOf('}', this.at);
    if (end < 0) throw new RuleError(`truncated line after '${this.text.slice(this.at + 1)}'`);
    let flags = this.standing;
    for (const flag of this.text.slice(this.at + 1, end).split(',')) flags = withFlag(flags, flag);
    this.at = end + 1;
    return flags;
  }

  private sample(): void {
    const from = this.at + 1;
    const call = this.inSample(from, () => readFetch(this.text, from));
    if (!available(call.row.needs, this.scope)) {
      throw new RuleError(
        `sample fetch <${this.text.slice(from, call.end)}> may not be reliably used here because it needs '${nameOf(call.row.needs)}' which is not available here`,
      );
    }
    const { sample, end } = this.inSample(from, () => readConverters(this.text, call.end, compileFetch(call, this.scope)));
    if (end >= this.text.length) throw new RuleError(`missing ']' after '${this.text.slice(from)}'`);
    if (this.text[end] !== ']') throw new RuleError(`expected ']' after '${this.text.slice(from, end)}', but found '${this.text[end]}'`);
    this.at = end + 1;
    const { get } = asText(sample);
    this.parts.push((context) => {
      const value = get(context);
      return value === undefined ? '' : encodeControls(value);
    });
  }

  private inSample<T>(from: number, build: () => T): T {
    const close = this.text.indexOf(']', from);
    const expression = this.text.slice(from, close < 0 ? undefined : close);
    return within(`failed to parse sample expression <${expression}> : `, build);
  }

  private named(flags: Flags): void {
    const name = /^[A-Za-z]*/.exec(this.text.slice(this.at))?.[0] ?? '';
    if (name === '') {
      throw new RuleError(
        `unexpected variable name near '${this.text[this.at]}' at position ${this.at} line : '${this.text}'. Maybe you want to write a single '%', use the syntax '%%'`,
      );
    }
    this.at += name.length;
    if (name === 'o') {
      this.standing = flags;
      return;
    }
    const variable = BY_NAME.get(name);
    if (variable === undefined) {
      if (isForeignVariable(name)) throw refused(`format variable '%${name}'`);
      throw new RuleError(`no such format variable '${name}'. If you wanted to emit the '%' character verbatim, you need to use '%%'`);
    }
    this.parts.push(decorated(variable.render, flags));
  }
}

function withFlag(flags: Flags, flag: string): Flags {
  const on = flag[0] === '+';
  switch (flag.slice(1)) {
    case 'Q':
      return { ...flags, quote: on };
    case 'E':
      return { ...flags, escape: on };
    case 'X':
      return { ...flags, hexadecimal: on };
    default:
      throw new RuleError(`unknown flag '${flag}' in a log-format: there are Q, E and X, each with '+' or '-'`);
  }
}

/** What flags do to variables; HAProxy's rules leave samples as they are, and so do we. */
function decorated(render: Render, flags: Flags): Render {
  let decorate = render;
  if (flags.hexadecimal) {
    const plain = decorate;
    decorate = (context) => hexadecimal(plain(context));
  }
  if (flags.escape) {
    const plain = decorate;
    decorate = (context) => plain(context).replace(/["\\\]]/g, '\\$&');
  }
  if (flags.quote) {
    const plain = decorate;
    decorate = (context) => `"${plain(context)}"`;
  }
  return decorate;
}

/** Ports in four digits, IPv4 addresses in eight; anything else stays. */
function hexadecimal(text: string): string {
  const ipv4 = readIpv4(text);
  if (ipv4 >= 0) return ipv4.toString(16).toUpperCase().padStart(8, '0');
  return /^\d+$/.test(text) ? Number(text).toString(16).toUpperCase().padStart(4, '0') : text;
}
