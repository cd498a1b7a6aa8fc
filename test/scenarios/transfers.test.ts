/**
 * Large bodies, compared byte by byte at their other end: every framing, both ways, as fast as they go, with an end that
 * is slow for a while, and several at once. Node's own client and server stand at the ends and judge the framing.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Pattern } from '../support/pattern.ts';
import { startUpstream } from '../support/upstream.ts';
import { settled } from '../support/wait.ts';
import type { Balancer } from './balancer.ts';
import { withTraffic } from './traffic.ts';

const MIB = 1024 * 1024;
/** Not multiples of anything. */
const WHOLE = 256 * MIB + 12_345;
const PART = 32 * MIB + 54_321;
const SMALL = 8 * MIB + 4321;
/** The unread two thirds are more than the buffers of four sockets take, whose limits are up to 32 MiB on common systems. */
const STALLING = 192 * MIB + 777;

/** How a body tells its end. */
type Framing = 'length' | 'chunked' | 'until-close';
/** What happens in the middle: nothing, the sender sends hundreds of little pieces, or the receiver stops for a while and then sips. */
type Middle = 'fast' | 'slow sender' | 'slow receiver';

/** One body on its way. */
class Transfer {
  readonly path: string;
  readonly framing: Framing;
  readonly size: number;
  private readonly middle: Middle;
  private readonly pattern: Pattern;
  private sent = 0;
  /** How much had been sent when the receiver did not read and the sender could not go on. */
  stalledAt = 0;

  constructor(number: number, framing: Framing, size: number, middle: Middle = 'fast') {
    this.path = `/${number}`;
    this.pattern = new Pattern(number);
    this.framing = framing;
    this.size = size;
    this.middle = middle;
  }

  async send(to: Writable): Promise<void> {
    const { pattern, size } = this;
    const slowFrom = this.middle === 'slow sender' ? Math.floor(size / 3) : size;
    const slowTo = slowFrom + 200_000;
    let little = 0;
    while (this.sent < size) {
      const slow = this.sent >= slowFrom && this.sent < slowTo;
      const wanted = slow ? (little++ % 1000) + 1 : 65_536;
      const piece = pattern.piece(this.sent, Math.min(wanted, size - this.sent));
      this.sent += piece.length;
      if (!to.write(piece)) await once(to, 'drain');
      // Each little piece goes out alone.
      else if (slow) await turn();
    }
    to.end();
  }

  /** Resolves when all has come and was right. */
  async receive(from: Readable): Promise<void> {
    const receiver = this.pattern.receiver();
    const slowFrom = this.middle === 'slow receiver' ? Math.floor(this.size / 3) : Number.POSITIVE_INFINITY;
    let sips = 0;
    for await (const chunk of from) {
      receiver.take(chunk);
      if (receiver.bytes < slowFrom || sips >= 200) continue;
      if (sips++ === 0) {
        this.stalledAt = await settled('the sender waits', () => this.sent);
      } else await turn();
    }
    assert.equal(receiver.bytes, this.size);
  }
}

/** A server that sends, or takes, the bodies of `transfers`. */
async function startStore(transfers: readonly Transfer[]) {
  return startUpstream('', (incoming, outgoing) => {
    const transfer = transfers.find(({ path }) => path === incoming.url);
    assert.ok(transfer);
    if (incoming.method !== 'GET') {
      assert.deepEqual(framingOf(incoming), transfer.framing);
      transfer.receive(incoming).then(
        () => outgoing.writeHead(204).end(),
        (error: Error) => outgoing.writeHead(500).end(error.message),
      );
      return;
    }
    if (transfer.framing === 'length') outgoing.setHeader('content-length', transfer.size);
    if (transfer.framing === 'until-close') {
      outgoing.shouldKeepAlive = false;
      outgoing.removeHeader('transfer-encoding');
    }
    void transfer.send(outgoing);
  });
}

function framingOf({ headers }: IncomingMessage): Framing {
  if (headers['content-length'] !== undefined) return 'length';
  return headers['transfer-encoding'] === 'chunked' ? 'chunked' : 'until-close';
}

async function download(balancer: Balancer, transfer: Transfer): Promise<void> {
  const outgoing = request({ host: '127.0.0.1', port: balancer.port('www'), path: transfer.path, agent: false }).end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  assert.deepEqual([response.statusCode, framingOf(response)], [200, transfer.framing]);
  await transfer.receive(response);
}

