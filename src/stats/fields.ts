/**
 * The statistics: one table, a row per column of HAProxy 2.6's CSV, in its order (management manual 9.1).
 *
 * CSV, typed, JSON, the page and later Prometheus are readings of it; nothing else knows a column's name. Columns of
 * features that are not in use are empty, as HAProxy's are.
 */

import type { Backend } from '../backend/backend.ts';
import type { Server } from '../backend/server.ts';
import { SCALE } from '../backend/slowstart.ts';
import { OpState, VERDICTS, type Verdict } from '../backend/types.ts';
import { hasCode } from '../backend/words.ts';
import { textOf } from '../core/bytes.ts';
import type { BackendCounters, ServerCounters } from '../core/counters.ts';
import type { Rate } from '../core/rate.ts';
import {
  agent,
  all,
  backend,
  checked,
  classes,
  client,
  type Field,
  field,
  frontend,
  ifChecked,
  ifHttp,
  probed,
  type Reading,
  server,
  target,
} from './field.ts';
import { formatAddress, listenerStatus } from './words.ts';

const zero = (): number => 0;
const one = (): number => 1;
const mode = (of: { readonly config: { readonly mode: string } }): string => of.config.mode;
const seconds = (ms: number): number => Math.max(0, Math.floor(ms / 1000));

interface Counted<Counters> {
  readonly counters: Counters;
}
const scur = (of: { readonly scur: number }): number => of.scur;
const dreq = (of: Counted<{ readonly dreq: number }>): number => of.counters.dreq;
const chkdown = (of: Counted<{ readonly chkdown: number }>): number => of.counters.chkdown;
const reqTot = (of: Counted<{ readonly reqTot: number }>): number => of.counters.reqTot;
const rate = (of: Counted<{ readonly rate: Rate }>, at: Reading): number => of.counters.rate.read(at.now);
const rateMax = (of: Counted<{ readonly rate: Rate }>): number => of.counters.rate.max;

