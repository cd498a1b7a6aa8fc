/**
 * The two programs that clients look at, HAProxy and Fairlead: the same configuration, servers and requests, each with a
 * statistics page on a port of its own and the Runtime API on a unix socket.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { askCli } from '../support/cli.ts';
import { ask } from '../support/client.ts';
import { program } from '../support/paths.ts';
import { parseStats, rowOf } from '../support/stats.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';

/** Debian keeps daemons and plug-ins where users have no PATH. */
const PATH = [process.env.PATH, '/usr/sbin', '/sbin', '/usr/lib/nagios/plugins', '/usr/share/munin/plugins'].join(delimiter);

/** Where `name` is installed, or undefined. */
export function installed(name: string): string | undefined {
  return spawnSync('which', [name], { encoding: 'utf8', env: { ...process.env, PATH } }).stdout.trim() || undefined;
}

/** False, or why a test of `name` cannot run. */
export function missing(name: string, from: string): string | false {
  return installed(name) === undefined ? `${name} is not installed (Debian: apt-get install ${from})` : false;
}

export type Kind = 'HAProxy' | 'Fairlead';

const ADDRESSES = ['UP', 'SOFT', 'OUT'] as const;

/** `fd@3` is the listening socket: its port is known before the program runs. Port 1 refuses, once: a check under way shows. */
function configuration(folder: string, servers: readonly Upstream[]): string {
  const text = `
global
    maxconn 100
    node witness
    stats socket ${join(folder, 'api')} mode 600 level admin
defaults
    mode http
    timeout connect 1s
    timeout client 10s
    timeout server 10s
frontend web
    bind fd@3
    maxconn 50
    stats uri /admin?stats
    http-request deny if { path /denied }
    http-request redirect location /elsewhere if { path /moved }
    default_backend app
backend app
    balance roundrobin
    server up %UP% check inter 200ms weight 10 maxconn 20
    server soft %SOFT% weight 20
    server out %OUT% check disabled
    server down 127.0.0.1:1 check inter 200ms downinter 1h
backend gone
    server lost 127.0.0.1:1 check inter 200ms downinter 1h
`;
  return ADDRESSES.reduce((filled, name, index) => filled.replace(`%${name}%`, servers[index]?.address ?? ''), text);
}

/** A running one. */
export class Watched {
  readonly kind: Kind;
  readonly port: number;
  readonly folder: string;
  /** Of the Runtime API. */
  readonly socket: string;
  /** Of the statistics page. */
  readonly url: string;
  private readonly servers: readonly Upstream[];
  private readonly process: ChildProcess;
  private said = '';

  private constructor(kind: Kind, folder: string, servers: readonly Upstream[], listening: Server) {
    this.kind = kind;
    this.folder = folder;
    this.servers = servers;
    this.port = (listening.address() as AddressInfo).port;
    this.socket = join(folder, 'api');
    this.url = `http://127.0.0.1:${this.port}/admin?stats`;
    const file = join(folder, 'haproxy.cfg');
    writeFileSync(file, configuration(folder, servers));
    const [command, args] = kind === 'HAProxy' ? ['haproxy', ['-db', '-f', file]] : [process.execPath, [program, '-f', file]];
    const { fd } = (listening as unknown as { readonly _handle: { readonly fd: number } })._handle;
    this.process = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe', fd], env: { ...process.env, PATH } });
    for (const stream of [this.process.stdout, this.process.stderr]) stream?.on('data', (bytes: Buffer) => (this.said += bytes));
  }

  static async start(kind: Kind): Promise<Watched> {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-clients-'));
    const servers = await Promise.all(ADDRESSES.map((name) => startUpstream(name.toLowerCase())));
    const listening = createServer().listen(0, '127.0.0.1');
    await once(listening, 'listening');
    const watched = new Watched(kind, folder, servers, listening);
    // The program has it now; connections that come before it listens wait in the kernel.
    listening.close();
    try {
      await watched.settle();
    } catch (error) {
      await watched.stop();
      throw error;
    }
    return watched;
  }

  /** The checks have found what there is to find, and some requests have been answered. */
  private async settle(): Promise<void> {
    await until(`${this.kind} has judged its servers`, async () => {
      if (this.process.exitCode !== null) throw new Error(`${this.kind} ended with:\n${this.said}`);
      const rows = parseStats(await askCli(this.socket, 'show stat'));
      const states = [rowOf(rows, 'app', 'up'), rowOf(rows, 'app', 'down'), rowOf(rows, 'gone', 'lost')].map(({ status }) => status);
      return states.join() === 'UP,DOWN,DOWN';
    });
    for (const path of ['/', '/', '/', '/denied', '/moved']) await ask(this.port, { path });
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null) {
      this.process.kill('SIGKILL');
      await once(this.process, 'exit');
    }
    for (const server of this.servers) await server.stop();
    rmSync(this.folder, { recursive: true });
  }
}

export interface Outcome {
  readonly code: number | null;
  readonly text: string;
}

/** Runs a client to its end; both of its outputs are the text. */
export async function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input = '',
): Promise<Outcome> {
  // Perl's hashes have the order of the day otherwise.
  const order = { PERL_HASH_SEED: '0', PERL_PERTURB_KEYS: '0' };
  const client = spawn(installed(command) ?? command, args, { env: { ...process.env, PATH, ...order, ...env }, timeout: 60_000 });
  let text = '';
  for (const stream of [client.stdout, client.stderr]) stream.on('data', (bytes: Buffer) => (text += bytes));
  client.stdin.end(input);
  const [code] = (await once(client, 'close')) as [number | null];
  return { code, text };
}
