/** A client of HTTP/2: Node's, with what came of a stream in one object. */

import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';

export interface StreamAnswer {
  /** 0: there was no response. */
  readonly status: number;
  /** Without `:status`. */
  readonly fields: Readonly<Record<string, string | string[] | undefined>>;
  readonly interim: readonly number[];
  /** Latin-1. */
  readonly body: string;
  readonly trailers: Readonly<Record<string, string | string[] | undefined>>;
  /** The name of the error that it was reset for; `NO_ERROR` for a stream that came to its end. */
  readonly reset: string;
}

const NAMES = new Map(
  Object.entries(constants)
    .filter(([name]) => /^NGHTTP2_(?!ERR_|FLAG_|SETTINGS_|HCAT_|NV_|STREAM_STATE_|SESSION_|DEFAULT_)[A-Z0-9_]+$/.test(name))
    .map(([name, code]) => [code, name.slice('NGHTTP2_'.length)]),
);

/** RFC 9113 7 */
export function errorName(code: number | undefined): string {
  return NAMES.get(code ?? 0) ?? String(code);
}

export class H2Client {
  readonly session: ClientHttp2Session;
  private readonly socket: Socket;
  /** The GOAWAY that came, by its error's name. */
  goaway: string | undefined = undefined;

  private constructor(session: ClientHttp2Session, socket: Socket) {
    this.session = session;
    this.socket = socket;
    session.on('goaway', (code) => {
      this.goaway = errorName(code);
    });
    session.on('error', () => {});
  }

  /** `authority`: `http://127.0.0.1:80`, clear text. */
  static async connect(authority: string, options: Parameters<typeof connect>[1] = {}): Promise<H2Client> {
    const { hostname, port } = new URL(authority);
    return H2Client.over(connectTcp(Number(port), hostname), authority, options);
  }

  /** On a socket that is there, or will be. */
  static async over(socket: Socket, authority: string, options: Parameters<typeof connect>[1] = {}): Promise<H2Client> {
    const client = new H2Client(connect(authority, { ...options, createConnection: () => socket }), socket);
    await once(client.session, 'remoteSettings');
    return client;
  }

  /** A stream that the test goes on with. */
  open(fields: OutgoingHttpHeaders, options: Parameters<ClientHttp2Session['request']>[1] = {}): ClientHttp2Stream {
    const stream = this.session.request({ ':path': '/', ...fields }, options);
    stream.on('error', () => {});
    return stream;
  }

  /** A request with its answer; `body` makes it a POST unless `:method` says otherwise. */
  async ask(fields: OutgoingHttpHeaders, body?: string | Buffer, trailers?: OutgoingHttpHeaders): Promise<StreamAnswer> {
    const method = body === undefined ? {} : { ':method': 'POST' };
    const stream = this.open({ ...method, ...fields }, trailers === undefined ? {} : { waitForTrailers: true });
    if (trailers !== undefined) stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    const answer = answerOf(stream);
    if (body !== undefined) stream.end(body);
    return answer;
  }

  /** Breaks the connection: the other side gets a reset. */
  vanish(): void {
    this.socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    if (this.session.destroyed) return;
    const closed = once(this.session, 'close');
    this.session.destroy();
    await closed;
  }
}

/** Without Node's symbol. */
function plain(fields: IncomingHttpHeaders): StreamAnswer['fields'] {
  return Object.fromEntries(Object.entries(fields));
}

/** Resets a stream where it is: Node's `close` ends its data first. */
export function resetStream(stream: ClientHttp2Stream, code: number): void {
  stream._final = (done) => done();
  stream.close(code);
}

/** What comes of `stream`, when it is closed. */
export async function answerOf(stream: ClientHttp2Stream): Promise<StreamAnswer> {
  let status = 0;
  let fields: StreamAnswer['fields'] = {};
  let trailers: StreamAnswer['trailers'] = {};
  let body = '';
  const interim: number[] = [];
  stream.on('headers', (head) => interim.push(Number(head[':status'])));
  stream.on('response', ({ ':status': code, ...rest }) => {
    status = Number(code);
    fields = plain(rest);
  });
  stream.on('trailers', (lines) => {
    trailers = plain(lines);
  });
  stream.setEncoding('latin1').on('data', (text: string) => {
    body += text;
  });
  await new Promise((resolve) => stream.on('close', resolve));
  return { status, fields, interim, body, trailers, reset: errorName(stream.rstCode) };
}