/** The columns 0 .. 102; HAProxy closes them with a column named `-`. */
export const FIELDS: readonly Field[] = [
  field('pxname', 'KNS:str', 'Name of the proxy', {
    F: (of) => of.name,
    L: (of) => of.frontend.name,
    S: (of) => of.backend.name,
    B: (of) => of.name,
  }),
  field('svname', 'KNS:str', 'FRONTEND, BACKEND, or the name of the server or listener', {
    F: () => 'FRONTEND',
    L: (of) => of.config.name,
    S: (of) => of.config.name,
    B: () => 'BACKEND',
  }),
  field('qcur', 'MGP:u32', 'Requests that wait for a slot now', { S: (of) => of.queue.length, B: (of) => of.queued }),
  target('qmax', 'MMP:u32', 'Most requests that ever waited at once', (c) => c.qmax),
  field('scur', 'MGP:u32', 'Sessions now', { F: scur, L: scur, S: scur, B: scur }),
  all('smax', 'MMP:u32', 'Most sessions there ever were at once', (c) => c.smax),
  field('slim', 'CLP:u32', 'Most sessions there may be: maxconn, for a backend fullconn', {
    F: (of) => of.config.maxconn ?? 0,
    L: (of) => of.config.maxconn ?? 0,
    S: (of) => of.maxconn || undefined,
    B: (of) => of.config.fullconn,
  }),
  all('stot', 'MCP:u64', 'Sessions since the start', (c) => c.stot),
  all('bin', 'MCP:u64', 'Bytes received from clients', (c) => c.bin),
  all('bout', 'MCP:u64', 'Bytes sent to clients', (c) => c.bout),
  field('dreq', 'MCP:u64', 'Requests denied by a rule', { F: dreq, L: dreq, B: dreq }),
  all('dresp', 'MCP:u64', 'Responses denied by a rule', (c) => c.dresp),
  client('ereq', 'MCP:u64', 'Requests that were malformed, incomplete or too slow', (c) => c.ereq),
  target('econ', 'MCP:u64', 'Requests that found no connection to a server', (c) => c.econ),
  target('eresp', 'MCP:u64', 'Responses that failed', (c) => c.eresp),
  target('wretr', 'MCP:u64', 'Connection attempts repeated', (c) => c.wretr),
  target('wredis', 'MCP:u64', 'Requests sent to another server after a failed connection', (c) => c.wredis),
  field('status', 'SGP:str', 'OPEN, FULL, PAUSED, STOP; UP, DOWN, NOLB, DRAIN, MAINT, no check', {
    F: (of) => of.state,
    L: listenerStatus,
    S: (of) => of.statusText(),
    B: backendStatus,
  }),
  field('weight', 'MaP:u32', 'Weight in effect; of a backend, the sum over its usable servers', {
    S: (of) => weightOf(of.eweight),
    B: (of) => weightOf(sumOver(of, ({ eweight }) => eweight)),
  }),
  field('act', 'MGP:u32', 'Is an active server (1); of a backend, how many active servers are usable', {
    S: (of) => (of.config.backup ? 0 : 1),
    B: (of) => of.activeCount(),
  }),
  field('bck', 'MGP:u32', 'Is a backup server (1); of a backend, how many backup servers are usable', {
    S: (of) => (of.config.backup ? 1 : 0),
    B: (of) => of.backupCount(),
  }),
  checked('chkfail', 'MCP:u64', 'Checks that failed while the server was up', (of) => of.counters.chkfail),
  field('chkdown', 'MCP:u64', 'Transitions from up to down', { S: ifChecked(chkdown), B: chkdown }),
  field('lastchg', 'MAP:u32', 'Seconds since the status last changed', {
    S: (of, at) => seconds(at.now - of.lastChange),
    B: (of, at) => seconds(at.now - of.lastChange),
  }),
  field('downtime', 'MCP:u32', 'Seconds of all outages', {
    S: ifChecked((of, at) => seconds(of.downtimeAt(at.now))),
    B: (of, at) => (of.servers.length === 0 ? undefined : seconds(of.downtimeAt(at.now))),
  }),
  server('qlimit', 'CGS:u32', 'Most requests that may wait for this server: maxqueue', (of) => of.config.maxqueue || undefined),
  field('pid', 'KGP:u32', 'Number of the process, always 1', { F: one, L: one, S: one, B: one }),
  field('iid', 'KGS:u32', 'Number of the proxy', {
    F: (of) => of.config.id,
    L: (of) => of.frontend.config.id,
    S: (of) => of.backend.config.id,
    B: (of) => of.config.id,
  }),
  field('sid', 'KGS:u32', 'Number of the server or listener within its proxy', { F: zero, L: (of) => of.id, S: (of) => of.id, B: zero }),
  server('throttle', 'MGP:u32', 'Percentage of its weight that a server has during a slow start', throttle),
  target('lbtot', 'MCP:u64', 'Requests that the algorithm gave to the server', (c) => c.lbtot),
  server('tracked', 'CNS:str', 'backend/server whose state is followed', ({ tracked }) =>
    tracked === undefined ? undefined : `${tracked.backend.name}/${tracked.config.name}`,
  ),
  field('type', 'CGS:u32', '0 frontend, 1 backend, 2 server, 3 listener', { F: zero, L: () => 3, S: () => 2, B: one }),
  field('rate', 'MRP:u32', 'Sessions in the last second', { F: rate, S: rate, B: rate }),
  frontend('rate_lim', 'CLP:u32', 'Limit of new sessions per second', zero),
  field('rate_max', 'MMP:u32', 'Most sessions in a second', { F: rateMax, S: rateMax, B: rateMax }),
  probed('check_status', 'MOP:str', 'Result of the last check, with "* " before it while one is running', (of) =>
    statusOf(of.verdict, of.checking),
  ),
  probed('check_code', 'MOP:u32', 'Status that the last check was answered with', (of) => codeOf(of.verdict, of.checking)),
  probed('check_duration', 'MDP:u64', 'Milliseconds of the last check', (of) => durationOf(of.verdict)),
  classes('hrsp_1xx', 'MCP:u64', 'Responses with status 100 to 199', (hrsp) => hrsp.one),
  classes('hrsp_2xx', 'MCP:u64', 'Responses with status 200 to 299', (hrsp) => hrsp.two),
  classes('hrsp_3xx', 'MCP:u64', 'Responses with status 300 to 399', (hrsp) => hrsp.three),
  classes('hrsp_4xx', 'MCP:u64', 'Responses with status 400 to 499', (hrsp) => hrsp.four),
  classes('hrsp_5xx', 'MCP:u64', 'Responses with status 500 to 599', (hrsp) => hrsp.five),
  classes('hrsp_other', 'MCP:u64', 'Responses with any other status, or none', (hrsp) => hrsp.other),
  server('hanafail', 'MCP:u64', 'Times that observed traffic had too many errors in a row', (of) =>
    of.config.observe === undefined ? undefined : of.observer.failures,
  ),
  frontend('req_rate', 'MRP:u32', 'Requests in the last second', (of, at) => of.counters.reqRate.read(at.now)),
  frontend('req_rate_max', 'MMP:u32', 'Most requests in a second', (of) => of.counters.reqRate.max),
  field('req_tot', 'MCP:u64', 'Requests since the start', {
    F: reqTot,
    S: (of) => (of.backend.config.mode === 'http' ? reqTot(of) : undefined),
    B: ifHttp(reqTot),
  }),
  target('cli_abrt', 'MCP:u64', 'Exchanges that the client broke off', (c) => c.cliAbrt),
  target('srv_abrt', 'MCP:u64', 'Exchanges that the server broke off', (c) => c.srvAbrt),
  field('comp_in', 'MCP:u64', 'Bytes given to compression', { F: zero, B: zero }),
  field('comp_out', 'MCP:u64', 'Bytes that compression made of them', { F: zero, B: zero }),
  field('comp_byp', 'MCP:u64', 'Bytes that went past compression', { F: zero, B: zero }),
  field('comp_rsp', 'MCP:u64', 'Responses that were compressed', { F: zero, B: zero }),
  target('lastsess', 'MAP:s32', 'Seconds since the last session, -1 if there was none', sinceLastSession),
  probed('last_chk', 'MOP:str', 'What the last check heard, where it failed', (of) => infoOf(of.verdict, of.checking)),
  agent('last_agt', 'MOP:str', 'What the last agent check heard', (of) => infoOf(of.agentVerdict, of.agentChecking)),
  target('qtime', 'MaP:u32', 'Milliseconds in the queue, average of the last 1024 requests', (c) => c.qtime.read()),
  target('ctime', 'MaP:u32', 'Milliseconds to connect, average of the last 1024 requests', (c) => c.ctime.read()),
  target('rtime', 'MaP:u32', 'Milliseconds to the response, average of the last 1024 requests', (c) => c.rtime.read()),
  target('ttime', 'MaP:u32', 'Milliseconds in all, average of the last 1024 requests', (c) => c.ttime.read()),
  agent('agent_status', 'MOP:str', 'Result of the last agent check', (of) => statusOf(of.agentVerdict, of.agentChecking)),
  agent('agent_code', 'MOP:u32', 'Code of the last agent check', (of) => codeOf(of.agentVerdict, of.agentChecking)),
  agent('agent_duration', 'MDP:u64', 'Milliseconds of the last agent check', (of) => durationOf(of.agentVerdict) ?? 0),
  probed('check_desc', 'MOP:str', 'check_status in words', (of) => wordsOf(of.verdict)),
  agent('agent_desc', 'MOP:str', 'agent_status in words', (of) => wordsOf(of.agentVerdict)),
  probed('check_rise', 'CGS:u32', 'Checks that must pass to come up', (of) => of.check.rise),
  probed('check_fall', 'CGS:u32', 'Checks that must fail to go down', (of) => of.check.fall),
  probed('check_health', 'CGS:u32', '0 to rise-1 is down, rise to rise+fall-1 is up', (of) => of.health),
  agent('agent_rise', 'CGS:u32', 'Agent checks that must pass to come up', (of) => of.agent.rise),
  agent('agent_fall', 'CGS:u32', 'Agent checks that must fail to go down', (of) => of.agent.fall),
  agent('agent_health', 'CGS:u32', 'As check_health, of the agent', (of) => of.agentHealth),
  field('addr', 'CGS:str', 'Address and port, with show-legends', {
    L: (of, at) => (at.legends ? formatAddress(of.config.address) : undefined),
    S: (of, at) => (at.legends ? formatAddress(of.config) : undefined),
  }),
  field('cookie', 'CNS:str', 'Name or value of the persistence cookie, with show-legends', {
    S: (of, at) => cookie(of.config.cookie, at),
    B: (of, at) => cookie(of.config.cookie?.name, at),
  }),
  field('mode', 'CGS:str', 'http or tcp', { F: mode, L: (of) => mode(of.frontend), S: (of) => mode(of.backend), B: mode }),
  backend('algo', 'CGS:str', 'Balancing algorithm, with show-legends', (of, at) => (at.legends ? of.config.balance.algorithm : undefined)),
  frontend('conn_rate', 'MRP:u32', 'Connections in the last second', (of, at) => of.counters.connRate.read(at.now)),
  frontend('conn_rate_max', 'MMP:u32', 'Most connections in a second', (of) => of.counters.connRate.max),
  frontend('conn_tot', 'MCP:u64', 'Connections since the start', (of) => of.counters.connTot),
  frontend(
    'intercepted',
    'MCP:u64',
    'Requests that the proxy answered itself',
    ifHttp((of) => of.counters.intercepted),
  ),
  client('dcon', 'MCP:u64', 'Connections denied by a rule', (c) => c.dcon),
  client('dses', 'MCP:u64', 'Sessions denied by a rule', (c) => c.dses),
  all('wrew', 'MCP:u64', 'Header changes that failed', (c) => c.wrew),
  target('connect', 'MCP:u64', 'Attempts to connect to a server', (c) => c.connect),
  target('reuse', 'MCP:u64', 'Requests sent over a kept connection', (c) => c.reuse),
  field('cache_lookups', 'MCP:u64', 'Requests looked up in a cache', { F: ifHttp(zero), B: ifHttp(zero) }),
  field('cache_hits', 'MCP:u64', 'Requests answered from a cache', { F: ifHttp(zero), B: ifHttp(zero) }),
  server('srv_icur', 'MGP:u32', 'Kept connections that wait for use', (of) => of.idle.length),
  server('src_ilim', 'CLP:u32', 'Most connections that may be kept', (of) =>
    of.config.poolMaxConn < 0 ? undefined : of.config.poolMaxConn,
  ),
  target('qtime_max', 'MMP:u32', 'Most milliseconds in the queue', (c) => c.qtime.max),
  target('ctime_max', 'MMP:u32', 'Most milliseconds to connect', (c) => c.ctime.max),
  target('rtime_max', 'MMP:u32', 'Most milliseconds to the response', (c) => c.rtime.max),
  target('ttime_max', 'MMP:u32', 'Most milliseconds in all', (c) => c.ttime.max),
  all('eint', 'MCP:u64', "Faults of the proxy's own", (c) => c.eint),
  server('idle_conn_cur', 'MGP:u32', 'Kept connections not known to survive', (of) => of.idle.length - of.idle.proven),
  server('safe_conn_cur', 'MGP:u32', 'Kept connections that may be used again', (of) => of.idle.proven),
  server('used_conn_cur', 'MGP:u32', 'Connections in use', (of) => of.scur),
  server('need_conn_est', 'MGP:u32', 'Connections thought to be needed', (of) => Math.max(of.scur, of.idle.needed)),
  field('uweight', 'MaP:u32', 'Weight as set; of a backend, the sum over its usable servers', {
    S: (of) => of.weight,
    B: (of) => sumOver(of, ({ weight }) => weight),
  }),
  backend('agg_server_status', 'MGP:u32', 'Always 0 outside Prometheus', zero),
  backend('agg_server_check_status', 'MGP:u32', 'Always 0 outside Prometheus', zero),
  backend('agg_check_status', 'MGP:u32', 'Always 0 outside Prometheus', zero),
];

