/** Who stays with which server, where more is involved than one request: connections, reloads, aborts. See test/haproxy/stickiness.test.ts. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { monotonic } from '../../src/core/clock.ts';
import { startRawUpstream, startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { type Balancer, withBalancer } from './balancer.ts';

/** `%1` and `%2` are the servers' addresses. */
async function withServers(
  text: string,
  story: (balancer: Balancer, servers: readonly Upstream[], config: string) => Promise<void>,
): Promise<void> {
  const servers = await Promise.all(
    ['one', 'two'].map((name) =>
      startUpstream(name, (request, response) => {
        response.end(`${name} ${request.headers.cookie ?? ''}`);
      }),
    ),
  );
  const config = text.replace(/%(\d)/g, (_, number: string) => servers[Number(number) - 1]?.address ?? '');
  try {
    await withBalancer(config, (balancer) => story(balancer, servers, config));
  } finally {
    for (const server of servers) await server.stop();
  }
}

const COOKIE = `
listen www
 bind 127.0.0.1:0
 cookie SRV insert indirect
 server s1 %1 cookie a
 server s2 %2 cookie b
`;

const TABLE = `
listen www
 bind 127.0.0.1:0
 stick-table type string size 100
 stick on req.hdr(x)
 server s1 %1
 server s2 %2
`;

function get(...fields: readonly string[]): string {
  return `GET /mine HTTP/1.1\r\nHost: x\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
}

describe('a client', () => {
  it('is known by each request of a connection, wherever that is cut', async () => {
    await withServers(COOKIE, async (balancer) => {
      const client = await balancer.client();
      const request = get('Cookie: a=1; SRV = "x;y"; b="c', 'Cookie: SRV=b; d=2');
      for (let at = 1; at < request.length; at++) {
        client.send(request.slice(0, at));
        await new Promise(setImmediate);
        client.send(request.slice(at));
        const { body, head } = await client.readResponse();
        assert.equal(body, 'two a=1; b="c; d=2', `cut at ${at}`);
        assert.ok(!head.includes('set-cookie'));
      }
      client.send(get());
      assert.match((await client.readResponse()).head, /\r\nset-cookie: SRV=[ab]; path=\/\r\n/);
      // Ports of this machine are used again and again: somebody else's check may come by.
      const logged = (): readonly string[] =>
        balancer.logged.filter((one) => one.requestLine.includes('/mine')).map((one) => one.termination);
      await until('all are logged', () => logged().length === request.length);
      assert.deepEqual(logged().slice(-2), ['--VN', '--NI']);
    });
  });

  it('is known by each of the requests that it sends at once', async () => {
    await withServers(COOKIE, async (balancer) => {
      const client = await balancer.client();
      client.send(get('Cookie: SRV=a') + get('Cookie: SRV=b') + get('Cookie: SRV=a'));
      for (const name of ['one ', 'two ', 'one ']) assert.equal((await client.readResponse()).body, name);
    });
  });

  it('gets its cookie with a change of protocols, too', async () => {
    const upstream = await startRawUpstream((socket) => {
      socket.on('end', () => socket.end());
      socket.once('data', () => socket.write('HTTP/1.1 101 Ok\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhi'));
    });
    const text = ` listen www\n bind 127.0.0.1:0\n cookie SRV insert indirect\n http-response set-header x-rule 1\n server s1 ${upstream.address} cookie a\n`;
    try {
      await withBalancer(text, async (balancer) => {
        const client = await balancer.client();
        client.send(get('Connection: upgrade', 'Upgrade: x'));
        assert.match(await client.readUntil('hi'), /\r\nx-rule: 1\r\nset-cookie: SRV=a; path=\/\r\n/);
        client.close();
      });
    } finally {
      await upstream.stop();
    }
  });

  it('whose server was removed gets another, and its cookie', async () => {
    await withServers(COOKIE, async (balancer, servers) => {
      const client = await balancer.client();
      await balancer.configure(
        `\nlisten www\n bind 127.0.0.1:0\n cookie SRV insert indirect\n server s2 ${servers[1]?.address} cookie b\n`,
      );
      client.send(get('Cookie: SRV=a'));
      const { head, body } = await client.readResponse();
      assert.equal(body, 'two ');
      assert.match(head, /set-cookie: SRV=b/);
    });
  });

  it('whose dynamic cookie named an address that has changed is unknown', async () => {
    const text = (address: string): string =>
      `\nlisten www\n bind 127.0.0.1:0\n cookie SRV insert indirect dynamic\n dynamic-cookie-key k\n server s1 ${address}\n`;
    await withServers(text('%1'), async (balancer, servers) => {
      const client = await balancer.client();
      client.send(get());
      const cookie = /set-cookie: (SRV=[0-9a-f]{16});/.exec((await client.readResponse()).head)?.[1] ?? '';
      client.send(get(`Cookie: ${cookie}`));
      assert.doesNotMatch((await client.readResponse()).head, /set-cookie/);
      await balancer.configure(text(servers[1]?.address ?? ''));
      client.send(get(`Cookie: ${cookie}`));
      const { head, body } = await client.readResponse();
      assert.equal(body, 'two ');
      assert.match(head, /set-cookie: SRV=[0-9a-f]{16};/);
      assert.ok(!head.includes(cookie));
    });
  });
});

describe('a stick table', () => {
  it('keeps its entries over a reload, and those of a server that drains', async () => {
    await withServers(TABLE, async (balancer, _, config) => {
      const client = await balancer.client();
      const ask = async (x: string): Promise<string> => {
        client.send(get(`x: ${x}`));
        return (await client.readResponse()).body.trim();
      };
      const first = await ask('a');
      await balancer.configure(`${config} timeout queue 3s\n`);
      assert.equal(await ask('a'), first);
      assert.equal(await ask('a'), first);
      balancer.server('www', first === 'one' ? 's1' : 's2').setAdmin('drain', monotonic());
      assert.equal(await ask('a'), first);
      const other = await ask('b');
      assert.notEqual(other, first);
      assert.equal(balancer.backends.get('www')?.stickTable?.used, 2);
    });
  });

  it('gets back the place of a client that leaves without an answer', async () => {
    const silent = await startRawUpstream((socket) => socket.on('data', () => {}));
    try {
      await withBalancer(TABLE.replace(/%\d/g, silent.address), async (balancer) => {
        const client = await balancer.client();
        client.send(get('x: a'));
        const table = balancer.backends.get('www')?.stickTable;
        await until('a place is reserved', () => table?.used === 1);
        client.socket.resetAndDestroy();
        await until('it is given back', () => table?.used === 0);
      });
    } finally {
      await silent.stop();
    }
  });
});
