/** Keys of the hashing algorithms on their way from a request's bytes to a server. Names are those that HAProxy 2.6 chose. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { RawClient } from '../support/client.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { type Balancer, withBalancer } from './balancer.ts';

const COUNT = 5;

describe('balance by a key', () => {
  let upstreams: Upstream[] = [];
  before(async () => {
    upstreams = await Promise.all(
      Array.from({ length: COUNT }, (_, i) =>
        startUpstream('', (request, response) => {
          let body = '';
          request.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')));
          request.on('end', () => response.end(`${i + 1} ${body.length}`));
        }),
      ),
    );
  });
  after(async () => {
    for (const upstream of upstreams) await upstream.stop();
  });

  function withFive(lines: string, story: (balancer: Balancer) => Promise<void>): Promise<void> {
    const servers = upstreams.map(({ address }, i) => ` server ${i + 1} ${address}\n`).join('');
    return withBalancer(`listen www\n bind 127.0.0.1:0\n${lines}\n${servers}`, story);
  }

  /** Which server answered, and how many bytes of body it got. */
  async function answer(client: RawClient): Promise<string> {
    const { status, body, head } = await client.readResponse();
    assert.equal(status, 200, head);
    return body;
  }

  async function names(client: RawClient, ...requests: readonly string[]): Promise<string> {
    let all = '';
    for (const request of requests) {
      client.send(request);
      all += (await answer(client)).charAt(0);
    }
    return all;
  }

  const get = (target: string, ...fields: readonly string[]): string =>
    `GET ${target} HTTP/1.1\r\nHost: x\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
  const post = (body: string, method = 'POST'): string =>
    `${method} / HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

  it('hashes a sample, and gives requests without one their turn', async () => {
    await withFive(' balance hash req.hdr(x),length\n hash-type map-based crc32', async (balancer) => {
      const client = await balancer.client();
      assert.equal(await names(client, get('/', 'X: a'), get('/', 'X: bbbb'), get('/', 'X: a')), '525');
      assert.equal(await names(client, get('/'), get('/'), get('/')), '123');
    });
  });

  it('hashes the target that a rule has made', async () => {
    await withFive(' http-request set-path /same if { path_beg /a }\n balance uri', async (balancer) => {
      const client = await balancer.client();
      const all = await names(client, ...['/same', '/a1', '/a2', '/a/3?x'].map((target) => get(target)));
      assert.equal(all, (all.charAt(0) as string).repeat(4));
    });
  });

  describe('url_param', () => {
    /** Of each body, the server of its `id`. */
    const bodies: readonly (readonly [body: string, server: string])[] = [
      ['id=abc', '2'],
      ['a=1&id=abc&b=2', '2'],
      ['a=\x01&id=abc', '2'],
      ['id=abc\r\n', '5'],
      ['id=a c', '3'],
      ['id=a\x01c&x=1', '4'],
      ['id=', '1'],
      ['id='.padEnd(9000, 'x'), '3'],
    ];

    it('finds the parameter in the query, and in the body of a POST', async () => {
      await withFive(' balance url_param id', async (balancer) => {
        const client = await balancer.client();
        assert.equal(await names(client, get('/?id=abc'), get('/?a&id=abc&b')), '22');
        for (const [body, server] of bodies) {
          client.send(post(body));
          assert.equal(await answer(client), `${server} ${body.length}`, JSON.stringify(body.slice(0, 20)));
        }
      });
    });

    it('gives their turn to bodies without it, to values that are none, and to other methods', async () => {
      await withFive(' balance url_param id check_post', async (balancer) => {
        const client = await balancer.client();
        assert.equal(
          await names(client, post('xid=abc'), post('id=/abc'), post('id'), post('id=abc', 'PUT'), post('id=abc', 'PUT')),
          '12345',
        );
      });
    });

    it('waits for a body that comes byte by byte, or in chunks', async () => {
      await withFive(' balance url_param id', async (balancer) => {
        const client = await balancer.client();
        for (const byte of post('a=1&id=abc&b=2')) {
          client.send(byte);
          await new Promise((resolve) => setImmediate(resolve));
        }
        assert.equal(await answer(client), '2 14');
        client.send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nid=\r\n');
        await new Promise((resolve) => setImmediate(resolve));
        client.send('3\r\nabc\r\n0\r\n\r\n');
        assert.equal(await answer(client), '2 6');
        client.send(post('id=abc') + post('id='));
        assert.equal((await answer(client)).charAt(0) + (await answer(client)).charAt(0), '21');
      });
    });

    it('goes by what has come once a buffer is full, and passes all of it on', async () => {
      await withFive(' balance url_param id', async (balancer) => {
        const client = await balancer.client();
        const body = `id=abc&${'y'.repeat(200_000)}`;
        client.send(post(body));
        assert.equal(await answer(client), `2 ${body.length}`);
      });
    });

    it('does not wait for ever: a body that does not come is a time-out, one that is broken off an abort', async () => {
      await withFive(' timeout http-request 300ms\n balance url_param id', async (balancer) => {
        const client = await balancer.client();
        client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nid=a');
        assert.equal((await client.readResponse()).status, 408);
        const leaver = await balancer.client();
        leaver.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n');
        leaver.socket.end();
        await leaver.readAll();
        const broken = await balancer.client();
        broken.send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n');
        assert.equal((await broken.readResponse()).status, 400);
        assert.equal(
          balancer.backends.get('www')?.servers.reduce((sum, { scur }) => sum + scur, 0),
          0,
        );
      });
    });

    it('does not wait for a body that waits for a 100', async () => {
      await withFive(' balance url_param id', async (balancer) => {
        const client = await balancer.client();
        client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n');
        await client.readUntil('HTTP/1.1 100 Continue\r\n');
        await client.readUntil('\r\n');
        client.send('id=abc');
        assert.equal(await answer(client), '1 6');
      });
    });
  });
});
