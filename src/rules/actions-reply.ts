/** `deny`, `return` and `tarpit`: replies that rules make (manual 4.2, `http-request return`). */

import { readFileSync } from 'node:fs';
import { withoutBreaks } from '../http/chars.ts';
import { errorReply } from '../http/replies.ts';
import type { ActionRow, Run, Words } from './action.ts';
import { isEditable } from './actions-header.ts';
import { RuleError, refused } from './error.ts';
import { type Format, literalFormat } from './format.ts';
import { reasonOf } from './reasons.ts';
import { lowerAscii } from './text.ts';
import type { Final } from './types.ts';

const EMPTY = Buffer.alloc(0);

type Reply = NonNullable<Final['reply']>;

interface Header {
  readonly name: string;
  readonly value: Format;
}

/** What the words of a reply say. */
interface Description {
  status: number;
  contentType: string | undefined;
  /** `default-errorfiles`, or nothing but `deny_status`. */
  page: boolean;
  /** A whole message. */
  errorfile: { readonly status: number; readonly reply: Reply } | undefined;
  body: Format | undefined;
  readonly headers: Header[];
}

const PAYLOADS: ReadonlySet<string> = new Set(['default-errorfiles', 'errorfile', 'errorfiles', 'file', 'lf-file', 'string', 'lf-string']);

class ReplyParser {
  private readonly words: Words;
  private readonly found: Description;
  private payload: string | undefined;
  /** `status`, as against `deny_status`, asks for a reply without a page. */
  private plain = false;
  private readonly denies: boolean;

  constructor(words: Words, status: number, denies: boolean) {
    this.words = words;
    this.denies = denies;
    this.found = { status, contentType: undefined, page: false, errorfile: undefined, body: undefined, headers: [] };
  }

  parse(): Description {
    if (this.denies && this.words.accept('deny_status')) this.status();
    for (let word = this.words.peek(); word !== undefined && this.option(word); word = this.words.peek());
    this.check();
    return this.found;
  }

  private option(word: string): boolean {
    const { words, found } = this;
    if (PAYLOADS.has(word)) {
      words.accept(word);
      this.readPayload(word);
    } else if (words.accept('status')) {
      this.plain = true;
      this.status();
    } else if (words.accept('content-type')) {
      this.plain = true;
      found.contentType = words.argument("'content-type' expects <ctype> as argument");
    } else if (words.accept('hdr')) {
      this.plain = true;
      this.header();
    } else {
      return false;
    }
    return true;
  }

  private status(): void {
    const text = this.words.argument("'status' expects <status_code> as argument");
    const status = /^\d+$/.test(text) ? Number(text) : 0;
    if (status < 200 || status > 599) throw new RuleError(`Unexpected status code '${status}'`);
    this.found.status = status;
  }

  private header(): void {
    const complaint = "'hdr' expects <name> and <value> as arguments";
    const name = this.words.argument(complaint);
    const value = this.words.format(this.words.argument(complaint));
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) throw new RuleError(`'${name}' is not a valid header name`);
    const lower = lowerAscii(name);
    if (lower === 'content-type' || !isEditable(lower)) this.words.warn(`header '${name}' always ignored by the http reply.`);
    else this.found.headers.push({ name, value });
  }

  private readPayload(kind: string): void {
    if (this.payload !== undefined) throw new RuleError(`unexpected '${kind}' argument, '${this.payload}' already defined`);
    this.payload = kind;
    const { words, found } = this;
    switch (kind) {
      case 'default-errorfiles':
        found.page = true;
        return;
      case 'errorfiles':
        throw refused("'errorfiles' with an http-errors section");
      case 'errorfile':
        found.errorfile = readErrorfile(words.argument("'errorfile' expects <file> as argument"));
        return;
      case 'string':
        found.body = literalFormat(words.argument("'string' expects <str> as argument"));
        return;
      case 'lf-string':
        found.body = words.format(words.argument("'lf-string' expects <fmt> as argument"));
        return;
      default: {
        const text = readPayloadFile(words.argument(`'${kind}' expects <file> as argument`)).toString('latin1');
        found.body = kind === 'file' ? literalFormat(text) : words.format(text);
      }
    }
  }

  private hasPage(status: number): boolean {
    return this.words.proxy.errorfiles.has(status) || errorReply(status).status === status;
  }

  private check(): void {
    const { found, payload } = this;
    if (payload === undefined && this.denies && !this.plain) found.page = true;
    if (found.page && !this.hasPage(found.status)) {
      throw new RuleError(`status code '${found.status}' not handled by default with 'default-errorfiles' argument.`);
    }
    const empty = found.body === undefined || found.body.constant === '';
    if (!empty && found.contentType === undefined)
      throw new RuleError('a content type must be defined when non-empty payload is configured');
    if (!empty && (found.status === 204 || found.status === 304)) throw new RuleError(`No body expected for ${found.status} responses`);
    if (empty && found.contentType !== undefined) {
      this.words.warn(`content-type '${found.contentType}' ignored by the http reply because neither errorfile nor payload defined.`);
      found.contentType = undefined;
    }
  }
}

