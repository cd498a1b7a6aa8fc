/** What servers, clients and hosts do that Node's objects are not made for: it ends one request at most, and never the process. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type RequestListener, request } from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { SINGLE_FIELDS } from '../../src/http/h2-fields.ts';
import { RawClient } from '../support/client.ts';
import { tlsText } from '../support/tls.ts';
import { startRawUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { bodyOf, type Echo, echo, KINDS, over, withSession } from './embedded-client.ts';
import { configuration, Host, type Kind, simple, withHost } from './embedded-rig.ts';

/** A server that says `answer` to everything. */
async function withAnswer(answer: string, kind: Kind, story: (host: Host) => Promise<void>): Promise<void> {
  const upstream = await startRawUpstream((socket) => socket.on('data', () => socket.write(answer, 'latin1')));
  const host = await Host.start(`global\n    tune.bufsize 65536\n${simple(upstream)}`, kind);
  try {
    await story(host);
  } finally {
    await host.stop();
    await upstream.stop();
  }
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const early = (lines: string) => `HTTP/1.1 103 Early Hints\r\n${lines}\r\n${OK}`;

/** What is passed on of odd answers: status and body with HTTP/1.1, and with HTTP/2. */
const ANSWERS: readonly (readonly [what: string, answer: string, one: string, two: string])[] = [
  ['a head of 24 kB', `HTTP/1.1 200 OK\r\n${`X: ${'a'.repeat(8000)}\r\n`.repeat(3)}Content-Length: 2\r\n\r\nhi`, '200 hi', '200 hi'],
  ['a status that HTTP/2 does not have', 'HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\nhi', '999 hi', '502 '],
  ['two links in one line of 103', early('Link: </a.css>; rel=preload, </b.js>; rel=preload\r\n'), '200 hi', '200 hi'],
  ['a link that Node does not write', early('Link: </a.css>; rel="preload stylesheet"\r\n'), '200 hi', '200 hi'],
  ['103 with two lines of a single field', early('Link: </a>; rel=preload\r\nETag: a\r\nETag: b\r\n'), '200 hi', '200 hi'],
  [
    'trailers with two lines of a single field, and of the connection',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nETag: a\r\nETag: b\r\nConnection: close\r\nTE: x\r\n\r\n',
    '200 hi',
    '200 hi',
  ],
  ['304 with two lines of a single field', 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nETag: "b"\r\n\r\n', '304 ', '304 '],
  ['fields of a connection', 'HTTP/1.1 200 OK\r\nTE: gzip\r\nHTTP2-Settings: x\r\nContent-Length: 2\r\n\r\nhi', '200 hi', '200 hi'],
];

for (const kind of KINDS) {
  const isTwo = kind.startsWith('http2');

  describe(`a host of ${kind}`, () => {
    for (const [what, answer, one, two] of ANSWERS) {
      it(`passes on ${what}`, () =>
        withAnswer(answer, kind, async (host) => {
          const { status, body } = await over(host, kind);
          assert.equal(`${status} ${status === 502 ? '' : body}`, isTwo ? two : one);
          await host.idle();
          assert.deepEqual(
            host.lines.filter((line) => line.includes('internal error')),
            [],
          );
        }));
    }

    it('lives on when a server says a field twice that Node writes once', async () => {
      const names = [...SINGLE_FIELDS].filter((name) => name !== 'content-length');
      const lines = names.map((name) => `${name}: 1\r\n${name}: 2\r\n`).join('');
      await withAnswer(`HTTP/1.1 200 OK\r\n${lines}Content-Length: 2\r\n\r\nhi`, kind, async (host) => {
        const { status, headers, body } = await over(host, kind);
        assert.deepEqual([status, body], [200, 'hi']);
        if (isTwo) for (const name of names) assert.equal(headers[name], '1', name);
      });
    });

    it('has a request answered whose body does not come', () =>
      withHost({ lines: 'http-request deny deny_status 401' }, kind, async (host) => {
        if (isTwo) {
          await withSession(host, kind, async (session) => {
            const stream = session.request({ ':method': 'POST' }, { endStream: false });
            stream.on('error', () => {});
            const [head] = await once(stream, 'response');
            assert.equal(head[':status'], 401);
          });
          return;
        }
        const send = kind === 'http' ? request : https.request;
        const headers = { 'content-length': '10' };
        const outgoing = send({ host: '127.0.0.1', port: host.port, method: 'POST', agent: false, ca: tlsText('ca'), headers });
        outgoing.on('error', () => {});
        outgoing.flushHeaders();
        const [response] = await once(outgoing, 'response');
        assert.equal(response.statusCode, 401);
        outgoing.destroy();
      }));
  });
}

describe('the certificate of a client', () => {
  const names = ['ssl_c_used', 'ssl_c_s_dn(cn)', 'ssl_f_s_dn(cn)', 'ssl_fc_session_id,length', 'ssl_fc_unique_id,length'];
  const lines = `log stdout format raw local0
    log-format "%HU dn=%[ssl_c_s_dn(cn)] used=%[ssl_c_used]"
    ${names.map((name, index) => `http-request set-header X-Tls-${index} %[${name}]`).join('\n    ')}`;

  for (const kind of ['https', 'http2s'] as const) {
    it(`is there for each request of a connection of ${kind}, and for its log line when it has left`, () =>
      withHost({ handler: (asked, response) => (asked.url === '/hang' ? undefined : echo(asked, response)), lines }, kind, async (host) => {
        const own = { cert: tlsText('client'), key: tlsText('client') };
        const seen: (readonly (string | undefined)[])[] = [];
        const note = (body: string) => {
          const { headers } = JSON.parse(body) as Echo;
          seen.push(names.map((_, index) => headers[`x-tls-${index}`]));
        };
        const isHere = () => until('it is at the server', () => host.row('app', 's1').scur === 1);
        if (kind === 'http2s') {
          await withSession(
            host,
            kind,
            async (session) => {
              for (const _ of [1, 2, 3]) note(await bodyOf(session.request({ ':path': '/' })));
              const left = session.request({ ':path': '/hang' });
              left.on('error', () => {});
              await isHere();
            },
            own,
          );
        } else {
          const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
          const options = { host: '127.0.0.1', port: host.port, agent, ca: tlsText('ca'), ...own };
          for (const _ of [1, 2, 3]) note(await bodyOf((await once(https.get(options), 'response'))[0]));
          const left = https.get({ ...options, path: '/hang' });
          left.on('error', () => {});
          await isHere();
          left.destroy();
          agent.destroy();
        }
        assert.deepEqual(seen[0]?.slice(0, 3), ['1', 'alice', 'example.test']);
        assert.deepEqual(seen[1], seen[0]);
        assert.deepEqual(seen[2], seen[0]);
        const line = await until('it is logged', () => host.lines.find((text) => text.includes('/hang')));
        assert.match(line, /dn=alice used=1$/);
      }));
  }
});

describe('a host’s own doings', () => {
  it('listening for a frontend is nothing to be warned of', () => withHost({}, 'http', async ({ lines }) => assert.deepEqual(lines, [])));

  it('what its next handler throws is its own to catch, and none of ours to log', async () => {
    const script = `
      import { createServer, get } from 'node:http';
      import { createBalancer } from ${JSON.stringify(new URL('../../src/embedding.js', import.meta.url))};
      process.on('uncaughtException', ({ message }) => { console.log(message); process.exit(); });
      const balancer = await createBalancer({ config: ${JSON.stringify(configuration('frontend www\n'))}, fallthrough: true, log: console.log });
      const server = createServer((req, res) => balancer.web(req, res, () => { throw new Error('of the host'); }));
      server.listen(0, '127.0.0.1', () => get({ host: '127.0.0.1', port: server.address().port }).on('error', () => {}));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { timeout: 30_000 });
    assert.equal(stdout, 'of the host\n');
  });

  it('a method that Node’s client would tunnel is no request', () =>
    withHost(
      {},
      'http',
      async ({ port }) => {
        const client = await RawClient.connect(port);
        client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        assert.match(await client.readAll(), /^HTTP\/1\.1 400 /);
      },
      {},
      (asked, response, balancer) => {
        (asked as { method: string }).method = 'CONNECT';
        balancer.web(asked, response);
      },
    ));

  it('a head that it has said itself is told in the log, and is no fault of ours', () =>
    withHost(
      {},
      'http',
      async (host) => {
        const client = await RawClient.connect(host.port);
        client.send('GET /both HTTP/1.1\r\nHost: a\r\n\r\n');
        await until('it is told', () => host.lines.find((line) => line.includes('the host has answered GET /both itself')));
        assert.ok(!host.lines.some((line) => line.includes('internal error')));
        client.close();
      },
      {},
      (asked, response, balancer) => {
        response.writeHead(200);
        balancer.web(asked, response);
      },
    ));

  it('the framing that it has set before gives way to the server’s', () =>
    withHost(
      { handler: (asked, response) => (asked.url === '/chunked' ? response.write('chunked') && response.end() : response.end('whole')) },
      'http',
      async (host) => {
        for (const body of ['whole', 'chunked']) {
          const got = await over(host, 'http', { path: `/${body}` });
          assert.equal(got.body, body);
          assert.equal('transfer-encoding' in got.headers, body === 'chunked');
          assert.equal('content-length' in got.headers, body === 'whole');
        }
      },
      {},
      (asked, response, balancer) => {
        if (asked.url === '/chunked') response.setHeader('content-length', 3);
        else response.setHeader('transfer-encoding', 'chunked');
        balancer.web(asked, response);
      },
    ));
});

describe('a WebSocket that waits for its server', () => {
  const ASKED = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
  const config = (more: string) => (upstream: Upstream) => simple(upstream).replace(upstream.address, `${upstream.address} ${more}`);

  it('frees its place when its client leaves, at the server and in the queue', async () => {
    const upstream = await startRawUpstream((socket) => socket.resume());
    const host = await Host.start(config('maxconn 1')(upstream));
    try {
      const first = await RawClient.connect(host.port);
      first.send(ASKED);
      await until('it is at the server', () => host.row('app', 's1').scur === 1);
      const second = await RawClient.connect(host.port);
      second.send(ASKED);
      await until('it is in the queue', () => host.row('app', 'BACKEND').qcur === 1);
      second.close();
      await until('its place is free', () => host.row('app', 'BACKEND').qcur === 0);
      assert.equal(host.row('app', 's1').scur, 1);
      first.close();
      await host.idle();
    } finally {
      await host.stop();
      await upstream.stop();
    }
  });

  it('has what its client has said already passed on when it is open', async () => {
    const upstream = await startRawUpstream((socket) => {
      let said = '';
      socket.on('data', (bytes) => {
        said += bytes.toString('latin1');
        if (said.endsWith('\r\n\r\n'))
          socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
        if (said.endsWith('last')) socket.end(said.slice(said.indexOf('\r\n\r\n') + 4));
      });
    });
    const host = await Host.start(simple(upstream));
    try {
      const early = 'e'.repeat(100_000);
      const client = await RawClient.connect(host.port);
      client.send(ASKED + early);
      await client.readUntil('\r\n\r\n');
      client.send('last');
      const answer = await client.readAll();
      assert.ok(answer.endsWith(`${early}last`));
    } finally {
      await host.stop();
      await upstream.stop();
    }
  });
});

describe('a body that the host gives', () => {
  const giving = (body: Readable, handler: RequestListener, story: (host: Host) => Promise<void>) =>
    withHost({ handler }, 'http', story, {}, (asked, response, balancer) => balancer.web(asked, response, undefined, { body }));

  it('is ended when its client leaves', () => {
    const body = new Readable({ read() {} });
    return giving(
      body,
      () => {},
      async (host) => {
        const client = await RawClient.connect(host.port);
        client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
        await until('the request is at the server', () => host.row('app', 's1').scur === 1);
        client.close();
        await until('the body is ended', () => body.destroyed);
        await host.idle();
      },
    );
  });

  it('is told in the log when it fails', () => {
    const body = new Readable({
      read() {
        this.destroy(new Error('the disk is gone'));
      },
    });
    return giving(
      body,
      () => {},
      async (host) => {
        await assert.rejects(over(host, 'http', { method: 'POST', path: '/x' }));
        assert.ok(
          host.lines.some((line) => line.endsWith('www: the body given for POST /x has failed: the disk is gone')),
          host.lines.join(),
        );
      },
    );
  });

  it('is refused when it has ended before', async () => {
    const body = Readable.from(['a']);
    for await (const _ of body);
    await giving(body, echo, async (host) => {
      assert.equal((await over(host, 'http', { method: 'POST' })).status, 500);
      assert.ok(host.lines.some((line) => line.includes('was read or ended before web()')));
    });
  });
});

describe('reloads', () => {
  it('to other sections leave nothing behind at a connection that stays', () =>
    withHost({ handler: echo }, 'http', async (host, upstream) => {
      const warnings: Error[] = [];
      const hear = (warning: Error) => warnings.push(warning);
      process.on('warning', hear);
      const client = await RawClient.connect(host.port);
      for (let round = 0; round < 14; round++) {
        await host.balancer.reload({ config: simple(upstream).replace('frontend www', `frontend www${round % 2}`) });
        client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        await client.readResponse();
      }
      const [name] = host.balancer.stats().flatMap(({ pxname, svname }) => (svname === 'FRONTEND' ? [String(pxname)] : []));
      assert.equal(name, 'www1');
      assert.equal(host.row('www1', 'FRONTEND').scur, 1);
      client.close();
      await new Promise(setImmediate);
      process.off('warning', hear);
      assert.deepEqual(warnings, []);
    }));
});

describe('a listener of the log', () => {
  it('that throws does so outside of what has spoken', async () => {
    const script = `
      import { createBalancer } from ${JSON.stringify(new URL('../../src/embedding.js', import.meta.url))};
      let inside = false;
      process.on('uncaughtException', ({ message }) => console.log(message, inside));
      const log = () => { throw new Error('of the host'); };
      const balancer = await createBalancer({ config: ${JSON.stringify(configuration('frontend www\n'))}, log });
      inside = true;
      const closed = balancer.close({ drainMs: 0 });
      inside = false;
      await closed;
      console.log('closed');`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { timeout: 30_000 });
    assert.match(stdout, /of the host false\n/);
    assert.match(stdout, /closed\n/);
    assert.doesNotMatch(stdout, /true/);
  });
});

describe('a balancer that is closed', () => {
  it('is kept by nothing, metrics of its process included', async () => {
    const config = configuration('frontend www\n    http-request use-service prometheus-exporter if { path /metrics }\n');
    const script = `
      import { createBalancer } from ${JSON.stringify(new URL('../../src/embedding.js', import.meta.url))};
      const made = [];
      const one = async () => {
        const balancer = await createBalancer({ config: ${JSON.stringify(config)} });
        made.push(new WeakRef(balancer));
        await balancer.close({ drainMs: 0 });
      };
      for (let round = 0; round < 20; round++) await one();
      for (let round = 0; round < 10; round++) {
        await new Promise(setImmediate);
        globalThis.gc();
      }
      console.log(made.filter((ref) => ref.deref() !== undefined).length);`;
    const words = ['--expose-gc', '--input-type=module', '-e', script];
    const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: 30_000 });
    // The last one may still be named by a frame that has ended.
    assert.ok(Number(stdout) <= 2, `${stdout.trim()} of 20 are still there`);
  });
});
