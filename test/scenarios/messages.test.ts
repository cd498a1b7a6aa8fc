/** Requests and responses as they travel: keep-alive, framing, interim responses, upgrades. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { describe, it } from 'node:test';
import { ask } from '../support/client.ts';
import { startRawUpstream, startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { type Balancer, withBalancer } from './balancer.ts';

const listen = (servers: string, more = '') => `listen www\n bind 127.0.0.1:0\n${more}\n${servers}\n`;
const one = (upstream: Upstream) => ` server s1 ${upstream.address}`;

/** A server that answers each request head it sees with the next of `replies`, and remembers what it received. */
async function scripted(replies: readonly string[]): Promise<Upstream & { received: string }> {
  const state = { received: '' };
  let next = 0;
  const upstream = await startRawUpstream((socket) => {
    let seen = '';
    socket.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      state.received += text;
      seen += text;
      for (let end = seen.indexOf('\r\n\r\n'); end >= 0 && next < replies.length; end = seen.indexOf('\r\n\r\n')) {
        seen = seen.slice(end + 4);
        const reply = replies[next++] as string;
        if (reply.endsWith('<close>')) socket.end(reply.slice(0, -7), 'latin1');
        else socket.write(reply, 'latin1');
      }
    });
    socket.on('end', () => socket.end());
  });
  return {
    ...upstream,
    get received() {
      return state.received;
    },
  };
}

