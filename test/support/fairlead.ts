/** The balancer as its users start it: the program of this build, with a configuration in a folder of its own. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askCli } from './cli.ts';
import { program } from './paths.ts';
import { until } from './wait.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface FairleadOptions {
  /** Further files beside the configuration, by name. `%DIR%` in the configuration and the arguments is their folder. */
  readonly files?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** `[NOTICE]   (4711) : listening on 127.0.0.1:40001 (frontend www)`: one line per listener, when all are bound. */
const listening = /: listening on (\S+) \(\S+ (\S+)\)$/gm;

/** A running balancer. Give every one back with `stop`. */
export class Fairlead {
  readonly process: ChildProcess;
  readonly folder: string;
  readonly exit: Promise<Exit>;
  output = '';
  private exited = false;

  private constructor(folder: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.process = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    }
    this.exit = once(this.process, 'close').then(([code, signal]) => {
      this.exited = true;
      return { code, signal };
    });
  }

  /** Starts with `config` (made the only `-f`) and waits until it listens. */
  static async start(config: string, options: FairleadOptions = {}): Promise<Fairlead> {
    const folder = writeFiles(config, options.files ?? {});
    const args = (options.args ?? []).map((arg) => arg.replaceAll('%DIR%', folder));
    const fairlead = new Fairlead(folder, ['-f', join(folder, 'haproxy.cfg'), ...args], options.env ?? {});
    try {
      await fairlead.said(/: listening on /);
    } catch (error) {
      await fairlead.stop('SIGKILL');
      throw error;
    }
    return fairlead;
  }

  /** Starts with `args` alone; what to wait for is the caller's to know. */
  static run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Fairlead {
    return new Fairlead(writeFiles('', {}), args, env);
  }

  /** Address of the first listener of that proxy. */
  port(proxy: string): number {
    const line = [...this.output.matchAll(listening)].find((match) => match[2] === proxy);
    const port = /:(\d+)$/.exec(line?.[1] ?? '')?.[1];
    if (port === undefined) throw new Error(`no listener of ${proxy} in:\n${this.output}`);
    return Number(port);
  }

  /** Asks the Runtime API at the `stats socket %DIR%/cli` of the configuration. */
  cli(line: string): Promise<string> {
    return askCli(join(this.folder, 'cli'), line);
  }

  /** Waits until the output holds `pattern`. */
  async said(pattern: RegExp): Promise<void> {
    await until(`fairlead says ${pattern}`, () => {
      if (pattern.test(this.output)) return true;
      if (this.exited) throw new Error(`it ended with:\n${this.output}`);
      return false;
    }).catch((error: unknown) => {
      throw new Error(`no ${pattern} in:\n${this.output}`, { cause: error });
    });
  }

  /** Replaces the configuration's text; a signal makes it count. */
  rewrite(config: string): void {
    writeFileSync(join(this.folder, 'haproxy.cfg'), config.replaceAll('%DIR%', this.folder));
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** Ends it and removes its folder. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<Exit> {
    if (!this.exited) this.process.kill(signal);
    const exit = await this.exit;
    rmSync(this.folder, { recursive: true, force: true });
    return exit;
  }
}

/** `fairlead -c` on a text: the exit code and everything it said. */
export function checkConfig(config: string, options: FairleadOptions = {}): { readonly code: number | null; readonly output: string } {
  const folder = writeFiles(config, options.files ?? {});
  try {
    return runFairlead(['-c', '-f', join(folder, 'haproxy.cfg'), ...(options.args ?? [])], options.env);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs it to its end. */
export function runFairlead(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { readonly code: number | null; readonly output: string } {
  const result = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', timeout: 20_000, env: { ...process.env, ...env } });
  return { code: result.status, output: result.stdout + result.stderr };
}

function writeFiles(config: string, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-'));
  for (const [name, text] of Object.entries({ ...files, 'haproxy.cfg': config })) {
    writeFileSync(join(folder, name), text.replaceAll('%DIR%', folder));
  }
  return folder;
}
