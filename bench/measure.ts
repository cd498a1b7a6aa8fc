/** One round: wrk drives one proxy for some seconds, and the proxy's process says what that cost. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { cpuMicros, loadCore, residentMebibytes } from './process.ts';

export interface Round {
  readonly microsPerRequest: number;
  readonly requestsPerSecond: number;
  readonly p99Millis: number;
  readonly residentMebibytes: number;
  /** Why the round does not count: errors, answers other than 2xx or 3xx. */
  readonly invalid: string | undefined;
}

export interface Load {
  readonly url: string;
  readonly seconds: number;
  readonly connections: number;
  /** Path of a script for wrk; undefined for plain GETs. */
  readonly script: string | undefined;
}

export async function measure(pid: number, load: Load): Promise<Round> {
  const before = cpuMicros(pid);
  const said = await wrk(load);
  const used = cpuMicros(pid) - before;
  const requests = numberIn(said, /^\s*(\d+) requests in /m);
  return {
    microsPerRequest: used / requests,
    requestsPerSecond: numberIn(said, /^Requests\/sec:\s+([\d.]+)/m),
    p99Millis: millisIn(said, /^\s+99%\s+([\d.]+)(us|ms|s)/m),
    residentMebibytes: residentMebibytes(pid),
    invalid: requests === 0 ? 'no request was answered' : /^\s*(Socket errors: .*|Non-2xx or 3xx responses: .*)$/m.exec(said)?.[1],
  };
}

async function wrk({ url, seconds, connections, script }: Load): Promise<string> {
  const scripted = script === undefined ? [] : ['-s', script];
  const args = ['-c', String(loadCore), 'wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--latency', ...scripted, url];
  return (await promisify(execFile)('taskset', args)).stdout;
}

function numberIn(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? Number.NaN);
}

function millisIn(text: string, pattern: RegExp): number {
  const [, value, unit] = pattern.exec(text) ?? [];
  const scale = { us: 1e-3, ms: 1, s: 1e3 }[unit ?? ''];
  return Number(value) * (scale ?? Number.NaN);
}
