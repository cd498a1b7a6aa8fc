/**
 * An independent opinion: what Node's own parser, strict as it comes, reads in bytes. It gets them one by one and without a
 * socket in between, so a reading is over when it returns, and the index of each message's end is known.
 */

import { once } from 'node:events';
import { createServer, type IncomingMessage, METHODS, request } from 'node:http';
import { Duplex } from 'node:stream';

export type Fields = readonly (readonly [name: string, value: string])[];

export interface SeenRequest {
  readonly method: string;
  readonly target: string;
  readonly fields: Fields;
  /** Latin-1, as everywhere here. */
  readonly body: string;
  readonly trailers: Fields;
}

export interface SeenResponse {
  readonly status: number;
  readonly reason: string;
  readonly fields: Fields;
  readonly body: string;
  readonly trailers: Fields;
  /** Status codes of the 1xx before it. */
  readonly interim: readonly number[];
  /** It is complete. When it is not, the other facts are what came until then. */
  readonly whole: boolean;
  /** Bytes it took. */
  readonly used: number;
  /** Why it is not complete, when Node says so. */
  readonly error: string;
}

/** What Node's `http` takes for a socket. */
class Wire extends Duplex {
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: unknown, done: () => void): void {
    done();
  }
}

function pairs(raw: readonly string[]): Fields {
  return Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i] as string, raw[2 * i + 1] as string] as const);
}

function content(message: IncomingMessage): string {
  let text = '';
  // Until nothing is left: a read answers everything, or from Node 26 on what came at once.
  for (let bytes = message.read() as Buffer | null; bytes !== null; bytes = message.read()) text += bytes.toString('latin1');
  return text;
}

const KNOWN: ReadonlySet<string> = new Set(METHODS);
/** Stands for the methods that Node has not heard of. */
const STAND_IN = 'PATCH';

/** The requests of one connection, as they come. */
export class RequestReader {
  readonly requests: SeenRequest[] = [];
  /** Why nothing more is read; empty while something may come. */
  error = '';
  /** Bytes read, up to and with the one that `error` is about. */
  used = 0;
  /** Where the request begins that is being read, behind empty lines. */
  from = 0;
  /** Who asks without Host is seen too: whoever compares has to look. */
  private readonly server = createServer({ requireHostHeader: false });
  private wire = new Wire();
  private current: IncomingMessage | undefined;
  /** The method as far as it is here; undefined behind it. */
  private method: string | undefined = '';
  private asked = '';
  private closed = false;

  constructor() {
    const { server } = this;
    const begin = (message: IncomingMessage) => {
      this.current = message;
    };
    server.on('request', begin);
    server.on('checkExpectation', begin);
    server.on('clientError', (error: NodeJS.ErrnoException & { reason?: string }) => {
      this.error = error.reason ?? error.message;
    });
    server.emit('connection', this.wire);
  }

  /** A request's head is complete, its body is not. */
  get inBody(): boolean {
    return this.current !== undefined;
  }

  feed(bytes: Buffer): void {
    for (let at = 0; at < bytes.length && this.error === ''; at++) {
      const byte = bytes.subarray(at, at + 1);
      this.used++;
      if (this.closed) this.error = 'Data after `Connection: close`';
      else if (this.method === undefined) this.take(byte);
      else this.begin(byte.toString('latin1'));
    }
  }

  close(): void {
    this.wire.destroy();
  }

  private begin(char: string): void {
    const method = this.method as string;
    if (method === '' && (char === '\r' || char === '\n')) {
      this.take(Buffer.from(char));
      this.from = this.used;
    } else if (/[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(char)) this.method += char;
    else {
      const foreign = char === ' ' && method !== '' && !KNOWN.has(method);
      this.asked = foreign ? method : '';
      this.method = undefined;
      this.take(Buffer.from(foreign ? STAND_IN : method));
      this.take(Buffer.from(char, 'latin1'));
    }
  }

  /**
   * Behind an Upgrade that nobody takes up Node's parser reads on, but no longer tells what is wrong; and to a trailer it
   * listens as to a field of the head (RFC 9110 6.5.1: it must not). A new one does neither.
   */
  private renew(): void {
    this.wire.destroy();
    this.wire = new Wire();
    this.server.emit('connection', this.wire);
  }

  private take(bytes: Buffer): void {
    this.wire.emit('data', bytes);
    const message = this.current;
    if (message?.complete !== true) return;
    this.requests.push({
      method: this.asked === '' ? (message.method as string) : this.asked,
      target: message.url as string,
      fields: pairs(message.rawHeaders),
      body: content(message),
      trailers: pairs(message.rawTrailers),
    });
    this.current = undefined;
    this.method = '';
    this.from = this.used;
    // Node goes on behind HTTP/1.0 with both close and keep-alive; RFC 9112 9.3 does not.
    this.closed = isLast(message);
    if (message.headers.upgrade !== undefined || message.rawTrailers.length > 0) this.renew();
  }
}

/** What a request says about its connection (RFC 9112 9.3). */
function isLast({ httpVersion, headers }: IncomingMessage): boolean {
  const tokens = (headers.connection ?? '').toLowerCase().split(/[ \t]*,[ \t]*/);
  return tokens.includes('close') || (httpVersion === '1.0' && !tokens.includes('keep-alive'));
}

/** A reader that has read a whole stream. */
export function witnessRequests(bytes: Buffer): RequestReader {
  const reader = new RequestReader();
  reader.feed(bytes);
  reader.close();
  return reader;
}

/** The response to `method` that `bytes` begins with; `ended`: the connection ends properly behind them. */
export async function witnessResponse(bytes: Buffer, method: string, ended: boolean): Promise<SeenResponse> {
  const wire = new Wire();
  const interim: number[] = [];
  let message: IncomingMessage | undefined;
  let error = '';
  const outgoing = request({ method, createConnection: () => wire }, (response) => {
    message = response;
  });
  outgoing.on('information', ({ statusCode }) => interim.push(statusCode));
  outgoing.on('error', (failure: NodeJS.ErrnoException & { reason?: string }) => {
    error = failure.reason ?? failure.message;
  });
  outgoing.end();
  await once(outgoing, 'socket');
  const over = () => error !== '' || message?.complete === true;
  let used = 0;
  while (used < bytes.length && !over()) wire.emit('data', bytes.subarray(used, ++used));
  if (ended && !over()) wire.emit('end');
  const seen = {
    status: message?.statusCode ?? 0,
    reason: message?.statusMessage ?? '',
    fields: pairs(message?.rawHeaders ?? []),
    body: message === undefined ? '' : content(message),
    trailers: pairs(message?.rawTrailers ?? []),
    interim,
    whole: message?.complete === true && error === '',
    used,
    error,
  };
  wire.destroy();
  return seen;
}

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authentication-info',
  'te',
  'upgrade',
  'http2-settings',
  // Not by the letter, but a hop has its own word in these: whoever compares looks at them apart.
  'content-length',
  'transfer-encoding',
  'host',
  'expect',
]);