/** The path is bytes, as the rule has it. */
function readPayloadFile(path: string): Buffer {
  try {
    return readFileSync(Buffer.from(path, 'latin1'));
  } catch {
    throw new RuleError(`error opening file '${path}'`);
  }
}

/** A message in a file: the exchange writes its own framing and connection lines. */
function readErrorfile(path: string): { readonly status: number; readonly reply: Reply } {
  const bytes = readPayloadFile(path);
  const text = bytes.toString('latin1');
  const end = /\r?\n\r?\n/.exec(text);
  const lines = (end === null ? text : text.slice(0, end.index)).split(/\r?\n/);
  const start = /^HTTP\/1\.[01] ([2-5]\d\d) ?(.*)$/.exec(lines.shift() ?? '');
  if (end === null || start === null) throw new RuleError(`'${path}': unable to parse headers`);
  let fieldLines = '';
  for (const line of lines) {
    const name = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):/.exec(line)?.[1];
    if (name === undefined) throw new RuleError(`'${path}': unable to parse headers`);
    if (isEditable(lowerAscii(name))) fieldLines += `${line}\r\n`;
  }
  const body = Buffer.from(bytes.subarray(end.index + end[0].length));
  return { status: Number(start[1]), reply: { fieldLines, reason: start[2] as string, body } };
}

function compileReply(kind: Final['kind'], found: Description): Run {
  if (found.page) return always({ kind, status: found.status, reply: undefined, close: false });
  if (found.errorfile !== undefined) return always({ kind, close: false, ...found.errorfile });
  const { status, headers, contentType } = found;
  const reason = reasonOf(status);
  const typeLine = contentType === undefined ? '' : `content-type: ${withoutBreaks(contentType)}\r\n`;
  const body = found.body ?? literalFormat('');
  const make = (ownLines: string, text: string): Final => ({
    kind,
    status,
    close: false,
    reply: { fieldLines: ownLines + typeLine, reason, body: text === '' ? EMPTY : Buffer.from(text, 'latin1') },
  });
  if (body.constant !== undefined && headers.every(({ value }) => value.constant !== undefined)) {
    const lines = headers.map(({ name, value }) => fieldLine(name, value.constant as string));
    return always(make(lines.join(''), body.constant));
  }
  return (context) => {
    let lines = '';
    for (let i = 0; i < headers.length; i++) {
      const { name, value } = headers[i] as Header;
      lines += fieldLine(name, value.render(context));
    }
    return make(lines, body.render(context));
  };
}

/** As in HAProxy, a field whose value is empty is left out. */
function fieldLine(name: string, value: string): string {
  return value === '' ? '' : `${name}: ${withoutBreaks(value)}\r\n`;
}

function always(final: Final): Run {
  return () => final;
}

const REPLY_SYNTAX =
  '[content-type <type>] [ { default-errorfiles | errorfile <file> | file <file> | lf-file <file> | string <str> | lf-string <fmt> } ] [ hdr <name> <fmt> ]*';

export const REPLY_ACTIONS: readonly ActionRow[] = [
  {
    name: 'deny',
    on: 'both',
    syntax: `[ { status | deny_status } <code> ] ${REPLY_SYNTAX}`,
    help: 'Refuses: 403 to a request, 502 in place of a response, or `code`. Without more, with the error page of that status.',
    compile: (words) => compileReply('denied', new ReplyParser(words, words.scope.phase === 'request' ? 403 : 502, true).parse()),
  },
  {
    name: 'tarpit',
    on: 'request',
    syntax: `[ { status | deny_status } <code> ] ${REPLY_SYNTAX}`,
    help: 'Lets the client wait for `timeout tarpit`, then refuses: 500, or `code`. Without more, with the error page of that status.',
    compile: (words) => compileReply('tarpitted', new ReplyParser(words, 500, true).parse()),
  },
  {
    name: 'return',
    on: 'both',
    syntax: `[ status <code> ] ${REPLY_SYNTAX}`,
    help: 'Answers with what follows, 200 without a body by default.',
    compile: (words) => compileReply('intercepted', new ReplyParser(words, 200, false).parse()),
  },
];
