import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { AcceptedSocket, acceptFrom, giveBack, lend, owned } from '../../src/proxy/accept.ts';
import { until } from '../support/wait.ts';

/** Accepts on `listen`, and connects clients to it. */
async function withServer(
  listen: net.ListenOptions,
  body: (accepted: AcceptedSocket[], connect: () => Promise<net.Socket>) => Promise<void>,
) {
  const accepted: AcceptedSocket[] = [];
  const server = net.createServer({ allowHalfOpen: true }).listen(listen);
  await once(server, 'listening');
  acceptFrom(server, (one) => accepted.push(new AcceptedSocket(one)));
  const clients: net.Socket[] = [];
  const connect = async () => {
    const address = server.address() as net.AddressInfo | string;
    const client = typeof address === 'string' ? net.connect(address) : net.connect(address.port, '127.0.0.1');
    clients.push(client);
    await once(client, 'connect');
    return client;
  };
  try {
    await body(accepted, connect);
  } finally {
    for (const one of [...clients, ...accepted.map(({ socket }) => socket)]) one.destroy();
    server.close();
  }
}

/** Everything that comes, as bytes of their own, and the buffers that it came in. */
function collect(accepted: AcceptedSocket): { readonly text: () => string; readonly buffers: Set<ArrayBufferLike> } {
  const buffers = new Set<ArrayBufferLike>();
  const pieces: Buffer[] = [];
  accepted.read((bytes, length) => {
    buffers.add(bytes.buffer);
    pieces.push(owned(bytes.subarray(0, length)));
  });
  return { text: () => Buffer.concat(pieces).toString(), buffers };
}

const tcp = { host: '127.0.0.1', port: 0 };

describe('an accepted connection', () => {
  it('reads into the slab that all of them share, and what is owned is not overwritten by others', () =>
    withServer(tcp, async (accepted, connect) => {
      const [one, two] = [await connect(), await connect()];
      await until('both are accepted', () => accepted.length === 2);
      const [first, second] = [collect(accepted[0] as AcceptedSocket), collect(accepted[1] as AcceptedSocket)];
      one.write('from one');
      await until('everything has come', () => first.text() === 'from one');
      two.write('from two');
      await until('everything has come', () => second.text() === 'from two');
      assert.equal(first.text(), 'from one');
      assert.deepEqual(first.buffers, second.buffers);
    }));

  it('is not read before somebody wants it', () =>
    withServer(tcp, async (accepted, connect) => {
      const client = await connect();
      client.write('early');
      await until('it is accepted', () => accepted.length === 1);
      const other = await connect();
      other.write('x');
      await until('both are accepted', () => accepted.length === 2);
      const second = collect(accepted[1] as AcceptedSocket);
      await until('everything has come', () => second.text() === 'x');
      assert.equal((accepted[0] as AcceptedSocket).socket.bytesRead, 0);
      const first = collect(accepted[0] as AcceptedSocket);
      await until('everything has come', () => first.text() === 'early');
    }));

  it('lends buffers for what is to be held, and uses those that were given back again', () =>
    withServer(tcp, async (accepted, connect) => {
      const client = await connect();
      await until('it is accepted', () => accepted.length === 1);
      const held: Buffer[] = [];
      let text = '';
      (accepted[0] as AcceptedSocket).read((bytes, length) => {
        const piece = bytes.subarray(0, length);
        const lent = lend(piece);
        assert.equal(lent === undefined, length <= Buffer.poolSize / 2, 'a few bytes are not worth a buffer');
        text += (lent ?? piece).toString('latin1', 0, length);
        if (lent === undefined) return;
        held.push(lent);
        giveBack(lent);
      });
      for (const letter of ['a', 'b']) {
        const before = text.length;
        client.write(letter.repeat(10_000));
        await until('all has come', () => text.length === before + 10_000);
      }
      assert.equal(text, 'a'.repeat(10_000) + 'b'.repeat(10_000));
      assert.ok(held.every((lent) => lent === held[0]));
      assert.equal(lend(Buffer.alloc(10_000)), undefined, 'what is not the slab’s stays where it is');
    }));

  it('can be paused and read on, and tells of the end', () =>
    withServer(tcp, async (accepted, connect) => {
      const client = await connect();
      await until('it is accepted', () => accepted.length === 1);
      const { socket } = accepted[0] as AcceptedSocket;
      const got = collect(accepted[0] as AcceptedSocket);
      client.write('a');
      await until('everything has come', () => got.text() === 'a');
      socket.pause();
      client.end('b');
      const ended = once(socket, 'end');
      socket.resume();
      await ended;
      assert.equal(got.text(), 'ab');
      socket.end('still writable');
      const [reply] = (await once(client, 'data')) as [Buffer];
      assert.equal(String(reply), 'still writable');
    }));

  it('is the same on a unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-accept-'));
    try {
      await withServer({ path: join(folder, 'socket') }, async (accepted, connect) => {
        const client = await connect();
        await until('it is accepted', () => accepted.length === 1);
        const got = collect(accepted[0] as AcceptedSocket);
        client.write('by path');
        await until('everything has come', () => got.text() === 'by path');
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('is read by Node itself where Node’s insides are not as expected', () =>
    withServer(tcp, async (usual, connect) => {
      const client = await connect();
      await until('it is accepted', () => usual.length === 1);
      const strange = Object.assign(new EventEmitter(), { _handle: {} });
      const accepted: AcceptedSocket[] = [];
      acceptFrom(strange as unknown as net.Server, (one) => accepted.push(new AcceptedSocket(one)));
      strange.emit('connection', client);
      const got = collect(accepted[0] as AcceptedSocket);
      (usual[0] as AcceptedSocket).socket.write('plain');
      await until('everything has come', () => got.text() === 'plain');
    }));
});
