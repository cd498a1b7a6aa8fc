/**
 * `show info` (management manual 9.3): a row for each field of HAProxy 2.6, with its name, number and type. Clients read
 * by name or by number, so what we do not have (pipes, compression, peers) stays in its place as 0.
 *
 * Memory: the pools of HAProxy's process are the heap of ours, and its limit is the heap's.
 */

import { getHeapStatistics } from 'node:v8';
import type { Config, RateLimits } from '../config/model.ts';
import { monotonic } from '../core/clock.ts';
import type { ProcessCounters } from '../core/counters.ts';
import type { ProcessFacts } from './page.ts';
import type { StatsProxy } from './rows.ts';
import { cellOf } from './typed.ts';

/** What the sockets of the Runtime API have seen: HAProxy counts them with its clients, but for limits and rates. */
export interface CliCounts {
  readonly sockets: number;
  /** Connections now. */
  readonly current: number;
  readonly accepted: number;
  readonly bytesOut: number;
}

/** What is told of the process; getters where it changes. */
export interface ProcessState {
  readonly facts: ProcessFacts;
  /** The version of HAProxy whose statistics these are. */
  readonly spoken: string;
  /** Unix time in seconds. */
  readonly startedAt: number;
  /** Descriptors that the process may have; undefined where the system does not say. */
  readonly descriptors: number | undefined;
  /** The configuration in force. */
  readonly config: Config;
  readonly proxies: readonly StatsProxy[];
  /** The process finishes what is under way. */
  readonly stopping: boolean;
  readonly cli: CliCounts;
  readonly counters: ProcessCounters;
  /** As configured, or set at run time. */
  readonly rateLimits: RateLimits;
  /** Timers that run: of sessions, checks and what waits. */
  readonly timers: number;
  /** What is ready and waits for the next turn of the event loop. */
  readonly ready: number;
  readonly droppedLogs: number;
  readonly failedResolutions: number;
  /** Sent to clients and servers, bytes in the last second. */
  bytesOutRate(): number;
}

/** Of one moment. */
interface Moment {
  readonly state: ProcessState;
  readonly now: number;
  readonly uptime: number;
  readonly totals: ProcessTotals;
  readonly heap: ReturnType<typeof getHeapStatistics>;
  /** `float`: times and rates with their fractions. */
  readonly float: boolean;
}

/** Sums over all frontends and the Runtime API since the start, whatever has been cleared since. */
export interface ProcessTotals {
  readonly connections: number;
  readonly requests: number;
  readonly bytesOut: number;
  /** Sockets to listen on. */
  readonly listeners: number;
}

type InfoValue = string | number | undefined;

export interface InfoRow {
  /** The number of the field; some of HAProxy's builds have more. */
  readonly position: number;
  readonly name: string;
  /** Origin, nature, scope; then the type. */
  readonly tags: string;
  readonly help: string;
  /** What `tags` is with `float`, where that makes a difference. */
  readonly float?: string;
  /** Undefined leaves the line out. */
  read(moment: Moment): InfoValue;
}

function row(position: number, name: string, tags: string, help: string, read: InfoRow['read'] = () => 0, float?: string): InfoRow {
  return { position, name, tags, help, read, ...(float === undefined ? {} : { float }) };
}

const MB = 1024 * 1024;
const RATE = 'MRP:flt';

