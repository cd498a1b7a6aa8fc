/** TLS to servers: what comes of good and bad ones, which connections and sessions go on, and bytes both ways. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ServerContexts } from '../../src/tls/servers.ts';
import { tlsFile } from '../support/tls.ts';
import { startTlsElsewhere } from '../support/tls-elsewhere.ts';
import { answers, type OnSecure, startTlsUpstream, startUpstreamOn } from '../support/tls-upstream.ts';
import { until } from '../support/wait.ts';
import { Balancer, withBalancer } from './balancer.ts';
import { CA, get, listen, withServer } from './tls-server-rig.ts';
import {
  answerOf,
  configuration,
  countersOf,
  requestOf,
  startUpstreams,
  stopUpstreams,
  TLS_STORIES,
  type Upstreams,
} from './tls-servers.ts';

describe('a server of TLS', () => {
  let upstreams: Upstreams;
  let balancer: Balancer;
  before(async () => {
    upstreams = await startUpstreams();
    balancer = await Balancer.start(configuration(upstreams, () => '127.0.0.1:0'));
  });
  after(async () => {
    await balancer.stop();
    await stopUpstreams(upstreams);
  });

  describe('behaves', { concurrency: true }, () => {
    for (const story of TLS_STORIES) {
      it(`as ${story.name}`, async () => {
        const client = await balancer.client(`f-${story.name}`);
        client.send(requestOf(story));
        if (story.path === '/reset') {
          await until('the response begins', () => client.received.endsWith('body'));
          upstreams[story.kind].reset();
        }
        assert.equal(answerOf(await client.readAll()), story.answer);
        const frontend = `f-${story.name}`;
        const logged = await until('it is logged', () => balancer.logged.find((one) => one.frontend === frontend));
        assert.equal(`${logged.status} ${logged.termination.slice(0, 2)} ${logged.retries}`, story.log);
        const counters: Readonly<Record<string, unknown>> = { ...balancer.server(story.name, 's1').counters };
        assert.equal(
          countersOf((name) => counters[name === 'srv_abrt' ? 'srvAbrt' : name] as number),
          story.counters,
        );
        const verdict = await until('it is checked', () => balancer.server(`c-${story.name}`, 's1').verdict);
        assert.deepEqual([verdict.code, verdict.info], story.check);
      });
    }
  });

  it('and its checks leave no connection behind', async () => {
    for (const { name } of TLS_STORIES) {
      balancer.server(`c-${name}`, 's1').enableCheck(false);
      balancer.server(name, 's1').closeIdle();
    }
    await until('all are closed', () => Object.values(upstreams).every(({ open }) => open === 0));
    assert.equal(balancer.plane.counters.tls.current, 0);
  });
});

describe('connections by TLS', () => {
  it('are kept for who asks for the same name', async () => {
    await withServer('', 'sni req.hdr(host)', async (balancer, server) => {
      const client = await balancer.client();
      const names: string[] = [];
      for (const host of ['example.test', 'www.example.test', 'example.test', 'www.example.test']) {
        client.send(get('/', host));
        names.push((await client.readResponse()).body.split(' ')[0] as string);
      }
      assert.deepEqual(names, ['example.test', 'www.example.test', 'example.test', 'www.example.test']);
      assert.equal(server.connections, 2);
      assert.equal(balancer.server('www', 's1').counters.reuse, 2);
    });
  });

  it('are kept of a server that answers at once', async () => {
    const server = await startTlsElsewhere();
    try {
      await withBalancer(listen(`server s1 ${server.address} ssl ${CA}`), async (balancer) => {
        const client = await balancer.client();
        for (let i = 0; i < 300; i++) {
          client.send(get());
          assert.equal((await client.readResponse()).status, 200);
        }
        const { connect, reuse } = balancer.server('www', 's1').counters;
        assert.deepEqual([connect, reuse, balancer.plane.counters.tls.servers.fresh.get('TLSv1.3')], [1, 299, 1]);
      });
    } finally {
      await server.stop();
    }
  });

  for (const [words, resumed] of [
    ['', 'true'],
    ['no-ssl-reuse', 'false'],
  ] as const) {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      it(`of ${version} ${resumed === 'true' ? 'go on with' : 'do not go on with'} the session of the one before${words === '' ? '' : `: ${words}`}`, async () => {
        await withServer('http-reuse never', `verifyhost example.test ${words} ssl-max-ver ${version}`, async (balancer) => {
          const bodies: string[] = [];
          for (let i = 0; i < 2; i++) {
            const client = await balancer.client();
            client.send(get());
            bodies.push((await client.readResponse()).body);
            client.close();
          }
          assert.deepEqual(bodies, [`false false false ${version}`, `false false ${resumed} ${version}`]);
          const { servers } = balancer.plane.counters.tls;
          assert.deepEqual([servers.fresh.get(version), servers.resumed.get(version)], resumed === 'true' ? [1, 1] : [2, undefined]);
        });
      });
    }
  }

  it('of checks go on with the session of the one before, too', async () => {
    const check = 'option httpchk GET /\n http-check connect default sni example.test';
    await withServer(check, 'check inter 10ms', async (balancer) => {
      const { servers } = balancer.plane.counters.tls;
      await until('some have gone on', () => (servers.resumed.get('TLSv1.3') ?? 0) > 3);
      assert.equal(balancer.server('www', 's1').verdict?.code, 'L7OK');
      // One that begins while the first is not over has nothing to go on with.
      assert.ok((servers.fresh.get('TLSv1.3') ?? 0) <= 2);
    });
  });

  it('ask for names that are text, as UTF-8, and for no name where the bytes are none', async () => {
    const hellos: Buffer[] = [];
    const server = await startUpstreamOn((raw) => raw.once('data', (bytes) => hellos.push(bytes) && raw.destroy()));
    try {
      await withBalancer(listen(`retries 0\n server s1 ${server.address} ssl verify none sni req.hdr(x),url_dec`), async (balancer) => {
        for (const name of ['caf%c3%a9', 'caf%e9', 'caf%00e']) {
          const client = await balancer.client();
          client.send(`GET / HTTP/1.1\r\nHost: a\r\nX: ${name}\r\n\r\n`);
          assert.equal((await client.readResponse()).status, 503);
          client.close();
        }
        assert.deepEqual(
          hellos.map((hello) => [hello.includes('caf'), hello.includes('\x00\x05caf\u00e9')]),
          [
            [true, true],
            [false, false],
            [false, false],
          ],
        );
      });
    } finally {
      await server.stop();
    }
  });

  it('of a session that was found good under one name are not good under another', async () => {
    await withServer('http-reuse never\n retries 0', 'sni req.hdr(host),url_dec', async (balancer) => {
      const answered: number[] = [];
      for (const host of ['example.test', 'other.test', 'example.test', 'x'.repeat(300), 'example.test%00.other.test', '.test']) {
        const client = await balancer.client();
        client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
        answered.push((await client.readResponse()).status);
        client.close();
      }
      assert.deepEqual(answered, [200, 503, 200, 503, 503, 503]);
    });
  });

  it('are not kept when their words change', async () => {
    await withServer('', '', async (balancer, server) => {
      const client = await balancer.client();
      client.send(get());
      await client.readResponse();
      await balancer.configure(listen(`server s1 ${server.address} ssl ca-file ${tlsFile('other-ca')}`));
      client.send(get());
      assert.equal((await client.readResponse()).status, 503);
      await until('the old one is closed', () => server.open === 0);
    });
  });

  it('are not kept when a file that they name says something else', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-tls-'));
    const file = join(folder, 'ca.pem');
    copyFileSync(tlsFile('ca'), file);
    const server = await startTlsUpstream('server', answers);
    const readAgain = (balancer: Balancer) => {
      balancer.backends.adoptContexts(new ServerContexts());
      balancer.backends.judgeAgain();
    };
    try {
      await withBalancer(listen(`retries 0\n server s1 ${server.address} ssl ca-file ${file} check inter 1h`), async (balancer) => {
        const client = await balancer.client();
        const ask = async () => {
          client.send(get());
          return (await client.readResponse()).status;
        };
        assert.equal(await ask(), 200);
        const { connect } = balancer.server('www', 's1').counters;
        readAgain(balancer);
        assert.equal(await ask(), 200);
        assert.equal(balancer.server('www', 's1').counters.connect, connect);
        copyFileSync(tlsFile('other-ca'), file);
        readAgain(balancer);
        assert.equal(await ask(), 503);
        rmSync(file);
        readAgain(balancer);
        assert.equal(balancer.server('www', 's1').reason, `Couldn't open the ca-file '${file}' (No such file or directory).`);
        assert.equal(await ask(), 503);
        copyFileSync(tlsFile('ca'), file);
        readAgain(balancer);
        assert.equal(await ask(), 200);
      });
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true });
    }
  });

  it('go to a unix socket, too', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-tls-'));
    const server = await startTlsUpstream('server', answers, {}, join(folder, 'sock'));
    try {
      await withBalancer(listen(`server s1 ${server.address} ssl ${CA} verifyhost example.test check inter 500ms`), async (balancer) => {
        const client = await balancer.client();
        client.send(get());
        assert.equal((await client.readResponse()).status, 200);
        const verdict = await until('it is checked', () => balancer.server('www', 's1').verdict);
        assert.equal(verdict.code, 'L6OK');
      });
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true });
    }
  });
});

/** Answers a request with a length as long as its path says, or with the length of its body. */
const bulk: OnSecure = (socket) => {
  let head = '';
  let missing = 0;
  let taken = 0;
  const done = () => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${String(taken).length}\r\n\r\n${taken}`);
  const count = (bytes: number) => {
    taken += bytes;
    missing -= bytes;
    if (missing === 0) done();
  };
  socket.on('data', (bytes: Buffer) => {
    if (missing > 0) {
      count(bytes.length);
      return;
    }
    head += bytes.toString('latin1');
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    const size = Number(/^GET \/(\d+)/.exec(head)?.[1] ?? 0);
    const rest = head.length - end - 4;
    head = '';
    if (size > 0) {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
      socket.write(Buffer.alloc(size, 'x'));
    } else {
      taken = 0;
      missing = length;
      count(rest);
    }
  });
};

describe('bytes over TLS', () => {
  const SIZE = 8 * 1024 * 1024;

  it('of a long response all arrive, also where the client is slow', async () => {
    await withServer(
      '',
      '',
      async (balancer) => {
        const client = await balancer.client();
        client.socket.pause();
        client.send(get(`/${SIZE}`));
        const server = await until('the response is on its way', () => balancer.server('www', 's1').scur === 1);
        assert.ok(server);
        client.socket.resume();
        const { body, status } = await client.readResponse();
        assert.deepEqual([status, body.length, body === 'x'.repeat(SIZE)], [200, SIZE, true]);
      },
      bulk,
    );
  });

  it('of a long upload all arrive', async () => {
    await withServer(
      '',
      '',
      async (balancer) => {
        const client = await balancer.client();
        client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${SIZE}\r\n\r\n`);
        client.socket.write(randomBytes(SIZE));
        assert.equal((await client.readResponse()).body, String(SIZE));
        client.send(get('/3'));
        assert.equal((await client.readResponse()).body, 'xxx');
      },
      bulk,
    );
  });

  it('go both ways in mode tcp, and each side may end its half', async () => {
    const echo: OnSecure = (socket) => {
      socket.allowHalfOpen = true;
      socket.on('data', (bytes) => socket.write(bytes)).on('end', () => socket.end('bye'));
    };
    const bytes = randomBytes(512 * 1024);
    await withServer(
      'mode tcp',
      '',
      async (balancer) => {
        const client = await balancer.client();
        client.socket.end(bytes);
        const all = await client.readAll();
        assert.equal(all.length, bytes.length + 3);
        assert.ok(all === `${bytes.toString('latin1')}bye`);
      },
      echo,
    );
  });

  it('go both ways in a tunnel', async () => {
    const upgrade: OnSecure = (socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
        socket.on('data', (bytes) => socket.write(bytes));
      });
    };
    await withServer(
      '',
      '',
      async (balancer) => {
        const client = await balancer.client();
        client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
        await client.readUntil('\r\n\r\n');
        client.send('to and fro');
        assert.equal(await client.readUntil('fro'), 'to and fro');
      },
      upgrade,
    );
  });

  it('of a client that is reset end with a reset of its server', async () => {
    let ended = '';
    const silent: OnSecure = (socket) => {
      socket.resume();
      socket.on('error', (error: NodeJS.ErrnoException) => {
        ended = error.code ?? '';
      });
    };
    await withServer(
      '',
      '',
      async (balancer, server) => {
        const client = await balancer.client();
        client.send(get());
        await until('it is asked', () => server.open === 1 && balancer.server('www', 's1').scur === 1);
        await until('the handshake is over', () => balancer.plane.counters.tls.servers.fresh.get('TLSv1.3') === 1);
        client.socket.resetAndDestroy();
        await until('the server is let go', () => server.open === 0);
        assert.equal(ended, 'ECONNRESET');
        await until('nothing is left', () => balancer.plane.counters.tls.current === 0);
      },
      silent,
    );
  });
});

