/**
 * The chunked coding (RFC 9112 7.1), read strictly and passed on clean.
 *
 *     size [;ext] CRLF  data CRLF  ...  0 [;ext] CRLF  trailers CRLF
 *
 * `scan` takes the next piece of the message and leaves in `output` what of it may go on. Chunks that stand whole in
 * the piece are passed on as they are, so the usual body is a view of the piece and no copy; a size line that was split
 * between two pieces is written anew; extensions are dropped; trailers are held until they are complete and valid.
 * Nothing of a piece leaves before its framing was read.
 */

import { CLASS, CR, HEX, LF, VALUE } from './chars.ts';

const State = {
  Size: 0,
  Extension: 1,
  SizeLf: 2,
  Data: 3,
  DataCr: 4,
  DataLf: 5,
  Trailer: 6,
  TrailerLf: 7,
  Done: 8,
  Failed: 9,
} as const;
type State = (typeof State)[keyof typeof State];

/** 13 hexadecimal digits are 2^52 - 1: a number can hold them exactly. */
const MAX_DIGITS = 13;
const MAX_EXTENSION = 256;
/** Extensions of a whole body, beyond what its data pays for: they cost the receiver more than the sender (CVE-2023-39326). */
const MAX_EXTENSIONS = 16384;
/** Bytes of all trailers, and their lines: as many as HAProxy takes, unless its `tune.http.maxhdr` says otherwise. */
const MAX_TRAILERS = 8192;
const MAX_TRAILER_LINES = 100;

/** chunk-ext of RFC 9112 7.1.1, but for blanks behind the size: some take what stands there for the line's end. */
const EXTENSION =
  /^(?:;[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:[ \t]*=[ \t]*(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[^"\\]|\\.)*"))?(?:[ \t]+(?=;))?)+$/;
const TRAILER = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):/;
/**
 * Fields that a trailer must not carry (RFC 9110 6.5.1): framing, routing, credentials, conditions, what tells how to read
 * the content, and whatever a head has decided by.
 */
const FORBIDDEN_TRAILER =
  /^(?:content-.*|transfer-encoding|host|connection|te|trailer|upgrade|http2-settings|keep-alive|proxy-.*|authorization|www-authenticate|cookie|set-cookie|forwarded|x-forwarded-.*|if-.*|cache-control|expect|max-forwards|pragma|range|age|date|expires|location|retry-after|vary|warning):/i;

const SEMICOLON = 0x3b;
const NOTHING = Buffer.alloc(0);

export class ChunkedBody {
  /** What may go on of the last piece: a view of it, or a copy where something had to be written anew. */
  output: Buffer = NOTHING;
  /** Of the last piece: data, trailers and their end, as `size.ts` counts. */
  counted = 0;
  /** Of the last piece, where it `failed`: the index of what could not be read, and in which state. */
  failedAt = 0;
  failedIn: 'CHUNK_SIZE' | 'CHUNK_CRLF' | 'TRAILERS' = 'CHUNK_SIZE';

  private state: State = State.Size;
  private size = 0;
  private digits = 0;
  private left = 0;
  private extension = 0;
  private extensions = 0;
  /** The line that is being read and must be checked whole: an extension, or one of the trailers. */
  private line = '';
  /** Bytes of all trailers. */
  private trailerBytes = 0;
  private trailerLines = 0;
  private kept = '';
  /** False: only the data goes on, for a receiver that does not know the coding (HTTP/1.0). */
  private framed = true;
  /** Names that go from the trailers, too, since `Connection` names them (RFC 9110 7.6.1). */
  private nominated: ReadonlySet<string> | undefined = undefined;
  /** Start of the run of bytes that goes on as it is, -1 between runs. */
  private runFrom = -1;
  private piece: Buffer = NOTHING;
  private readonly parts: Buffer[] = [];

  reset(framed: boolean, nominated?: ReadonlySet<string>): void {
    this.framed = framed;
    this.nominated = nominated;
    this.state = State.Size;
    this.size = 0;
    this.digits = 0;
    this.left = 0;
    this.extension = 0;
    this.extensions = 0;
    this.kept = '';
  }

  /** Field lines behind the last chunk, as far as they may go on; to be asked for when it is `done`. */
  get trailers(): string {
    return this.kept;
  }

  get done(): boolean {
    return this.state === State.Done;
  }

  get failed(): boolean {
    return this.state === State.Failed;
  }

  /**
   * Reads `bytes[from..to)`; returns the index behind what belongs to this body (`to` unless it ended before) and
   * fills `output`. When `failed` is set the message is broken and nothing of the piece may go on.
   */
  scan(bytes: Buffer, from: number, to: number): number {
    this.piece = bytes;
    this.parts.length = 0;
    this.runFrom = -1;
    this.counted = 0;
    const at = this.walk(bytes, from, to);
    if (this.state !== State.Failed) this.endRun(at);
    if (this.state === State.Failed || this.parts.length === 0) this.output = NOTHING;
    else this.output = this.parts.length === 1 ? (this.parts[0] as Buffer) : Buffer.concat(this.parts);
    this.piece = NOTHING;
    if (this.state >= State.Done) this.nominated = undefined;
    return at;
  }

