/**
 * `npm run bench:soak`: one Fairlead under full load of every kind for some minutes, and whether its memory grows.
 * Exit codes: 0 it does not, 1 it does, or something failed, 2 what it needs is not installed.
 */

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Arena, lacking, machine, print, type Running } from '../arena.ts';
import { scriptOf } from '../contest.ts';
import { readReport, wrkCommand } from '../measure.ts';
import { peers } from '../peers.ts';
import { cpuMicros, loadCore, openDescriptors, residentMebibytes, startPinned } from '../process.ts';
import { scenarios } from '../scenarios.ts';
import { fixed, markdown } from '../table.ts';
import { growth, type Sample } from './growth.ts';
import type { HeapReport } from './heap-reporter.ts';

/** Connections by scenario: all at the same time. */
const mix: Readonly<Record<string, number>> = { small: 32, '64k': 8, post: 8, connect: 8 };
const sampleSeconds = 5;
/** One row of the table for so many samples. */
const samplesPerRow = 6;
/** Memory that the process needs once (code, caches, slabs) is there after this part of the time, at most two minutes. */
const settling = { share: 0.2, seconds: 120 };
/** MiB that memory may grow from then to the end. */
const bound = 10;

const usage = `npm run bench:soak -- [options]
  --minutes N     how long (10); growth counts from minute ${settling.seconds / 60} on, or after ${settling.share * 100} % of a shorter run
`;

/** A part of the load, and where it writes what became of it. */
interface Source {
  readonly name: string;
  readonly log: string;
  readonly process: ChildProcess;
}

function readSeconds(args: readonly string[]): number {
  const { values } = parseArgs({ args: [...args], options: { minutes: { type: 'string' } } });
  const minutes = values.minutes ?? '10';
  if (!/^\d+(\.\d+)?$/.test(minutes) || Number(minutes) === 0) throw new Error(`--minutes wants a number above 0, not '${minutes}'`);
  return Math.ceil(Number(minutes) * 60);
}

function startLoad(arena: Arena, port: number, seconds: number): Source[] {
  const chosen = scenarios.filter(({ name }) => Object.hasOwn(mix, name));
  const commands = chosen.map((scenario) => {
    const load = { url: `http://127.0.0.1:${port}${scenario.path}`, seconds, script: scriptOf(arena, scenario) };
    return [scenario.name, wrkCommand({ ...load, connections: mix[scenario.name] as number })] as const;
  });
  const leavers = fileURLToPath(new URL('leavers.js', import.meta.url));
  return [...commands, [leaving, [process.execPath, leavers, String(port), String(seconds)]] as const].map(([name, command]) => {
    const log = arena.path(`${name}.log`);
    return { name, log, process: arena.keep(startPinned(loadCore, log, command)) };
  });
}

const leaving = 'clients that leave';

/** Samples until the load has ended, which it does by itself. */
async function watch({ pid, process: proxy }: Running, heapFile: string, sources: readonly Source[]): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const start = performance.now();
  const ended = Promise.all(sources.map(({ process: child }) => (child.exitCode === null ? once(child, 'exit') : undefined)));
  let running = true;
  void ended.then(() => {
    running = false;
  });
  const table = new Table(pid, heapFile);
  for (;;) {
    if (proxy.exitCode !== null || proxy.signalCode !== null) throw new Error('Fairlead has ended under the load');
    const sample = { seconds: (performance.now() - start) / 1000, mebibytes: residentMebibytes(pid) };
    if (samples.length % samplesPerRow === 0 || !running) table.row(sample);
    // Without load memory is not what it was.
    if (!running) return samples;
    samples.push(sample);
    await Promise.race([pause(sampleSeconds * 1000), ended]);
  }
}

/** Printed as it comes: ten minutes are long. */
class Table {
  private readonly pid: number;
  private readonly heapFile: string;
  private seconds = 0;
  private cpu: number;

  constructor(pid: number, heapFile: string) {
    this.pid = pid;
    this.heapFile = heapFile;
    this.cpu = cpuMicros(pid);
    print(markdown(['time s', 'RSS MiB', 'heap MiB', 'external MiB', 'open files', 'CPU %'], []));
  }

