import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { Backend } from '../../src/backend/backend.ts';
import { silent } from '../../src/core/log.ts';
import { Wheel } from '../../src/core/wheel.ts';
import { type ConnectionUser, ServerConnection } from '../../src/proxy/server-connection.ts';
import { proxyConfig, serverConfig } from '../support/config.ts';
import { startRawUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';

/** A connection that its owner has left idle, and its server's end of it; how often the owner was told. */
async function withOwned(story: (connection: ServerConnection, socket: Socket, told: () => number) => Promise<void>): Promise<void> {
  const sockets: Socket[] = [];
  const upstream = await startRawUpstream((socket) => sockets.push(socket));
  const wheel = new Wheel();
  const backend = new Backend({ shutdown: () => {}, name: 'app', config: proxyConfig('app'), wheel, events: silent, origin: '' });
  const server = backend.addServer(serverConfig('s1', { address: '127.0.0.1', port: upstream.port }), 0);
  let connected = false;
  let told = 0;
  const user: ConnectionUser = {
    onConnected: () => {
      connected = true;
    },
    onResponse: () => true,
    onServerEnd() {},
    onServerError() {},
    onServerDrain() {},
    onFault(error) {
      throw error;
    },
  };
  const connection = new ServerConnection(server, user, wheel, 0);
  try {
    await until('it is connected', () => connected && sockets.length === 1);
    connection.owner = {
      onOwnClosed: (closed) => {
        assert.equal(closed, connection);
        told++;
      },
    };
    connection.park(0);
    await story(connection, sockets[0] as Socket, () => told);
  } finally {
    connection.close();
    await upstream.stop();
  }
}

describe('the owner of an idle connection is told once that it has closed', () => {
  const endings: readonly (readonly [string, (connection: ServerConnection, socket: Socket) => void])[] = [
    ['a FIN', (_, socket) => socket.end()],
    ['a reset', (_, socket) => socket.resetAndDestroy()],
    ['bytes that nobody asked for', (_, socket) => socket.write('x')],
    ['the server that is taken out', ({ server }) => server.closeIdle()],
    ['its own closing', (connection) => connection.close()],
  ];
  for (const [name, end] of endings) {
    it(`by ${name}`, async () => {
      await withOwned(async (connection, socket, told) => {
        assert.equal(told(), 0);
        end(connection, socket);
        await until('it is closed', () => connection.socket.closed);
        assert.deepEqual([told(), connection.idle, connection.owner], [1, false, undefined]);
      });
    });
  }
});
