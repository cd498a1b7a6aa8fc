/** Who is served when not everybody can be: maxconn of servers, frontends and the process, the queue, backups, draining. */

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { request, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ask } from '../support/client.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { withBalancer } from './balancer.ts';

const listen = (lines: string) => `listen www\n bind 127.0.0.1:0\n${lines}\n`;

describe('maxconn of a server', () => {
  it('is never exceeded; the others wait in arrival order', async () => {
    const held: ServerResponse[] = [];
    const order: (string | undefined)[] = [];
    const upstream = await startUpstream('', (incoming, outgoing) => {
      order.push(incoming.url);
      held.push(outgoing);
    });
    try {
      await withBalancer(listen(`timeout queue 20s\n server s1 ${upstream.address} maxconn 2`), async (balancer) => {
        const backend = balancer.backends.get('www') ?? assert.fail();
        const answers: Promise<unknown>[] = [];
        for (let i = 0; i < 6; i++) {
          answers.push(ask(balancer.port('www'), { path: `/${i}` }));
          // One after the other, so that the order of arrival is known.
          await until(`request ${i} is in`, () => backend.scur === i + 1);
        }
        assert.equal(backend.queued, 4);
        for (let done = 0; done < 6; done++) {
          await until('two are being served', () => held.length === done + Math.min(2, 6 - done));
          assert.ok(balancer.server('www', 's1').scur <= 2);
          held[done]?.end('done');
        }
        await Promise.all(answers);
        assert.deepEqual(order, ['/0', '/1', '/2', '/3', '/4', '/5']);
        assert.deepEqual([balancer.server('www', 's1').counters.smax, backend.counters.qmax], [2, 4]);
      });
    } finally {
      await upstream.stop();
    }
  });
});

describe('maxconn of a frontend', () => {
  it('leaves further connections unserved until one ends', async () => {
    const upstream = await startUpstream('hello');
    try {
      await withBalancer(listen(`maxconn 1\n server s1 ${upstream.address}`), async (balancer) => {
        const first = await balancer.client();
        first.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        await first.readUntil('hello');
        const second = await balancer.client();
        second.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        first.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        await first.readUntil('hello');
        assert.equal(second.received, '');
        first.close();
        await second.readUntil('hello');
        assert.equal(balancer.plane.frontends.get('www')?.counters.smax, 1);
      });
    } finally {
      await upstream.stop();
    }
  });

  it('lets the waiting in when a reconfiguration raises it', async () => {
    const upstream = await startUpstream('hello');
    try {
      const text = (maxconn: number) => listen(`maxconn ${maxconn}\n server s1 ${upstream.address}`);
      await withBalancer(text(1), async (balancer) => {
        const first = await balancer.client();
        first.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        await first.readUntil('hello');
        const second = await balancer.client();
        second.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        await balancer.configure(text(2));
        await second.readUntil('hello');
      });
    } finally {
      await upstream.stop();
    }
  });
});

describe('round robin', () => {
  it('alternates, by weight', async () => {
    const [one, two] = [await startUpstream('one'), await startUpstream('two')];
    try {
      await withBalancer(listen(` server s1 ${one.address} weight 2\n server s2 ${two.address} weight 1`), async (balancer) => {
        const seen: Record<string, number> = {};
        for (let i = 0; i < 9; i++) {
          const { body } = await ask(balancer.port('www'));
          seen[body] = (seen[body] ?? 0) + 1;
        }
        assert.deepEqual(seen, { one: 6, two: 3 });
      });
    } finally {
      await one.stop();
      await two.stop();
    }
  });
});

describe('checks', () => {
  it('take a server out and put it back; backups serve only in between', async () => {
    let healthy = true;
    const main = await startUpstream('', (incoming, outgoing) => {
      outgoing.statusCode = incoming.url === '/health' && !healthy ? 503 : 200;
      outgoing.end('main');
    });
    const spare = await startUpstream('spare');
    try {
      const lines = `option httpchk GET /health\n default-server inter 30ms rise 1 fall 1\n server s1 ${main.address} check\n server s2 ${spare.address} backup`;
      await withBalancer(listen(lines), async (balancer) => {
        const s1 = balancer.server('www', 's1');
        await until('it is up', () => s1.statusText() === 'UP');
        assert.equal((await ask(balancer.port('www'))).body, 'main');
        healthy = false;
        await until('it is down', () => s1.statusText() === 'DOWN');
        assert.equal((await ask(balancer.port('www'))).body, 'spare');
        healthy = true;
        await until('it is up again', () => s1.statusText() === 'UP');
        assert.equal((await ask(balancer.port('www'))).body, 'main');
        assert.ok(balancer.events.some((line) => /^Server www\/s1 is DOWN, reason: Layer7 wrong status, code: 503/.test(line)));
      });
    } finally {
      await main.stop();
      await spare.stop();
    }
  });
});

