/**
 * A response to a check as it comes, just well enough to judge it: status line, fields, and the body up to a limit. As
 * lenient as HAProxy's checks are: bare line feeds, any version number and statuses of any length are taken, an interim
 * response is the response.
 */

export interface Field {
  /** In lower case. */
  readonly name: string;
  readonly value: string;
}

const STATUS_LINE = /^HTTP\/\d\.\d +(\d{1,9})(?: +(.*))?$/;
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

  feed(bytes: string): void {
    if (this.invalid || this.complete) return;
    this.size += bytes.length;
    this.rest += bytes;
    if (!this.headed && !this.readHead()) return;
    this.readBody();
  }

  private readHead(): boolean {
    this.rest = this.rest.replace(/^[\r\n]+/, '');
    const end = /\r?\n\r?\n/.exec(this.rest);
    if (end === null) {
      // Garbage is refused at once, not after the time-out.
      const start = this.rest.slice(0, 5);
      this.invalid = start !== 'HTTP/'.slice(0, start.length) || this.size >= this.limit;
      return false;
    }
    const [first = '', ...lines] = this.rest.slice(0, end.index).split(/\r?\n/);
    this.rest = this.rest.slice(end.index + end[0].length);
    const line = STATUS_LINE.exec(first);
    const fields = readFields(lines);
    if (line === null || fields === undefined) {
      this.invalid = true;
      return false;
    }
    this.status = Number(line[1]);
    this.reason = line[2] ?? '';
    this.fields = fields;
    this.headed = true;
    this.settleBody();
    return !this.invalid;
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

/** Undefined when one of them is none. A folded line is part of the field before. */
function readFields(lines: readonly string[]): readonly Field[] | undefined {
  const fields: { name: string; value: string }[] = [];
  for (const line of lines) {
    const last = fields.at(-1);
    if (/^[ \t]/.test(line)) {
      if (last === undefined) return undefined;
      last.value = `${last.value} ${line.trim()}`;
      continue;
    }
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    if (colon < 0 || !TOKEN.test(name) || line.includes('\0')) return undefined;
    fields.push({ name: name.toLowerCase(), value: line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '') });
  }
  return fields;
}
