/**
 * A tunnel behind a 101: bytes and FINs both ways, who waits for whom, the time-outs that hold then, and what it counts.
 * What HAProxy 2.6 does was asked of HAProxy 2.6.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import type { RawClient } from '../support/client.ts';
import { Pattern } from '../support/pattern.ts';
import { startRawUpstream } from '../support/upstream.ts';
import { outlast, settled, until } from '../support/wait.ts';
import type { Balancer } from './balancer.ts';
import { withTraffic } from './traffic.ts';

const MIB = 1024 * 1024;
/** More than the buffers of four sockets take, whose limits are up to 32 MiB on common systems. */
const STALLING = 192 * MIB;
const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';
const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';

/** Both ends of a tunnel, and what came out at the server's. The test alone says what they send and when they end. */
interface Ends {
  readonly client: RawClient;
  readonly server: Socket;
  readonly atServer: () => string;
  readonly serverSaw: { end: boolean; close: boolean };
}

async function withTunnel(lines: string, story: (ends: Ends, balancer: Balancer) => Promise<void>): Promise<void> {
  const accepted: Socket[] = [];
  const upstream = await startRawUpstream((socket) => {
    socket.setNoDelay(true);
    accepted.push(socket);
  });
  await withTraffic(upstream, lines, async (balancer) => {
    const client = await balancer.client();
    client.send(REQUEST);
    const server = await until('the server has a connection', () => accepted[0]);
    let received = '';
    const serverSaw = { end: false, close: false };
    server.on('end', () => {
      serverSaw.end = true;
    });
    server.on('close', () => {
      serverSaw.close = true;
    });
    const request = once(server, 'data');
    await request;
    server.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
    });
    server.write(SWITCHING);
    await client.readUntil('\r\n\r\n');
    try {
      await story({ client, server, atServer: () => received, serverSaw }, balancer);
    } finally {
      server.destroy();
    }
  });
}

/** Everything in the log about the one tunnel, once it is over. */
async function ending(balancer: Balancer) {
  return until('the tunnel is over', () => balancer.logged[0]);
}

describe('half-closed', () => {
  it('by the client, it still carries what the server says', async () => {
    await withTunnel('', async ({ client, server, atServer, serverSaw }, balancer) => {
      client.socket.end('bye');
      await until('the FIN is through', () => serverSaw.end);
      assert.equal(atServer(), 'bye');
      for (const word of ['one ', 'two ', 'three']) {
        server.write(word);
        await client.readUntil(word);
      }
      server.end('.');
      assert.equal(await client.readAll(), '.');
      assert.equal((await ending(balancer)).termination, '----');
    });
  });

  it('by the server, it still carries what the client says', async () => {
    await withTunnel('', async ({ client, server, atServer }, balancer) => {
      // RawClient would end with the FIN.
      client.socket.allowHalfOpen = true;
      server.end('bye');
      assert.equal(await client.readAll(), 'bye');
      client.send('one more thing');
      await until('it is there', () => atServer() === 'one more thing');
      client.socket.end();
      assert.equal((await ending(balancer)).termination, '----');
    });
  });

  for (const end of ['client', 'server'] as const) {
    it(`with the ${end} gone by a reset it ends for the other side`, async () => {
      await withTunnel('', async ({ client, server }, balancer) => {
        if (end === 'client') {
          const failed = once(server, 'error');
          client.socket.resetAndDestroy();
          assert.match(String((await failed)[0]), /ECONNRESET/);
        } else {
          server.resetAndDestroy();
          await client.readAll();
        }
        assert.match((await ending(balancer)).termination, end === 'client' ? /^CD/ : /^SD/);
      });
    });
  }
});

