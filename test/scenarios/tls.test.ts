/** Clients that speak TLS: handshakes and how they fail, what is served on them, how such connections end, who waits for whom. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { RawClient } from '../support/client.ts';
import { type TlsFixture, tlsFile, tlsText } from '../support/tls.ts';
import { startRawUpstream, startUpstream, type Upstream } from '../support/upstream.ts';
import { outlast, until } from '../support/wait.ts';
import { type Balancer, withBalancer } from './balancer.ts';

const SSL = `ssl crt ${tlsFile('server')}`;
const MUTUAL = `${SSL} ca-file ${tlsFile('client-ca')} verify`;
const ANSWER = 'http-request return status 200 content-type text/plain string hello';
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const CLOSE = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const site = (bind: string, ...lines: readonly string[]) => ['frontend www', `bind 127.0.0.1:0 name web ${bind}`, ...lines, ''].join('\n ');

/** A handshake that fails, as its client sees it. */
async function refused(port: number, options: ConnectionOptions = {}): Promise<string> {
  try {
    const client = await RawClient.secure(port, options);
    // In TLSv1.3 a client is done before the server has seen its certificate.
    client.send(GET);
    const text = await client.readAll();
    return text === '' ? 'closed' : text;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

function tlsOf(balancer: Balancer): string {
  const { current, total } = balancer.plane.counters.tls;
  return `${current} of ${total}`;
}

/** What it may go on with: behind an answer, since TLSv1.3 tells it after the handshake. */
async function sessionOf(client: RawClient & { readonly socket: TLSSocket }): Promise<Buffer> {
  client.send(GET);
  await client.readResponse();
  const session = client.socket.getSession();
  assert.ok(session);
  client.close();
  return session;
}

describe('a client by TLS', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`is served by ${version}, request after request`, async () => {
      await withBalancer(site(SSL, ANSWER), async (balancer) => {
        const client = await RawClient.secure(balancer.port('www'), { minVersion: version, maxVersion: version });
        assert.equal(client.socket.getProtocol(), version);
        for (let round = 0; round < 3; round++) {
          client.send(GET);
          assert.equal((await client.readResponse()).body, 'hello');
        }
        client.send(GET.repeat(20));
        for (let round = 0; round < 20; round++) assert.equal((await client.readResponse()).body, 'hello');
        assert.equal(tlsOf(balancer), '1 of 1');
        client.send(CLOSE);
        assert.match(await client.readAll(), /hello$/);
        await until('it has left', () => tlsOf(balancer) === '0 of 1');
      });
    });
  }

  it('with a certificate of another kind of key', async () => {
    await withBalancer(site(`ssl crt ${tlsFile('server-ecdsa')}`, ANSWER), async (balancer) => {
      const client = await RawClient.secure(balancer.port('www'), { ca: tlsText('ca'), rejectUnauthorized: true });
      client.send(CLOSE);
      assert.match(await client.readAll(), /hello$/);
    });
  });

  it('that asks in one flight with the end of its handshake is answered', async () => {
    await withBalancer(site(SSL, ANSWER), async (balancer) => {
      const socket = connectTls({ port: balancer.port('www'), host: '127.0.0.1', rejectUnauthorized: false });
      socket.write(CLOSE);
      let text = '';
      for await (const piece of socket) text += piece;
      assert.match(text, /hello$/);
    });
  });

  it('at a unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tls-'));
    const path = join(folder, 'web.sock');
    try {
      await withBalancer(`frontend www\n bind unix@${path} ${SSL}\n ${ANSWER}\n`, async () => {
        const socket = connectTls({ path, rejectUnauthorized: false });
        socket.end(CLOSE);
        let text = '';
        for await (const piece of socket) text += piece;
        assert.match(text, /hello$/);
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('goes on with its session, and is served with one that is not known any more', async () => {
    const text = site(SSL, ANSWER);
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      await withBalancer(text, async (balancer) => {
        const first = await RawClient.secure(balancer.port('www'), { maxVersion });
        const session = await sessionOf(first);
        for (let round = 0; round < 2; round++) {
          const again = await RawClient.secure(balancer.port('www'), { maxVersion, session });
          assert.equal(again.socket.isSessionReused(), true);
          again.send(CLOSE);
          assert.match(await again.readAll(), /hello$/);
        }
        const { clients } = balancer.plane.counters.tls;
        assert.deepEqual([[...clients.fresh], [...clients.resumed]], [[[maxVersion, 1]], [[maxVersion, 2]]]);
        await balancer.configure(text);
        const stale = await RawClient.secure(balancer.port('www'), { maxVersion, session });
        stale.send(CLOSE);
        assert.match(await stale.readAll(), /hello$/);
      });
    }
  });
});

