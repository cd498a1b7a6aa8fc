/** Connections to servers that are kept: who may use them, how many there are, when they go, and what makes one unusable. */

import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import type { RawClient } from '../support/client.ts';
import { acts, type Faulty, startFaulty } from '../support/faulty.ts';
import { startRawUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { type Balancer, withBalancer } from './balancer.ts';
import { nameOf, REUSE } from './faults.ts';

const listen = (line: string, more: string) => `listen www\n bind 127.0.0.1:0\n ${line}\n server s1 ${more}\n`;
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nxxxxx';
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

async function withServer(line: string, parameters: string, story: (balancer: Balancer, server: Faulty) => Promise<void>): Promise<void> {
  const server = await startFaulty('s1', [acts.ok]);
  try {
    await withBalancer(listen(line, `${server.address} ${parameters}`), (balancer) => story(balancer, server));
  } finally {
    await server.stop();
  }
}

/** The requests of one client after another, each client with a connection of its own that stays open. */
async function clients(balancer: Balancer, ...sessions: readonly (readonly string[])[]): Promise<void> {
  for (const requests of sessions) {
    const client = await balancer.client();
    for (const request of requests) {
      client.send(request);
      assert.equal((await client.readResponse()).body, 's1');
    }
  }
}

/** `many` requests at once, each on a connection of its own to the server. */
async function burst(balancer: Balancer, many: number): Promise<void> {
  const open = await Promise.all(Array.from({ length: many }, () => balancer.client()));
  // POSTs of new clients take no kept connection.
  for (const client of open) client.send(POST);
  for (const client of open) await client.readResponse();
}

describe('http-reuse', () => {
  for (const one of REUSE) {
    it(nameOf(one), async () => {
      await withServer(`http-reuse ${one.policy}`, '', async (balancer, server) => {
        await clients(balancer, ...one.sessions);
        const { counters } = balancer.server('www', 's1');
        assert.deepEqual([server.connections(), counters.connect], [one.connections, one.connections]);
        assert.equal(counters.connect + counters.reuse, one.sessions.flat().length);
      });
    });
  }

  it('changes under kept connections', async () => {
    await withServer('http-reuse always', '', async (balancer, server) => {
      await clients(balancer, [GET]);
      assert.equal(balancer.server('www', 's1').idle.length, 1);
      await balancer.configure(listen('http-reuse never', server.address));
      await clients(balancer, [GET, GET]);
      assert.equal(server.connections(), 2);
    });
  });

  it('never: a connection goes with its client', async () => {
    await withServer('http-reuse never', '', async (balancer, server) => {
      const client = await balancer.client();
      client.send(GET);
      await client.readResponse();
      assert.deepEqual([server.open(), balancer.server('www', 's1').idle.length], [1, 0], 'not one of the pool, as in HAProxy');
      client.socket.end();
      await until('it is closed', () => server.open() === 0);
    });
  });

  it('never: as many as there are clients, whatever pool-max-conn says', async () => {
    await withServer('http-reuse never', 'pool-max-conn 1', async (balancer, server) => {
      const open = await Promise.all(Array.from({ length: 3 }, () => balancer.client()));
      for (const client of [...open, ...open]) {
        client.send(GET);
        await client.readResponse();
      }
      assert.deepEqual([server.connections(), server.open()], [3, 3]);
    });
  });

  it('never: a drained server closes them', async () => {
    await withServer('http-reuse never', '', async (balancer, server) => {
      await clients(balancer, [GET], [GET]);
      assert.equal(server.open(), 2);
      balancer.server('www', 's1').setAdmin('drain', 0);
      await until('both are closed', () => server.open() === 0);
    });
  });
});

/** A server that authenticates connections: a login is good for what comes on the same one. It answers with their number. */
async function withLogins(challenge: string, line: string, story: (balancer: Balancer, sockets: readonly Socket[]) => Promise<void>) {
  const sockets: Socket[] = [];
  const upstream = await startRawUpstream((socket) => {
    const number = sockets.push(socket);
    socket.on('end', () => socket.end());
    socket.on('data', (chunk: Buffer) => {
      if (chunk.toString('latin1').startsWith('GET /login ')) socket.write(`HTTP/1.1 ${challenge}\r\nContent-Length: 0\r\n\r\n`);
      else socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${number}`);
    });
  });
  try {
    await withBalancer(listen(line, upstream.address), (balancer) => story(balancer, sockets));
  } finally {
    await upstream.stop();
  }
}

describe('a connection that its server authenticates', () => {
  const LOGIN = 'GET /login HTTP/1.1\r\nHost: a\r\n\r\n';
  const ask = async (client: RawClient, request: string) => {
    client.send(request);
    return client.readResponse();
  };

  for (const challenge of ['401 Unauthorized\r\nWWW-Authenticate: NTLM', '407 Wanted\r\nProxy-Authenticate: negotiate']) {
    for (const policy of ['safe', 'always']) {
      it(`serves its client alone, and goes with it (${challenge.slice(0, 3)}, http-reuse ${policy})`, async () => {
        await withLogins(challenge, `http-reuse ${policy}`, async (balancer, sockets) => {
          const [a, b] = [await balancer.client(), await balancer.client()];
          assert.equal((await ask(a, LOGIN)).status, Number(challenge.slice(0, 3)));
          assert.equal((await ask(b, GET)).body, '2', 'not on the one of the first client');
          for (const request of [GET, POST, GET]) {
            assert.equal((await ask(a, request)).body, '1');
            assert.equal((await ask(b, request)).body, '2');
          }
          assert.deepEqual([sockets.length, balancer.server('www', 's1').idle.length], [2, 1]);
          a.socket.end();
          await until('it is closed', () => sockets[0]?.destroyed === true);
          assert.equal(sockets[1]?.destroyed, false);
        });
      });
    }
  }

  it('that was challenged by Basic, whose logins go with each request, is shared like every other', async () => {
    await withLogins('401 Unauthorized\r\nWWW-Authenticate: Basic realm="NTLM"', '', async (balancer) => {
      await ask(await balancer.client(), LOGIN);
      assert.equal((await ask(await balancer.client(), GET)).body, '1');
    });
  });

  it('is not kept where the mode closes servers’ connections', async () => {
    await withLogins('401 Unauthorized\r\nWWW-Authenticate: NTLM', 'option http-server-close', async (balancer) => {
      const client = await balancer.client();
      await ask(client, LOGIN);
      assert.equal((await ask(client, GET)).body, '2');
    });
  });

  it('is followed by another when its server has closed it', async () => {
    await withLogins('401 Unauthorized\r\nWWW-Authenticate: NTLM', '', async (balancer, sockets) => {
      const client = await balancer.client();
      await ask(client, LOGIN);
      sockets[0]?.end();
      await until('it is closed', () => sockets[0]?.destroyed === true);
      assert.equal((await ask(client, POST)).body, '2');
    });
  });
});

describe('the pool of a server', () => {
  it('keeps as many as pool-max-conn says', async () => {
    await withServer('', 'pool-max-conn 2', async (balancer, server) => {
      await burst(balancer, 5);
      await until('three are closed', () => server.open() === 2);
      assert.equal(balancer.server('www', 's1').idle.length, 2);
    });
  });

  it('keeps none with pool-max-conn 0 or pool-purge-delay 0', async () => {
    for (const parameters of ['pool-max-conn 0', 'pool-purge-delay 0']) {
      await withServer('http-reuse always', parameters, async (balancer, server) => {
        await clients(balancer, [GET, GET]);
        await until('both are closed', () => server.open() === 0);
        assert.equal(server.connections(), 2);
      });
    }
  });

  // By halves: test/proxy/pool.test.ts, which has no clock but its own.
  it('loses what is not needed until none is left, and begins anew', async () => {
    await withServer('', 'pool-purge-delay 60ms', async (balancer, server) => {
      await burst(balancer, 6);
      await until('all are closed', () => server.open() === 0);
      assert.equal(balancer.server('www', 's1').idle.length, 0);
      await clients(balancer, [POST]);
      assert.equal(server.connections(), 7);
    });
  });

  it('closes a connection that was used again as often as max-reuse says', async () => {
    for (const [reuse, connections] of [
      [0, 6],
      [1, 3],
      [2, 2],
      [-1, 1],
    ] as const) {
      await withServer('', `max-reuse ${reuse}`, async (balancer, server) => {
        await clients(balancer, [GET, GET, GET, GET, GET, GET]);
        assert.equal(server.connections(), connections, `max-reuse ${reuse}`);
      });
    }
  });

  it('knows which of its connections have been used again', async () => {
    await withServer('', '', async (balancer) => {
      await burst(balancer, 2);
      await clients(balancer, [GET]);
      const { idle } = balancer.server('www', 's1');
      assert.deepEqual([idle.length, idle.proven], [2, 1]);
    });
  });
});

/** A server of which every answer does `more`, with its own number. */
async function withRaw(more: (socket: Socket) => void, story: (balancer: Balancer, sockets: readonly Socket[]) => Promise<void>) {
  const sockets: Socket[] = [];
  const upstream = await startRawUpstream((socket) => {
    sockets.push(socket);
    socket.on('end', () => socket.end());
    socket.on('data', () => more(socket));
  });
  try {
    await withBalancer(listen('', upstream.address), (balancer) => story(balancer, sockets));
  } finally {
    await upstream.stop();
  }
}

describe('more than was asked for', () => {
  const surplus = (balancer: Balancer) => balancer.server('www', 's1').counters.surplus;
  const told = (balancer: Balancer) => balancer.events.filter((line) => line.includes('more than it was asked for'));

  it('behind a response reaches nobody: the connection is closed, counted and told of', async () => {
    await withRaw(
      (socket) => socket.write(`${ANSWER}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen`),
      async (balancer, sockets) => {
        const client = await balancer.client();
        for (let i = 0; i < 3; i++) {
          client.send(GET);
          assert.equal((await client.readResponse()).body, 'ok');
        }
        assert.deepEqual([sockets.length, surplus(balancer), balancer.server('www', 's1').idle.length], [3, 3, 0]);
        assert.deepEqual(told(balancer), ['Server www/s1 sent more than it was asked for: its connection is closed.']);
        const { counters } = balancer.server('www', 's1');
        assert.deepEqual([counters.eresp, counters.srvAbrt, counters.hrsp.two], [0, 0, 3], 'as HAProxy counts');
      },
    );
  });

  it('on an idle connection closes it', async () => {
    await withRaw(
      (socket) => socket.write(ANSWER),
      async (balancer, sockets) => {
        const client = await balancer.client();
        client.send(GET);
        await client.readResponse();
        sockets[0]?.write('HTTP/1.1 408 Request Timeout\r\n\r\n');
        await until('it is closed', () => balancer.server('www', 's1').idle.length === 0);
        client.send(GET);
        assert.equal((await client.readResponse()).body, 'ok');
        assert.deepEqual([sockets.length, surplus(balancer)], [2, 1]);
      },
    );
  });

  it('and not read yet when the next request comes is not taken for its response', async () => {
    let second: RawClient | undefined;
    await withRaw(
      (socket) => {
        socket.write(ANSWER);
        // There at the same poll as the answer.
        second?.send(GET);
        second = undefined;
      },
      async (balancer, sockets) => {
        const [a, b] = [await balancer.client(), await balancer.client()];
        // The answer has been read and its connection is idle, in that very turn of the event loop.
        balancer.logged.push = () => {
          if (sockets.length === 1) sockets[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen');
          return 0;
        };
        second = b;
        a.send(GET);
        assert.equal((await a.readResponse()).body, 'ok');
        assert.equal((await b.readResponse()).body, 'ok');
        assert.deepEqual([sockets.length, surplus(balancer)], [2, 1]);
      },
    );
  });

  it('is told of the first time, the tenth and the hundredth', async () => {
    await withRaw(
      (socket) => socket.write(`${ANSWER}x`),
      async (balancer) => {
        const client = await balancer.client();
        for (let i = 0; i < 12; i++) {
          client.send(GET);
          await client.readResponse();
        }
        assert.deepEqual(
          told(balancer).map((line) => /\(.*\)/.exec(line)?.[0]),
          [undefined, '(10 times so far)'],
        );
      },
    );
  });

  it('is no matter where the connection closes anyway', async () => {
    await withRaw(
      (socket) => socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok`),
      async (balancer) => {
        const client = await balancer.client();
        client.send(GET);
        await client.readResponse();
        assert.equal(surplus(balancer), 0);
      },
    );
  });
});

