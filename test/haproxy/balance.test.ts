/**
 * The same requests to HAProxy and to ours: the deterministic algorithms must choose alike. Everything is on unix
 * sockets, so no port is taken; the PROXY protocol gives `balance source` any client address.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { sourceKey } from '../../src/backend/balance/hash.ts';
import type { BalanceAlgorithm } from '../../src/config/model.ts';
import { makeBackend, sequence, serverConfig } from '../backend/support.ts';
import { until } from '../support/wait.ts';

const missing = spawnSync('haproxy', ['-v']).error !== undefined ? 'haproxy is not installed' : false;

const CASES: readonly (readonly [BalanceAlgorithm, readonly number[], count: number])[] = [
  ['roundrobin', [1, 1, 1], 12],
  ['roundrobin', [100, 50], 12],
  ['roundrobin', [50, 100], 12],
  ['roundrobin', [3, 1], 12],
  ['roundrobin', [5, 1, 1], 21],
  ['roundrobin', [1, 2, 3], 18],
  ['roundrobin', [4, 3], 21],
  ['static-rr', [1, 1, 1], 12],
  ['static-rr', [100, 50], 12],
  ['static-rr', [5, 1, 1], 21],
  ['static-rr', [1, 2, 3], 18],
  ['static-rr', [2, 7, 4], 26],
  ['first', [1, 1, 1], 6],
  ['leastconn', [1, 1, 1], 12],
  ['leastconn', [1, 2, 3], 12],
  ['source', [1, 1, 1], 24],
  ['source', [1, 2, 3], 24],
  ['source', [4, 3], 24],
];

/** IPv4 and IPv6 in turn. */
function address(i: number): string {
  return i % 3 === 2 ? `2001:db8:${((i * 7919) % 65536).toString(16)}::${i}:${(i * 31).toString(16)}` : `10.${i}.${i * 7}.${200 - i}`;
}

describe('balance, side by side with HAProxy', { skip: missing }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-balance-'));
  let haproxy: ChildProcess | undefined;

  before(async () => {
    const file = join(folder, 'haproxy.cfg');
    writeFileSync(file, configuration());
    haproxy = spawn('haproxy', ['-db', '-q', '-f', file], { stdio: 'ignore' });
    await until('haproxy answers', () => ask('l0', '10.0.0.1'));
  });
  after(async () => {
    if (haproxy !== undefined && haproxy.exitCode === null) {
      haproxy.kill('SIGKILL');
      await once(haproxy, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  });

  function configuration(): string {
    const lines = [
      'global',
      '  nbthread 1',
      'defaults',
      '  mode http',
      '  timeout connect 5s',
      '  timeout client 5s',
      '  timeout server 5s',
    ];
    for (const name of ['1', '2', '3']) {
      lines.push(
        `frontend s${name}`,
        `  bind unix@${folder}/s${name}`,
        `  http-request return status 200 content-type text/plain string ${name}`,
      );
    }
    const listen = (name: string, algorithm: string, weights: readonly number[]): void => {
      lines.push(`listen ${name}`, `  bind unix@${folder}/${name} accept-proxy`, `  balance ${algorithm}`);
      weights.forEach((weight, i) => {
        lines.push(`  server s${i + 1} unix@${folder}/s${i + 1} weight ${weight}`);
      });
    };
    listen('l0', 'roundrobin', [1]);
    CASES.forEach(([algorithm, weights], i) => {
      listen(`l${i + 1}`, algorithm, weights);
    });
    return `${lines.join('\n')}\n`;
  }

  /** The name of the server that answered. */
  async function ask(listener: string, client: string): Promise<string> {
    const socket = connect(join(folder, listener));
    const [family, own] = client.includes(':') ? ['TCP6', '::1'] : ['TCP4', '127.0.0.1'];
    socket.setEncoding('latin1').write(`PROXY ${family} ${client} ${own} 1234 80\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n`);
    let answer = '';
    for await (const chunk of socket) {
      answer += chunk;
      // One digit is the whole body.
      const name = /\r\n\r\n(\d)$/.exec(answer)?.[1];
      if (name !== undefined) return name;
    }
    throw new Error(`no server's name in ${JSON.stringify(answer)}`);
  }

  CASES.forEach(([algorithm, weights, count], i) => {
    it(`${algorithm} with weights ${weights.join(' ')} chooses alike`, async () => {
      let theirs = '';
      for (let n = 0; n < count; n++) theirs += await ask(`l${i + 1}`, address(n));
      const { backend } = makeBackend(
        weights.map((weight, n) => serverConfig(String(n + 1), { weight })),
        { balance: { algorithm, draws: 2 } },
      );
      assert.equal(
        sequence(backend, count, (n) => sourceKey(address(n))),
        theirs,
      );
    });
  });
});
