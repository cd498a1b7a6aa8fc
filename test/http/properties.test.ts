/**
 * What holds for every message: a valid one survives the way through this hop, whatever pieces it comes in, and whatever
 * comes in pieces means what it means as a whole. Messages are made by fast-check, which shrinks those that fail; what leaves
 * is read by Node's strict parser (test/support/witness.ts).
 *
 * FUZZ_SEED and FUZZ_MS as in test/support/mutate.ts.
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Body } from '../../src/http/body.ts';
import { type Framing, Head } from '../../src/http/head.ts';
import { parseRequestHead, responseFraming } from '../../src/http/parse.ts';
import { ResponseHeads } from '../../src/http/response-heads.ts';
import { fuzzFactor, fuzzSeed, piecesOf, type Stream, telling } from '../support/mutate.ts';
import { type Fields, type SeenRequest, type SeenResponse, valuesOf, witnessRequests, witnessResponse } from '../support/witness.ts';

const LIMIT = 15360;

const options = (numRuns: number) => ({ seed: fuzzSeed, numRuns: Math.round(numRuns * fuzzFactor), includeErrorInReport: true });

// --- messages, as lists of what they are made of

type Line = readonly [name: string, blanks: string, value: string, blanks: string];

interface Chunk {
  readonly data: string;
  readonly zeros: string;
  readonly capital: boolean;
  readonly extension: string;
}

type Content =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly data: string }
  | { readonly kind: 'chunked'; readonly chunks: readonly Chunk[]; readonly trailers: Fields };

interface Message {
  readonly lines: readonly Line[];
  /** Which of `lines` are named in Connection, and go. */
  readonly nominated: readonly number[];
  readonly content: Content;
  /** Where the lines of our own making stand among the others. */
  readonly places: readonly number[];
}

const TOKEN = [..."!#$%&'*+-.^_`|~0123456789ABCXYZabcxyz"];
const VISIBLE = [...'abcXYZ019 \t!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~\x80\xa0\xe9\xff'];
/** Names that this hop acts on: they are put in on purpose, or not at all. */
const MEANINGFUL =
  /^(connection|content-length|transfer-encoding|host|keep-alive|proxy-connection|te|upgrade|http2-settings|expect|cookie|authorization|forwarded|x-forwarded-.*)$/i;

const name = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom('X-A', 'x-a', 'X-B', 'Accept', 'ETag', 'Set-Cookie', 'Via', 'Warning', '__proto__', 'constructor'),
  },
  fc.string({ unit: fc.constantFrom(...TOKEN), minLength: 1, maxLength: 20 }).filter((text) => !MEANINGFUL.test(text)),
);
const value = fc.string({ unit: fc.constantFrom(...VISIBLE), maxLength: 30 }).map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ''));
const blanks = fc.constantFrom(' ', '', '\t', '  \t');
const line: fc.Arbitrary<Line> = fc.tuple(name, blanks, value, blanks);

/** Bytes that look like framing, and any others. */
const data = fc.oneof(
  fc.constantFrom(
    'hello',
    '\r\n',
    '0\r\n\r\n',
    '\r\n0\r\n\r\n',
    '5\r\nhello\r\n',
    'GET / HTTP/1.1\r\nHost: b\r\n\r\n',
    'HTTP/1.1 200 OK\r\n\r\n',
  ),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  fc.nat({ max: 5000 }).map((length) => 'x'.repeat(length)),
);
const chunk: fc.Arbitrary<Chunk> = fc.record({
  data: data.filter((text) => text.length > 0),
  zeros: fc.constantFrom('', '0', '0000'),
  capital: fc.boolean(),
  extension: fc.constantFrom('', ';a', ';a=b', ';a="b c";d'),
});
const trailer = fc.tuple(fc.constantFrom('X-T', 'x-sum', 'Digest'), value);
const content: fc.Arbitrary<Content> = fc.oneof(
  fc.record({ kind: fc.constant('none' as const) }),
  fc.record({ kind: fc.constant('length' as const), data }),
  fc.record({
    kind: fc.constant('chunked' as const),
    chunks: fc.array(chunk, { maxLength: 5 }),
    trailers: fc.array(trailer, { maxLength: 3 }),
  }),
);
const message: fc.Arbitrary<Message> = fc.record({
  lines: fc.array(line, { maxLength: 8 }),
  nominated: fc.uniqueArray(fc.nat({ max: 7 }), { maxLength: 2 }),
  content,
  places: fc.array(fc.nat({ max: 12 }), { minLength: 5, maxLength: 5 }),
});