describe('bodies by TLS', () => {
  const SIZE = 8 * 1024 * 1024;
  const pattern = Buffer.from(Array.from({ length: 64 * 1024 }, (_, index) => (index * 7 + (index >> 8)) % 251));
  const body = Buffer.concat(Array.from({ length: SIZE / pattern.length }, () => pattern));
  for (const framing of ['length', 'chunked'] as const) {
    it(`come whole to a client that reads in fits and starts: ${framing}`, async () => {
      const upstream = await startUpstream('s1', (_request, response) => {
        if (framing === 'length') response.setHeader('content-length', SIZE);
        response.write(body.subarray(0, 1000));
        response.end(body.subarray(1000));
      });
      try {
        await withBalancer(`${site(SSL, 'default_backend app')}backend app\n server s1 ${upstream.address}\n`, async (balancer) => {
          const client = connectTls({ port: balancer.port('www'), host: '127.0.0.1', rejectUnauthorized: false });
          client.write(CLOSE);
          const pieces: Buffer[] = [];
          let since = 0;
          client.on('data', (piece: Buffer) => {
            pieces.push(piece);
            since += piece.length;
            if (since < SIZE / 20) return;
            since = 0;
            client.pause();
            setImmediate(() => client.resume());
          });
          await once(client, 'end');
          const all = Buffer.concat(pieces);
          const from = all.indexOf('\r\n\r\n') + 4;
          const came = framing === 'length' ? all.subarray(from) : unchunked(all.subarray(from));
          assert.equal(came.length, SIZE);
          assert.ok(came.equals(body));
        });
      } finally {
        await upstream.stop();
      }
    });
  }

  it('go whole to the server', async () => {
    let came = Buffer.alloc(0);
    const upstream = await startUpstream('s1', (request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        came = Buffer.concat(pieces);
        response.end('thanks');
      });
    });
    try {
      await withBalancer(`${site(SSL, 'default_backend app')}backend app\n server s1 ${upstream.address}\n`, async (balancer) => {
        const client = await RawClient.secure(balancer.port('www'));
        client.send(`POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${SIZE}\r\n\r\n`);
        client.socket.write(body);
        assert.match(await client.readAll(), /thanks/);
        assert.ok(came.equals(body));
      });
    } finally {
      await upstream.stop();
    }
  });
});

function unchunked(bytes: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.toString('latin1', at, end), 16);
    if (!(size > 0)) return Buffer.concat(pieces);
    pieces.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}

/** What somebody does on a bare connection instead of shaking hands. */
interface Stranger {
  readonly name: string;
  readonly does: (socket: Socket) => void;
  readonly told: string;
}

const FAILURE = 'SSL handshake failure';
const CLOSED = 'Connection closed during SSL handshake';
const HELLO = Buffer.from('16030102000100', 'hex');
const STRANGERS: readonly Stranger[] = [
  { name: 'speaks plain HTTP', does: (socket) => socket.write(GET), told: FAILURE },
  { name: 'sends garbage', does: (socket) => socket.write('x'.repeat(300)), told: FAILURE },
  {
    name: 'speaks SSLv2',
    does: (socket) => socket.write(Buffer.concat([Buffer.from('802e0100020015000000100100800200', 'hex'), Buffer.alloc(40)])),
    told: FAILURE,
  },
  {
    name: 'has a first message without end',
    does: (socket) => socket.write(Buffer.concat([Buffer.from('1603014000011000000303', 'hex'), Buffer.alloc(200_000)])),
    told: FAILURE,
  },
  { name: 'says nothing and goes', does: (socket) => socket.end(), told: CLOSED },
  { name: 'goes in the middle of its first message', does: (socket) => socket.end(HELLO), told: CLOSED },
  { name: 'resets', does: (socket) => socket.resetAndDestroy(), told: FAILURE },
  { name: 'says nothing', does: () => {}, told: 'Timeout during SSL handshake' },
  { name: 'stops in the middle of its first message', does: (socket) => socket.write(HELLO), told: 'Timeout during SSL handshake' },
];

