/** The two sides of the wire as the data plane reads them, without sockets: bytes in pieces to events (test/http/cases/streams.ts). */

import { Body } from '../../src/http/body.ts';
import { Framing, Head } from '../../src/http/head.ts';
import { parseRequestHead, Refusal, responseFraming } from '../../src/http/parse.ts';
import { ResponseHeads } from '../../src/http/response-heads.ts';

const LIMIT = 15_360;

/** What is read of a client's bytes, which come in `pieces`. Pieces are overwritten once they were read. */
export function readRequests(pieces: Iterable<Buffer>): string[] {
  const events: string[] = [];
  const head = new Head();
  const body = new Body();
  let held: Buffer = Buffer.alloc(0);
  let scanned = 0;
  let data: string | undefined;
  for (const piece of pieces) {
    const bytes = Buffer.concat([held, piece]);
    piece.fill(0x58);
    let at = 0;
    for (;;) {
      if (data === undefined) {
        const used = parseRequestHead(bytes, at, bytes.length, head, LIMIT, scanned);
        if (used < 0) return [...events, `!${nameOf(used)}`];
        scanned = used === 0 ? bytes.length - at : 0;
        if (used === 0) break;
        at += used;
        body.start(head.framing, head.contentLength, false);
        data = '';
      }
      if (!body.done) {
        at = body.take(bytes, at, bytes.length);
        if (body.failed) return [...events, `${head.method} ${head.target} !body`];
        data += body.view().toString('latin1');
        if (!body.done) break;
      }
      events.push(`${head.method} ${head.target} ${JSON.stringify(data)}`);
      data = undefined;
      if (!head.keepAlive) return [...events, 'close'];
    }
    held = Buffer.from(bytes.subarray(at));
  }
  return [...events, data === undefined ? '…' : `${head.method} ${head.target} ${JSON.stringify(data)} …`];
}

/** What is read of one response to `method`, up to its end; `ends`: the server closes behind the last piece. */
export function readResponse(pieces: Iterable<Buffer>, method: string, ends: boolean): string[] {
  const events: string[] = [];
  const heads = new ResponseHeads();
  const head = new Head();
  const body = new Body();
  heads.reset();
  let data: string | undefined;
  let over = false;
  let surplus = 0;
  const finish = (): void => {
    over = true;
    events.push(`${head.status} ${head.status === 101 ? `^${head.upgrade}` : JSON.stringify(data)}`);
  };
  for (const piece of pieces) {
    let bytes = piece;
    let at = 0;
    if (data === undefined) {
      heads.feed(piece, piece.length);
      while (data === undefined) {
        const outcome = heads.next(head, LIMIT);
        if (outcome === 'more') break;
        if (outcome === 'invalid') return [...events, '!'];
        if (outcome === 'interim') events.push(`${head.status}`);
        else {
          data = '';
          const framing = head.status === 101 ? Framing.None : responseFraming(head, method);
          body.start(framing, head.contentLength, false);
        }
      }
      if (data === undefined) {
        piece.fill(0x58);
        continue;
      }
      bytes = heads.bytes.subarray(0, heads.end);
      at = heads.at;
    }
    if (!over && !body.done) {
      at = body.take(bytes, at, bytes.length);
      if (body.failed) return [...events, `${head.status} !body`];
      data += body.view().toString('latin1');
    }
    if (!over && body.done) finish();
    surplus += bytes.length - at;
    piece.fill(0x58);
  }
  if (over) return surplus === 0 ? events : [...events, `surplus ${surplus}`];
  if (data === undefined) return [...events, ends ? 'cut' : '…'];
  if (!ends) return [...events, `${head.status} ${JSON.stringify(data)} …`];
  if (!body.endOfInput()) return [...events, `${head.status} ${JSON.stringify(data)} cut`];
  finish();
  return [...events, 'close'];
}

function nameOf(used: number): string {
  return Object.entries(Refusal).find(([, value]) => value === used)?.[0] ?? String(used);
}
