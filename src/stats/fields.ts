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
  average,
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
import { metric } from './metric.ts';
import {
  backendStates,
  checkCode,
  checkStates,
  frontendStates,
  lastCheckDuration,
  listenerStates,
  serverStates,
  serversByCheck,
  serversByState,
} from './metric-states.ts';
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
  metric(
    'SB',
    'current_queue',
    'Number of current queued connections',
    field('qcur', 'MGP:u32', 'Requests that wait for a slot now', { S: (of) => of.queue.length, B: (of) => of.queued }),
  ),
  metric(
    'SB',
    'max_queue',
    'Highest value of queued connections encountered since process started',
    target('qmax', 'MMP:u32', 'Most requests that ever waited at once', (c) => c.qmax),
  ),
  metric(
    'FLSB',
    'current_sessions',
    'Number of current sessions on the frontend, backend or server',
    field('scur', 'MGP:u32', 'Sessions now', { F: scur, L: scur, S: scur, B: scur }),
  ),
  metric(
    'FLSB',
    'max_sessions',
    'Highest value of current sessions encountered since process started',
    all('smax', 'MMP:u32', 'Most sessions there ever were at once', (c) => c.smax),
  ),
  metric(
    'FLSB',
    'limit_sessions',
    "Frontend/listener/server's maxconn, backend's fullconn",
    field('slim', 'CLP:u32', 'Most sessions there may be: maxconn, for a backend fullconn', {
      F: (of) => of.config.maxconn ?? 0,
      L: (of) => of.config.maxconn ?? 0,
      S: (of) => of.maxconn || undefined,
      B: (of) => of.config.fullconn,
    }),
  ),
  metric(
    'FLSB',
    'sessions_total',
    'Total number of sessions since process started',
    all('stot', 'MCP:u64', 'Sessions since the start', (c) => c.stot),
  ),
  metric(
    'FLSB',
    'bytes_in_total',
    'Total number of request bytes since process started',
    all('bin', 'MCP:u64', 'Bytes received from clients', (c) => c.bin),
  ),
  metric(
    'FLSB',
    'bytes_out_total',
    'Total number of response bytes since process started',
    all('bout', 'MCP:u64', 'Bytes sent to clients', (c) => c.bout),
  ),
  metric(
    'FLB',
    'requests_denied_total',
    'Total number of denied requests since process started',
    field('dreq', 'MCP:u64', 'Requests denied by a rule', { F: dreq, L: dreq, B: dreq }),
  ),
  metric(
    'FLSB',
    'responses_denied_total',
    'Total number of denied responses since process started',
    all('dresp', 'MCP:u64', 'Responses denied by a rule', (c) => c.dresp),
  ),
  metric(
    'FL',
    'request_errors_total',
    'Total number of invalid requests since process started',
    client('ereq', 'MCP:u64', 'Requests that were malformed, incomplete or too slow', (c) => c.ereq),
  ),
  metric(
    'SB',
    'connection_errors_total',
    'Total number of failed connections to server since the worker process started',
    target('econ', 'MCP:u64', 'Requests that found no connection to a server', (c) => c.econ),
  ),
  metric(
    'SB',
    'response_errors_total',
    'Total number of invalid responses since the worker process started',
    target('eresp', 'MCP:u64', 'Responses that failed', (c) => c.eresp),
  ),
  metric(
    'SB',
    'retry_warnings_total',
    'Total number of server connection retries since the worker process started',
    target('wretr', 'MCP:u64', 'Connection attempts repeated', (c) => c.wretr),
  ),
  metric(
    'SB',
    'redispatch_warnings_total',
    'Total number of server redispatches due to connection failures since the worker process started',
    target('wredis', 'MCP:u64', 'Requests sent to another server after a failed connection', (c) => c.wredis),
  ),
  metric(
    'FLSB',
    'status',
    'Current status of the service, per state label value.',
    field('status', 'SGP:str', 'OPEN, FULL, PAUSED, STOP; UP, DOWN, NOLB, DRAIN, MAINT, no check', {
      F: (of) => of.state,
      L: listenerStatus,
      S: (of) => of.statusText(),
      B: backendStatus,
    }),
    { states: { F: frontendStates, L: listenerStates, S: serverStates, B: backendStates } },
  ),
  metric(
    'SB',
    'weight',
    "Server's effective weight, or sum of active servers' effective weights for a backend",
    field('weight', 'MaP:u32', 'Weight in effect; of a backend, the sum over its usable servers', {
      S: (of) => weightOf(of.eweight),
      B: (of) => weightOf(sumOver(of, ({ eweight }) => eweight)),
    }),
  ),
  metric(
    'B',
    'active_servers',
    'Total number of active UP servers with a non-zero weight',
    field('act', 'MGP:u32', 'Is an active server (1); of a backend, how many active servers are usable', {
      S: (of) => (of.config.backup ? 0 : 1),
      B: (of) => of.activeCount(),
    }),
  ),
  metric(
    'B',
    'backup_servers',
    'Total number of backup UP servers with a non-zero weight',
    field('bck', 'MGP:u32', 'Is a backup server (1); of a backend, how many backup servers are usable', {
      S: (of) => (of.config.backup ? 1 : 0),
      B: (of) => of.backupCount(),
    }),
  ),
  metric(
    'S',
    'check_failures_total',
    'Total number of failed individual health checks per server/backend, since the worker process started',
    checked('chkfail', 'MCP:u64', 'Checks that failed while the server was up', (of) => of.counters.chkfail),
  ),
  metric(
    'SB',
    'check_up_down_total',
    'Total number of failed checks causing UP to DOWN server transitions, per server/backend, since the worker process started',
    field('chkdown', 'MCP:u64', 'Transitions from up to down', { S: ifChecked(chkdown), B: chkdown }),
  ),
  metric(
    'SB',
    'check_last_change_seconds',
    'How long ago the last server state changed, in seconds',
    field('lastchg', 'MAP:u32', 'Seconds since the status last changed', {
      S: (of, at) => seconds(at.now - of.lastChange),
      B: (of, at) => seconds(at.now - of.lastChange),
    }),
  ),
  metric(
    'SB',
    'downtime_seconds_total',
    'Total time spent in DOWN state, for server or backend',
    field('downtime', 'MCP:u32', 'Seconds of all outages', {
      S: ifChecked((of, at) => seconds(of.downtimeAt(at.now))),
      B: (of, at) => (of.servers.length === 0 ? undefined : seconds(of.downtimeAt(at.now))),
    }),
  ),
  metric(
    'S',
    'queue_limit',
    'Limit on the number of connections in queue, for servers only (maxqueue argument)',
    server('qlimit', 'CGS:u32', 'Most requests that may wait for this server: maxqueue', (of) => of.config.maxqueue || undefined),
  ),
  field('pid', 'KGP:u32', 'Number of the process, always 1', { F: one, L: one, S: one, B: one }),
  field('iid', 'KGS:u32', 'Number of the proxy', {
    F: (of) => of.config.id,
    L: (of) => of.frontend.config.id,
    S: (of) => of.backend.config.id,
    B: (of) => of.config.id,
  }),
  field('sid', 'KGS:u32', 'Number of the server or listener within its proxy', { F: zero, L: (of) => of.id, S: (of) => of.id, B: zero }),
  metric(
    'S',
    'current_throttle',
    "Throttling ratio applied to a server's maxconn and weight during the slowstart period (0 to 100%)",
    server('throttle', 'MGP:u32', 'Percentage of its weight that a server has during a slow start', throttle),
  ),
  metric(
    'SB',
    'loadbalanced_total',
    'Total number of requests routed by load balancing since the worker process started (ignores queue pop and stickiness)',
    target('lbtot', 'MCP:u64', 'Requests that the algorithm gave to the server', (c) => c.lbtot),
  ),
  server('tracked', 'CNS:str', 'backend/server whose state is followed', ({ tracked }) =>
    tracked === undefined ? undefined : `${tracked.backend.name}/${tracked.config.name}`,
  ),
  field('type', 'CGS:u32', '0 frontend, 1 backend, 2 server, 3 listener', { F: zero, L: () => 3, S: () => 2, B: one }),
  field('rate', 'MRP:u32', 'Sessions in the last second', { F: rate, S: rate, B: rate }),
  metric(
    'F',
    'limit_session_rate',
    "Limit on the number of sessions accepted in a second (frontend only, 'rate-limit sessions' setting)",
    frontend('rate_lim', 'CLP:u32', 'Limit of new sessions per second', (of) => of.config.rateLimit),
  ),
  metric(
    'FSB',
    'max_session_rate',
    'Highest value of sessions per second observed since the worker process started',
    field('rate_max', 'MMP:u32', 'Most sessions in a second', { F: rateMax, S: rateMax, B: rateMax }),
  ),
  metric(
    'S',
    'check_status',
    'Status of last health check, per state label value.',
    probed('check_status', 'MOP:str', 'Result of the last check, with "* " before it while one is running', (of) =>
      statusOf(of.verdict, of.checking),
    ),
    { states: { S: checkStates } },
  ),
  metric(
    'S',
    'check_code',
    'layer5-7 code, if available of the last health check.',
    probed('check_code', 'MOP:u32', 'Status that the last check was answered with', (of) => codeOf(of.verdict, of.checking)),
    { sparse: true, read: { S: checkCode } },
  ),
  metric(
    'S',
    'check_duration_seconds',
    'Total duration of the latest server health check, in seconds.',
    probed('check_duration', 'MDP:u64', 'Milliseconds of the last check', (of) => durationOf(of.verdict)),
    { ms: true, sparse: true, read: { S: lastCheckDuration } },
  ),
  metric(
    'FSB',
    'http_responses_total',
    'Total number of HTTP responses with status 100-199 returned by this object since the worker process started',
    classes('hrsp_1xx', 'MCP:u64', 'Responses with status 100 to 199', (hrsp) => hrsp.one),
    { label: 'code="1xx"', http: true },
  ),
  metric(
    'FSB',
    'http_responses_total',
    'Total number of HTTP responses with status 100-199 returned by this object since the worker process started',
    classes('hrsp_2xx', 'MCP:u64', 'Responses with status 200 to 299', (hrsp) => hrsp.two),
    { label: 'code="2xx"', http: true },
  ),
  metric(
    'FSB',
    'http_responses_total',
    'Total number of HTTP responses with status 100-199 returned by this object since the worker process started',
    classes('hrsp_3xx', 'MCP:u64', 'Responses with status 300 to 399', (hrsp) => hrsp.three),
    { label: 'code="3xx"', http: true },
  ),
  metric(
    'FSB',
    'http_responses_total',
    'Total number of HTTP responses with status 100-199 returned by this object since the worker process started',
    classes('hrsp_4xx', 'MCP:u64', 'Responses with status 400 to 499', (hrsp) => hrsp.four),
    { label: 'code="4xx"', http: true },
  ),
  metric(
    'FSB',
    'http_responses_total',
    'Total number of HTTP responses with status 100-199 returned by this object since the worker process started',
    classes('hrsp_5xx', 'MCP:u64', 'Responses with status 500 to 599', (hrsp) => hrsp.five),
    { label: 'code="5xx"', http: true },
  ),
  metric(
    'FSB',
    'http_responses_total',
    'Total number of HTTP responses with status 100-199 returned by this object since the worker process started',
    classes('hrsp_other', 'MCP:u64', 'Responses with any other status, or none', (hrsp) => hrsp.other),
    { label: 'code="other"', http: true },
  ),
  server('hanafail', 'MCP:u64', 'Times that observed traffic had too many errors in a row', (of) =>
    of.config.observe === undefined ? undefined : of.observer.failures,
  ),
  frontend('req_rate', 'MRP:u32', 'Requests in the last second', (of, at) => of.counters.reqRate.read(at.now)),
  metric(
    'F',
    'http_requests_rate_max',
    'Highest value of http requests observed since the worker process started',
    frontend('req_rate_max', 'MMP:u32', 'Most requests in a second', (of) => of.counters.reqRate.max),
    { http: true },
  ),
  metric(
    'FB',
    'http_requests_total',
    'Total number of HTTP requests processed by this object since the worker process started',
    field('req_tot', 'MCP:u64', 'Requests since the start', {
      F: reqTot,
      S: (of) => (of.backend.config.mode === 'http' ? reqTot(of) : undefined),
      B: ifHttp(reqTot),
    }),
    { http: true },
  ),
  metric(
    'SB',
    'client_aborts_total',
    'Total number of requests or connections aborted by the client since the worker process started',
    target('cli_abrt', 'MCP:u64', 'Exchanges that the client broke off', (c) => c.cliAbrt),
  ),
  metric(
    'SB',
    'server_aborts_total',
    'Total number of requests or connections aborted by the server since the worker process started',
    target('srv_abrt', 'MCP:u64', 'Exchanges that the server broke off', (c) => c.srvAbrt),
  ),
  metric(
    'FB',
    'http_comp_bytes_in_total',
    'Total number of bytes submitted to the HTTP compressor for this object since the worker process started',
    field('comp_in', 'MCP:u64', 'Bytes given to compression', { F: zero, B: zero }),
    { http: true },
  ),
  metric(
    'FB',
    'http_comp_bytes_out_total',
    'Total number of bytes emitted by the HTTP compressor for this object since the worker process started',
    field('comp_out', 'MCP:u64', 'Bytes that compression made of them', { F: zero, B: zero }),
    { http: true },
  ),
  metric(
    'FB',
    'http_comp_bytes_bypassed_total',
    'Total number of bytes that bypassed HTTP compression for this object since the worker process started (CPU/memory/bandwidth limitation)',
    field('comp_byp', 'MCP:u64', 'Bytes that went past compression', { F: zero, B: zero }),
    { http: true },
  ),
  metric(
    'FB',
    'http_comp_responses_total',
    'Total number of HTTP responses that were compressed for this object since the worker process started',
    field('comp_rsp', 'MCP:u64', 'Responses that were compressed', { F: zero, B: zero }),
    { http: true },
  ),
  metric(
    'SB',
    'last_session_seconds',
    'How long ago some traffic was seen on this object on this worker process, in seconds',
    target('lastsess', 'MAP:s32', 'Seconds since the last session, -1 if there was none', sinceLastSession),
  ),
  probed('last_chk', 'MOP:str', 'What the last check heard, where it failed', (of) => infoOf(of.verdict, of.checking)),
  agent('last_agt', 'MOP:str', 'What the last agent check heard', (of) => infoOf(of.agentVerdict, of.agentChecking)),
  metric(
    'SB',
    'queue_time_average_seconds',
    'Avg. queue time for last 1024 successful connections.',
    average('qtime', 'Milliseconds in the queue, average of the last requests'),
    { ms: true },
  ),
  metric(
    'SB',
    'connect_time_average_seconds',
    'Avg. connect time for last 1024 successful connections.',
    average('ctime', 'Milliseconds to connect, average of the last requests'),
    { ms: true },
  ),
  metric(
    'SB',
    'response_time_average_seconds',
    'Avg. response time for last 1024 successful connections.',
    average('rtime', 'Milliseconds to the response, average of the last requests'),
    { ms: true },
  ),
  metric(
    'SB',
    'total_time_average_seconds',
    'Avg. total time for last 1024 successful connections.',
    average('ttime', 'Milliseconds in all, average of the last requests'),
    { ms: true },
  ),
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
  metric(
    'F',
    'connections_rate_max',
    'Highest value of connections per second observed since the worker process started',
    frontend('conn_rate_max', 'MMP:u32', 'Most connections in a second', (of) => of.counters.connRate.max),
  ),
  metric(
    'F',
    'connections_total',
    'Total number of new connections accepted on this frontend since the worker process started',
    frontend('conn_tot', 'MCP:u64', 'Connections since the start', (of) => of.counters.connTot),
  ),
  metric(
    'F',
    'intercepted_requests_total',
    'Total number of HTTP requests intercepted on the frontend (redirects/stats/services) since the worker process started',
    frontend(
      'intercepted',
      'MCP:u64',
      'Requests that the proxy answered itself',
      ifHttp((of) => of.counters.intercepted),
    ),
    { http: true },
  ),
  metric(
    'FL',
    'denied_connections_total',
    'Total number of incoming connections blocked on a listener/frontend by a tcp-request connection rule since the worker process started',
    client('dcon', 'MCP:u64', 'Connections denied by a rule', (c) => c.dcon),
  ),
  metric(
    'FL',
    'denied_sessions_total',
    'Total number of incoming sessions blocked on a listener/frontend by a tcp-request connection rule since the worker process started',
    client('dses', 'MCP:u64', 'Sessions denied by a rule', (c) => c.dses),
  ),
  metric(
    'FLSB',
    'failed_header_rewriting_total',
    'Total number of failed HTTP header rewrites since the worker process started',
    all('wrew', 'MCP:u64', 'Header changes that failed', (c) => c.wrew),
  ),
  metric(
    'SB',
    'connection_attempts_total',
    'Total number of outgoing connection attempts on this backend/server since the worker process started',
    target('connect', 'MCP:u64', 'Attempts to connect to a server', (c) => c.connect),
  ),
  metric(
    'SB',
    'connection_reuses_total',
    'Total number of reused connection on this backend/server since the worker process started',
    target('reuse', 'MCP:u64', 'Requests sent over a kept connection', (c) => c.reuse),
  ),
  metric(
    'FB',
    'http_cache_lookups_total',
    'Total number of HTTP requests looked up in the cache on this frontend/backend since the worker process started',
    field('cache_lookups', 'MCP:u64', 'Requests looked up in a cache', { F: ifHttp(zero), B: ifHttp(zero) }),
    { http: true },
  ),
  metric(
    'FB',
    'http_cache_hits_total',
    'Total number of HTTP requests not found in the cache on this frontend/backend since the worker process started',
    field('cache_hits', 'MCP:u64', 'Requests answered from a cache', { F: ifHttp(zero), B: ifHttp(zero) }),
    { http: true },
  ),
  metric(
    'S',
    'idle_connections_current',
    'Current number of idle connections available for reuse on this server',
    server('srv_icur', 'MGP:u32', 'Kept connections that wait for use', (of) => of.idle.length),
  ),
  metric(
    'S',
    'idle_connections_limit',
    "Limit on the number of available idle connections on this server (server 'pool_max_conn' directive)",
    server('src_ilim', 'CLP:u32', 'Most connections that may be kept', (of) =>
      of.config.poolMaxConn < 0 ? undefined : of.config.poolMaxConn,
    ),
  ),
  metric(
    'SB',
    'max_queue_time_seconds',
    'Maximum observed time spent in the queue',
    target('qtime_max', 'MMP:u32', 'Most milliseconds in the queue', (c) => c.qtime.max),
    { ms: true },
  ),
  metric(
    'SB',
    'max_connect_time_seconds',
    'Maximum observed time spent waiting for a connection to complete',
    target('ctime_max', 'MMP:u32', 'Most milliseconds to connect', (c) => c.ctime.max),
    { ms: true },
  ),
  metric(
    'SB',
    'max_response_time_seconds',
    'Maximum observed time spent waiting for a server response',
    target('rtime_max', 'MMP:u32', 'Most milliseconds to the response', (c) => c.rtime.max),
    { ms: true },
  ),
  metric(
    'SB',
    'max_total_time_seconds',
    'Maximum observed total request+response time (request+queue+connect+response+processing)',
    target('ttime_max', 'MMP:u32', 'Most milliseconds in all', (c) => c.ttime.max),
    { ms: true },
  ),
  metric(
    'FLSB',
    'internal_errors_total',
    'Total number of internal errors since process started',
    all('eint', 'MCP:u64', "Faults of the proxy's own", (c) => c.eint),
  ),
  metric(
    'S',
    'unsafe_idle_connections_current',
    'Current number of unsafe idle connections',
    server('idle_conn_cur', 'MGP:u32', 'Kept connections not known to survive', (of) => of.idle.length - of.idle.proven),
  ),
  metric(
    'S',
    'safe_idle_connections_current',
    'Current number of safe idle connections',
    server('safe_conn_cur', 'MGP:u32', 'Kept connections that may be used again', (of) => of.idle.proven),
  ),
  metric(
    'S',
    'used_connections_current',
    'Current number of connections in use',
    server('used_conn_cur', 'MGP:u32', 'Connections in use', (of) => of.scur),
  ),
  metric(
    'S',
    'need_connections_current',
    'Estimated needed number of connections',
    server('need_conn_est', 'MGP:u32', 'Connections thought to be needed', (of) => of.neededConnections),
  ),
  metric(
    'SB',
    'uweight',
    "Server's user weight, or sum of active servers' user weights for a backend",
    field('uweight', 'MaP:u32', 'Weight as set; of a backend, the sum over its usable servers', {
      S: (of) => of.weight,
      B: (of) => sumOver(of, ({ weight }) => weight),
    }),
  ),
  metric(
    'B',
    'agg_server_status',
    "Backend's aggregated gauge of servers' status",
    backend('agg_server_status', 'MGP:u32', 'Always 0 outside Prometheus', zero),
    { states: { B: serversByState } },
  ),
  metric(
    'B',
    'agg_server_check_status',
    "Backend's aggregated gauge of servers' state check status",
    backend('agg_server_check_status', 'MGP:u32', 'Always 0 outside Prometheus', zero),
    { states: { B: serversByState } },
  ),
  metric(
    'B',
    'agg_check_status',
    "Backend's aggregated gauge of servers' state check status",
    backend('agg_check_status', 'MGP:u32', 'Always 0 outside Prometheus', zero),
    { states: { B: serversByCheck } },
  ),
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
