/**
 * A response to a check as it comes, just well enough to judge it: status line, fields, and the body up to a limit. As
 * lenient as HAProxy's checks are: bare line feeds, any version number and statuses of any length are taken, an interim
 * response is the response.
 *
 * Whoever answers may mean ill: what is looked at costs no more than its length, however it is made up and cut.
 */

export interface Field {
  /** In lower case. */
  readonly name: string;
  readonly value: string;
}

/** The reason behind it is scanned by hand: it may begin with any number of blanks. */
const STATUS_LINE = /^HTTP\/\d\.\d[ \t]+(\d{1,9})(?=[ \t]|$)/;
const END_OF_HEAD = /\r?\n\r?\n/g;
const LONGEST_END = '\r\n\r'.length;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

type BodyState = 'length' | 'close' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers' | 'done';

export class HttpAnswer {
  status = 0;
  reason = '';
  fields: readonly Field[] = [];
  body = '';
  /** The head is there. */
  headed = false;
  /** What came is no response. */
  invalid = false;
  private readonly bodiless: boolean;
  private readonly limit: number;
  /** What has not been understood yet. */
  private rest = '';
  /** So much of it has no end of the head in it. */
  private searched = 0;
  private size = 0;
  private state: BodyState = 'close';
  /** Of the body, or of the chunk. */
  private left = 0;

  /** `bodiless`: it answers a HEAD. */
  constructor(bodiless: boolean, limit: number) {
    this.bodiless = bodiless;
    this.limit = limit;
  }

  /** Nothing more of it will be looked at. */
  get complete(): boolean {
    return this.headed && (this.state === 'done' || this.size >= this.limit);
  }

  /** What is beyond the limit does not count, also when it comes at once with what does. */
  feed(bytes: string): void {
    if (this.invalid || this.complete) return;
    const part = bytes.slice(0, this.limit - this.size);
    this.size += part.length;
    this.rest += part;
    if (!this.headed && !this.readHead()) return;
    this.readBody();
  }

  private readHead(): boolean {
    if (this.searched === 0) this.rest = this.rest.replace(/^[\r\n]+/, '');
    END_OF_HEAD.lastIndex = this.searched;
    const end = END_OF_HEAD.exec(this.rest);
    if (end === null) {
      this.searched = Math.max(0, this.rest.length - LONGEST_END);
      // Garbage is refused at once, not after the time-out.
      const start = this.rest.slice(0, 5);
      this.invalid = start !== 'HTTP/'.slice(0, start.length) || this.size >= this.limit;
      return false;
    }
    const head = this.rest.slice(0, end.index);
    this.rest = this.rest.slice(end.index + end[0].length);
    const [first = ''] = head.split(/\r?\n/, 1);
    const fields = readFields(head.slice(first.length));
    if (!this.readStatusLine(first) || fields === undefined) {
      this.invalid = true;
      return false;
    }
    this.fields = fields;
    this.headed = true;
    this.settleBody();
    return !this.invalid;
  }

  private readStatusLine(line: string): boolean {
    const [start, status] = STATUS_LINE.exec(line) ?? [];
    if (start === undefined || line.includes('\r')) return false;
    this.status = Number(status);
    this.reason = line.slice(afterBlanks(line, start.length));
    return true;
  }

  private settleBody(): void {
    const lengths = new Set(this.values('content-length').flatMap((value) => value.split(',').map((part) => part.trim())));
    const [length = ''] = lengths;
    const chunked = this.values('transfer-encoding').some((value) => /(?:^|,)\s*chunked\s*$/i.test(value));
    if (this.bodiless || this.status < 200 || this.status === 204 || this.status === 304) this.state = 'done';
    else if (chunked) this.state = 'chunk-size';
    else if (lengths.size === 0) this.state = 'close';
    else this.state = 'length';
    if (lengths.size > 1 || (lengths.size === 1 && !/^\d{1,15}$/.test(length))) this.invalid = true;
    this.left = Number(length);
    if (this.state === 'length' && this.left === 0) this.state = 'done';
  }

  private values(name: string): string[] {
    return this.fields.filter((field) => field.name === name).map((field) => field.value);
  }

  private readBody(): void {
    while (this.rest !== '' && this.state !== 'done' && !this.invalid) if (!this.step()) return;
  }

  /** False while more is needed. */
  private step(): boolean {
    switch (this.state) {
      case 'close':
        this.take(this.rest.length);
        return true;
      case 'length':
        this.take(this.left);
        if (this.left === 0) this.state = 'done';
        return true;
      case 'chunk':
        this.take(this.left);
        if (this.left === 0) this.state = 'chunk-end';
        return true;
      case 'chunk-size':
        return this.line((line) => {
          const [, size] = /^([0-9A-Fa-f]{1,12})[ \t]*(?:;.*)?$/.exec(line) ?? [];
          this.invalid = size === undefined;
          this.left = Number.parseInt(size ?? '0', 16);
          this.state = this.left === 0 ? 'trailers' : 'chunk';
        });
      case 'chunk-end':
        return this.line((line) => {
          this.invalid = line !== '';
          this.state = 'chunk-size';
        });
      default:
        return this.line((line) => {
          if (line === '') this.state = 'done';
        });
    }
  }

  private take(length: number): void {
    const part = this.rest.slice(0, length);
    this.rest = this.rest.slice(length);
    this.left -= part.length;
    this.body += part;
  }

  private line(read: (line: string) => void): boolean {
    const end = this.rest.indexOf('\n');
    if (end < 0) {
      this.refuseEarly();
      return false;
    }
    const line = this.rest.slice(0, this.rest[end - 1] === '\r' ? end - 1 : end);
    this.rest = this.rest.slice(end + 1);
    read(line);
    return true;
  }

  /** A size that is none is seen before its line ends. */
  private refuseEarly(): void {
    if (this.state === 'chunk-size' && !/^[0-9A-Fa-f]+/.test(this.rest)) this.invalid = true;
  }
}

/**
 * Undefined when one of them is none. `text` begins with the line break before them. A folded line is part of the field
 * before; HAProxy writes blanks over the break, as many as it has bytes.
 */
function readFields(text: string): readonly Field[] | undefined {
  const fields: Field[] = [];
  if (text === '') return fields;
  const start = text.indexOf('\n') + 1;
  if (text[start] === ' ' || text[start] === '\t') return undefined;
  const unfolded = text.slice(start).replace(/\r?\n(?=[ \t])/g, (broken) => ' '.repeat(broken.length));
  for (const line of unfolded.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    if (colon < 0 || !TOKEN.test(name) || /[\r\0]/.test(line)) return undefined;
    fields.push({ name: name.toLowerCase(), value: trimBlanks(line.slice(colon + 1)) });
  }
  return fields;
}

/** Not with a regular expression, which looks at the same blanks again and again where they end in something else. */
export function trimBlanks(text: string): string {
  const start = afterBlanks(text, 0);
  let end = text.length;
  while (end > start && (text[end - 1] === ' ' || text[end - 1] === '\t')) end--;
  return text.slice(start, end);
}

function afterBlanks(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\t') at++;
  return at;
}