  private walk(bytes: Buffer, from: number, to: number): number {
    let at = from;
    let step = from;
    // One loop, one state per byte class; data is skipped, not read.
    while (at < to && this.state < State.Done) {
      step = at;
      switch (this.state) {
        case State.Size:
          at = this.readSize(bytes, at, to);
          break;
        case State.Extension:
          at = this.skipExtension(bytes, at, to);
          break;
        case State.SizeLf:
          at = bytes[at] === LF ? this.endSizeLine(at + 1) : this.broken();
          break;
        case State.Data: {
          const taken = Math.min(this.left, to - at);
          if (this.runFrom < 0) this.runFrom = at;
          this.left -= taken;
          this.counted += taken;
          at += taken;
          if (this.left === 0) {
            if (!this.framed) this.endRun(at);
            this.state = State.DataCr;
          }
          break;
        }
        case State.DataCr:
          at = bytes[at] === CR ? this.framingByte(at, State.DataLf) : this.broken();
          break;
        case State.DataLf:
          at = bytes[at] === LF ? this.framingByte(at, State.Size) : this.broken();
          break;
        case State.Trailer:
          at = this.readTrailer(bytes, at, to);
          break;
        case State.TrailerLf:
          at = bytes[at] === LF ? this.endTrailer(at + 1) : this.broken();
          break;
      }
    }
    if (this.state === State.Failed) this.failedAt = step;
    return at;
  }

  /** A byte between two chunks, which goes on as it is. */
  private framingByte(at: number, next: State): number {
    this.markFraming(at);
    if (next === State.Size) this.startSize();
    else this.state = next;
    return at + 1;
  }

  private startSize(): void {
    this.state = State.Size;
    this.size = 0;
    this.digits = 0;
    this.extension = 0;
  }

  /** Digits up to CR or `;`. The size line goes on as it is only when it stands whole and plain in this piece. */
  private readSize(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to && (CLASS[bytes[at] as number] as number) & HEX) {
      const byte = bytes[at] as number;
      this.size = this.size * 16 + (byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57);
      this.digits++;
      at++;
    }
    if (this.digits > MAX_DIGITS) return this.broken();
    if (at === to) {
      this.endRun(from);
      return to;
    }
    if (this.digits === 0) return this.broken();
    const byte = bytes[at];
    const whole = this.digits === at - from && byte === CR && at + 1 < to && bytes[at + 1] === LF;
    if (whole && this.size > 0) {
      this.markFraming(from);
      return this.startData(at + 2);
    }
    if (whole && at + 3 < to && bytes[at + 2] === CR && bytes[at + 3] === LF) {
      this.markFraming(from);
      this.counted++;
      this.state = State.Done;
      return at + 4;
    }
    // Split, with trailers, or with an extension: written anew by endSizeLine.
    this.endRun(from);
    if (byte === CR) this.state = State.SizeLf;
    else if (byte === SEMICOLON) {
      this.state = State.Extension;
      this.line = ';';
    } else return this.broken();
    return at + 1;
  }

  private skipExtension(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to && (CLASS[bytes[at] as number] as number) & VALUE) at++;
    this.extension += at - from;
    this.extensions += at - from;
    if (this.extension > MAX_EXTENSION || this.extensions > MAX_EXTENSIONS) return this.broken();
    this.line += bytes.toString('latin1', from, at);
    if (at === to) return to;
    if (bytes[at] !== CR || !EXTENSION.test(this.line)) return this.broken();
    this.state = State.SizeLf;
    return at + 1;
  }

  /** The size line is complete at `at` and not part of a range. */
  private endSizeLine(at: number): number {
    if (this.size === 0) {
      this.line = '';
      this.trailerBytes = 0;
      this.trailerLines = 0;
      this.kept = '';
      this.state = State.Trailer;
      return at;
    }
    this.extensions = Math.max(0, this.extensions - this.size);
    if (this.framed) this.emit(`${this.size.toString(16)}\r\n`);
    return this.startData(at);
  }

  private startData(at: number): number {
    this.left = this.size;
    this.state = State.Data;
    return at;
  }

  private emit(line: string): void {
    this.parts.push(Buffer.from(line, 'latin1'));
  }

  private markFraming(at: number): void {
    if (this.framed && this.runFrom < 0) this.runFrom = at;
  }

  private endRun(at: number): void {
    if (this.runFrom >= 0 && at > this.runFrom) this.parts.push(this.piece.subarray(this.runFrom, at));
    this.runFrom = -1;
  }

  /** One field line, or the empty one behind the last, up to its LF. */
  private readTrailer(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to && (CLASS[bytes[at] as number] as number) & VALUE) at++;
    this.trailerBytes += at - from;
    if (this.trailerBytes > MAX_TRAILERS) return this.broken();
    // One slice a piece: the line is made one string only when it is complete.
    if (at > from) this.line += bytes.toString('latin1', from, at);
    if (at === to) return to;
    if (bytes[at] !== CR) return this.broken();
    this.state = State.TrailerLf;
    return at + 1;
  }

  /** The line is complete at `at`. What goes on is kept until the last of them was found valid. */
  private endTrailer(at: number): number {
    const { line } = this;
    if (line === '') {
      if (this.framed) this.emit(`0\r\n${this.kept}\r\n`);
      this.counted++;
      this.state = State.Done;
      return at;
    }
    if (++this.trailerLines > MAX_TRAILER_LINES) return this.broken();
    const name = TRAILER.exec(line)?.[1];
    if (name === undefined) return this.broken();
    this.counted += name.length + line.slice(name.length + 1).replace(/^[ \t]+|[ \t]+$/g, '').length;
    if (!FORBIDDEN_TRAILER.test(line) && this.nominated?.has(name.toLowerCase()) !== true) this.kept += `${line}\r\n`;
    this.line = '';
    this.state = State.Trailer;
    return at;
  }

  private broken(): number {
    if (this.state >= State.Trailer) this.failedIn = 'TRAILERS';
    else this.failedIn = this.state >= State.DataCr ? 'CHUNK_CRLF' : 'CHUNK_SIZE';
    this.state = State.Failed;
    return 0;
  }
}
