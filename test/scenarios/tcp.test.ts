/** `mode tcp`: what becomes of connections that pass as they are. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Reach } from '../../src/proxy/reach.ts';
import { OWN_HOST } from '../support/faulty.ts';
import { Peer, type PeerServer, startPeers } from '../support/peer.ts';
import { settled, until } from '../support/wait.ts';
import { type Balancer, withBalancer } from './balancer.ts';
import { PROBES, probed } from './probes.ts';
import { DEFAULTS, essence, essentials, type Outcome, STORIES, Stage, withServers } from './tcp-stories.ts';

describe('a session in mode tcp', () => {
  for (const story of STORIES) {
    it(story.name, async () => {
      await withServers(story, async (front, back, servers) => {
        const text = `defaults${DEFAULTS} log 127.0.0.1:514 local0\nfrontend www\n bind ${OWN_HOST}:0\n${front}backend be\n${back}`;
        await withBalancer(text, async (balancer) => {
          const counter = async (svname: string, column: string) =>
            Number(balancer.rows('www', 'be').find((row) => row.svname === svname)?.[column] ?? Number.NaN);
          await story.play(new Stage({ port: balancer.port('www'), counter }, servers));
          await until('all sessions are over', () => balancer.plane.connections === 0);
          const { log, counters } = story;
          const outcome: Outcome = { log: balancer.lines.map(essence), counters: essentials(balancer.rows('www', 'be')) };
          assert.deepEqual(outcome, { log, counters });
        });
      });
    });
  }
});

const HEAD = ' mode tcp\n option tcplog\n';

/** `lines` in a listen in mode tcp before one server, `s1`. */
async function withRelay(
  lines: string,
  story: (stage: {
    readonly balancer: Balancer;
    readonly server: PeerServer;
    readonly client: () => Promise<Peer>;
    /** A client and its server, connected. */
    readonly pair: () => Promise<readonly [Peer, Peer]>;
    readonly text: (name: string) => string;
  }) => Promise<void>,
): Promise<void> {
  const server = await startPeers();
  const text = (name: string) => `listen ${name}\n bind ${OWN_HOST}:0\n${HEAD}${lines} server s1 ${server.address}\n`;
  try {
    await withBalancer(text('www'), async (balancer) => {
      const port = balancer.port('www');
      const client = () => Peer.connect(port, OWN_HOST);
      const pair = async () => [await client(), await server.next()] as const;
      await story({ balancer, server, client, pair, text });
    });
  } finally {
    await server.stop();
  }
}

const MEGABYTE = 'x'.repeat(1 << 20);

/** Sends until the other end has taken nothing for a while; answers how much it has sent. */
async function fill(sender: Peer, counted: () => number): Promise<number> {
  let sent = 0;
  const more = () => {
    sent += MEGABYTE.length;
    sender.socket.write(MEGABYTE, 'latin1', () => {
      if (sent < 64 * MEGABYTE.length) more();
    });
  };
  more();
  await settled('nothing moves any more', counted);
  return sent;
}

