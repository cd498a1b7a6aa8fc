/**
 * The tables of test/http/cases beside the real HAProxy: every message is sent through it too. Where we take what it
 * refuses, or refuse what it takes, the case says why, and a reason that no longer holds fails as well.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { lenientRequestCases, lenientResponseCases } from '../http/cases/lenient.ts';
import { publishedRequests, publishedResponses } from '../http/cases/published.ts';
import { requestCases } from '../http/cases/requests.ts';
import { responseCases } from '../http/cases/responses.ts';
import { type ResponseStreamCase, requestStreams, responseStreams, type StreamCase } from '../http/cases/streams.ts';
import { bytesOf, type Case, type RequestCase, type ResponseCase } from '../http/cases/types.ts';
import { until } from '../support/wait.ts';
import { skip } from './side-by-side.ts';

let folder = '';
let haproxy: ChildProcess | undefined;

const path = (name: string): string => join(folder, name);
const PLAIN = Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');

/** HAProxy's time-outs end what waits for more; each case has one connection and one server of its lane to itself. */
const LANES = 8;

const configuration = (): string => `
defaults
 mode http
 retries 0
 timeout connect 2s
 timeout client 2s
 timeout server 2s
 timeout http-request 500ms
 timeout http-keep-alive 100ms
${Array.from({ length: LANES }, (_, lane) => proxies(lane)).join('\n')}
`;

const proxies = (lane: number): string => `
frontend strict-${lane}
 bind unix@${path(`strict-${lane}`)}
 default_backend strict-${lane}
backend strict-${lane}
 http-reuse never
 server s unix@${path(`server-${lane}`)}
frontend lenient-${lane}
 bind unix@${path(`lenient-${lane}`)}
 option accept-invalid-http-request
 default_backend lenient-${lane}
backend lenient-${lane}
 option accept-invalid-http-response
 http-reuse never
 server s unix@${path(`server-${lane}`)}
`;

interface Forwarded {
  readonly line: string;
  readonly body: string;
  readonly complete: boolean;
}

/** An independent, plain reading of what HAProxy writes, which is well-formed: names in small letters, one framing. */
function requestsIn(text: string): Forwarded[] {
  const requests: Forwarded[] = [];
  let at = 0;
  for (;;) {
    const end = text.indexOf('\r\n\r\n', at);
    if (end < 0) return requests;
    const head = text.slice(at, end);
    const line = head.slice(0, head.indexOf('\r\n') < 0 ? head.length : head.indexOf('\r\n'));
    const { body, next, complete } = bodyIn(head, text, end + 4);
    requests.push({ line, body, complete });
    at = next;
  }
}

function bodyIn(head: string, text: string, from: number): { readonly body: string; readonly next: number; readonly complete: boolean } {
  if (/\r\ntransfer-encoding: chunked(\r\n|$)/.test(head)) {
    let body = '';
    let at = from;
    for (;;) {
      const size = /^([0-9A-Fa-f]+)[^\r\n]*\r\n/.exec(text.slice(at, at + 300));
      if (size === null) return { body, next: text.length, complete: false };
      at += size[0].length;
      const length = Number.parseInt(size[1] as string, 16);
      if (length === 0) {
        const end = text.startsWith('\r\n', at) ? at + 2 : text.indexOf('\r\n\r\n', at) + 4;
        return end < 4 ? { body, next: text.length, complete: false } : { body, next: end, complete: true };
      }
      body += text.slice(at, at + length);
      if (text.length < at + length + 2) return { body, next: text.length, complete: false };
      at += length + 2;
    }
  }
  const length = Number(/\r\ncontent-length: ([0-9]+)(\r\n|$)/.exec(head)?.[1] ?? 0);
  const body = text.slice(from, from + length);
  return { body, next: from + body.length, complete: body.length === length };
}

type Verdict = 'taken' | 'refused';

/** A way through HAProxy for one message at a time: frontends, and the server behind them. */
class Lane {
  private readonly number: number;
  private readonly server: Server;
  /** What HAProxy has sent to the server since the case began, one text for each connection. */
  private forwarded: string[] = [];
  /** What the server answers to each head it sees, and whether it closes behind that. */
  private answer: { readonly bytes: Buffer; readonly ends: boolean } = { bytes: PLAIN, ends: false };

  private constructor(number: number) {
    this.number = number;
    this.server = createServer({ allowHalfOpen: true }, (socket) => this.serve(socket));
  }

  static async open(number: number): Promise<Lane> {
    const lane = new Lane(number);
    lane.server.listen(path(`server-${number}`));
    await once(lane.server, 'listening');
    return lane;
  }

