import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { describe, it } from 'node:test';
import { type Outlet, SocketOutlet } from '../../src/proxy/outlet.ts';
import { streamWrap } from '../../src/proxy/stream-wrap.ts';
import { until } from '../support/wait.ts';

interface Pair {
  readonly socket: net.Socket;
  readonly outlet: Outlet;
  readonly drained: () => number;
  /** What the peer has read; it reads only after `read()`. */
  readonly received: () => Buffer;
  readonly read: () => void;
  readonly peer: net.Socket;
}

/** An outlet on one end of a connection, and the other end. */
async function withPair(body: (pair: Pair) => Promise<void>): Promise<void> {
  const server = net.createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
  const [[peer]] = (await Promise.all([once(server, 'connection'), once(socket, 'connect')])) as [[net.Socket], unknown];
  let drains = 0;
  const chunks: Buffer[] = [];
  peer.on('data', (chunk: Buffer) => chunks.push(chunk));
  peer.pause();
  peer.on('error', () => {});
  try {
    await body({
      socket,
      outlet: new SocketOutlet(socket, () => drains++),
      drained: () => drains,
      received: () => Buffer.concat(chunks),
      read: () => peer.resume(),
      peer,
    });
  } finally {
    socket.destroy();
    peer.destroy();
    server.close();
  }
}

const megabytes = 'x'.repeat(16 << 20);

describe('an outlet', () => {
  it('finds the binding that writes without the stream: every supported version of Node has it', () => {
    assert.ok(streamWrap);
  });

  it('writes text as one byte a character', () =>
    withPair(async ({ outlet, received, read }) => {
      outlet.text('caf\u00e9 \u00ff\r\n');
      read();
      await until('everything has come', () => received().length === 8);
      assert.deepEqual(received(), Buffer.from('caf\u00e9 \u00ff\r\n', 'latin1'));
      assert.equal(outlet.pending, 0);
      assert.equal(outlet.behind, false);
    }));

  it('is behind while the peer does not read, and says when it has caught up', () =>
    withPair(async ({ outlet, drained, received, read }) => {
      outlet.text(megabytes);
      assert.equal(outlet.pending, megabytes.length);
      assert.equal(outlet.behind, true);
      assert.equal(drained(), 0);
      read();
      await until('everything has come', () => received().length === megabytes.length);
      await until('the caught-up outlet has said so', () => drained() === 1);
      assert.equal(outlet.pending, 0);
      assert.equal(outlet.behind, false);
    }));

  it('keeps the order of text and bytes while text is still on its way', () =>
    withPair(async ({ outlet, drained, received, read }) => {
      outlet.text(megabytes);
      outlet.bytes(Buffer.from('bytes'));
      outlet.text('text');
      outlet.bytes(Buffer.alloc(100_000, 'y'));
      outlet.text('end');
      outlet.end();
      assert.equal(outlet.pending, megabytes.length + 5 + 4 + 100_000 + 3);
      read();
      const expected = `${megabytes}bytestext${'y'.repeat(100_000)}end`;
      await until('everything has come', () => received().length === expected.length);
      assert.equal(received().toString('latin1') === expected, true);
      await until('the caught-up outlet has said so', () => drained() > 0);
    }));

  it('keeps the order behind a cork', () =>
    withPair(async ({ outlet, received, read }) => {
      outlet.cork();
      outlet.text('head ');
      outlet.bytes(Buffer.from('body '));
      outlet.uncork();
      outlet.text('next');
      read();
      await until('everything has come', () => received().toString() === 'head body next');
    }));

  it('destroys the socket with an error when the peer has gone', () =>
    withPair(async ({ outlet, socket, peer }) => {
      const failed = once(socket, 'error');
      peer.resetAndDestroy();
      await once(peer, 'close');
      const writing = setInterval(() => outlet.text('into the void'), 1);
      try {
        await failed;
        assert.equal(socket.destroyed, true);
      } finally {
        clearInterval(writing);
      }
    }));

  it('destroys the socket when the peer goes while text is on its way', () =>
    withPair(async ({ outlet, socket, drained, peer }) => {
      const failed = once(socket, 'error');
      outlet.text(megabytes);
      peer.resetAndDestroy();
      await failed;
      assert.equal(socket.destroyed, true);
      assert.equal(drained(), 0);
    }));

  it('takes being closed while text is on its way', () =>
    withPair(async ({ outlet, socket, drained }) => {
      outlet.text(megabytes);
      const closed = once(socket, 'close');
      socket.destroy();
      await closed;
      outlet.text('nobody reads this');
      assert.equal(drained(), 0);
    }));
});
