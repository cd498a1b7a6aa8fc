/** WebSocket through the balancer, with `ws` at both ends: what the two say to each other is theirs alone. */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { describe, it } from 'node:test';
import { type ClientOptions, type RawData, type ServerOptions, WebSocket, WebSocketServer } from 'ws';
import { ask, RawClient } from '../support/client.ts';
import { Pattern } from '../support/pattern.ts';
import { serve, startRawUpstream, startUpstream } from '../support/upstream.ts';
import { settled, until } from '../support/wait.ts';
import type { Balancer } from './balancer.ts';
import { withTraffic, www } from './traffic.ts';

const MIB = 1024 * 1024;
/** More than the buffers of four sockets take, whose limits are up to 32 MiB on common systems. */
const STALLING = 192 * MIB;
const PILE = 8 * MIB;
/** Around every border of the frame's length field and of the buffers on the way. */
const SIZES = [0, 1, 125, 126, 127, 4095, 4096, 65_535, 65_536, 131_072, 131_073, 500_000, MIB];

const sha256 = (data: RawData) => createHash('sha256').update(bytes(data)).digest('hex');
const bytes = (data: RawData) => (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer));

/** A server of WebSockets, and those of its connections that are open. */
class Chat {
  readonly http: Server = createServer((_request, response) => response.end('no chat'));
  readonly server: WebSocketServer;

  constructor(options: ServerOptions = {}) {
    this.server = new WebSocketServer({ ...options, server: this.http, maxPayload: 64 * MIB });
  }

  /** Sends back what comes, as what it came. */
  echo(): this {
    this.server.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })));
    return this;
  }

  async accepted(): Promise<WebSocket> {
    const [socket] = await once(this.server, 'connection');
    return socket as WebSocket;
  }
}

function dial(balancer: Balancer, options: ClientOptions & { readonly protocols?: string[] } = {}): WebSocket {
  const { protocols = [], ...rest } = options;
  return new WebSocket(`ws://127.0.0.1:${balancer.port('www')}/chat`, protocols, { perMessageDeflate: false, ...rest });
}

async function open(balancer: Balancer, options?: ClientOptions & { readonly protocols?: string[] }): Promise<WebSocket> {
  const client = dial(balancer, options);
  await once(client, 'open');
  return client;
}

/** Both ends of one WebSocket through the balancer. */
async function pair(balancer: Balancer, chat: Chat): Promise<{ readonly client: WebSocket; readonly server: WebSocket }> {
  const accepted = chat.accepted();
  const client = await open(balancer);
  return { client, server: await accepted };
}

async function close(...sockets: WebSocket[]): Promise<void> {
  await Promise.all(
    sockets.map(async (socket) => {
      const closed = once(socket, 'close');
      socket.close(1000);
      await closed;
    }),
  );
}

async function withChat(chat: Chat, lines: string, story: (balancer: Balancer) => Promise<void>): Promise<void> {
  await withTraffic(await serve(chat.http), lines, story);
}

/** Sends and waits for one message back. */
async function exchange(client: WebSocket, data: Buffer | string): Promise<{ readonly data: RawData; readonly binary: boolean }> {
  const answer = once(client, 'message');
  client.send(data);
  const [back, binary] = await answer;
  return { data: back, binary };
}

