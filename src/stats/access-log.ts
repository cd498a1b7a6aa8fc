/**
 * Access-log lines: `option httplog` (manual 8.2.3), `option tcplog` (8.2.2), and the line at accept without them (8.2.1), which
 * are written by hand because most logs are theirs; all others as `rules/format.ts` has compiled them.
 *
 *   127.0.0.1:54610 [21/Nov/2026:00:27:07.285] web app/w1 0/0/0/1/1 200 154 - - ---- 1/1/0/0/0 0/0 "GET / HTTP/1.1"
 *   127.0.0.1:33900 [21/Nov/2026:00:30:37.576] web app/w1 0/0/1 192 -- 1/1/0/0/0 0/0
 *
 * Log readers count blanks: every line has the same number of them before the request line. One string is built per
 * exchange and nothing else is allocated.
 */

import { textOf } from '../core/bytes.ts';
import { CONNECTION_ERRORS, connectionErrorText } from '../core/connection-errors.ts';
import { accessDate } from '../core/dates.ts';
import { Level } from '../core/log.ts';
import { logHeader, logLine } from '../core/log-text.ts';
import type { AccessLog, AccessRecord } from '../proxy/types.ts';
import { jsonLine } from './json-log.ts';
import type { LogSinks, Message } from './log-sinks.ts';

export class AccessLogWriter implements AccessLog {
  private readonly sinks: LogSinks;

  constructor(sinks: LogSinks) {
    this.sinks = sinks;
  }

  exchange(record: AccessRecord): void {
    const { frontend } = record;
    const { logs, logStyle } = frontend.config;
    const failed = isFailure(record);
    if (!failed && logStyle.dontlogNormal) return;
    const level = levelOf(record, failed);
    if (level === undefined) return;
    const structured = frontend.program.rules.log?.structured;
    const data = structured === undefined ? '' : textOf(structured(record.context));
    this.sinks.send(logs, level, line(record), data, logStyle.tag);
    frontend.logged++;
  }

  connect(record: Parameters<AccessLog['connect']>[0]): void {
    const { logFormat, logs, logStyle } = record.frontend.config;
    if (logFormat === 'none') this.sinks.send(logs, Level.Info, connectLine(record), '', logStyle.tag);
  }

  failed(...[{ config, program }, context]: Parameters<AccessLog['failed']>): void {
    const { logs, logStyle } = config;
    const compiled = program.rules.log?.error;
    const text = compiled === undefined ? failedLine(context) : textOf(compiled(context));
    this.sinks.send(logs, logStyle.separateErrors ? Level.Err : Level.Info, text, '', logStyle.tag);
  }
}

function line(record: AccessRecord): Message {
  const { config, program } = record.frontend;
  const compiled = record.unread ? (program.rules.log?.error ?? program.rules.log?.line) : program.rules.log?.line;
  if (compiled !== undefined) return textOf(compiled(record.context));
  switch (config.logFormat) {
    case 'jsonlog':
      return { whole: jsonLine(record), within: (bytes) => jsonLine(record, bytes) };
    case 'tcplog':
      return tcpLine(record);
    default:
      return httpLine(record);
  }
}

/** The line of the error log (manual 8.2.5), without its newline. */
export function failedLine({ facts, frontend, tls, live: { listener } }: Parameters<AccessLog['failed']>[1]): string {
  const bind = listener.name === `sock-${listener.id}` ? listener.id : listener.name;
  const message = connectionErrorText(tls?.error ?? CONNECTION_ERRORS.none);
  return `${facts.clientAddress}:${facts.clientPort} [${accessDate(facts.wallReady)}] ${frontend}/${bind}: ${message}`;
}

/** Manual 8.3.3: an error, a time-out, a retry, a redispatch, or a status of 500 and above. */
function isFailure({ termination, retries, redispatched, status, unread, frontend }: AccessRecord): boolean {
  const first = termination.charCodeAt(0);
  if (unread || redispatched || (status >= 500 && frontend.config.mode === 'http')) return true;
  return first === NO_ERROR ? retries > 0 : first !== LOCAL;
}

const NO_ERROR = '-'.charCodeAt(0);
/** An answer of the proxy's own. */
const LOCAL = 'L'.charCodeAt(0);

/** Undefined: a rule has silenced it. */
function levelOf({ notes, frontend }: AccessRecord, failed: boolean): Level | undefined {
  const level = notes?.level;
  if (level !== undefined) return level === 'silent' ? undefined : level;
  return failed && frontend.config.logStyle.separateErrors ? Level.Err : Level.Info;
}

/** One line of `option httplog`, without its newline. */
export function httpLine(r: AccessRecord): string {
  return (
    `${way(r, r.wallStart)} ` +
    `${r.timeRequest}/${r.timeQueue}/${r.timeConnect}/${r.timeResponse}/${growing(r, r.timeActive)} ${r.status} ${growing(r, r.bytesToClient)} ` +
    `${r.notes === undefined ? '- -' : cookies(r.notes)} ${r.termination} ${load(r)} ${r.notes === undefined ? '' : captures(r.notes)}"${logLine(r.requestLine)}"`
  );
}

/** One line of `option tcplog`, without its newline: of a connection, or of a request in HTTP mode. */
export function tcpLine(r: AccessRecord): string {
  const state = r.termination.slice(0, 2);
  return `${way(r, r.wallReady)} ${r.timeQueue}/${r.timeConnect}/${growing(r, r.timeTotal)} ${growing(r, r.bytesToClient)} ${state} ${load(r)}`;
}

/** From whom, when, through what, to whom. */
function way(r: AccessRecord, since: number): string {
  return `${r.clientAddress}:${r.clientPort} [${accessDate(since)}] ${r.frontend.name}${r.context.tls === undefined ? '' : '~'} ${r.backendName}/${r.serverName}`;
}

/** `option logasap`: it is more by the end. */
function growing({ early }: AccessRecord, value: number): string | number {
  return early ? `+${value}` : value;
}

function cookies({ requestCookie = '-', responseCookie = '-' }: NonNullable<AccessRecord['notes']>): string {
  return `${requestCookie} ${responseCookie}`;
}

/** `{a|b} {c}` and the blanks behind them; nothing where nothing is declared to be captured. */
function captures({ request, response }: NonNullable<AccessRecord['notes']>): string {
  return braces(request) + braces(response);
}

function braces(values: readonly (string | undefined)[]): string {
  return values.length === 0 ? '' : `{${Array.from(values, (value) => (value === undefined ? '' : logHeader(value))).join('|')}} `;
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