/** The names, lower case, that a hop must or may take out of a message with these fields (RFC 9110 7.6.1). */
export function hopByHop(fields: Fields): ReadonlySet<string> {
  const names = new Set(HOP_BY_HOP);
  for (const [name, value] of fields) {
    if (name.toLowerCase() !== 'connection') continue;
    for (const token of value.split(/[ \t]*,[ \t]*/)) names.add(token.toLowerCase());
  }
  return names;
}

export function without(fields: Fields, names: ReadonlySet<string>): Fields {
  return fields.filter(([name]) => !names.has(name.toLowerCase()));
}

/** Values of the field with this name (lower case). */
export function valuesOf(fields: Fields, name: string): string[] {
  return fields.filter(([one]) => one.toLowerCase() === name).map(([, value]) => value);
}

/** Where Node is stricter than it must be: what is edited away when it gives `error` at `at`. */
const LIBERTIES: readonly { readonly error: RegExp; edit(message: string, at: number): string }[] = [
  {
    // RFC 9112 7.1.1: what a chunk extension says is nobody's business, as it goes no further.
    error: /chunk extension/,
    edit: (message, at) => {
      const line = message.lastIndexOf('\n', at - 2) + 1;
      return message.slice(0, line) + message.slice(line).replace(/^([0-9a-f]+);[\t\x20-\x7e\x80-\xff]*(?=\r\n)/i, '$1');
    },
  },
  {
    // RFC 9110 6.5.1: a trailer that must not be there may be dropped.
    error: /Transfer-Encoding/,
    edit: (message, at) => {
      const trailers = /^.*\r\n0+(?:;[^\r\n]*)?(?=\r\n)/s.exec(message.slice(0, at))?.[0].length ?? message.length;
      return message.slice(0, trailers) + message.slice(trailers).replace(/\r\n(?:content-length|transfer-encoding):[^\r\n]*/i, '');
    },
  },
];

/** The message without what Node refuses and we need not; undefined when `error` at index `at` is none of that. */
export function forgive(message: string, error: string, at: number): string | undefined {
  for (const liberty of LIBERTIES) {
    const edited = liberty.error.test(error) ? liberty.edit(message, at) : message;
    if (edited !== message) return edited;
  }
  return undefined;
}

/**
 * In Node's terms, byte for byte: Proxy-Connection was a mistake and means nothing (RFC 9112 C.2.2), but is Connection to
 * Node, so it gets another name; blanks around a value are no part of it (RFC 9112 5.1), but to Node tabs behind some are,
 * and whatever stands behind `chunked`.
 */
export function translated(text: string): string {
  return text
    .replace(/(?<=^|\r\n)(proxy)-(connection)(?=:)/gi, '$1^$2')
    .replace(/(?<=^|\r\n)(?:connection|content-length):[^\r\n]*/gi, (line) => line.replaceAll('\t', ' '))
    .replace(/(?<=(?:^|\r\n)transfer-encoding:)([ \t]*chunked)([ \t]+)(?=\r\n)/gi, '$2$1');
}

/** Whether `got` is the body that was `sent` in a stream with this text, which has been translated. */
export function sameBody(sent: string, got: string, text: string): boolean {
  if (sent === got) return true;
  // The translation does not know bodies: it may have been at work there too.
  const loose = (body: string) => body.replace(/[ \t]/g, '').replaceAll('^', '-');
  return translated(text) !== text && sent.length === got.length && loose(sent) === loose(got);
}

/** The trailers of `got` are some of those that were `sent`, and none that somebody would act on (RFC 9110 6.5.1). */
export function fineTrailers(sent: Fields, got: Fields): boolean {
  const acted =
    /^(connection|content-length|transfer-encoding|host|te|trailer|upgrade|keep-alive|expect|authorization|cookie|set-cookie)$/i;
  return inOrder(got, sent) && !got.some(([name]) => acted.test(name));
}

/** Whether `part` is `whole` without some of its fields. */
function inOrder(part: Fields, whole: Fields): boolean {
  let at = 0;
  for (const [name, value] of whole) {
    const next = part[at];
    if (next?.[0] === name && next[1] === value) at++;
  }
  return at === part.length;
}
