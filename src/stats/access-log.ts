/**
 * Access-log lines: `option httplog` (manual 8.2.3), `option tcplog` (8.2.2), and the line at accept without them (8.2.1).
 *
 *   127.0.0.1:54610 [21/Nov/2026:00:27:07.285] web app/w1 0/0/0/1/1 200 154 - - ---- 1/1/0/0/0 0/0 "GET / HTTP/1.1"
 *   127.0.0.1:33900 [21/Nov/2026:00:30:37.576] web app/w1 0/0/1 192 -- 1/1/0/0/0 0/0
 *
 * Log readers count blanks: every line has the same number of them before the request line. One string is built per
 * exchange and nothing else is allocated.
 */

import { Level } from '../core/log.ts';
import type { AccessLog, AccessRecord } from '../proxy/types.ts';
import { accessDate } from './dates.ts';
import type { LogSinks } from './log-sinks.ts';

/** `tune.http.logurilen` is 1024 with the terminating zero: so much of a request line is kept. */
const REQUEST_LINE = 1023;
/** Manual 8.6: what may stand in a log as it is. */
const NEEDS_ESCAPE = /[^\x20\x21\x24-\x7e]/;
const ESCAPED = /[^\x20\x21\x24-\x7e]/g;

export class AccessLogWriter implements AccessLog {
  private readonly sinks: LogSinks;

  constructor(sinks: LogSinks) {
    this.sinks = sinks;
  }

  exchange(record: AccessRecord): void {
    const { logFormat, logs } = record.frontend.config;
    if (logFormat === 'httplog') this.sinks.send(logs, Level.Info, httpLine(record));
    else if (logFormat === 'tcplog') this.sinks.send(logs, Level.Info, tcpLine(record));
  }

  connect(record: Parameters<AccessLog['connect']>[0]): void {
    const { logFormat, logs } = record.frontend.config;
    if (logFormat === 'none') this.sinks.send(logs, Level.Info, connectLine(record));
  }
}

/** One line of `option httplog`, without its newline. */
export function httpLine(r: AccessRecord): string {
  return (
    `${way(r, r.wallStart)} ` +
    `${r.timeRequest}/${r.timeQueue}/${r.timeConnect}/${r.timeResponse}/${r.timeActive} ${r.status} ${r.bytesToClient} ` +
    `- - ${r.termination} ${load(r)} "${escapeRequestLine(r.requestLine)}"`
  );
}

/** One line of `option tcplog`, without its newline: of a connection, or of a request in HTTP mode. */
export function tcpLine(r: AccessRecord): string {
  const state = r.termination.slice(0, 2);
  return `${way(r, r.wallReady)} ${r.timeQueue}/${r.timeConnect}/${r.timeTotal} ${r.bytesToClient} ${state} ${load(r)}`;
}

/** From whom, when, through what, to whom. */
function way(r: AccessRecord, since: number): string {
  const backend = r.backend === undefined ? r.frontend.name : r.backend.name;
  const server = r.server === undefined ? r.noServer : r.server.config.name;
  return `${r.clientAddress}:${r.clientPort} [${accessDate(since)}] ${r.frontend.name} ${backend}/${server}`;
}

/** Connections, retries and queues. */
function load(r: AccessRecord): string {
  return `${r.actconn}/${r.feconn}/${r.beconn}/${r.srvconn}/${r.redispatched ? '+' : ''}${r.retries} ${r.serverQueue}/${r.backendQueue}`;
}

/** The line at accept, without its newline. */
export function connectLine(r: Parameters<AccessLog['connect']>[0]): string {
  const client = `${r.clientAddress}:${r.clientPort}`;
  const way = r.clientAddress === 'unix' ? `to ${client}` : `from ${client} to ${r.localAddress}:${r.localPort}`;
  return `Connect ${way} (${r.frontend.name}/${r.frontend.config.mode.toUpperCase()})`;
}

/** Cut, then `"`, `#` and everything unprintable as `#XX`. `text` holds bytes as latin-1. */
export function escapeRequestLine(text: string): string {
  const cut = text.length > REQUEST_LINE ? text.slice(0, REQUEST_LINE) : text;
  return NEEDS_ESCAPE.test(cut) ? cut.replace(ESCAPED, hex) : cut;
}

function hex(char: string): string {
  return `#${(char.charCodeAt(0) & 0xff).toString(16).toUpperCase().padStart(2, '0')}`;
}
