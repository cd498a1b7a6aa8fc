/**
 * Where proxies meet: a folder, two servers, a port that takes log lines, and every program started here, which all end with
 * the arena, also when the benchmark is interrupted.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from './certificate.ts';
import { logOf, type Peer, type Setup } from './peers.ts';
import { descriptorLimit, freePort, installed, loadCore, startPinned, stop, stopNow, untilServing } from './process.ts';
import type { Scenario, Wire } from './scenarios.ts';
import { startUpstreams, type Upstreams } from './upstream.ts';

export interface Running {
  readonly peer: Peer;
  readonly process: ChildProcess;
  readonly pid: number;
  readonly port: number;
}

/** What a proxy is to be ready for. */
export type Demand = Pick<Setup, 'connections' | 'active' | 'env'> & {
  readonly log: boolean;
  /** Default clear text. */
  readonly wire?: Wire;
  /** Of its certificate, default RSA. */
  readonly key?: Scenario['key'];
};

/** Beside its connections, a program has some files open. */
const spareDescriptors = 200;

export class Arena {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'fairlead-bench-'));
  private readonly children: ChildProcess[] = [];
  private upstreams: Upstreams | undefined = undefined;
  private logPort = 0;
  private made = 0;

  /** Opens an arena for `play` and leaves nothing of it behind. */
  static async open(play: (arena: Arena) => Promise<void>): Promise<void> {
    const arena = new Arena();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        arena.leave();
        process.exit(1);
      });
    }
    try {
      arena.upstreams = await startUpstreams(arena.folder);
      arena.children.push(...arena.upstreams.processes);
      await arena.startLogSink();
      await play(arena);
    } finally {
      for (const child of arena.children) await stop(child);
      arena.leave();
    }
  }

  /** `127.0.0.1:PORT` of each server. */
  get servers(): readonly string[] {
    return this.upstreams?.addresses ?? [];
  }

  get serverKind(): string {
    return this.upstreams?.kind ?? 'nothing';
  }

  /** A file or folder of this arena's own that no other has. */
  path(name: string): string {
    return join(this.folder, `${++this.made}-${name}`);
  }

  /** Starts a proxy and waits until it answers through its servers. */
  async start(peer: Peer, { log, wire = 'clear', key = 'rsa', ...demand }: Demand): Promise<Running> {
    const needed = demand.connections + demand.active + spareDescriptors;
    if (needed > descriptorLimit()) {
      throw new Error(`${demand.connections} connections need ${needed} descriptors, there are ${descriptorLimit()}: raise ulimit -n`);
    }
    const folder = this.path(peer.name);
    mkdirSync(folder);
    const port = await freePort();
    const certificate = wire === 'tls' || wire === 'h2' ? makeCertificate(folder, key) : undefined;
    const logPort = log ? this.logPort : undefined;
    const setup = { ...demand, folder, port, servers: this.servers, logPort, wire, certificate };
    const child = this.keep(peer.start(setup));
    await untilServing(port, logOf(setup), wire);
    return { peer, process: child, pid: child.pid ?? 0, port };
  }

  /** A program that ends with the arena at the latest. */
  keep(child: ChildProcess): ChildProcess {
    this.children.push(child);
    return child;
  }

  /** A UDP port that costs the load's core nothing: bound by a program that is then stopped, so the kernel drops what comes. */
  private async startLogSink(): Promise<void> {
    this.logPort = await freePort();
    const bound = `() => process.kill(process.pid, 'SIGSTOP')`;
    const listen = `require('node:dgram').createSocket('udp4').bind(${this.logPort}, '127.0.0.1', ${bound})`;
    const sink = this.keep(startPinned(loadCore, this.path('sink.log'), [process.execPath, '-e', listen]));
    while (!/^State:\s+T/m.test(readFileSync(`/proc/${sink.pid}/status`, 'utf8'))) await once(spawn('sleep', ['0.05']), 'exit');
  }

  private leave(): void {
    for (const child of this.children) stopNow(child);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What this machine lacks of what every benchmark of proxies needs. */
export function lacking(...more: readonly string[]): string[] {
  const missing = ['wrk', 'taskset', 'getconf', ...more].filter((program) => !installed(program));
  if (availableParallelism() < 2) missing.push('a second core');
  return missing;
}

export function machine(): string {
  return `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown'}, Linux ${release()}`;
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
