/**
 * Who waits for which server, before the real HAProxy: the same stories as Fairlead's (test/scenarios/queue.txt). It listens
 * on a port that this process has bound, so that none is guessed.
 */

import assert from 'node:assert/strict';

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Balancing, DEFAULTS, play, readStories } from '../scenarios/queue-rig.ts';
import { OWN_HOST } from '../support/faulty.ts';
import { parseStats } from '../support/stats.ts';
import { until } from '../support/wait.ts';
import { skip } from './side-by-side.ts';

const configuration = (folder: string, backend: string): string => `
global
 nbthread 1
 stats socket ${folder}/ctl level admin
 log stdout format raw local0
${DEFAULTS} log global
frontend www
 bind fd@3
 default_backend be
backend be
${backend}`;

async function withHaproxy(backend: string, story: (balancing: Balancing) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-queue-'));
  const listener = createServer().listen(0, OWN_HOST);
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const { fd } = (listener as unknown as { readonly _handle: { readonly fd: number } })._handle;
  writeFileSync(join(folder, 'cfg'), configuration(folder, backend));
  const haproxy = spawn('haproxy', ['-db', '-f', join(folder, 'cfg')], { stdio: ['ignore', 'pipe', 'pipe', fd] });
  listener.close();
  let lines = '';
  haproxy.stdout?.on('data', (bytes: Buffer) => {
    lines += bytes.toString('latin1');
  });
  haproxy.stderr?.on('data', (bytes: Buffer) => {
    lines += bytes.toString('latin1');
  });
  const command = (text: string) => ask(join(folder, 'ctl'), text);
  try {
    await until(`HAProxy answers; ${lines}`, async () => (await command('show info')).includes('Version'));
    await story({
      port,
      rows: async () => {
        const rows = parseStats(await command('show stat')).filter((row) => row.pxname === 'be');
        return new Map(rows.map((row) => [row.svname ?? '', row]));
      },
      run: async (text) => {
        const answer = await command(text);
        if (answer.trim() !== '') throw new Error(`${text}: ${answer}`);
      },
      logged: () => Object.fromEntries(lines.split('\n').flatMap(line)),
    });
  } finally {
    haproxy.kill('SIGKILL');
    await once(haproxy, 'exit');
    rmSync(folder, { recursive: true });
  }
}

function line(text: string): (readonly [string, string])[] {
  const pattern = / be\/(\S+) \S+ (\S+) \d+ - - (\S{4}) \S+\/(\+?\d+) (\d+\/\d+) "GET \/(\w+) /;
  const [, server, status, termination, retries, queues, request = ''] = pattern.exec(text) ?? [];
  return server === undefined ? [] : [[request, `${server} ${status} ${termination?.slice(0, 2)} ${retries} ${queues}`]];
}

async function ask(path: string, text: string): Promise<string> {
  const control = connect(path);
  control.write(`${text}\n`);
  let answer = '';
  for await (const bytes of control) answer += bytes.toString();
  return answer;
}

describe('queues, before HAProxy', { skip, concurrency: 6 }, () => {
  for (const story of readStories()) {
    it(story.name, async () => {
      assert.deepEqual(await play(story, story.outcome, withHaproxy), story.outcome);
    });
  }
});
