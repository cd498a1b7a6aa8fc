/** `createBalancer` as its host uses it: as middleware, for WebSockets, under load, through reloads and to its end. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type RequestListener, request } from 'node:http';
import http2 from 'node:http2';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { ConfigurationError, createBalancer, type NodeRequest } from '../../src/embedding.ts';
import { ask, RawClient } from '../support/client.ts';
import { serve, startUpstream } from '../support/upstream.ts';
import { settled, until } from '../support/wait.ts';
import { configuration, type Handler, Host, simple, withHost } from './embedded-rig.ts';

const MIB = 1024 * 1024;
/** More than the buffers of four sockets take, whose limits are up to 32 MiB on common systems. */
const STALLING = 192 * MIB;

async function textOf(from: NodeRequest): Promise<string> {
  let text = '';
  for await (const chunk of from) text += chunk;
  return text;
}

const saying: RequestListener = async (asked, response) => response.end(`server: ${asked.method} ${asked.url} ${await textOf(asked)}`);

describe('as middleware', () => {
  const routes = ({ address }: { readonly address: string }) =>
    configuration('frontend www\n    use_backend app if { path_beg /app }\nbackend app\n    server s1 %1\n', [{ address } as never]);
  const own: Handler = (asked, response, balancer) =>
    balancer.web(asked, response, async () => response.end(`host: ${asked.method} ${await textOf(asked)}`));

  it('leaves to the host what no route takes, with its body untouched', () =>
    withHost(
      { handler: saying, config: routes },
      'http',
      async ({ port }) => {
        assert.equal((await ask(port, { path: '/app' })).body, 'server: GET /app ');
        assert.equal((await ask(port, { path: '/' })).body, 'host: GET ');
        const large = 'x'.repeat(300_000);
        assert.equal((await ask(port, { path: '/', method: 'POST', body: large })).body, `host: POST ${large}`);
        assert.equal((await ask(port, { path: '/app', method: 'POST', body: large })).body, `server: POST /app ${large}`);
        assert.equal((await ask(port, { path: '/', method: 'PUT', body: 'again' })).body, 'host: PUT again');
      },
      { fallthrough: true },
      own,
    ));

  it('answers for itself where that is not asked for', () =>
    withHost(
      { handler: saying, config: routes },
      'http',
      async ({ port }) => assert.equal((await ask(port, { path: '/' })).status, 503),
      {},
      own,
    ));

  it('goes by what a middleware before it has changed', () => {
    const changed: Handler = (asked, response, balancer) => {
      asked.headers['x-user'] = 'alice';
      delete asked.headers['x-secret'];
      asked.url = '/changed';
      balancer.web(asked, response);
    };
    const handler: RequestListener = ({ url, headers }, response) => response.end(`${url} ${headers['x-user']} ${headers['x-secret']}`);
    return withHost(
      { handler },
      'http',
      async ({ port }) =>
        assert.equal((await ask(port, { headers: { 'x-user': 'mallory', 'x-secret': '1' } })).body, '/changed alice undefined'),
      {},
      changed,
    );
  });

  it('takes a body that was read before from where it is now, and says so where it is not told', () => {
    const parsed: Handler = async (asked, response, balancer) => {
      const text = await textOf(asked);
      if (asked.url === '/text') balancer.web(asked, response, undefined, { body: text.toUpperCase() });
      else if (asked.url === '/stream')
        balancer.web(asked, response, undefined, { body: Readable.from([Buffer.from(text), Buffer.from('!')]) });
      else balancer.web(asked, response);
    };
    return withHost(
      { handler: saying },
      'http',
      async (host) => {
        const post = (path: string) => ask(host.port, { method: 'POST', path, body: 'caf\u00e9' });
        assert.equal(Buffer.from((await post('/text')).body, 'latin1').toString(), 'server: POST /text CAF\u00c9');
        assert.equal(Buffer.from((await post('/stream')).body, 'latin1').toString(), 'server: POST /stream caf\u00e9!');
        assert.equal((await post('/lost')).status, 500);
        assert.ok(host.lines.some((line) => line.includes("the body of POST /lost was read before web(): pass it as 'body'")));
      },
      {},
      parsed,
    );
  });

  it('leaves an answer alone that the host has given already', () => {
    const answered: Handler = (asked, response, balancer) => {
      response.end('host');
      balancer.web(asked, response);
    };
    return withHost({ handler: saying }, 'http', async ({ port }) => assert.equal((await ask(port)).body, 'host'), {}, answered);
  });
});

