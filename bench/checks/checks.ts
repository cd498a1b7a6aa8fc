/**
 * `node dist/bench/checks/checks.js [SERVERS] [SECONDS] [ROUNDS]`: what active checks cost, at `inter 2s`, ours and HAProxy's. CPU
 * time is measured, not wall time, so others may use the machine meanwhile; of several rounds the lowest counts.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cpuMicros, installed } from '../process.ts';
import { fixed, markdown } from '../table.ts';
import type { CheckerReport } from './checker.ts';

const [count = 2000, seconds = 20, rounds = 3] = process.argv.slice(2).map(Number);

const KINDS = [
  { name: 'TCP connect', lines: [] },
  { name: 'option httpchk', lines: ['option httpchk'] },
  {
    name: 'HTTP/1.1, expect string',
    lines: ['option httpchk GET /up HTTP/1.1', 'http-check send hdr Host a', 'http-check expect string ok'],
  },
] as const;

function configuration(lines: readonly string[], port: string): string {
  const text = [
    'global',
    ` stats socket ${join(folder, 'control')}`,
    'defaults',
    ' mode http',
    ' timeout connect 1s',
    ' timeout server 1s',
    ' timeout client 1s',
    'backend b',
  ];
  for (const line of lines) text.push(` ${line}`);
  for (let i = 0; i < count; i++) text.push(` server s${i} 127.1.${i >> 8}.${i & 255 || 256 - 1}:${port} check inter 2s`);
  return `${text.join('\n')}\n`;
}

function program(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

async function runOurs(file: string): Promise<CheckerReport> {
  const child = spawn(process.execPath, [program('checker.js'), file, String(seconds)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  await once(child, 'exit');
  return JSON.parse(line) as CheckerReport;
}

async function runHaproxy(file: string): Promise<number> {
  const child = spawn('haproxy', ['-db', '-q', '-f', file], { stdio: 'ignore' });
  await pause(5000);
  const from = cpuMicros(child.pid ?? -1);
  const since = performance.now();
  await pause(seconds * 1000);
  const load = (cpuMicros(child.pid ?? -1) - from) / 10 / (performance.now() - since);
  child.kill('SIGKILL');
  await once(child, 'exit');
  return load;
}

const folder = mkdtempSync(join(tmpdir(), 'fairlead-bench-checks-'));
const servers = spawn(process.execPath, [program('servers.js')], { stdio: ['pipe', 'pipe', 'inherit'] });
const [port] = (await once(createInterface(servers.stdout), 'line')) as [string];
try {
  const rows: string[][] = [];
  for (const { name, lines } of KINDS) {
    const file = join(folder, 'haproxy.cfg');
    writeFileSync(file, configuration(lines, port));
    const ours: CheckerReport[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      ours.push(await runOurs(file));
      if (installed('haproxy')) theirs.push(await runHaproxy(file));
    }
    const lowest = (pick: (report: CheckerReport) => number) => fixed(Math.min(...ours.map(pick)), 1);
    const up = Math.min(...ours.map((report) => report.up));
    const haproxy = theirs.length === 0 ? '' : fixed(Math.min(...theirs), 1);
    rows.push([
      name,
      `${up}/${count}`,
      lowest(({ load }) => load),
      haproxy,
      lowest(({ late99 }) => late99),
      lowest(({ latest }) => latest),
    ]);
  }
  process.stdout.write(
    markdown(['check', 'up', 'Fairlead, % of a core', 'HAProxy, % of a core', 'loop late, 99 %, ms', 'loop late, most, ms'], rows),
  );
} finally {
  servers.stdin.end();
  rmSync(folder, { recursive: true });
}
