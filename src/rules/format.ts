/**
 * Log-format strings (manual 8.2.6): text with `%[fetch,converter]`, variables such as `%ci`, flags `%{+Q}f`, and `%%`. Rules
 * use them for what they put into messages, and logs for their lines; the two treat samples differently:
 *
 *              | samples                                | empty | blanks
 *     rules    | lose the control bytes a message cannot carry; no quotes | ''  | as they stand
 *     logs     | quoted and escaped as flags say, on one line             | `-` | one for many
 *     unique   | as in rules                                              | ''  | one for many
 */

import { logControls } from '../core/log-text.ts';
import { RuleError } from './error.ts';
import { compileFetch, readConverters, readFetch, within } from './expression.ts';
import { escaped, type Flags, type Render, VARIABLES, type Variable, written } from './format-variables.ts';
import { asText } from './sample.ts';
import { available, nameOf, type Scope } from './scope.ts';
import { encodeControls } from './text.ts';

export type { Render } from './format-variables.ts';

/** Literal text, or what is filled in. */
export type Part = string | Render;

export interface Format {
  readonly parts: readonly Part[];
  /** The whole text where nothing is filled in, else undefined. */
  readonly constant: string | undefined;
  readonly render: Render;
  /** Names of the variables and fetches in it. */
  readonly uses: ReadonlySet<string>;
}

/** Whose format it is. */
export interface Style {
  /** Samples go into a message. */
  readonly message: boolean;
  /** What is empty is `-`. */
  readonly mandatory: boolean;
  /** Blanks that follow each other are one. */
  readonly merge: boolean;
  /** Variables of requests are allowed. */
  readonly http: boolean;
}

const MESSAGE: Style = { message: true, mandatory: false, merge: false, http: true };
export const LOG: Style = { message: false, mandatory: true, merge: true, http: true };
export const UNIQUE_ID: Style = { message: true, mandatory: false, merge: true, http: true };

const BY_NAME: ReadonlyMap<string, Variable> = new Map(VARIABLES.map((variable) => [variable.name, variable]));

function constantly(text: string): Render {
  return () => text;
}

/** Compiles `text` for rules of `scope`; throws a RuleError in HAProxy's wording. */
export function compileFormat(text: string, scope: Scope, style: Style = MESSAGE): Format {
  const parser = new Parser(text, scope, style);
  const parts = join(parser.parse());
  const constant = parts.length === 0 ? '' : parts.length === 1 && typeof parts[0] === 'string' ? parts[0] : undefined;
  return { parts, constant, render: constant === undefined ? rendering(parts) : constantly(constant), uses: parser.uses };
}

/** A text that is taken as it is. */
export function literalFormat(text: string): Format {
  return { parts: [text], constant: text, render: constantly(text), uses: new Set() };
}

/** What the parser has read: `optional` may be nothing at all, and takes the blank behind it along. */
type Piece = Part | { readonly optional: Render } | typeof BLANK;
const BLANK = Symbol('blank');

/**
 * Texts that follow each other become one. Of blanks only the first counts, none at the beginning; one on both sides of
 * something optional is one if that is nothing, so the second belongs to it.
 */
function join(pieces: readonly Piece[]): readonly Part[] {
  const joined: Part[] = [];
  let blank = true;
  const add = (part: Part): void => {
    const last = joined.at(-1);
    if (typeof part === 'string' && typeof last === 'string') joined[joined.length - 1] = last + part;
    else joined.push(part);
  };
  for (let i = 0; i < pieces.length; i++) {
    const piece = pieces[i] as Piece;
    if (piece === BLANK) {
      if (!blank) add(' ');
      blank = true;
    } else if (typeof piece === 'object') {
      const { optional } = piece;
      const followed = blank && pieces[i + 1] === BLANK;
      add(followed ? spaced(optional) : optional);
      if (followed) i++;
    } else {
      add(piece);
      blank = false;
    }
  }
  return joined;
}