const ROWS: readonly InfoRow[] = [
  row(0, 'Name', 'POS:str', 'Whose statistics these are', () => 'HAProxy'),
  row(1, 'Version', 'POS:str', 'The version of HAProxy that is spoken', ({ state }) => state.spoken),
  row(2, 'Release_date', 'POS:str', 'When this program was built', ({ state }) => state.facts.released),
  row(3, 'Nbthread', 'CGS:u32', 'Threads', () => 1),
  row(4, 'Nbproc', 'CGS:u32', 'Processes', () => 1),
  row(5, 'Process_num', 'KGP:u32', 'Number of the process', () => 1),
  row(6, 'Pid', 'SGP:u32', 'Process id', ({ state }) => state.facts.pid),
  row(7, 'Uptime', 'MDP:str', 'Since the start', ({ uptime }) => duration(uptime)),
  row(8, 'Uptime_sec', 'MDP:u32', 'Since the start, seconds', ({ uptime, float }) => seconds(uptime, float), 'MDP:flt'),
  row(9, 'Memmax_MB', 'CLP:u32', 'Limit of the heap, MB', ({ heap }) => Math.floor(heap.heap_size_limit / MB)),
  row(10, 'PoolAlloc_MB', 'MGP:u32', 'Size of the heap, MB', ({ heap }) => Math.floor(heap.total_heap_size / MB)),
  row(11, 'PoolUsed_MB', 'MGP:u32', 'Heap in use, MB', ({ heap }) => Math.floor(heap.used_heap_size / MB)),
  row(12, 'PoolFailed', 'MCP:u32', 'Allocations that failed: none, the first one ends the process'),
  row(13, 'Ulimit-n', 'CLP:u32', 'Limit of descriptors', ({ state }) => state.descriptors ?? 0),
  row(14, 'Maxsock', 'CLP:u32', 'Sockets that all limits together allow for', maxsock),
  row(15, 'Maxconn', 'CLP:u32', 'Limit of client connections', ({ state }) => state.facts.maxconn),
  row(16, 'Hard_maxconn', 'CLP:u32', 'Limit of client connections as configured', ({ state }) => state.config.global.maxconn ?? 0),
  row(17, 'CurrConns', 'MGP:u32', 'Client connections', ({ state }) => state.facts.connections()),
  row(18, 'CumConns', 'MCP:u32', 'Client connections since the start', ({ totals }) => totals.connections),
  row(19, 'CumReq', 'MCP:u32', 'Requests since the start', ({ totals }) => totals.requests),
  row(20, 'MaxSslConns', 'MMP:u32', 'Limit of TLS connections', ({ state }) => state.config.global.maxsslconn),
  row(21, 'CurrSslConns', 'MGP:u32', 'TLS connections, of clients and to servers', ({ state }) => state.counters.tls.current),
  row(22, 'CumSslConns', 'MCP:u32', 'The same since the start', ({ state }) => state.counters.tls.total),
  row(23, 'Maxpipes', 'CLP:u32', 'Limit of pipes'),
  row(24, 'PipesUsed', 'MGP:u32', 'Pipes in use'),
  row(25, 'PipesFree', 'MGP:u32', 'Pipes not in use'),
  row(26, 'ConnRate', 'MRP:u32', 'Client connections of the last second', ({ state, now }) => state.counters.connRate.read(now), RATE),
  row(27, 'ConnRateLimit', 'CLP:u32', 'Limit of ConnRate', ({ state }) => state.rateLimits.connections),
  row(28, 'MaxConnRate', 'MMP:u32', 'Highest ConnRate', ({ state }) => state.counters.connRate.max),
  row(29, 'SessRate', 'MRP:u32', 'Sessions of the last second', ({ state, now }) => state.counters.sessRate.read(now), RATE),
  row(30, 'SessRateLimit', 'CLP:u32', 'Limit of SessRate', ({ state }) => state.rateLimits.sessions),
  row(31, 'MaxSessRate', 'MRP:u32', 'Highest SessRate', ({ state }) => state.counters.sessRate.max),
  row(
    32,
    'SslRate',
    'MRP:u32',
    'TLS connections of clients in the last second',
    ({ state, now }) => state.counters.tls.rate.read(now),
    RATE,
  ),
  row(33, 'SslRateLimit', 'CLP:u32', 'Limit of SslRate', ({ state }) => state.rateLimits.sslSessions),
  row(34, 'MaxSslRate', 'MMP:u32', 'Highest SslRate', ({ state }) => state.counters.tls.rate.max),
  row(
    35,
    'SslFrontendKeyRate',
    'MGP:u32',
    'TLS keys made with clients in the last second',
    ({ state, now }) => state.counters.tls.clients.keys.read(now),
    RATE,
  ),
  row(36, 'SslFrontendMaxKeyRate', 'MMP:u32', 'Highest SslFrontendKeyRate', ({ state }) => state.counters.tls.clients.keys.max),
  row(37, 'SslFrontendSessionReuse_pct', 'MGP:u32', 'Percent of TLS connections that made no key', reusedPercent, RATE),
  row(
    38,
    'SslBackendKeyRate',
    'MRP:u32',
    'TLS keys made with servers in the last second',
    ({ state, now }) => state.counters.tls.servers.keys.read(now),
    RATE,
  ),
  row(39, 'SslBackendMaxKeyRate', 'MMP:u32', 'Highest SslBackendKeyRate', ({ state }) => state.counters.tls.servers.keys.max),
  row(40, 'SslCacheLookups', 'MCP:u32', 'Lookups of TLS sessions by their ids', ({ state }) => state.counters.tls.lookups),
  row(41, 'SslCacheMisses', 'MCP:u32', 'Such lookups that found nothing', ({ state }) => state.counters.tls.misses),
  row(42, 'CompressBpsIn', 'MRP:u32', 'Bytes a second that are compressed', undefined, RATE),
  row(43, 'CompressBpsOut', 'MRP:u32', 'Bytes a second that compression made', undefined, RATE),
  row(44, 'CompressBpsRateLim', 'CLP:u32', 'Limit of CompressBpsOut', ({ state }) => state.rateLimits.compression * 1024),
  row(47, 'Tasks', 'MGP:u32', 'Timers that run, and sockets that listen', ({ state, totals }) => state.timers + totals.listeners),
  row(48, 'Run_queue', 'MGP:u32', 'What waits for the next turn of the event loop', ({ state }) => state.ready),
  row(49, 'Idle_pct', 'MaP:u32', 'Percent of the last second that was spent waiting', ({ state }) => Math.round(state.facts.idle())),
  row(50, 'node', 'COS:str', 'Name of this machine', ({ state }) => state.facts.node),
  row(51, 'description', 'COS:str', 'What this process is for', ({ state }) => state.config.global.description),
  row(52, 'Stopping', 'MGP:u32', 'Whether the process is stopping', ({ state }) => Number(state.stopping)),
  row(
    53,
    'Jobs',
    'MGP:u32',
    'Connections of clients and of the Runtime API, and sockets that listen',
    ({ state, totals }) => state.facts.connections() + state.cli.current + totals.listeners,
  ),
  row(54, 'Unstoppable Jobs', 'MGP:u32', 'Jobs that a stop does not wait for'),
  row(55, 'Listeners', 'MGP:u32', 'Sockets that listen', ({ totals }) => totals.listeners),
  row(56, 'ActivePeers', 'MGP:u32', 'Peers that are verified'),
  row(57, 'ConnectedPeers', 'MGP:u32', 'Peers that are connected'),
  row(58, 'DroppedLogs', 'MGP:u32', 'Log lines that were dropped', ({ state }) => state.droppedLogs),
  row(59, 'BusyPolling', 'MGP:u32', 'Whether the process polls all the time'),
  row(60, 'FailedResolutions', 'MGP:u32', 'Names that were not resolved', ({ state }) => state.failedResolutions),
  row(61, 'TotalBytesOut', 'MGP:u64', 'Bytes sent since the start', ({ totals }) => totals.bytesOut),
  row(62, 'TotalSplicdedBytesOut', 'MGP:u64', 'Bytes through pipes since the start'),
  row(63, 'BytesOutRate', 'MRP:u64', 'Bytes sent in the last second', ({ state }) => state.bytesOutRate()),
  row(64, 'DebugCommandsIssued', 'MGP:u32', 'Commands that are for debugging'),
  row(65, 'CumRecvLogs', 'MCP:u32', 'Log lines received'),
  row(66, 'Build info', 'POS:str', 'The program', ({ state }) => `Fairlead ${state.facts.version}`),
  row(67, 'Memmax_bytes', 'CLP:u32', 'Limit of the heap, bytes', ({ heap }) => heap.heap_size_limit),
  row(68, 'PoolAlloc_bytes', 'MGP:u64', 'Size of the heap, bytes', ({ heap }) => heap.total_heap_size),
  row(69, 'PoolUsed_bytes', 'MGP:u64', 'Heap in use, bytes', ({ heap }) => heap.used_heap_size),
  row(
    70,
    'Start_time_sec',
    'MDP:u32',
    'When the process started, Unix time',
    ({ state, float }) => seconds(state.startedAt, float),
    'MDP:flt',
  ),
  row(71, 'Tainted', 'SGP:str', 'Experimental features in use', () => '0'),
];

