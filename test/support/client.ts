/** Clients: a raw one that speaks bytes, and whole requests for when the bytes do not matter. */

import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { until } from './wait.ts';

/** A TCP connection that remembers everything it received, as latin1 text. */
export class RawClient {
  readonly socket: Socket;
  /** Everything received and not yet taken by a `read` method. */
  received = '';
  /** Whether the other side has ended or reset the connection. */
  ended = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1');
    });
    socket.on('error', () => {
      this.ended = true;
    });
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('close', () => {
      this.ended = true;
    });
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<RawClient> {
    const socket = connect({ port, host });
    const client = new RawClient(socket);
    await once(socket, 'connect');
    return client;
  }

  /** By TLS, whoever the server says it is; rejects when its handshake fails. */
  static async secure(port: number, options: ConnectionOptions = {}): Promise<RawClient & { readonly socket: TLSSocket }> {
    const socket = connectTls({ port, host: '127.0.0.1', servername: 'example.test', rejectUnauthorized: false, ...options });
    const client = new RawClient(socket);
    await once(socket, 'secureConnect');
    return client as RawClient & { readonly socket: TLSSocket };
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Takes everything up to and including `mark`. */
  async readUntil(mark: string): Promise<string> {
    await until(`${JSON.stringify(mark)} arrives; have ${JSON.stringify(this.received.slice(0, 500))}`, () => {
      if (this.received.includes(mark)) return true;
      if (this.ended) throw new Error(`connection ended after ${JSON.stringify(this.received)}`);
      return false;
    });
    return this.take(this.received.indexOf(mark) + mark.length);
  }

  /** Takes one response with a Content-Length, or none and no body. */
  async readResponse(): Promise<{ readonly status: number; readonly head: string; readonly body: string }> {
    const head = await this.readUntil('\r\n\r\n');
    const length = Number(/\r\ncontent-length: *(\d+)\r\n/i.exec(head)?.[1] ?? 0);
    await until(`${length} bytes of body arrive`, () => this.received.length >= length);
    return { status: Number(head.slice(9, 12)), head, body: this.take(length) };
  }

  /** Waits until the other side closes, and takes what came until then. */
  async readAll(): Promise<string> {
    await until('the connection ends', () => this.ended);
    return this.take(this.received.length);
  }

  close(): void {
    this.socket.destroy();
  }

  private take(length: number): string {
    const taken = this.received.slice(0, length);
    this.received = this.received.slice(length);
    return taken;
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Ask {
  readonly host?: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** `user:password` for basic auth. */
  readonly auth?: string;
  readonly body?: string;
}

/** One request on a connection of its own. */
export function ask(port: number, options: Ask = {}): Promise<Answer> {
  const { body, ...rest } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', ...rest, port, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString('latin1') });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
