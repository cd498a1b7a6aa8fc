/** Servers that fail, before the real HAProxy: the same table as Fairlead's (test/scenarios/faults.ts). */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { COUNTERS, FAULTS, type Fault, nameOf, type Outcome, REUSE, talk, withServers } from '../scenarios/faults.ts';
import { acts, startFaulty } from '../support/faulty.ts';
import { parseStats } from '../support/stats.ts';
import { until } from '../support/wait.ts';
import { skip } from './side-by-side.ts';

let folder = '';

before(() => {
  if (skip === false) folder = mkdtempSync(join(tmpdir(), 'fairlead-faults-'));
});

after(() => {
  if (folder !== '') rmSync(folder, { recursive: true });
});

/** The time-outs are those of the scenarios (balancer.ts). */
const configuration = (path: string, backend: string): string => `
global
 stats socket ${path}.ctl
 log stdout format raw local0
defaults
 mode http
 log global
 option httplog
 timeout connect 2s
 timeout client 10s
 timeout server 10s
frontend www
 bind unix@${path}.www
 default_backend be
backend be
${backend}`;

/** Runs `story` with HAProxy at `path`.www, before `backend`; `log` tells its lines so far. */
async function withHaproxy(path: string, backend: string, story: (log: () => string) => Promise<void>): Promise<void> {
  writeFileSync(`${path}.cfg`, configuration(path, backend));
  const haproxy = spawn('haproxy', ['-db', '-f', `${path}.cfg`], { stdio: ['ignore', 'pipe', 'ignore'] });
  let lines = '';
  haproxy.stdout.on('data', (bytes: Buffer) => {
    lines += bytes.toString('latin1');
  });
  try {
    await until('HAProxy listens', async () => (await listens(`${path}.www`)) && (await listens(`${path}.ctl`)));
    await story(() => lines);
  } finally {
    haproxy.kill('SIGKILL');
    await once(haproxy, 'exit');
  }
}

async function play(fault: Fault, path: string): Promise<Outcome> {
  const expected = fault.haproxy?.log ?? fault.log;
  let outcome: Outcome | undefined;
  await withServers(fault, async (backend, asked) => {
    await withHaproxy(path, backend, async (log) => {
      const socket = connect(`${path}.www`);
      const answers = await talk(socket, fault.requests);
      socket.destroy();
      await until('all is logged', () => logged(log()).length >= expected.length);
      outcome = { answers, asked: asked(), log: logged(log()), counters: await counted(path) };
    });
  });
  return outcome ?? assert.fail();
}

function listens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

function logged(lines: string): string[] {
  return lines.split('\n').flatMap((line) => {
    const [, server, status, termination, retries] = / be\/(\S+) \S+ (\S+) \d+ - - (\S{4}) \S+\/(\+?\d+) \d+\/\d+ "/.exec(line) ?? [];
    return server === undefined ? [] : [`${server} ${status} ${termination} ${retries}`];
  });
}

async function counted(path: string): Promise<Record<string, string>> {
  const control = connect(`${path}.ctl`);
  control.write('show stat\n');
  let csv = '';
  for await (const bytes of control) csv += bytes.toString();
  const rows = parseStats(csv).filter((row) => row.pxname === 'be');
  return Object.fromEntries(
    rows.map((row) => [
      row.svname === 'BACKEND' ? 'be' : (row.svname ?? ''),
      COUNTERS.map((name) => [name, row[/^\d/.test(name) ? `hrsp_${name}` : name] ?? ''] as const)
        .filter(([, value]) => value !== '' && value !== '0')
        .map(([name, value]) => `${name} ${value}`)
        .join(' '),
    ]),
  );
}

for (const [index, fault] of FAULTS.entries()) {
  test(fault.name, { skip: fault.haproxy === undefined ? 'what HAProxy does here varies' : skip }, async () => {
    const { answers, asked, log, counters } = { ...fault, ...fault.haproxy };
    assert.deepEqual(await play(fault, join(folder, String(index))), { answers, asked, log, counters });
  });
}

for (const [index, one] of REUSE.entries()) {
  test(nameOf(one), { skip }, async () => {
    const server = await startFaulty('s1', [acts.ok]);
    const path = join(folder, `reuse-${index}`);
    try {
      await withHaproxy(path, ` http-reuse ${one.policy}\n server s1 ${server.address}\n`, async () => {
        const sockets = [];
        for (const requests of one.sessions) {
          const socket = connect(`${path}.www`);
          sockets.push(socket);
          assert.deepEqual(
            await talk(socket, requests),
            requests.map(() => '200 s1'),
          );
        }
        assert.equal(server.connections(), one.haproxy);
        for (const socket of sockets) socket.destroy();
      });
    } finally {
      await server.stop();
    }
  });
}
