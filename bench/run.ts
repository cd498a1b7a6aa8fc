/**
 * `npm run bench`: the proxying hot path, side by side. See README.md beside this file for the method.
 *
 * Per scenario all proxies are started, warmed up, and then take turns (A B C, B C A, ...), so that whatever else the machine
 * does in between hits all of them alike.
 */

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Load, measure, type Round } from './measure.ts';
import { type Options, readOptions, usage } from './options.ts';
import { logOf, type Peer } from './peers.ts';
import { freePort, installed, loadCore, startPinned, stop, untilServing } from './process.ts';
import type { Scenario } from './scenarios.ts';
import { table } from './table.ts';
import { startUpstreams, type Upstreams } from './upstream.ts';

const connections = 64;
const warmUpSeconds = 2;

interface Contestant {
  readonly peer: Peer;
  readonly process: ChildProcess;
  readonly load: Load;
  readonly rounds: Round[];
}

/** Everything started here is ended here, whatever happens in between. */
async function bench(options: Options): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-bench-'));
  const started: ChildProcess[] = [];
  try {
    const upstreams = await startUpstreams(folder);
    started.push(...upstreams.processes);
    const logSink = await startLogSink(folder);
    started.push(logSink.process);
    print(describeRun(options, upstreams));
    for (const scenario of options.scenarios) {
      const contestants = await startAll(join(folder, scenario.name), scenario, options, upstreams, logSink.port, started);
      for (let round = 0; round < options.rounds; round++) await playRound(contestants, round);
      print(`\n### ${scenario.title}\n\n${table(new Map(contestants.map(({ peer, rounds }) => [peer.name, rounds])))}`);
      for (const line of complaints(contestants)) print(line);
      for (const contestant of contestants) await stop(contestant.process);
    }
  } finally {
    for (const child of started) await stop(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startAll(
  folder: string,
  scenario: Scenario,
  options: Options,
  upstreams: Upstreams,
  logPort: number,
  started: ChildProcess[],
): Promise<Contestant[]> {
  mkdirSync(folder);
  const script = scenario.lua === '' ? undefined : join(folder, 'wrk.lua');
  if (script !== undefined) writeFileSync(script, scenario.lua);
  const contestants: Contestant[] = [];
  for (const peer of options.peers.filter((one) => one.version() !== undefined && (one.logs || !scenario.log))) {
    const port = await freePort();
    const setup = { folder: join(folder, peer.name), port, servers: upstreams.addresses, logPort: scenario.log ? logPort : undefined };
    mkdirSync(setup.folder);
    const process = peer.start(setup);
    started.push(process);
    await untilServing(port, logOf(setup));
    const load = { url: `http://127.0.0.1:${port}${scenario.path}`, seconds: options.seconds, connections, script };
    await measure(process.pid ?? 0, { ...load, seconds: warmUpSeconds });
    contestants.push({ peer, process, load, rounds: [] });
  }
  return contestants;
}

async function playRound(contestants: readonly Contestant[], round: number): Promise<void> {
  for (let turn = 0; turn < contestants.length; turn++) {
    const contestant = contestants[(turn + round) % contestants.length];
    if (contestant !== undefined) contestant.rounds.push(await measure(contestant.process.pid ?? 0, contestant.load));
  }
}

function complaints(contestants: readonly Contestant[]): string[] {
  return contestants.flatMap(({ peer, rounds }) =>
    rounds.flatMap((round, at) =>
      round.invalid === undefined ? [] : [`\n- ${peer.name}, round ${at + 1}, does not count: ${round.invalid}`],
    ),
  );
}

/** A UDP port that costs the load's core nothing: bound by a program that is then stopped, so the kernel drops what comes. */
async function startLogSink(folder: string): Promise<{ readonly port: number; readonly process: ChildProcess }> {
  const port = await freePort();
  const listen = `require('node:dgram').createSocket('udp4').bind(${port}, '127.0.0.1', () => process.kill(process.pid, 'SIGSTOP'))`;
  const sink = startPinned(loadCore, join(folder, 'sink.log'), [process.execPath, '-e', listen]);
  while (!/^State:\s+T/m.test(readFileSync(`/proc/${sink.pid}/status`, 'utf8'))) await once(spawn('sleep', ['0.05']), 'exit');
  return { port, process: sink };
}

function describeRun(options: Options, upstreams: Upstreams): string {
  const lines = [
    `Machine: ${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown'}, Linux ${release()}.`,
    `${connections} connections, medians of ${options.rounds} rounds of ${options.seconds} s, ${upstreams.kind} as the two servers.`,
    ...options.peers.map((peer) => `- ${peer.name}: ${peer.version() ?? 'not installed, left out'}`),
  ];
  return lines.join('\n');
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

const lacking = ['wrk', 'taskset', 'getconf'].filter((program) => !installed(program));
if (availableParallelism() < 2) lacking.push('a second core');
if (lacking.length > 0) {
  process.stderr.write(`bench: missing ${lacking.join(', ')}\n`);
  process.exitCode = 1;
} else {
  try {
    await bench(readOptions(process.argv.slice(2)));
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exitCode = 1;
  }
}
