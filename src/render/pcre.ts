/**
 * Regular expressions of routes as HAProxy has them: theirs are JavaScript's, its are PCRE's. What means the same is passed on,
 * what is written differently is rewritten, and what cannot be said with certainty is refused. Hosts are ASCII (RFC 3986, 3.2.2):
 * only there both must agree.
 */

import type { Read } from '../config/values.ts';

/** `source` is valid in JavaScript without the flags `u` and `v`; letters are compared without case. */
export function pcreOf(source: string): Read<string> {
  try {
    return { value: new Translation(source).whole() };
  } catch (error) {
    if (error instanceof Unsayable) return { error: error.message };
    throw error;
  }
}

class Unsayable extends Error {}

const GROUP = /\((?:\?(?:[:=!]|<[=!]|<[^>]*>|[^<]))?/y;
const QUANTIFIER = /(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/y;
const CLASS = /\[(?:\\.|[^\]\\])*\]/sy;
const ESCAPE = /\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|c[a-zA-Z]|0(?!\d)|\d+|.)/sy;
const OTHER = /./sy;

/** PCRE has what it has compiled in 64 KB: of a class or a character no more than so many bytes, of a group so many besides. */
const MOST_BYTES = 50_000;
const BYTES = { class: 40, character: 10, group: 20 };

/** What JavaScript's mean, by their characters; `\v` is any vertical blank in PCRE. */
const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13 };

/** A piece in PCRE's words; `bytes` is what it compiles to, at the most. */
interface Part {
  readonly text: string;
  readonly bytes: number;
}

class Translation {
  private readonly source: string;
  private at = 0;

  constructor(source: string) {
    this.source = source;
  }

  whole(): string {
    const { text, bytes } = this.alternatives();
    if (bytes > MOST_BYTES) throw new Unsayable('it is too large for PCRE');
    return text;
  }

  private alternatives(): Part {
    let [text, bytes] = ['', 0];
    while (this.at < this.source.length && this.source[this.at] !== ')') {
      const part = this.source[this.at] === '(' ? this.group() : this.repeated(this.atom(), false);
      text += part.text;
      bytes += part.bytes;
    }
    return { text, bytes };
  }

  private group(): Part {
    const [opening] = this.take(GROUP) ?? [''];
    const kind = opening.replace(/^\(\?<[^=!].*/s, '(');
    // PCRE wants to know how far to look back; modifiers within are newer than what else is here.
    if (!['(', '(?:', '(?=', '(?!'].includes(kind)) throw new Unsayable(`'${opening}' may mean something else in PCRE`);
    const inside = this.alternatives();
    this.at++;
    const part = { text: `${kind}${inside.text})`, bytes: inside.bytes + BYTES.group };
    if (kind === '(' || kind === '(?:') return this.repeated(part, true);
    if (this.take(QUANTIFIER) !== undefined) throw new Unsayable(`'${opening}' is repeated`);
    return part;
  }

  /** A group that is repeated is written so often, a single character is not. */
  private repeated({ text, bytes }: Part, isGroup: boolean): Part {
    const quantifier = this.take(QUANTIFIER);
    if (quantifier === undefined) return { text, bytes };
    const [written, low = '0', comma = ',', high = ''] = quantifier;
    const [least, most] = [Number(low), comma === '' ? Number(low) : Number(high)];
    if (Math.max(least, most) > 65_535) throw new Unsayable(`'${written}' is too often for PCRE`);
    return { text: text + written, bytes: isGroup ? bytes * Math.max(least + 1, most) : bytes };
  }

  private atom(): Part {
    const char = this.source[this.at];
    if (char === '[') return { text: this.class(), bytes: BYTES.class };
    return { text: char === '\\' ? this.escape() : this.plain(), bytes: BYTES.character };
  }

  private plain(): string {
    const [char = ''] = this.take(OTHER) ?? [];
    if (/[{}\]]/.test(char)) return `\\${char}`;
    return '^$.|'.includes(char) ? char : literal(char.charCodeAt(0));
  }

  private escape(): string {
    const [written = ''] = this.take(ESCAPE) ?? [];
    const what = written.slice(1);
    if (/^[dDwWsSbB]$/.test(what)) return written;
    if (/^[xu]./.test(what)) return literal(Number.parseInt(what.slice(1), 16));
    if (/^c./.test(what)) return literal(what.charCodeAt(1) % 32);
    if (what === '0') return literal(0);
    if (/^[\dkc]/.test(what)) throw new Unsayable(`'${written}' may mean something else in PCRE`);
    // All others are the character itself.
    return literal(CONTROLS[what] ?? what.charCodeAt(0));
  }

  /** Either tells what it takes in the same way, or its characters one by one. */
  private class(): string {
    const [written = ''] = this.take(CLASS) ?? [];
    if (/[^\0-\x7f]/.test(written)) throw new Unsayable(`'${written}' has characters beyond ASCII`);
    if (TAME_CLASS.test(written)) return written;
    const regex = new RegExp(written, 'i');
    const taken = Array.from({ length: 256 }, (_, code) => regex.test(String.fromCharCode(code)));
    if (!taken.includes(true)) return '[^\\x00-\\xff]';
    const runs: string[] = [];
    for (let from = taken.indexOf(true); from >= 0; ) {
      const end = taken.indexOf(false, from);
      const to = end < 0 ? 255 : end - 1;
      runs.push(to === from ? inClass(from) : `${inClass(from)}-${inClass(to)}`);
      from = taken.indexOf(true, to + 1);
    }
    return `[${runs.join('')}]`;
  }

  private take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.source);
    if (match === null) return undefined;
    this.at = pattern.lastIndex;
    return match;
  }
}

/** Both read it alike: letters, digits and ranges of them, a hyphen at the end. */
const TAME_CLASS = /^\[\^?(?:[A-Za-z0-9]-[A-Za-z0-9]|[A-Za-z0-9_.]|\\[dw.])+-?\]$/;

/** That one character. */
function literal(code: number): string {
  if (code > 0xff) throw new Unsayable(`the character U+${code.toString(16).toUpperCase().padStart(4, '0')} is beyond ASCII`);
  const char = String.fromCharCode(code);
  if (/[\w "#%&',/:;<=>@`~!-]/.test(char)) return char;
  return /[!-~]/.test(char) ? `\\${char}` : hex(code);
}

function inClass(code: number): string {
  const char = String.fromCharCode(code);
  return /[A-Za-z0-9]/.test(char) ? char : hex(code);
}

function hex(code: number): string {
  return `\\x${code.toString(16).padStart(2, '0')}`;
}