const HOP_BY_HOP: readonly Line[] = [
  ['Keep-Alive', ' ', 'timeout=5', ''],
  ['proxy-connection', ' ', 'keep-alive', ''],
];

/** The names of the lines that Connection nominates. */
function goners({ lines, nominated }: Message): string[] {
  return nominated.flatMap((index) => lines[index]?.[0] ?? []);
}

/** The field lines, with `own` among them, and those of framing and hop. */
function fieldLines(message: Message, own: readonly Line[]): string {
  const { lines, content, places } = message;
  const tokens = goners(message);
  const extra: Line[] = [...own];
  if (content.kind === 'length') extra.push(['Content-Length', ' ', String(content.data.length), '']);
  if (content.kind === 'chunked') extra.push(['transfer-encoding', '\t', 'Chunked', ' ']);
  if (tokens.length > 0) extra.push(['connection', ' ', `${tokens.join(' ,')}, keep-alive`, ''], ...HOP_BY_HOP);
  const all = [...lines];
  for (const [index, one] of extra.entries()) all.splice(Math.min(places[index % places.length] as number, all.length), 0, one);
  return all.map(([name, before, value, after]) => `${name}:${before}${value}${after}\r\n`).join('');
}

function bodyOf(content: Content): string {
  switch (content.kind) {
    case 'none':
      return '';
    case 'length':
      return content.data;
    case 'chunked':
      return content.chunks.map(({ data }) => data).join('');
  }
}

function wireBody(content: Content): string {
  if (content.kind !== 'chunked') return bodyOf(content);
  const chunks = content.chunks.map(({ data, zeros, capital, extension }) => {
    const size = data.length.toString(16);
    return `${zeros}${capital ? size.toUpperCase() : size}${extension}\r\n${data}\r\n`;
  });
  const trailers = content.trailers.map(([name, value]) => `${name}: ${value}\r\n`);
  return `${chunks.join('')}0\r\n${trailers.join('')}\r\n`;
}

function trailersOf(content: Content): Fields {
  return content.kind === 'chunked' ? content.trailers : [];
}

/** The fields that must leave as they came, in this order. */
function endToEnd(message: Message): Fields {
  const gone = new Set(goners(message).map((name) => name.toLowerCase()));
  return message.lines.flatMap(([name, , value]) => (gone.has(name.toLowerCase()) ? [] : [[name, value] as const]));
}

/** Without those that this hop has a word in: they may stand elsewhere, in another spelling. */
function others(fields: Fields): Fields {
  return fields.filter(([name]) => !/^(content-length|transfer-encoding|host)$/i.test(name));
}

function assertFraming(fields: Fields, { content }: Message): void {
  const length = content.kind === 'length' && content.data.length > 0 ? [String(content.data.length)] : [];
  const lengths = valuesOf(fields, 'content-length').filter((one) => one !== '0');
  assert.deepEqual(lengths, length);
  const coding = valuesOf(fields, 'transfer-encoding').map((one) => one.toLowerCase());
  assert.deepEqual(coding, content.kind === 'chunked' ? ['chunked'] : []);
}

// --- pieces

/** Where a stream is cut, as shares of its length, so that it shrinks with the stream. */
const cuts = fc.array(fc.nat({ max: 9999 }), { maxLength: 12 });

function streamOf(text: string, shares: readonly number[]): Stream {
  return { text, cuts: shares.map((share) => Math.floor((share * text.length) / 10_000)).sort((a, b) => a - b) };
}

// --- the hop: what sessions and exchanges do, without their sockets