describe('messages', () => {
  it('of every size come back as they went, binary and text', async () => {
    await withChat(new Chat().echo(), '', async (balancer) => {
      const client = await open(balancer);
      for (const size of SIZES) {
        const binary = randomBytes(size);
        const back = await exchange(client, binary);
        assert.equal(back.binary, true);
        assert.equal(sha256(back.data), sha256(binary), `${size} bytes`);
        const text = 'ä'.repeat(size / 2);
        const said = await exchange(client, text);
        assert.equal(said.binary, false);
        assert.equal(sha256(said.data), sha256(Buffer.from(text)), `text of ${size} bytes`);
      }
      await close(client);
    });
  });

  it('sent all at once arrive in order, and so do the pieces of one', async () => {
    const chat = new Chat();
    await withChat(chat, '', async (balancer) => {
      const { client, server } = await pair(balancer, chat);
      const sent: string[] = [];
      const received: string[] = [];
      server.on('message', (data) => received.push(sha256(data)));
      for (const size of [...SIZES, ...SIZES]) {
        const data = randomBytes(size);
        sent.push(sha256(data));
        client.send(data);
      }
      const pieces = Array.from({ length: 50 }, (_, index) => randomBytes(index * 97));
      for (const [index, piece] of pieces.entries()) client.send(piece, { fin: index === pieces.length - 1 });
      sent.push(sha256(Buffer.concat(pieces)));
      await until('all have arrived', () => received.length === sent.length);
      assert.deepEqual(received, sent);
      await close(client);
    });
  });

  it('compressed with permessage-deflate, each on what went before, are what they were', async () => {
    const chat = new Chat({ perMessageDeflate: { threshold: 0 } }).echo();
    await withChat(chat, '', async (balancer) => {
      const client = await open(balancer, { perMessageDeflate: { threshold: 0 } });
      assert.match(client.extensions, /^permessage-deflate/);
      const words = Buffer.from('the same words again and again, '.repeat(32_768));
      for (const data of [words, randomBytes(100_000), words, Buffer.alloc(0), words.subarray(1, 77)]) {
        assert.equal(sha256((await exchange(client, data)).data), sha256(data));
      }
      await close(client);
      await until('it is over', () => balancer.logged.length === 1);
      assert.ok((balancer.logged[0]?.bytesFromClient ?? MIB) < MIB / 2, 'what went through was compressed');
    });
  });

  it('of a hundred at the same time do not mix', async () => {
    await withChat(new Chat().echo(), '', async (balancer) => {
      const clients = await Promise.all(Array.from({ length: 100 }, () => open(balancer)));
      assert.equal(balancer.server('www', 's1').scur, 100);
      await Promise.all(
        clients.map(async (client, index) => {
          const sent = Array.from({ length: 20 }, (_, number) => randomBytes((index * 131 + number * 977) % 20_000));
          const received: string[] = [];
          client.on('message', (data) => received.push(sha256(data)));
          for (const data of sent) client.send(data);
          await until('all have come back', () => received.length === sent.length);
          assert.deepEqual(received, sent.map(sha256));
        }),
      );
      await close(...clients);
      await until('every slot is back', () => balancer.server('www', 's1').scur === 0);
      assert.equal(balancer.logged.length, 100);
      assert.ok(balancer.logged.every(({ status, termination }) => status === 101 && termination === '----'));
    });
  });

  it('that nobody reads for a while wait with their sender, and are all there then', async () => {
    const chat = new Chat();
    await withChat(chat, '', async (balancer) => {
      const { client, server } = await pair(balancer, chat);
      for (const [from, to] of [
        [server, client],
        [client, server],
      ] as const) {
        const pattern = new Pattern();
        const receiver = pattern.receiver();
        to.on('message', (data) => receiver.take(bytes(data)));
        to.pause();
        let sent = 0;
        // Little by little, so that what the buffers on the way do not take is no more than PILE.
        do {
          for (; from.bufferedAmount < PILE; sent += 65_536) from.send(pattern.copy(sent, 65_536));
          await settled('nothing moves', () => from.bufferedAmount);
        } while (from.bufferedAmount < PILE && sent < STALLING);
        assert.ok(from.bufferedAmount >= PILE, `the sender waits, ${sent} bytes after it began`);
        to.resume();
        await until('all is there', () => receiver.bytes === sent);
      }
      await close(client);
    });
  });
});

