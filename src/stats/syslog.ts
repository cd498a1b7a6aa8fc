/** What stands before a message in each `format` of a `log` line (manual 3.1 "log", management of RFC 3164 and 5424). */

import type { LogTarget } from '../config/model.ts';
import { Level } from '../core/log.ts';
import { isoDate, syslogDate } from './dates.ts';

/** Who is logging; the same for all targets. */
export interface LogIdentity {
  /** `log-tag`, default `haproxy`. */
  readonly tag: string;
  readonly pid: number;
  readonly hostname: string;
}

/** The severity it is sent with, or undefined when the target does not want it. */
export function severityFor(target: LogTarget, level: Level): Level | undefined {
  if (level > target.level) return undefined;
  return level < target.minLevel ? (target.minLevel as Level) : level;
}

/** `wall` in ms since the epoch. `sd`: structured data (RFC 5424 6.3); `tag`: other than the identity's. */
export function header(target: LogTarget, identity: LogIdentity, severity: Level, wall: number, sd = '', tag = identity.tag): string {
  const priority = target.facility * 8 + severity;
  const { pid, hostname } = identity;
  switch (target.format) {
    case 'raw':
      return '';
    case 'short':
      return `<${severity}>`;
    case 'priority':
      return `<${priority}>`;
    case 'timed':
      return `<${severity}>${isoDate(wall)} `;
    case 'iso':
      return `${isoDate(wall)} `;
    case 'local':
      return `<${priority}>${syslogDate(wall)} ${tag}[${pid}]: `;
    case 'rfc3164':
      return `<${priority}>${syslogDate(wall)} ${hostname} ${tag}[${pid}]: `;
    case 'rfc5424':
      return `<${priority}>1 ${isoDate(wall)} - ${tag} ${pid} - ${sd === '' ? '-' : sd} `;
  }
}

/** HAProxy's word for a severity at the start of a line on standard error. */
export function severityWord(level: Level): 'ALERT' | 'WARNING' | 'NOTICE' | 'INFO' | 'DEBUG' {
  if (level <= Level.Err) return 'ALERT';
  if (level === Level.Warning) return 'WARNING';
  if (level === Level.Notice) return 'NOTICE';
  return level === Level.Info ? 'INFO' : 'DEBUG';
}