function statusOf(verdict: Verdict | undefined, running: boolean): string {
  return `${running ? '* ' : ''}${verdict?.code ?? 'INI'}`;
}

/** As HAProxy, which forgets it when the next check begins. */
function codeOf(verdict: Verdict | undefined, running: boolean): number | undefined {
  if (verdict === undefined || !hasCode(verdict)) return undefined;
  return running ? 0 : Math.max(0, verdict.status);
}

function infoOf(verdict: Verdict | undefined, running: boolean): string | undefined {
  return running ? '' : (verdict?.info ?? '');
}

function durationOf(verdict: Verdict | undefined): number | undefined {
  return verdict === undefined || verdict.duration < 0 ? undefined : Math.floor(verdict.duration);
}

function wordsOf(verdict: Verdict | undefined): string {
  return verdict === undefined ? 'Initializing' : VERDICTS[verdict.code].words;
}

/** Of what balancing goes by. */
function weightOf(eweight: number): number {
  return Math.ceil(eweight / SCALE);
}

/** Over the group that gets traffic. */
function sumOver({ servers }: Backend, read: (server: Server) => number): number {
  return servers.reduce((sum, server) => (server.elected ? sum + read(server) : sum), 0);
}

function throttle({ op, draining, weight, eweight }: Server): number | undefined {
  if (op !== OpState.Starting || draining) return undefined;
  return weight === 0 ? 100 : Math.floor((100 * eweight + SCALE - 1) / (SCALE * weight));
}

function cookie(bytes: string | undefined, at: Reading): string | undefined {
  return bytes === undefined || !at.legends ? undefined : textOf(bytes);
}

function backendStatus(backend: Backend, at: Reading): string {
  if (!at.counts) return backend.status();
  const usable = backend.servers.filter((server) => server.op !== OpState.Stopped).length;
  return `${backend.status()} (${usable}/${backend.servers.length})`;
}

function sinceLastSession(counters: ServerCounters | BackendCounters, at: Reading): number {
  return counters.lastsess < 0 ? -1 : seconds(at.now - counters.lastsess);
}