describe('control frames', () => {
  it('ping and pong carry what they were given, both ways', async () => {
    const chat = new Chat();
    await withChat(chat, '', async (balancer) => {
      const { client, server } = await pair(balancer, chat);
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        const seen = Promise.all([once(to, 'ping'), once(from, 'pong')]);
        from.ping('are you there');
        const [[ping], [pong]] = await seen;
        assert.deepEqual([String(ping), String(pong)], ['are you there', 'are you there']);
      }
      await close(client);
    });
  });

  it('close tells the other side its code and reason, both ways', async () => {
    const chat = new Chat();
    await withChat(chat, '', async (balancer) => {
      for (const [code, reason] of [
        [1000, ''],
        [1001, 'going away'],
        [1011, 'x'.repeat(123)],
        [3000, 'registered'],
        [4999, 'private'],
      ] as const) {
        for (const end of ['client', 'server'] as const) {
          const both = await pair(balancer, chat);
          const closed = Promise.all([once(both.client, 'close'), once(both.server, 'close')]);
          both[end].close(code, reason);
          for (const [said, why] of await closed) assert.deepEqual([said, String(why)], [code, reason], `from the ${end}`);
        }
      }
      await until('all are over', () => balancer.logged.length === 10);
      assert.ok(balancer.logged.every(({ termination }) => termination === '----'));
    });
  });

  it('close without a code is one without a code', async () => {
    const chat = new Chat();
    await withChat(chat, '', async (balancer) => {
      const { client, server } = await pair(balancer, chat);
      const closed = once(server, 'close');
      client.close();
      assert.equal((await closed)[0], 1005);
    });
  });

  for (const end of ['client', 'server'] as const) {
    it(`a ${end} that is gone without one is gone for the other side`, async () => {
      const chat = new Chat();
      await withChat(chat, '', async (balancer) => {
        const both = await pair(balancer, chat);
        const closed = once(end === 'client' ? both.server : both.client, 'close');
        both[end].terminate();
        assert.equal((await closed)[0], 1006);
      });
    });
  }
});

describe('the handshake', () => {
  it('agrees on one of the subprotocols that the client names', async () => {
    const chat = new Chat({ handleProtocols: (offered) => (offered.has('v2.chat') ? 'v2.chat' : false) });
    await withChat(chat, '', async (balancer) => {
      const accepted = chat.accepted();
      const client = await open(balancer, { protocols: ['v1.chat', 'v2.chat', 'v3.chat'] });
      assert.deepEqual([client.protocol, (await accepted).protocol], ['v2.chat', 'v2.chat']);
      await close(client);
    });
  });

  it('shows the server the path, origin, cookies and extensions of the client', async () => {
    const chat = new Chat();
    const requests: string[] = [];
    chat.server.on('headers', (_lines, request) => {
      const { origin, cookie, host } = request.headers;
      requests.push([request.url, origin, cookie, host, request.headers['sec-websocket-version']].join(' '));
    });
    await withChat(chat, '', async (balancer) => {
      const port = balancer.port('www');
      const client = new WebSocket(`ws://127.0.0.1:${port}/chat?room=1`, { origin: 'http://a.test', headers: { cookie: 'id=1; b=2' } });
      await once(client, 'open');
      assert.deepEqual(requests, [`/chat?room=1 http://a.test id=1; b=2 127.0.0.1:${port} 13`]);
      await close(client);
    });
  });

  it('that the server refuses gets its ordinary response', async () => {
    const chat = new Chat({
      verifyClient: (_info, answer) => answer(false, 401, 'who are you?', { 'www-authenticate': 'Basic realm="chat"' }),
    });
    await withChat(chat, '', async (balancer) => {
      const client = dial(balancer);
      const [, response] = await once(client, 'unexpected-response');
      assert.equal(response.statusCode, 401);
      assert.equal(response.headers['www-authenticate'], 'Basic realm="chat"');
      client.on('error', () => {});
      client.terminate();
    });
  });

  it('that the server does not know of keeps client and server connections alive', async () => {
    const upstream = await startUpstream('plain');
    await withTraffic(upstream, '', async (balancer) => {
      const client = await balancer.client();
      for (let i = 0; i < 3; i++) {
        client.send(handshake());
        assert.equal((await client.readResponse()).body, 'plain');
        client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        assert.equal((await client.readResponse()).body, 'plain');
      }
      assert.equal(upstream.connections(), 1);
      assert.deepEqual(new Set(balancer.logged.map(({ termination }) => termination)), new Set(['----']));
    });
  });

  it('may bring the first frame of the server in the same packet', async () => {
    const upstream = await startRawUpstream((socket) => {
      socket.once('data', (head) => {
        const key = /sec-websocket-key: *(\S+)/i.exec(String(head))?.[1] ?? '';
        socket.write(Buffer.concat([Buffer.from(switching(key)), serverFrame('welcome'), serverFrame('x'.repeat(120))]));
      });
      socket.on('end', () => socket.end());
    });
    await withTraffic(upstream, '', async (balancer) => {
      const received: string[] = [];
      const client = dial(balancer);
      client.on('message', (data) => received.push(String(data)));
      await until('both are there', () => received.length === 2);
      assert.deepEqual(received, ['welcome', 'x'.repeat(120)]);
      client.terminate();
    });
  });

  it('may be followed at once by frames of the client, however the packets fall', async () => {
    const chat = new Chat();
    const received: string[] = [];
    chat.server.on('connection', (socket) => socket.on('message', (data) => received.push(String(data))));
    await withChat(chat, '', async (balancer) => {
      const all = Buffer.concat([Buffer.from(handshake()), clientFrame('first'), clientFrame('second')]);
      const head = handshake().length;
      // In one packet, and cut in the head, behind it, in a frame's head and in its payload.
      for (const cut of [all.length, 10, head, head + 1, head + 9, all.length - 1]) {
        const client = await balancer.client();
        received.length = 0;
        client.socket.write(all.subarray(0, cut));
        // One round trip of somebody else: the first piece has been read alone.
        assert.equal((await ask(balancer.port('www'))).body, 'no chat');
        client.socket.write(all.subarray(cut));
        assert.match(await client.readUntil('\r\n\r\n'), /^HTTP\/1\.1 101 /);
        await until('both frames are there', () => received.length === 2);
        assert.deepEqual(received, ['first', 'second']);
      }
    });
  });
});

