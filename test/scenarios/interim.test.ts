/** Interim responses: `Expect: 100-continue` with servers that say it, refuse, or never heard of it; 103; several in order. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { Pattern } from '../support/pattern.ts';
import { serve, startRawUpstream, startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { withTraffic } from './traffic.ts';

const post = (length: number, more = '') =>
  `POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\nExpect: 100-continue\r\n${more}\r\n`;
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const ok = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

interface Connection {
  readonly socket: Socket;
  received: string;
}

/** A server whose connections the test drives by hand: what each has received, and the socket to answer on. */
interface Hand extends Upstream {
  readonly held: Connection[];
}

async function startByHand(): Promise<Hand> {
  const held: Connection[] = [];
  const upstream = await startRawUpstream((socket) => {
    const connection = { socket, received: '' };
    held.push(connection);
    socket.on('data', (chunk: Buffer) => {
      connection.received += chunk.toString('latin1');
    });
    socket.on('end', () => socket.end());
  });
  return { ...upstream, held };
}

/** The server's end of connection number `index`, once it has received `mark`. */
async function received(server: Hand, mark: string, index = 0) {
  return until(`${JSON.stringify(mark)} is at the server`, () => {
    const connection = server.held[index];
    return connection?.received.includes(mark) ? connection : undefined;
  });
}

