/**
 * Who does not read, or sends more than is read, costs the balancer no memory to speak of. Each story runs the program
 * itself and measures from outside what it holds, from a point where it has carried traffic of the same kind already.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { RawClient } from '../support/client.ts';
import { Fairlead } from '../support/fairlead.ts';
import { forgetPeak, noProc, peakBytes, processorTicks, residentBytes, transferred } from '../support/memory.ts';
import { startRawUpstream } from '../support/upstream.ts';
import { settled, until } from '../support/wait.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
/** A response of 1 GiB to a client that reads 1 KiB a second makes the balancer grow by less than this. */
const BOUND = 8 * MIB;
/** What the buffers on the way take at least: a story in which less is sent has not filled anything. */
const FILLED = MIB / 2;
/** Of each kind of body, how much has gone through before anything is measured. */
const BEFORE = MIB;
/** Pieces of a byte each, once the balancer has to hold what comes: more than it reads of them. */
const TRICKLE = 20_000;
/** What has not been read, or passed on, so long after it came is being held, ms. */
const AT_ONCE = 500;
/** Stories at a time: most of their time is waiting. */
const PARALLEL = 3;

const CONFIG = `
defaults
 mode http
 timeout connect 5s
 timeout client 60s
 timeout server 60s
 timeout tunnel 60s
listen www
 bind 127.0.0.1:0
 http-request return status 200 content-type text/plain string ${'own'.repeat(300)} if { path /own }
`;
/**
 * V8's young generation grows with the rate at which short-lived objects come, up to a limit of its own, whether anything
 * waits or not: by 4 to 7 MiB where segments come by the ten thousand. At its smallest, what is measured is what is held.
 */
const SMALL_YOUNG_GENERATION = { NODE_OPTIONS: '--max-semi-space-size=1' };

/** A body as its sender writes it. */
interface Body {
  readonly name: string;
  readonly framing: 'length' | 'chunked';
  /** What is written, one after the other, over and over; chunks with their framing. */
  readonly pieces: readonly Buffer[];
  /** Large pieces until the balancer has to hold them, then bytes one by one, a segment each. */
  readonly trickles: boolean;
}

const X = Buffer.alloc(65_536, 'x');
const chunk = (size: number) => Buffer.concat([Buffer.from(`${size.toString(16)}\r\n`), X.subarray(0, size), Buffer.from('\r\n')]);
const plain = (size: number) => X.subarray(0, size);
/** 1 to 100. */
const SIZES = Array.from({ length: 100 }, (_, index) => ((index * 37) % 100) + 1);

const LARGE: Body = { name: 'in large pieces', framing: 'length', pieces: [X], trickles: false };
const TRICKLING: Body = { name: 'byte by byte', framing: 'length', pieces: SIZES.map(plain), trickles: true };
const BODIES: readonly Body[] = [
  LARGE,
  { name: 'in large chunks', framing: 'chunked', pieces: [chunk(X.length)], trickles: false },
  { name: 'in chunks of a byte, many in a segment', framing: 'chunked', pieces: [Buffer.from('1\r\nx\r\n'.repeat(1000))], trickles: false },
  TRICKLING,
  { name: 'in chunks of a byte, a segment each', framing: 'chunked', pieces: SIZES.map(chunk), trickles: true },
];

const LAST_CHUNK = '0\r\n\r\n';

const framingOf = ({ framing }: Body, size: number) => (framing === 'length' ? `Content-Length: ${size}` : 'Transfer-Encoding: chunked');

/** The balancer between an end that the story holds still and one that does not stop. */
interface Subject {
  readonly port: number;
  /** What the end that does not stop has got rid of. */
  readonly flow: { sent: number };
  readonly pid: number;
  /** The server's connection, once the request is there. */
  asked: Socket | undefined;
  /** What trickled was held up by a busy machine, not by the balancer. */
  late: boolean;
  /** The end that does not stop at work. */
  sending: Promise<void> | undefined;
  /** Resolves when nothing moves any more. */
  rest(): Promise<void>;
}

/** Sends `size` bytes of `body`, or as many as are taken. */
async function send(to: Socket, { framing, pieces, trickles }: Body, size: number, flow: { sent: number }): Promise<void> {
  for (let index = 0; flow.sent < size && !to.destroyed; index++) {
    const whole = pieces[index % pieces.length] as Buffer;
    const piece = framing === 'length' ? whole.subarray(0, size - flow.sent) : whole;
    flow.sent += piece.length;
    if (!to.write(piece)) await drained(to);
    else if (trickles) await turn();
  }
  if (framing === 'chunked') to.write(LAST_CHUNK);
}