describe('a slow side', () => {
  it('holds up the server behind a response, and then gets all of it', () => {
    let written = 0;
    const chunk = Buffer.alloc(MIB, 'x');
    const handler: RequestListener = async (_asked, response) => {
      response.on('error', () => {});
      while (written < STALLING && !response.destroyed) {
        written += MIB;
        if (!response.write(chunk)) await once(response, 'drain', { signal: AbortSignal.timeout(60_000) });
      }
      response.end();
    };
    return withHost({ handler }, 'http', async (host) => {
      const before = process.memoryUsage().rss;
      const client = connect(host.port, '127.0.0.1');
      client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      await once(client, 'readable');
      const stopped = await settled('the server is held up', () => written);
      assert.ok(stopped < STALLING, `${stopped} bytes were taken of a server whose client does not read`);
      const grown = process.memoryUsage().rss - before;
      assert.ok(grown < STALLING / 2, `the process has grown by ${grown} bytes`);
      let received = 0;
      client.on('data', (bytes: Buffer) => {
        received += bytes.length;
      });
      await once(client, 'end');
      assert.ok(received > STALLING);
      client.destroy();
    });
  });

  it('holds up a client that uploads', () => {
    const handler: RequestListener = () => {};
    return withHost({ handler }, 'http', async (host) => {
      const outgoing = request({ host: '127.0.0.1', port: host.port, method: 'PUT', agent: false });
      outgoing.on('error', () => {});
      let written = 0;
      const chunk = Buffer.alloc(MIB, 'x');
      const send = () => {
        while (written < STALLING) {
          written += MIB;
          if (!outgoing.write(chunk)) return;
        }
      };
      outgoing.on('drain', send);
      send();
      const stopped = await settled('the client is held up', () => written);
      assert.ok(stopped < STALLING, `${stopped} bytes were taken of a client whose server does not read`);
      outgoing.destroy();
    });
  });
});

describe('WebSockets', () => {
  async function withChat(story: (host: Host) => Promise<void>): Promise<void> {
    const chat = new WebSocketServer({
      port: 0,
      host: '127.0.0.1',
      verifyClient: ({ req }, done) => done(req.url !== '/no', 403, 'not you'),
    });
    await once(chat, 'listening');
    chat.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })));
    const { port } = chat.address() as { readonly port: number };
    const host = await Host.start(simple({ address: `127.0.0.1:${port}` } as never));
    try {
      await story(host);
    } finally {
      for (const client of chat.clients) client.terminate();
      chat.close();
      await host.stop();
    }
  }

  const dial = ({ port }: Host, path = '/') => new WebSocket(`ws://127.0.0.1:${port}${path}`);

  it('speak both ways, and end both ways', () =>
    withChat(async (host) => {
      const client = dial(host);
      await once(client, 'open');
      for (const size of [1, 65_536, MIB]) {
        client.send(Buffer.alloc(size, 'z'));
        const [data] = (await once(client, 'message')) as [Buffer];
        assert.equal(data.length, size);
      }
      assert.equal(host.row('app', 's1').scur, 1);
      client.close(1000, 'bye');
      const [code] = (await once(client, 'close')) as [number];
      assert.equal(code, 1000);
      await host.idle();
    }));

  it('free the slot when a client breaks off', () =>
    withChat(async (host) => {
      const client = dial(host);
      await once(client, 'open');
      assert.equal(host.row('app', 's1').scur, 1);
      client.terminate();
      await host.idle();
    }));

  it('are refused as the server refuses them', () =>
    withChat(async (host) => {
      const client = dial(host, '/no');
      const [, response] = (await once(client, 'unexpected-response')) as [unknown, NodeRequest & { readonly statusCode: number }];
      assert.deepEqual([response.statusCode, await textOf(response)], [403, 'not you']);
      await host.idle();
    }));

  it('are refused when the balancer is closed; nothing else is an upgrade', () =>
    withChat(async (host) => {
      const other = await RawClient.connect(host.port);
      other.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
      assert.match(await other.readAll(), /^HTTP\/1\.1 400 /);
      await host.balancer.close({ drainMs: 0 });
      const client = dial(host);
      const [, response] = (await once(client, 'unexpected-response')) as [unknown, { readonly statusCode: number }];
      assert.equal(response.statusCode, 503);
    }));
});

