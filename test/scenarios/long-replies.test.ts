/** Long replies of the proxy's own: made as their clients take them, and not at all for those who do not. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { replySize } from '../../src/http/size.ts';
import type { Drawn, Service } from '../../src/proxy/types.ts';
import { startRawUpstream } from '../support/upstream.ts';
import { settled, until } from '../support/wait.ts';
import { type Balancer, withBalancer } from './balancer.ts';

const PART = 64 * 1024;
/** More than the buffers of two sockets take. */
const ENDLESS = 100_000;
/** So much at most is on its way to a client that does not read: what the kernel takes on both sides. */
const ON_ITS_WAY = 16 * 1024 * 1024;
const HEAD = 'content-type: text/plain\r\n';

const CONFIG = `
frontend www
    bind 127.0.0.1:0
    http-request use-service prometheus-exporter if { path_beg /long }
    http-request return status 200 content-type text/plain string short
`;

class Parts implements Drawn {
  /** Parts that were asked for. */
  made = 0;
  private readonly count: number;
  private readonly broken: number | undefined;

  /** `count` parts; the one before which `broken` were made cannot be. */
  constructor(count: number, broken?: number) {
    this.count = count;
    this.broken = broken;
  }

  get over(): boolean {
    return this.made >= this.count;
  }

  next(): Buffer {
    assert.ok(!this.over, 'nothing is asked for behind the end');
    if (this.made === this.broken) throw new Error('no more of it');
    return Buffer.alloc(PART, 97 + (this.made++ % 26));
  }
}

/** Answers with the next of `bodies`. */
function serviceOf(...bodies: Parts[]): Service {
  let asked = 0;
  return {
    name: 'prometheus-exporter',
    answer: () => ({ status: 200, reason: 'OK', fieldLines: HEAD, body: bodies[asked++] as Parts, framing: 'chunked' }),
  };
}

function long(parts: readonly Parts[], story: (balancer: Balancer) => Promise<void>, more = ''): Promise<void> {
  return withBalancer(CONFIG + more, story, [serviceOf(...parts)]);
}

const request = (version: '1.0' | '1.1', target = '/long'): string => `GET ${target} HTTP/${version}\r\nHost: a\r\n\r\n`;
const textOf = (count: number): string =>
  Array.from({ length: count }, (_, index) => String.fromCharCode(97 + (index % 26)).repeat(PART)).join('');
const chunk = PART.toString(16);
const chunksOf = (count: number): string =>
  `${Array.from({ length: count }, (_, index) => `${chunk}\r\n${String.fromCharCode(97 + (index % 26)).repeat(PART)}\r\n`).join('')}0\r\n\r\n`;

describe('a long reply', () => {
  it('arrives whole in chunks, and requests behind it are answered', () =>
    long([new Parts(100), new Parts(3)], async (balancer) => {
      const client = await balancer.client();
      client.send(request('1.1') + request('1.1') + request('1.1', '/'));
      const head = await client.readUntil('\r\n\r\n');
      assert.equal(head, `HTTP/1.1 200 OK\r\n${HEAD}transfer-encoding: chunked\r\n\r\n`);
      assert.ok((await client.readUntil('\r\n0\r\n\r\n')) === chunksOf(100));
      assert.ok((await client.readUntil('\r\n0\r\n\r\n')) === head + chunksOf(3));
      assert.equal((await client.readResponse()).body, 'short');
      const [first] = balancer.logged;
      assert.deepEqual([first?.status, first?.termination, first?.server], [200, 'LR--', 'prometheus-exporter']);
      assert.equal(first?.bytesToClient, replySize('OK', `${HEAD}transfer-encoding: chunked\r\n`) + 100 * PART);
    }));

  it('that is one part is whole at once', () =>
    long([new Parts(1), new Parts(1)], async (balancer) => {
      const client = await balancer.client();
      client.send(request('1.1'));
      await client.readUntil('\r\n\r\n');
      assert.ok((await client.readUntil('\r\n0\r\n\r\n')) === chunksOf(1));
      client.send('GET /long HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n');
      const { head, body } = await client.readResponse();
      assert.equal(head, `HTTP/1.1 200 OK\r\ncontent-length: ${PART}\r\n${HEAD}connection: keep-alive\r\n\r\n`);
      assert.ok(body === textOf(1));
    }));

  it('to HTTP/1.0 ends with the connection, whether it was to stay or not', () =>
    long([new Parts(20)], async (balancer) => {
      const client = await balancer.client();
      client.send('GET /long HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n');
      assert.equal(await client.readUntil('\r\n\r\n'), `HTTP/1.1 200 OK\r\n${HEAD}connection: close\r\n\r\n`);
      assert.ok((await client.readAll()) === textOf(20));
    }));

  it('swallows the body that its request had', () =>
    long([new Parts(20)], async (balancer) => {
      const client = await balancer.client();
      client.send(`POST /long HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello${request('1.1', '/')}`);
      await client.readUntil('\r\n\r\n');
      assert.ok((await client.readUntil('\r\n0\r\n\r\n')) === chunksOf(20));
      assert.equal((await client.readResponse()).body, 'short');
    }));

  it('is given whole to a client that has ended its half', () =>
    long([new Parts(50)], async (balancer) => {
      const client = await balancer.client();
      client.socket.end(request('1.1'));
      await client.readUntil('\r\n\r\n');
      assert.ok((await client.readUntil('\r\n0\r\n\r\n')) === chunksOf(50));
    }));

  it('does not hold up what others ask', () => {
    const parts = new Parts(ENDLESS);
    return long([parts], async (balancer) => {
      const reader = await balancer.client();
      reader.send(request('1.1'));
      // Nothing of it is kept here.
      reader.socket.removeAllListeners('data');
      reader.socket.resume();
      await until('it is under way', () => parts.made > 2);
      const other = await balancer.client();
      other.send(request('1.1', '/'));
      assert.equal((await other.readResponse()).body, 'short');
      assert.ok(!parts.over);
    });
  });
});