describe('a WebSocket', () => {
  it('lives through reconfigurations, and new ones follow the new configuration', async () => {
    const chat = new Chat().echo();
    await withChat(chat, '', async (balancer) => {
      const old = await open(balancer);
      const spare = new Chat();
      spare.server.on('connection', (socket) => socket.on('message', () => socket.send('spare')));
      const other = await serve(spare.http);
      await balancer.configure(www(` http-request set-header x-new 1\n timeout tunnel 1h\n server s2 ${other.address}`));
      const fresh = await open(balancer);
      assert.equal(String((await exchange(fresh, 'hello')).data), 'spare');
      assert.equal(String((await exchange(old, 'still here')).data), 'still here');
      await close(old, fresh);
      await until('the balancer has let go of the new server', () => balancer.server('www', 's2').scur === 0);
      await other.stop();
    });
  });

  // HAProxy keeps established streams on a server that is in maintenance or gone, unless it is told to shut them down.
  it('lives on when its server is removed; the server is kept until its last one ends', async () => {
    const chat = new Chat().echo();
    await withChat(chat, '', async (balancer) => {
      const client = await open(balancer);
      const server = balancer.server('www', 's1');
      await balancer.configure(www(''));
      for (const size of SIZES) {
        const data = randomBytes(size);
        assert.equal(sha256((await exchange(client, data)).data), sha256(data));
      }
      assert.deepEqual([server.removed, server.scur], [true, 1]);
      const late = dial(balancer);
      const [, response] = await once(late, 'unexpected-response');
      assert.equal(response.statusCode, 503);
      late.on('error', () => {});
      late.terminate();
      await close(client);
      await until('its slot is back', () => server.scur === 0);
      assert.deepEqual(balancer.backends.get('www')?.servers, []);
    });
  });

  it('lives on when its server drains, and when its whole proxy goes', async () => {
    const chat = new Chat().echo();
    await withChat(chat, '', async (balancer) => {
      const port = balancer.port('www');
      const client = await open(balancer);
      balancer.server('www', 's1').setAdmin('drain', performance.now());
      assert.equal(String((await exchange(client, 'drained')).data), 'drained');
      await balancer.configure('listen other\n bind 127.0.0.1:0\n');
      assert.equal(String((await exchange(client, 'alone')).data), 'alone');
      await assert.rejects(RawClient.connect(port), /ECONNREFUSED/);
      await close(client);
      await until('its backend is gone', () => balancer.backends.all.every(({ name }) => name !== 'www'));
    });
  });
});

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** RFC 6455 4.1. */
function handshake(): string {
  return `GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`;
}

/** RFC 6455 4.2.2. */
function switching(key: string): string {
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

/** A text of up to 125 bytes in one frame (RFC 6455 5.2). */
function serverFrame(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]);
}

function clientFrame(text: string): Buffer {
  const mask = randomBytes(4);
  const masked = Buffer.from(text).map((byte, index) => byte ^ (mask[index % 4] as number));
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length]), mask, masked]);
}
