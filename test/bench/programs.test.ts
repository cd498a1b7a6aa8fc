/** The load's own programs, against a server of Node's: they do what the benchmarks count on. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { IdleReport } from '../../bench/idle/client.ts';
import type { ClientReport, ClientSpec } from '../../bench/latency/client.ts';

const ends: (() => void)[] = [];
after(() => {
  for (const end of ends) end();
});

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

function run(program: string, ...args: readonly string[]): ChildProcess {
  const path = fileURLToPath(new URL(`../../bench/${program}`, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  ends.push(() => child.kill('SIGKILL'));
  return child;
}

/** All that a program writes until it ends. */
async function outputOf(child: ChildProcess): Promise<string> {
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 0);
  return output;
}

const spec = { path: '/', postBytes: 0, connections: 4, rate: 200, warmUpSeconds: 0.1, seconds: 0.2 };

async function drive(changes: Partial<ClientSpec> & { readonly port: number }): Promise<ClientReport> {
  return JSON.parse(await outputOf(run('latency/client.js', JSON.stringify({ ...spec, ...changes })))) as ClientReport;
}

describe('the client of fixed rates', () => {
  it('makes as many requests as were due, and says how long they took', async () => {
    let requests = 0;
    const port = await serve((_, response) => {
      requests++;
      response.end('Hello, world\n');
    });
    const { answered, unanswered, invalid, p50, p99, max } = await drive({ port });
    assert.equal(invalid, undefined);
    assert.equal(answered + unanswered, 60);
    assert.ok(requests >= answered && requests <= 60);
    assert.ok(p50 > 0 && p99 >= p50 && max >= p99);
  });

  it('sends whole bodies', async () => {
    const sizes = new Set<number>();
    const port = await serve((request, response) => {
      let size = 0;
      request.on('data', (chunk: Buffer) => {
        size += chunk.length;
      });
      request.on('end', () => {
        sizes.add(size);
        response.end();
      });
    });
    const { invalid } = await drive({ port, postBytes: 100_000 });
    assert.equal(invalid, undefined);
    assert.deepEqual([...sizes], [100_000]);
  });

  const bad: readonly (readonly [string, RequestListener, RegExp])[] = [
    ['an error', (_, response) => response.writeHead(503).end(), /the answer HTTP\/1\.1 503/],
    ['an answer of unknown length', (_, response) => void response.write('x'), /the answer HTTP\/1\.1 200/],
    ['a closed connection', (_, response) => void response.socket?.destroy(), /closed|ECONNRESET/],
  ];
  for (const [what, listener, reason] of bad) {
    it(`does not count a round with ${what}`, async () => {
      const { invalid } = await drive({ port: await serve(listener) });
      assert.match(invalid ?? '', reason);
    });
  }
});

describe('the client of idle connections', () => {
  it('makes a request on each, tells how many are open, and holds them until its input ends', async () => {
    let open = 0;
    let requests = 0;
    const port = await serve((request, response) => {
      requests++;
      open++;
      request.socket.once('close', () => open--);
      response.end('x');
    });
    const child = run('idle/client.js', String(port), '150', '0');
    const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    assert.deepEqual(JSON.parse(line.toString()) as IdleReport, { answered: 150, open: 150 });
    assert.deepEqual([requests, open], [150, 150]);
    const closed = once(child, 'close');
    child.stdin?.end();
    assert.deepEqual(await closed, [0, null]);
  });
});

describe('the clients that leave', () => {
  it('come, leave in every way, and end by themselves', async () => {
    let requests = 0;
    const port = await serve((request, response) => {
      requests++;
      response.on('error', () => {});
      response.end(request.url === '/1m' ? 'x'.repeat(1 << 20) : 'x');
    });
    const visits = Number(await outputOf(run('soak/leavers.js', String(port), '0.3')));
    assert.ok(visits >= 8, `${visits}`);
    assert.ok(requests > 0);
  });
});
