/**
 * Responses without an end in sight: server-sent events and long polls. Nothing is kept back, nobody's silence is held
 * against the wrong side, and whoever leaves is missed by the other.
 */

import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { ask, type RawClient } from '../support/client.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { outlast, settled, until } from '../support/wait.ts';
import type { Balancer } from './balancer.ts';
import { withTraffic, www } from './traffic.ts';

const GET = 'GET /events HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n';

/** One that the test writes by hand. `/quick` is answered at once. */
interface Stream {
  readonly response: ServerResponse;
  closed: boolean;
}

interface Source extends Upstream {
  /** Responses that have begun, in order. */
  readonly streams: readonly Stream[];
}

/** `framing`: how a response tells its end. */
async function startSource(framing: 'chunked' | 'until-close' = 'chunked'): Promise<Source> {
  const streams: Stream[] = [];
  const upstream = await startUpstream('', (request, response) => {
    if (request.url === '/quick') {
      response.end('quick');
      return;
    }
    if (framing === 'until-close') {
      response.shouldKeepAlive = false;
      response.removeHeader('transfer-encoding');
    }
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    response.flushHeaders();
    const stream: Stream = { response, closed: false };
    response.on('close', () => {
      stream.closed = true;
    });
    streams.push(stream);
  });
  return { ...upstream, streams };
}

async function subscribe(balancer: Balancer, source: Source): Promise<{ readonly client: RawClient; readonly stream: Stream }> {
  const before = source.streams.length;
  const client = await balancer.client();
  client.send(GET);
  assert.match(await client.readUntil('\r\n\r\n'), /content-type: text\/event-stream/);
  return { client, stream: source.streams[before] as Stream };
}

async function withSource(lines: string, story: (balancer: Balancer, source: Source) => Promise<void>): Promise<void> {
  const source = await startSource();
  await withTraffic(source, lines, (balancer) => story(balancer, source));
}

describe('an event', () => {
  for (const framing of ['chunked', 'until-close'] as const) {
    it(`is with the client before the next one is sent, ${framing}`, async () => {
      const source = await startSource(framing);
      await withTraffic(source, '', async (balancer) => {
        const { client, stream } = await subscribe(balancer, source);
        for (let id = 1; id <= 50; id++) {
          const event = `id: ${id}\ndata: ${'x'.repeat((id * id) % 3000)}\n\n`;
          stream.response.write(event);
          assert.ok((await client.readUntil('\n\n')).endsWith(event));
        }
        stream.response.end('data: the end\n\n');
        await client.readUntil('data: the end\n\n');
        if (framing === 'until-close') assert.equal(await client.readAll(), '');
        else await client.readUntil('0\r\n\r\n');
        assert.equal(balancer.logged[0]?.termination, '----');
      });
    });
  }

  it('is passed on in whatever pieces it comes, down to single bytes', async () => {
    await withSource('', async (balancer, source) => {
      const { client, stream } = await subscribe(balancer, source);
      const event = 'data: a byte at a time\n\n';
      const bytes = () => [...client.received.matchAll(/(?:^|\r\n)1\r\n(.)/gs)].map((match) => match[1]).join('');
      for (const [index, byte] of [...event].entries()) {
        stream.response.write(byte);
        await until('it is through', () => bytes().length === index + 1);
      }
      assert.equal(bytes(), event);
    });
  });

  it('reaches each of fifty clients, and nobody else', async () => {
    await withSource('', async (balancer, source) => {
      const all = [];
      for (let i = 0; i < 50; i++) all.push(await subscribe(balancer, source));
      for (const round of [1, 2, 3]) {
        for (const [index, { stream }] of all.entries()) stream.response.write(`data: round ${round} of ${index}\n\n`);
        for (const [index, { client }] of all.entries()) {
          assert.match(await client.readUntil('\n\n'), new RegExp(`data: round ${round} of ${index}\n\n$`));
        }
      }
      assert.equal(balancer.server('www', 's1').scur, 50);
    });
  });

  it('still comes after reconfigurations, and after its server is removed', async () => {
    await withSource('', async (balancer, source) => {
      const { client, stream } = await subscribe(balancer, source);
      await balancer.configure(www(` timeout server 20s\n server s1 ${source.address}\n server s2 ${source.address}`));
      stream.response.write('data: reconfigured\n\n');
      await client.readUntil('data: reconfigured\n\n');
      await balancer.configure(www(` server s2 ${source.address}`));
      stream.response.write('data: removed\n\n');
      await client.readUntil('data: removed\n\n');
      stream.response.end();
      await client.readUntil('0\r\n\r\n');
    });
  });
});

