import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Framing, Head } from '../../src/http/head.ts';
import { type HeadRules, parseRequestHead, parseResponseHead, Refusal, responseFraming, STRICT } from '../../src/http/parse.ts';
import { cuttings } from '../support/pieces.ts';
import { lenientRequestCases, lenientResponseCases } from './cases/lenient.ts';
import { requestCases } from './cases/requests.ts';
import { responseCases } from './cases/responses.ts';
import { bytesOf, type RequestCase, type ResponseCase } from './cases/types.ts';

const LIMIT = 15_360;
const LENIENT: HeadRules = { lenient: true, maxTarget: STRICT.maxTarget };

type Parse = typeof parseRequestHead;

/**
 * What comes of a head in pieces, each try going on where the last search stopped. What stands in the buffer behind the
 * received bytes must not matter: it is the end of another head.
 */
function parseInPieces(parse: Parse, bytes: Buffer, head: Head, cuts: readonly number[], rules: HeadRules): number {
  let scanned = 0;
  for (const length of [...cuts, bytes.length]) {
    const received = Buffer.concat([bytes.subarray(0, length), Buffer.from('\r\n\r\n1\r\n')]);
    const used = parse(received, 0, length, head, LIMIT, scanned, rules);
    if (used !== 0) return used;
    scanned = length;
  }
  return 0;
}

