/** HTTP/2 of clear text, as its clients see it: what a server gets of a stream, and what a stream gets of its response. */

import assert from 'node:assert/strict';
import { constants } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { describe, it } from 'node:test';
import { answerOf, H2Client, resetStream } from '../support/h2.ts';
import { startRawUpstream, startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { type Balancer, withBalancer } from './balancer.ts';

/** What a server was sent, a message each time, and answers by path. */
interface Told {
  readonly heads: string[];
  readonly upstream: Upstream;
}

const ANSWERS: Readonly<Record<string, string>> = {
  '/chunked': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n',
  '/close': 'HTTP/1.0 200 OK\r\n\r\nabc',
  '/hint': 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  '/none': 'HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n',
  '/same': 'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Length: 5\r\n\r\n',
  '/hop':
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: x-gone\r\nX-Gone: 1\r\nKeep-Alive: 1\r\nProxy-Connection: a\r\nTE: a\r\nX-Stays: \xe9\r\n\r\nok',
  '/twice':
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nLocation: /1\r\nLocation: /2\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nVary: c\r\nVary: d\r\n\r\nok',
};
const CUT: Readonly<Record<string, string>> = {
  '/cut-length': 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc',
  '/cut-chunk': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
};

async function startServer(): Promise<Told> {
  const heads: string[] = [];
  const upstream = await startRawUpstream((socket) => {
    let text = '';
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
      const end = text.indexOf('\r\n\r\n') + 4;
      if (end < 4) return;
      const length = Number(/\r\ncontent-length: (\d+)/.exec(text.slice(0, end))?.[1] ?? 0);
      if (text.length < end + length) return;
      if (/\r\ntransfer-encoding: chunked/.test(text.slice(0, end)) && !/\r\n0\r\n(?:[^\r]+\r\n)*\r\n$/.test(text.slice(end - 2))) return;
      heads.push(text);
      const path = text.split(' ')[1] ?? '';
      text = '';
      const cut = CUT[path];
      if (cut !== undefined) socket.write(cut, 'latin1', () => setImmediate(() => socket.destroy()));
      else if (path === '/close') socket.end(ANSWERS[path] ?? '', 'latin1');
      else if (path !== '/silent') socket.write(ANSWERS[path] ?? 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 'latin1');
    });
  });
  return { heads, upstream };
}

async function withServer(
  config: (address: string) => string,
  story: (told: Told, balancer: Balancer, client: H2Client) => Promise<void>,
): Promise<void> {
  const told = await startServer();
  try {
    await withBalancer(config(told.upstream.address), async (balancer) => {
      const client = await H2Client.connect(`http://127.0.0.1:${balancer.port('www')}`);
      try {
        await story(told, balancer, client);
      } finally {
        await client.close();
      }
    });
  } finally {
    await told.upstream.stop();
  }
}

const plain = (address: string): string => `listen www\n bind 127.0.0.1:0 proto h2\n server s1 ${address}\n`;

