/** What a check sends and makes of an answer, without sockets: each answer whole, and split at every byte. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { readAgentLine } from '../../src/backend/checks/agent-words.ts';
import { Dialog, type DialogOwner, type Outcome } from '../../src/backend/checks/dialog.ts';
import type { Line, LineOwner } from '../../src/backend/checks/line.ts';
import { agentProgram, type Program, programOf } from '../../src/backend/checks/program.ts';
import { checkRules } from './support.ts';

/** A peer that lives in the test. */
class Peer implements DialogOwner, Line {
  readonly dialog: Dialog;
  readonly opened: string[] = [];
  readonly sent: string[] = [];
  outcome: Outcome | undefined = undefined;
  listening = false;
  closed: 'reset' | 'fin' | undefined = undefined;
  inService = true;
  /** What is sent fails. */
  broken = false;
  /** How often the dialog has put off looking. */
  later = 0;
  private line: LineOwner | undefined = undefined;
  private readonly program: Program;

  constructor(program: Program) {
    this.program = program;
    const open = (owner: LineOwner, address: string, port: number): Line => {
      this.line = owner;
      this.opened.push(`${address}:${port}`);
      return this;
    };
    this.dialog = new Dialog(this, open);
  }

  begin(): void {
    const target = { address: '192.0.2.1', port: 80, state: (node: string) => `UP; node=${node}`, inService: () => this.inService };
    this.dialog.begin(target, this.program);
  }

  connect(): void {
    this.line?.onConnected();
  }
  say(bytes: string): void {
    if (this.outcome === undefined) this.line?.onBytes(bytes);
  }
  end(): void {
    if (this.outcome === undefined) this.line?.onEnd();
  }
  fail(code: string, refused?: 'socket' | 'route'): void {
    this.line?.onFailure(code, refused);
  }

  listen(): void {
    this.listening = true;
  }
  send(bytes: string): string | undefined {
    if (this.broken) return 'EPIPE';
    this.sent.push(bytes);
    return undefined;
  }
  close(reset: boolean): void {
    this.closed = reset ? 'reset' : 'fin';
  }
  onOpening(): void {}
  onConnected(): void {}
  onLater(): void {
    this.later++;
  }
  onOutcome(outcome: Outcome): void {
    assert.equal(this.outcome, undefined, 'one outcome');
    this.outcome = outcome;
  }
}

const http = (...lines: string[]) => programOf(checkRules('option httpchk', ...lines));
const tcp = (...lines: string[]) => programOf(checkRules('option tcp-check', ...lines));

const service = (line: string) => programOf(checkRules(line));

const HELLO = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: u\r\n\r\n';
const NOPE = 'HTTP/1.1 404 Nope here\r\nContent-Length: 5\r\nX-A: one, two\r\n\r\nhello';
const MISMATCH = 'HTTP content check did not match';
const UNWANTED = 'HTTP check matched unwanted content';
const NO_BODY = 'HTTP content check could not find a response body';