interface Relayed {
  /** What leaves, message by message. */
  readonly sent: readonly string[];
  /** What was read of each head, and the data of its body. */
  readonly facts: readonly Facts[];
  /** `refused` for a head, `broken` for a body. */
  readonly end: 'complete' | 'incomplete' | 'refused' | 'broken';
}

/** Everything that a reader of the head goes by, and what became of the body. */
function factsOf(head: Head) {
  const { method, target, status, reason, version, framing, contentLength, bothLengths, keepAlive, upgrade, host } = head;
  const lines = head.fieldLines();
  const read = { method, target, status, reason, version, framing, contentLength, bothLengths, keepAlive, upgrade, host, lines };
  return { ...read, data: '', whole: false };
}
type Facts = ReturnType<typeof factsOf>;

/** Bodies twice: as it goes on, and bare of its framing. */
class Bodies {
  readonly framed = new Body();
  readonly bare = new Body();

  start(framing: Framing, length: number): void {
    this.framed.start(framing, length, true);
    this.bare.start(framing, length, false);
  }

  /** Copies at once what comes of `bytes[at..)`: they are overwritten when they have been taken. */
  take(bytes: Buffer, at: number): { readonly next: number; readonly framed: string; readonly bare: string } {
    const next = this.framed.take(bytes, at, bytes.length);
    const same = this.bare.take(bytes, at, bytes.length);
    assert.equal(same, next);
    return { next, framed: this.framed.view().toString('latin1'), bare: this.bare.view().toString('latin1') };
  }

  get done(): boolean {
    assert.equal(this.bare.done, this.framed.done);
    return this.framed.done;
  }

  get failed(): boolean {
    assert.equal(this.bare.failed, this.framed.failed);
    return this.framed.failed;
  }
}

function relayRequests(stream: Stream): Relayed {
  const head = new Head();
  const bodies = new Bodies();
  const sent: string[] = [];
  const facts: Facts[] = [];
  let inBody = false;
  let held = Buffer.alloc(0);
  let scanned = 0;
  for (const piece of piecesOf(stream)) {
    const bytes = Buffer.concat([held, piece]);
    let at = 0;
    while (at < bytes.length) {
      if (inBody) {
        const { next, framed, bare } = bodies.take(bytes, at);
        if (bodies.failed) return { sent, facts, end: 'broken' };
        sent[sent.length - 1] += framed;
        (facts.at(-1) as Facts).data += bare;
        at = next;
      } else {
        const used = parseRequestHead(bytes, at, bytes.length, head, LIMIT, scanned);
        if (used < 0) return { sent, facts, end: 'refused' };
        scanned = used === 0 ? bytes.length - at : 0;
        if (used === 0) break;
        facts.push(factsOf(head));
        sent.push(`${head.method} ${head.target} HTTP/1.1\r\n${head.fieldLines()}\r\n`);
        bodies.start(head.framing, head.contentLength);
        at += used;
      }
      inBody = !bodies.done;
      if (!inBody) (facts.at(-1) as Facts).whole = true;
    }
    held = Buffer.from(bytes.subarray(at));
    bytes.fill(0x58);
  }
  return { sent, facts, end: inBody || held.length > 0 ? 'incomplete' : 'complete' };
}

function relayResponse(stream: Stream, method: string): Relayed & { readonly bare: string } {
  const heads = new ResponseHeads();
  const head = new Head();
  const bodies = new Bodies();
  const facts: Facts[] = [];
  let sent = '';
  let bare = '';
  let begun = false;
  const say = (end: Relayed['end']) => ({ sent: [sent], facts, bare, end });
  for (const piece of piecesOf(stream)) {
    const bytes = Buffer.from(piece);
    let at = 0;
    if (!begun) {
      heads.feed(bytes, bytes.length);
      for (let outcome = heads.next(head, LIMIT); outcome !== 'more'; outcome = heads.next(head, LIMIT)) {
        if (outcome === 'invalid') return say('refused');
        facts.push(factsOf(head));
        sent += `HTTP/1.1 ${head.status} ${head.reason}\r\n${head.fieldLines()}\r\n`;
        begun = outcome === 'final';
        if (begun) break;
      }
      at = begun ? heads.inPiece(heads.at) : bytes.length;
      if (begun) bodies.start(responseFraming(head, method), head.contentLength);
    }
    if (begun && at < bytes.length && !bodies.done) {
      const taken = bodies.take(bytes, at);
      if (bodies.failed) return say('broken');
      sent += taken.framed;
      bare += taken.bare;
    }
    bytes.fill(0x58);
  }
  return say(begun && (bodies.done || bodies.framed.endOfInput()) ? 'complete' : 'incomplete');
}

