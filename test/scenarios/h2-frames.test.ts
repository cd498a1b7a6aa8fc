/** Frames that no honest client sends (RFC 9113 5, 6, 8, 10.5): what comes of the stream, of the connection, and of everybody else. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { answerOf, H2Client } from '../support/h2.ts';
import { block, Flag, FrameClient, frame, GET, headers, number32, Type } from '../support/h2-frames.ts';
import { startRawUpstream } from '../support/upstream.ts';
import { settled, until } from '../support/wait.ts';
import { type Balancer, withBalancer } from './balancer.ts';

type Fields = readonly (readonly [string, string])[];

/** A server that answers whole requests with `ok`, but none to `/silent`; `heads` are what it was sent. */
async function withServer(story: (balancer: Balancer, heads: string[], open: () => number) => Promise<void>, words = ''): Promise<void> {
  const heads: string[] = [];
  const upstream = await startRawUpstream((socket) => {
    let text = '';
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
      const end = text.indexOf('\r\n\r\n') + 4;
      if (end < 4) return;
      const head = text.slice(0, end);
      if (/\r\ntransfer-encoding: chunked/.test(head) && !text.endsWith('\r\n0\r\n\r\n')) return;
      if (text.length < end + Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? 0)) return;
      heads.push(text);
      text = '';
      if (!head.includes(' /silent ')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
  });
  try {
    await withBalancer(`listen www\n bind 127.0.0.1:0 proto h2\n ${words}\n server s1 ${upstream.address}\n`, (balancer) =>
      story(balancer, heads, upstream.open),
    );
  } finally {
    await upstream.stop();
  }
}

const replaced = (name: string, value: string): Fields => GET.map(([one, before]) => [one, one === name ? value : before]);
const without = (name: string): Fields => GET.filter(([one]) => one !== name);
const post: Fields = replaced(':method', 'POST');
const data = (bytes: string, flags: number = Flag.EndStream, stream = 1): Buffer => frame(Type.Data, flags, stream, Buffer.from(bytes));