describe('a client that leaves', () => {
  it('by a reset ends the stream of its server at once', async () => {
    await withSource('', async (balancer, source) => {
      const { client, stream } = await subscribe(balancer, source);
      client.socket.resetAndDestroy();
      await until('the server knows', () => stream.closed);
      assert.equal(balancer.server('www', 's1').scur, 0);
      assert.equal(balancer.logged[0]?.termination, 'CD--');
      assert.equal(balancer.server('www', 's1').counters.cliAbrt, 1);
    });
  });

  // Its FIN might be half a close: HAProxy goes on too, until a write fails.
  it('by closing ends it with the next events', async () => {
    await withSource('', async (balancer, source) => {
      const { client, stream } = await subscribe(balancer, source);
      client.close();
      await until('the server knows', () => {
        stream.response.write('data: anybody?\n\n');
        return stream.closed;
      });
      await until('it is over', () => balancer.logged.length === 1);
      assert.equal(balancer.logged[0]?.termination, 'CD--');
    });
  });

  it('does not disturb those who stay', async () => {
    await withSource('', async (balancer, source) => {
      const leaving = await subscribe(balancer, source);
      const staying = await subscribe(balancer, source);
      leaving.client.socket.resetAndDestroy();
      await until('the server knows', () => leaving.stream.closed);
      staying.stream.response.write('data: you are here\n\n');
      await staying.client.readUntil('data: you are here\n\n');
      assert.equal(staying.stream.closed, false);
    });
  });
});

describe('silence', () => {
  it('of the server between events may last up to timeout server each time', async () => {
    await withSource('timeout server 2s\n timeout client 50ms', async (balancer, source) => {
      const { client, stream } = await subscribe(balancer, source);
      for (let i = 0; i < 6; i++) {
        await outlast(250);
        stream.response.write('data: .\n\n');
        await client.readUntil('data: .\n\n');
      }
      assert.equal(balancer.logged.length, 0);
    });
  });

  it('of the server beyond timeout server cuts the response: it never looks complete', async () => {
    await withSource('timeout server 150ms', async (balancer, source) => {
      const { client, stream } = await subscribe(balancer, source);
      stream.response.write('data: first\n\n');
      const all = await client.readAll();
      assert.match(all, /data: first\n\n/);
      assert.doesNotMatch(all, /0\r\n\r\n$/);
      await until('the server knows', () => stream.closed);
      assert.equal(balancer.logged[0]?.termination, 'sD--');
    });
  });

  it('of a client that only listens is no reason to close', async () => {
    await withSource('timeout client 50ms\n timeout http-keep-alive 50ms\n timeout http-request 50ms', async (balancer, source) => {
      const { client, stream } = await subscribe(balancer, source);
      await outlast(50);
      stream.response.write('data: still there?\n\n');
      await client.readUntil('data: still there?\n\n');
    });
  });

  it('of a server whose client does not read is not its own', async () => {
    await withSource('timeout server 1s', async (balancer, source) => {
      const { client, stream } = await subscribe(balancer, source);
      client.socket.pause();
      const piece = 'x'.repeat(65_536);
      let going = true;
      let sent = 0;
      const more = () => {
        if (!going) return;
        sent++;
        stream.response.write(piece, more);
      };
      more();
      await settled('the client is behind', () => sent);
      going = false;
      // Longer than timeout server, which must not run while nobody takes what the server has to say.
      await outlast(1000);
      assert.equal(balancer.logged.length, 0);
      client.socket.resume();
      stream.response.end('data: all of it\n\n');
      await client.readUntil('data: all of it\n\n');
      await client.readUntil('0\r\n\r\n');
    });
  });
});

describe('a long poll', () => {
  /** Holds every request until the test answers it; `/quick` not. */
  async function startHolding(): Promise<Upstream & { readonly held: Map<string, ServerResponse> }> {
    const held = new Map<string, ServerResponse>();
    const upstream = await startUpstream('', (request, response) => {
      if (request.url === '/quick') response.end('quick');
      else held.set(request.url ?? '', response);
    });
    return { ...upstream, held };
  }

  it('may be answered later than timeout client, within timeout server', async () => {
    const server = await startHolding();
    await withTraffic(server, 'timeout client 100ms\n timeout http-request 100ms\n timeout server 10s', async (balancer) => {
      const answer = ask(balancer.port('www'), { path: '/poll' });
      await until('it is held', () => server.held.has('/poll'));
      await outlast(100);
      server.held.get('/poll')?.end('news');
      assert.equal((await answer).body, 'news');
    });
  });

  it('gets its own answer, in whatever order they come', async () => {
    const server = await startHolding();
    await withTraffic(server, '', async (balancer) => {
      const paths = Array.from({ length: 100 }, (_, index) => `/poll/${index}`);
      const answers = paths.map((path) => ask(balancer.port('www'), { path }));
      await until('all are held', () => server.held.size === paths.length);
      assert.equal((await ask(balancer.port('www'), { path: '/quick' })).body, 'quick');
      for (let at = 0; at < paths.length; at++) {
        const path = paths[(at * 37) % paths.length] as string;
        server.held.get(path)?.end(`news of ${path}`);
      }
      assert.deepEqual(
        (await Promise.all(answers)).map(({ body }) => body),
        paths.map((path) => `news of ${path}`),
      );
    });
  });

  it('whose client resets is gone for the server too', async () => {
    const server = await startHolding();
    await withTraffic(server, '', async (balancer) => {
      const client = await balancer.client();
      client.send('GET /poll HTTP/1.1\r\nHost: a\r\n\r\n');
      await until('it is held', () => server.held.has('/poll'));
      let gone = false;
      server.held.get('/poll')?.on('close', () => {
        gone = true;
      });
      client.socket.resetAndDestroy();
      await until('the server knows', () => gone);
      assert.equal(balancer.logged[0]?.termination, 'CD--');
    });
  });
});
