/** Before TLSv1.3 a server may ask for another handshake whenever it likes: what is going on goes on, and nothing is sent twice. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { OnSecure, TlsUpstream } from '../support/tls-upstream.ts';
import { until } from '../support/wait.ts';
import type { Balancer } from './balancer.ts';
import { withServer } from './tls-server-rig.ts';

/** Of one connection after the other. */
interface Server {
  readonly upstream: TlsUpstream;
  readonly socket: TLSSocket;
  /** All that has come on it. */
  readonly received: string;
  renegotiate(): Promise<void>;
}

async function withRenegotiator(lines: string, words: string, story: (balancer: Balancer, server: Server) => Promise<void>): Promise<void> {
  const sockets: TLSSocket[] = [];
  const received: string[] = [];
  const take: OnSecure = (socket) => {
    const index = sockets.push(socket) - 1;
    received[index] = '';
    socket.on('data', (bytes) => {
      received[index] += bytes.toString('latin1');
    });
  };
  await withServer(
    lines,
    words,
    async (balancer, upstream) => {
      await story(balancer, {
        upstream,
        get socket() {
          return sockets.at(-1) as TLSSocket;
        },
        get received() {
          return received.at(-1) ?? '';
        },
        renegotiate() {
          return new Promise((done, fail) => {
            sockets.at(-1)?.renegotiate({}, (error) => (error === null ? done() : fail(error)));
          });
        },
      });
    },
    take,
    { maxVersion: 'TLSv1.2' },
  );
}

const post = (path: string, body: string) => `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n${body}`;
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const headOf = (path: string) => `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n`;

/** Field names are passed on in lower case. */
const bodiesOf = (received: string) => received.replace(/^(host|content-length):/gim, (name) => name.toLowerCase());

function handshakes(balancer: Balancer): number | undefined {
  return balancer.plane.counters.tls.servers.fresh.get('TLSv1.2');
}

describe('a server that renegotiates', () => {
  it('before its response gets the request once, and the next one behind it', async () => {
    await withRenegotiator('', '', async (balancer, server) => {
      const client = await balancer.client();
      client.send(post('/1', 'hello'));
      await until('it is asked', () => server.received.endsWith('hello'));
      await server.renegotiate();
      server.socket.write(ok);
      assert.equal((await client.readResponse()).status, 200);
      client.send(post('/2', 'again'));
      await until('it is asked again', () => server.received.endsWith('again'));
      server.socket.write(ok);
      assert.equal((await client.readResponse()).status, 200);
      assert.equal(bodiesOf(server.received), `${headOf('/1')}hello${headOf('/2')}again`);
      assert.deepEqual([server.upstream.connections, handshakes(balancer)], [1, 1]);
    });
  });

  it('in the middle of a body gets the rest of it', async () => {
    await withRenegotiator('', '', async (balancer, server) => {
      const client = await balancer.client();
      client.send(post('/1', 'he'));
      await until('it has the first part', () => server.received.endsWith('he'));
      await server.renegotiate();
      client.send('llo');
      await until('it has all', () => server.received.endsWith('llo'));
      server.socket.write(ok);
      assert.equal((await client.readResponse()).status, 200);
      assert.equal(bodiesOf(server.received), `${headOf('/1')}hello`);
    });
  });

  it('in the middle of its response goes on with it', async () => {
    await withRenegotiator('', '', async (balancer, server) => {
      const client = await balancer.client();
      client.send(post('/1', 'hello'));
      await until('it is asked', () => server.received.endsWith('hello'));
      server.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo');
      await client.readUntil('bo');
      await server.renegotiate();
      server.socket.write('dy');
      await client.readUntil('dy');
      assert.equal(bodiesOf(server.received), `${headOf('/1')}hello`);
    });
  });

  it('under a tunnel speaks and hears through it afterwards', async () => {
    await withRenegotiator('', '', async (balancer, server) => {
      const client = await balancer.client();
      client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
      await until('it is asked', () => server.received.endsWith('\r\n\r\n'));
      server.socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
      await client.readUntil('\r\n\r\n');
      await server.renegotiate();
      server.socket.write('to');
      await client.readUntil('to');
      client.send('fro');
      await until('it hears', () => server.received.endsWith('\r\n\r\nfro'));
    });
  });

  it('while nobody asks is asked on the same connection', async () => {
    await withRenegotiator('', '', async (balancer, server) => {
      const client = await balancer.client();
      for (const path of ['/1', '/2']) {
        client.send(post(path, 'hello'));
        await until('it is asked', () => server.received.includes(path) && server.received.endsWith('hello'));
        server.socket.write(ok);
        assert.equal((await client.readResponse()).status, 200);
        await server.renegotiate();
      }
      assert.equal(bodiesOf(server.received), `${headOf('/1')}hello${headOf('/2')}hello`);
      assert.equal(server.upstream.connections, 1);
    });
  });

  it('in mode tcp is heard and hears', async () => {
    await withRenegotiator('mode tcp', '', async (balancer, server) => {
      const client = await balancer.client();
      client.send('to');
      await until('it hears', () => server.received === 'to');
      await server.renegotiate();
      server.socket.write('fro');
      await client.readUntil('fro');
      client.send('more');
      await until('it hears more', () => server.received === 'tomore');
    });
  });

  it('under a check is asked once', async () => {
    await withRenegotiator('option httpchk GET /', 'check inter 1h', async (balancer, server) => {
      await until('it is asked', () => server.received.endsWith('\r\n\r\n'));
      const { received } = server;
      await server.renegotiate();
      server.socket.write('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
      const verdict = await until('it is checked', () => balancer.server('www', 's1').verdict);
      assert.deepEqual([verdict.code, server.received, server.upstream.connections, handshakes(balancer)], ['L7STS', received, 1, 1]);
    });
  });
});