export interface InfoFormat {
  readonly format: 'text' | 'typed' | 'json';
  readonly desc: boolean;
  readonly float: boolean;
}

/** Each line with its newline. */
export function info(state: ProcessState, { format, desc, float }: InfoFormat): string {
  if (format === 'json') return json(state, float);
  let lines = '';
  for (const [{ position, name, tags, help }, value] of readInfo(state, float)) {
    const field = format === 'typed' ? `${position}.${name}.1:${tags}:` : `${name}: `;
    lines += `${field}${value}${desc ? `:"${help}"` : ''}\n`;
  }
  return lines;
}

function json(state: ProcessState, float: boolean): string {
  const fields = Array.from(readInfo(state, float), ([{ position, name, tags }, value]) => ({
    field: { pos: position, name },
    processNum: 1,
    ...cellOf(tags, value),
  }));
  return `${JSON.stringify(fields)}\n`;
}

/** All rows that have a value, with the tags that go with it. */
export function* readInfo(state: ProcessState, float = false): Generator<readonly [InfoRow, string | number]> {
  const now = monotonic();
  const uptime = (now - state.facts.startedAt) / 1000;
  const moment: Moment = { state, now, uptime, totals: processTotals(state), heap: getHeapStatistics(), float };
  for (const each of ROWS) {
    const value = each.read(moment);
    if (value !== undefined) yield [float && each.float !== undefined ? { ...each, tags: each.float } : each, value];
  }
}

