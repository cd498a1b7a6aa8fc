/**
 * HAProxy's regular expressions are PCRE; ours are JavaScript's. What means the same is passed on, what is only
 * written differently is rewritten, and what JavaScript lacks is refused, so that no expression silently matches
 * something else. Expressions work on bytes: no `u` flag, one character a byte.
 */

const POSIX: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\s',
  blank: ' \\t',
  xdigit: '0-9A-Fa-f',
  word: '\\w',
  punct: '!-\\/:-@\\[-`{-~',
  print: ' -~',
  graph: '!-~',
  cntrl: '\\x00-\\x1f\\x7f',
};

/** PCRE escapes with a JavaScript spelling. */
const ESCAPES: Readonly<Record<string, string>> = {
  A: '^',
  z: '$',
  Z: '$',
  h: '[ \\t]',
  a: '\\x07',
  e: '\\x1b',
};

/** PCRE escapes that JavaScript would take for the letter itself. */
const LACKING = 'CEGHKNQRVXgopLUlu';

/** Why a pattern cannot be used, in HAProxy's wording. */
export class RegexError extends Error {}

/**
 * Compiles a PCRE pattern; throws a RegexError. `text`: what it meets may end in a line feed, before which PCRE's `$` matches,
 * too; a header has none.
 */
export function compilePattern(pattern: string, ignoreCase: boolean, text = false): RegExp {
  let flags = ignoreCase ? 'i' : '';
  let source = pattern;
  const inline = /^\(\?([is]+)\)/.exec(source);
  if (inline !== null) {
    for (const flag of inline[1] as string) if (!flags.includes(flag)) flags += flag;
    source = source.slice(inline[0].length);
  }
  try {
    return new RegExp(translate(source, text ? '(?=\\n?$)' : '$'), flags);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new RegexError(`regex '${pattern}' is invalid (error=${reason(error)})`);
  }
}

function reason(error: SyntaxError): string {
  const at = error.message.lastIndexOf(': ');
  return (at < 0 ? error.message : error.message.slice(at + 2)).toLowerCase();
}

function translate(source: string, end: string): string {
  let out = '';
  let at = 0;
  while (at < source.length) {
    const char = source[at] as string;
    if (char === '\\') {
      out += source[at + 1] === 'Z' ? end : translateEscape(source, at);
      at += 2;
    } else if (char === '[') {
      const [text, next] = translateClass(source, at);
      out += text;
      at = next;
    } else if (source.startsWith('(?P<', at)) {
      out += '(?<';
      at += 4;
    } else {
      refuseLacking(source, at);
      out += char === '$' ? end : char;
      at++;
    }
  }
  return out;
}

/** Atomic groups, possessive quantifiers, conditionals and comments, which JavaScript reads otherwise or not at all. */
function refuseLacking(source: string, at: number): void {
  if (/^(?:[*+?}]\+|\(\?(?:>|#|\||\(|R|&|[a-zA-Z-]+[:)])|\(\*)/.test(source.slice(at))) {
    throw new RegexError(`regex '${source}' uses '${source.slice(at, at + 3)}', which is PCRE's alone`);
  }
}

function translateEscape(source: string, at: number): string {
  const letter = source[at + 1];
  if (letter === undefined) throw new RegexError(`regex '${source}' is invalid (error=\\ at end of pattern)`);
  if (LACKING.includes(letter)) throw new RegexError(`regex '${source}' uses '\\${letter}', which is PCRE's alone`);
  return ESCAPES[letter] ?? `\\${letter}`;
}

/** A bracket expression: POSIX classes written out, and a `]` that stands first taken literally. */
function translateClass(source: string, from: number): [text: string, end: number] {
  let at = from + 1;
  let out = '[';
  if (source[at] === '^') out += source[at++];
  if (source[at] === ']') {
    out += '\\]';
    at++;
  }
  while (at < source.length && source[at] !== ']') {
    const posix = /^\[:(\^?)(\w+):\]/.exec(source.slice(at));
    if (posix !== null) {
      const members = POSIX[posix[2] as string];
      if (members === undefined || posix[1] !== '') throw new RegexError(`regex '${source}' uses '${posix[0]}', which is PCRE's alone`);
      out += members;
      at += posix[0].length;
    } else if (source[at] === '\\') {
      out += source[at + 1] === 'h' ? ' \\t' : translateEscape(source, at);
      at += 2;
    } else {
      out += source[at] === '[' ? '\\[' : source[at];
      at++;
    }
  }
  if (at >= source.length) throw new RegexError(`regex '${source}' is invalid (error=missing terminating ] for character class)`);
  return [`${out}]`, at + 1];
}
