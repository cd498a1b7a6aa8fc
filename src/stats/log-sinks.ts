/**
 * The `log` lines at work: which target gets which message, and in what form. Targets with the same address share one
 * output. A reload hands in the new configuration; outputs that it still names keep their sockets.
 */

import type { Config, LogTarget } from '../config/model.ts';
import { wall } from '../core/clock.ts';
import type { Level } from '../core/log.ts';
import { type LineStream, type LogOutput, StreamOutput, UdpOutput, UnixOutput } from './log-outputs.ts';
import { header, type LogIdentity, severityFor } from './syslog.ts';

export interface LogSinksOptions {
  readonly pid: number;
  readonly hostname: string;
  /** The stream behind `stdout`, `stderr` and `fd@N`: the process's own for 1 and 2. */
  readonly stream: (fd: number) => LineStream;
  /** Something about a target that a person should know. */
  readonly warn: (message: string) => void;
}

interface Sink {
  readonly target: LogTarget;
  readonly output: LogOutput;
}

export class LogSinks {
  private readonly options: LogSinksOptions;
  private identity: LogIdentity;
  private readonly outputs = new Map<string, LogOutput>();
  /** By the list of `log` lines of a proxy, which is frozen and lives as long as its configuration. */
  private sinks = new WeakMap<readonly LogTarget[], readonly Sink[]>();
  private droppedBefore = 0;

  constructor(options: LogSinksOptions) {
    this.options = options;
    this.identity = { tag: 'haproxy', pid: options.pid, hostname: options.hostname };
  }

  /** HAProxy's DroppedLogs. */
  get droppedLogs(): number {
    let sum = this.droppedBefore;
    for (const output of this.outputs.values()) sum += output.dropped;
    return sum;
  }

  /** At start and at every reload. */
  setTargets(config: Config): void {
    this.identity = { ...this.identity, tag: config.global.logTag };
    this.sinks = new WeakMap();
    const wanted = new Set<string>();
    for (const targets of [config.global.logs, ...config.proxies.map((proxy) => proxy.logs)]) {
      for (const target of targets) wanted.add(keyOf(target));
      this.sinksOf(targets);
    }
    for (const [key, output] of this.outputs) if (!wanted.has(key)) this.drop(key, output);
  }

  /**
   * Sends a message to all targets that want its level. `sd` is the structured data of a line in `rfc5424`, none if empty;
   * `tag` the name in its header, that of `global` if undefined.
   */
  send(targets: readonly LogTarget[], level: Level, message: string, sd = '', tag?: string): void {
    const sinks = this.sinks.get(targets) ?? this.sinksOf(targets);
    const now = wall();
    for (let i = 0; i < sinks.length; i++) {
      const { target, output } = sinks[i] as Sink;
      const severity = severityFor(target, level);
      if (severity === undefined) continue;
      const line = header(target, this.identity, severity, now, sd, tag) + message;
      output.write(line.length > target.length ? `${line.slice(0, target.length)}\n` : `${line}\n`);
    }
  }

  flush(): void {
    for (const output of this.outputs.values()) output.flush();
  }

  close(): void {
    for (const [key, output] of this.outputs) this.drop(key, output);
    this.sinks = new WeakMap();
  }

  private drop(key: string, output: LogOutput): void {
    this.outputs.delete(key);
    output.close();
    this.droppedBefore += output.dropped;
  }

  private sinksOf(targets: readonly LogTarget[]): readonly Sink[] {
    const sinks = targets.map((target) => ({ target, output: this.outputOf(target) }));
    this.sinks.set(targets, sinks);
    return sinks;
  }

  private outputOf(target: LogTarget): LogOutput {
    const key = keyOf(target);
    const known = this.outputs.get(key);
    if (known !== undefined) return known;
    const output = this.open(target);
    this.outputs.set(key, output);
    return output;
  }

  private open({ target }: LogTarget): LogOutput {
    switch (target.kind) {
      case 'udp':
        return new UdpOutput(target.host, target.port, target.family);
      case 'unix':
        return new UnixOutput(target.path, this.options.warn);
      case 'fd':
        return new StreamOutput(this.options.stream(target.fd));
    }
  }
}

function keyOf({ target }: LogTarget): string {
  switch (target.kind) {
    case 'udp':
      return `udp${target.family} ${target.host} ${target.port}`;
    case 'unix':
      return `unix ${target.path}`;
    case 'fd':
      return `fd ${target.fd}`;
  }
}
