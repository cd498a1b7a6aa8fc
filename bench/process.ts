/** Programs pinned to a core, and what they cost: read from /proc, for a process and all its children. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request as requestSecurely } from 'node:https';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Wire } from './scenarios.ts';

/** The proxy under test has a core for itself; load, servers and this program share the other. */
export const proxyCore = 0;
export const loadCore = 1;

const ticksPerSecond = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout);

export function installed(program: string): boolean {
  return spawnSync('which', [program], { stdio: 'ignore' }).status === 0;
}

/** Starts a program on one core; what it writes goes to `log`. */
export function startPinned(
  core: number,
  log: string,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  const output = openSync(log, 'a');
  const child = spawn('taskset', ['-c', String(core), ...command], { stdio: ['ignore', output, output], env: { ...process.env, ...env } });
  closeSync(output);
  return child;
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  stopNow(child);
  await ended;
}

/** The same without waiting for its end. */
export function stopNow(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const below = descendants(child.pid ?? -1);
  child.kill('SIGKILL');
  for (const pid of below) kill(pid);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It went with its parent.
  }
}

/** Children's children of a process, as far as they live. */
function descendants(pid: number): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const children = threads.flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean));
    return children.map(Number).flatMap((child) => [child, ...descendants(child)]);
  } catch {
    return [];
  }
}

/** CPU time in µs that a process and its children have used: utime and stime of /proc/PID/stat, in clock ticks. */
export function cpuMicros(pid: number): number {
  let ticks = 0;
  for (const one of [pid, ...descendants(pid)]) {
    const stat = readFileSync(`/proc/${one}/stat`, 'utf8');
    // The name in parentheses may hold anything; utime is the 12th field after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return (ticks / ticksPerSecond) * 1e6;
}

/** Open descriptors of a process. */
export function openDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** How many files one process may have open: Node has raised its own limit to the hard one, and what it starts inherits that. */
export function descriptorLimit(): number {
  const limit = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit);
}

/** Resident memory in MiB of a process and its children. */
export function residentMebibytes(pid: number): number {
  let kibibytes = 0;
  for (const one of [pid, ...descendants(pid)]) {
    kibibytes += Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${one}/status`, 'utf8'))?.[1] ?? 0);
  }
  return kibibytes / 1024;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}

const readyMs = 15_000;

/** Waits until a proxy answers 200 through one of its servers; throws with its log when it does not. */
export async function untilServing(port: number, log: string, wire: Wire = 'clear'): Promise<void> {
  const deadline = performance.now() + readyMs;
  while ((await statusOf(port, wire)) !== 200) {
    if (performance.now() > deadline)
      throw new Error(`nothing useful on port ${port}; it wrote:\n${readFileSync(log, 'utf8').slice(-2000)}`);
    await pause(50);
  }
}

/** Whatever is spoken there: `h2` answers HTTP/1.1 too, `h2c` does not. */
function statusOf(port: number, wire: Wire): Promise<number | undefined> {
  if (wire === 'h2c') return statusByHttp2(port);
  const ask = wire === 'clear' ? request : requestSecurely;
  return new Promise((resolve) => {
    const outgoing = ask({ port, host: '127.0.0.1', agent: false, rejectUnauthorized: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    outgoing.on('error', () => resolve(undefined));
    outgoing.end();
  });
}

function statusByHttp2(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    const stream = session.request({ ':path': '/' });
    stream.on('response', (headers) => resolve(headers[':status']));
    stream.on('close', () => session.destroy());
    stream.resume();
    for (const one of [session, stream]) one.on('error', () => resolve(undefined));
  });
}

/** Waits until something accepts connections there. */
export async function untilListening(port: number): Promise<void> {
  const deadline = performance.now() + readyMs;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const outcome = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(
      () => false,
    );
    socket.destroy();
    if (outcome) return;
    if (performance.now() > deadline) throw new Error(`nothing listens on port ${port}`);
    await pause(50);
  }
}