describe('who does not shake hands', () => {
  for (const { name, does, told } of STRANGERS) {
    it(`${name}: is told of in one line, and leaves nothing`, async () => {
      await withBalancer(site(SSL, ANSWER, 'timeout client 100ms'), async (balancer) => {
        const socket = connect(balancer.port('www'), '127.0.0.1');
        socket.on('error', () => {});
        socket.resume();
        await once(socket, 'connect');
        const { localPort } = socket;
        does(socket);
        await until('its line is written', () => balancer.lines.length > 0);
        assert.match(balancer.lines[0] ?? '', new RegExp(`^127\\.0\\.0\\.1:${localPort} \\[[^\\]]+\\] www/web: ${told}$`));
        await until('it has left', () => balancer.plane.connections === 0 && tlsOf(balancer) === '0 of 1');
        const { counters, listeners } = balancer.plane.frontends.get('www') ?? assert.fail();
        assert.deepEqual([counters.connTot, counters.stot, counters.smax, counters.ereq, listeners[0]?.counters.stot], [1, 0, 1, 0, 1]);
        assert.equal(balancer.lines.length, 1);
        assert.deepEqual(balancer.logged, []);
        socket.destroy();
      });
    });
  }

  it('and just goes is not told of with dontlognull', async () => {
    await withBalancer(site(SSL, ANSWER, 'option dontlognull'), async (balancer) => {
      connect(balancer.port('www'), '127.0.0.1').end();
      await until('it has left', () => tlsOf(balancer) === '0 of 1');
      connect(balancer.port('www'), '127.0.0.1').end('x'.repeat(100));
      await until('the second has left', () => tlsOf(balancer) === '0 of 2');
      assert.deepEqual(
        balancer.lines.map((line) => line.replace(/.*: /, '')),
        [FAILURE],
      );
    });
  });

  it('by a version that is off gets an alert', async () => {
    await withBalancer(site(`${SSL} ssl-min-ver TLSv1.3`, ANSWER), async (balancer) => {
      const got = await refused(balancer.port('www'), { maxVersion: 'TLSv1.2' });
      assert.equal(got, 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    });
  });

  it('asks for a name that nobody has, where strict-sni wants one, and gets an alert', async () => {
    await withBalancer(site(`${SSL} strict-sni`, ANSWER), async (balancer) => {
      assert.equal(await refused(balancer.port('www'), { servername: 'nobody.test' }), 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME');
      assert.equal(await refused(balancer.port('www'), { servername: '' }), 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME');
      const client = await RawClient.secure(balancer.port('www'), { servername: 'WWW.Example.test' });
      client.send(CLOSE);
      assert.match(await client.readAll(), /hello$/);
      assert.equal(balancer.plane.frontends.get('www')?.counters.connTot, 3);
    });
  });
});

const pair = (name: TlsFixture): ConnectionOptions => ({ cert: tlsText(name), key: tlsText(name) });

describe('what is agreed upon by ALPN', () => {
  const agreed = async (port: number, options: ConnectionOptions): Promise<string | false | null> => {
    const client = await RawClient.secure(port, options);
    client.close();
    return client.socket.alpnProtocol;
  };
  it('is HTTP/1.1 for who knows no other, whatever is said', async () => {
    await withBalancer(site(`${SSL} alpn h2`, ANSWER), async (balancer) => {
      assert.equal(await agreed(balancer.port('www'), { ALPNProtocols: ['h2', 'http/1.1'] }), 'h2');
      const client = await RawClient.secure(balancer.port('www'), { ALPNProtocols: ['http/1.1'] });
      client.send(CLOSE);
      assert.match(await client.readAll(), /hello$/);
    });
  });

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`is what a list says for the name: ${maxVersion}`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'fairlead-'));
      const list = join(folder, 'list');
      writeFileSync(list, `${tlsFile('server')} [alpn http/1.1] old.test\n${tlsFile('wildcard')}\n`);
      try {
        await withBalancer(site(`ssl crt-list ${list} alpn h2,http/1.1`, ANSWER), async (balancer) => {
          const options = { maxVersion, ALPNProtocols: ['h2', 'http/1.1'] };
          assert.equal(await agreed(balancer.port('www'), { ...options, servername: 'old.test' }), 'http/1.1');
          assert.equal(await agreed(balancer.port('www'), { ...options, servername: 'a.wild.test' }), 'h2');
          assert.equal(await agreed(balancer.port('www'), { maxVersion, servername: 'old.test' }), false);
        });
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});

describe('certificates of clients', () => {
  const UNTRUSTED = 'SSL client certificate not trusted';
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`are asked for, and looked at: ${maxVersion}`, async () => {
      await withBalancer(site(`${MUTUAL} required`, 'timeout client 1s', ANSWER), async (balancer) => {
        const port = balancer.port('www');
        const none = await refused(port, { maxVersion });
        assert.match(none, maxVersion === 'TLSv1.3' ? /CERTIFICATE_REQUIRED|closed/ : /HANDSHAKE_FAILURE/);
        await until('that is told', () => balancer.lines.at(-1)?.endsWith(FAILURE) === true);
        assert.doesNotMatch(await refused(port, { maxVersion, ...pair('client-other') }), /hello/);
        await until('that is told', () => balancer.lines.at(-1)?.endsWith(UNTRUSTED) === true);
        const client = await RawClient.secure(port, { maxVersion, ...pair('client') });
        client.send(CLOSE);
        assert.match(await client.readAll(), /hello$/);
        assert.equal(balancer.plane.frontends.get('www')?.counters.stot, 1);
        assert.equal(tlsOf(balancer), '0 of 3');
      });
    });

    it(`may be missing, but not be wrong: ${maxVersion}`, async () => {
      await withBalancer(site(`${MUTUAL} optional`, 'timeout client 1s', ANSWER), async (balancer) => {
        const port = balancer.port('www');
        for (const options of [{}, pair('client')]) {
          const client = await RawClient.secure(port, { maxVersion, ...options });
          client.send(CLOSE);
          assert.match(await client.readAll(), /hello$/);
        }
        assert.doesNotMatch(await refused(port, { maxVersion, ...pair('client-other') }), /hello/);
        await until('that is told', () => balancer.lines.at(-1)?.endsWith(UNTRUSTED) === true);
      });
    });
  }

  it('that have been revoked are none', async () => {
    const bind = `${MUTUAL} required crl-file ${tlsFile('client-ca.crl')}`;
    await withBalancer(site(bind, ANSWER), async (balancer) => {
      assert.doesNotMatch(await refused(balancer.port('www'), pair('client-revoked')), /hello/);
      const client = await RawClient.secure(balancer.port('www'), pair('client'));
      client.send(CLOSE);
      assert.match(await client.readAll(), /hello$/);
    });
  });

  it('whose error is to be ignored will do', async () => {
    await withBalancer(site(`${MUTUAL} required crt-ignore-err all ca-ignore-err all`, ANSWER), async (balancer) => {
      const client = await RawClient.secure(balancer.port('www'), pair('client-other'));
      client.send(CLOSE);
      assert.match(await client.readAll(), /hello$/);
    });
  });

  // OpenSSL looks at times last, and Node tells the last error alone.
  const late = `${SSL} ca-file ${tlsFile('late-ca')} verify required crt-ignore-err`;
  const LATE: readonly (readonly [bind: string, served: readonly TlsFixture[], refused: readonly TlsFixture[]])[] = [
    [`${late} 10`, ['late'], ['late-forged', 'late-own', 'client', 'client-other']],
    [`${late} 10,18`, ['late', 'late-own'], ['late-forged']],
    [`${late} 10 crl-file ${tlsFile('late-ca.crl')}`, [], ['late-revoked', 'late-forged', 'late-own']],
    [`${MUTUAL} required crt-ignore-err 10`, ['client'], ['late', 'late-revoked', 'late-own']],
  ];
  for (const [bind, served, others] of LATE) {
    it(`of which one error is ignored have no other one: ${bind.replaceAll(/\S+\//g, '')}`, async () => {
      await withBalancer(site(bind, 'timeout client 1s', ANSWER), async (balancer) => {
        for (const name of served) {
          const client = await RawClient.secure(balancer.port('www'), pair(name));
          client.send(CLOSE);
          assert.match(await client.readAll(), /hello$/, name);
        }
        for (const name of others) assert.doesNotMatch(await refused(balancer.port('www'), pair(name)), /hello/, name);
      });
    });
  }

  it('of lists among the authorities count where lists are asked for', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-'));
    const both = join(folder, 'both.pem');
    writeFileSync(both, tlsText('client-ca') + tlsText('other-ca') + tlsText('client-ca.crl'));
    try {
      await withBalancer(site(`${SSL} ca-file ${both} verify required`, ANSWER), async (balancer) => {
        for (const name of ['client-revoked', 'client-other'] as const) {
          const client = await RawClient.secure(balancer.port('www'), pair(name));
          client.send(CLOSE);
          assert.match(await client.readAll(), /hello$/, name);
        }
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('are not let in by a crl-file that has no list', async () => {
    const bind = `${MUTUAL} required crl-file ${tlsFile('client-ca')}`;
    await assert.rejects(
      withBalancer(site(bind, ANSWER), async () => {}),
      /no list of revoked certificates/,
    );
  });

  it('of a session that goes on are still known', async () => {
    const lines = ['http-request return status 200 content-type text/plain lf-string "%[ssl_c_s_dn(cn)] %[ssl_fc_is_resumed]"'];
    await withBalancer(site(`${MUTUAL} required`, ...lines), async (balancer) => {
      const port = balancer.port('www');
      const first = await RawClient.secure(port, pair('client'));
      const session = await sessionOf(first);
      const again = await RawClient.secure(port, { ...pair('client'), session });
      again.send(CLOSE);
      assert.match(await again.readAll(), /alice 1$/);
    });
  });
});

describe('the end of a TLS connection', () => {
  async function withRaw(onConnection: (socket: Socket) => void, story: (balancer: Balancer, upstream: Upstream) => Promise<void>) {
    const upstream = await startRawUpstream(onConnection);
    try {
      const text = `${site(SSL, 'default_backend app')}backend app\n timeout server 200ms\n server s1 ${upstream.address}\n`;
      await withBalancer(text, (balancer) => story(balancer, upstream));
    } finally {
      await upstream.stop();
    }
  }

  it('is no clean one where a response was cut that only its end would have told of', async () => {
    const cut = (socket: Socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\nhalf of', () => setTimeout(() => socket.resetAndDestroy(), 50)));
    };
    await withRaw(cut, async (balancer) => {
      const client = await RawClient.secure(balancer.port('www'));
      const ends: string[] = [];
      client.socket.on('end', () => ends.push('end'));
      client.socket.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code ?? 'error'));
      client.send(GET);
      await client.readAll();
      await until('it is closed', () => client.socket.closed);
      assert.deepEqual(ends, ['ECONNRESET']);
    });
  });

  it('is a clean one for who is idle for too long', async () => {
    await withBalancer(site(SSL, ANSWER, 'timeout http-keep-alive 100ms'), async (balancer) => {
      const client = await RawClient.secure(balancer.port('www'));
      client.send(GET);
      assert.equal((await client.readResponse()).body, 'hello');
      const ends: string[] = [];
      client.socket.on('end', () => ends.push('end'));
      client.socket.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code ?? 'error'));
      await until('it is closed', () => client.socket.closed);
      assert.deepEqual(ends, ['end']);
    });
  });

  it('by the client frees the slot of a server that does not answer', async () => {
    await withRaw(
      (socket) => socket.resume(),
      async (balancer) => {
        for (const end of ['resetAndDestroy', 'destroy'] as const) {
          const client = await RawClient.secure(balancer.port('www'));
          client.send(CLOSE);
          await until('it has a server', () => balancer.server('app', 's1').scur === 1);
          // Node has no reset for a TLS socket.
          if (end === 'destroy') client.socket.destroy();
          else (client.socket as unknown as { _handle: { _parent: { reset(): void } } })._handle._parent.reset();
          await until('the slot is free', () => balancer.server('app', 's1').scur === 0);
        }
      },
    );
  });

  it('of one half is answered whole', async () => {
    const upstream = await startUpstream('late', (_request, response) => setTimeout(() => response.end('late'), 50));
    try {
      await withBalancer(`${site(SSL, 'default_backend app')}backend app\n server s1 ${upstream.address}\n`, async (balancer) => {
        const socket = connectTls({
          port: balancer.port('www'),
          host: '127.0.0.1',
          rejectUnauthorized: false,
          allowHalfOpen: true,
        } as ConnectionOptions);
        socket.end(GET);
        let text = '';
        for await (const piece of socket) text += piece;
        assert.match(text, /late/);
      });
    } finally {
      await upstream.stop();
    }
  });
});