describe('a request by HTTP/2', () => {
  it('reaches the server in HTTP/1.1, its host first, its cookies joined', async () => {
    await withServer(plain, async ({ heads }, balancer, client) => {
      const answer = await client.ask({
        ':path': '/a?b',
        ':authority': 'a.test:80',
        cookie: ['a=1', 'b=2'],
        'x-a': '\xe9',
        te: 'trailers',
      });
      assert.equal(answer.status, 200);
      assert.equal(answer.body, 'ok');
      assert.deepEqual(heads, ['GET /a?b HTTP/1.1\r\nhost: a.test\r\nx-a: \xe9\r\nte: trailers\r\ncookie: a=1; b=2\r\n\r\n']);
      assert.equal(balancer.logged[0]?.requestLine, 'GET http://a.test/a?b HTTP/2.0');
    });
  });

  it('travels with the length of its body, or in chunks with its trailers', async () => {
    await withServer(plain, async ({ heads }, _balancer, client) => {
      await client.ask({ ':authority': 'a', 'content-length': '5' }, 'hello');
      await client.ask({ ':authority': 'a' }, 'hello', { 'x-t': '1' });
      assert.deepEqual(heads, [
        'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello',
        'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-t: 1\r\n\r\n',
      ]);
    });
  });

  it('is one of many on its connection, which is one session', async () => {
    await withServer(plain, async ({ heads }, balancer, client) => {
      const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => client.ask({ ':path': `/${index}` })));
      assert.ok(answers.every(({ status }) => status === 200));
      assert.equal(new Set(heads.map((head) => head.split(' ')[1])).size, 50);
      const [frontend] = balancer.rows('www', 'www');
      assert.equal(frontend?.stot, '1');
      assert.equal(frontend?.scur, '1');
      assert.equal(frontend?.req_tot, '50');
    });
  });

  it('by prior knowledge needs no word in the configuration, and can be forbidden', async () => {
    await withServer(
      (address) =>
        `listen www\n bind 127.0.0.1:0\n server s1 ${address}\nlisten old\n bind 127.0.0.1:0\n option disable-h2-upgrade\n server s1 ${address}\n`,
      async (_told, balancer, client) => {
        assert.equal((await client.ask({})).status, 200);
        const socket = connectTcp(balancer.port('old'), '127.0.0.1').setEncoding('latin1');
        let text = '';
        socket.on('data', (more: string) => {
          text += more;
        });
        socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
        await until('an answer in HTTP/1', () => text.startsWith('HTTP/1.1 400 '));
        socket.destroy();
      },
    );
  });

  it('whose preface comes in pieces is one, too', async () => {
    await withServer(
      (address) => `listen www\n bind 127.0.0.1:0\n server s1 ${address}\n`,
      async (_told, balancer) => {
        for (const cut of [1, 3, 14, 18, 23, 24]) {
          const socket = connectTcp(balancer.port('www'), '127.0.0.1');
          socket.setNoDelay(true);
          let bytes = Buffer.alloc(0);
          socket.on('data', (more: Buffer) => {
            bytes = Buffer.concat([bytes, more]);
          });
          const opening = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from('000000040000000000', 'hex')]);
          socket.write(opening.subarray(0, cut), () => setTimeout(() => socket.write(opening.subarray(cut)), 5));
          // SETTINGS, and the acknowledgement of ours.
          await until(`frames after a cut at ${cut}`, () => bytes.includes(Buffer.from('000000040100000000', 'hex')));
          assert.equal(bytes[3], 4);
          socket.destroy();
        }
      },
    );
  });
});

describe('a response by HTTP/2', () => {
  it('has its framing, its interim heads and its trailers, and nothing that was for one hop of HTTP/1.1', async () => {
    await withServer(plain, async (_told, _balancer, client) => {
      const chunked = await client.ask({ ':path': '/chunked' });
      assert.deepEqual([chunked.body, chunked.trailers, chunked.fields], ['abc', { 'x-t': '1' }, { trailer: 'X-T' }]);
      const close = await client.ask({ ':path': '/close' });
      assert.deepEqual([close.body, close.reset, close.fields], ['abc', 'NO_ERROR', {}]);
      const hint = await client.ask({ ':path': '/hint' });
      assert.deepEqual([hint.interim, hint.status, hint.body], [[103], 200, 'ok']);
      const none = await client.ask({ ':path': '/none' });
      assert.deepEqual([none.status, none.body, none.fields], [204, '', { 'x-a': '1' }]);
      const same = await client.ask({ ':path': '/same' });
      assert.deepEqual([same.status, same.body, same.fields], [304, '', { etag: '"1"', 'content-length': '5' }]);
      const hop = await client.ask({ ':path': '/hop' });
      assert.deepEqual(hop.fields, { 'content-length': '2', 'x-stays': '\xe9' });
      const twice = await client.ask({ ':path': '/twice' });
      assert.deepEqual(twice.fields, { 'content-length': '2', location: '/1', 'set-cookie': ['a', 'b'], vary: 'c, d' });
      const head = await client.ask({ ':path': '/', ':method': 'HEAD' });
      assert.deepEqual([head.status, head.body, head.fields], [200, '', { 'content-length': '2' }]);
    });
  });

  it('that was cut never looks whole, and other streams go on', async () => {
    await withServer(plain, async (_told, balancer, client) => {
      const [, ...cut] = await Promise.all(['/', '/cut-length', '/cut-chunk'].map((path) => client.ask({ ':path': path })));
      for (const { status, reset } of cut) assert.deepEqual([status, reset], [200, 'INTERNAL_ERROR']);
      assert.equal((await client.ask({})).status, 200);
      assert.deepEqual(balancer.logged.map(({ termination }) => termination).sort(), ['----', '----', 'SD--', 'SD--']);
      assert.equal(client.goaway, undefined);
    });
  });

  it('of our own is the one of HTTP/1.1', async () => {
    await withServer(
      (address) => `listen www
 bind 127.0.0.1:0 proto h2
 http-request deny if { path /deny }
 http-request redirect location /x if { path /away }
 http-request return status 200 content-type text/plain string hello if { path /said }
 http-request set-var(sess.n) int(7) if { path /set }
 http-request return status 200 content-type text/plain lf-string "%[var(sess.n)] %[req.ver] %HV %[fc_http_major]" if { path /get }
 server s1 ${address}\n`,
      async (_told, _balancer, client) => {
        const denied = await client.ask({ ':path': '/deny' });
        assert.equal(denied.status, 403);
        assert.match(denied.body, /Request forbidden/);
        assert.equal((await client.ask({ ':path': '/away' })).fields.location, '/x');
        assert.equal((await client.ask({ ':path': '/said' })).body, 'hello');
        assert.equal((await client.ask({ ':path': '/deny', ':method': 'HEAD' })).body, '');
        await client.ask({ ':path': '/set' });
        assert.equal((await client.ask({ ':path': '/get' })).body, '7 2.0 HTTP/2.0 2');
        // The rest of the body is not wanted, and the stream is over.
        const stream = client.open({ ':path': '/deny', ':method': 'POST' });
        stream.write('half of it');
        const { status, reset } = await answerOf(stream);
        assert.deepEqual([status, reset], [403, 'NO_ERROR']);
      },
    );
  });
});

