/** `npm run bench -- --idle N`: what N idle keep-alive connections cost in memory. */

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Arena, print } from '../arena.ts';
import type { Peer } from '../peers.ts';
import { loadCore, residentMebibytes, stop } from '../process.ts';
import { fixed, markdown, yardstick } from '../table.ts';
import type { IdleReport } from './client.ts';

export interface IdleOptions {
  readonly peers: readonly Peer[];
  readonly connections: number;
  /** How long the connections have been left alone when memory is read. */
  readonly seconds: number;
}

interface IdleResult extends IdleReport {
  readonly before: number;
  readonly after: number;
}

/** Requests that are under way at a time while the connections are opened. */
const active = 100;
const client = fileURLToPath(new URL('client.js', import.meta.url));

export async function compareIdle(arena: Arena, { peers, connections, seconds }: IdleOptions): Promise<void> {
  const results = new Map<string, IdleResult>();
  for (const peer of peers.filter((one) => one.version() !== undefined)) {
    const proxy = await arena.start(peer, { log: false, connections, active });
    const before = residentMebibytes(proxy.pid);
    const holder = hold(arena, proxy.port, connections, seconds);
    const report = await reportOf(holder);
    results.set(peer.name, { ...report, before, after: residentMebibytes(proxy.pid) });
    holder.stdin?.end();
    await stop(proxy.process);
    await stop(holder);
  }
  print(`\n### ${connections} idle keep-alive connections, after one request each and ${seconds} s\n`);
  print(idleTable(results, connections));
}

function hold(arena: Arena, port: number, connections: number, seconds: number): ChildProcess {
  const command = ['-c', String(loadCore), process.execPath, client, String(port), String(connections), String(seconds)];
  return arena.keep(spawn('taskset', command, { stdio: ['pipe', 'pipe', 'inherit'] }));
}

/** The client's first line; it goes on holding its connections. */
async function reportOf({ stdout }: ChildProcess): Promise<IdleReport> {
  if (stdout === null) throw new Error('its output is a pipe');
  for await (const line of createInterface({ input: stdout })) return JSON.parse(line) as IdleReport;
  throw new Error('the client of idle connections ended without a word');
}

function idleTable(results: ReadonlyMap<string, IdleResult>, connections: number): string {
  const base = results.get(yardstick);
  const kibibytes = ({ before, after }: IdleResult) => ((after - before) * 1024) / connections;
  const columns = ['proxy', 'RSS MiB', '× HAProxy', 'RSS MiB before', 'KiB / connection', '× HAProxy', 'still open'];
  const rows = [...results].map(([name, result]) => [
    name,
    fixed(result.after, 0),
    fixed(result.after / (base?.after ?? Number.NaN), 2),
    fixed(result.before, 0),
    fixed(kibibytes(result), 1),
    fixed(kibibytes(result) / (base === undefined ? Number.NaN : kibibytes(base)), 2),
    result.answered === connections ? String(result.open) : `${result.open}, ${result.answered} answered`,
  ]);
  return markdown(columns, rows);
}