const reply = (body: string, lines = '') => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${lines}\r\n${body}`;

async function story(
  replies: readonly string[],
  run: (balancer: Balancer, upstream: Upstream & { received: string }) => Promise<void>,
  more = '',
) {
  const upstream = await scripted(replies);
  try {
    await withBalancer(listen(one(upstream), more), (balancer) => run(balancer, upstream));
  } finally {
    await upstream.stop();
  }
}

describe('keep-alive', () => {
  it('answers many requests on one connection, over one connection to the server', async () => {
    const upstream = await startUpstream('hello');
    try {
      await withBalancer(listen(one(upstream)), async (balancer) => {
        const client = await balancer.client();
        for (let i = 0; i < 5; i++) {
          client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
          assert.equal((await client.readUntil('hello')).slice(0, 15), 'HTTP/1.1 200 OK');
        }
        assert.equal(upstream.connections(), 1);
        const { counters } = balancer.server('www', 's1');
        assert.deepEqual([counters.connect, counters.reuse, counters.stot, counters.reqTot, counters.hrsp.two], [1, 4, 5, 5, 5]);
      });
    } finally {
      await upstream.stop();
    }
  });

  it('answers pipelined requests in order', async () => {
    await story([reply('one'), reply('two'), reply('three')], async (balancer) => {
      const client = await balancer.client();
      client.send(
        'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      );
      const all = await client.readAll();
      assert.deepEqual(all.match(/one|two|three/g), ['one', 'two', 'three']);
      assert.match(all, /connection: close\r\n\r\nthree$/);
      assert.deepEqual(
        balancer.logged.map((line) => line.requestLine),
        ['GET /1 HTTP/1.1', 'GET /2 HTTP/1.1', 'GET /3 HTTP/1.1'],
      );
    });
  });

  it('ignores what follows a request that said close', async () => {
    await story([reply('one'), reply('two')], async (balancer, upstream) => {
      const client = await balancer.client();
      client.send('GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
      const all = await client.readAll();
      assert.ok(all.endsWith('one'));
      assert.ok(!upstream.received.includes('/2'));
    });
  });

  it('keeps an HTTP/1.0 connection only when asked', async () => {
    await story([reply('one'), reply('two')], async (balancer) => {
      const client = await balancer.client();
      client.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
      assert.match(await client.readUntil('one'), /connection: keep-alive/);
      client.send('GET / HTTP/1.0\r\n\r\n');
      assert.match(await client.readAll(), /connection: close.*two$/s);
    });
  });

  it('closes both sides with option httpclose', async () => {
    await story(
      [reply('one')],
      async (balancer, upstream) => {
        const client = await balancer.client();
        client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        assert.match(await client.readAll(), /connection: close/);
        assert.match(upstream.received, /connection: close/);
      },
      ' option httpclose',
    );
  });

  it('does not reuse a connection on which more than the response came', async () => {
    const upstream = await scripted([`${reply('one')}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged`, reply('two')]);
    try {
      await withBalancer(listen(one(upstream)), async (balancer) => {
        const client = await balancer.client();
        client.send('GET /1 HTTP/1.1\r\nHost: a\r\n\r\n');
        assert.ok((await client.readUntil('one')).endsWith('one'));
        client.send('GET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
        assert.ok((await client.readUntil('two')).endsWith('two'));
        assert.equal(upstream.connections(), 2);
        assert.equal(client.received, '');
      });
    } finally {
      await upstream.stop();
    }
  });
});

describe('framing', () => {
  it('passes chunked bodies both ways, with trailers, and drops extensions', async () => {
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n';
    await story([chunked], async (balancer, upstream) => {
      const client = await balancer.client();
      client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX-T: 1\r\n\r\n');
      const all = await client.readUntil('X-Sum: 7\r\n\r\n');
      assert.match(all, /\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n$/);
      await until('the request has arrived', () => upstream.received.endsWith('5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n'));
    });
  });

  it('reads Transfer-Encoding with Content-Length by the former, drops the latter, and closes (RFC 9112 6.1)', async () => {
    await story([reply('one')], async (balancer, upstream) => {
      const client = await balancer.client();
      client.send(
        'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
      );
      assert.match(await client.readAll(), /connection: close\r\n\r\none$/);
      assert.doesNotMatch(upstream.received, /content-length|smuggled/i);
    });
  });

  it('ends a response that ends with its connection', async () => {
    await story(['HTTP/1.1 200 OK\r\n\r\nuntil close<close>'], async (balancer) => {
      const client = await balancer.client();
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.match(await client.readAll(), /connection: close\r\n\r\nuntil close$/);
      assert.equal(balancer.logged[0]?.termination, '----');
    });
  });

  it('removes the chunked coding for an HTTP/1.0 client', async () => {
    await story(['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'], async (balancer) => {
      const client = await balancer.client();
      client.send('GET / HTTP/1.0\r\n\r\n');
      const all = await client.readAll();
      assert.doesNotMatch(all, /transfer-encoding/i);
      assert.ok(all.endsWith('\r\n\r\nabc'));
    });
  });

  it('expects no body of HEAD, 204 and 304, whatever their fields say', async () => {
    const replies = [
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n',
      'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n',
      'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n',
    ];
    await story(replies, async (balancer, upstream) => {
      const client = await balancer.client();
      for (const method of ['HEAD', 'GET', 'GET']) {
        client.send(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`);
        await client.readUntil('\r\n\r\n');
      }
      assert.equal(upstream.connections(), 1);
      assert.equal(client.received, '');
    });
  });

  it('carries large bodies both ways unharmed', async () => {
    const size = 3 * 1024 * 1024;
    const body = Buffer.alloc(size);
    for (let i = 0; i < size; i++) body[i] = (i * 7 + (i >> 11)) & 0xff;
    const upstream = await startUpstream('', (incoming, outgoing) => {
      const hash = createHash('sha256');
      incoming.on('data', (chunk: Buffer) => hash.update(chunk));
      incoming.on('end', () => {
        outgoing.setHeader('x-sum', hash.digest('hex'));
        if (incoming.url === '/chunked') outgoing.write(body.subarray(0, 1000));
        outgoing.end(incoming.url === '/chunked' ? body.subarray(1000) : body);
      });
    });
    try {
      const sum = createHash('sha256').update(body).digest('hex');
      await withBalancer(listen(one(upstream)), async (balancer) => {
        for (const [path, chunked] of [
          ['/length', false],
          ['/chunked', true],
        ] as const) {
          const seen = await new Promise<{ sum: string | undefined; body: string }>((resolve, reject) => {
            const headers: Record<string, string> = chunked ? {} : { 'content-length': String(size) };
            const outgoing = request(
              { port: balancer.port('www'), host: '127.0.0.1', method: 'POST', path, headers, agent: false },
              (response) => {
                const hash = createHash('sha256');
                response.on('data', (chunk: Buffer) => hash.update(chunk));
                response.on('error', reject);
                response.on('end', () => resolve({ sum: response.headers['x-sum'] as string | undefined, body: hash.digest('hex') }));
              },
            );
            outgoing.on('error', reject);
            outgoing.end(body);
          });
          assert.deepEqual(seen, { sum, body: sum });
        }
      });
    } finally {
      await upstream.stop();
    }
  });

  it('does not lose a slow reader’s bytes when buffers are used again', async () => {
    const big = Buffer.alloc(8 * 1024 * 1024, 'slow-reader.');
    const upstream = await startUpstream('', (incoming, outgoing) => outgoing.end(incoming.url === '/big' ? big : 'x'.repeat(50_000)));
    try {
      await withBalancer(listen(one(upstream)), async (balancer) => {
        const slow = await balancer.client();
        slow.socket.pause();
        slow.send('GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
        await until('the server’s response has begun', () => balancer.server('www', 's1').counters.hrsp.two === 1);
        // Others read through the same server while the slow one's bytes are waiting.
        for (let i = 0; i < 20; i++) assert.equal((await ask(balancer.port('www'), { path: '/other' })).body, 'x'.repeat(50_000));
        slow.socket.resume();
        const all = await slow.readAll();
        const sum = createHash('sha256')
          .update(all.slice(all.indexOf('\r\n\r\n') + 4), 'latin1')
          .digest('hex');
        assert.equal(sum, createHash('sha256').update(big).digest('hex'));
      });
    } finally {
      await upstream.stop();
    }
  });
});

