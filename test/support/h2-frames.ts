/** HTTP/2 by hand (RFC 9113 4, 6): frames as bytes, whatever they say, and what comes back. */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { errorName } from './h2.ts';
import { until } from './wait.ts';

export const Type = {
  Data: 0,
  Headers: 1,
  Priority: 2,
  Reset: 3,
  Settings: 4,
  PushPromise: 5,
  Ping: 6,
  GoAway: 7,
  WindowUpdate: 8,
  Continuation: 9,
} as const;
export type Type = (typeof Type)[keyof typeof Type];

export const Flag = { EndStream: 1, Ack: 1, EndHeaders: 4, Padded: 8, Priority: 32 } as const;

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export function number32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, 4 * index);
  return bytes;
}

/** A header block of literals that are never indexed, without Huffman's code (RFC 7541 6.2.3). */
export function block(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0x10]), text(name), text(value)]));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([integer(bytes.length, 7), bytes]);
}

/** RFC 7541 5.1 */
function integer(value: number, bits: number): Buffer {
  const most = 2 ** bits - 1;
  if (value < most) return Buffer.from([value]);
  const bytes = [most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

export const GET: readonly (readonly [string, string])[] = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':authority', 'a.test'],
  [':path', '/'],
];

/** HEADERS that are whole; `ended`: and the stream's end. */
export function headers(stream: number, fields: readonly (readonly [string, string])[], ended = true): Buffer {
  return frame(Type.Headers, Flag.EndHeaders | (ended ? Flag.EndStream : 0), stream, block(fields));
}

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export class FrameClient {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  ended = false;
  private rest: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => this.take(bytes));
    for (const event of ['end', 'close', 'error']) {
      socket.on(event, () => {
        this.ended = true;
      });
    }
  }

  /** Connects to a port, or to a unix socket, and says `preface` with `settings` (identifiers and values by turns). */
  static async connect(
    to: number | string,
    settings: readonly (readonly [id: number, value: number])[] = [],
    preface: Buffer = PREFACE,
  ): Promise<FrameClient> {
    const socket = typeof to === 'number' ? connect(to, '127.0.0.1') : connect(to);
    await once(socket, 'connect');
    const client = new FrameClient(socket);
    const payload = Buffer.concat(
      settings.map(([id, value]) => {
        const entry = Buffer.alloc(6);
        entry.writeUInt16BE(id, 0);
        entry.writeUInt32BE(value, 2);
        return entry;
      }),
    );
    client.send(preface, frame(Type.Settings, 0, 0, payload));
    await client.await('SETTINGS', ({ type }) => type === Type.Settings);
    client.send(frame(Type.Settings, Flag.Ack, 0));
    return client;
  }

  send(...frames: readonly Buffer[]): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(frames));
  }

  async await(what: string, wanted: (frame: Frame) => boolean): Promise<Frame> {
    return until(what, () => this.frames.find(wanted));
  }

  /** How `stream` ends: `END_STREAM`, the name of the error it is reset for, or `GOAWAY` with the connection's. */
  async endOf(stream: number): Promise<string> {
    return until(`the end of stream ${stream}`, () => this.endNow(stream) ?? (this.ended ? 'closed' : undefined));
  }

  private endNow(stream: number): string | undefined {
    for (const { type, flags, stream: of, payload } of this.frames) {
      if (type === Type.GoAway && payload.readUInt32BE(4) !== 0) return `GOAWAY ${errorName(payload.readUInt32BE(4))}`;
      if (of !== stream) continue;
      if (type === Type.Reset) return errorName(payload.readUInt32BE(0));
      if ((type === Type.Data || type === Type.Headers) && (flags & Flag.EndStream) !== 0) return 'END_STREAM';
    }
    return undefined;
  }

  close(): void {
    this.socket.destroy();
  }

  private take(bytes: Buffer): void {
    this.rest = Buffer.concat([this.rest, bytes]);
    while (this.rest.length >= 9) {
      const length = this.rest.readUIntBE(0, 3);
      if (this.rest.length < 9 + length) return;
      const [, , , type = 0, flags = 0] = this.rest;
      const stream = this.rest.readUInt32BE(5) & 0x7fffffff;
      this.frames.push({ type, flags, stream, payload: Buffer.from(this.rest.subarray(9, 9 + length)) });
      this.rest = this.rest.subarray(9 + length);
    }
  }
}