/** Answers and outcomes as HAProxy 2.6 gave them (test/haproxy/checks.test.ts); the peer closes behind its answer. */
const CASES: readonly (readonly [Program, answer: string, code: string, status: number, info: string])[] = [
  [http(), HELLO, 'L7OK', 200, ''],
  [http(), NOPE, 'L7STS', 404, 'Nope here'],
  [http(), 'HTTP/1.0 503\r\n\r\n', 'L7STS', 503, ''],
  [http(), 'HTTP/1.1 2000 Odd\r\n\r\n', 'L7STS', 2000, 'Odd'],
  [http(), 'HTTP/1.1 20\r\n\r\n', 'L7STS', 20, ''],
  [http(), 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n', 'L7STS', 100, 'Continue'],
  [http(), 'HTTP/2.0 200 OK\r\n\r\n', 'L7OK', 200, ''],
  [http(), 'HTTP/1.0 200 OK\n\n', 'L7OK', 200, ''],
  [http(), '\r\nHTTP/1.0 200 OK\r\n\r\n', 'L7OK', 200, ''],
  [http(), 'HTTP/1.1 404 Nope here\r\n', 'L7RSP', -1, ''],
  [http(), 'HTTP/1.1 200 OK\r\nno field\r\n\r\n', 'L7RSP', -1, ''],
  [http(), 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 'L7RSP', -1, ''],
  [http(), 'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n', 'L7RSP', -1, ''],
  [http(), 'HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n', 'L7RSP', -1, ''],
  [http(), `HTTP/1.1 200${' '.repeat(3000)}\rx\r\n\r\n`, 'L7RSP', -1, ''],
  [http(), `HTTP/1.1 503${' '.repeat(3000)}No\r\n\r\n`, 'L7STS', 503, 'No'],
  [http('http-check expect fhdr name X value "a   b"'), 'HTTP/1.1 200 OK\r\nX: a\r\n b \r\n\r\n', 'L7OK', 200, ''],
  [http(), 'hello world\r\n\r\n', 'L7RSP', -1, ''],
  [http(), '', 'L7RSP', -1, ''],
  [http(), `HTTP/1.1 500 ${'x'.repeat(150)}\r\n\r\n`, 'L7STS', 500, 'x'.repeat(127)],
  [http('http-check expect comment why status 200'), NOPE, 'L7STS', 404, 'Nope here comment: why'],
  [http('http-check comment why', 'http-check expect status 200'), 'what', 'L7RSP', -1, ' comment: why'],
  [http('http-check expect ! status 404'), NOPE, 'L7STS', 404, 'Nope here'],
  [http('http-check expect ! status 404'), HELLO, 'L7OK', 200, ''],
  [http('http-check expect rstatus ^3'), HELLO, 'L7STS', 200, 'OK'],
  [http('http-check expect ! rstatus ^2'), HELLO, 'L7STS', 200, 'OK'],
  [http('http-check expect rstatus ^[23]'), HELLO, 'L7OK', 200, ''],
  [http('http-check expect string nono'), HELLO, 'L7RSP', -1, MISMATCH],
  [http('http-check expect string hello'), CHUNKED, 'L7OK', 200, ''],
  [http('http-check expect string hello'), NOPE, 'L7OK', 404, ''],
  [http('http-check expect ! string hello'), CHUNKED, 'L7RSP', -1, UNWANTED],
  [http('http-check expect ! string nono'), HELLO, 'L7OK', 200, ''],
  [http('http-check expect string hello'), 'HTTP/1.1 200 OK\r\n\r\n', 'L7RSP', -1, NO_BODY],
  [http('http-check expect string hello'), 'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhel', 'L7RSP', -1, MISMATCH],
  [http('http-check expect string hello'), 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\nzz\r\n', 'L7RSP', -1, ''],
  [http('http-check expect rstring ^ell'), HELLO, 'L7RSP', -1, MISMATCH],
  [http('http-check expect rstring ^hel+o$'), CHUNKED, 'L7OK', 200, ''],
  [http('http-check expect rstring ^OK$'), 'HTTP/1.0 200 OK\r\n\r\nOK\n', 'L7OK', 200, ''],
  [http('http-check send meth HEAD', 'http-check expect string a'), HELLO.slice(0, -5), 'L7RSP', -1, NO_BODY],
  [http('http-check expect status 404', 'http-check expect string nono'), NOPE, 'L7RSP', -1, MISMATCH],
  [http('http-check expect hdr name x-a value two'), NOPE, 'L7OK', 404, ''],
  [http('http-check expect fhdr name x-a value two'), NOPE, 'L7STS', 404, 'Nope here'],
  [http('http-check expect fhdr name x-a value "one, two"'), NOPE, 'L7OK', 404, ''],
  [http('http-check expect hdr name -m beg X- value -m end wo'), NOPE, 'L7OK', 404, ''],
  [http('http-check expect hdr name -m reg ^X value -m sub n'), NOPE, 'L7OK', 404, ''],
  [http('http-check expect ! hdr name X-A'), NOPE, 'L7STS', 404, 'Nope here'],
  [http('http-check expect ok-status L7OKC status 404'), NOPE, 'L7OKC', 404, ''],
  [http('http-check expect error-status L7RSP status 200'), NOPE, 'L7RSP', -1, 'Nope here'],
  [http('http-check expect on-error lost comment c status 200'), NOPE, 'L7STS', 404, 'lost comment: c'],
  [http('http-check expect on-success fine status 404'), NOPE, 'L7OK', 404, 'fine'],
  [http('http-check disable-on-404', 'http-check expect status 200'), NOPE, 'L7OKC', 404, ''],
  [tcp('tcp-check expect string +OK'), '+OK ready', 'L7OK', 0, '(tcp-check)'],
  [tcp('tcp-check expect string +OK'), '-ERR', 'L7RSP', -1, "TCPCHK did not match content '+OK' at step 1"],
  [tcp('tcp-check expect string +OK'), '', 'L7RSP', -1, 'TCPCHK got an empty response at step 1'],
  [tcp('tcp-check expect comment c string +OK'), '', 'L7RSP', -1, "TCPCHK got an empty response at step 1 comment: 'c'"],
  [tcp('tcp-check expect ! string bad'), 'so bad', 'L7RSP', -1, "TCPCHK matched unwanted content 'bad' at step 1"],
  [tcp('tcp-check expect ! string bad'), 'good', 'L7OK', 0, '(tcp-check)'],
  [tcp('tcp-check expect rstring ^a.c$'), 'abd', 'L7RSP', -1, 'TCPCHK did not match content (regex) at step 1'],
  // Texts and what is between them, on one line and in order.
  [tcp('tcp-check expect rstring a.*b.*?c'), 'c a\nab\na-b-c', 'L7OK', 0, '(tcp-check)'],
  [tcp('tcp-check expect rstring a.*b.*c'), 'ab\nc', 'L7RSP', -1, 'TCPCHK did not match content (regex) at step 1'],
  [tcp('tcp-check expect rstring aa.*ab'), 'aab', 'L7RSP', -1, 'TCPCHK did not match content (regex) at step 1'],
  [tcp('tcp-check expect rstring 1\\.0.*\\(ok\\)'), '1.0 (ok)', 'L7OK', 0, '(tcp-check)'],
  [tcp('tcp-check expect rstring 1\\.0'), '1x0', 'L7RSP', -1, 'TCPCHK did not match content (regex) at step 1'],
  [tcp('tcp-check expect rbinary 61.*62'), 'a-b', 'L7OK', 0, '(tcp-check)'],
  // Tried in every way in which it might match, this would take hours.
  [
    tcp('tcp-check expect rstring .*a.*b.*c.*d'),
    `${'a'.repeat(5000)}${'b'.repeat(5000)}${'c'.repeat(5000)}`,
    'L7RSP',
    -1,
    'TCPCHK did not match content (regex) at step 1',
  ],
  [tcp('tcp-check expect rstring .*a.c'), 'x\nxabc', 'L7OK', 0, '(tcp-check)'],
  [tcp('tcp-check expect rstring (?i).*?.*A$'), 'x\nxa', 'L7OK', 0, '(tcp-check)'],
  [tcp('tcp-check expect rstring .*\\x0ab|^c'), 'ac', 'L7RSP', -1, 'TCPCHK did not match content (regex) at step 1'],
  [tcp('tcp-check expect rstring a.c'), 'a\rc', 'L7OK', 0, '(tcp-check)'],
  [tcp('tcp-check expect rstring a.c'), 'a\nc', 'L7RSP', -1, 'TCPCHK did not match content (regex) at step 1'],
  [tcp('tcp-check expect binary 616263'), 'xabc', 'L7OK', 0, '(tcp-check)'],
  [tcp('tcp-check expect binary 616263'), 'xyz', 'L7RSP', -1, 'TCPCHK did not match content (binary) at step 1'],
  [tcp('tcp-check expect rbinary ^4A4B'), 'JK', 'L7OK', 0, '(tcp-check)'],
  [tcp('tcp-check expect rbinary ^4A4b'), 'JK', 'L7RSP', -1, 'TCPCHK did not match content (binary regex) at step 1'],
  [tcp('tcp-check expect string-lf 100%%'), '99%', 'L7RSP', -1, 'TCPCHK did not match content (log-format string) at step 1'],
  [tcp('tcp-check expect string abc', 'tcp-check expect string def'), 'abcdef', 'L7OK', 0, '(tcp-check)'],
  [tcp('tcp-check expect string abc', 'tcp-check expect string x'), 'abcdef', 'L7RSP', -1, "TCPCHK did not match content 'x' at step 2"],
  [tcp('tcp-check expect min-recv 5 rstring ^x'), 'abcdef', 'L7RSP', -1, 'TCPCHK did not match content (regex) at step 1'],
  [tcp('tcp-check expect error-status L7STS status-code int(42) string a'), 'b', 'L7STS', 42, "TCPCHK did not match content 'a' at step 1"],
  [tcp('tcp-check expect ok-status L4OK string a'), 'a', 'L4OK', -1, '(tcp-check)'],
  [service('option redis-check'), '+PONG\r\n', 'L7OK', 0, 'Redis server is ok'],
  [service('option redis-check'), '-ERR no\r\n', 'L7STS', 0, '-ERR no'],
  [service('option smtpchk'), '220 a\r\n', 'L7STS', 0, 'TCPCHK got an empty response at step 5'],
  [service('option smtpchk'), '554 no\r\n', 'L7STS', 554, 'no'],
  [service('option smtpchk'), '22', 'L7RSP', -1, '22'],
  [service('option ldap-check'), '\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00', 'L7OK', 0, 'Success'],
  [
    service('option ldap-check'),
    '\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x31\x04\x00\x04\x00',
    'L7STS',
    49,
    'See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9',
  ],
  [service('option ldap-check'), 'short', 'L7RSP', -1, 'Not LDAPv3 protocol'],
  [service('option ssl-hello-chk'), '\x15\x03\x01\0\x02ab', 'L6OK', -1, ''],
  [service('option ssl-hello-chk'), 'hello', 'L6RSP', -1, ''],
  [service('option mysql-check'), '\x0f\0\0\0\x0a5.7.1-log\0aaaa', 'L7OK', 0, '5.7.1-log'],
  [service('option mysql-check'), '\x0f\0\0\0\x0a5.7', 'L7RSP', -1, ''],
  [service('option mysql-check user a'), '\x0f\0\0\0\x0a5.7.1-log\0aaaa\x07\0\0\x02\xff\x15\x04#280', 'L7STS', 1045, '#280'],
  [service('option mysql-check user a'), '\x0f\0\0\0\x0a5.7.1-log\0aaaa\x03\0\0\x02\0\0\0', 'L7OK', 0, '5.7.1-log'],
  [service('option pgsql-check user a'), 'R\0\0\0\x08\0\0\0\x05', 'L7OK', 0, 'PostgreSQL server is ok'],
  [service('option pgsql-check user a'), 'E\0\0\0\x08SFATAL\0', 'L7RSP', -1, 'FATAL'],
  [service('option pgsql-check user a'), 'what is it', 'L7STS', 0, 'PostgreSQL unknown error'],
];

describe('what a check makes of an answer', () => {
  CASES.forEach(([program, answer, code, status, info], i) => {
    it(`${i}: ${JSON.stringify(answer.slice(0, 50))} is ${code} ${info}`, () => {
      const expected = { code, status, info, said: undefined };
      for (const pieces of [[answer], [...answer]]) {
        const peer = new Peer(program);
        peer.begin();
        peer.connect();
        for (const piece of pieces) if (piece !== '') peer.say(piece);
        peer.end();
        assert.deepEqual(peer.outcome, expected, pieces.length === 1 ? 'whole' : 'byte by byte');
      }
    });
  });

  it('is judged as soon as it can be: at the end of the head, or of the body', () => {
    const head = new Peer(http());
    head.begin();
    head.connect();
    head.say('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n');
    assert.deepEqual([head.outcome?.code, head.closed], ['L7OK', 'reset']);
    const body = new Peer(http('http-check expect ! string x'));
    body.begin();
    body.connect();
    body.say(HELLO.slice(0, -1));
    assert.equal(body.outcome?.code, undefined);
    body.say('o');
    assert.equal(body.outcome?.code, 'L7OK');
  });

  it('is read up to tune.bufsize', () => {
    const body = new Peer(http('http-check expect string nono'));
    body.begin();
    body.connect();
    body.say(`HTTP/1.0 200 OK\r\n\r\n${'x'.repeat(20_000)}`);
    assert.equal(body.outcome?.info, MISMATCH);
    // What is beyond does not count, whether it comes with what counts or not.
    for (const [before, code] of [
      [16_000, 'L7OK'],
      [20_000, 'L7RSP'],
    ] as const) {
      const answer = `HTTP/1.0 200 OK\r\n\r\n${'x'.repeat(before)}END`;
      for (const size of [answer.length, 1000]) {
        const peer = new Peer(http('http-check expect string END'));
        peer.begin();
        peer.connect();
        for (let at = 0; at < answer.length; at += size) peer.say(answer.slice(at, at + size));
        assert.deepEqual([size, peer.outcome?.code], [size, code]);
      }
    }
    const bytes = new Peer(tcp('tcp-check expect string nono'));
    bytes.begin();
    bytes.connect();
    for (let i = 0; i < 4; i++) bytes.say('x'.repeat(4096));
    assert.equal(bytes.outcome?.info, "TCPCHK did not match content 'nono' at step 1");
  });

  it('takes a 404 for an answer like others while the server is down', () => {
    const peer = new Peer(http('http-check disable-on-404'));
    peer.inService = false;
    peer.begin();
    peer.connect();
    peer.say(NOPE);
    assert.deepEqual([peer.outcome?.code, peer.outcome?.status], ['L7STS', 404]);
  });
});

describe('the steps of a check', () => {
  it('are one after the other, over several connections', () => {
    const peer = new Peer(
      tcp(
        'tcp-check connect',
        'tcp-check send a',
        'tcp-check expect string b',
        'tcp-check connect port 81 addr 192.0.2.2 linger',
        'tcp-check send c',
      ),
    );
    peer.begin();
    peer.connect();
    assert.deepEqual(peer.sent, ['a']);
    peer.say('b');
    assert.deepEqual(peer.opened, ['192.0.2.1:80', '192.0.2.2:81']);
    assert.equal(peer.closed, 'fin');
    peer.closed = undefined;
    peer.connect();
    assert.deepEqual([peer.sent, peer.outcome?.code, peer.closed], [['a', 'c'], 'L7OK', 'fin']);
  });

  it('do not read before something is expected', () => {
    const peer = new Peer(tcp('tcp-check send a'));
    peer.begin();
    peer.connect();
    assert.deepEqual([peer.listening, peer.outcome?.code, peer.closed], [false, 'L7OK', 'fin']);
  });

  it('are looked at anew from the first of several expectations when more comes', () => {
    const peer = new Peer(tcp('tcp-check expect ! rstring bad$', 'tcp-check expect string good'));
    peer.begin();
    peer.connect();
    peer.say('so bad');
    assert.equal(peer.outcome?.info, 'TCPCHK matched unwanted content (regex) at step 1');
  });

  it('find what came before the end also behind the next question', () => {
    const peer = new Peer(tcp('tcp-check expect string a', 'tcp-check send b', 'tcp-check expect string c'));
    peer.begin();
    peer.connect();
    peer.end();
    assert.equal(peer.outcome?.info, 'TCPCHK got an empty response at step 1');
  });

  it('say where they were when time is over or the connection fails', () => {
    const places: readonly (readonly [Program, connected: boolean, place: string])[] = [
      [tcp(), false, ' at initial connection step of tcp-check'],
      [tcp('tcp-check connect comment c'), false, " at step 1 of tcp-check (connect) comment: 'c'"],
      [tcp('tcp-check connect port 81'), false, ' at step 1 of tcp-check (connect port 81)'],
      [tcp('tcp-check expect string a'), true, " at step 1 of tcp-check (expect string 'a')"],
      [tcp('tcp-check comment c', 'tcp-check expect binary 61'), true, " at step 2 of tcp-check (expect binary 'a') comment: 'c'"],
      [tcp('tcp-check send a', 'tcp-check expect rbinary a'), true, ' at step 2 of tcp-check (expect binary regex)'],
      [http(), false, ''],
      [http(), true, ''],
    ];
    for (const [program, connected, place] of places) {
      for (const [end, code, words] of [
        [(peer: Peer) => peer.dialog.expire(), connected ? 'L7TOUT' : 'L4TOUT', ''],
        [(peer: Peer) => peer.fail('ECONNRESET'), connected ? 'SOCKERR' : 'L4CON', 'Connection reset by peer'],
      ] as const) {
        const peer = new Peer(program);
        peer.begin();
        if (connected) peer.connect();
        end(peer);
        assert.deepEqual([peer.outcome?.code, peer.outcome?.status, peer.outcome?.info], [code, -1, words + place]);
      }
    }
  });

  it('tell what this system refuses from what the peer refuses', () => {
    const outcomes = (['socket', 'route', undefined] as const).map((refused) => {
      const peer = new Peer(tcp());
      peer.begin();
      peer.fail('ENETUNREACH', refused);
      return [peer.outcome?.code, peer.outcome?.info];
    });
    const place = ' at initial connection step of tcp-check';
    assert.deepEqual(outcomes, [
      ['SOCKERR', `General socket error (Network is unreachable)${place}`],
      ['L4CON', `General socket error (Network is unreachable)${place}`],
      ['L4CON', `Network is unreachable${place}`],
    ]);
  });

  it('fail where nothing can be sent, also in the last of them', () => {
    for (const program of [tcp('tcp-check send a'), http()]) {
      const peer = new Peer(program);
      peer.broken = true;
      peer.begin();
      peer.connect();
      const place = program.protocol === 'tcp' ? ' at step 1 of tcp-check (send)' : '';
      assert.deepEqual([peer.outcome?.code, peer.outcome?.info], ['SOCKERR', `Broken pipe${place}`]);
    }
  });

  it('do not try a regular expression on a long answer at every byte, but soon behind it, and at its end', () => {
    for (const [open, before] of [
      [tcp('tcp-check expect rstring O.K'), ''],
      [http('http-check expect rstring .*O.K.*'), 'HTTP/1.0 200 OK\r\n\r\n'],
    ] as const) {
      const peer = new Peer(open);
      peer.begin();
      peer.connect();
      peer.say(`${before}${'x'.repeat(8000)}`);
      for (const byte of 'O-K') peer.say(byte);
      assert.deepEqual([peer.later, peer.outcome], [3, undefined]);
      peer.dialog.again();
      assert.equal(peer.outcome?.code, 'L7OK');
      const ended = new Peer(open);
      ended.begin();
      ended.connect();
      ended.say(`${before}${'x'.repeat(8000)}`);
      for (const byte of 'O-K') ended.say(byte);
      ended.end();
      assert.equal(ended.outcome?.code, 'L7OK');
    }
  });

  it('tell nothing any more when they are aborted', () => {
    const peer = new Peer(http());
    peer.begin();
    peer.connect();
    peer.dialog.abort();
    peer.dialog.expire();
    assert.deepEqual([peer.outcome, peer.closed], [undefined, 'reset']);
  });
});

describe('the request of an HTTP check', () => {
  const REQUESTS: readonly (readonly [lines: readonly string[], request: string])[] = [
    [[], 'OPTIONS / HTTP/1.0\r\n\r\n'],
    [
      ['http-check send meth GET uri /x ver HTTP/1.1 hdr Host a.b hdr Content-Length 99 hdr X-Y z body abc'],
      'GET /x HTTP/1.1\r\nhost: a.b\r\nx-y: z\r\ncontent-length: 3\r\nconnection: close\r\n\r\nabc',
    ],
    [['http-check send hdr x \\xe9 body \\xe9'], 'OPTIONS / HTTP/1.0\r\nx: \xe9\r\ncontent-length: 1\r\n\r\n\xe9'],
    [['http-check send ver HTTP/1.1 hdr Connection upgrade'], 'OPTIONS / HTTP/1.1\r\nconnection: upgrade\r\n\r\n'],
    [['http-check send ver HTTP/1.1 hdr Connection keep-alive'], 'OPTIONS / HTTP/1.1\r\n\r\n'],
    [['http-check send ver HTTP/1.1 hdr Connection close hdr a b'], 'OPTIONS / HTTP/1.1\r\na: b\r\nconnection: close\r\n\r\n'],
    [
      ['http-check send uri http://x.y/z ver HTTP/1.1 hdr Host a.b'],
      'OPTIONS http://a.b/z HTTP/1.1\r\nhost: a.b\r\nconnection: close\r\n\r\n',
    ],
    [['http-check send-state'], 'OPTIONS / HTTP/1.0\r\nx-haproxy-server-state: UP; node=here\r\n\r\n'],
  ];
  for (const [lines, request] of REQUESTS) {
    it(lines.join('; ') || 'is bare in HTTP/1.0', () => {
      const rules = checkRules('option httpchk', ...lines);
      const peer = new Peer(programOf(rules.stateNode === undefined ? rules : { ...rules, stateNode: 'here' }));
      peer.begin();
      peer.connect();
      assert.deepEqual(peer.sent, [request]);
    });
  }
});

describe('an agent', () => {
  it('is heard up to the end of its line, in pieces too', () => {
    for (const pieces of [['up 50%\r\nmore'], [...'up 50%\r\nmore']]) {
      const peer = new Peer(agentProgram('hello\n'));
      peer.begin();
      peer.connect();
      for (const piece of pieces) peer.say(piece);
      const { code, status, info, said } = peer.outcome ?? assert.fail();
      assert.deepEqual([peer.sent, code, status, info, said?.weight, said?.state], [['hello\n'], 'L7OK', 0, 'via agent : up', 50, 'up']);
    }
  });

  it('that does not end its line is not heard', () => {
    const peer = new Peer(agentProgram(''));
    peer.begin();
    peer.connect();
    peer.say('up');
    assert.equal(peer.outcome?.code, undefined);
    peer.end();
    assert.deepEqual([peer.outcome?.code, peer.outcome?.info], ['L7TOUT', 'Ignoring incomplete line from agent']);
  });

  it('says nothing where a number is none', () => {
    assert.deepEqual(readAgentLine('5%x maxconn:-1'), {
      weight: undefined,
      admin: undefined,
      state: undefined,
      maxconn: undefined,
      code: 'CHECKED',
      info: 'agent warns : Trailing garbage in weight string',
    });
  });
});

describe('the words of an outcome', () => {
  const COUNT = 100;
  const REASON = 'this is a reason that V8 would keep as a part of the answer';
  const ANSWER = Buffer.from(`HTTP/1.1 500 ${REASON}\r\nX: ${'y'.repeat(14_000)}\r\n\r\n`);

  function heapInUse(): number {
    setFlagsFromString('--expose-gc');
    runInNewContext('gc')();
    return process.memoryUsage().heapUsed;
  }

  it('do not keep the answer that they were cut from', () => {
    const program = http();
    const words = (): string | undefined => {
      const peer = new Peer(program);
      peer.begin();
      peer.connect();
      peer.say(ANSWER.toString('latin1'));
      return peer.outcome?.info;
    };
    assert.equal(words(), REASON);
    const before = heapInUse();
    const kept = Array.from({ length: COUNT }, words);
    const each = (heapInUse() - before) / kept.length;
    assert.ok(each < 2000, `${each} bytes each`);
  });
});
