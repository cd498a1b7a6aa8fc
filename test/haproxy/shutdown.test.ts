/** Requests whose server is marked down under them, before the real HAProxy: the same table as Fairlead's (test/scenarios/shutdowns.ts). */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { answering, INTERRUPTIONS, type Interruption } from '../scenarios/shutdowns.ts';
import { startRawUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { skip } from './side-by-side.ts';

const configuration = (folder: string, address: string): string => `
global
 stats socket ${folder}/ctl level admin
 log stdout format raw local0
defaults
 mode http
 log global
 option httplog
 timeout connect 2s
 timeout client 10s
 timeout server 10s
listen www
 bind unix@${folder}/www
 server s1 ${address} check inter 1000s on-marked-down shutdown-sessions
`;

async function listens(path: string): Promise<boolean> {
  const socket = connect(path);
  return new Promise((resolve) => {
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

async function play(one: Interruption, folder: string): Promise<unknown> {
  let asked = 0;
  const upstream = await startRawUpstream(answering(one.answer, () => asked++));
  writeFileSync(`${folder}/cfg`, configuration(folder, upstream.address));
  const haproxy = spawn('haproxy', ['-db', '-f', `${folder}/cfg`], { stdio: ['ignore', 'pipe', 'ignore'] });
  let lines = '';
  haproxy.stdout.on('data', (bytes: Buffer) => {
    lines += bytes.toString('latin1');
  });
  try {
    await until('HAProxy listens', () => listens(`${folder}/ctl`));
    const client = connect(`${folder}/www`);
    let received = '';
    let ended = false;
    client.on('data', (bytes) => {
      received += bytes.toString('latin1');
    });
    client.on('close', () => {
      ended = true;
    });
    client.write(one.request);
    await until('the server is asked', () => asked === 1);
    await until('the client has what it can have', () => received.includes(one.seen));
    const control = connect(`${folder}/ctl`);
    control.end('set server www/s1 health down\n');
    const logged = await until('it is logged', () => / www\/(\S+) \S+ (\S+) \d+ - - (\S{4}) /.exec(lines) ?? undefined);
    if (!one.stays) await until('the connection ends', () => ended);
    else {
      client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      await until('it goes on', () => received.includes('HTTP/1.1 503'));
    }
    client.destroy();
    return logged.slice(1);
  } finally {
    haproxy.kill('SIGKILL');
    await once(haproxy, 'exit');
    await upstream.stop();
  }
}

for (const one of INTERRUPTIONS) {
  test(one.name, { skip }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-shutdown-'));
    try {
      assert.deepEqual(await play(one, folder), ['s1', String(one.status), one.termination]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
