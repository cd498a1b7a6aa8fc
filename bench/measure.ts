/** One closed-loop round: wrk drives one proxy for some seconds, and the proxy's process says what that cost. */

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
  const { stdout } = await promisify(execFile)('taskset', ['-c', String(loadCore), ...wrkCommand(load)]);
  const used = cpuMicros(pid) - before;
  const said = readReport(stdout);
  return {
    microsPerRequest: used / said.requests,
    requestsPerSecond: said.perSecond,
    p99Millis: said.p99Millis,
    residentMebibytes: residentMebibytes(pid),
    invalid: said.complaint,
  };
}

export interface WrkReport {
  readonly requests: number;
  readonly perSecond: number;
  readonly p99Millis: number;
  /** Errors, or answers other than 2xx or 3xx. */
  readonly complaint: string | undefined;
}

/** The command that plays a load, on the load's core. */
export function wrkCommand({ url, seconds, connections, script }: Load): string[] {
  const scripted = script === undefined ? [] : ['-s', script];
  // wrk counts an answer that takes longer than its time-out as an error; with 1,000 connections its 2 s can be too few.
  return ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '--latency', ...scripted, url];
}

export function readReport(said: string): WrkReport {
  const requests = numberIn(said, /^\s*(\d+) requests in /m);
  return {
    requests,
    perSecond: numberIn(said, /^Requests\/sec:\s+([\d.]+)/m),
    p99Millis: millisIn(said, /^\s+99%\s+([\d.]+)(us|ms|s)/m),
    complaint: requests > 0 ? /^\s*(Socket errors: .*|Non-2xx or 3xx responses: .*)$/m.exec(said)?.[1] : 'no request was answered',
  };
}

function numberIn(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? Number.NaN);
}

function millisIn(text: string, pattern: RegExp): number {
  const [, value, unit] = pattern.exec(text) ?? [];
  const scale = { us: 1e-3, ms: 1, s: 1e3 }[unit ?? ''];
  return Number(value) * (scale ?? Number.NaN);
}
