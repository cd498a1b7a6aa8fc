/**
 * Events: what happens to servers, sources and the process. They go to the `log` lines of the proxy they are about
 * (else to those of `global`) and to standard error, in HAProxy's words:
 *
 *   [WARNING]  (4711) : Server app/w1 is DOWN, reason: Layer4 connection problem, ...
 *
 * Invariant: one event is one line. Messages quote labels, names and answers of others, who shall not write lines of ours.
 */

import type { Config, LogTarget, ProxyConfig } from '../config/model.ts';
import { type EventLog, Level } from '../core/log.ts';
import type { LogSinks } from './log-sinks.ts';
import { severityWord } from './syslog.ts';
import { oneLine } from './words.ts';

export interface EventsOptions {
  readonly pid: number;
  readonly sinks: LogSinks;
  /** Standard error, or undefined where there is none (daemon). A line with its newline. */
  readonly write: ((line: string) => void) | undefined;
  /** `-q`: nothing on standard error. */
  readonly quiet: boolean;
  /** `-d`: informational and debug events on standard error too. */
  readonly debug: boolean;
}

export class Events implements EventLog {
  private readonly options: EventsOptions;
  private global: readonly LogTarget[] = [];
  private proxies: ReadonlyMap<string, Pick<ProxyConfig, 'logs' | 'logStyle'>> = new Map();

  constructor(options: EventsOptions) {
    this.options = options;
  }

  /** At start and at every reload. A proxy that the configuration does not name logs where `global` does. */
  setTargets(config: Config): void {
    this.global = config.global.logs;
    this.proxies = new Map(config.proxies.map((proxy) => [proxy.name, proxy]));
  }

  /** What a state file has made of a server: on standard error alone, because HAProxy says it before its logs are open. */
  restored(message: string): void {
    const { quiet, write, pid } = this.options;
    if (write !== undefined && !quiet) write(`[WARNING]  (${pid}) : config : ${oneLine(message)}\n`);
  }

  event(level: Level, message: string, proxy?: string): void {
    const { quiet, debug, write, pid, sinks } = this.options;
    const own = proxy === undefined ? undefined : this.proxies.get(proxy);
    const targets = own?.logs ?? this.global;
    const text = oneLine(message);
    if (targets.length > 0) sinks.send(targets, level, text, '', own?.logStyle.tag);
    if (write === undefined || quiet || (level > Level.Notice && !debug)) return;
    write(`${`[${wordFor(level, proxy)}]`.padEnd(10)} (${pid}) : ${spoken(text)}\n`);
  }
}

/**
 * On standard error HAProxy calls every change of a server a warning, whatever severity its log lines have, and only
 * a proxy without any server left an alert.
 */
function wordFor(level: Level, proxy: string | undefined): string {
  if (proxy === undefined || level > Level.Notice) return severityWord(level);
  return level === Level.Emerg ? 'ALERT' : 'WARNING';
}

/** On standard error HAProxy puts the name of the backend that has no server left in quotes, in its log lines not. */
function spoken(text: string): string {
  return text.replace(/^(backend|proxy) (\S+) has no server available!$/, "$1 '$2' has no server available!");
}
