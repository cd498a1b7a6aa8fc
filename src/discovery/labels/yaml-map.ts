/**
 * Mappings within mappings, as JSON or in the part of YAML that people write into a variable of a compose file:
 *
 *     www.example.org:                  nothing there: an empty text
 *       "/api":
 *         port: 8000                    a scalar is a text, without its quotes
 *         dest: '/'                     # a comment
 *     other.example.org: { "/": { port: 9000 } }
 *
 * Lists, anchors, tags and texts of several lines are errors. A key that stands twice has the value it has last.
 */

export type YamlMap = ReadonlyMap<string, YamlValue>;
export type YamlValue = string | YamlMap;

const DEEPEST = 8;

class YamlError extends Error {}

/** What is wrong comes as a sentence's end: `is not ...`. */
export function readYamlMap(text: string): { readonly value: YamlMap } | { readonly error: string } {
  try {
    const flow = text.trim();
    if (!flow.startsWith('{')) return { value: new Block(text).whole() };
    const reader = new Flow(flow);
    const value = reader.map(0);
    reader.end();
    return { value };
  } catch (error) {
    if (error instanceof YamlError) return { error: error.message };
    throw error;
  }
}

interface Line {
  readonly number: number;
  readonly indent: number;
  readonly text: string;
}

class Block {
  private readonly lines: readonly Line[];
  private at = 0;

  constructor(text: string) {
    this.lines = text.split(/\r?\n/).flatMap((raw, index) => {
      const line = raw.replace(/(^|\s)#.*$/, '').trimEnd();
      if (line.trim() === '' || line === '---') return [];
      if (/^\s*\t/.test(line)) throw new YamlError(`is indented by a tab in line ${index + 1}`);
      return [{ number: index + 1, indent: line.search(/\S/), text: line.trim() }];
    });
  }

  whole(): YamlMap {
    const first = this.lines[0];
    if (first === undefined) return new Map();
    const map = this.map(first.indent, 0);
    const rest = this.lines[this.at];
    if (rest !== undefined) throw new YamlError(`is indented in another way in line ${rest.number}`);
    return map;
  }

  private map(indent: number, depth: number): YamlMap {
    if (depth > DEEPEST) throw new YamlError('is nested too deeply');
    const map = new Map<string, YamlValue>();
    for (let line = this.lines[this.at]; line !== undefined && line.indent === indent; line = this.lines[this.at]) {
      this.at++;
      const [key, rest] = splitKey(line);
      const next = this.lines[this.at];
      const nested = rest === '' && next !== undefined && next.indent > indent;
      map.set(key, nested ? this.map(next.indent, depth + 1) : scalarOf(rest, line));
    }
    return map;
  }
}

/** `"key": rest` or `key: rest`; a colon without a space behind it is part of the key. */
function splitKey({ text, number }: Line): readonly [key: string, rest: string] {
  const match = /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|([^\s"'[\]{},&*!|>%@`-].*?|-[^\s].*?))\s*:(?:\s+(.*))?$/.exec(text);
  if (match === null) throw new YamlError(`holds no 'key: value' in line ${number}`);
  const [, double, single, plain, rest = ''] = match;
  return [double !== undefined ? unescaped(double) : (single?.replaceAll("''", "'") ?? plain ?? ''), rest.trim()];
}

function scalarOf(text: string, { number }: Line): YamlValue {
  if (text.startsWith('{')) {
    const flow = new Flow(text);
    const map = flow.map(0);
    flow.end();
    return map;
  }
  const quoted = /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)')$/.exec(text);
  if (quoted !== null) return quoted[1] !== undefined ? unescaped(quoted[1]) : (quoted[2] ?? '').replaceAll("''", "'");
  if (/^["'[\]{}&*!|>%@`]|^- /.test(text)) throw new YamlError(`holds more than a plain value in line ${number}`);
  return text === '~' || text === 'null' ? '' : text;
}

function unescaped(text: string): string {
  return text.replace(/\\(["\\/])/g, '$1');
}

/** `{ "/": { "port": 8000, dest: '/' } }` */
class Flow {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  map(depth: number): YamlMap {
    if (depth > DEEPEST) throw new YamlError('is nested too deeply');
    const map = new Map<string, YamlValue>();
    this.want('{');
    for (this.space(); !this.take('}'); this.space()) {
      const key = this.scalar(/[^\s:,{}[\]"']+/y);
      this.space();
      this.want(':');
      this.space();
      map.set(key, this.text[this.at] === '{' ? this.map(depth + 1) : this.scalar(/[^\s,{}[\]"']*/y));
      this.space();
      if (!this.take(',') && this.text[this.at] !== '}') throw new YamlError(`holds no ',' or '}' at character ${this.at + 1}`);
    }
    return map;
  }

  end(): void {
    this.space();
    if (this.at < this.text.length && this.text[this.at] !== '#') throw new YamlError(`goes on behind its last '}'`);
  }

  private scalar(plain: RegExp): string {
    const double = this.match(/"((?:[^"\\]|\\.)*)"/y);
    if (double !== undefined) return unescaped(double[1] ?? '');
    const single = this.match(/'((?:[^']|'')*)'/y);
    if (single !== undefined) return (single[1] ?? '').replaceAll("''", "'");
    const match = this.match(plain);
    if (match === undefined) throw new YamlError(`holds no plain value at character ${this.at + 1}`);
    return match[0] === '~' || match[0] === 'null' ? '' : match[0];
  }

  private space(): void {
    this.match(/\s*/y);
  }

  private take(sign: string): boolean {
    if (this.text[this.at] !== sign) return false;
    this.at++;
    return true;
  }

  private want(sign: string): void {
    if (!this.take(sign)) throw new YamlError(`holds no '${sign}' at character ${this.at + 1}`);
  }

  private match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match !== null) this.at = pattern.lastIndex;
    return match ?? undefined;
  }
}