describe('a kept connection that the server ends', () => {
  it('leaves the pool', async () => {
    await withRaw(
      (socket) => socket.write(ANSWER),
      async (balancer, sockets) => {
        const client = await balancer.client();
        client.send(GET);
        await client.readResponse();
        sockets[0]?.end();
        await until('it is gone', () => balancer.server('www', 's1').idle.length === 0);
        assert.equal(balancer.server('www', 's1').counters.eresp, 0);
      },
    );
  });

  it('as it is used again: a request that may be sent twice is, on a new one', async () => {
    let answers = 0;
    await withRaw(
      (socket) => (++answers % 2 === 1 ? socket.write(ANSWER) : socket.end()),
      async (balancer, sockets) => {
        const client = await balancer.client();
        for (const method of ['GET', 'OPTIONS', 'DELETE', 'PUT']) {
          client.send(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`);
          assert.equal((await client.readResponse()).body, 'ok');
        }
        const { counters } = balancer.server('www', 's1');
        assert.deepEqual([sockets.length, counters.connect, counters.wretr, counters.eresp], [4, 4, 0, 0]);
      },
    );
  });

  it('and the new one ends too: once is all', async () => {
    let asked = 0;
    await withRaw(
      (socket) => (++asked === 1 ? socket.write(ANSWER) : socket.end()),
      async (balancer, sockets) => {
        const client = await balancer.client();
        client.send(GET);
        await client.readResponse();
        client.send(GET);
        assert.equal((await client.readResponse()).status, 502);
        assert.deepEqual([asked, sockets.length, balancer.server('www', 's1').counters.eresp], [3, 2, 1]);
      },
    );
  });
});