describe('a client that waits for 100 Continue', () => {
  it('gets it before it sends anything, with Node at both ends', async () => {
    const steps: string[] = [];
    const server = createServer();
    server.on('checkContinue', (incoming: IncomingMessage, outgoing: ServerResponse) => {
      steps.push(`asked: ${incoming.headers.expect}`);
      outgoing.writeContinue();
      const receiver = new Pattern().receiver();
      incoming.on('data', (chunk: Buffer) => receiver.take(chunk));
      incoming.on('end', () => outgoing.end(`${receiver.bytes}`));
    });
    await withTraffic(await serve(server), '', async (balancer) => {
      const outgoing = request({
        port: balancer.port('www'),
        host: '127.0.0.1',
        method: 'POST',
        agent: false,
        headers: { expect: '100-continue', 'content-length': 300_000 },
      });
      outgoing.flushHeaders();
      await once(outgoing, 'continue');
      steps.push('told to go on');
      outgoing.end(new Pattern().copy(0, 300_000));
      const [response] = await once(outgoing, 'response');
      const [body] = await once(response, 'data');
      assert.deepEqual([...steps, String(body)], ['asked: 100-continue', 'told to go on', '300000']);
    });
  });

  it('gets it for a chunked body, and for the next request on the same connection', async () => {
    const server = await startByHand();
    await withTraffic(server, '', async (balancer) => {
      const client = await balancer.client();
      for (const path of ['/first', '/second']) {
        client.send(`PUT ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n`);
        const { socket } = await received(server, path);
        socket.write(CONTINUE);
        assert.equal(await client.readUntil('\r\n\r\n'), CONTINUE);
        client.send('5\r\nhello\r\n0\r\n\r\n');
        const connection = await received(server, '0\r\n\r\n');
        assert.match(connection.received, /hello/);
        connection.received = '';
        socket.write(ok('thanks'));
        assert.equal((await client.readResponse()).body, 'thanks');
      }
      assert.equal(server.connections(), 1);
    });
  });

  it('is told the final answer instead, and then that the connection ends', async () => {
    const server = await startByHand();
    await withTraffic(server, '', async (balancer) => {
      const client = await balancer.client();
      client.send(post(1_000_000));
      const connection = await received(server, '\r\n\r\n');
      connection.socket.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nbig!');
      const all = await client.readAll();
      assert.match(all, /^HTTP\/1\.1 413 /);
      assert.match(all, /\r\nconnection: close\r\n/i);
      assert.ok(all.endsWith('big!'));
      await until('the server is left too', () => connection.socket.destroyed);
      assert.doesNotMatch(connection.received, /\r\n\r\n./);
      assert.deepEqual(
        balancer.logged.map(({ status, termination }) => [status, termination]),
        [[413, '----']],
      );
    });
  });

  it('may go on without it when the server never says it', async () => {
    const server = await startByHand();
    await withTraffic(server, '', async (balancer) => {
      const client = await balancer.client();
      client.send(post(5));
      const connection = await received(server, '\r\n\r\n');
      assert.match(connection.received, /\r\nexpect: 100-continue\r\n/i);
      client.send('hello');
      await received(server, '\r\n\r\nhello');
      connection.socket.write(ok('fine'));
      assert.deepEqual(await client.readResponse(), { status: 200, head: 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n', body: 'fine' });
    });
  });

  it('and sent its body at once loses nothing, whatever the server says when', async () => {
    const server = await startByHand();
    await withTraffic(server, '', async (balancer) => {
      const client = await balancer.client();
      client.send(`${post(5)}hello${post(5)}world`);
      const { socket } = await received(server, '\r\n\r\nhello');
      socket.write(CONTINUE + ok('first'));
      assert.equal(await client.readUntil('\r\n\r\n'), CONTINUE);
      assert.equal((await client.readResponse()).body, 'first');
      await received(server, '\r\n\r\nworld');
      socket.write(ok('second'));
      assert.equal((await client.readResponse()).body, 'second');
    });
  });

  it('with timeout client running out meanwhile is told 408', async () => {
    const server = await startByHand();
    await withTraffic(server, 'timeout client 150ms', async (balancer) => {
      const client = await balancer.client();
      client.send(post(5));
      await received(server, '\r\n\r\n');
      assert.match(await client.readAll(), /^HTTP\/1\.1 408 /);
      assert.equal(balancer.logged[0]?.termination, 'cD--');
    });
  });
});

describe('interim responses', () => {
  it('are passed on one by one, in order, each when it comes', async () => {
    const server = await startByHand();
    await withTraffic(server, '', async (balancer) => {
      const client = await balancer.client();
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      const { socket } = await received(server, '\r\n\r\n');
      for (const line of ['102 Processing', '103 Early Hints', '103 Early Hints', '199 Whatever']) {
        socket.write(`HTTP/1.1 ${line}\r\nLink: </style.css>; rel=preload\r\nX-Step: ${line}\r\n\r\n`);
        const head = await client.readUntil('\r\n\r\n');
        assert.ok(head.startsWith(`HTTP/1.1 ${line}\r\n`), head);
        assert.match(head, /\r\nlink: <\/style\.css>; rel=preload\r\n/i);
      }
      socket.write(ok('done'));
      assert.equal((await client.readResponse()).body, 'done');
      // The connections are as good as new on both sides.
      client.send('GET /again HTTP/1.1\r\nHost: a\r\n\r\n');
      await received(server, '/again');
      socket.write(ok('again'));
      assert.equal((await client.readResponse()).body, 'again');
      assert.equal(server.connections(), 1);
      assert.deepEqual(
        balancer.logged.map(({ status }) => status),
        [200, 200],
      );
    });
  });

  it('are told apart from the final one however the packets fall', async () => {
    const all = `${CONTINUE}HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok('done')}`;
    const seen = `${CONTINUE}HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone`;
    for (const cut of [1, CONTINUE.length - 1, CONTINUE.length, CONTINUE.length + 1, 50, all.length - 5, all.length - 1]) {
      const server = await startByHand();
      await withTraffic(server, '', async (balancer) => {
        const client = await balancer.client();
        client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        const { socket } = await received(server, '\r\n\r\n');
        socket.setNoDelay(true);
        socket.write(all.slice(0, cut));
        // What can be told from the first piece is told; then comes the rest.
        const whole = cut < CONTINUE.length ? '' : CONTINUE;
        await until('the first piece is through', () => client.received.startsWith(whole));
        socket.write(all.slice(cut));
        await until('all is there', () => client.received.length === seen.length);
        assert.equal(client.received.toLowerCase(), seen.toLowerCase(), `cut at ${cut}`);
      });
    }
  });

  it('reach a client of Node as what they are', async () => {
    const upstream = await startUpstream('', (_incoming, outgoing) => {
      outgoing.writeEarlyHints({ link: ['</a.css>; rel=preload', '</b.js>; rel=preload'] });
      outgoing.writeProcessing();
      outgoing.end('page');
    });
    await withTraffic(upstream, '', async (balancer) => {
      const seen: unknown[] = [];
      const outgoing = request({ port: balancer.port('www'), host: '127.0.0.1', agent: false });
      outgoing.on('information', ({ statusCode, headers }) => seen.push([statusCode, headers.link]));
      outgoing.end();
      const [response] = await once(outgoing, 'response');
      await once(response.resume(), 'end');
      assert.deepEqual(seen, [
        [103, '</a.css>; rel=preload, </b.js>; rel=preload'],
        [102, undefined],
      ]);
      assert.equal(response.statusCode, 200);
    });
  });

  it('may come before a 101', async () => {
    const server = await startByHand();
    await withTraffic(server, '', async (balancer) => {
      const client = await balancer.client();
      client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
      const { socket } = await received(server, '\r\n\r\n');
      socket.write('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhello');
      assert.equal(await client.readUntil('\r\n\r\n'), 'HTTP/1.1 103 Early Hints\r\n\r\n');
      assert.match(await client.readUntil('\r\n\r\n'), /^HTTP\/1\.1 101 /);
      await client.readUntil('hello');
      client.send('hi');
      await received(server, 'hi');
    });
  });

  // RFC 9110 15.2. Its 100-continue is one that the server must not wait for either (10.1.1).
  it('are kept from an HTTP/1.0 client, whose expectation counts for nothing', async () => {
    const server = await startByHand();
    await withTraffic(server, '', async (balancer) => {
      const client = await balancer.client();
      client.send('POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello');
      const { socket } = await received(server, '\r\n\r\nhello');
      socket.write(`${CONTINUE}HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok('done')}`);
      assert.match(await client.readAll(), /^HTTP\/1\.[01] 200 OK\r\n.*\r\n\r\ndone$/s);
    });
  });
});
