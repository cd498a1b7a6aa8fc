/** What stands before a message in each `format` of a `log` line (manual 3.1 "log", management of RFC 3164 and 5424). */

import type { LogTarget } from '../config/model.ts';
import { isoDate, syslogDate } from '../core/dates.ts';
import { Level } from '../core/log.ts';

/** Who is logging; the same for all targets. */
export interface LogIdentity {
  readonly pid: string;
  /** `log-send-hostname`, undefined without it. */
  readonly hostname: string | undefined;
  /** The name of this machine. */
  readonly system: string;
}

/** The severity it is sent with, or undefined when the target does not want it. */
export function severityFor(target: LogTarget, level: Level): Level | undefined {
  if (level > target.level) return undefined;
  return level < target.minLevel ? (target.minLevel as Level) : level;
}

/** What a header is made of, beside the target's format and facility. */
export interface Heading {
  readonly severity: Level;
  /** Ms since the epoch. */
  readonly wall: number;
  /** Structured data of RFC 5424 6.3; empty is none. */
  readonly sd: string;
  /** `log-tag`, default `haproxy`. */
  readonly tag: string;
}

/** The parts of a header: where it is longer than its line may be, HAProxy leaves out the part that does not fit. */
export function headerParts(target: LogTarget, identity: LogIdentity, { severity, wall, sd, tag }: Heading): readonly string[] {
  const { pid, hostname } = identity;
  const priority = `<${target.facility * 8 + severity}>`;
  switch (target.format) {
    case 'raw':
      return [];
    case 'short':
      return [`<${severity}>`];
    case 'priority':
      return [priority];
    case 'timed':
      return [`<${severity}>`, `${isoDate(wall)} `];
    case 'iso':
      return [`${isoDate(wall)} `];
    case 'local':
      return [priority, `${syslogDate(wall)} `, tag, '[', pid, ']', ': '];
    case 'rfc3164':
      return [priority, `${syslogDate(wall)} `, hostname ?? identity.system, ' ', tag, '[', pid, ']', ': '];
    case 'rfc5424':
      return [`${priority}1 `, `${isoDate(wall)} `, hostname ?? '-', ' ', tag, ' ', pid, ' ', '- ', sd === '' ? '-' : sd, ' '];
  }
}

/** Whether a header is the same for a whole second. */
export function lastsASecond({ format }: LogTarget): boolean {
  return format !== 'timed' && format !== 'iso' && format !== 'rfc5424';
}

/**
 * A line that is longer than its target takes, cut as HAProxy cuts it: of a header that is too long itself the part that
 * reaches the limit is left out with all that follows, else the message ends where the limit is. Descriptors get the
 * first bytes, and one less, as there the newline counts.
 */
export function cut(target: LogTarget, parts: readonly string[], message: string): string {
  if (target.target.kind === 'fd') return firstBytes(parts.join('') + message, target.length - 1);
  let header = '';
  let room = target.length;
  for (const part of parts) {
    const size = Buffer.byteLength(part);
    if (room <= size) return header;
    header += part;
    room -= size;
  }
  return header + firstBytes(message, room);
}

/** Bytes that `cut` leaves to a message. */
export function roomBehind({ length, target }: LogTarget, parts: readonly string[]): number {
  return length - Buffer.byteLength(parts.join('')) - (target.kind === 'fd' ? 1 : 0);
}

/** No more than `limit`, without the beginning of a character that does not fit. */
function firstBytes(text: string, limit: number): string {
  return new TextDecoder().decode(Buffer.from(text).subarray(0, limit), { stream: true });
}

/** HAProxy's word for a severity at the start of a line on standard error. */
export function severityWord(level: Level): 'ALERT' | 'WARNING' | 'NOTICE' | 'INFO' | 'DEBUG' {
  if (level <= Level.Err) return 'ALERT';
  if (level === Level.Warning) return 'WARNING';
  if (level === Level.Notice) return 'NOTICE';
  return level === Level.Info ? 'INFO' : 'DEBUG';
}