// --- what holds

const origin = fc.string({ unit: fc.constantFrom(...`abcXYZ019!$&'()*+,-./:;=?@[]_~%"<>\\^{|}`), maxLength: 30 }).map((rest) => `/${rest}`);
const request = fc.record({
  message,
  method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND', 'BREW'),
  target: origin,
  host: fc.constantFrom('a', 'a.test:80', '[::1]:8080', '192.0.2.1'),
  absolute: fc.boolean(),
  emptyLine: fc.boolean(),
});
type Request = typeof request extends fc.Arbitrary<infer T> ? T : never;

function wireRequest({ message, method, target, host, absolute, emptyLine }: Request): string {
  const asked = absolute ? `http://${host}${target}` : target;
  const lines = fieldLines(message, [['HOST', ' ', host, '\t']]);
  return `${emptyLine ? '\r\n' : ''}${method} ${asked} HTTP/1.1\r\n${lines}\r\n${wireBody(message.content)}`;
}

const response = fc.record({
  message,
  status: fc.constantFrom(200, 201, 206, 304, 404, 500, 599),
  reason: value,
  interim: fc.array(fc.constantFrom(100, 102, 103), { maxLength: 3 }),
  method: fc.constantFrom('GET', 'HEAD', 'POST'),
});
type Response = typeof response extends fc.Arbitrary<infer T> ? T : never;

function bodiless({ method, status }: Response): boolean {
  return method === 'HEAD' || status === 304;
}

function wireResponse(one: Response): string {
  const { message, status, reason, interim } = one;
  const before = interim.map((code) => `HTTP/1.1 ${code} x\r\nLink: y\r\n\r\n`).join('');
  return `${before}HTTP/1.1 ${status} ${reason}\r\n${fieldLines(message, [])}\r\n${bodiless(one) ? '' : wireBody(message.content)}`;
}

/** Changes to a text: whatever stands at a place is replaced. */
const edits = fc.array(
  fc.record({
    at: fc.nat({ max: 9999 }),
    removed: fc.nat({ max: 3 }),
    added: fc.constantFrom('', '\r', '\n', '\r\n', '\0', ' ', '\t', ':', ';', '0', '5', 'x', '\x7f', '\xff', 'Content-Length: 3\r\n'),
  }),
  { minLength: 1, maxLength: 4 },
);
type Edits = typeof edits extends fc.Arbitrary<infer T> ? T : never;

function edited(text: string, changes: Edits): string {
  return changes.reduce((before, { at, removed, added }) => {
    const place = Math.floor((at * before.length) / 10_000);
    return before.slice(0, place) + added + before.slice(place + removed);
  }, text);
}

function assertRequest(got: SeenRequest | undefined, { message, method, target, host }: Request): void {
  assert.ok(got, 'the server sees it');
  assert.deepEqual([got.method, got.target, got.body], [method, target, bodyOf(message.content)]);
  assert.deepEqual(valuesOf(got.fields, 'host'), [host]);
  assertFraming(got.fields, message);
  assert.deepEqual(others(got.fields), endToEnd(message));
  assert.deepEqual(got.trailers, trailersOf(message.content));
}

function assertResponse(got: SeenResponse, one: Response): void {
  const { content } = one.message;
  assert.deepEqual([got.status, got.reason, got.body], [one.status, one.reason, bodiless(one) ? '' : bodyOf(content)]);
  assert.deepEqual(got.interim, one.interim);
  assert.deepEqual(others(got.fields), endToEnd(one.message));
  if (!bodiless(one)) assertFraming(got.fields, one.message);
  assert.deepEqual(got.trailers, bodiless(one) ? [] : trailersOf(content));
}