describe('bytes in mode tcp', () => {
  it('pass unchanged both ways at once', async () => {
    await withRelay('', async ({ pair, balancer }) => {
      const [client, server] = await pair();
      for (let i = 0; i < 8; i++) {
        client.send(MEGABYTE);
        server.send(MEGABYTE);
      }
      client.end();
      server.end();
      await until('all have come', () => client.bytes === 8 << 20 && server.bytes === 8 << 20);
      await until('it is over', () => balancer.plane.connections === 0);
      assert.deepEqual(balancer.lines.map(essence), [`www/s1 t/t/t ${8 << 20} -- 1/1/0/0/0 0/0`]);
    });
  });

  it('wait at their server while the client does not read', async () => {
    await withRelay('', async ({ pair, balancer }) => {
      const [client, server] = await pair();
      client.socket.pause();
      const counters = () => balancer.plane.connections + server.socket.bytesWritten;
      const sent = await fill(server, counters);
      // What the kernel holds on both ways, and a buffer or two of ours: not what was sent.
      assert.ok(sent < 64 * MEGABYTE.length, `${sent} were taken`);
      client.socket.resume();
      server.socket.destroy();
      await client.ended();
      client.reset();
    });
  });

  it('wait at their client while the server does not read', async () => {
    await withRelay('', async ({ pair }) => {
      const [client, server] = await pair();
      server.socket.pause();
      const sent = await fill(client, () => client.socket.bytesWritten);
      assert.ok(sent < 64 * MEGABYTE.length, `${sent} were taken`);
      server.socket.resume();
      client.reset();
      await server.broken();
    });
  });

  it('wait at their client while there is no server', async () => {
    await withRelay(' timeout queue 20s\n default-server maxconn 1\n', async ({ pair, client, server, balancer }) => {
      const [first, one] = await pair();
      const second = await client();
      await until('it waits', () => balancer.backends.get('www')?.waiting === 1);
      const sent = await fill(second, () => second.socket.bytesWritten);
      assert.ok(sent < 64 * MEGABYTE.length, `${sent} were taken`);
      first.end();
      one.end();
      const two = await server.next();
      await until('all have come', () => two.bytes === 64 * MEGABYTE.length);
      second.end();
      two.end();
      await second.ended();
    });
  });

  it('are given up where the client does not read them for timeout client', async () => {
    await withRelay(' timeout client 500ms\n timeout server 100ms\n', async ({ pair, balancer }) => {
      const [client, server] = await pair();
      client.socket.pause();
      const filler = fill(server, () => balancer.lines.length);
      await until('it is over', () => balancer.lines.length === 1);
      await filler;
      assert.match(balancer.lines[0] ?? '', / cD 1\/1\/0\/0\/0 0\/0$/);
      assert.equal(balancer.server('www', 's1').counters.cliAbrt, 1);
      client.socket.destroy();
    });
  });

  it('are given up where the server does not read them for timeout server', async () => {
    await withRelay(' timeout client 100ms\n timeout server 500ms\n', async ({ pair, balancer }) => {
      const [client, server] = await pair();
      server.socket.pause();
      const filler = fill(client, () => balancer.lines.length);
      await until('it is over', () => balancer.lines.length === 1);
      await filler;
      assert.match(balancer.lines[0] ?? '', / sD 1\/1\/0\/0\/0 0\/0$/);
      assert.equal(balancer.server('www', 's1').counters.srvAbrt, 1);
      server.socket.destroy();
    });
  });

  it('that the server sent before its reset still reach the client', async () => {
    await withRelay('', async ({ pair, balancer }) => {
      const [client, server] = await pair();
      client.socket.pause();
      server.send('x'.repeat(200_000));
      await until('they have come', () => server.socket.bytesWritten === 200_000 && server.socket.writableLength === 0);
      client.send('stop');
      await server.got('stop');
      server.reset();
      client.socket.resume();
      await client.ended();
      assert.equal(client.bytes, 200_000);
      await until('it is over', () => balancer.lines.length === 1);
      assert.match(balancer.lines[0] ?? '', / 200000 SD /);
    });
  });
});

for (const mode of ['tcp', 'http']) {
  for (const [lines, toClient, toServer] of PROBES) {
    it(`keep-alive probes in mode ${mode} with${lines.replaceAll('\n', ';') || ' nothing'}`, async () => {
      await withRelay(`${lines} mode ${mode}\n`, async ({ client, server }) => {
        const near = await client();
        near.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        const far = await server.next();
        await far.got('GET / HTTP/1.1');
        assert.deepEqual(await probed(near, far), [toClient, toServer]);
        near.reset();
      });
    });
  }
}

describe('a session in mode tcp is ended', () => {
  for (const cause of ['D', 'U', 'K'] as const) {
    it(`from outside (${cause})`, async () => {
      await withRelay('', async ({ pair, balancer }) => {
        const [client, server] = await pair();
        server.send('so far');
        await client.got('so far');
        balancer.plane.shutdown(balancer.server('www', 's1'), cause);
        await Promise.all([client.ended(), server.ended()]);
        await until('it is over', () => balancer.lines.length === 1);
        assert.equal(essence(balancer.lines[0] ?? ''), `www/s1 t/t/t 6 ${cause}- 1/1/0/0/0 0/0`);
      });
    });
  }

  it('from outside, also after its listener has gone with a reload', async () => {
    await withRelay('', async ({ pair, balancer, text }) => {
      const [client, server] = await pair();
      const own = balancer.server('www', 's1');
      await balancer.configure(
        `${text('www')
          .replace('listen', 'backend')
          .replace(/^ bind.*\n/m, '')}${text('other')}`,
      );
      assert.equal(balancer.plane.frontends.has('www'), false);
      client.send('still here');
      await server.got('still here');
      balancer.plane.shutdown(own, 'D');
      await Promise.all([client.ended(), server.ended()]);
    });
  });

  it('by itself while the proxy drains', async () => {
    await withRelay('', async ({ pair, balancer }) => {
      const [client, server] = await pair();
      balancer.plane.drain(false);
      client.send('still here');
      await server.got('still here');
      server.send('so am I');
      await client.got('so am I');
      assert.equal(balancer.plane.connections, 1);
      client.end();
      server.end();
      await balancer.plane.whenIdle();
    });
  });
});

it('a server is reset where its client was reset in an upload', async () => {
  const server = await startPeers();
  try {
    await withBalancer(`listen www\n bind ${OWN_HOST}:0\n server s1 ${server.address}\n`, async (balancer) => {
      const client = await Peer.connect(balancer.port('www'), OWN_HOST);
      client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf');
      const peer = await server.next();
      await peer.got('half');
      client.reset();
      await peer.broken();
    });
  } finally {
    await server.stop();
  }
});