describe('a client that does not read its long reply', () => {
  for (const version of ['1.0', '1.1'] as const) {
    it(`costs what has gone, and ends after timeout client (HTTP/${version})`, () => {
      const parts = [0, 1, 2, 3].map(() => new Parts(ENDLESS));
      return long(
        parts,
        async (balancer) => {
          const clients = await Promise.all(parts.map(() => balancer.client('hurried')));
          for (const client of clients) {
            client.socket.pause();
            client.send(request(version));
          }
          await until('all have ended', () => balancer.logged.length === parts.length);
          for (const { status, termination } of balancer.logged) assert.deepEqual([status, termination], [200, 'LR--']);
          const made = parts.map((part) => part.made);
          for (const count of made) assert.ok(count * PART < ON_ITS_WAY, `${count} parts were made`);
          await until('the connections are closed', () => balancer.plane.connections === 0);
          assert.deepEqual(
            parts.map((part) => part.made),
            made,
          );
          // What has arrived is not taken for all of it.
          const [client] = clients;
          client?.socket.resume();
          if (version === '1.1') assert.ok(!(await client?.readAll())?.endsWith('\r\n0\r\n\r\n'));
        },
        `
frontend hurried
    bind 127.0.0.1:0
    timeout client 200ms
    http-request use-service prometheus-exporter
`,
      );
    });
  }

  it('to its end, but leaves in the middle, has nothing made any more', () => {
    const parts = new Parts(ENDLESS);
    return long([parts], async (balancer) => {
      const client = await balancer.client();
      client.socket.removeAllListeners('data');
      client.socket.resume();
      client.send(request('1.1'));
      await until('it is under way', () => parts.made > 2);
      client.socket.resetAndDestroy();
      await until('it is seen to have gone', () => balancer.logged.length === 1);
      const { made } = parts;
      assert.ok(!parts.over);
      for (let turns = 0; turns < 50; turns++) await turn();
      assert.equal(parts.made, made);
    });
  });

  it('and leaves, has nothing made any more', () => {
    const parts = new Parts(ENDLESS);
    return long([parts], async (balancer) => {
      const client = await balancer.client();
      client.socket.pause();
      client.send(request('1.1'));
      const made = await settled('nothing is made any more', () => parts.made);
      assert.ok(made > 1 && made * PART < ON_ITS_WAY, `${made} parts were made`);
      client.socket.resetAndDestroy();
      await until('it is seen to have gone', () => balancer.logged.length === 1);
      assert.equal(balancer.logged[0]?.termination, 'LR--');
      assert.equal(parts.made, made);
    });
  });
});

describe('a response whose end is the end of the connection', () => {
  const cut = async (balancer: Balancer) => {
    const client = await balancer.client();
    const errors: unknown[] = [];
    client.socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code));
    client.send(request('1.0'));
    await client.readUntil('\r\n\r\n');
    balancer.plane.destroy();
    await client.readAll();
    return errors;
  };

  it('is reset where the process ends in the middle of it: a reply of our own', () =>
    long([new Parts(ENDLESS)], async (balancer) => assert.deepEqual(await cut(balancer), ['ECONNRESET'])));

  it('is reset where the process ends in the middle of it: a relayed one', async () => {
    const origin = await startRawUpstream((socket) => socket.write('HTTP/1.0 200 OK\r\n\r\nnot all'));
    const config = `listen www\n bind 127.0.0.1:0\n server s ${origin.address}\n`;
    await withBalancer(config, async (balancer) => assert.deepEqual(await cut(balancer), ['ECONNRESET']));
    await origin.stop();
  });
});

describe('a long reply that cannot be made', () => {
  it('from its beginning is an error of ours', () =>
    long([new Parts(5, 0)], async (balancer) => {
      const client = await balancer.client();
      client.send(request('1.1'));
      assert.equal((await client.readResponse()).status, 500);
      assert.equal(balancer.logged[0]?.termination, 'IR--');
      assert.match(balancer.events.join(), /internal error in www .*no more of it/s);
    }));

  for (const [version, how] of [
    ['1.1', 'is cut'],
    ['1.0', 'is reset'],
  ] as const) {
    it(`to its end ${how}, and nothing is said behind it (HTTP/${version})`, () =>
      long([new Parts(50, 20)], async (balancer) => {
        const client = await balancer.client();
        const errors: unknown[] = [];
        client.socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code));
        client.send(request(version));
        const all = await client.readAll();
        assert.ok(!all.includes('HTTP/1.1 500') && !all.endsWith('\r\n0\r\n\r\n'));
        assert.deepEqual(errors, version === '1.0' ? ['ECONNRESET'] : []);
        assert.equal(balancer.logged[0]?.termination, 'IR--');
      }));
  }
});