describe('a server that drains', () => {
  it('loses its idle connections at once, and each other one with its response', async () => {
    const held: ServerResponse[] = [];
    let open = 0;
    const upstream = await startUpstream('', (incoming, outgoing) => {
      if (incoming.url === '/slow') held.push(outgoing);
      else outgoing.end('quick');
    });
    try {
      await withBalancer(listen(` server s1 ${upstream.address}`), async (balancer) => {
        const server = balancer.server('www', 's1');
        const slow = ask(balancer.port('www'), { path: '/slow' });
        await until('it is under way', () => held.length === 1);
        await ask(balancer.port('www'));
        open = server.idle.length;
        server.setAdmin('drain', performance.now());
        assert.deepEqual([open, server.idle.length], [1, 0]);
        held[0]?.end('slow');
        assert.equal((await slow).body, 'slow');
        assert.equal(server.idle.length, 0);
      });
    } finally {
      await upstream.stop();
    }
  });
});

describe('a reconfiguration', () => {
  it('drops no connection, keeps counters, and drains a server that has gone', async () => {
    const held: ServerResponse[] = [];
    const one = await startUpstream('', (_incoming, outgoing) => held.push(outgoing));
    const two = await startUpstream('two');
    try {
      await withBalancer(listen(` server s1 ${one.address}`), async (balancer) => {
        const client = await balancer.client();
        client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        await until('the request is with s1', () => held.length === 1);
        await balancer.configure(listen(` server s2 ${two.address}`));
        assert.equal((await ask(balancer.port('www'))).body, 'two');
        held[0]?.end('from one');
        await client.readUntil('from one');
        client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        await client.readUntil('two');
        assert.deepEqual(
          balancer.backends.get('www')?.servers.map((server) => server.config.name),
          ['s2'],
        );
        assert.equal(balancer.plane.frontends.get('www')?.counters.reqTot, 3);
      });
    } finally {
      await one.stop();
      await two.stop();
    }
  });

  it('moves a listener from one frontend to another, and from one address to all', async () => {
    const [one, two] = [await startUpstream('one'), await startUpstream('two')];
    try {
      const text = (name: string, address: string, upstream: Upstream) =>
        `listen ${name}\n bind ${address}\n server s1 ${upstream.address}\n`;
      const { port } = await reserve();
      await withBalancer(text('a', `127.0.0.1:${port}`, one), async (balancer) => {
        assert.equal((await ask(port)).body, 'one');
        await balancer.configure(text('b', `127.0.0.1:${port}`, two));
        assert.equal((await ask(port)).body, 'two');
        assert.equal(balancer.plane.frontends.has('a'), false);
        await balancer.configure(text('b', `*:${port}`, one));
        assert.equal((await ask(port)).body, 'one');
      });
    } finally {
      await one.stop();
      await two.stop();
    }
  });

  it('takes the path of a unix socket over without removing it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-'));
    const path = join(folder, 'www.sock');
    const upstream = await startUpstream('hello');
    try {
      const text = (name: string) => `listen ${name}\n bind unix@${path} mode 600\n server s1 ${upstream.address}\n`;
      await withBalancer(text('a'), async (balancer) => {
        const hello = () => {
          const { promise, resolve, reject } = deferred<string>();
          const outgoing = request({ socketPath: path, agent: false }, (response) => {
            let body = '';
            response.on('data', (chunk: Buffer) => {
              body += chunk;
            });
            response.on('end', () => resolve(body));
          });
          outgoing.on('error', reject);
          outgoing.end();
          return promise;
        };
        assert.equal(await hello(), 'hello');
        assert.equal(statSync(path).mode & 0o777, 0o600);
        await balancer.configure(text('b'));
        assert.equal(await hello(), 'hello');
        assert.deepEqual(readdirSync(folder), ['www.sock']);
        const owned = `listen c\n bind unix@${path} user nobody-here\n server s1 ${upstream.address}\n`;
        await assert.rejects(balancer.configure(owned), /unknown user name 'nobody-here'/);
        assert.equal(await hello(), 'hello', 'nothing has changed');
        await balancer.configure(text('b'));
      });
    } finally {
      await upstream.stop();
      rmSync(folder, { recursive: true });
    }
  });
});

/** A port that was free a moment ago. */
async function reserve(): Promise<{ readonly port: number }> {
  const upstream = await startUpstream('');
  await upstream.stop();
  return upstream;
}

function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