  close(): void {
    this.server.close();
  }

  /** Taken when the server sees the head, refused when the client is told so or the connection just ends. */
  async sendHead(frontend: string, bytes: Buffer): Promise<Verdict> {
    const client = await this.begin(frontend, PLAIN, false);
    client.socket.write(bytes);
    const verdict = await until<Verdict | undefined>(`HAProxy decides about ${told(bytes)}`, () => {
      if (this.forwarded.some((text) => text.includes('\r\n\r\n'))) return 'taken';
      return client.over() || /^HTTP\/1\.1 [45]/.test(client.text()) ? 'refused' : undefined;
    });
    client.socket.destroy();
    return verdict;
  }

  /** The requests that the server saw complete, as events. */
  async sendStream(bytes: Buffer): Promise<string[]> {
    const client = await this.begin('strict', PLAIN, false);
    // No FIN: HAProxy gives up what is under way when one comes early. It closes when nothing more comes.
    client.socket.write(bytes);
    await until(`HAProxy is done with ${told(bytes)}`, client.over);
    return this.forwarded
      .flatMap((text) => requestsIn(text))
      .filter((request) => request.complete)
      .map(({ line, body }) => `${line.split(' ').slice(0, 2).join(' ')} ${JSON.stringify(body)}`);
  }

  /** What a client that asks with `method` sees of a server that answers `bytes`. */
  async fetch(frontend: string, bytes: Buffer, method: string, ends: boolean): Promise<string> {
    const client = await this.begin(frontend, bytes, ends);
    const asks = bytes.includes(' 101 ') ? UPGRADE : 'connection: close\r\n';
    client.socket.write(`${method} / HTTP/1.1\r\nhost: a\r\n${asks}\r\n`);
    await until(`HAProxy is done with ${told(bytes)}`, client.over);
    return client.text();
  }

  private serve(socket: Socket): void {
    const { forwarded, answer } = this;
    const index = forwarded.push('') - 1;
    let answered = 0;
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.end());
    socket.on('data', (chunk: Buffer) => {
      forwarded[index] += chunk.toString('latin1');
      const seen = requestsIn(forwarded[index] as string).length;
      for (; answered < seen; answered++) {
        socket.write(answer.bytes);
        if (answer.ends) socket.end();
      }
    });
  }

  private async begin(frontend: string, bytes: Buffer, ends: boolean) {
    this.forwarded = [];
    this.answer = { bytes, ends };
    const socket = connect(path(`${frontend}-${this.number}`));
    let text = '';
    let over = false;
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      over = true;
    });
    await once(socket, 'connect');
    return { socket, text: () => text, over: () => over };
  }
}

const UPGRADE = 'connection: upgrade\r\nupgrade: foo\r\n';
const lanes: Lane[] = [];

function told(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1', 0, 500));
}

/** Sends every case through one of the lanes; what `judge` has to complain about, in the order of the cases. */
async function complaintsOf<T extends Case>(cases: readonly T[], judge: (lane: Lane, one: T) => Promise<string[]>): Promise<string[]> {
  const complaints: string[][] = [];
  const rest = cases.entries();
  await Promise.all(
    lanes.map(async (lane) => {
      for (const [index, one] of rest) complaints[index] = await judge(lane, one);
    }),
  );
  assert.equal(complaints.length, cases.length);
  return complaints.flat();
}

/** What is wrong with the table: a difference without a reason, or a reason without a difference. */
function complaint(one: Case, ours: Verdict, theirs: Verdict): string[] {
  const laxer = ours === 'taken' && theirs === 'refused';
  const stricter = ours === 'refused' && theirs === 'taken';
  if (one.wavers !== undefined && !laxer) return [];
  const told = `${one.name} (${one.ref})`;
  if (laxer && one.laxer === undefined) return [`taken, and refused by HAProxy: ${told}`];
  if (stricter && one.stricter === undefined) return [`refused, and taken by HAProxy: ${told}`];
  if (!laxer && one.laxer !== undefined) return [`said to be laxer than HAProxy, and is not: ${told}`];
  if (!stricter && one.stricter !== undefined) return [`said to be stricter than HAProxy, and is not: ${told}`];
  return [];
}

