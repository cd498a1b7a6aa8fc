/**
 * `show info` (management manual 9.3): a row for each field of HAProxy 2.6, with its name, number and type. Clients read
 * by name or by number, so what we do not have (TLS, pipes, pools, peers) stays in its place as 0.
 */

import { compatibleVersion } from '../../config/condition.ts';
import { monotonic } from '../../core/clock.ts';
import { namesOf } from '../../stats/typed.ts';
import type { Runtime } from './runtime.ts';

/** Of one moment. */
interface Moment {
  readonly runtime: Runtime;
  readonly uptime: number;
  readonly totals: Totals;
}

/** Sums over all frontends. */
interface Totals {
  readonly connections: number;
  readonly requests: number;
  readonly bytesOut: number;
  readonly connRate: number;
  readonly connRateMax: number;
  readonly rate: number;
  readonly rateMax: number;
  readonly listeners: number;
}

interface InfoRow {
  /** The number of the field; some of HAProxy's builds have more. */
  readonly position: number;
  readonly name: string;
  /** Origin, nature, scope; then the type. */
  readonly tags: string;
  readonly help: string;
  /** Undefined leaves the line out. */
  read(moment: Moment): string | number | undefined;
}

function row(position: number, name: string, tags: string, help: string, read: InfoRow['read'] = () => 0): InfoRow {
  return { position, name, tags, help, read };
}

