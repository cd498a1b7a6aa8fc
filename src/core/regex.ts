/**
 * HAProxy's regular expressions are PCRE; ours are JavaScript's. What means the same is passed on, what is only
 * written differently is rewritten, and what JavaScript lacks is refused, so that no expression silently matches
 * something else. Expressions work on bytes: no `u` flag, one character a byte. JavaScript's `.`, `\s`, `\v`, flag `m` and
 * flag `i` mean other bytes than PCRE's, and are written out.
 */

const SPACE = '\\x09-\\x0d\\x20';

const POSIX: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: SPACE,
  blank: ' \\t',
  xdigit: '0-9A-Fa-f',
  word: '\\w',
  punct: '!-\\/:-@\\[-`{-~',
  print: ' -~',
  graph: '!-~',
  cntrl: '\\x00-\\x1f\\x7f',
  ascii: '\\x00-\\x7f',
};

/** Escapes for one of several bytes, as members of a bracket expression. */
const SETS: Readonly<Record<string, string>> = {
  d: '\\d',
  D: '\\D',
  w: '\\w',
  W: '\\W',
  s: SPACE,
  S: '\\x00-\\x08\\x0e-\\x1f\\x21-\\xff',
  h: '\\t \\xa0',
  H: '\\x00-\\x08\\x0a-\\x1f\\x21-\\x9f\\xa1-\\xff',
  v: '\\x0a-\\x0d\\x85',
  V: '\\x00-\\x09\\x0e-\\x84\\x86-\\xff',
};

/** Escapes for one byte. */
const BYTES: Readonly<Record<string, number>> = { a: 7, e: 27, f: 12, n: 10, r: 13, t: 9 };

/** Escapes for a place. */
const PLACES: Readonly<Record<string, string>> = { A: '^', z: '$', Z: '(?=\\n?$)', b: '\\b', B: '\\B' };

/** PCRE escapes that JavaScript has nothing for. */
const LACKING = 'CEGKNPQRXgopLUlu';

/** Why a pattern cannot be used, in HAProxy's wording. */
export class RegexError extends Error {}

/** How an expression as a whole reads some of its signs. */
interface Reading {
  readonly start: string;
  readonly end: string;
  readonly dot: string;
  /** Letters are written in both cases: JavaScript's flag takes those of Latin 1 for letters, which are bytes here. */
  readonly fold: boolean;
}

/**
 * Compiles a PCRE pattern; throws a RegexError. `text`: what it meets may end in a line feed, before which PCRE's `$` matches,
 * too; a header has none.
 */
export function compilePattern(pattern: string, ignoreCase: boolean, text = false): RegExp {
  const [inline = '', letters = ''] = /^\(\?([ims]+)\)/.exec(pattern) ?? [];
  const source = pattern.slice(inline.length);
  const caseless = ignoreCase || letters.includes('i');
  const lines = letters.includes('m');
  const fold = caseless && /[\x80-\xff]|\\[xo]/.test(source);
  const reading: Reading = {
    start: lines ? '(?:^|(?<=\\n)(?!$))' : '^',
    end: lines ? '(?=\\n|$)' : text ? '(?=\\n?$)' : '$',
    dot: letters.includes('s') ? '[^]' : '[^\\n]',
    fold,
  };
  try {
    return new RegExp(new Translation(source, reading).text, caseless && !fold ? 'i' : '');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new RegexError(`regex '${pattern}' is invalid (error=${reason(error)})`);
  }
}

function reason(error: SyntaxError): string {
  const at = error.message.lastIndexOf(': ');
  return (at < 0 ? error.message : error.message.slice(at + 2)).toLowerCase();
}

/** One byte, or members of a bracket expression. */
type Item = number | string;

class Translation {
  readonly text: string;
  private readonly source: string;
  private readonly reading: Reading;
  private at = 0;
  private groups = 0;

  constructor(source: string, reading: Reading) {
    this.source = source;
    this.reading = reading;
    let text = '';
    while (this.at < source.length) text += this.next();
    this.text = text;
  }

  private fail(why: string): never {
    throw new RegexError(`regex '${this.source}' is invalid (error=${why})`);
  }

  private lack(what: string): never {
    throw new RegexError(`regex '${this.source}' uses '${what}', which is PCRE's alone`);
  }

  private next(): string {
    const { source, reading } = this;
    const char = source[this.at] as string;
    if (char === '\\') return this.escape();
    if (char === '[') return this.bracket();
    if (char === '(') return this.open();
    refuseLacking(source, this.at);
    this.at++;
    if (char === '^') return reading.start;
    if (char === '$') return reading.end;
    if (char === '.') return reading.dot;
    return /[A-Za-z]/.test(char) ? this.literal(char.charCodeAt(0)) : char;
  }

