/** What goes wrong, and what each side sees of it: malformed messages, time-outs, refusals, retries, clients that leave. */

import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { ask } from '../support/client.ts';
import { refusingAddress } from '../support/faulty.ts';
import { startRawUpstream, startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { type Balancer, withBalancer } from './balancer.ts';

const listen = (lines: string) => `listen www\n bind 127.0.0.1:0\n${lines}\n`;
const get = (path = '/', more = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;

async function withUpstream(
  onConnection: Parameters<typeof startRawUpstream>[0],
  lines: string,
  run: (balancer: Balancer, upstream: Upstream) => Promise<void>,
) {
  const upstream = await startRawUpstream(onConnection);
  try {
    await withBalancer(listen(lines.replaceAll('UPSTREAM', upstream.address)), (balancer) => run(balancer, upstream));
  } finally {
    await upstream.stop();
  }
}

const silentServer = () => {};

/** Reads and never answers; tells when its connection is gone. */
const thinking = (gone: () => void) => (socket: Socket) => {
  socket.on('close', gone);
  socket.on('data', () => {});
  socket.on('end', () => socket.end());
};
const server = ' server s1 UPSTREAM';

describe('a malformed request', () => {
  for (const [name, text] of [
    ['a bad version', 'GET / HTTP/9.9\r\nHost: a\r\n\r\n'],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['a bare LF', 'GET / HTTP/1.1\nHost: a\n\n'],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
    ['a head that is too large', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`],
  ] as const) {
    it(`gets 400 and nothing is forwarded: ${name}`, async () => {
      await withUpstream(silentServer, server, async (balancer, upstream) => {
        const client = await balancer.client();
        client.send(text);
        assert.match(await client.readAll(), /^HTTP\/1\.1 400 Bad request\r\n.*connection: close\r\n/is);
        assert.equal(upstream.connections(), 0);
        const { counters } = balancer.plane.frontends.get('www') ?? assert.fail();
        assert.deepEqual([counters.ereq, counters.reqTot, counters.hrsp.four, counters.bin], [1, 1, 1, 0]);
        assert.deepEqual([balancer.logged[0]?.termination, balancer.logged[0]?.requestLine], ['PR--', '<BADREQ>']);
      });
    });
  }

  it('behind a good one: the good one is answered, then 400', async () => {
    const upstream = await startUpstream('good');
    try {
      await withBalancer(listen(` server s1 ${upstream.address}`), async (balancer) => {
        const client = await balancer.client();
        client.send(`${get()}GARBAGE\r\n\r\n`);
        const all = await client.readAll();
        assert.match(all, /good.*HTTP\/1\.1 400 /s);
      });
    } finally {
      await upstream.stop();
    }
  });

  it('a broken chunk inside the body reaches the server as an unfinished request only', async () => {
    let received = '';
    await withUpstream(
      (socket) =>
        socket.on('data', (chunk) => {
          received += chunk;
        }),
      server,
      async (balancer) => {
        const client = await balancer.client();
        client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
        await until('the first chunk has arrived', () => received.endsWith('3\r\nabc\r\n'));
        client.send('ZZ\r\nGET /smuggled HTTP/1.1\r\n\r\n');
        assert.match(await client.readAll(), /^HTTP\/1\.1 400 /);
        assert.ok(received.endsWith('3\r\nabc\r\n'));
      },
    );
  });
});

describe('time-outs', () => {
  it('408 for a head that does not come to its end', async () => {
    await withUpstream(silentServer, `timeout http-request 100ms\n${server}`, async (balancer) => {
      const client = await balancer.client();
      client.send('GET / HTTP/1.1\r\n');
      assert.match(await client.readAll(), /^HTTP\/1\.1 408 Request Time-out/);
      assert.equal(balancer.logged[0]?.termination, 'cR--');
    });
  });

  it('408 for a body that does not come', async () => {
    await withUpstream(silentServer, `timeout client 100ms\n${server}`, async (balancer) => {
      const client = await balancer.client();
      client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab');
      assert.match(await client.readAll(), /^HTTP\/1\.1 408 /);
      assert.equal(balancer.logged[0]?.termination, 'cD--');
    });
  });

  it('an idle kept-alive connection is closed without a word', async () => {
    const upstream = await startUpstream('hello');
    try {
      await withBalancer(listen(`timeout http-keep-alive 100ms\n server s1 ${upstream.address}`), async (balancer) => {
        const client = await balancer.client();
        client.send(get());
        await client.readUntil('hello');
        assert.equal(await client.readAll(), '');
      });
    } finally {
      await upstream.stop();
    }
  });

  it('504 for a server that does not answer', async () => {
    await withUpstream(silentServer, `timeout server 100ms\n${server}`, async (balancer) => {
      const client = await balancer.client();
      client.send(get());
      assert.equal((await client.readResponse()).status, 504);
      assert.equal(balancer.logged[0]?.termination, 'sH--');
      assert.equal(balancer.server('www', 's1').counters.eresp, 1);
    });
  });

  it('a response that stops in its middle is cut, never ended', async () => {
    await withUpstream(
      (socket) => socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')),
      `timeout server 100ms\n${server}`,
      async (balancer) => {
        const client = await balancer.client();
        client.send(get());
        assert.ok((await client.readAll()).endsWith('abc'));
        assert.equal(balancer.logged[0]?.termination, 'sD--');
      },
    );
  });

  it('503 for a request that waited longer than timeout queue', async () => {
    await withUpstream(silentServer, 'timeout queue 100ms\n server s1 UPSTREAM maxconn 1', async (balancer) => {
      const first = await balancer.client();
      first.send(get('/1'));
      await until('the slot is taken', () => balancer.server('www', 's1').scur === 1);
      const second = await balancer.client();
      second.send(get('/2'));
      assert.equal((await second.readResponse()).status, 503);
      assert.deepEqual([balancer.logged[0]?.termination, balancer.logged[0]?.server], ['sQ--', '<NOSRV>']);
      assert.equal(balancer.server('www', 's1').scur, 1);
    });
  });

  it('a tunnel that is silent for timeout tunnel is closed', async () => {
    const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';
    await withUpstream(
      (socket) => socket.on('data', () => socket.write(upgrade)),
      `timeout tunnel 100ms\n${server}`,
      async (balancer) => {
        const client = await balancer.client();
        client.send(get('/', 'Connection: upgrade\r\nUpgrade: x\r\n'));
        assert.match(await client.readAll(), /^HTTP\/1\.1 101 /);
      },
    );
  });
});

describe('a server that fails', () => {
  it('503 when it refuses, after all retries', async () => {
    const { address } = await refusingAddress();
    await withBalancer(listen(`retries 2\ntimeout connect 500ms\n server s1 ${address}`), async (balancer) => {
      const client = await balancer.client();
      client.send(get());
      assert.equal((await client.readResponse()).status, 503);
      const { counters } = balancer.server('www', 's1');
      assert.deepEqual([counters.stot, counters.connect, counters.wretr, counters.econ, counters.lbtot], [3, 3, 2, 1, 1]);
      assert.deepEqual([balancer.logged[0]?.termination, balancer.logged[0]?.retries], ['SC--', 2]);
    });
  });

  it('another server takes the request with option redispatch', async () => {
    const { address } = await refusingAddress();
    const good = await startUpstream('good');
    try {
      await withBalancer(
        listen(`retries 1\noption redispatch\ntimeout connect 1s\n server s1 ${address}\n server s2 ${good.address}`),
        async (balancer) => {
          const answers = await Promise.all([ask(balancer.port('www')), ask(balancer.port('www'))]);
          assert.deepEqual(
            answers.map((answer) => answer.body),
            ['good', 'good'],
          );
          assert.equal(balancer.server('www', 's1').counters.wredis, 1);
        },
      );
    } finally {
      await good.stop();
    }
  });

  it('502 when it closes without a word', async () => {
    await withUpstream(
      (socket) => socket.on('data', () => socket.end()),
      server,
      async (balancer) => {
        const client = await balancer.client();
        client.send(get());
        assert.equal((await client.readResponse()).status, 502);
        assert.equal(balancer.logged[0]?.termination, 'SH--');
      },
    );
  });

  it('502 for what is not HTTP', async () => {
    await withUpstream(
      (socket) => socket.on('data', () => socket.end('SSH-2.0-OpenSSH\r\n\r\n')),
      server,
      async (balancer) => {
        const client = await balancer.client();
        client.send(get());
        assert.equal((await client.readResponse()).status, 502);
        assert.equal(balancer.logged[0]?.termination, 'PH--');
      },
    );
  });

  it('a response cut in its middle never looks complete', async () => {
    for (const begin of [
      'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
    ]) {
      await withUpstream(
        (socket) => socket.on('data', () => socket.end(begin)),
        server,
        async (balancer) => {
          const client = await balancer.client();
          client.send(get());
          const all = await client.readAll();
          assert.match(all, /abc(\r\n)?$/);
          assert.equal(balancer.logged[0]?.termination, 'SD--');
          assert.equal(balancer.server('www', 's1').counters.srvAbrt, 1);
        },
      );
    }
  });

  /** Answers the first request of each connection and breaks off at the second; `seen` gets the start line of each. */
  function answersOnce(seen: (startLine: readonly string[]) => void): (socket: Socket) => void {
    return (socket) => {
      let answered = false;
      socket.on('data', (chunk: Buffer) => {
        seen(chunk.toString('latin1').split(' '));
        if (answered) socket.destroy();
        else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        answered = true;
      });
    };
  }

  it('a kept-alive connection that breaks under a GET is replaced, under a POST it is not', async () => {
    let requests: string[] = [];
    const once = answersOnce(([method = '']) => requests.push(method));
    await withUpstream(once, server, async (balancer) => {
      const client = await balancer.client();
      client.send(get());
      await client.readUntil('ok');
      client.send(get());
      await client.readUntil('ok');
      assert.deepEqual(requests, ['GET', 'GET', 'GET']);
      requests = [];
      client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx');
      assert.equal(await client.readAll(), '', 'the client may send it again, as on a connection of its own');
      assert.deepEqual(requests, ['POST'], 'the server saw the POST once');
    });
  });

  it('with http-request disable-l7-retry not even a GET is replaced', async () => {
    const requests: string[] = [];
    const once = answersOnce(([, path = '']) => requests.push(path));
    const guarded = ` http-request disable-l7-retry if { path /once }\n${server}`;
    await withUpstream(once, guarded, async (balancer) => {
      const client = await balancer.client();
      client.send(get());
      await client.readUntil('ok');
      client.send(get('/once'));
      assert.equal(await client.readAll(), '');
      assert.deepEqual(requests, ['/', '/once']);
    });
  });

  it('an answer before the request’s end is relayed, then the connection closes', async () => {
    await withUpstream(
      (socket) => socket.once('data', () => socket.write('HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\n\r\nbig')),
      server,
      async (balancer) => {
        const client = await balancer.client();
        client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc');
        assert.match(await client.readAll(), /^HTTP\/1\.1 413 .*connection: close.*big$/s);
      },
    );
  });

  it('503 when no server is there, 503 when all are in maintenance', async () => {
    await withBalancer(`${listen('')}\nlisten two\n bind 127.0.0.1:0\n server s1 127.0.0.1:1 disabled\n`, async (balancer) => {
      for (const name of ['www', 'two']) {
        const client = await balancer.client(name);
        client.send(get());
        assert.equal((await client.readResponse()).status, 503);
        assert.equal(balancer.backends.get(name)?.counters.econ, 1);
      }
    });
  });
});

describe('a client that leaves', () => {
  it('gives its slot back while the server thinks', async () => {
    let closed = 0;
    await withUpstream(
      thinking(() => closed++),
      server,
      async (balancer) => {
        const client = await balancer.client();
        client.send(get());
        await until('the slot is taken', () => balancer.server('www', 's1').scur === 1);
        client.socket.resetAndDestroy();
        await until('the slot is back and the server is told', () => balancer.server('www', 's1').scur === 0 && closed === 1);
        assert.equal(balancer.logged[0]?.termination, 'CD--');
      },
    );
  });

  it('gives its place in the queue back', async () => {
    await withUpstream(silentServer, ' server s1 UPSTREAM maxconn 1', async (balancer) => {
      const first = await balancer.client();
      first.send(get());
      await until('the slot is taken', () => balancer.server('www', 's1').scur === 1);
      const second = await balancer.client();
      second.send(get());
      await until('it waits', () => balancer.backends.get('www')?.waiting === 1);
      second.socket.resetAndDestroy();
      await until('it does not wait any more', () => balancer.backends.get('www')?.waiting === 0);
      assert.equal(balancer.logged[0]?.termination, 'CQ--');
    });
  });

  it('that only ends its half gets its answer, unless option abortonclose', async () => {
    const upstream = await startUpstream('', (_incoming, outgoing) => {
      setImmediate(() => outgoing.end('answer'));
    });
    try {
      await withBalancer(listen(` server s1 ${upstream.address}`), async (balancer) => {
        const client = await balancer.client();
        client.send(get());
        client.socket.end();
        assert.match(await client.readAll(), /answer$/);
      });
    } finally {
      await upstream.stop();
    }
    await withUpstream(silentServer, `option abortonclose\n${server}`, async (balancer) => {
      const client = await balancer.client();
      client.send(get());
      await until('the slot is taken', () => balancer.server('www', 's1').scur === 1);
      client.socket.end();
      assert.match(await client.readAll(), /^HTTP\/1\.1 400 /);
      assert.deepEqual([balancer.logged[0]?.termination, balancer.server('www', 's1').scur], ['CH--', 0]);
    });
  });

  describe('by FIN, with option abortonclose', () => {
    const sections = (frontend: string, backend: string) =>
      `defaults\n mode http\n log 127.0.0.1:514 local0\n option httplog\n timeout client 10s\n timeout server 10s\n timeout connect 5s\n ${frontend}\n` +
      `frontend www\n bind 127.0.0.1:0\n default_backend be\nbackend be\n ${backend}\n`;
    const counts = (balancer: Balancer) => balancer.backends.get('be')?.counters ?? assert.fail();

    it('of the backend: it is its word that counts', async () => {
      const upstream = await startRawUpstream(thinking(() => {}));
      try {
        const lines = `server s1 ${upstream.address}`;
        await withBalancer(sections('', `option abortonclose\n ${lines}`), async (balancer) => {
          const client = await balancer.client();
          client.send(get());
          await until('the slot is taken', () => balancer.server('be', 's1').scur === 1);
          client.socket.end();
          assert.match(await client.readAll(), /^HTTP\/1\.1 400 /);
          await until('the server is told', () => upstream.open() === 0);
          assert.deepEqual([balancer.logged[0]?.termination, counts(balancer).cliAbrt], ['CH--', 1]);
        });
      } finally {
        await upstream.stop();
      }
    });

    it('and not where the backend has none: it is served', async () => {
      const upstream = await startUpstream('', (_incoming, outgoing) => {
        setImmediate(() => outgoing.end('answer'));
      });
      try {
        const lines = `no option abortonclose\n server s1 ${upstream.address}`;
        await withBalancer(sections('option abortonclose', lines), async (balancer) => {
          const client = await balancer.client();
          client.send(get());
          client.socket.end();
          assert.match(await client.readAll(), /answer$/);
        });
      } finally {
        await upstream.stop();
      }
    });

    it('gives its place in the queue back', async () => {
      const upstream = await startRawUpstream(silentServer);
      try {
        const lines = `option abortonclose\n server s1 ${upstream.address} maxconn 1`;
        await withBalancer(sections('', lines), async (balancer) => {
          const first = await balancer.client();
          first.send(get());
          await until('the slot is taken', () => balancer.server('be', 's1').scur === 1);
          const second = await balancer.client();
          second.send(get());
          await until('it waits', () => balancer.backends.get('be')?.waiting === 1);
          second.socket.end();
          assert.equal(await second.readAll(), '');
          assert.deepEqual([balancer.backends.get('be')?.waiting, balancer.logged[0]?.termination], [0, 'CQ--']);
          assert.deepEqual([counts(balancer).cliAbrt, upstream.connections()], [0, 1]);
        });
      } finally {
        await upstream.stop();
      }
    });

    it('ends the pause before the next attempt to connect', async () => {
      const { address } = await refusingAddress();
      await withBalancer(sections('', `option abortonclose\n server s1 ${address}`), async (balancer) => {
        const client = await balancer.client();
        client.send(get());
        const s1 = balancer.server('be', 's1');
        await until('it was refused', () => s1.counters.wretr === 1);
        client.socket.end();
        assert.equal(await client.readAll(), '');
        assert.deepEqual([balancer.logged[0]?.termination, s1.scur, s1.counters.connect], ['CC--', 0, 1]);
      });
    });
  });

  it('in the middle of its body takes the server’s connection with it', async () => {
    let closed = 0;
    await withUpstream(
      thinking(() => closed++),
      server,
      async (balancer) => {
        const client = await balancer.client();
        client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc');
        await until('the slot is taken', () => balancer.server('www', 's1').scur === 1);
        client.socket.end();
        await until('all is given back', () => balancer.server('www', 's1').scur === 0 && closed === 1);
        assert.equal(balancer.logged[0]?.termination, 'CD--');
      },
    );
  });
});

describe('a fault of our own', () => {
  it('ends its exchange with 500 and a logged stack, and nothing else', async () => {
    const upstream = await startUpstream('hello');
    try {
      await withBalancer(listen(` server s1 ${upstream.address}`), async (balancer) => {
        const client = await balancer.client();
        const backend = balancer.backends.get('www') ?? assert.fail();
        const { assign } = backend;
        backend.assign = () => {
          throw new Error('made to fail');
        };
        client.send(get());
        assert.equal((await client.readResponse()).status, 500);
        assert.ok(balancer.events.some((line) => line.includes('made to fail') && line.includes('at ')));
        backend.assign = assign;
        assert.equal((await ask(balancer.port('www'))).body, 'hello');
      });
    } finally {
      await upstream.stop();
    }
  });
});
