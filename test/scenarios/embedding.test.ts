/** `createBalancer` inside of a host: what its requests become, by every server that Node has. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, type RequestListener, request } from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { describe, it } from 'node:test';
import { ask, RawClient } from '../support/client.ts';
import { tlsText } from '../support/tls.ts';
import { until } from '../support/wait.ts';
import { bodyOf, type Echo, echo, KINDS, over, overTwo, withSession } from './embedded-client.ts';
import { withHost } from './embedded-rig.ts';

for (const kind of KINDS) {
  describe(`a host of ${kind}`, () => {
    const secure = kind.endsWith('s');

    it('has its requests carried whole', () =>
      withHost({ handler: echo }, kind, async (host) => {
        const headers = { 'x-one': ['a', 'b'], cookie: 'a=1; b=2', 'x-odd': 'caf\xe9' };
        const got = await over(host, kind, { method: 'POST', path: '//a//b/../c?x=//y&z=%2F', headers, body: 'hello' });
        const echoed = JSON.parse(got.body) as Echo;
        assert.equal(got.status, 200);
        assert.deepEqual([echoed.method, echoed.url, echoed.body], ['POST', '//a//b/../c?x=//y&z=%2F', 'hello']);
        assert.equal(echoed.headers.host, `127.0.0.1:${host.port}`);
        assert.equal(echoed.headers['x-one'], 'a, b');
        assert.equal(echoed.headers.cookie, 'a=1; b=2');
        assert.equal(echoed.headers['x-odd'], 'caf\xe9');
        assert.deepEqual(
          Object.keys(echoed.headers).filter((name) => name.startsWith(':')),
          [],
        );
      }));

    it('has a body of unknown length carried with any method', () =>
      withHost({ handler: echo }, kind, async (host) => {
        for (const method of ['GET', 'DELETE', 'OPTIONS', 'PUT']) {
          const headers = kind.startsWith('http2') ? {} : { 'transfer-encoding': 'chunked' };
          const echoed = JSON.parse((await over(host, kind, { method, headers, body: 'some body' })).body) as Echo;
          assert.deepEqual([echoed.method, echoed.body], [method, 'some body']);
        }
        const none = JSON.parse((await over(host, kind, { method: 'DELETE' })).body) as Echo;
        assert.deepEqual([none.method, none.body, none.headers['transfer-encoding']], ['DELETE', '', undefined]);
      }));

    it('gets heads line by line, and no body where there is none', () => {
      const handler: RequestListener = (asked, response) => {
        response.setHeader('X-Two', ['1', '2']);
        response.setHeader('Set-Cookie', ['a=1', 'b=2']);
        response.setHeader('Content-Type', 'text/x');
        if (asked.url === '/204') response.writeHead(204).end();
        else if (asked.url === '/304') response.writeHead(304, { etag: '"x"' }).end();
        else response.writeHead(201, { 'Content-Length': 4 }).end('four');
      };
      return withHost({ handler }, kind, async (host) => {
        const got = await over(host, kind);
        assert.deepEqual([got.status, got.body, got.headers['x-two'], got.headers['content-length']], [201, 'four', '1, 2', '4']);
        assert.deepEqual(got.headers['set-cookie'], ['a=1', 'b=2']);
        const head = await over(host, kind, { method: 'HEAD' });
        assert.deepEqual([head.status, head.body, head.headers['content-length']], [201, '', '4']);
        assert.deepEqual(
          [(await over(host, kind, { path: '/204' })).status, (await over(host, kind, { path: '/304' })).status],
          [204, 304],
        );
      });
    });

    it('has the trailers of both sides', () => {
      const handler: RequestListener = async (asked, response) => {
        await bodyOf(asked);
        response.writeHead(200, { trailer: 'X-Sum' });
        response.write('body');
        response.addTrailers({ 'X-Sum': `of ${asked.trailers['x-client'] ?? 'nothing'}` });
        response.end();
      };
      return withHost({ handler }, kind, async (host) => {
        assert.equal((await over(host, kind)).trailers['x-sum'], 'of nothing');
      });
    });

    it('has rules, counters and logs see its client', () =>
      withHost(
        {
          handler: echo,
          lines: `option forwardfor
    option httplog
    log stdout format raw local0
    http-request set-header X-Forwarded-Proto https if { ssl_fc }
    http-request set-header X-Port %[src_port]
    http-request deny deny_status 403 if { path /no }`,
        },
        kind,
        async (host) => {
          const echoed = JSON.parse((await over(host, kind, { path: '/yes' })).body) as Echo;
          assert.equal(echoed.headers['x-forwarded-for'], '127.0.0.1');
          assert.equal(echoed.headers['x-forwarded-proto'], secure ? 'https' : undefined);
          const refused = await over(host, kind, { path: '/no' });
          assert.deepEqual([refused.status, /Request forbidden/.test(refused.body)], [403, true]);
          await host.idle();
          assert.deepEqual(
            [host.row('www', 'FRONTEND').req_tot, host.row('www', 'FRONTEND').hrsp_4xx, host.row('app', 's1').stot],
            [2, 1, 1],
          );
          const line = await until('the request is logged', () => host.lines.find((text) => text.includes('GET /yes')));
          assert.match(line, new RegExp(`^127\\.0\\.0\\.1:${echoed.headers['x-port']} .* www${secure ? '~' : ''} app/s1 .* 200 .* ----`));
        },
      ));

    it('says what the balancer says when there is no server', () =>
      withHost({ config: () => 'frontend www\n mode http\n default_backend app\nbackend app\n mode http\n' }, kind, async (host) => {
        const got = await over(host, kind, { method: 'POST', body: 'x' });
        assert.deepEqual([got.status, /No server is available/.test(got.body)], [503, true]);
      }));

    it('tells its client when a response was cut', () => {
      const handler: RequestListener = (_asked, response) => {
        response.writeHead(200, { 'content-length': 1000 });
        response.write('half');
        setImmediate(() => response.destroy());
      };
      return withHost({ handler }, kind, async (host) => {
        await assert.rejects(over(host, kind), /aborted|closed|NGHTTP2_INTERNAL_ERROR|ECONNRESET/);
        await host.idle();
      });
    });

    it('frees the slot and the server when its client leaves, be its request complete or not', () => {
      const here: string[] = [];
      const gone: string[] = [];
      const handler: RequestListener = (asked, response) => {
        asked.resume();
        here.push(asked.method ?? '');
        response.once('close', () => gone.push(asked.method ?? ''));
      };
      return withHost({ handler }, kind, async (host) => {
        const leave = async (method: string, body: boolean) => {
          const headers = { 'content-length': '100' };
          // A slot is taken before the server has read anything.
          const isHere = () => until('the request is at the server', () => here.includes(method) && host.row('app', 'BACKEND').scur === 1);
          if (kind.startsWith('http2')) {
            await withSession(host, kind, async (session) => {
              const stream = session.request({ ':method': method, ...(body ? headers : {}) }, { endStream: !body });
              stream.on('error', () => {});
              if (body) stream.write('some');
              await isHere();
              stream.close(http2.constants.NGHTTP2_CANCEL);
              await until('the server hears of it', () => gone.includes(method));
            });
            return;
          }
          const send = kind === 'http' ? request : https.request;
          const outgoing = send({
            host: '127.0.0.1',
            port: host.port,
            method,
            agent: false,
            ca: tlsText('ca'),
            headers: body ? headers : {},
          });
          outgoing.on('error', () => {});
          if (body) outgoing.write('some');
          else outgoing.end();
          await isHere();
          outgoing.destroy();
          await until('the server hears of it', () => gone.includes(method));
        };
        await leave('GET', false);
        await leave('PUT', true);
        await host.idle();
      });
    });
  });
}

describe('what stands on Node’s own connection', () => {
  it('shares one connection of the balancer among its requests', () =>
    withHost(
      { handler: echo, lines: 'http-request set-header X-Seen %[var(sess.seen)]\n    http-request set-var(sess.seen) path' },
      'http',
      async (host) => {
        const client = await RawClient.connect(host.port);
        const seen: (string | undefined)[] = [];
        for (const path of ['/one', '/two', '/three']) {
          client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
          const { headers } = JSON.parse((await client.readResponse()).body) as Echo;
          seen.push(headers['x-seen']);
        }
        assert.deepEqual(seen, ['', '/one', '/two']);
        const other = await RawClient.connect(host.port);
        other.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        assert.equal((JSON.parse((await other.readResponse()).body) as Echo).headers['x-seen'], '');
        assert.equal(host.row('www', 'FRONTEND').stot, 2);
        client.close();
        other.close();
        await until('the balancer hears of their end', () => host.row('www', 'FRONTEND').scur === 0);
      },
    ));

  it('answers pipelined requests in their order', () =>
    withHost({ handler: echo }, 'http', async (host) => {
      const client = await RawClient.connect(host.port);
      client.send(['/1', '/2', '/3'].map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''));
      for (const path of ['/1', '/2', '/3']) assert.equal((JSON.parse((await client.readResponse()).body) as Echo).url, path);
      client.close();
    }));

  it('keeps the letters of names and the lines of the same name', () =>
    withHost({ handler: echo }, 'http', async (host) => {
      const client = await RawClient.connect(host.port);
      client.send('GET / HTTP/1.1\r\nHOST: a\r\nX-CamelCase: 1\r\nx-camelcase: 2\r\nConnection: close, X-Hop\r\nX-Hop: no\r\n\r\n');
      const { lines } = JSON.parse((await client.readResponse()).body) as Echo;
      assert.deepEqual(
        lines.filter((_, index) => lines[index - (index % 2)]?.toLowerCase() === 'x-camelcase'),
        ['X-CamelCase', '1', 'X-CamelCase', '2'],
      );
      assert.equal(lines.includes('X-Hop'), false);
      await until('it is closed, as it asked', () => client.ended);
    }));

  it('does not name a host for who names none', () =>
    withHost({ handler: echo }, 'http', async (host) => {
      const client = await RawClient.connect(host.port);
      client.send('GET /old HTTP/1.0\r\n\r\n');
      const answer = await client.readAll();
      assert.match(answer, /^HTTP\/1\.1 200/);
      assert.equal((JSON.parse(answer.slice(answer.indexOf('{'))) as Echo).headers.host, '');
    }));

  it('passes 103 and trailers of clients on, and has said 100 itself', () => {
    const handler: RequestListener = async (asked, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      await bodyOf(asked);
      response.end(`${asked.headers.expect} ${asked.trailers['x-sum']}`);
    };
    return withHost({ handler }, 'http', async (host) => {
      const client = await RawClient.connect(host.port);
      client.send('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n');
      assert.match(await client.readUntil('\r\n\r\n'), /^HTTP\/1\.1 100 Continue/);
      client.send('1\r\na\r\n0\r\nX-Sum: 42\r\n\r\n');
      const early = await client.readUntil('\r\n\r\n');
      assert.match(early, /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/style.css>/i);
      assert.equal((await client.readResponse()).body, 'undefined 42');
      client.close();
    });
  });

  it('drops a client’s connection where a rule says so, and the host lives on', () =>
    withHost({ handler: echo, lines: 'http-request silent-drop if { path /drop }' }, 'http', async (host) => {
      await assert.rejects(ask(host.port, { path: '/drop' }), /socket hang up|ECONNRESET/);
      assert.equal((await ask(host.port, { path: '/' })).status, 200);
    }));

  it('tells rules of its TLS, and of its client’s certificate', () => {
    const names = ['ssl_fc', 'ssl_fc_protocol', 'ssl_fc_sni', 'ssl_fc_alpn', 'ssl_c_used', 'ssl_c_verify', 'ssl_c_s_dn(cn)'];
    const lines = names.map((name, index) => `http-request set-header X-Tls-${index} %[${name}]`).join('\n    ');
    return withHost({ handler: echo, lines }, 'https', async (host) => {
      const options = { host: '127.0.0.1', port: host.port, agent: false, ca: tlsText('ca'), servername: 'www.example.test' };
      const seen = async (more: object) => {
        const outgoing = https.request({ ...options, ...more }).end();
        const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
        const { headers } = JSON.parse(await bodyOf(response)) as Echo;
        return names.map((_, index) => headers[`x-tls-${index}`]);
      };
      assert.deepEqual(await seen({}), ['1', 'TLSv1.3', 'www.example.test', '', '0', '0', '']);
      const own = { cert: tlsText('client'), key: tlsText('client'), ALPNProtocols: ['http/1.1'] };
      assert.deepEqual(await seen(own), ['1', 'TLSv1.3', 'www.example.test', 'http/1.1', '1', '0', 'alice']);
      const other = { cert: tlsText('client-other'), key: tlsText('client-other') };
      assert.deepEqual(await seen(other), ['1', 'TLSv1.3', 'www.example.test', '', '1', '21', 'bob']);
    });
  });

  it('refuses a request of HTTP/2 that names two hosts', () =>
    withHost({ handler: echo }, 'http2', async (host) => {
      assert.equal((await overTwo(host, 'http2', { headers: { ':authority': 'a', host: 'b' } })).status, 400);
      assert.equal(
        (JSON.parse((await overTwo(host, 'http2', { headers: { ':authority': 'a', host: 'a' } })).body) as Echo).headers.host,
        'a',
      );
    }));
});
