/**
 * The `log` lines at work: which target gets which message, and in what form. Targets with the same address share one
 * output. A reload hands in the new configuration; outputs that it still names keep their sockets.
 */

import type { Config, LogTarget } from '../config/model.ts';
import { wall } from '../core/clock.ts';
import type { Level } from '../core/log.ts';
import { Datagrams } from './datagrams.ts';
import { type LineStream, type LogOutput, Losses, NoOutput, StreamOutput } from './log-outputs.ts';
import { DatagramOutput, UdpOutput } from './log-udp.ts';
import { UnixOutput } from './log-unix.ts';
import { cut, headerParts, type LogIdentity, lastsASecond, roomBehind, severityFor } from './syslog.ts';
import { hostAndPort } from './words.ts';

export interface LogSinksOptions {
  readonly pid: number;
  /** The name of this machine. */
  readonly hostname: string;
  /** What is behind `stdout`, `stderr` and `fd@N`: the process's own for 1 and 2. Throws where there is nothing. */
  readonly stream: (fd: number) => LineStream;
  /** Something about a target that a person should know. */
  readonly warn: (message: string) => void;
}

/** What a unit of a string can become in UTF-8, at the most. */
const BYTES_PER_UNIT = 3;

/** A text that is cut where it is too long for a target, or one that knows better. */
export type Message = string | { readonly whole: string; readonly within: (bytes: number) => string };

/** A `log` line of one proxy at work. */
class Sink {
  private readonly target: LogTarget;
  private readonly output: LogOutput;
  private readonly steady: boolean;
  /** Of `steady` formats: the header of this second, severity and tag. */
  private header = '';
  private second = -1;
  private severity: Level | -1 = -1;
  private tag = '';
  /** `sample`: which of its lines the last one was, from 1, and the range that comes next. */
  private index = 0;
  private range = 0;

  constructor(target: LogTarget, output: LogOutput) {
    this.target = target;
    this.output = output;
    this.steady = lastsASecond(target);
  }

  send(identity: LogIdentity, level: Level, now: number, message: Message, sd: string, tag: string): void {
    const { target } = this;
    const severity = severityFor(target, level);
    if (severity === undefined || (target.sample !== undefined && !this.isSampled(target.sample))) return;
    const line = this.headerOf(identity, severity, now, sd, tag) + (typeof message === 'string' ? message : message.whole);
    if (line.length * BYTES_PER_UNIT >= target.length && Buffer.byteLength(line) >= target.length) {
      const parts = headerParts(target, identity, { severity, wall: now, sd, tag });
      const text = typeof message === 'string' ? message : message.within(roomBehind(target, parts));
      this.output.write(`${cut(target, parts, text)}\n`);
    } else {
      this.output.write(`${line}\n`);
    }
  }

  private headerOf(identity: LogIdentity, severity: Level, now: number, sd: string, tag: string): string {
    if (!this.steady) return headerParts(this.target, identity, { severity, wall: now, sd, tag }).join('');
    const second = Math.floor(now / 1000);
    if (second !== this.second || severity !== this.severity || tag !== this.tag) {
      this.second = second;
      this.severity = severity;
      this.tag = tag;
      this.header = headerParts(this.target, identity, { severity, wall: now, sd, tag }).join('');
    }
    return this.header;
  }

  private isSampled({ ranges, size }: NonNullable<LogTarget['sample']>): boolean {
    const index = this.index + 1;
    const range = ranges[this.range];
    const hit = range !== undefined && range.low <= index && index <= range.high;
    if (hit && index === range.high) this.range = (this.range + 1) % ranges.length;
    this.index = index % size;
    return hit;
  }
}

export class LogSinks {
  private readonly options: LogSinksOptions;
  private identity: LogIdentity;
  private tag = 'haproxy';
  private readonly outputs = new Map<string, LogOutput>();
  /** By the list of `log` lines of a proxy, which is frozen and lives as long as its configuration. */
  private sinks = new WeakMap<readonly LogTarget[], readonly Sink[]>();
  private readonly losses = new Map<string, Losses>();

