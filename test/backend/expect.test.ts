import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CheckResponse, compileExpect, type Outcome } from '../../src/backend/expect.ts';
import { checkRequest } from '../../src/backend/probe-http.ts';
import type { HttpCheckConfig } from '../../src/config/model.ts';
import { HTTP_CHECK } from './support.ts';

type Expect = HttpCheckConfig['expect'];
const ok: Expect = { kind: 'status', ranges: [[200, 399]], negate: false };
const match = (kind: 'string' | 'rstring' | 'rstatus', pattern: string, negate = false): Expect => ({ kind, pattern, negate });

const HELLO = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n';
const NOPE = 'HTTP/1.1 404 Nope here\r\nContent-Length: 5\r\n\r\nhello';
const UNWANTED = 'HTTP check matched unwanted content';
const MISMATCH = 'HTTP content check did not match';
const NO_BODY = 'HTTP content check could not find a response body';

/** Answers and outcomes as HAProxy 2.6 gave them, the connection closed after the answer. */
const CASES: readonly (readonly [Expect, answer: string, code: Outcome['code'], status: number, info: string])[] = [
  [ok, HELLO, 'L7OK', 200, ''],
  [ok, NOPE, 'L7STS', 404, 'Nope here'],
  [ok, 'HTTP/1.0 503\r\n\r\n', 'L7STS', 503, ''],
  [ok, 'HTTP/1.1 2000 Odd\r\n\r\n', 'L7STS', 2000, 'Odd'],
  [ok, 'HTTP/1.1 20\r\n\r\n', 'L7STS', 20, ''],
  [ok, 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n', 'L7STS', 100, 'Continue'],
  [ok, 'HTTP/2.0 200 OK\r\n\r\n', 'L7OK', 200, ''],
  [ok, 'HTTP/1.0 200 OK\n\n', 'L7OK', 200, ''],
  [ok, 'HTTP/1.1 404 Nope here\r\n', 'L7RSP', -1, ''],
  [ok, 'hello world\r\n\r\n', 'L7RSP', -1, ''],
  [ok, '', 'L7RSP', -1, ''],
  [
    {
      kind: 'status',
      ranges: [
        [200, 200],
        [300, 399],
      ],
      negate: false,
    },
    NOPE,
    'L7STS',
    404,
    'Nope here',
  ],
  [{ kind: 'status', ranges: [[404, 404]], negate: true }, NOPE, 'L7STS', 404, 'Nope here'],
  [{ kind: 'status', ranges: [[404, 404]], negate: true }, HELLO, 'L7OK', 200, ''],
  [match('rstatus', '^3'), HELLO, 'L7STS', 200, 'OK'],
  [match('rstatus', '^2', true), HELLO, 'L7STS', 200, 'OK'],
  [match('rstatus', '^[23]'), HELLO, 'L7OK', 200, ''],
  [match('string', 'nono'), HELLO, 'L7RSP', -1, MISMATCH],
  [match('string', 'hello'), CHUNKED, 'L7OK', 200, ''],
  [match('string', 'hello'), NOPE, 'L7OK', 404, ''],
  [match('string', 'hello', true), CHUNKED, 'L7RSP', -1, UNWANTED],
  [match('string', 'nono', true), HELLO, 'L7OK', 200, ''],
  [match('string', 'hello'), 'HTTP/1.1 200 OK\r\n\r\n', 'L7RSP', -1, NO_BODY],
  [match('rstring', '^ell'), HELLO, 'L7RSP', -1, MISMATCH],
  [match('rstring', '^hel+o$'), CHUNKED, 'L7OK', 200, ''],
  [match('rstring', 'hello', true), HELLO, 'L7RSP', -1, UNWANTED],
];

describe('what an HTTP check makes of an answer', () => {
  for (const [expect, answer, code, status, info] of CASES) {
    const kind = `${'negate' in expect && expect.negate ? '! ' : ''}${expect.kind} ${'pattern' in expect ? expect.pattern : expect.ranges.join(' ')}`;
    it(`${kind}: ${JSON.stringify(answer.slice(0, 40))} is ${code}`, () => {
      const bytes = Buffer.from(answer, 'latin1');
      const whole = new CheckResponse(compileExpect(expect));
      const expected = { code, status, info };
      assert.deepEqual((bytes.length > 0 ? whole.feed(bytes) : undefined) ?? whole.end(), expected);
      const split = new CheckResponse(compileExpect(expect));
      let outcome: Outcome | undefined;
      for (let i = 0; i < bytes.length && outcome === undefined; i++) outcome = split.feed(bytes.subarray(i, i + 1));
      assert.deepEqual(outcome ?? split.end(), expected, 'byte by byte');
    });
  }

  it('is judged as soon as it can be: at the end of the head, or of the body', () => {
    assert.equal(new CheckResponse(compileExpect(ok)).feed(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n'))?.code, 'L7OK');
    const body = new CheckResponse(compileExpect(match('string', 'x', true)));
    assert.equal(body.feed(Buffer.from(HELLO.slice(0, -1))), undefined);
    assert.equal(body.feed(Buffer.from('o'))?.code, 'L7OK');
  });

  it('reads 16 KiB of a body that goes on, and no more of a head', () => {
    const body = new CheckResponse(compileExpect(match('string', 'nono')));
    assert.equal(body.feed(Buffer.from(`HTTP/1.0 200 OK\r\n\r\n${'x'.repeat(20_000)}`))?.info, MISMATCH);
    const head = new CheckResponse(compileExpect(ok));
    assert.equal(head.feed(Buffer.from(`HTTP/1.0 200 OK\r\nX: ${'x'.repeat(20_000)}`))?.code, 'L7RSP');
  });
});

describe('the request of an HTTP check', () => {
  it('is bare in HTTP/1.0', () => {
    assert.equal(checkRequest(HTTP_CHECK).toString(), 'OPTIONS / HTTP/1.0\r\n\r\n');
  });

  it('has its headers in lower case, its length and connection: close in HTTP/1.1', () => {
    const request = checkRequest({
      ...HTTP_CHECK,
      method: 'GET',
      uri: '/x',
      version: 'HTTP/1.1',
      headers: [
        ['Host', 'a.b'],
        ['Content-Length', '99'],
        ['X-Y', 'z'],
      ],
      body: 'abc',
    });
    assert.equal(request.toString(), 'GET /x HTTP/1.1\r\nhost: a.b\r\nx-y: z\r\ncontent-length: 3\r\nconnection: close\r\n\r\nabc');
  });

  it('is sent byte for byte', () => {
    const request = checkRequest({ ...HTTP_CHECK, headers: [['x', '\xe9']], body: '\xe9' });
    assert.equal(request.toString('latin1'), 'OPTIONS / HTTP/1.0\r\nx: \xe9\r\ncontent-length: 1\r\n\r\n\xe9');
  });

  it('keeps a connection header that is configured', () => {
    const request = checkRequest({ ...HTTP_CHECK, version: 'HTTP/1.1', headers: [['Connection', 'upgrade']] });
    assert.equal(request.toString(), 'OPTIONS / HTTP/1.1\r\nconnection: upgrade\r\n\r\n');
  });
});