describe('the end of a stream', () => {
  it('by its client reaches the server, gives its slot back, and leaves the queue', async () => {
    await withServer(
      (address) => `listen www\n bind 127.0.0.1:0 proto h2\n server s1 ${address} maxconn 1\n`,
      async ({ heads, upstream }, balancer, client) => {
        const first = client.open({ ':path': '/silent' });
        await until('the first is with the server', () => heads.length === 1);
        const second = client.open({ ':path': '/queued' });
        await until('the second is queued', () => balancer.backends.get('www')?.waiting === 1);
        resetStream(second, constants.NGHTTP2_CANCEL);
        await until('the queue is empty', () => balancer.backends.get('www')?.waiting === 0);
        resetStream(first, constants.NGHTTP2_CANCEL);
        await until('the slot is back', () => balancer.server('www', 's1').scur === 0);
        await until('its connection is closed', () => upstream.open() === 0);
        assert.equal((await client.ask({ ':path': '/after' })).status, 200);
        assert.deepEqual(
          balancer.logged.map(({ termination, status }) => [termination, status]),
          [
            ['CQ--', -1],
            ['CD--', -1],
            ['----', 200],
          ],
        );
      },
    );
  });

  it('in the middle of a body never completes that body', async () => {
    await withServer(plain, async ({ heads, upstream }, balancer, client) => {
      const stream = client.open({ ':method': 'POST' });
      stream.write('hello');
      await until('the server has a connection', () => upstream.open() === 1);
      resetStream(stream, constants.NGHTTP2_CANCEL);
      await until('that is closed', () => upstream.open() === 0);
      assert.deepEqual(heads, []);
      assert.equal(balancer.logged[0]?.termination, 'CD--');
    });
  });

  it('of all of them comes with the connection', async () => {
    await withServer(plain, async ({ heads }, balancer, client) => {
      for (let i = 0; i < 5; i++) client.open({ ':path': '/silent' });
      await until('all are with the server', () => heads.length === 5);
      client.vanish();
      await until('no connection is left', () => balancer.plane.connections === 0);
      assert.deepEqual(
        balancer.logged.map(({ termination }) => termination),
        Array.from({ length: 5 }, () => 'CD--'),
      );
    });
  });
});

