/** Who is to read the logs and does not, costs lines, which are counted and told: no memory to speak of, and no request. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { askCli } from '../support/cli.ts';
import { noProc, residentBytes } from '../support/memory.ts';
import { program } from '../support/paths.ts';
import { until } from '../support/wait.ts';

const MIB = 1024 * 1024;
/** Beside the backlog: buffers of pipes, and what a young heap is by chance. */
const BOUND = 12 * MIB;
/** Of about 1,000 bytes each: many times what may wait. */
const REQUESTS = 20_000;
const BATCH = 500;
/** How often a loss is told: the first, the tenth, the hundredth line ... */
const TOLD = 5;

/** With its standard output and error a pipe each. */
async function startBeside(folder: string, target: string, stdio: readonly 'pipe'[]): Promise<ChildProcess> {
  const config = `
global
 stats socket ${join(folder, 'ctl')}
 log ${target} format raw local0
defaults
 mode http
 log global
 option httplog
 timeout connect 5s
 timeout client 60s
 timeout server 60s
listen www
 bind unix@${join(folder, 'www')}
 http-request return status 200`;
  writeFileSync(join(folder, 'cfg'), config);
  const args = [program, '-db', '-q', '-f', join(folder, 'cfg')];
  // The smallest young generation: what is measured is what is held.
  const env = { ...process.env, NODE_OPTIONS: '--max-semi-space-size=1' };
  const child = spawn(process.execPath, args, { stdio: ['ignore', ...stdio], env });
  await until('it answers', async () => (await askCli(join(folder, 'ctl'), 'show info')).includes('Pid:'));
  return child;
}

/** Pipelines requests with long names, `BATCH` at a time, and waits for all answers. */
async function request(folder: string, count: number): Promise<void> {
  const socket = connect(join(folder, 'www'));
  socket.setEncoding('latin1');
  const text = `GET /${'x'.repeat(900)} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(BATCH);
  let answers = 0;
  let rest = '';
  socket.on('data', (piece: string) => {
    const parts = (rest + piece).split('HTTP/1.1 200 OK\r\n');
    answers += parts.length - 1;
    rest = (parts.at(-1) ?? '').slice(-20);
  });
  for (let sent = 0; sent < count; sent += BATCH) {
    socket.write(text);
    await until('the batch is answered', () => answers >= sent + BATCH);
  }
  socket.destroy();
}

async function dropped(folder: string): Promise<number> {
  return Number(/^DroppedLogs: (\d+)$/m.exec(await askCli(join(folder, 'ctl'), 'show info'))?.[1]);
}

for (const [target, fd] of [
  ['stdout', 1],
  ['stderr', 2],
  ['fd@3', 3],
] as const) {
  test(`${target} is a pipe that nobody reads`, { skip: noProc }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-readers-'));
    const child = await startBeside(folder, target, ['pipe', 'pipe', 'pipe']);
    try {
      const pid = child.pid ?? 0;
      await request(folder, 2 * BATCH);
      const before = residentBytes(pid);
      await request(folder, REQUESTS);
      const lost = await dropped(folder);
      const grown = residentBytes(pid) - before;
      assert.ok(grown < BOUND, `it has grown by ${grown} bytes`);
      assert.ok(lost > REQUESTS / 2, `${lost} of ${REQUESTS} lines were dropped`);
      let text = '';
      child.stdio[fd]?.on('data', (bytes: Buffer) => {
        text += bytes.toString('latin1');
      });
      const read = () => text.match(/^unix:1 .*\n/gm)?.length ?? 0;
      // What has waited comes, and what is logged from now on. Among the lost are lines that told of the loss.
      const all = REQUESTS + 2 * BATCH - lost;
      await until('the rest is read', () => read() >= all && read() <= all + TOLD);
      await request(folder, BATCH);
      await until('new lines are read', () => read() >= all + BATCH);
      assert.equal(await dropped(folder), lost);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
      rmSync(folder, { recursive: true });
    }
  });
}
