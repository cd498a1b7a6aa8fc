/** How much memory a process has, and what it does, as Linux tells it. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** Why memory cannot be measured here; false where it can. */
export const noProc: string | false = existsSync('/proc/self/io') ? false : 'there is no /proc here that tells what a process holds';

/** What `pid` holds now, bytes (VmRSS). */
export function residentBytes(pid: number): number {
  return statusBytes(pid, 'VmRSS');
}

/** The most that it has held since `forgetPeak`, bytes (VmHWM). */
export function peakBytes(pid: number): number {
  return statusBytes(pid, 'VmHWM');
}

/** Its peak is what it holds now (proc(5), clear_refs). */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** Time on the processor so far, in clock ticks: unchanged while it has nothing to do. */
export function processorTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function statusBytes(pid: number, name: string): number {
  const kib = new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  if (kib === undefined) throw new Error(`/proc/${pid}/status has no ${name}`);
  return Number(kib) * 1024;
}

/** Bytes that it has read and written so far, sockets and all (proc(5), io). */
export function transferred(pid: number): { readonly read: number; readonly written: number } {
  const io = readFileSync(`/proc/${pid}/io`, 'latin1');
  return { read: Number(/^rchar: (\d+)$/m.exec(io)?.[1]), written: Number(/^wchar: (\d+)$/m.exec(io)?.[1]) };
}