  constructor(options: LogSinksOptions) {
    this.options = options;
    this.identity = { pid: String(options.pid), hostname: undefined, system: options.hostname };
  }

  /** HAProxy's DroppedLogs. */
  get droppedLogs(): number {
    let sum = 0;
    for (const { count } of this.losses.values()) sum += count;
    return sum;
  }

  /** By target, also of those that no line names any more. */
  *dropped(): Generator<readonly [target: string, lines: number]> {
    for (const [target, { count }] of this.losses) yield [target, count];
  }

  /** At start and at every reload. */
  setTargets({ global, proxies }: Config): void {
    const { logSendHostname } = global;
    const { system } = this.identity;
    this.identity = { ...this.identity, hostname: logSendHostname === '' ? system : logSendHostname };
    this.tag = global.logTag;
    this.sinks = new WeakMap();
    const wanted = new Set<string>();
    for (const targets of [global.logs, ...proxies.map((proxy) => proxy.logs)]) {
      for (const target of targets) wanted.add(nameOf(target));
      this.sinksOf(targets);
    }
    for (const [name, output] of this.outputs) if (!wanted.has(name) && !isDescriptor(name)) this.drop(name, output);
  }

  /**
   * Sends a message to all targets that want its level. `sd` is the structured data of a line in `rfc5424`, none if empty;
   * `tag` the name in its header, that of `global` if undefined.
   */
  send(targets: readonly LogTarget[], level: Level, message: Message, sd = '', tag = this.tag): void {
    const sinks = this.sinks.get(targets) ?? this.sinksOf(targets);
    const now = wall();
    for (const sink of sinks) sink.send(this.identity, level, now, message, sd, tag);
  }

  flush(): void {
    for (const output of this.outputs.values()) output.flush();
  }

  close(): void {
    for (const [name, output] of this.outputs) this.drop(name, output);
    this.sinks = new WeakMap();
  }

  private drop(name: string, output: LogOutput): void {
    this.outputs.delete(name);
    output.close();
  }

  private sinksOf(targets: readonly LogTarget[]): readonly Sink[] {
    const sinks = targets.map((target) => new Sink(target, this.outputOf(target)));
    this.sinks.set(targets, sinks);
    return sinks;
  }

  private outputOf(target: LogTarget): LogOutput {
    const name = nameOf(target);
    const known = this.outputs.get(name);
    if (known !== undefined) return known;
    const output = this.open(target, this.lossesOf(name));
    this.outputs.set(name, output);
    return output;
  }

  private lossesOf(name: string): Losses {
    const losses = this.losses.get(name) ?? new Losses(name, this.options.warn);
    this.losses.set(name, losses);
    return losses;
  }

  private open({ target }: LogTarget, losses: Losses): LogOutput {
    switch (target.kind) {
      case 'udp':
        return new UdpOutput(target.host, target.port, target.family, losses);
      case 'unix':
        return new UnixOutput(target.path, losses);
      case 'fd':
        return this.openDescriptor(target.fd, losses);
    }
  }

  private openDescriptor(fd: number, losses: Losses): LogOutput {
    try {
      const stream = this.options.stream(fd);
      return stream instanceof Datagrams ? new DatagramOutput(stream, losses) : new StreamOutput(stream, losses);
    } catch (error) {
      return new NoOutput(losses, error instanceof Error ? error.message : String(error));
    }
  }
}

/** For people, and different for each output. */
function nameOf({ target }: LogTarget): string {
  switch (target.kind) {
    case 'udp':
      return `${target.family === 0 ? '' : `udp${target.family}@`}${hostAndPort(target.host, target.port)}`;
    case 'unix':
      return target.path;
    case 'fd':
      return `fd@${target.fd}`;
  }
}

/** They are kept: Node has a descriptor once and for all. */
function isDescriptor(name: string): boolean {
  return name.startsWith('fd@');
}
