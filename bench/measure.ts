/**
 * One closed-loop round: a load drives one proxy for some seconds, and the proxy's process says what that cost. The load is wrk;
 * h2load for HTTP/2; and ab where every request has a TLS connection of its own, because wrk resumes sessions.
 */

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
  /** Each request on a TLS connection of its own, with a full handshake. */
  readonly handshakes: boolean;
  /** HTTP/2: requests at a time on each connection, and the path of the body to post; undefined for GETs. */
  readonly http2: { readonly streams: number; readonly body: string | undefined } | undefined;
}

export async function measure(pid: number, load: Load): Promise<Round> {
  const [command, read] = player(load);
  const before = cpuMicros(pid);
  const { stdout } = await promisify(execFile)('taskset', ['-c', String(loadCore), ...command]);
  const used = cpuMicros(pid) - before;
  const said = read(stdout);
  return {
    microsPerRequest: used / said.requests,
    requestsPerSecond: said.perSecond,
    p99Millis: said.p99Millis,
    residentMebibytes: residentMebibytes(pid),
    invalid: said.complaint,
  };
}

/** The command that plays a load, and how to read what it says. */
function player(load: Load): readonly [command: readonly string[], read: (said: string) => LoadReport] {
  if (load.http2 !== undefined) return [h2loadCommand(load, load.http2), readH2Report];
  return load.handshakes ? [abCommand(load), readAbReport] : [wrkCommand(load), readReport];
}

export interface LoadReport {
  readonly requests: number;
  readonly perSecond: number;
  /** NaN where it is not told. */
  readonly p99Millis: number;
  /** Errors, or answers other than 2xx or 3xx. */
  readonly complaint: string | undefined;
}

/** The command that plays a load, on the load's core. */
export function wrkCommand({ url, seconds, connections, script }: Omit<Load, 'http2' | 'handshakes'>): string[] {
  const scripted = script === undefined ? [] : ['-s', script];
  // wrk counts an answer that takes longer than its time-out as an error; with 1,000 connections its 2 s can be too few.
  return ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '--latency', ...scripted, url];
}

export function readReport(said: string): LoadReport {
  const requests = numberIn(said, /^\s*(\d+) requests in /m);
  return {
    requests,
    perSecond: numberIn(said, /^Requests\/sec:\s+([\d.]+)/m),
    p99Millis: millisIn(said, /^\s+99%\s+([\d.]+)(us|ms|s)/m),
    complaint: requests > 0 ? /^\s*(Socket errors: .*|Non-2xx or 3xx responses: .*)$/m.exec(said)?.[1] : 'no request was answered',
  };
}

/** The same for HTTP/2. Windows of a MiB for a stream and 8 for a connection: what is measured is not waiting for WINDOW_UPDATE. */
function h2loadCommand({ url, seconds, connections }: Load, { streams, body }: NonNullable<Load['http2']>): string[] {
  const posted = body === undefined ? [] : ['-d', body];
  return ['h2load', '-t1', `-c${connections}`, `-m${streams}`, `-D${seconds}`, '-w20', '-W23', ...posted, url];
}

/** It takes `-n` for the end, too, where that stands behind `-t`. */
function abCommand({ url, seconds, connections }: Load): string[] {
  return ['ab', '-q', '-c', String(connections), '-t', String(seconds), '-n', '100000000', url];
}

export function readAbReport(said: string): LoadReport {
  const requests = numberIn(said, /^Complete requests:\s+(\d+)/m);
  const bad = /^(?:Failed requests|Non-2xx responses):\s+[1-9].*$/m.exec(said)?.[0];
  return {
    requests,
    perSecond: numberIn(said, /^Requests per second:\s+([\d.]+)/m),
    p99Millis: numberIn(said, /^\s+99%\s+(\d+)/m),
    complaint: requests > 0 ? bad : 'no request was answered',
  };
}

/** It has no percentiles. */
export function readH2Report(said: string): LoadReport {
  const [, requests = '0', failed, errored, timedOut] =
    /^requests: \d+ total, \d+ started, (\d+) done, \d+ succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/m.exec(said) ?? [];
  const [, redirected, refused, broken] = /^status codes: \d+ 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx/m.exec(said) ?? [];
  const bad = [failed, errored, timedOut, redirected, refused, broken].map(Number).some((count) => count !== 0);
  const complaint = bad ? /^requests: .*\nstatus codes: .*$/m.exec(said)?.[0].replace('\n', '; ') : undefined;
  return {
    requests: Number(requests),
    perSecond: numberIn(said, /^finished in [\d.]+m?s, ([\d.]+) req\/s/m),
    p99Millis: Number.NaN,
    complaint: Number(requests) > 0 ? complaint : 'no request was answered',
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
