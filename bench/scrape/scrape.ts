/**
 * `node dist/bench/scrape/scrape.js [SERVERS] [ROUNDS]`: what it costs to tell Prometheus of many servers, ours and HAProxy's,
 * and how long a client that asks for something else waits meanwhile.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cpuMicros, freePort, installed, loadCore, proxyCore, startPinned, stop, untilServing } from '../process.ts';
import { median } from '../statistics.ts';
import { fixed, markdown } from '../table.ts';

const [count = 2000, rounds = 20] = process.argv.slice(2).map(Number);
const BACKENDS = 50;
const PROBE_MS = 2;

const FORMATS = [
  { name: 'text', accept: 'text/plain' },
  { name: 'OpenMetrics', accept: 'application/openmetrics-text' },
] as const;

/** Every server is checked, so that it has a sample for each way that a check can end. */
function configuration(port: number): string {
  const text = [
    'global',
    ' maxconn 100',
    'defaults',
    ' mode http',
    ' timeout connect 1s',
    ' timeout server 10s',
    ' timeout client 10s',
    'frontend web',
    ` bind 127.0.0.1:${port}`,
    ' http-request use-service prometheus-exporter if { path /metrics }',
    ' http-request return status 200 content-type text/plain string ok',
  ];
  for (let backend = 0; backend < BACKENDS; backend++) {
    text.push(`backend application-${backend}`);
    for (let i = backend; i < count; i += BACKENDS) text.push(` server server-${i} 127.0.0.1:1 check inter 1h`);
  }
  return `${text.join('\n')}\n`;
}

interface Fetched {
  readonly bytes: number;
  readonly millis: number;
}

const agent = new Agent({ keepAlive: true });

function fetch(port: number, path: string, accept: string): Promise<Fetched> {
  const since = performance.now();
  return new Promise((resolve, reject) => {
    const asked = get({ host: '127.0.0.1', port, path, agent, headers: { accept } }, (response) => {
      let bytes = 0;
      response.on('data', (piece: Buffer) => {
        bytes += piece.length;
      });
      response.on('end', () => resolve({ bytes, millis: performance.now() - since }));
    });
    asked.on('error', reject);
  });
}

/** The longest of small requests, every few milliseconds one, until `done`. */
async function longestUntil(port: number, done: Promise<unknown>): Promise<number> {
  let over = false;
  void done.finally(() => {
    over = true;
  });
  let longest = 0;
  while (!over) {
    longest = Math.max(longest, (await fetch(port, '/', '*/*')).millis);
    // What it costs to answer these is to be nothing beside the scrape.
    await pause(PROBE_MS);
  }
  return longest;
}

interface Round extends Fetched {
  readonly longest: number;
  readonly cpuMillis: number;
}

async function scrape(port: number, pid: number, accept: string): Promise<Round> {
  const from = cpuMicros(pid);
  const fetched = fetch(port, '/metrics', accept);
  const longest = await longestUntil(port, fetched);
  return { ...(await fetched), longest, cpuMillis: (cpuMicros(pid) - from) / 1000 };
}

function rowOf(name: string, all: readonly Round[]): string[] {
  const of = (read: (round: Round) => number) => all.map(read);
  const millis = of((round) => round.millis);
  const longest = of((round) => round.longest);
  return [
    name,
    fixed(median(of((round) => round.bytes)) / 1e6, 1),
    fixed(median(millis), 0),
    fixed(Math.max(...millis), 0),
    fixed(median(of((round) => round.cpuMillis)), 0),
    fixed(median(longest), 1),
    fixed(Math.max(...longest), 1),
  ];
}

async function measure(name: string, command: readonly string[]): Promise<string[][]> {
  const port = await freePort();
  const file = join(folder, `${name}.cfg`);
  const log = join(folder, `${name}.log`);
  writeFileSync(file, configuration(port));
  const child = startPinned(proxyCore, log, [...command, '-f', file]);
  try {
    await untilServing(port, log);
    const rows: string[][] = [];
    for (const format of FORMATS) {
      // The first is of code that nobody has optimised yet; it is told apart.
      const [first, ...all] = await inTurn(rounds + 1, () => scrape(port, child.pid ?? -1, format.accept));
      if (first !== undefined && rows.length === 0) rows.push(rowOf(`${name}, ${format.name}, the first`, [first]));
      rows.push(rowOf(`${name}, ${format.name}`, all));
    }
    return rows;
  } finally {
    await stop(child);
  }
}

async function inTurn<T>(times: number, task: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  while (results.length < times) results.push(await task());
  return results;
}

const folder = mkdtempSync(join(tmpdir(), 'fairlead-bench-scrape-'));
try {
  const rows = await measure('Fairlead', [process.execPath, fileURLToPath(new URL('../../src/main.js', import.meta.url))]);
  if (installed('haproxy')) rows.push(...(await measure('HAProxy', ['haproxy', '-db', '-q'])));
  process.stdout.write(`${count} servers, ${rounds} scrapes of each kind; this program runs on core ${loadCore}\n\n`);
  const columns = ['scrape', 'MB', 'ms', 'most', 'ms CPU', 'a request meanwhile, ms', 'most'];
  process.stdout.write(`${markdown(columns, rows)}\n`);
} finally {
  agent.destroy();
  rmSync(folder, { recursive: true });
}