describe('a connection of HTTP/2', () => {
  it('is told to go elsewhere when the proxy stops, and finishes what it has begun', async () => {
    const upstream = await startUpstream('s1', (_request, response) => {
      release = () => response.end('done');
    });
    let release: (() => void) | undefined;
    try {
      await withBalancer(plain(upstream.address), async (balancer) => {
        const client = await H2Client.connect(`http://127.0.0.1:${balancer.port('www')}`);
        const answer = client.ask({});
        await until('the server has it', () => release !== undefined);
        balancer.plane.drain(false);
        await until('GOAWAY', () => client.goaway === 'NO_ERROR');
        release?.();
        assert.equal((await answer).body, 'done');
        await balancer.plane.whenIdle();
      });
    } finally {
      await upstream.stop();
    }
  });

  it('that asks nothing is closed in time, before its first request and after it', async () => {
    await withServer(
      (address) =>
        `listen www\n bind 127.0.0.1:0 proto h2\n timeout http-request 100ms\n timeout http-keep-alive 50ms\n server s1 ${address}\n`,
      async (_told, balancer, client) => {
        await until('the first is gone', () => balancer.plane.connections === 0);
        assert.equal(client.goaway, 'NO_ERROR');
        const second = await H2Client.connect(`http://127.0.0.1:${balancer.port('www')}`);
        await second.ask({});
        await until('the second is gone', () => balancer.plane.connections === 0);
        assert.equal(second.goaway, 'NO_ERROR');
        assert.equal(balancer.logged.length, 1);
      },
    );
  });

  it('ends with a rule that rejects, for all of its streams', async () => {
    await withServer(
      (address) => `listen www\n bind 127.0.0.1:0 proto h2\n http-request reject if { path /reject }\n server s1 ${address}\n`,
      async ({ heads }, balancer, client) => {
        const silent = answerOf(client.open({ ':path': '/silent' }));
        await until('one waits', () => heads.length === 1);
        await client.ask({ ':path': '/reject' });
        assert.equal(client.goaway, 'ENHANCE_YOUR_CALM');
        assert.equal((await silent).status, 0);
        await until('it is gone', () => balancer.plane.connections === 0);
      },
    );
  });

  it('resets a WebSocket whose server does not prove that it is one', async () => {
    const upstream = await startRawUpstream((socket) => {
      socket.on('data', () => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: AAAA\r\n\r\n');
      });
      socket.on('end', () => socket.end());
    });
    try {
      await withBalancer(plain(upstream.address), async (balancer) => {
        const client = await H2Client.connect(`http://127.0.0.1:${balancer.port('www')}`);
        const { status, reset } = await answerOf(client.open({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat' }));
        assert.deepEqual([status, reset], [0, 'INTERNAL_ERROR']);
        await until('its slot is back', () => balancer.server('www', 's1').scur === 0);
        await client.close();
      });
    } finally {
      await upstream.stop();
    }
  });

  it('carries WebSocket by an extended CONNECT', async () => {
    const { createHash } = await import('node:crypto');
    let asked = '';
    const upstream = await startRawUpstream((socket) => {
      socket.on('data', (bytes: Buffer) => {
        const text = bytes.toString('latin1');
        if (asked !== '') {
          socket.write(`<${text}>`);
          return;
        }
        asked = text;
        const key = /sec-websocket-key: (.*)\r\n/.exec(text)?.[1] ?? '';
        const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
        );
      });
      socket.on('end', () => socket.end());
    });
    try {
      await withBalancer(plain(upstream.address), async (balancer) => {
        const client = await H2Client.connect(`http://127.0.0.1:${balancer.port('www')}`);
        const stream = client.open({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/chat', 'sec-websocket-version': '13' });
        const answer = answerOf(stream);
        let received = '';
        stream.on('data', (text: string) => {
          received += text;
        });
        stream.write('ping');
        await until('the echo', () => received === '<ping>');
        stream.end();
        const { status, fields, reset } = await answer;
        assert.deepEqual([status, fields, reset], [200, {}, 'NO_ERROR']);
        assert.match(
          asked,
          /^GET \/chat HTTP\/1\.1\r\nhost: [^\r]+\r\nsec-websocket-version: 13\r\nupgrade: websocket\r\nsec-websocket-key: [^\r]{24}\r\nconnection: upgrade\r\n\r\n$/,
        );
        await client.close();
      });
    } finally {
      await upstream.stop();
    }
  });
});