it('a request is ended from outside after its listener has gone with a reload', async () => {
  const server = await startPeers();
  const text = (name: string) => `${name}\n server s1 ${server.address}\n`;
  try {
    await withBalancer(`frontend www\n bind ${OWN_HOST}:0\n default_backend be\n${text('backend be')}`, async (balancer) => {
      const client = await Peer.connect(balancer.port('www'), OWN_HOST);
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await (await server.next()).got('GET / HTTP/1.1');
      const own = balancer.server('be', 's1');
      await balancer.configure(text('backend be'));
      balancer.plane.shutdown(own, 'D');
      await client.ended();
      assert.match(balancer.logged[0]?.termination ?? '', /^D/);
    });
  } finally {
    await server.stop();
  }
});

const NO_FORMAT = 'defaults\n mode tcp\n log 127.0.0.1:514 local0\n timeout connect 2s\n timeout client 10s\n timeout server 10s\n';

it('a reload that turns a frontend to mode tcp leaves the connections that it has what they were', async () => {
  const server = await startPeers();
  const text = (mode: string, port: number) =>
    `listen www\n mode ${mode}\n option tcplog\n bind ${OWN_HOST}:${port}\n server s1 ${server.address}\n`;
  try {
    await withBalancer(text('http', 0), async (balancer) => {
      const port = balancer.port('www');
      const old = await Peer.connect(port, OWN_HOST);
      old.send('GET /1 HTTP/1.1\r\nHost: a\r\n\r\n');
      const one = await server.next();
      await one.got('GET /1');
      await balancer.configure(text('tcp', 0));
      one.send('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold');
      await old.got('old');
      const fresh = await Peer.connect(port, OWN_HOST);
      fresh.send('no request');
      const two = await server.next();
      await two.got('no request');
      await Promise.all([fresh, two].map(async (peer) => peer.end()));
      await fresh.ended();
      old.reset();
    });
  } finally {
    await server.stop();
  }
});

it('a fault of ours ends the session that it happens in, and nothing else', async () => {
  await withRelay('', async ({ pair, balancer }) => {
    const [client, server] = await pair();
    const [other, beside] = await pair();
    balancer.failLog = true;
    client.reset();
    await server.broken();
    await until('it is told', () => balancer.events.some((event) => /internal error in www .*: Error: the log is broken/.test(event)));
    balancer.failLog = false;
    assert.equal(balancer.plane.frontends.get('www')?.counters.eint, 1);
    assert.equal(balancer.server('www', 's1').scur, 1);
    other.send('still here');
    await beside.got('still here');
    other.reset();
  });
});

it('a fault of ours when a server has just been reached leaves no connection to it', async (t) => {
  await withRelay('', async ({ pair, balancer }) => {
    t.mock.method(Reach.prototype, 'remember', () => {
      throw new Error('no memory');
    });
    const [client, server] = await pair();
    await Promise.all([client.ended(), server.ended()]);
    assert.equal(balancer.plane.frontends.get('www')?.counters.eint, 1);
    assert.equal(balancer.server('www', 's1').scur, 0);
  });
});

describe('the log of a frontend in mode tcp', () => {
  for (const option of ['', ' option dontlognull\n']) {
    it(`tells of clients as soon as they are there where it has no format${option}`.trimEnd(), async () => {
      const server = await startPeers();
      const text = `${NO_FORMAT}listen www\n bind ${OWN_HOST}:0\n${option} server s1 ${server.address}\n`;
      try {
        await withBalancer(text, async (balancer) => {
          const port = balancer.port('www');
          const client = await Peer.connect(port, OWN_HOST);
          await server.next();
          assert.deepEqual(balancer.lines, [
            `Connect from ${client.socket.localAddress}:${client.socket.localPort} to ${OWN_HOST}:${port} (www/TCP)`,
          ]);
          client.reset();
          await until('it is over', () => balancer.plane.connections === 0);
          assert.equal(balancer.lines.length, 1);
        });
      } finally {
        await server.stop();
      }
    });
  }

  it('has the format of tcplog where httplog was asked for', async () => {
    await withBalancer(`listen www\n mode tcp\n bind ${OWN_HOST}:0\n server s1 192.0.2.1:1 disabled\n`, async (balancer) => {
      await (await Peer.connect(balancer.port('www'), OWN_HOST)).ended();
      await until('it is told', () => balancer.lines.length === 1);
      assert.equal(essence(balancer.lines[0] ?? ''), 'www/<NOSRV> -1/-1/t 0 SC 1/1/0/0/0 0/0');
    });
  });
});