function facts(head: Head, framing: Framing) {
  const kind = Object.entries(Framing).find(([, value]) => value === framing)?.[0];
  return {
    method: head.method,
    target: head.target,
    version: head.version,
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

function runCases(title: string, parse: Parse, cases: readonly (RequestCase | ResponseCase)[], rules: HeadRules): void {
  describe(title, () => {
    for (const one of cases) {
      it(`${one.refuse === undefined ? 'accepts' : 'refuses'}: ${one.name} (${one.ref})`, () => {
        const bytes = bytesOf(one);
        const head = new Head();
        let whole = true;
        for (const cuts of cuttings(bytes.length)) {
          const used = parseInPieces(parse, bytes, head, cuts, rules);
          if (one.refuse !== undefined) {
            // In pieces it may be refused before all of it is here, and then for the first reason that shows.
            if (whole) assert.equal(nameOf(used), one.refuse);
            else assert.ok(used < 0, `cut at ${cuts}`);
          } else {
            assert.equal(used, bytes.length, `${nameOf(used)}, cut at ${cuts}`);
            const method = 'method' in one && parse === parseResponseHead ? (one.method ?? 'GET') : 'GET';
            const framing = parse === parseResponseHead ? responseFraming(head, method) : head.framing;
            const seen = facts(head, framing);
            assert.deepEqual(seen, { ...seen, ...one.accept }, `cut at ${cuts}`);
          }
          whole = false;
        }
      });
    }
  });
}

function nameOf(used: number): string {
  return Object.entries(Refusal).find(([, value]) => value === used)?.[0] ?? String(used);
}

runCases('a request head', parseRequestHead, requestCases, STRICT);
runCases('a response head', parseResponseHead, responseCases, STRICT);
runCases('a request head with option accept-invalid-http-request', parseRequestHead, lenientRequestCases, LENIENT);
runCases('a response head with option accept-invalid-http-response', parseResponseHead, lenientResponseCases, LENIENT);

/** tchar of RFC 9110 5.6.2, written once more. */
const TCHAR = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/;
/** VCHAR without `#`, and what HAProxy adds with the option. */
const TARGET_BYTE = /[!-~]/;

describe('every byte', () => {
  /** Which bytes may stand in the place of `%`; whole and in pieces. */
  function allowed(parse: Parse, template: string, rules: HeadRules): string {
    let found = '';
    for (let byte = 0; byte < 256; byte++) {
      const char = String.fromCharCode(byte);
      const bytes = Buffer.from(
        template.replace('%', () => char),
        'latin1',
      );
      const verdicts = new Set<boolean>();
      for (const cuts of cuttings(bytes.length)) verdicts.add(parseInPieces(parse, bytes, new Head(), cuts, rules) > 0);
      assert.equal(verdicts.size, 1, `byte ${byte} in pieces`);
      if (verdicts.has(true)) found += char;
    }
    return found;
  }

  const all = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
  const those = (test: (char: string, byte: number) => boolean) => all.filter((char, byte) => test(char, byte)).join('');
  const value = those((char, byte) => char === '\t' || (byte >= 0x20 && byte !== 0x7f));
  const token = those((char) => TCHAR.test(char));
  const rows: readonly (readonly [place: string, parse: Parse, template: string, rules: HeadRules, bytes: string])[] = [
    ['a method (RFC 9110 9.1)', parseRequestHead, 'A%B / HTTP/1.1\r\nHost: a\r\n\r\n', STRICT, token],
    [
      'a target (RFC 9112 3.2)',
      parseRequestHead,
      'GET /a%b HTTP/1.1\r\nHost: a\r\n\r\n',
      STRICT,
      those((char) => TARGET_BYTE.test(char) && char !== '#'),
    ],
    [
      'a query (RFC 9112 3.2)',
      parseRequestHead,
      'GET /?% HTTP/1.1\r\nHost: a\r\n\r\n',
      STRICT,
      those((char) => TARGET_BYTE.test(char) && char !== '#'),
    ],
    ['a field name (RFC 9110 5.1)', parseRequestHead, 'GET / HTTP/1.1\r\nHost: a\r\nX%Y: b\r\n\r\n', STRICT, `${token}:`],
    ['a field value (RFC 9110 5.5)', parseRequestHead, 'GET / HTTP/1.1\r\nHost: a\r\nX: b%c\r\n\r\n', STRICT, value],
    ['a response’s field name', parseResponseHead, 'HTTP/1.1 200 OK\r\nX%Y: b\r\n\r\n', STRICT, `${token}:`],
    ['a response’s field value', parseResponseHead, 'HTTP/1.1 200 OK\r\nX: b%c\r\n\r\n', STRICT, value],
    ['a reason (RFC 9112 4)', parseResponseHead, 'HTTP/1.1 200 O%K\r\n\r\n', STRICT, value],
    [
      'a lenient target',
      parseRequestHead,
      'GET /a%b HTTP/1.1\r\nHost: a\r\n\r\n',
      LENIENT,
      those((_, byte) => byte > 0x20 && byte !== 0x7f),
    ],
    [
      'a lenient field name',
      parseRequestHead,
      'GET / HTTP/1.1\r\nHost: a\r\nX%Y: b\r\n\r\n',
      LENIENT,
      those((char) => !'\0\r\n'.includes(char)),
    ],
    ['a lenient field value', parseRequestHead, 'GET / HTTP/1.1\r\nHost: a\r\nX: b%c\r\n\r\n', LENIENT, value],
    ['a lenient method', parseRequestHead, 'A%B / HTTP/1.1\r\nHost: a\r\n\r\n', LENIENT, token],
    [
      'a lenient response’s field name',
      parseResponseHead,
      'HTTP/1.1 200 OK\r\nX%Y: b\r\n\r\n',
      LENIENT,
      those((char) => !'\0\r\n'.includes(char)),
    ],
    ['a lenient reason', parseResponseHead, 'HTTP/1.1 200 O%K\r\n\r\n', LENIENT, value],
  ];
  for (const [place, parse, template, rules, bytes] of rows) {
    it(`in ${place} is what it may be`, () => {
      assert.equal(allowed(parse, template, rules), sorted(bytes));
    });
  }
});

function sorted(text: string): string {
  return [...text].sort().join('');
}

describe('a control byte at any position of a head', () => {
  const REQUEST = 'POST /a HTTP/1.1\r\nHost: a.test\r\nX-Y: b c\r\nContent-Length: 3\r\n\r\n';
  const RESPONSE = 'HTTP/1.1 200 All right\r\nX-Y: b c\r\nContent-Length: 3\r\n\r\n';
  const CONTROLS = Array.from({ length: 32 }, (_, byte) => byte).filter((byte) => byte !== 0x09);

  for (const [what, parse, text] of [
    ['request', parseRequestHead, REQUEST],
    ['response', parseResponseHead, RESPONSE],
  ] as const) {
    it(`refuses a ${what} (RFC 9112 2.2, RFC 9110 5.5)`, () => {
      for (const byte of [...CONTROLS, 0x7f]) {
        for (let at = 0; at < text.length; at++) {
          const char = String.fromCharCode(byte);
          for (const changed of [text.slice(0, at) + char + text.slice(at), text.slice(0, at) + char + text.slice(at + 1)]) {
            // The same head with something behind it, or the head itself.
            if (changed.startsWith(text)) continue;
            const bytes = Buffer.from(`${changed}\r\n\r\n`, 'latin1');
            const told = JSON.stringify(changed);
            assert.ok(parseInPieces(parse, bytes, new Head(), [], STRICT) < 0, told);
            assert.ok(parseInPieces(parse, bytes, new Head(), [at + 1], STRICT) < 0, told);
          }
        }
      }
    });
  }
});

describe('limits of a head', () => {
  const head = new Head(3);
  const parse = (text: string, limit = LIMIT, maxTarget = STRICT.maxTarget, scanned = 0) => {
    const bytes = Buffer.from(text, 'latin1');
    return parseRequestHead(bytes, 0, bytes.length, head, limit, scanned, { lenient: false, maxTarget });
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

  it('refuses a request of HTTP/0.9 that is too long', () => {
    const text = Buffer.from('\r\nGET /12345\r\n');
    const simple = (limit: number, maxTarget: number) =>
      parseRequestHead(text, 0, text.length, head, limit, 0, { lenient: true, maxTarget });
    assert.equal(simple(text.length - 2, 6), text.length);
    assert.equal(simple(text.length - 3, 6), Refusal.TooLong);
    assert.equal(simple(text.length, 5), Refusal.TargetTooLong);
  });

  it('refuses a target that is too long, counted as it is written, whatever else is wrong behind it', () => {
    const text = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
    assert.ok(parse(text('/12345678'), LIMIT, 9) > 0);
    assert.equal(parse(text('/123456789'), LIMIT, 9), Refusal.TargetTooLong);
    assert.ok(parse(text('http://a/'), LIMIT, 9) > 0);
    assert.equal(parse(text('http://a/1'), LIMIT, 9), Refusal.TargetTooLong);
    assert.equal(parse('GET /123456789 HTTP/3.0\r\n\r\n', LIMIT, 9), Refusal.TargetTooLong);
  });

  it('refuses a target that is too long before the head is complete, and rather than a head that is', () => {
    assert.equal(parse('GET /12345678', LIMIT, 9), 0);
    assert.equal(parse('GET /123456789', LIMIT, 9), Refusal.TargetTooLong);
    assert.equal(parse('\r\nGET /123456789', LIMIT, 9), Refusal.TargetTooLong);
    assert.equal(parse(`GET /${'a'.repeat(100)}`, 50, 60), Refusal.TargetTooLong);
    assert.equal(parse(`GET /a HTTP/1.1\r\nX: ${'a'.repeat(100)}`, 50, 20), Refusal.TooLong);
    assert.equal(parse(`${'G'.repeat(100)}`, 50, 20), Refusal.TooLong);
  });
});

describe('names that Connection nominates', () => {
  const parse = (fields: string, lenient = false) => {
    const head = new Head();
    const bytes = Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`, 'latin1');
    assert.equal(parseRequestHead(bytes, 0, bytes.length, head, LIMIT, 0, { ...STRICT, lenient }), bytes.length);
    return head;
  };

  it('are kept once each, however often they are written, and no more than once for all fields', () => {
    const head = parse(`Connection: ${'a,B,'.repeat(1500)}\r\n${'A: 1\r\nC: 2\r\nb: 3\r\n'.repeat(30)}Connection: b\r\n`);
    assert.deepEqual([...(head.nominated ?? [])], ['a', 'b']);
    assert.equal(head.fieldLines(), `Host: a\r\n${'C: 2\r\n'.repeat(30)}`);
  });

  it('are none where it only tells about the connection, or names what must stay', () => {
    for (const value of [
      'close',
      'keep-alive',
      'Keep-Alive',
      'upgrade',
      'Upgrade',
      'CLOSE',
      ' ,close,, Upgrade ',
      'host',
      'x-forwarded-for, Cookie',
    ]) {
      assert.equal(parse(`Connection: ${value}\r\n`).nominated, undefined, value);
    }
  });

  it('lose what surrounds them, and nothing of what is within', () => {
    assert.deepEqual([...(parse('Connection: \t x-a \t,\tb  \tc ,\xa0\r\n').nominated ?? [])], ['x-a', 'b  \tc', '\xa0']);
  });

  it('go also where the field was written anew', () => {
    const head = parse('X-A : 1\r\nX-B : 2\r\nConnection: X-A\r\n', true);
    assert.equal(head.fieldLines(), 'Host: a\r\nX-B: 2\r\n');
  });

  it('are forgotten with the head', () => {
    const head = parse('Connection: x-a\r\n');
    head.forget();
    assert.equal(head.nominated, undefined);
  });
});

describe('a head that is not complete', () => {
  const first = (parse: Parse, text: string, rules = STRICT) => {
    const bytes = Buffer.from(text, 'latin1');
    return nameOf(parse(bytes, 0, bytes.length, new Head(), LIMIT, 0, rules));
  };

  const requests: readonly (readonly [text: string, outcome: string])[] = [
    ['GET / HTTP/1.1\r\nHost: a\r\nX: ', '0'],
    ['GET / HTTP/1.1\r', '0'],
    ['\r', '0'],
    ['\r\n', '0'],
    ['GET', '0'],
    // What a client of another protocol says first.
    ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'RequestLine'],
    ['SSH-2.0-OpenSSH_9.2\r\n', 'RequestLine'],
    ['PRI * HTTP/2.0\r\n', 'RequestLine'],
    ['GET / HTTP/1.2\r\n', 'Version'],
    ['GET  / HTTP/1.1\r\n', 'RequestLine'],
    ['\r\n\r\n', 'RequestLine'],
    ['GET / HTTP/1.1\nHost: a', 'BareLineEnd'],
    ['GET / HTTP/1.1\rHost: a', 'BareLineEnd'],
    ['GET / HTTP/1.1\r\nHost: a\rb', 'BareLineEnd'],
    ['GET / HTTP/1.1\r\nHost: a\0b', 'FieldValue'],
  ];
  const responses: readonly (readonly [text: string, outcome: string])[] = [
    ['HTTP/1.1 200 OK\r\nX: ', '0'],
    ['HTTP/1.1 200 O', '0'],
    ['220 mail.test ESMTP\r\n', 'StatusLine'],
    ['HTTP/2.0 200 OK\r\n', 'StatusLine'],
    ['HTTP/1.1 200 OK\n', 'BareLineEnd'],
    ['J\0\0\0\n8.0.36\0', 'StatusLine'],
  ];
  for (const [parse, rows] of [
    [parseRequestHead, requests],
    [parseResponseHead, responses],
  ] as const) {
    for (const [text, outcome] of rows) {
      it(`is ${outcome === '0' ? 'waited for' : 'refused at once'}: ${JSON.stringify(text)}`, () =>
        assert.equal(first(parse, text), outcome));
    }
  }
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

  it('and a head that is not complete changes nothing of the one before', () => {
    const head = new Head();
    const plain = Buffer.from('GET /a HTTP/1.1\r\nHost: b\r\n\r\n');
    parseRequestHead(plain, 0, plain.length, head, LIMIT, 0);
    for (const text of ['POST /b HTTP/1.0\r\nHost: c', 'POST /b HTTP/1.2\r\n']) {
      parseRequestHead(Buffer.from(text), 0, text.length, head, LIMIT, 0);
      assert.equal(`${head.method} ${head.target} ${head.version} ${head.host}`, 'GET /a 11 b');
    }
  });
});