describe('set server ssl', () => {
  it('goes over to clear text and back, for traffic alone', async () => {
    await withServer('retries 0', 'check inter 1h', async (balancer) => {
      const server = balancer.server('www', 's1');
      const client = await balancer.client();
      const ask = async () => {
        client.send(get());
        return (await client.readResponse()).status;
      };
      assert.equal(await ask(), 200);
      server.setSsl(false);
      // A server of TLS ends the connection of who speaks clear text to it.
      assert.equal(await ask(), 502);
      assert.equal(server.config.check?.ssl, true);
      server.setSsl(true);
      const again = await balancer.client();
      again.send(get());
      assert.equal((await again.readResponse()).status, 200);
    });
  });
});

describe('servers whose files are no good', () => {
  it('of a source are down until the files are read again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-tls-'));
    const file = join(folder, 'ca.pem');
    const upstream = await startTlsUpstream('server', answers);
    try {
      await withBalancer(listen(`default-server ssl ca-file ${file}\n server s1 ${upstream.address}`), async (balancer) => {
        const server = balancer.server('www', 's1');
        assert.deepEqual([server.op, server.reason], [0, `Couldn't open the ca-file '${file}' (No such file or directory).`]);
        copyFileSync(tlsFile('ca'), file);
        balancer.backends.adoptContexts(new ServerContexts());
        balancer.backends.judgeAgain();
        assert.deepEqual([server.op, server.reason, server.refusal], [2, '', undefined]);
        const client = await balancer.client();
        client.send(get());
        assert.equal((await client.readResponse()).status, 200);
      });
    } finally {
      await upstream.stop();
      rmSync(folder, { recursive: true });
    }
  });

  it('are not spoken to, also while nobody has judged them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-tls-'));
    const file = join(folder, 'ca.pem');
    copyFileSync(tlsFile('ca'), file);
    try {
      await withBalancer(listen(`retries 0\n server s1 127.0.0.1:1 ssl ca-file ${file}`), async (balancer) => {
        rmSync(file);
        balancer.backends.adoptContexts(new ServerContexts());
        const client = await balancer.client();
        client.send(get());
        assert.equal((await client.readResponse()).status, 503);
        assert.equal(balancer.server('www', 's1').counters.connect, 0);
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('are down, say why, and harm nobody else', async () => {
    await withServer('', '', async (balancer, server) => {
      const bad = `server s2 ${server.address} ssl ca-file /nowhere/ca.pem`;
      await balancer.configure(listen(`server s1 ${server.address} ssl ${CA}\n ${bad}`));
      const { op, reason } = balancer.server('www', 's2');
      assert.deepEqual([op, reason], [0, "Couldn't open the ca-file '/nowhere/ca.pem' (No such file or directory)."]);
      for (let i = 0; i < 4; i++) {
        const client = await balancer.client();
        client.send(get());
        assert.equal((await client.readResponse()).status, 200);
      }
    });
  });
});