/** What stream 1 comes to. None of them reaches the server as a whole request. */
const refused: readonly (readonly [what: string, frames: readonly Buffer[], end: RegExp])[] = [
  ['no :method', [headers(1, without(':method'))], /^PROTOCOL_ERROR$/],
  ['no :scheme', [headers(1, without(':scheme'))], /^PROTOCOL_ERROR$/],
  ['no :path', [headers(1, without(':path'))], /^PROTOCOL_ERROR$/],
  ['an empty :path', [headers(1, replaced(':path', ''))], /^PROTOCOL_ERROR$/],
  ['a doubled :path', [headers(1, [...GET, [':path', '/']])], /^PROTOCOL_ERROR$/],
  ['an unknown pseudo-header field', [headers(1, [...GET, [':x', '1']])], /^PROTOCOL_ERROR$/],
  ['one of responses', [headers(1, [...GET, [':status', '200']])], /^PROTOCOL_ERROR$/],
  ['one behind fields', [headers(1, [...without(':path'), ['x', 'y'], [':path', '/']])], /^PROTOCOL_ERROR$/],
  ['a fragment', [headers(1, replaced(':path', '/a#b'))], /^PROTOCOL_ERROR$/],
  ['a blank in :path', [headers(1, replaced(':path', '/ HTTP/1.1'))], /^PROTOCOL_ERROR$/],
  ['a line end in :path', [headers(1, replaced(':path', '/ HTTP/1.1\r\nx: y'))], /^PROTOCOL_ERROR$/],
  ['a line end in :method', [headers(1, replaced(':method', 'GET / HTTP/1.1\r\nx: '))], /^PROTOCOL_ERROR$/],
  ['a line end in :authority', [headers(1, replaced(':authority', 'a\r\nx: y'))], /^PROTOCOL_ERROR$/],
  ['a path without a slash', [headers(1, replaced(':path', 'a'))], /^PROTOCOL_ERROR$/],
  ['user information', [headers(1, replaced(':authority', 'u@a'))], /^PROTOCOL_ERROR$/],
  ['capital letters', [headers(1, [...GET, ['X-A', '1']])], /^PROTOCOL_ERROR$/],
  ['connection', [headers(1, [...GET, ['connection', 'close']])], /^PROTOCOL_ERROR$/],
  ['keep-alive', [headers(1, [...GET, ['keep-alive', '1']])], /^PROTOCOL_ERROR$/],
  ['proxy-connection', [headers(1, [...GET, ['proxy-connection', '1']])], /^PROTOCOL_ERROR$/],
  ['upgrade', [headers(1, [...GET, ['upgrade', 'h2c']])], /^PROTOCOL_ERROR$/],
  ['transfer-encoding', [headers(1, [...post, ['transfer-encoding', 'chunked']], false)], /^PROTOCOL_ERROR$/],
  ['te: gzip', [headers(1, [...GET, ['te', 'gzip']])], /^PROTOCOL_ERROR$/],
  ['two lengths', [headers(1, [...post, ['content-length', '1'], ['content-length', '2']], false)], /^PROTOCOL_ERROR$/],
  ['a length that is none', [headers(1, [...post, ['content-length', '+1']], false)], /^PROTOCOL_ERROR$/],
  ['a length without a body', [headers(1, [...post, ['content-length', '1']])], /^PROTOCOL_ERROR$/],
  ['less than was said', [headers(1, [...post, ['content-length', '5']], false), data('abc')], /^PROTOCOL_ERROR$/],
  // Newer ones of nghttp2 end the connection.
  ['more than was said', [headers(1, [...post, ['content-length', '2']], false), data('abc')], /^(?:GOAWAY )?PROTOCOL_ERROR$/],
  ['a pseudo-header field in trailers', [headers(1, post, false), data('a', 0), headers(1, [[':path', '/']])], /^PROTOCOL_ERROR$/],
  ['trailers that do not end it', [headers(1, post, false), data('a', 0), headers(1, [['x', 'y']], false)], /PROTOCOL_ERROR$/],
  ['DATA before HEADERS', [data('a')], /^(?:GOAWAY PROTOCOL_ERROR|STREAM_CLOSED)$/],
  ['an even stream', [headers(2, GET), data('')], /^GOAWAY PROTOCOL_ERROR$/],
  ['HEADERS on stream 0', [headers(0, GET)], /^GOAWAY PROTOCOL_ERROR$/],
  ['a frame that is too long', [frame(Type.Data, 0, 1, Buffer.alloc(16385))], /^GOAWAY FRAME_SIZE_ERROR$/],
  ['PUSH_PROMISE', [frame(Type.PushPromise, Flag.EndHeaders, 1, number32(2))], /^GOAWAY PROTOCOL_ERROR$/],
  ['CONTINUATION of nothing', [frame(Type.Continuation, Flag.EndHeaders, 1, block(GET))], /^GOAWAY PROTOCOL_ERROR$/],
  [
    'another frame inside of a header block',
    [frame(Type.Headers, 0, 1, block(GET)), frame(Type.Ping, 0, 0, Buffer.alloc(8))],
    /^GOAWAY PROTOCOL_ERROR$/,
  ],
  ['padding beyond its frame', [headers(1, post, false), frame(Type.Data, Flag.Padded, 1, Buffer.from([9, 1]))], /^GOAWAY PROTOCOL_ERROR$/],
  [
    'a header block that cannot be read',
    [frame(Type.Headers, 5, 1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]))],
    /^GOAWAY COMPRESSION_ERROR$/,
  ],
  ['SETTINGS of odd length', [frame(Type.Settings, 0, 0, Buffer.alloc(5))], /^GOAWAY FRAME_SIZE_ERROR$/],
  ['PING of 7 bytes', [frame(Type.Ping, 0, 0, Buffer.alloc(7))], /^GOAWAY FRAME_SIZE_ERROR$/],
  ['a window that grows by nothing', [headers(1, post, false), frame(Type.WindowUpdate, 0, 1, number32(0))], /PROTOCOL_ERROR$/],
  ['a window beyond all bounds', [frame(Type.WindowUpdate, 0, 0, number32(0x7fffffff))], /^GOAWAY FLOW_CONTROL_ERROR$/],
  [
    'a stream that depends on itself',
    [frame(Type.Headers, 0x25, 1, Buffer.concat([number32(1), Buffer.from([1]), block(GET)]))],
    /PROTOCOL_ERROR$|^END_STREAM$/,
  ],
];