  private open(): string {
    const { source } = this;
    refuseLacking(source, this.at);
    const [whole, name] = /^\(\?P?<([A-Za-z_]\w*)>/.exec(source.slice(this.at, this.at + 80)) ?? ['('];
    if (name !== undefined || source[this.at + 1] !== '?') this.groups++;
    this.at += whole.length;
    return name === undefined ? whole : `(?<${name}>`;
  }

  /** Outside of brackets. */
  private escape(): string {
    const letter = this.source[this.at + 1] ?? '';
    const place = PLACES[letter];
    if (place !== undefined) {
      this.at += 2;
      return place;
    }
    const [reference] = /^\\(?:[1-9]\d*|k<\w+>)/.exec(this.source.slice(this.at, this.at + 80)) ?? [];
    if (reference !== undefined) return this.refer(reference);
    const item = this.escaped();
    return typeof item === 'number' ? this.literal(item) : `[${item}]`;
  }

  /** To a group further on JavaScript's matches nothing, which PCRE's does not do. */
  private refer(reference: string): string {
    const ahead = /^\\\d$/.test(reference) && Number(reference[1]) > this.groups;
    if (ahead || this.reading.fold) this.lack(reference);
    this.at += reference.length;
    return reference;
  }

  /** What stands behind a backslash, in brackets and outside. */
  private escaped(): Item {
    const { source } = this;
    const letter = source[this.at + 1];
    if (letter === undefined) this.fail('\\ at end of pattern');
    if (letter === 'x') return this.hexadecimal();
    if (letter === 'c') return this.control();
    if (/[0-7]/.test(letter)) return this.octal();
    this.at += 2;
    const byte = BYTES[letter];
    if (byte !== undefined) return byte;
    const set = SETS[letter];
    if (set !== undefined) return set;
    if (LACKING.includes(letter)) this.lack(`\\${letter}`);
    if (/[A-Za-z]/.test(letter)) this.fail('unrecognized character follows \\');
    return letter.charCodeAt(0);
  }

  /** `\xh`, `\xhh`, `\x{h...}`; without digits it is NUL. */
  private hexadecimal(): number {
    const [whole = '', long, short] = /^\\x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{0,2}))/.exec(this.source.slice(this.at)) ?? [];
    this.at += whole.length;
    const code = Number.parseInt(long ?? `0${short}`, 16);
    if (code > 255) this.fail('character code point value in \\x{} or \\o{} is too large');
    return code;
  }

  /** `\cA` */
  private control(): number {
    const of = this.source[this.at + 2]?.toUpperCase() ?? '';
    if (!/^[ -~]$/.test(of)) this.fail('\\c must be followed by a printable ASCII character');
    this.at += 3;
    return of.charCodeAt(0) ^ 64;
  }

  private octal(): number {
    const [digits = ''] = /^[0-7]{1,3}/.exec(this.source.slice(this.at + 1, this.at + 4)) ?? [];
    this.at += 1 + digits.length;
    const code = Number.parseInt(digits, 8);
    if (code > 255) this.fail('octal value is greater than \\377 in 8-bit non-UTF-8 mode');
    return code;
  }

  private literal(code: number): string {
    const char = String.fromCharCode(code);
    if (!/[A-Za-z]/.test(char)) return hex(code);
    return this.reading.fold ? `[${char.toLowerCase()}${char.toUpperCase()}]` : char;
  }

  /** A bracket expression; a `]` that stands first is one of its members. */
  private bracket(): string {
    const { source } = this;
    this.at++;
    const not = source[this.at] === '^';
    if (not) this.at++;
    let members = '';
    for (let first = true; first || source[this.at] !== ']'; first = false) {
      if (this.at >= source.length) this.fail('missing terminating ] for character class');
      members += this.member();
    }
    this.at++;
    return `[${not ? '^' : ''}${members}]`;
  }

  /** A byte, a range, or a class of bytes. */
  private member(): string {
    const { source } = this;
    const low = this.item();
    const range = source[this.at] === '-' && this.at + 1 < source.length && source[this.at + 1] !== ']';
    if (!range) return typeof low === 'number' ? this.range(low, low) : low;
    this.at++;
    const high = this.item();
    if (typeof low !== 'number' || typeof high !== 'number') this.fail('invalid range in character class');
    if (high < low) this.fail('range out of order in character class');
    return this.range(low, high);
  }

  private range(low: number, high: number): string {
    const plain = span(low, high);
    if (!this.reading.fold) return plain;
    // 'A' to 'Z', and 'a' to 'z', the other way round.
    return `${plain}${span(Math.max(low, 65) + 32, Math.min(high, 90) + 32)}${span(Math.max(low, 97) - 32, Math.min(high, 122) - 32)}`;
  }

  private item(): Item {
    const { source } = this;
    const posix = source[this.at] === '[' ? /^\[:(\^?)(\w+):\]/.exec(source.slice(this.at, this.at + 20)) : null;
    if (posix !== null) {
      const [whole, not, name = ''] = posix;
      const members = POSIX[this.reading.fold && (name === 'upper' || name === 'lower') ? 'alpha' : name];
      if (members === undefined || not !== '') this.lack(whole);
      this.at += whole.length;
      return members;
    }
    if (source[this.at] === '\\') {
      if (source[this.at + 1] !== 'b') return this.escaped();
      this.at += 2;
      return 8;
    }
    return source.charCodeAt(this.at++);
  }
}

function span(low: number, high: number): string {
  if (high < low) return '';
  return low === high ? hex(low) : `${hex(low)}-${hex(high)}`;
}

function hex(code: number): string {
  return `\\x${code.toString(16).padStart(2, '0')}`;
}

/** Atomic groups, possessive quantifiers, conditionals and comments, which JavaScript reads otherwise or not at all. */
function refuseLacking(source: string, at: number): void {
  if (/^(?:[*+?}]\+|\(\?(?:>|#|\||\(|R|&|[a-zA-Z-]+[:)])|\(\*)/.test(source.slice(at))) {
    throw new RegexError(`regex '${source}' uses '${source.slice(at, at + 3)}', which is PCRE's alone`);
  }
}