describe('interim responses', () => {
  it('relays 100 Continue, then takes the body', async () => {
    const upstream = await startUpstream('', (incoming, outgoing) => {
      let body = '';
      incoming.on('data', (chunk: Buffer) => {
        body += chunk;
      });
      incoming.on('end', () => outgoing.end(`got ${body}`));
    });
    try {
      await withBalancer(listen(one(upstream)), async (balancer) => {
        const client = await balancer.client();
        client.send('PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
        assert.match(await client.readUntil('\r\n\r\n'), /^HTTP\/1\.1 100 Continue/);
        client.send('hello');
        await client.readUntil('got hello');
      });
    } finally {
      await upstream.stop();
    }
  });

  it('relays several in order before the final one, but none to HTTP/1.0', async () => {
    const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n';
    await story([hints + reply('done'), hints + reply('done')], async (balancer) => {
      const client = await balancer.client();
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.deepEqual((await client.readUntil('done')).match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 103', 'HTTP/1.1 102', 'HTTP/1.1 200']);
      const old = await balancer.client();
      old.send('GET / HTTP/1.0\r\n\r\n');
      assert.deepEqual((await old.readAll()).match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200']);
    });
  });

  it('answers 417 to another expectation', async () => {
    await story([], async (balancer, upstream) => {
      const client = await balancer.client();
      client.send('GET / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\n\r\n');
      assert.match(await client.readAll(), /^HTTP\/1\.1 417 /);
      assert.equal(upstream.connections(), 0);
    });
  });
});

describe('an upgrade', () => {
  const ask101 = 'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n';

  async function echo(): Promise<Upstream> {
    return startRawUpstream((socket) => {
      let upgraded = false;
      socket.on('data', (chunk: Buffer) => {
        if (upgraded) socket.write(chunk);
        else if (chunk.includes('\r\n\r\n')) {
          upgraded = true;
          socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst');
        }
      });
      socket.on('end', () => socket.end('last words'));
    });
  }

  it('becomes a tunnel with half-close', async () => {
    const upstream = await echo();
    try {
      await withBalancer(listen(one(upstream)), async (balancer) => {
        const client = await balancer.client();
        client.send(ask101);
        const head = await client.readUntil('\r\n\r\n');
        assert.match(head, /^HTTP\/1\.1 101 /);
        assert.match(head, /upgrade: websocket/i);
        assert.match(head, /connection: upgrade/i);
        await client.readUntil('first');
        client.send('ping');
        await client.readUntil('ping');
        client.socket.end();
        assert.equal(await client.readAll(), 'last words');
      });
    } finally {
      await upstream.stop();
    }
  });

  it('works through a reconfiguration', async () => {
    const upstream = await echo();
    try {
      const text = listen(one(upstream));
      await withBalancer(text, async (balancer) => {
        const client = await balancer.client();
        client.send(ask101);
        await client.readUntil('first');
        await balancer.configure(text.replace('server s1', 'server s2'));
        client.send('still here');
        await client.readUntil('still here');
      });
    } finally {
      await upstream.stop();
    }
  });

  it('that nobody asked for is a bad gateway', async () => {
    await story(['HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'], async (balancer) => {
      const client = await balancer.client();
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.equal((await client.readResponse()).status, 502);
    });
  });
});

describe('X-Forwarded-For', () => {
  it('is added, to what is there, unless the client is excepted or has one', async () => {
    await story(
      [reply('a'), reply('b')],
      async (balancer, upstream) => {
        const client = await balancer.client();
        client.send('GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n');
        await client.readResponse();
        assert.match(upstream.received, /X-Forwarded-For: 192\.0\.2\.1\r\nx-forwarded-for: 127\.0\.0\.1\r\n/i);
      },
      ' option forwardfor',
    );
    await story(
      [reply('a')],
      async (balancer, upstream) => {
        const client = await balancer.client();
        client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        await client.readResponse();
        assert.doesNotMatch(upstream.received, /forwarded/i);
      },
      ' option forwardfor except 127.0.0.0/8',
    );
    await story(
      [reply('a')],
      async (balancer, upstream) => {
        const client = await balancer.client();
        client.send('GET / HTTP/1.1\r\nHost: a\r\nX-Client: 1\r\n\r\n');
        await client.readResponse();
        assert.doesNotMatch(upstream.received, /127\.0\.0\.1/);
      },
      ' option forwardfor header X-Client if-none',
    );
  });
});