describe('createBalancer', () => {
  const refused = async (config: string, frontend?: string): Promise<ConfigurationError> => {
    const options = frontend === undefined ? { config } : { config, frontend };
    return createBalancer(options).then(
      () => assert.fail('it should have been refused'),
      (error: unknown) => error as ConfigurationError,
    );
  };

  it('says what is wrong with a configuration, and where', async () => {
    const error = await refused('frontend www\n    bnd :80\n');
    assert.ok(error instanceof ConfigurationError);
    const [alert] = error.diagnostics.filter(({ severity }) => severity === 'alert');
    assert.deepEqual([alert?.file, alert?.line], ['config', 2]);
    assert.match(error.message, /^config : parsing \[config:2\] : unknown keyword 'bnd' in 'frontend' section/);
  });

  const TWO =
    'defaults\n    mode http\nfrontend one\n    default_backend b\nfrontend two\n    mode tcp\n    default_backend t\nbackend b\nbackend t\n    mode tcp\n';
  for (const [config, frontend, message] of [
    ['backend app\n    mode http\n', undefined, /no section takes requests: there is no 'frontend' and no 'listen' section/],
    [TWO, 'three', /no section takes requests as 'three': there are 'one', 'two'/],
    [TWO, 'two', /'two' is in mode tcp, and takes no requests/],
  ] as const) {
    it(`refuses ${message.source}`, async () => assert.match((await refused(config, frontend)).message, message));
  }

  it('needs neither a bind line nor what stands in one, and listens where it is told to', async () => {
    const upstream = await startUpstream('s1');
    const text = configuration(
      'frontend www\n    bind 127.0.0.1:0 ssl crt /nowhere.pem\n    default_backend app\nbackend app\n    server s1 %1\n',
      [upstream],
    );
    const host = await Host.start(text);
    assert.equal((await ask(host.port)).body, 's1');
    assert.equal(host.lines.join('\n').includes('bind'), false);
    await host.stop();
    const taken = await serve((await import('node:net')).createServer());
    const busy = configuration(`frontend www\n    bind ${taken.address}\n    default_backend app\nbackend app\n    server s1 %1\n`, [
      upstream,
    ]);
    await assert.rejects(createBalancer({ config: busy, listen: true }), /cannot bind socket \(Address already in use\)/);
    await taken.stop();
    const both = await createBalancer({ config: busy, listen: true });
    assert.equal((await ask(taken.port)).body, 's1');
    await both.close({ drainMs: 0 });
    await upstream.stop();
  });

  it('makes as many as are wanted, which know nothing of each other', async () => {
    const servers = await Promise.all(['one', 'two'].map((name) => startUpstream(name)));
    const hosts = await Promise.all(servers.map((server) => Host.start(simple(server))));
    for (const [index, host] of hosts.entries()) {
      assert.equal((await ask(host.port)).body, ['one', 'two'][index]);
      assert.equal(host.row('www', 'FRONTEND').req_tot, 1);
    }
    await hosts[0]?.stop();
    assert.equal((await ask(hosts[1]?.port ?? 0)).body, 'two');
    await hosts[1]?.stop();
    for (const server of servers) await server.stop();
  });

  it('goes over to another configuration under living connections, or to none', async () => {
    const servers = await Promise.all(['one', 'two'].map((name) => startUpstream(name)));
    const [one, two] = servers as [(typeof servers)[0], (typeof servers)[0]];
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-embedding-'));
    const file = join(folder, 'haproxy.cfg');
    writeFileSync(file, simple(one));
    const host = await Host.start(simple(one));
    const client = await RawClient.connect(host.port);
    const get = async () => {
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      return (await client.readResponse()).body;
    };
    assert.equal(await get(), 'one');
    await host.balancer.reload({ config: simple(two) });
    assert.equal(await get(), 'two');
    await assert.rejects(host.balancer.reload({ config: 'frontend www\n    bnd\n' }), ConfigurationError);
    assert.equal(await get(), 'two');
    await host.balancer.reload({ configFile: file });
    assert.equal(await get(), 'one');
    writeFileSync(file, simple(two));
    await host.balancer.reload();
    assert.equal(await get(), 'two');
    client.close();
    await host.stop();
    rmSync(folder, { recursive: true });
    for (const server of servers) await server.stop();
  });

  it('goes over to another section with those who are connected', async () => {
    const sections = (order: readonly string[]) =>
      configuration(
        order.map((name) => `frontend ${name}\n    http-request return status 200 content-type text/plain string ${name}\n`).join(''),
      );
    const host = await Host.start(sections(['one', 'two']));
    const client = await RawClient.connect(host.port);
    const get = async () => {
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      return (await client.readResponse()).body;
    };
    assert.equal(await get(), 'one');
    await host.balancer.reload({ config: sections(['two', 'one']) });
    assert.equal(await get(), 'two');
    client.close();
    await host.stop();
  });

  it('lets what is under way end before it closes, and takes nothing more', () => {
    let finish = () => {};
    const handler: RequestListener = (_asked, response) => {
      finish = () => response.end('done');
    };
    return withHost({ handler }, 'http', async (host) => {
      const asked = ask(host.port);
      await until('the request is at the server', () => host.row('app', 's1').scur === 1);
      const closed = host.balancer.close();
      assert.equal((await ask(host.port)).status, 503);
      finish();
      assert.equal((await asked).body, 'done');
      await closed;
      await host.balancer[Symbol.asyncDispose]();
    });
  });

  it('cuts what does not end in its time', () =>
    withHost({ handler: () => {} }, 'http', async (host) => {
      const asked = ask(host.port);
      await until('the request is at the server', () => host.row('app', 's1').scur === 1);
      const rejected = assert.rejects(asked, /socket hang up|ECONNRESET/);
      await host.balancer.close({ drainMs: 0 });
      await rejected;
    }));

  it('tells why a URL is routed or not', () =>
    withHost({ handler: saying }, 'http', async ({ balancer }) => {
      const { routed, text } = balancer.explain('http://example.test/path');
      assert.equal(routed, true, text);
      assert.match(text, /backend app \(config:\d+\), balance roundrobin/);
    }));

  it('touches nothing of its host’s process', async () => {
    const listeners = () => ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'uncaughtException'].map((name) => process.listenerCount(name));
    const before = listeners();
    await withHost({ handler: saying }, 'http', async ({ port }) => {
      await ask(port);
      assert.deepEqual(listeners(), before);
    });
    assert.deepEqual(listeners(), before);
  });
});

describe('an HTTP/2 host', () => {
  it('carries streams at the same time, each on its own way', async () => {
    const handler: RequestListener = (asked, response) => setImmediate(() => response.end(asked.url));
    await withHost({ handler }, 'http2', async (host) => {
      const session = http2.connect(host.url);
      const answers = await Promise.all(
        Array.from({ length: 50 }, async (_, index) => {
          const stream = session.request({ ':path': `/${index}` });
          let text = '';
          for await (const chunk of stream) text += chunk;
          return text;
        }),
      );
      assert.deepEqual(
        answers,
        Array.from({ length: 50 }, (_, index) => `/${index}`),
      );
      session.close();
      await until('the balancer hears of its end', () => host.row('www', 'FRONTEND').scur === 0);
    });
  });
});
