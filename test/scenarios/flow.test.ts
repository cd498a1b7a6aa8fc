/** Who waits for whom: back-pressure, pipelines, early FINs, and which time-out runs meanwhile. */

import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ask } from '../support/client.ts';
import { startRawUpstream, startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { type Balancer, withBalancer } from './balancer.ts';

const listen = (lines: string) => `listen www\n bind 127.0.0.1:0\n${lines}\n`;
const get = (path = '/', more = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
const ok = (body: string, more = '') => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;

async function withServer(
  onConnection: (socket: Socket) => void,
  lines: string,
  run: (balancer: Balancer, upstream: Upstream) => Promise<void>,
) {
  const upstream = await startRawUpstream(onConnection);
  try {
    await withBalancer(listen(`${lines}\n server s1 ${upstream.address}`), (balancer) => run(balancer, upstream));
  } finally {
    await upstream.stop();
  }
}

/** Answers every request head, without looking at bodies. */
function answering(reply: string): (socket: Socket) => void {
  return (socket) => {
    let seen = '';
    socket.on('data', (chunk: Buffer) => {
      seen += chunk.toString('latin1');
      for (let end = seen.indexOf('\r\n\r\n'); end >= 0; end = seen.indexOf('\r\n\r\n')) {
        seen = seen.slice(end + 4);
        socket.write(reply);
      }
    });
    socket.on('end', () => socket.end());
  };
}

describe('a pipeline', () => {
  it('of thousands is answered whole', async () => {
    await withServer(answering(ok('.')), '', async (balancer) => {
      const client = await balancer.client();
      client.send(get().repeat(5000));
      await until('all are answered', () => client.received.split('HTTP/1.1 200').length === 5001);
    });
  });

  it('is answered whole when the client has ended its half', async () => {
    await withServer(answering(ok('.')), '', async (balancer) => {
      const client = await balancer.client();
      client.socket.end(get().repeat(3));
      assert.equal((await client.readAll()).split('HTTP/1.1 200').length, 4);
    });
  });

  it('whose replies are not read is not read on either', async () => {
    await withServer(answering(ok('x'.repeat(20_000))), '', async (balancer) => {
      const client = await balancer.client();
      client.socket.pause();
      client.send(get().repeat(1000));
      await until('its replies wait for it', () => balancer.server('www', 's1').scur === 0 && client.socket.writableLength === 0);
      const before = balancer.server('www', 's1').counters.stot;
      let taken = 0;
      const flood = Buffer.from(get().repeat(20_000));
      for (let i = 0; i < 40; i++) client.socket.write(flood, () => taken++);
      // One round trip of somebody else: had the flood been read, it would have been by now.
      assert.equal((await ask(balancer.port('www'))).status, 200);
      assert.ok(taken < 40, 'the flood stays with the client');
      assert.ok(balancer.server('www', 's1').counters.stot < before + 1000);
    });
  });
});

describe('a body', () => {
  it('that came whole with a FIN is a request like any other', async () => {
    const upstream = await startUpstream('', (incoming, outgoing) => {
      let body = '';
      incoming.on('data', (chunk: Buffer) => {
        body += chunk;
      });
      incoming.on('end', () => outgoing.end(`got ${body}`));
    });
    try {
      await withBalancer(listen(` server s1 ${upstream.address}`), async (balancer) => {
        const client = await balancer.client();
        client.socket.end('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello');
        assert.match(await client.readAll(), /got hello$/);
      });
    } finally {
      await upstream.stop();
    }
  });

  it('that the server stops reading ends with timeout server', async () => {
    await withServer(
      (socket) => socket.pause(),
      'timeout server 200ms',
      async (balancer) => {
        const client = await balancer.client();
        client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 80000000\r\n\r\n');
        client.socket.write(Buffer.alloc(80_000_000));
        await until('it is over', () => balancer.logged.length === 1);
        assert.deepEqual([balancer.logged[0]?.status, balancer.logged[0]?.termination], [504, 'sD--']);
      },
    );
  });

  it('that moves on slowly outlives timeout server', async () => {
    let received = 0;
    const onConnection = (socket: Socket) => {
      socket.on('data', (chunk: Buffer) => {
        received += chunk.length;
        // Slower than the client: it is behind most of the time, but never silent for long.
        socket.pause();
        setTimeout(() => socket.resume(), 5);
        if (received > 16_000_000) socket.write(ok('all'));
      });
    };
    await withServer(onConnection, 'timeout server 700ms\n timeout client 700ms', async (balancer) => {
      const client = await balancer.client();
      client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 16000000\r\n\r\n');
      client.socket.write(Buffer.alloc(16_000_000));
      assert.match(await client.readUntil('all'), /^HTTP\/1\.1 200 /);
    });
  });

  it('answered early and never read does not stall the next request of its client', async () => {
    const onConnection = (socket: Socket) => {
      socket.once('data', () => {
        socket.pause();
        socket.write(ok('early'));
      });
    };
    await withServer(onConnection, '', async (balancer, upstream) => {
      const client = await balancer.client();
      client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6000000\r\n\r\n`);
      client.socket.write(Buffer.alloc(6_000_000));
      await client.readUntil('early');
      await until('it is over', () => balancer.logged.length === 1 && balancer.server('www', 's1').scur === 0);
      assert.equal((await ask(balancer.port('www'))).body, 'early');
      assert.equal(upstream.connections(), 2);
    });
  });
});

describe('a slow reader', () => {
  it('is not cut at the end of its response by timeout http-keep-alive', async () => {
    const size = 6_000_000;
    const upstream = await startUpstream('', (_incoming, outgoing) => outgoing.end(Buffer.alloc(size, 'a')));
    try {
      await withBalancer(listen(`timeout http-keep-alive 50ms\n server s1 ${upstream.address}`), async (balancer) => {
        const client = await balancer.client();
        client.send(get());
        await until('the response is under way', () => client.received.length > 0);
        client.socket.pause();
        // The time-out that must not count; everything else here waits on conditions.
        await pause(300);
        client.socket.resume();
        const all = await client.readAll();
        assert.equal(all.length - all.indexOf('\r\n\r\n') - 4, size);
      });
    } finally {
      await upstream.stop();
    }
  });
});

describe('a connection to the server', () => {
  it('is not used again with what came on it while nobody looked', async () => {
    let first: Socket | undefined;
    const onConnection = (socket: Socket) => {
      first ??= socket;
      answering(ok('true'))(socket);
    };
    await withServer(onConnection, '', async (balancer) => {
      const client = await balancer.client();
      client.send(get('/1'));
      await client.readUntil('true');
      // Both are in the kernel before this loop looks again: the request of the client first, then what nobody asked for.
      client.socket.write(get('/2'));
      first?.write(ok('forged'));
      blockLoop(50);
      assert.match(await client.readUntil('true'), /true$/);
      assert.doesNotMatch(client.received, /forged/);
    });
  });

  it('is closed with option httpclose or http-server-close of the frontend alone', async () => {
    let received = '';
    const upstream = await startRawUpstream((socket) => {
      socket.on('data', (chunk) => {
        received += chunk;
      });
      answering(ok('x'))(socket);
    });
    try {
      const text = `frontend www\n bind 127.0.0.1:0\n option http-server-close\n default_backend b\nbackend b\n server s1 ${upstream.address}\n`;
      await withBalancer(text, async (balancer) => {
        const client = await balancer.client();
        client.send(get());
        await client.readUntil('x');
        client.send(get());
        await client.readUntil('x');
        assert.equal(received.match(/connection: close/g)?.length, 2);
        assert.equal(upstream.connections(), 2);
      });
    } finally {
      await upstream.stop();
    }
  });

  it('that keeps saying 1xx is alive', async () => {
    const onConnection = (socket: Socket) => {
      let count = 0;
      const speak = () => {
        if (count++ < 5) {
          socket.write('HTTP/1.1 102 Processing\r\n\r\n');
          setTimeout(speak, 100);
        } else socket.write(ok('done'));
      };
      socket.once('data', speak);
    };
    await withServer(onConnection, 'timeout server 250ms', async (balancer) => {
      const client = await balancer.client();
      client.send(get());
      assert.match(await client.readUntil('done'), /HTTP\/1\.1 200 OK/);
    });
  });
});

describe('a tunnel', () => {
  const upgrade = get('/', 'Connection: upgrade\r\nUpgrade: x\r\n');
  const switched = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';

  it('takes what came before it was one, and what comes after', async () => {
    let received = 0;
    const onConnection = (socket: Socket) => {
      let begun = false;
      socket.on('data', (chunk: Buffer) => {
        received += chunk.length;
        if (begun) return;
        begun = true;
        setTimeout(() => socket.write(switched), 50);
      });
    };
    await withServer(onConnection, '', async (balancer) => {
      const client = await balancer.client();
      client.send(upgrade);
      client.socket.write(Buffer.alloc(200_000));
      await client.readUntil('\r\n\r\n');
      client.send('more');
      await until('all has arrived', () => received > 200_000 && received === receivedHead(upgrade) + 200_004);
    });
  });

  it('passes on a FIN that came before it was one', async () => {
    let ended = false;
    const onConnection = (socket: Socket) => {
      socket.once('data', () => setTimeout(() => socket.write(switched), 50));
      socket.on('end', () => {
        ended = true;
        socket.end('bye');
      });
    };
    await withServer(onConnection, '', async (balancer) => {
      const client = await balancer.client();
      client.socket.end(upgrade);
      assert.match(await client.readAll(), /bye$/);
      assert.ok(ended);
    });
  });

  /** The head as the server gets it: `Connection` is ours, of the same length but for its case. */
  const receivedHead = (text: string) => text.length;
});

describe('framing that would lie', () => {
  it('is removed from 204 and 1xx, and chunked from what HTTP/1.0 gets', async () => {
    const replies = [
      'HTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\n\r\nHTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    ];
    await withServer(
      (socket) => socket.on('data', () => socket.write(replies.shift() ?? '')),
      '',
      async (balancer) => {
        const client = await balancer.client();
        client.send(get());
        const both = (await client.readUntil('\r\n\r\n')) + (await client.readUntil('\r\n\r\n'));
        assert.doesNotMatch(both, /content-length|transfer-encoding/i);
        const old = await balancer.client();
        old.send('HEAD / HTTP/1.0\r\n\r\n');
        assert.doesNotMatch(await old.readAll(), /transfer-encoding/i);
      },
    );
  });

  for (const [when, cut] of [
    ['later', (socket: Socket) => setTimeout(() => socket.resetAndDestroy(), 50)],
    // In one poll, where a reset looks like an end to libuv.
    ['together with its last bytes', (socket: Socket) => socket.resetAndDestroy()],
  ] as const) {
    it(`that only the end of the connection would tell: a cut is a reset, ${when}`, async () => {
      const onConnection = (socket: Socket) => {
        socket.once('data', () => {
          socket.write('HTTP/1.1 200 OK\r\n\r\npart');
          cut(socket);
        });
      };
      await withServer(onConnection, '', async (balancer) => {
        const client = await balancer.client();
        let reset = false;
        client.socket.on('error', (error: NodeJS.ErrnoException) => {
          reset = error.code === 'ECONNRESET';
        });
        client.send(get());
        await client.readAll();
        assert.equal(balancer.logged[0]?.termination.slice(0, 2), 'SD');
        // The client is a Node program, too: what reaches it in one poll is an end to it.
        if (when === 'later') await until('the reset is seen', () => reset);
      });
    });
  }
});

describe('a fault in the log', () => {
  it('costs neither slot nor connection count', async () => {
    const upstream = await startUpstream('hello');
    try {
      await withBalancer(listen(` server s1 ${upstream.address}`), async (balancer) => {
        balancer.failLog = true;
        const client = await balancer.client();
        client.send(get());
        await client.readUntil('hello');
        await until('the slot is back', () => balancer.server('www', 's1').scur === 0);
        balancer.failLog = false;
        client.send(get());
        await client.readUntil('hello');
        assert.ok(balancer.events.some((line) => line.includes('the log is broken')));
      });
    } finally {
      await upstream.stop();
    }
  });
});

/** Keeps this process from looking at its sockets, so that what arrives meanwhile is there all at once. */
function blockLoop(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
