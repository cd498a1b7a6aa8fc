/**
 * The open-loop load: `client.js SPEC` (JSON of ClientSpec) prints a ClientReport as JSON.
 *
 * It watches the clock all the time instead of sleeping, because timers of 1 ms would be most of what it measures; so it is
 * to run with the lowest priority on the core that it shares with the servers. Per request it writes prepared bytes and counts
 * the bytes of the answer, whose length the first answer on the connection tells.
 */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Line, OpenLoop } from './open-loop.ts';

export interface ClientSpec {
  readonly port: number;
  readonly path: string;
  /** Bytes of the request's body; 0 is a GET. */
  readonly postBytes: number;
  readonly connections: number;
  /** Requests a second. */
  readonly rate: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface ClientReport {
  /** Requests answered, warm-up included: what the CPU time of the round was spent on. */
  readonly answered: number;
  /** Requests that were due and got no answer until the end. */
  readonly unanswered: number;
  /** µs from when a request was due. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** µs by which this program was late (99th percentile). */
  readonly lag: number;
  /** Why the round does not count. */
  readonly invalid: string | undefined;
}

/** So long the last answers are waited for. */
const patienceMs = 1000;
const END_OF_HEAD = Buffer.from('\r\n\r\n');
/** `HTTP/1.1 2`: where the first digit of the status stands. */
const STATUS_AT = 9;

class Connection implements Line {
  readonly socket: Socket;
  /** Bytes of one answer; 0 until the first is complete. */
  private length = 0;
  private got = 0;
  private first = Buffer.alloc(0);
  private readonly request: Buffer;
  private readonly onAnswer: (connection: Connection) => void;
  private readonly onFault: (reason: string) => void;

  constructor(port: number, request: Buffer, onAnswer: (connection: Connection) => void, onFault: (reason: string) => void) {
    this.request = request;
    this.onAnswer = onAnswer;
    this.onFault = onFault;
    this.socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: slab, callback: (size, bytes) => this.onBytes(size, bytes) },
    });
    this.socket.on('error', (error) => onFault(error.message));
    this.socket.on('close', () => onFault('a connection was closed'));
  }

  send(): void {
    this.got = 0;
    this.socket.write(this.request);
  }

  private onBytes(size: number, bytes: Uint8Array): boolean {
    if (this.length === 0) this.learn(Buffer.from(bytes.subarray(0, size)));
    else if (this.got === 0 && size > STATUS_AT && bytes[STATUS_AT] !== 0x32) this.onFault('an answer other than 2xx');
    this.got += size;
    if (this.length === 0 || this.got < this.length) return true;
    if (this.got > this.length) this.onFault('an answer of another length than the first');
    else this.onAnswer(this);
    return true;
  }

  /** The first answer on this connection, piece by piece. */
  private learn(piece: Buffer): void {
    this.first = Buffer.concat([this.first, piece]);
    const end = this.first.indexOf(END_OF_HEAD);
    if (end < 0) return;
    const head = this.first.toString('latin1', 0, end);
    const body = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (body === undefined || head[STATUS_AT] !== '2') this.onFault(`the answer ${head.split('\r\n')[0]}`);
    else this.length = end + END_OF_HEAD.length + Number(body);
  }
}

/** All connections read into it, one after the other: nothing is allocated per read. */
const slab = Buffer.alloc(256 << 10);

function requestBytes({ path, postBytes }: ClientSpec): Buffer {
  const head = `${postBytes > 0 ? 'POST' : 'GET'} ${path} HTTP/1.1\r\nHost: localhost\r\n`;
  const length = postBytes > 0 ? `Content-Type: application/octet-stream\r\nContent-Length: ${postBytes}\r\n` : '';
  return Buffer.concat([Buffer.from(`${head}${length}\r\n`), Buffer.alloc(postBytes, 'x')]);
}

async function run(spec: ClientSpec): Promise<ClientReport> {
  let invalid: string | undefined;
  let loop: OpenLoop<Connection> | undefined;
  const request = requestBytes(spec);
  const fault = (reason: string) => {
    invalid ??= reason;
  };
  const answered = (connection: Connection) => loop?.answered(connection, performance.now());
  const connections = Array.from({ length: spec.connections }, () => new Connection(spec.port, request, answered, fault));
  await Promise.all(connections.map(({ socket }) => once(socket, 'connect')));

  const start = performance.now() + 10;
  const countFrom = start + spec.warmUpSeconds * 1000;
  const end = countFrom + spec.seconds * 1000;
  const running = new OpenLoop(connections, { rate: spec.rate, start, countFrom, end });
  loop = running;
  await new Promise<void>((resolve) => {
    const turn = (): void => {
      const now = performance.now();
      running.tick(now);
      if (running.done || invalid !== undefined || now > end + patienceMs) resolve();
      else setImmediate(turn);
    };
    turn();
  });
  const complaint = invalid;
  const unanswered = running.giveUp(performance.now());
  for (const { socket } of connections) socket.resetAndDestroy();
  const { latencies, lags } = running;
  return {
    answered: running.answeredCount,
    unanswered,
    p50: latencies.quantile(0.5),
    p99: latencies.quantile(0.99),
    p999: latencies.quantile(0.999),
    max: latencies.max,
    lag: lags.quantile(0.99),
    invalid: complaint,
  };
}

process.stdout.write(JSON.stringify(await run(JSON.parse(process.argv[2] ?? '') as ClientSpec)));
