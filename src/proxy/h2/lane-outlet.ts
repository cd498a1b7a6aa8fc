/**
 * What an exchange writes in HTTP/1.1 form, as a stream's response: interim heads, the head, data, trailers, the end.
 *
 *     Head ─(final)─▶ Body ─▶ Done         Head ─(101)─▶ Tunnel, whose end is the stream's
 *
 * Heads come whole and alone, with or without what follows them, as everybody here writes them. What leaves is a copy: the
 * stream keeps it until the client's window lets it go.
 */

import { createHash } from 'node:crypto';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { Body } from '../../http/body.ts';
import { Framing } from '../../http/head.ts';
import type { Outlet } from '../outlet.ts';
import { resetStream } from './node-session.ts';
import { ResponseForm, trailersOf } from './response.ts';

const NOTHING = Buffer.alloc(0);

const State = { Head: 0, Body: 1, Tunnel: 2, Done: 3 } as const;
type State = (typeof State)[keyof typeof State];

/** RFC 6455 4.2.2: the answer to a client's key. */
function proofOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

export class LaneOutlet implements Outlet {
  readonly copies: boolean = true;
  onDrain: () => void = () => {};
  /** What it carries is a tunnel, or was one. */
  tunnelled = false;
  /** It has reset the stream: what came was no response. */
  failed = false;

  private stream: ServerHttp2Stream | undefined = undefined;
  private state: State = State.Head;
  private isHead = false;
  private key = '';
  private waiting = false;
  private written = 0;
  private readonly form: ResponseForm = new ResponseForm();
  private readonly body: Body = new Body();

  /** `isHead`: its method is HEAD. `key`: what a server of WebSocket has to prove itself by (RFC 6455 4.2.2). */
  attach(stream: ServerHttp2Stream, isHead: boolean, key: string): void {
    this.stream = stream;
    this.state = State.Head;
    this.isHead = isHead;
    this.key = key;
    this.waiting = false;
    this.written = 0;
    this.tunnelled = false;
    this.failed = false;
  }

  detach(): void {
    this.stream = undefined;
    this.body.clear();
  }

  // --- as the exchange's outlet

  get pending(): number {
    return this.stream === undefined ? 0 : this.stream.writableLength;
  }

  get taken(): number {
    return this.written - this.pending;
  }

  get behind(): boolean {
    return this.stream?.writableNeedDrain === true;
  }

  get finished(): boolean {
    return this.state === State.Done && this.stream?.writableFinished !== false;
  }

  text(text: string): void {
    if (this.stream === undefined) return;
    if (this.state === State.Head) this.head(text);
    else this.bytes(Buffer.from(text, 'latin1'));
  }

  bytes(bytes: Buffer): void {
    const { stream } = this;
    if (stream === undefined || stream.destroyed) return;
    switch (this.state) {
      case State.Head:
        this.head(bytes.toString('latin1'));
        return;
      case State.Tunnel:
        this.write(stream, Buffer.from(bytes));
        return;
      case State.Body:
        this.take(stream, bytes);
    }
  }

  cork(): void {}
  uncork(): void {}

  end(): void {
    this.finish();
  }

  // --- what it is in HTTP/2

  /** Nothing more comes. False: what has come is no whole response. */
  finish(): boolean {
    const { stream } = this;
    if (this.state === State.Done) return true;
    if (stream === undefined || this.state === State.Head) return false;
    if (this.state === State.Body && !this.body.endOfInput()) return false;
    this.state = State.Done;
    if (!stream.destroyed) stream.end();
    return true;
  }

  private fail(stream: ServerHttp2Stream): void {
    this.failed = true;
    resetStream(stream, constants.NGHTTP2_INTERNAL_ERROR);
  }

  private head(text: string): void {
    const { stream, form } = this;
    if (stream === undefined || stream.destroyed || stream.closed) return;
    if (!form.read(text)) {
      this.fail(stream);
      return;
    }
    const { status } = form;
    if (status === 101) {
      this.tunnel(stream);
      return;
    }
    if (status < 200) {
      stream.additionalHeaders(form.fields);
      if (form.end < text.length) this.head(text.slice(form.end));
      return;
    }
    this.respond(stream, text);
  }

  private respond(stream: ServerHttp2Stream, text: string): void {
    const { form, body } = this;
    const bodiless = this.isHead || form.status === 204 || form.status === 205 || form.status === 304;
    // RFC 9110 15.3.6: it has none, though the server may think so.
    if (form.status === 205) delete form.fields['content-length'];
    // Node writes no other; RFC 9110 15 has them taken for a server's error.
    if (form.status > 599) form.fields[':status'] = 502;
    body.start(bodiless ? Framing.None : form.framing, form.length, false);
    const here = !body.done && form.end < text.length;
    if (here) body.take(Buffer.from(text.slice(form.end), 'latin1'), 0, text.length - form.end);
    if (body.failed) {
      this.fail(stream);
      return;
    }
    const waitForTrailers = !bodiless && form.framing === Framing.Chunked && (!body.done || body.trailers !== '');
    this.state = State.Body;
    try {
      stream.respond(form.fields, {
        endStream: body.done && body.size === 0 && !waitForTrailers,
        sendDate: false,
        waitForTrailers,
      } as object);
    } catch {
      // A field that Node does not write.
      this.fail(stream);
      return;
    }
    if (waitForTrailers) stream.on('wantTrailers', this.onWantTrailers);
    this.pass(stream, here ? body.view() : NOTHING);
  }

  /** The request was RFC 8441's: its answer is 200. */
  private tunnel(stream: ServerHttp2Stream): void {
    const { fields, accept } = this.form;
    if (this.key !== '' && accept !== proofOf(this.key)) {
      this.fail(stream);
      return;
    }
    fields[':status'] = 200;
    delete fields['sec-websocket-accept'];
    this.state = State.Tunnel;
    this.tunnelled = true;
    stream.respond(fields, { sendDate: false } as object);
  }

  private take(stream: ServerHttp2Stream, bytes: Buffer): void {
    const { body } = this;
    body.take(bytes, 0, bytes.length);
    if (body.failed) this.fail(stream);
    else this.pass(stream, body.size === 0 ? NOTHING : Buffer.from(body.view()));
  }

  /** `piece` is ours, and what `body` has taken. */
  private pass(stream: ServerHttp2Stream, piece: Buffer): void {
    if (!this.body.done) {
      if (piece.length > 0) this.write(stream, piece);
      return;
    }
    this.state = State.Done;
    this.written += piece.length;
    if (piece.length > 0) stream.end(piece);
    else if (!stream.writableEnded) stream.end();
  }

  private write(stream: ServerHttp2Stream, piece: Buffer): void {
    this.written += piece.length;
    if (stream.write(piece) || this.waiting) return;
    this.waiting = true;
    stream.on('drain', this.onDrained);
  }

  private readonly onDrained = (): void => this.onDrain();

  private readonly onWantTrailers = (): void => {
    const { stream, body } = this;
    if (stream === undefined || stream.destroyed || stream.closed) return;
    stream.sendTrailers(trailersOf(body.trailers));
  };
}