export function processTotals({ proxies, cli, counters: { carried } }: Pick<ProcessState, 'proxies' | 'cli' | 'counters'>): ProcessTotals {
  let connections = carried.connections + cli.accepted;
  let requests = carried.requests + cli.accepted;
  let bytesOut = carried.bytesOut + cli.bytesOut;
  let listeners = cli.sockets;
  for (const { frontend, backend } of proxies) {
    // HAProxy counts what it sends to servers, too: about what came from clients for them.
    bytesOut += backend?.counters.bin ?? 0;
    if (frontend === undefined) continue;
    const { counters, config } = frontend;
    connections += counters.connTot;
    // A TCP session is one request.
    requests += config.mode === 'tcp' ? counters.stot : counters.reqTot;
    bytesOut += counters.bout;
    // Those that are paused are still there, as in HAProxy.
    listeners += frontend.listeners.length;
  }
  return { connections, requests, bytesOut, listeners };
}

/** A client's connection may need another one to a server; then there are listeners, checks and the Runtime API. */
function maxsock({ state, totals }: Moment): number {
  const { statsMaxconn } = state.config.global;
  let checked = 0;
  for (const { backend } of state.proxies) {
    for (const { config } of backend?.servers ?? []) checked += Number(config.check !== undefined) + Number(config.agent !== undefined);
  }
  return 2 * state.facts.maxconn + totals.listeners + checked + statsMaxconn;
}

/** Of the last second, rounded as HAProxy rounds. */
function reusedPercent({ state, now }: Moment): number {
  const { rate, clients } = state.counters.tls;
  const all = rate.read(now);
  const keys = clients.keys.read(now);
  return keys < all ? 100 - Math.floor((100 * keys + Math.floor((all - 1) / 2)) / all) : 0;
}

function seconds(value: number, float: boolean): number {
  return float ? Math.round(value * 1e6) / 1e6 : Math.floor(value);
}

/** `0d 0h03m58s` */
export function duration(uptime: number): string {
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  return `${Math.floor(uptime / 86400)}d ${Math.floor(uptime / 3600) % 24}h${two((uptime / 60) % 60)}m${two(uptime % 60)}s`;
}