describe('every valid message', () => {
  it('survives as a request, in any pieces and behind others', () => {
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 3 }), cuts, (requests, shares) => {
        const stream = streamOf(requests.map(wireRequest).join(''), shares);
        telling(stream, () => {
          const { sent, end } = relayRequests(stream);
          assert.equal(end, 'complete');
          assert.equal(sent.length, requests.length);
          const { requests: seen, error } = witnessRequests(Buffer.from(sent.join(''), 'latin1'));
          assert.equal(error, '');
          for (const [index, one] of requests.entries()) assertRequest(seen[index], one);
        });
      }),
      options(500),
    );
  });

  it('survives as a response, in any pieces', async () => {
    await fc.assert(
      fc.asyncProperty(response, cuts, async (one, shares) => {
        const stream = streamOf(wireResponse(one), shares);
        await telling(stream, async () => {
          const { sent, bare, end } = relayResponse(stream, one.method);
          assert.equal(end, 'complete');
          assert.equal(bare, bodiless(one) ? '' : bodyOf(one.message.content), 'for a client that knows no chunks');
          const [text = ''] = sent;
          const got = await witnessResponse(Buffer.from(text, 'latin1'), one.method, true);
          assert.ok(got.whole && got.used === text.length, 'the client sees one response');
          assertResponse(got, one);
        });
      }),
      options(500),
    );
  });
});

describe('every stream, valid or not, means in any pieces what it means as a whole', () => {
  it('as requests', () => {
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 2 }), edits, cuts, (requests, changes, shares) => {
        const text = edited(requests.map(wireRequest).join(''), changes);
        const stream = streamOf(text, shares);
        telling(stream, () => sameMeaning(relayRequests({ text, cuts: [] }), relayRequests(stream)));
      }),
      options(5000),
    );
  });

  it('as a response', () => {
    fc.assert(
      fc.property(response, edits, cuts, (one, changes, shares) => {
        const text = edited(wireResponse(one), changes);
        const stream = streamOf(text, shares);
        telling(stream, () => sameMeaning(relayResponse({ text, cuts: [] }, one.method), relayResponse(stream, one.method)));
      }),
      options(5000),
    );
  });
});

describe('whatever goes on, of a stream valid or not, is to a strict reader what it was to us', () => {
  it('as requests', () => {
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 2 }), edits, cuts, (requests, changes, shares) => {
        const stream = streamOf(edited(requests.map(wireRequest).join(''), changes), shares);
        telling(stream, () => {
          const { sent, facts, end } = relayRequests(stream);
          const seen = witnessRequests(Buffer.from(sent.join(''), 'latin1'));
          assert.equal(seen.error, '');
          const whole = facts.filter(({ whole }) => whole);
          assert.deepEqual(
            seen.requests.map(({ method, target, body }) => [method, target, body]),
            whole.map(({ method, target, data }) => [method, target, data]),
          );
          assert.ok(end !== 'complete' || whole.length === facts.length);
        });
      }),
      options(700),
    );
  });

  it('as a response', async () => {
    await fc.assert(
      fc.asyncProperty(response, edits, cuts, async (one, changes, shares) => {
        const stream = streamOf(edited(wireResponse(one), changes), shares);
        await telling(stream, async () => {
          const { sent, facts, bare, end } = relayResponse(stream, one.method);
          const got = await witnessResponse(Buffer.from(sent.join(''), 'latin1'), one.method, end === 'complete');
          assert.equal(got.whole, end === 'complete');
          if (!got.whole) return;
          assert.deepEqual([got.status, got.body], [facts.at(-1)?.status, bare]);
          assert.equal(got.used, sent.join('').length);
        });
      }),
      options(700),
    );
  });
});

function sameMeaning(whole: Relayed, inPieces: Relayed): void {
  assert.equal(inPieces.end, whole.end);
  // Nothing of a piece goes on that has a flaw: how much of a broken body did is a matter of the pieces.
  const sure = whole.end === 'broken' ? -1 : undefined;
  assert.deepEqual(inPieces.facts.slice(0, sure), whole.facts.slice(0, sure));
}