describe('its time-outs', () => {
  it('timeout tunnel ends it when both are silent', async () => {
    await withTunnel('timeout tunnel 150ms', async ({ client, serverSaw }, balancer) => {
      await client.readAll();
      await until('the server knows', () => serverSaw.end || serverSaw.close);
      assert.equal((await ending(balancer)).termination, 'cD--');
    });
  });

  for (const end of ['client', 'server'] as const) {
    it(`timeout tunnel does not end it while the ${end} speaks, nor do timeout client and timeout server`, async () => {
      await withTunnel('timeout tunnel 2s\n timeout client 50ms\n timeout server 50ms', async ({ client, server, atServer }, balancer) => {
        // Three seconds in all: longer than the time-out, which begins anew with each word.
        for (let spoken = 1; spoken <= 6; spoken++) {
          await outlast(250);
          if (end === 'client') {
            client.send('.');
            await until('it is there', () => atServer().length === spoken);
          } else {
            server.write('.');
            await client.readUntil('.');
          }
        }
        assert.equal(balancer.logged.length, 0);
      });
    });
  }

  it('without timeout tunnel it is timeout server that ends a silent one', async () => {
    await withTunnel('timeout server 150ms\n timeout client 1h', async ({ client, serverSaw }, balancer) => {
      await client.readAll();
      await until('the server knows', () => serverSaw.end || serverSaw.close);
      assert.equal((await ending(balancer)).termination, 'sD--');
    });
  });

  it('or timeout client, when that is shorter', async () => {
    await withTunnel('timeout client 150ms\n timeout server 1h', async ({ serverSaw }, balancer) => {
      await until('the server knows', () => serverSaw.end || serverSaw.close);
      assert.equal((await ending(balancer)).termination, 'cD--');
    });
  });

  // Manual 4.2: the time-out of the side that is waited for, once the other way is shut.
  it('timeout server-fin ends it when the client has ended its half and the server is silent', async () => {
    await withTunnel(
      'timeout tunnel 1h\n timeout client 1h\n timeout server 1h\n timeout server-fin 150ms',
      async ({ client }, balancer) => {
        client.socket.end('bye');
        assert.equal(await client.readAll(), '');
        assert.equal((await ending(balancer)).termination, 'sD--');
      },
    );
  });

  it('timeout client-fin ends it when the server has ended its half and the client is silent', async () => {
    await withTunnel(
      'timeout tunnel 1h\n timeout client 1h\n timeout server 1h\n timeout client-fin 150ms',
      async ({ client, server }, balancer) => {
        client.socket.allowHalfOpen = true;
        server.end('bye');
        assert.equal(await client.readAll(), 'bye');
        assert.equal((await ending(balancer)).termination, 'cD--');
      },
    );
  });

  it('without timeout server-fin it is timeout tunnel that holds on, whatever timeout client is', async () => {
    await withTunnel('timeout tunnel 1h\n timeout client 100ms\n timeout server 100ms', async ({ client, server, serverSaw }) => {
      client.socket.end('bye');
      await until('the FIN is through', () => serverSaw.end);
      await outlast(100);
      server.write('.');
      await client.readUntil('.');
    });
  });

  it('timeout server-fin does not end it while the server speaks', async () => {
    await withTunnel('timeout tunnel 1h\n timeout server-fin 2s', async ({ client, server, serverSaw }) => {
      client.socket.end('bye');
      await until('the FIN is through', () => serverSaw.end);
      for (let spoken = 1; spoken <= 6; spoken++) {
        await outlast(250);
        server.write('.');
        await client.readUntil('.');
      }
    });
  });
});

describe('its bytes', () => {
  it('wait with their sender while the other side does not read, both ways at once', async () => {
    const total = STALLING;
    await withTunnel('', async ({ client, server }, balancer) => {
      server.removeAllListeners('data');
      client.socket.removeAllListeners('data');
      const [up, down] = [new Pattern(1), new Pattern(2)];
      const [upward, downward] = [up.receiver(), down.receiver()];
      server.pause();
      client.socket.pause();
      server.on('data', (chunk: Buffer) => upward.take(chunk));
      client.socket.on('data', (chunk: Buffer) => downward.take(chunk));
      const sent = { up: 0, down: 0 };
      const sending = Promise.all([
        pump(client.socket, up, total, (at) => {
          sent.up = at;
        }),
        pump(server, down, total, (at) => {
          sent.down = at;
        }),
      ]);
      await settled('both wait', () => sent.up + sent.down);
      assert.ok(sent.up < total && sent.down < total, 'neither is taken in whole');
      server.resume();
      client.socket.resume();
      await until('all is there', () => upward.bytes === total && downward.bytes === total);
      await sending;
      client.socket.end();
      server.end();
      await ending(balancer);
    });
  });

  it('are counted where its heads are: in the log and in the statistics of every row', async () => {
    await withTunnel('', async ({ client, server, atServer }, balancer) => {
      const up = 'u'.repeat(12_345);
      const down = 'd'.repeat(54_321);
      client.send(up);
      server.write(down);
      await until('both are there', () => atServer().length === up.length && client.received.length === down.length);
      client.socket.end();
      server.end();
      const log = await ending(balancer);
      // Heads count as in HAProxy (src/http/size.ts): 15 more than there are bytes, and 4 less for each field.
      const expected = [REQUEST.length + 3 + up.length, SWITCHING.length + 7 + down.length];
      assert.deepEqual([log.status, log.bytesFromClient, log.bytesToClient], [101, ...expected]);
      const frontend = balancer.plane.frontends.get('www');
      const rows = [frontend, frontend?.listeners[0], balancer.backends.get('www'), balancer.server('www', 's1')];
      for (const row of rows) assert.deepEqual([row?.counters.bin, row?.counters.bout], expected);
      assert.equal(balancer.server('www', 's1').counters.hrsp.one, 1);
    });
  });
});

/** Writes `total` bytes of `pattern` as fast as they are taken, and tells how far it is. */
async function pump(socket: Socket, pattern: Pattern, total: number, progress: (at: number) => void): Promise<void> {
  for (let at = 0; at < total; ) {
    const piece = pattern.piece(at, Math.min(65_536, total - at));
    at += piece.length;
    if (!socket.write(piece)) await once(socket, 'drain');
    progress(at);
  }
}