describe('a malformed stream', () => {
  for (const [what, frames, end] of refused) {
    it(`is refused: ${what}`, async () => {
      await withServer(async (balancer, heads) => {
        const client = await FrameClient.connect(balancer.port('www'));
        client.send(...frames);
        assert.match(await client.endOf(1), end);
        if (!end.test('END_STREAM')) assert.deepEqual(heads, []);
        client.close();
      });
    });
  }

  it('harms no other stream of its connection', async () => {
    await withServer(async (balancer, heads) => {
      const client = await FrameClient.connect(balancer.port('www'));
      client.send(headers(1, [...GET, ['connection', 'x']]), headers(3, GET), headers(5, replaced(':path', '/a#')), headers(7, GET));
      assert.deepEqual(await Promise.all([1, 3, 5, 7].map((id) => client.endOf(id))), [
        'PROTOCOL_ERROR',
        'END_STREAM',
        'PROTOCOL_ERROR',
        'END_STREAM',
      ]);
      assert.equal(heads.length, 2);
      client.close();
    });
  });

  it('has fields dropped that are none, before anybody sees them', async () => {
    await withServer(async (balancer, heads) => {
      const client = await FrameClient.connect(balancer.port('www'));
      const odd: Fields = ['a\r\nb: c', 'a\nb', 'a\0b', ' a', 'a\t'].map((value, index) => [`x-${index}`, value]);
      client.send(headers(1, [...GET, ...odd, ['y z', '1'], ['x-good', '\xe9']]));
      assert.equal(await client.endOf(1), 'END_STREAM');
      assert.deepEqual(heads, ['GET / HTTP/1.1\r\nhost: a.test\r\nx-good: \xe9\r\n\r\n']);
      client.close();
    });
  });
});

/** Sent again and again until the connection is closed. */
const floods: readonly (readonly [what: string, round: (index: number) => Buffer])[] = [
  [
    'streams that are reset',
    (i) => Buffer.concat([headers(2 * i + 1, replaced(':path', '/silent')), frame(Type.Reset, 0, 2 * i + 1, number32(8))]),
  ],
  [
    'header blocks without an end',
    (i) => (i === 0 ? frame(Type.Headers, 0, 1, block(GET)) : frame(Type.Continuation, 0, 1, block([[`x-${i}`, 'y'.repeat(200)]]))),
  ],
  ['empty CONTINUATION', (i) => (i === 0 ? frame(Type.Headers, 0, 1, block(GET)) : frame(Type.Continuation, 0, 1))],
  ['streams that are malformed', (i) => headers(2 * i + 1, [...GET, ['connection', 'x']])],
];

describe('a flood', () => {
  for (const [what, round] of floods) {
    it(`ends its connection: ${what}`, async () => {
      await withServer(async (balancer, _heads, open) => {
        const client = await FrameClient.connect(balancer.port('www'));
        let sent = 0;
        await until(`the connection is closed; ${what}`, async () => {
          for (let i = 0; i < 100 && !client.ended; i++) client.send(round(sent++));
          await new Promise((resolve) => setImmediate(resolve));
          return client.ended || client.frames.some(({ type }) => type === Type.GoAway);
        });
        await until('it is gone', () => balancer.plane.connections === 0);
        await until('the slots are back', () => balancer.server('www', 's1').scur === 0);
        await until('and the connections to the server', () => open() <= 1);
        const other = await H2Client.connect(`http://127.0.0.1:${balancer.port('www')}`);
        assert.equal((await other.ask({})).status, 200);
        await other.close();
      });
    });
  }

  /** Frames that cost nothing but to be read: whoever sends them is served on. */
  const borne: readonly (readonly [what: string, round: (index: number) => Buffer])[] = [
    ['PING', () => frame(Type.Ping, 0, 0, Buffer.alloc(8))],
    ['SETTINGS', () => frame(Type.Settings, 0, 0)],
    ['PRIORITY', (i) => frame(Type.Priority, 0, 2 * i + 101, Buffer.concat([number32(0), Buffer.from([1])]))],
    ['WINDOW_UPDATE', () => frame(Type.WindowUpdate, 0, 0, number32(1))],
    ['unknown frames', () => frame(0x7f, 0, 0, Buffer.alloc(8))],
    ['empty DATA', () => frame(Type.Data, 0, 1)],
  ];
  for (const [what, round] of borne) {
    it(`of ${what} is bounded: answered, or closed`, async () => {
      await withServer(async (balancer) => {
        const client = await FrameClient.connect(balancer.port('www'));
        client.send(headers(1, post, false));
        for (let i = 0; i < 20 && !client.ended; i++) {
          client.send(Buffer.concat(Array.from({ length: 500 }, (_, j) => round(500 * i + j))));
          await new Promise((resolve) => setImmediate(resolve));
        }
        client.send(data('', Flag.EndStream));
        const end = await client.endOf(1);
        assert.match(end, /^(?:END_STREAM|closed|ENHANCE_YOUR_CALM|GOAWAY [A-Z_]+)$/);
        client.close();
        await until('it is gone', () => balancer.plane.connections === 0);
      });
    });
  }
});