/** Sends 1 GiB of `body`, or as much as is taken. Of one that trickles the end is reached when the balancer reads no more. */
async function sendEndlessly(to: Socket, body: Body, subject: Subject): Promise<void> {
  if (!body.trickles) return send(to, body, GIB, subject.flow);
  const shape = body.framing === 'length' ? plain : chunk;
  let written: number;
  do {
    subject.flow.sent += 1024;
    ({ written } = transferred(subject.pid));
  } while (await passesOn(to, shape(1024), subject.pid));
  let count = 0;
  while (count < TRICKLE && (await isRead(to, shape(1), subject.pid))) count++;
  subject.flow.sent += count;
  await settled('the balancer has nothing to do', () => processorTicks(subject.pid));
  // All of it: a process writes a little to itself as well.
  const passedOn = transferred(subject.pid).written - written >= count * shape(1).length;
  subject.late = passedOn || (count < TRICKLE && (await isRead(to, shape(1024), subject.pid)));
}

/** Sends `piece`; false when the balancer reads it and keeps it. */
async function passesOn(to: Socket, piece: Buffer, pid: number): Promise<boolean> {
  const { written } = transferred(pid);
  await isRead(to, piece, pid);
  return soon(() => transferred(pid).written - written >= piece.length);
}

/** Sends `piece`; false when the balancer leaves it where it is. */
async function isRead(to: Socket, piece: Buffer, pid: number): Promise<boolean> {
  const { read } = transferred(pid);
  to.write(piece);
  return soon(() => transferred(pid).read - read >= piece.length);
}

/** Whether `condition` comes true at once. A busy machine may have it missed: then a story holds less, which `late` tells. */
async function soon(condition: () => boolean): Promise<boolean> {
  const deadline = performance.now() + AT_ONCE;
  for (;;) {
    await turn();
    if (condition()) return true;
    if (performance.now() > deadline) return false;
  }
}

/** Everything written has gone, or never will. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
}

/** A server's connection: `/endless` is sent without end, or never read where it is a POST; an upgrade is granted. */
function answer(socket: Socket, body: Body, subject: Subject): void {
  socket.setNoDelay(true);
  let head = '';
  let received = 0;
  socket.on('data', (bytes: Buffer) => {
    if (!head.includes('\r\n\r\n')) head += bytes.toString('latin1');
    if (!head.includes('\r\n\r\n')) return;
    const endless = head.includes(' /endless ');
    if (head.startsWith('POST')) {
      received += bytes.length;
      if (endless) {
        socket.pause();
        subject.asked = socket;
      } else if (body.framing === 'length' ? received >= BEFORE : bytes.toString('latin1').endsWith(LAST_CHUNK)) {
        socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n');
      }
      return;
    }
    const upgrade = /\r\nupgrade: /i.test(head);
    head = '';
    if (upgrade) socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    else socket.write(`HTTP/1.1 200 OK\r\n${framingOf(body, endless ? GIB : BEFORE)}\r\n\r\n`);
    if (endless) {
      subject.asked = socket;
      subject.sending = sendEndlessly(socket, body, subject);
    } else void send(socket, body, BEFORE, { sent: 0 });
  });
  socket.on('end', () => socket.end());
}

/** Runs `story` after `before`, and judges how much more than in between the balancer held at any time of it. */
async function bounded(
  test: TestContext,
  body: Body,
  before: (subject: Subject) => Promise<unknown>,
  story: (subject: Subject) => Promise<unknown>,
  env: Readonly<Record<string, string>> = body.trickles ? SMALL_YOUNG_GENERATION : {},
): Promise<void> {
  const flow = { sent: 0 };
  const server = await startRawUpstream((socket) => answer(socket, body, subject));
  const fairlead = await Fairlead.start(`${CONFIG} server s1 ${server.address}\n`, { env });
  const pid = fairlead.process.pid as number;
  const rest = async () => {
    if (body.trickles) await subject.sending;
    await settled('everything waits', () => flow.sent, 10, 60_000);
    await settled('the balancer has nothing to do', () => processorTicks(pid));
  };
  const subject: Subject = { port: fairlead.port('www'), pid, flow, rest, asked: undefined, late: false, sending: undefined };
  try {
    await before(subject);
    await rest();
    const held = residentBytes(pid);
    forgetPeak(pid);
    await story(subject);
    const grown = peakBytes(pid) - held;
    const said = `grew by ${(grown / MIB).toFixed(1)} MiB while ${(flow.sent / MIB).toFixed(1)} MiB were sent`;
    test.diagnostic(said);
    assert.ok(grown < BOUND, said);
    assert.ok(flow.sent >= FILLED, said);
    if (subject.late) test.skip('the machine was too busy for bytes one by one: the balancer held less than it might');
  } finally {
    await fairlead.stop('SIGKILL');
    await server.stop();
  }
}

