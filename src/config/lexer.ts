/**
 * One line of text to its words (manual 2.2, 2.3): quotes, escapes, comments, environment variables.
 *
 *              | separates words | \ escapes                   | $NAME expands
 *   -----------+-----------------+-----------------------------+--------------
 *   bare       | space, tab      | space \ " ' # n r t xNN     | no
 *   "..."      | nothing         | the same, and $             | yes
 *   '...'      | nothing         | nothing                     | no
 *
 * The line is bytes, one character each, and so are its words: `\xe9` is the byte E9.
 *
 * Any other backslash stays as it is, so that `path_reg \.php$` needs no quotes. Lines are never continued.
 */

/** Reads a variable; pseudo-variables such as `.LINE` are asked for with their dot. */
export type Lookup = (name: string) => string | undefined;

export type Lexed =
  | { readonly words: readonly string[] }
  /** `line` is without its indentation; `column` counts from 0 in it, `position` from 1 in the line as it stands. */
  | { readonly error: string; readonly column: number; readonly position: number; readonly line: string };

export function lexLine(text: string, lookup: Lookup): Lexed {
  const line = text.replace(/^[ \t]+/, '');
  return new Lexer(line, lookup, text.length - line.length).run();
}

class LexicalError extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

const SIMPLE: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

class Lexer {
  private readonly text: string;
  private readonly lookup: Lookup;
  private readonly indentation: number;
  private readonly words: string[] = [];
  private position = 0;
  private word = '';
  /** True inside a word, also when it is still empty because of its quotes. */
  private inWord = false;

  constructor(text: string, lookup: Lookup, indentation: number) {
    this.text = text;
    this.lookup = lookup;
    this.indentation = indentation;
  }

  run(): Lexed {
    try {
      while (this.position < this.text.length && !this.atComment()) this.bare();
      this.endWord();
      return { words: this.words };
    } catch (error) {
      if (!(error instanceof LexicalError)) throw error;
      return { error: error.message, column: error.at, position: this.indentation + error.at + 1, line: this.text };
    }
  }

  private atComment(): boolean {
    const char = this.text[this.position];
    return char === '#' || char === '\n' || char === '\r';
  }

  private bare(): void {
    const char = this.text[this.position];
    if (char === ' ' || char === '\t') {
      this.endWord();
      this.position++;
      return;
    }
    this.inWord = true;
    if (char === '"') this.weak();
    else if (char === "'") this.strong();
    else if (char === '\\') this.escape('');
    else this.take();
  }

  private strong(): void {
    const end = this.text.indexOf("'", this.position + 1);
    if (end < 0) throw new LexicalError('unmatched quote', this.position);
    this.word += this.text.slice(this.position + 1, end);
    this.position = end + 1;
  }

  private weak(): void {
    const start = this.position++;
    for (;;) {
      const char = this.text[this.position];
      if (char === undefined) throw new LexicalError('unmatched quote', start);
      if (char === '"') break;
      if (char === '\\') this.escape('$');
      else if (char === '$') this.variable();
      else this.take();
    }
    this.position++;
  }

  private take(): void {
    this.word += this.text[this.position++];
  }

  /** `more` lists what a backslash escapes here beyond what it escapes everywhere. */
  private escape(more: string): void {
    const next = this.text[this.position + 1] ?? '';
    const simple = SIMPLE[next];
    if (next === 'x') {
      this.hexadecimal();
    } else if (simple !== undefined) {
      this.word += simple;
      this.position += 2;
    } else if (next !== '' && ` \t\\"'#${more}`.includes(next)) {
      this.word += next;
      this.position += 2;
    } else {
      this.take();
    }
  }

  private hexadecimal(): void {
    const digits = this.text.slice(this.position + 2, this.position + 4);
    if (!/^[0-9A-Fa-f]{2}$/.test(digits)) throw new LexicalError('truncated or invalid hexadecimal sequence', this.position);
    this.word += String.fromCharCode(Number.parseInt(digits, 16));
    this.position += 4;
  }

  private variable(): void {
    const start = this.position + 1;
    const braced = this.text[start] === '{';
    const from = braced ? start + 1 : start;
    const name = /^\.?[A-Za-z_][A-Za-z0-9_]*/.exec(this.text.slice(from))?.[0];
    if (name === undefined) throw new LexicalError('forbidden first char in environment variable name', from);
    this.position = from + name.length;
    if (braced) this.closeBrace(name, start);
    else this.word += this.lookup(name) ?? '';
  }

  /** What may stand between the name and `}`: `[*]` for a list, or `-` and a default. */
  private closeBrace(name: string, open: number): void {
    const list = this.text.startsWith('[*]', this.position);
    if (list) this.position += 3;
    let fallback = '';
    if (!list && this.text[this.position] === '-') {
      const end = this.text.indexOf('}', this.position);
      if (end < 0) throw new LexicalError('unmatched brace in environment variable name', open);
      fallback = this.text.slice(this.position + 1, end);
      this.position = end;
    }
    if (this.text[this.position] !== '}') throw new LexicalError('unmatched brace in environment variable name', open);
    this.position++;
    const value = this.lookup(name) ?? fallback;
    if (list) this.addList(value);
    else this.word += value;
  }

  /** Each item becomes a word of its own; no item, no word. */
  private addList(value: string): void {
    const items = value.split(/[ \t]+/).filter((item) => item !== '');
    const last = items.pop();
    for (const item of items) {
      this.words.push(this.word + item);
      this.word = '';
    }
    if (last !== undefined) this.word += last;
    else if (this.word === '') this.inWord = false;
  }

  private endWord(): void {
    if (this.inWord) this.words.push(this.word);
    this.word = '';
    this.inWord = false;
  }
}