  row({ seconds, mebibytes }: Sample): void {
    const heap = heapOf(this.heapFile);
    const sizes = [mebibytes, heap.heapUsed / 2 ** 20, heap.external / 2 ** 20].map((size) => fixed(size, 1));
    const cpu = cpuMicros(this.pid);
    const busy = seconds < sampleSeconds ? Number.NaN : (cpu - this.cpu) / 1e4 / (seconds - this.seconds);
    print(`| ${[fixed(seconds, 0), ...sizes, String(openDescriptors(this.pid)), fixed(busy, 0)].join(' | ')} |`);
    this.seconds = seconds;
    this.cpu = cpu;
  }
}

/** NaN while there is none, or it is just being written. */
function heapOf(file: string): HeapReport {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as HeapReport;
  } catch {
    return { heapUsed: Number.NaN, external: Number.NaN };
  }
}

/** What became of the load; answers what is wrong with it. */
function reportLoad(sources: readonly Source[]): string[] {
  const wrong: string[] = [];
  for (const { name, log } of sources) {
    const said = readFileSync(log, 'utf8');
    if (name === leaving) {
      print(`${name}: ${said.trim()}`);
      if (!(Number(said) > 0)) wrong.push(`${name}: there were none`);
      continue;
    }
    const { requests, perSecond, complaint } = readReport(said);
    print(`${name}: ${requests} requests, ${fixed(perSecond, 0)} a second`);
    if (complaint !== undefined) wrong.push(`${name}: ${complaint}`);
  }
  return wrong;
}

function settled(samples: readonly Sample[], seconds: number): readonly Sample[] {
  const from = Math.min(settling.seconds, seconds * settling.share);
  return samples.filter((sample) => sample.seconds >= from);
}

/** Whether all is well. */
async function soak(arena: Arena, seconds: number): Promise<boolean> {
  const peer = peers.find(({ name }) => name === 'fairlead');
  if (peer?.version() === undefined) throw new Error('there is no build of Fairlead');
  const heapFile = arena.path('heap.json');
  const reporter = new URL('heap-reporter.js', import.meta.url);
  const env = { FAIRLEAD_SOAK_HEAP: heapFile, NODE_OPTIONS: `--import=${reporter.href}` };
  const connections = Object.values(mix).reduce((sum, count) => sum + count, 0);
  const proxy = await arena.start(peer, { log: true, connections, active: connections, env });
  if (!existsSync(heapFile)) throw new Error('the reporter of the heap did not start');
  print(`Machine: ${machine()}. ${peer.version()}, ${arena.serverKind} as the two servers, ${seconds} s.\n`);
  const sources = startLoad(arena, proxy.port, seconds);
  const samples = settled(await watch(proxy, heapFile, sources), seconds);
  print('');
  const wrong = reportLoad(sources);
  const grown = growth(samples);
  const since = fixed(samples[0]?.seconds ?? Number.NaN, 0);
  if (Number.isNaN(grown)) wrong.push('too short to say whether memory grows');
  else
    print(`\nRSS from second ${since} to ${fixed(samples.at(-1)?.seconds ?? Number.NaN, 0)}: ${fixed(grown, 1)} MiB, allowed are ${bound}`);
  if (grown >= bound) wrong.push(`memory grows: ${fixed(grown, 1)} MiB`);
  for (const line of wrong) print(`FAILED ${line}`);
  if (wrong.length === 0) print('Memory does not grow.');
  return wrong.length === 0;
}

async function main(): Promise<number> {
  const seconds = readSeconds(process.argv.slice(2));
  const missing = lacking();
  if (missing.length > 0) {
    process.stderr.write(`bench:soak: missing ${missing.join(', ')}\n`);
    return 2;
  }
  let good = false;
  await Arena.open(async (arena) => {
    good = await soak(arena, seconds);
  });
  return good ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`bench:soak: ${error instanceof Error ? error.message : error}\n\n${usage}`);
  process.exitCode = 1;
}