describe('beside HAProxy', { skip }, () => {
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fairlead-messages-'));
    writeFileSync(path('haproxy.cfg'), configuration());
    for (let number = 0; number < LANES; number++) lanes.push(await Lane.open(number));
    haproxy = spawn('haproxy', ['-db', '-f', path('haproxy.cfg')], { stdio: 'ignore' });
    const [lane] = lanes;
    await until(
      'HAProxy answers',
      async () => (await lane?.sendHead('strict', Buffer.from('GET / HTTP/1.1\r\nhost: a\r\n\r\n'))) === 'taken',
    );
  });

  after(async () => {
    if (haproxy !== undefined && haproxy.exitCode === null) {
      haproxy.kill('SIGKILL');
      await once(haproxy, 'exit');
    }
    for (const lane of lanes) lane.close();
    if (folder !== '') rmSync(folder, { recursive: true });
  });

  const requestHeads: readonly (readonly [string, string, readonly RequestCase[]])[] = [
    ['request heads', 'strict', requestCases],
    ['request heads with option accept-invalid-http-request', 'lenient', lenientRequestCases],
  ];
  for (const [what, frontend, cases] of requestHeads) {
    it(`${what} are taken and refused alike, but where the table says why`, async () => {
      const complaints = await complaintsOf(cases, async (lane, one) => {
        const theirs = await lane.sendHead(frontend, bytesOf(one));
        return complaint(one, one.refuse === undefined ? 'taken' : 'refused', theirs);
      });
      assert.deepEqual(complaints, []);
    });
  }

  const responseHeads: readonly (readonly [string, string, readonly ResponseCase[]])[] = [
    ['response heads', 'strict', responseCases],
    ['response heads with option accept-invalid-http-response', 'lenient', lenientResponseCases],
  ];
  for (const [what, frontend, cases] of responseHeads) {
    it(`${what} are taken and refused alike, but where the table says why`, async () => {
      const complaints = await complaintsOf(cases, async (lane, one) => {
        const seen = await lane.fetch(frontend, bytesOf(one), one.method ?? 'GET', true);
        const theirs = seen === '' || seen.startsWith('HTTP/1.1 502 ') ? 'refused' : 'taken';
        return complaint(one, one.refuse === undefined ? 'taken' : 'refused', theirs);
      });
      assert.deepEqual(complaints, []);
    });
  }

  it('streams of requests are the same requests, but where the table says why', async () => {
    const complaints = await complaintsOf<StreamCase>([...requestStreams, ...publishedRequests], async (lane, one) => {
      const ours = one.events.filter((event) => event.endsWith('"'));
      const theirs = await lane.sendStream(Buffer.from(one.text, 'latin1'));
      // What both have seen must be the same; who has seen more has taken what the other refused.
      const common = Math.min(ours.length, theirs.length);
      const parted = ours.findIndex((event, index) => index < common && event !== theirs[index]) >= 0;
      const verdicts: [Verdict, Verdict] = [
        parted || ours.length < theirs.length ? 'refused' : 'taken',
        theirs.length < ours.length ? 'refused' : 'taken',
      ];
      return complaint(one, ...verdicts).map((text) => `${text}: ${theirs}`);
    });
    assert.deepEqual(complaints, []);
  });

  it('streams of responses are the same to a client, but where the table says why', async () => {
    // Where more is waited for HAProxy waits, too, and gives up with the server's time-out.
    const cases = [...responseStreams, ...publishedResponses].filter((one) => !one.events.at(-1)?.endsWith('…'));
    const complaints = await complaintsOf<ResponseStreamCase>(cases, async (lane, one) => {
      const method = one.method ?? 'GET';
      const seen = await lane.fetch('strict', Buffer.from(one.text, 'latin1'), method, one.ends === true);
      const ours = one.events.some((event) => event.startsWith('!') || /!body|cut$/.test(event)) ? 'refused' : 'taken';
      return complaint(one, ours, complete(seen, method) ? 'taken' : 'refused').map((text) => `${text}: ${JSON.stringify(seen)}`);
    });
    assert.deepEqual(complaints, []);
  });
});

/** Whether a client takes this for a complete response that is none of HAProxy's own. */
function complete(seen: string, method: string): boolean {
  const final = /HTTP\/1\.[01] (?:101|[2-9][0-9]{2}) [\s\S]*/.exec(seen)?.[0] ?? '';
  const end = final.indexOf('\r\n\r\n');
  if (end < 0 || final.startsWith('HTTP/1.1 502 ') || final.startsWith('HTTP/1.1 504 ')) return false;
  const head = final.slice(0, end);
  if (method === 'HEAD' || /^HTTP\/1\.1 (?:101|204|304) /.test(head)) return true;
  if (!/\r\n(?:content-length|transfer-encoding): /.test(head)) return true;
  return bodyIn(head, final, end + 4).complete;
}