async function upload(balancer: Balancer, transfer: Transfer): Promise<void> {
  const headers = transfer.framing === 'length' ? { 'content-length': transfer.size } : { 'transfer-encoding': 'chunked' };
  const outgoing = request({ host: '127.0.0.1', port: balancer.port('www'), path: transfer.path, method: 'PUT', headers, agent: false });
  const response = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  await transfer.send(outgoing);
  const [{ statusCode }] = await response;
  assert.equal(statusCode, 204);
}

/** Runs `carry` for every transfer at once; afterwards every byte must stand in the statistics. */
async function carryAll(
  transfers: readonly Transfer[],
  carry: (balancer: Balancer, transfer: Transfer) => Promise<void>,
  lines = '',
): Promise<void> {
  await withTraffic(await startStore(transfers), lines, async (balancer) => {
    await Promise.all(transfers.map((transfer) => carry(balancer, transfer)));
    const { bin, bout } = balancer.server('www', 's1').counters;
    const total = transfers.reduce((sum, { size }) => sum + size, 0);
    assert.ok(bin + bout > total, `${bin + bout} bytes are counted of ${total}`);
    assert.ok(balancer.logged.every(({ termination }) => termination === '----'));
  });
}

describe('a download', () => {
  for (const framing of ['length', 'chunked'] as const) {
    it(`of 256 MiB arrives whole, ${framing}`, () => carryAll([new Transfer(1, framing, WHOLE)], download));
  }

  it('whose end is the end of the connection arrives whole', () => carryAll([new Transfer(2, 'until-close', PART)], download));

  it('that was chunked arrives whole at an HTTP/1.0 client', async () => {
    await carryAll([new Transfer(3, 'chunked', PART)], async (balancer, transfer) => {
      const socket = connect(balancer.port('www'), '127.0.0.1');
      socket.write(`GET ${transfer.path} HTTP/1.0\r\n\r\n`);
      await once(socket, 'readable');
      const first: Buffer = socket.read();
      const body = first.indexOf('\r\n\r\n') + 4;
      assert.doesNotMatch(first.toString('latin1', 0, body), /transfer-encoding/i);
      socket.unshift(first.subarray(body));
      await transfer.receive(socket);
    });
  });

  for (const framing of ['length', 'chunked', 'until-close'] as const) {
    it(`with a slow sender in its middle arrives whole, ${framing}`, () =>
      carryAll([new Transfer(4, framing, PART, 'slow sender')], download));

    it(`with a slow receiver waits for it and arrives whole, ${framing}`, async () => {
      const transfer = new Transfer(5, framing, STALLING, 'slow receiver');
      await carryAll([transfer], download);
      assert.ok(transfer.stalledAt < STALLING, 'what is not read stays with the sender');
    });
  }
});

describe('an upload', () => {
  for (const framing of ['length', 'chunked'] as const) {
    it(`of 256 MiB arrives whole, ${framing}`, () => carryAll([new Transfer(6, framing, WHOLE)], upload));

    it(`with a slow sender in its middle arrives whole, ${framing}`, () =>
      carryAll([new Transfer(7, framing, PART, 'slow sender')], upload));

    it(`with a slow receiver waits for it and arrives whole, ${framing}`, async () => {
      const transfer = new Transfer(8, framing, STALLING, 'slow receiver');
      await carryAll([transfer], upload);
      assert.ok(transfer.stalledAt < STALLING, 'what is not read stays with the sender');
    });
  }
});

describe('many bodies at once', () => {
  const framings = ['length', 'chunked'] as const;
  const middles = ['fast', 'slow sender', 'slow receiver'] as const;

  it('do not mix, whichever way they go', async () => {
    const all = Array.from(
      { length: 12 },
      (_, index) => new Transfer(10 + index, framings[index % 2] as Framing, SMALL * 2, middles[index % 3] as Middle),
    );
    await carryAll(all, (balancer, transfer) => (Number(transfer.path.slice(1)) % 4 < 2 ? download : upload)(balancer, transfer));
  });

  it('arrive whole one after the other where a server takes two at a time', async () => {
    const all = Array.from({ length: 8 }, (_, index) => new Transfer(30 + index, framings[index % 2] as Framing, SMALL));
    await carryAll(all, download, 'default-server maxconn 2');
  });
});