const ROWS: readonly InfoRow[] = [
  row(0, 'Name', 'POS:str', 'Whose statistics these are', () => 'HAProxy'),
  row(1, 'Version', 'POS:str', 'The version of HAProxy that is spoken', () => compatibleVersion),
  row(2, 'Release_date', 'POS:str', 'When this program was built', ({ runtime }) => runtime.facts.released),
  row(3, 'Nbthread', 'CGS:u32', 'Threads', () => 1),
  row(4, 'Nbproc', 'CGS:u32', 'Processes', () => 1),
  row(5, 'Process_num', 'KGP:u32', 'Number of the process', () => 1),
  row(6, 'Pid', 'SGP:u32', 'Process id', ({ runtime }) => runtime.facts.pid),
  row(7, 'Uptime', 'MDP:str', 'Since the start', ({ uptime }) => duration(uptime)),
  row(8, 'Uptime_sec', 'MDP:u32', 'Since the start, seconds', ({ uptime }) => Math.floor(uptime)),
  row(9, 'Memmax_MB', 'CLP:u32', 'Limit of memory, MB'),
  row(10, 'PoolAlloc_MB', 'MGP:u32', 'Memory in pools, MB'),
  row(11, 'PoolUsed_MB', 'MGP:u32', 'Memory in use of pools, MB'),
  row(12, 'PoolFailed', 'MCP:u32', 'Allocations that failed'),
  row(13, 'Ulimit-n', 'CLP:u32', 'Limit of descriptors', ({ runtime }) => runtime.descriptors ?? 0),
  row(14, 'Maxsock', 'CLP:u32', 'Limit of sockets', ({ runtime }) => runtime.descriptors ?? 0),
  row(15, 'Maxconn', 'CLP:u32', 'Limit of client connections', ({ runtime }) => runtime.facts.maxconn),
  row(16, 'Hard_maxconn', 'CLP:u32', 'Limit of client connections as configured', ({ runtime }) => runtime.config.global.maxconn ?? 0),
  row(17, 'CurrConns', 'MGP:u32', 'Client connections', ({ runtime }) => runtime.facts.connections()),
  row(18, 'CumConns', 'MCP:u32', 'Client connections since the start', ({ totals }) => totals.connections),
  row(19, 'CumReq', 'MCP:u32', 'Requests since the start', ({ totals }) => totals.requests),
  row(20, 'MaxSslConns', 'MMP:u32', 'Limit of TLS connections'),
  row(21, 'CurrSslConns', 'MGP:u32', 'TLS connections'),
  row(22, 'CumSslConns', 'MCP:u32', 'TLS connections since the start'),
  row(23, 'Maxpipes', 'CLP:u32', 'Limit of pipes'),
  row(24, 'PipesUsed', 'MGP:u32', 'Pipes in use'),
  row(25, 'PipesFree', 'MGP:u32', 'Pipes not in use'),
  row(26, 'ConnRate', 'MRP:u32', 'Client connections of the last second', ({ totals }) => totals.connRate),
  row(27, 'ConnRateLimit', 'CLP:u32', 'Limit of ConnRate'),
  row(28, 'MaxConnRate', 'MMP:u32', 'Highest ConnRate of a frontend', ({ totals }) => totals.connRateMax),
  row(29, 'SessRate', 'MRP:u32', 'Sessions of the last second', ({ totals }) => totals.rate),
  row(30, 'SessRateLimit', 'CLP:u32', 'Limit of SessRate'),
  row(31, 'MaxSessRate', 'MRP:u32', 'Highest SessRate of a frontend', ({ totals }) => totals.rateMax),
  row(32, 'SslRate', 'MRP:u32', 'TLS connections of the last second'),
  row(33, 'SslRateLimit', 'CLP:u32', 'Limit of SslRate'),
  row(34, 'MaxSslRate', 'MMP:u32', 'Highest SslRate'),
  row(35, 'SslFrontendKeyRate', 'MGP:u32', 'TLS keys made with clients in the last second'),
  row(36, 'SslFrontendMaxKeyRate', 'MMP:u32', 'Highest SslFrontendKeyRate'),
  row(37, 'SslFrontendSessionReuse_pct', 'MGP:u32', 'Percent of TLS connections that made no key'),
  row(38, 'SslBackendKeyRate', 'MRP:u32', 'TLS keys made with servers in the last second'),
  row(39, 'SslBackendMaxKeyRate', 'MMP:u32', 'Highest SslBackendKeyRate'),
  row(40, 'SslCacheLookups', 'MCP:u32', 'Lookups of TLS sessions'),
  row(41, 'SslCacheMisses', 'MCP:u32', 'Lookups of TLS sessions that found nothing'),
  row(42, 'CompressBpsIn', 'MRP:u32', 'Bytes a second that are compressed'),
  row(43, 'CompressBpsOut', 'MRP:u32', 'Bytes a second that compression made'),
  row(44, 'CompressBpsRateLim', 'CLP:u32', 'Limit of CompressBpsOut'),
  row(47, 'Tasks', 'MGP:u32', 'Client connections and listeners', ({ runtime, totals }) => runtime.facts.connections() + totals.listeners),
  row(48, 'Run_queue', 'MGP:u32', 'Tasks that wait for the processor'),
  row(49, 'Idle_pct', 'MaP:u32', 'Percent of the time that is spent waiting', ({ runtime }) => Math.floor(runtime.facts.idle())),
  row(50, 'node', 'COS:str', 'Name of this machine', ({ runtime }) => runtime.facts.node),
  row(51, 'description', 'COS:str', 'What this process is for', ({ runtime }) => runtime.config.global.description),
  row(52, 'Stopping', 'MGP:u32', 'Whether the process is stopping', ({ runtime }) => Number(runtime.stopping)),
  row(53, 'Jobs', 'MGP:u32', 'Client connections and listeners', ({ runtime, totals }) => runtime.facts.connections() + totals.listeners),
  row(54, 'Unstoppable Jobs', 'MGP:u32', 'Jobs that a stop does not wait for'),
  row(55, 'Listeners', 'MGP:u32', 'Sockets that listen', ({ totals }) => totals.listeners),
  row(56, 'ActivePeers', 'MGP:u32', 'Peers that are verified'),
  row(57, 'ConnectedPeers', 'MGP:u32', 'Peers that are connected'),
  row(58, 'DroppedLogs', 'MGP:u32', 'Log lines that were dropped'),
  row(59, 'BusyPolling', 'MGP:u32', 'Whether the process polls all the time'),
  row(60, 'FailedResolutions', 'MGP:u32', 'Names that were not resolved'),
  row(61, 'TotalBytesOut', 'MGP:u64', 'Bytes to clients since the start', ({ totals }) => totals.bytesOut),
  row(62, 'TotalSplicdedBytesOut', 'MGP:u64', 'Bytes through pipes since the start'),
  row(63, 'BytesOutRate', 'MRP:u64', 'Bytes to clients in the last second'),
  row(64, 'DebugCommandsIssued', 'MGP:u32', 'Commands that are for debugging'),
  row(65, 'CumRecvLogs', 'MCP:u32', 'Log lines received'),
  row(66, 'Build info', 'POS:str', 'The program', ({ runtime }) => `Fairlead ${runtime.facts.version}`),
  row(67, 'Memmax_bytes', 'CLP:u32', 'Limit of memory, bytes'),
  row(68, 'PoolAlloc_bytes', 'MGP:u64', 'Memory in pools, bytes'),
  row(69, 'PoolUsed_bytes', 'MGP:u64', 'Memory in use of pools, bytes'),
  row(70, 'Start_time_sec', 'MDP:u32', 'When the process started, Unix time', ({ runtime }) => Math.floor(runtime.startedAt)),
  row(71, 'Tainted', 'SGP:str', 'Experimental features in use'),
];

