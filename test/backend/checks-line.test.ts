/** The connection of a check, over Node's handle and over a socket: the same is told, in the same order. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { HandleLine, type Line, type LineOwner, openLine, SocketLine } from '../../src/backend/checks/line.ts';
import { tcpWrap } from '../../src/core/tcp-wrap.ts';
import { until } from '../support/wait.ts';

class Owner implements LineOwner {
  readonly told: string[] = [];
  onSecuring(): void {
    this.told.push('securing');
  }
  onInsecure(words: string): void {
    this.told.push(words);
  }
  onConnected(): void {
    this.told.push('connected');
  }
  onBytes(bytes: string): void {
    this.told.push(bytes);
  }
  onEnd(): void {
    this.told.push('end');
  }
  onFailure(code: string, refused: string | undefined): void {
    this.told.push(refused === undefined ? code : `${code} ${refused}`);
  }
}

const KINDS: [string, (owner: LineOwner, port: number) => Line][] = [
  ['a socket', (owner, port) => new SocketLine(owner, '127.0.0.1', port)],
];
const wrap = tcpWrap;
if (wrap !== undefined) KINDS.push(['a handle', (owner, port) => new HandleLine(wrap, owner, '127.0.0.1', port)]);

for (const [kind, open] of KINDS) {
  describe(`a line over ${kind}`, () => {
    let server: Server;
    let peers: Socket[];
    /** How each connection ended. */
    let ends: string[];
    let port: number;

    beforeEach(async () => {
      peers = [];
      ends = [];
      server = createServer((socket) => {
        peers.push(socket);
        socket.on('end', () => ends.push('fin'));
        socket.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code ?? ''));
        socket.on('data', (bytes: Buffer) => {
          if (bytes.toString() === 'go') socket.resetAndDestroy();
          else socket.end(`you said ${bytes.toString('latin1')}`, 'latin1');
        });
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      port = (server.address() as AddressInfo).port;
    });
    afterEach(async () => {
      for (const peer of peers) peer.destroy();
      await new Promise((done) => server.close(done));
    });

    it('sends and reads bytes, and tells the end', async () => {
      const owner = new Owner();
      const line = open(owner, port);
      assert.deepEqual(owner.told, []);
      await until('it is connected', () => owner.told.length === 1);
      line.listen();
      line.listen();
      line.send('\xe9\0');
      await until('the end is told', () => owner.told.includes('end'));
      assert.deepEqual([owner.told[0], owner.told.slice(1, -1).join('')], ['connected', 'you said \xe9\0']);
      line.close(true);
    });

    it('ends with a reset, or without, as it is told', async () => {
      for (const reset of [true, false]) {
        const owner = new Owner();
        const line = open(owner, port);
        await until('both are connected', () => owner.told.length === 1 && peers.length === (reset ? 1 : 2));
        line.close(reset);
        line.close(reset);
        await until('the peer has noticed', () => ends.length === (reset ? 1 : 2));
      }
      assert.deepEqual(ends, ['ECONNRESET', 'fin']);
    });

    it('tells a refusal, and a reset', async () => {
      const owner = new Owner();
      const line = open(owner, port);
      await until('it is connected', () => owner.told.length === 1);
      line.listen();
      line.send('go');
      await until('it has failed', () => owner.told.length === 2);
      line.close(true);
      await new Promise((done) => server.close(done));
      const refused = new Owner();
      const other = open(refused, port);
      await until('that has failed', () => refused.told.length === 1);
      other.close(true);
      assert.deepEqual([owner.told[1], refused.told], ['ECONNRESET', ['ECONNREFUSED']]);
    });

    it('tells nothing once it is closed', async () => {
      const owner = new Owner();
      open(owner, port).close(true);
      const witness = new Owner();
      const line = open(witness, port);
      await until('another one is connected', () => witness.told.length === 1);
      line.close(true);
      assert.deepEqual(owner.told, []);
    });
  });
}

for (const port of [-1, 65536, 80.5, Number.NaN]) {
  it(`a line to port ${port} is refused: the handle would end the process`, () => {
    assert.throws(() => openLine(new Owner(), '127.0.0.1', port), RangeError);
  });
}