describe('flow control', () => {
  const size = 32 * 1024 * 1024;
  const piece = Buffer.alloc(64 * 1024, 'x');

  /** Writes all of `size`, as fast as it is taken; `moved` is told how much was. */
  function pump(to: Writable, moved: (bytes: number) => void): void {
    let written = 0;
    const more = (): void => {
      while (written < size) {
        written += piece.length;
        moved(written);
        if (!to.write(piece)) {
          to.once('drain', more);
          return;
        }
      }
    };
    more();
  }

  /** Until nothing moves any more, although there is more. */
  async function stall(what: string, moved: () => number): Promise<void> {
    const stands = await settled(what, moved, 50);
    assert.ok(stands > 0 && stands < size, `${what}: ${stands} bytes have been taken`);
  }

  it('lets an upload wait for its server', async () => {
    let server: Socket | undefined;
    let received = 0;
    const upstream = await startRawUpstream((socket) => {
      server = socket.pause();
      socket.on('data', (bytes: Buffer) => {
        received += bytes.length;
        if (received >= size) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      });
    });
    try {
      await withBalancer(`listen www\n bind 127.0.0.1:0 proto h2\n server s1 ${upstream.address}\n`, async (balancer) => {
        const client = await H2Client.connect(`http://127.0.0.1:${balancer.port('www')}`);
        const stream = client.open({ ':method': 'POST', 'content-length': String(size) });
        const answer = answerOf(stream);
        let sent = 0;
        pump(stream, (bytes) => {
          sent = bytes;
        });
        await until('the server has a connection', () => server !== undefined);
        await stall('the upload', () => sent);
        server?.resume();
        assert.equal((await answer).status, 200);
        await client.close();
      });
    } finally {
      await upstream.stop();
    }
  });

  it('lets a response wait for its client, and other streams pass by', async () => {
    let sent = 0;
    const upstream = await startRawUpstream((socket) => {
      socket.on('data', (bytes: Buffer) => {
        if (!bytes.includes('/long')) {
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
          return;
        }
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
        pump(socket, (written) => {
          sent = written;
        });
      });
    });
    try {
      await withBalancer(`listen www\n bind 127.0.0.1:0 proto h2\n server s1 ${upstream.address}\n`, async (balancer) => {
        const client = await H2Client.connect(`http://127.0.0.1:${balancer.port('www')}`);
        const stream = client.open({ ':path': '/long' });
        await once(stream, 'response');
        await stall('the response', () => sent);
        assert.equal((await client.ask({})).body, 'ok');
        let read = 0;
        stream.on('data', (bytes: Buffer) => {
          read += bytes.length;
        });
        await until('all of it is here', () => read === size);
        await client.close();
      });
    } finally {
      await upstream.stop();
    }
  });

  it('holds little of responses that nobody reads, however many streams there are', async (t) => {
    const upstream = await startRawUpstream((socket) => {
      socket.on('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
        pump(socket, () => {});
      });
    });
    try {
      await withBalancer(`listen www\n bind 127.0.0.1:0 proto h2\n server s1 ${upstream.address}\n`, async (balancer) => {
        const before = process.memoryUsage().arrayBuffers;
        const client = await FrameClient.connect(balancer.port('www'), [[4, 0]]);
        client.send(...Array.from({ length: 100 }, (_, index) => headers(2 * index + 1, GET)));
        await until('all have begun', () => client.frames.filter(({ type }) => type === Type.Headers).length === 100);
        await settled('what is held', () => Math.round(process.memoryUsage().arrayBuffers / (1 << 20)), 30);
        const held = process.memoryUsage().arrayBuffers - before;
        t.diagnostic(`${(held / (1 << 20)).toFixed(1)} MiB are held for 100 streams, by both ends`);
        assert.ok(held < 100 << 20, `${held} bytes`);
        client.close();
        await until('it is gone', () => balancer.plane.connections === 0);
      });
    } finally {
      await upstream.stop();
    }
  });
});