export function info(runtime: Runtime, desc: boolean): string {
  return text(runtime, desc, ({ name }, value) => `${name}: ${value}`);
}

/** `6.Pid.1:SGP:u32:4711` */
export function infoTyped(runtime: Runtime, desc: boolean): string {
  return text(runtime, desc, ({ position, name, tags }, value) => `${position}.${name}.1:${tags}:${value}`);
}

export function infoJson(runtime: Runtime): string {
  const fields = [...cells(runtime)].map(([{ position, name, tags }, value]) => {
    const [letters = '', type] = tags.split(':');
    return { field: { pos: position, name }, processNum: 1, tags: namesOf(letters), value: { type, value } };
  });
  return `${JSON.stringify(fields)}\n`;
}

function text(runtime: Runtime, desc: boolean, line: (row: InfoRow, value: string | number) => string): string {
  let lines = '';
  for (const [row, value] of cells(runtime)) lines += `${line(row, value)}${desc ? `:"${row.help}"` : ''}\n`;
  return lines;
}

function* cells(runtime: Runtime): Generator<readonly [InfoRow, string | number]> {
  const now = monotonic();
  const moment = { runtime, uptime: (now - runtime.facts.startedAt) / 1000, totals: totalsOf(runtime, now) };
  for (const row of ROWS) {
    const value = row.read(moment);
    if (value !== undefined) yield [row, value];
  }
}

function totalsOf(runtime: Runtime, now: number): Totals {
  const totals = { connections: 0, requests: 0, bytesOut: 0, connRate: 0, connRateMax: 0, rate: 0, rateMax: 0, listeners: 0 };
  for (const { frontend } of runtime.proxies) {
    if (frontend === undefined) continue;
    const { counters, listeners } = frontend;
    totals.connections += counters.connTot;
    totals.requests += counters.reqTot;
    totals.bytesOut += counters.bout;
    totals.connRate += counters.connRate.read(now);
    totals.rate += counters.rate.read(now);
    totals.connRateMax = Math.max(totals.connRateMax, counters.connRate.max);
    totals.rateMax = Math.max(totals.rateMax, counters.rate.max);
    totals.listeners += listeners.length;
  }
  totals.listeners += runtime.sockets.length;
  return totals;
}

/** `0d 0h03m58s` */
function duration(seconds: number): string {
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  return `${Math.floor(seconds / 86400)}d ${Math.floor(seconds / 3600) % 24}h${two((seconds / 60) % 60)}m${two(seconds % 60)}s`;
}
