import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Framing, Head } from '../../src/http/head.ts';
import { parseRequestHead, parseResponseHead, Refusal, responseFraming } from '../../src/http/parse.ts';
import { requestCases } from './cases/requests.ts';
import { responseCases } from './cases/responses.ts';

const LIMIT = 15360;

function bytesOf(text: string, raw: true | undefined): Buffer {
  return Buffer.from(raw ? text : text.replaceAll('\n', '\r\n'), 'latin1');
}

type Parse = typeof parseRequestHead;

/** What comes of a head that arrives one more byte at a time, each try going on where the last search stopped. */
function parseByteByByte(parse: Parse, bytes: Buffer, head: Head): number {
  let scanned = 0;
  for (let length = 1; length <= bytes.length; length++) {
    // A copy: what is behind the received bytes must not matter.
    const received = Buffer.concat([bytes.subarray(0, length), Buffer.from('\r\n\r\nGARBAGE')]);
    const used = parse(received, 0, length, head, LIMIT, scanned);
    if (used !== 0) return used;
    scanned = length;
  }
  return 0;
}

/** In two pieces, split at `at`. */
function parseInTwo(parse: Parse, bytes: Buffer, head: Head, at: number): number {
  const first = parse(bytes, 0, at, head, LIMIT, 0);
  return first !== 0 ? first : parse(bytes, 0, bytes.length, head, LIMIT, at);
}

function facts(head: Head, framing: Framing) {
  const kind = Object.entries(Framing).find(([, value]) => value === framing)?.[0];
  return {
    method: head.method,
    target: head.target,
    host: head.host,
    status: head.status,
    reason: head.reason,
    framing: kind,
    length: head.contentLength,
    keepAlive: head.keepAlive,
    upgrade: head.upgrade,
    bothLengths: head.bothLengths,
    lines: head.fieldLines().replaceAll('\r\n', '\n'),
  };
}

interface Case {
  readonly name: string;
  readonly text: string;
  readonly raw?: true;
  readonly method?: string;
  readonly accept?: object;
  readonly refuse?: keyof typeof Refusal;
}

function runCases(title: string, parse: Parse, cases: readonly Case[]): void {
  describe(title, () => {
    for (const one of cases) {
      it(`${one.refuse === undefined ? 'accepts' : 'refuses'}: ${one.name}`, () => {
        const bytes = bytesOf(one.text, one.raw);
        const head = new Head();
        const check = (used: number) => {
          if (one.refuse !== undefined) {
            assert.equal(used, Refusal[one.refuse]);
            return;
          }
          assert.equal(used, bytes.length);
          const framing = parse === parseResponseHead ? responseFraming(head, one.method ?? 'GET') : head.framing;
          const seen = facts(head, framing);
          assert.deepEqual(seen, { ...seen, ...one.accept });
        };
        check(parse(bytes, 0, bytes.length, head, LIMIT, 0));
        if (one.refuse !== undefined) assert.ok(parseByteByByte(parse, bytes, head) < 0);
        else check(parseByteByByte(parse, bytes, head));
        for (let at = 1; at < bytes.length; at++) {
          const used = parseInTwo(parse, bytes, head, at);
          // Where a head is refused early, the reason may be the first that shows.
          if (one.refuse !== undefined) assert.ok(used < 0, `split at ${at}`);
          else check(used);
        }
      });
    }
  });
}

runCases('a request head', parseRequestHead, requestCases);
runCases('a response head', parseResponseHead, responseCases);

describe('limits of a head', () => {
  const head = new Head(3);
  const parse = (text: string, limit = LIMIT) => {
    const bytes = Buffer.from(text, 'latin1');
    return parseRequestHead(bytes, 0, bytes.length, head, limit, 0);
  };

  it('refuses one field more than tune.http.maxhdr', () => {
    assert.ok(parse('GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\n\r\n') > 0);
    assert.equal(parse('GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n'), Refusal.TooManyFields);
  });

  it('refuses a head that is too long, complete or not', () => {
    const text = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
    assert.equal(parse(text, text.length), text.length);
    assert.equal(parse(text, text.length - 1), Refusal.TooLong);
    assert.equal(parse(`GET /${'a'.repeat(100)}`, 50), Refusal.TooLong);
  });
});

describe('what is parsed leaves nothing behind for the next head', () => {
  it('forgets every fact and edit', () => {
    const head = new Head();
    const rich = Buffer.from(
      'POST /x HTTP/1.1\r\nHost: a\r\nConnection: close, x-y\r\nX-Y: 1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n',
    );
    const plain = Buffer.from('GET / HTTP/1.1\r\nHost: b\r\n\r\n');
    parseRequestHead(rich, 0, rich.length, head, LIMIT, 0);
    head.add('X-Added', '1');
    parseRequestHead(plain, 0, plain.length, head, LIMIT, 0);
    const fresh = new Head();
    parseRequestHead(plain, 0, plain.length, fresh, LIMIT, 0);
    assert.deepEqual(facts(head, head.framing), facts(fresh, fresh.framing));
    assert.equal(head.fieldLines(), 'Host: b\r\n');
  });
});