const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;

async function download({ port }: Subject): Promise<void> {
  const client = await RawClient.connect(port);
  client.send(get('/'));
  await until('it is there', () => client.received.length > BEFORE && /x$|0\r\n\r\n$/.test(client.received.slice(-5)));
  client.close();
}

async function startUpload({ port }: Subject, body: Body, path: string, size: number): Promise<RawClient> {
  const client = await RawClient.connect(port);
  client.send(`POST ${path} HTTP/1.1\r\nHost: a\r\n${framingOf(body, size)}\r\n\r\n`);
  return client;
}

async function upload(subject: Subject, body: Body): Promise<void> {
  const client = await startUpload(subject, body, '/', BEFORE);
  await send(client.socket, body, BEFORE, { sent: 0 });
  await client.readUntil('\r\n\r\n');
  client.close();
}

/** Reads a KiB, lets everything come to rest, reads a KiB now and then, and lets everything come to rest again. */
async function readSlowly(subject: Subject, request: string): Promise<void> {
  let sipped = () => {};
  const callback = () => {
    sipped();
    return false;
  };
  const socket = connect({ port: subject.port, host: '127.0.0.1', onread: { buffer: Buffer.alloc(1024), callback } });
  socket.on('error', () => {});
  await once(socket, 'connect');
  let cutOff = () => {};
  socket.on('close', () => cutOff());
  const sip = () =>
    new Promise<void>((resolve, reject) => {
      sipped = resolve;
      cutOff = () => reject(new Error('the balancer has closed the connection'));
      socket.resume();
    });
  socket.write(request);
  await sip();
  await subject.rest();
  for (let kib = 0; kib < 20; kib++) await sip();
  await subject.rest();
  assert.ok(!socket.destroyed && subject.asked?.destroyed === false, 'nobody has been cut off');
  socket.destroy();
}

describe('a client that reads a KiB now and then', { skip: noProc, concurrency: PARALLEL }, () => {
  for (const body of BODIES) {
    it(`of a response of 1 GiB ${body.name}`, async (test) => {
      await bounded(test, body, download, (subject) => readSlowly(subject, get('/endless')));
    });
  }

  for (const body of [LARGE, TRICKLING]) {
    it(`of a tunnel, filled ${body.name}`, async (test) => {
      await bounded(test, body, download, (subject) => readSlowly(subject, get('/endless', 'Connection: Upgrade\r\nUpgrade: x\r\n')));
    });
  }
});

describe('a server that does not read', { skip: noProc, concurrency: PARALLEL }, () => {
  for (const body of BODIES) {
    it(`a request of 1 GiB ${body.name}`, async (test) => {
      await bounded(
        test,
        body,
        (subject) => upload(subject, body),
        async (subject) => {
          const client = await startUpload(subject, body, '/endless', GIB);
          await until('the request is there', () => subject.asked !== undefined);
          subject.sending = sendEndlessly(client.socket, body, subject);
          await subject.rest();
          assert.ok(!client.ended && subject.asked?.destroyed === false, 'nobody has been cut off');
          client.close();
        },
      );
    });
  }
});

describe('a client that sends one request after the other and reads none of the replies', { skip: noProc, concurrency: PARALLEL }, () => {
  const own = async ({ port }: Subject) => {
    const client = await RawClient.connect(port);
    client.send(get('/own').repeat(4000));
    await until('all are answered', () => client.received.split('HTTP/1.1 200 ').length === 4001);
    client.close();
  };
  for (const [name, request, before] of [
    ['of a server', get('/'), download],
    ['of the balancer itself', get('/own'), own],
  ] as const) {
    it(name, async (test) => {
      const requests: Body = { name, framing: 'length', pieces: [Buffer.from(request.repeat(1000))], trickles: false };
      const story = async (subject: Subject) => {
        const client = await RawClient.connect(subject.port);
        client.socket.pause();
        void send(client.socket, requests, GIB, subject.flow);
        await subject.rest();
        assert.ok(!client.ended, 'the client has not been cut off');
        client.close();
      };
      await bounded(test, LARGE, before, story, SMALL_YOUNG_GENERATION);
    });
  }
});