describe('a TLS listener', () => {
  it('ends TLS for mode tcp', async () => {
    const upstream = await startRawUpstream((socket) => {
      socket.on('data', (piece) => socket.write(`<${piece}>`));
      socket.on('end', () => socket.end('bye'));
    });
    try {
      const text = `listen www\n mode tcp\n option tcplog\n bind 127.0.0.1:0 ${SSL}\n server s1 ${upstream.address}\n`;
      await withBalancer(text, async (balancer) => {
        const client = connectTls({
          port: balancer.port('www'),
          host: '127.0.0.1',
          rejectUnauthorized: false,
          allowHalfOpen: true,
        } as ConnectionOptions);
        client.write('one');
        assert.equal(String((await once(client, 'data'))[0]), '<one>');
        client.end('two');
        let text = '';
        for await (const piece of client) text += piece;
        assert.equal(text, '<two>bye');
        await until('its line is written', () => balancer.lines.some((line) => / www~ www\/s1 .* -- /.test(line)));
      });
    } finally {
      await upstream.stop();
    }
  });

  it('shakes no hands beyond its maxconn', async () => {
    await withBalancer(site(`${SSL} maxconn 1`, ANSWER), async (balancer) => {
      const port = balancer.port('www');
      const first = await RawClient.secure(port);
      let shaken = false;
      const second = RawClient.secure(port).finally(() => {
        shaken = true;
      });
      await until('it waits', () => balancer.plane.frontends.get('www')?.listeners[0]?.waiting === 1);
      await outlast(50);
      assert.equal(shaken, false);
      first.close();
      const client = await second;
      client.send(CLOSE);
      assert.match(await client.readAll(), /hello$/);
    });
  });

  /** A client that has connected, and shakes hands when it is told to. */
  async function slow(balancer: Balancer): Promise<(options?: ConnectionOptions) => TLSSocket> {
    const { tls } = balancer.plane.counters;
    const before = tls.current;
    const socket = connect(balancer.port('www'), '127.0.0.1');
    await until('it is there', () => tls.current === before + 1);
    return (options: ConnectionOptions = {}) => connectTls({ socket, rejectUnauthorized: false, ...options });
  }

  it('that stops waits for handshakes that are under way, and serves them', async () => {
    await withBalancer(site(SSL, ANSWER), async (balancer) => {
      const shake = await slow(balancer);
      balancer.plane.drain(false);
      const client = shake();
      client.write(GET);
      let text = '';
      for await (const piece of client) text += piece;
      assert.match(text, /hello$/);
      await balancer.plane.whenIdle();
    });
  });

  it('that stops serves one request more where that is HTTP/2, and waits for none', async () => {
    await withBalancer(site(`${SSL} alpn h2`, ANSWER), async (balancer) => {
      const shakes = [await slow(balancer), await slow(balancer)] as const;
      balancer.plane.drain(false);
      const clients = shakes.map((shake) => connectHttp2('https://a', { createConnection: () => shake({ ALPNProtocols: ['h2'] }) }));
      const [asking, silent] = clients as [ClientHttp2Session, ClientHttp2Session];
      const ends = clients.map((client) => Promise.all([once(client, 'goaway'), once(client, 'close')]));
      const [[headers]] = await Promise.all([once(asking.request().resume(), 'response'), ...ends]);
      assert.equal(headers[':status'], 200);
      assert.equal(silent.closed, true);
      await balancer.plane.whenIdle();
    });
  });

  it('that is destroyed ends them', async () => {
    await withBalancer(site(SSL, ANSWER), async (balancer) => {
      const client = (await slow(balancer))();
      balancer.plane.destroy();
      await assert.rejects(once(client, 'secureConnect'));
      await balancer.plane.whenIdle();
    });
  });

  it('may become one of clear text, and back', async () => {
    await withBalancer(site(SSL, ANSWER), async (balancer) => {
      const port = balancer.port('www');
      const kept = await RawClient.secure(port);
      await balancer.configure(site('', ANSWER));
      const clear = await RawClient.connect(port);
      clear.send(CLOSE);
      assert.match(await clear.readAll(), /hello$/);
      kept.send(CLOSE);
      assert.match(await kept.readAll(), /hello$/);
      await balancer.configure(site(SSL, ANSWER));
      const again = await RawClient.secure(port);
      again.send(CLOSE);
      assert.match(await again.readAll(), /hello$/);
    });
  });
});