function spaced(render: Render): Render {
  return (context) => {
    const text = render(context);
    return text === '' ? '' : `${text} `;
  };
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
  readonly uses: Set<string> = new Set();
  private readonly text: string;
  private readonly scope: Scope;
  private readonly style: Style;
  private readonly pieces: Piece[] = [];
  private at = 0;
  /** Set by `%o` for all that follows. */
  private standing: Flags;

  constructor(text: string, scope: Scope, style: Style) {
    this.text = text;
    this.scope = scope;
    this.style = style;
    this.standing = { quote: false, backslash: false, hexadecimal: false, mandatory: style.mandatory };
  }

  parse(): readonly Piece[] {
    while (this.at < this.text.length) {
      const percent = this.text.indexOf('%', this.at);
      const end = percent < 0 ? this.text.length : percent;
      if (end > this.at) this.literal(this.text.slice(this.at, end));
      this.at = end;
      if (percent >= 0) this.variable();
    }
    return this.pieces;
  }

  private literal(text: string): void {
    if (!this.style.merge) {
      this.pieces.push(text);
      return;
    }
    for (const run of text.match(/ +|[^ ]+/g) ?? []) this.pieces.push(run.startsWith(' ') ? BLANK : run);
  }

  private variable(): void {
    const { flags, given } = this.flags();
    const next = this.text[this.at];
    if (next === undefined) {
      if (given === undefined) throw new RuleError("truncated line after '%'");
      throw new RuleError(`parse argument modifier without variable name near '%{${given}}'`);
    }
    if (next === '[') this.sample(flags);
    else if (/[A-Za-z]/.test(next)) this.named(flags);
    else if (given !== undefined) throw new RuleError(`parse argument modifier without variable name near '%{${given}}'`);
    else if (/[\d \t]/.test(next)) {
      throw new RuleError(
        `unexpected variable name near '${next}' at position ${this.at} line : '${this.text}'. Maybe you want to write a single '%', use the syntax '%%'`,
      );
    } else {
      // `%%`; and as HAProxy has it, any other sign stands for itself.
      this.pieces.push(next);
      this.at++;
    }
  }

  /** `%` and, perhaps, `{+Q,-E}`. */
  private flags(): { readonly flags: Flags; readonly given: string | undefined } {
    this.at++;
    if (this.text[this.at] !== '{') return { flags: this.standing, given: undefined };
    const end = this.text.indexOf('}', this.at);
    if (end < 0) throw new RuleError(`truncated line after '${this.text.slice(this.at + 1)}'`);
    const given = this.text.slice(this.at + 1, end);
    let flags = this.standing;
    for (const flag of given.split(/[, ]/)) if (flag !== '') flags = withFlag(flags, flag);
    this.at = end + 1;
    return { flags, given };
  }

  private sample(flags: Flags): void {
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
    this.uses.add(call.name);
    const { get } = asText(sample);
    this.pieces.push(this.style.message ? inMessage(get, flags) : inLog(get, flags));
  }

  private inSample<T>(from: number, build: () => T): T {
    const close = this.text.indexOf(']', from);
    const expression = this.text.slice(from, close < 0 ? undefined : close);
    return within(`failed to parse sample expression <${expression}> : `, build);
  }

  private named(flags: Flags): void {
    const name = /^[A-Za-z][A-Za-z0-9]*/.exec(this.text.slice(this.at))?.[0] ?? '';
    this.at += name.length;
    if (name === 'o') {
      this.standing = flags;
      return;
    }
    const variable = BY_NAME.get(name);
    if (variable === undefined) {
      throw new RuleError(`no such format variable '${name}'. If you wanted to emit the '%' character verbatim, you need to use '%%'`);
    }
    if (variable.http === true && !this.style.http) throw new RuleError(`format variable '${name}' is reserved for HTTP mode`);
    this.uses.add(name);
    const render = variable.compile(flags);
    this.pieces.push(variable.optional === true ? { optional: render } : render);
  }
}

/** HAProxy's messages heed of all flags E alone. */
function inMessage(get: (context: Parameters<Render>[0]) => string | undefined, { backslash }: Flags): Render {
  return (context) => {
    const value = get(context);
    if (value === undefined) return '';
    return backslash ? escaped(encodeControls(value)) : encodeControls(value);
  };
}

/** A decoded line feed would begin another line: manual 8.6 says that it cannot, and unlike HAProxy it cannot here. */
function inLog(get: (context: Parameters<Render>[0]) => string | undefined, flags: Flags): Render {
  return written((context) => {
    const value = get(context);
    return value === undefined ? undefined : logControls(value);
  }, flags);
}

function withFlag(flags: Flags, flag: string): Flags {
  const on = flag[0] === '+';
  switch (flag.slice(1)) {
    case 'Q':
      return { ...flags, quote: on };
    case 'E':
      return { ...flags, backslash: on };
    case 'X':
      return { ...flags, hexadecimal: on };
    case 'M':
      return { ...flags, mandatory: on };
    default:
      throw new RuleError(`unknown flag '${flag}' in a log-format: there are Q, E, X and M, each with '+' or '-'`);
  }
}
