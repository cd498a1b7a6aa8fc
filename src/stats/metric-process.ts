/** What HAProxy's Prometheus exporter (2.6) calls the fields of `show info`, in its order. */

import type { ProcessState } from './info.ts';
import { readInfo } from './info.ts';

/** `[name behind haproxy_process_, the field's name, help]` */
const METRICS: readonly (readonly [name: string, field: string, help: string])[] = [
  ['nbthread', 'Nbthread', 'Number of started threads (global.nbthread)'],
  ['nbproc', 'Nbproc', 'Number of started worker processes (historical, always 1)'],
  ['relative_process_id', 'Process_num', 'Relative worker process number (1)'],
  ['uptime_seconds', 'Uptime_sec', 'How long ago this worker process was started (seconds)'],
  ['pool_failures_total', 'PoolFailed', 'Number of failed pool allocations since this worker was started'],
  ['max_fds', 'Ulimit-n', 'Hard limit on the number of per-process file descriptors'],
  ['max_sockets', 'Maxsock', 'Hard limit on the number of per-process sockets'],
  ['max_connections', 'Maxconn', 'Hard limit on the number of per-process connections (configured or imposed by Ulimit-n)'],
  ['hard_max_connections', 'Hard_maxconn', 'Hard limit on the number of per-process connections (imposed by Memmax_MB or Ulimit-n)'],
  ['current_connections', 'CurrConns', 'Current number of connections on this worker process'],
  ['connections_total', 'CumConns', 'Total number of connections on this worker process since started'],
  ['requests_total', 'CumReq', 'Total number of requests on this worker process since started'],
  ['max_ssl_connections', 'MaxSslConns', 'Hard limit on the number of per-process SSL endpoints (front+back), 0=unlimited'],
  ['current_ssl_connections', 'CurrSslConns', 'Current number of SSL endpoints on this worker process (front+back)'],
  ['ssl_connections_total', 'CumSslConns', 'Total number of SSL endpoints on this worker process since started (front+back)'],
  ['max_pipes', 'Maxpipes', 'Hard limit on the number of pipes for splicing, 0=unlimited'],
  ['pipes_used_total', 'PipesUsed', 'Current number of pipes in use in this worker process'],
  ['pipes_free_total', 'PipesFree', 'Current number of allocated and available pipes in this worker process'],
  ['current_connection_rate', 'ConnRate', 'Number of front connections created on this worker process over the last second'],
  ['limit_connection_rate', 'ConnRateLimit', 'Hard limit for ConnRate (global.maxconnrate)'],
  ['max_connection_rate', 'MaxConnRate', 'Highest ConnRate reached on this worker process since started (in connections per second)'],
  ['current_session_rate', 'SessRate', 'Number of sessions created on this worker process over the last second'],
  ['limit_session_rate', 'SessRateLimit', 'Hard limit for SessRate (global.maxsessrate)'],
  ['max_session_rate', 'MaxSessRate', 'Highest SessRate reached on this worker process since started (in sessions per second)'],
  ['current_ssl_rate', 'SslRate', 'Number of SSL connections created on this worker process over the last second'],
  ['limit_ssl_rate', 'SslRateLimit', 'Hard limit for SslRate (global.maxsslrate)'],
  ['max_ssl_rate', 'MaxSslRate', 'Highest SslRate reached on this worker process since started (in connections per second)'],
  [
    'current_frontend_ssl_key_rate',
    'SslFrontendKeyRate',
    'Number of SSL keys created on frontends in this worker process over the last second',
  ],
  [
    'max_frontend_ssl_key_rate',
    'SslFrontendMaxKeyRate',
    'Highest SslFrontendKeyRate reached on this worker process since started (in SSL keys per second)',
  ],
  ['frontend_ssl_reuse', 'SslFrontendSessionReuse_pct', 'Percent of frontend SSL connections which did not require a new key'],
  [
    'current_backend_ssl_key_rate',
    'SslBackendKeyRate',
    'Number of SSL keys created on backends in this worker process over the last second',
  ],
  [
    'max_backend_ssl_key_rate',
    'SslBackendMaxKeyRate',
    'Highest SslBackendKeyRate reached on this worker process since started (in SSL keys per second)',
  ],
  [
    'ssl_cache_lookups_total',
    'SslCacheLookups',
    'Total number of SSL session ID lookups in the SSL session cache on this worker since started',
  ],
  [
    'ssl_cache_misses_total',
    'SslCacheMisses',
    "Total number of SSL session ID lookups that didn't find a session in the SSL session cache on this worker since started",
  ],
  [
    'http_comp_bytes_in_total',
    'CompressBpsIn',
    'Number of bytes submitted to the HTTP compressor in this worker process over the last second',
  ],
  [
    'http_comp_bytes_out_total',
    'CompressBpsOut',
    'Number of bytes emitted by the HTTP compressor in this worker process over the last second',
  ],
  ['limit_http_comp', 'CompressBpsRateLim', 'Limit of CompressBpsOut beyond which HTTP compression is automatically disabled'],
  ['current_zlib_memory', 'ZlibMemUsage', 'Amount of memory currently used by HTTP compression on the current worker process (in bytes)'],
  [
    'max_zlib_memory',
    'MaxZlibMemUsage',
    'Limit on the amount of memory used by HTTP compression above which it is automatically disabled (in bytes, see global.maxzlibmem)',
  ],
  ['current_tasks', 'Tasks', 'Total number of tasks in the current worker process (active + sleeping)'],
  ['current_run_queue', 'Run_queue', 'Total number of active tasks+tasklets in the current worker process'],
  ['idle_time_percent', 'Idle_pct', 'Percentage of last second spent waiting in the current worker thread'],
  ['stopping', 'Stopping', '1 if the worker process is currently stopping, otherwise zero'],
  ['jobs', 'Jobs', 'Current number of active jobs on the current worker process (frontend connections, master connections, listeners)'],
  ['unstoppable_jobs', 'Unstoppable Jobs', 'Current number of unstoppable jobs on the current worker process (master connections)'],
  ['listeners', 'Listeners', 'Current number of active listeners on the current worker process'],
  ['active_peers', 'ActivePeers', 'Current number of verified active peers connections on the current worker process'],
  ['connected_peers', 'ConnectedPeers', 'Current number of peers having passed the connection step on the current worker process'],
  ['dropped_logs_total', 'DroppedLogs', 'Total number of dropped logs for current worker process since started'],
  [
    'busy_polling_enabled',
    'BusyPolling',
    '1 if busy-polling is currently in use on the worker process, otherwise zero (config.busy-polling)',
  ],
  ['failed_resolutions', 'FailedResolutions', 'Total number of failed DNS resolutions in current worker process since started'],
  ['bytes_out_total', 'TotalBytesOut', 'Total number of bytes emitted by current worker process since started'],
  [
    'spliced_bytes_out_total',
    'TotalSplicdedBytesOut',
    'Total number of bytes emitted by current worker process through a kernel pipe since started',
  ],
  ['bytes_out_rate', 'BytesOutRate', 'Number of bytes emitted by current worker process over the last second'],
  [
    'recv_logs_total',
    'CumRecvLogs',
    'Total number of log messages received by log-forwarding listeners on this worker process since started',
  ],
  ['build_info', 'Version', 'Build info'],
  ['max_memory_bytes', 'Memmax_bytes', "Worker process's hard limit on memory usage in byes (-m on command line)"],
  ['pool_allocated_bytes', 'PoolAlloc_bytes', 'Amount of memory allocated in pools (in bytes)'],
  ['pool_used_bytes', 'PoolUsed_bytes', 'Amount of pool memory currently used (in bytes)'],
  ['start_time_seconds', 'Start_time_sec', 'Start time in seconds'],
];

/** The one counter whose name does not say so. */
const COUNTER = 'failed_resolutions';

export interface ProcessSample {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  /** As they are written, with their braces. */
  readonly labels: string;
  readonly value: number | 'NaN';
}

/** A field that there is not is NaN; one that is a word is a label. */
export function* processSamples(state: ProcessState): Generator<ProcessSample> {
  const values = new Map(Array.from(readInfo(state), ([{ name }, value]) => [name, value]));
  for (const [name, field, help] of METRICS) {
    const value = values.get(field) ?? 'NaN';
    yield {
      name: `haproxy_process_${name}`,
      type: name.endsWith('_total') || name === COUNTER ? 'counter' : 'gauge',
      help,
      labels: typeof value === 'number' || value === 'NaN' ? '' : `{version="${value}"}`,
      value: typeof value === 'number' || value === 'NaN' ? value : 1,
    };
  }
}
