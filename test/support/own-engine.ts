/**
 * A second Docker engine as another host has it: with a data root, a socket, a network, mounts and processes of its own, which
 * is reached by a wire alone. It can be restarted and killed without harm to the one that all tests share: in one network with
 * that, a daemon takes docker0 away from the other as it stops. Whatever of it is left goes with the test, however that ends.
 */

import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { dockerAsync } from './docker.ts';
import { until } from './wait.ts';

/** What the wire of a host is called, and its ends: ours, and the host's address. */
const WIRE = 'fairlead-wire';
const OURS = (host: number) => `10.213.${host}.1`;
const THEIRS = (host: number) => `10.213.${host}.2`;
/** Its networks, for who wants to reach containers at their own addresses: there is a route to them. */
const NETWORKS = (host: number) => [
  '--bip',
  `10.${214 + 2 * host}.0.1/16`,
  '--default-address-pool',
  `base=10.${215 + 2 * host}.0.0/16,size=24`,
];
const ROUTED = (host: number) => `10.${214 + 2 * host}.0.0/15`;

const PROGRAMS = ['dockerd', 'busybox', 'iptables', 'unshare', 'nsenter'];

/** Why there can be none here; undefined where there can. */
export function whyNoOwnEngine(): string | undefined {
  if (process.getuid?.() !== 0) return 'an engine of its own needs root';
  const missing = PROGRAMS.find((name) => spawnSync('which', [name], { stdio: 'ignore' }).status !== 0);
  if (missing !== undefined) return `an engine of its own needs ${missing}`;
  return kernelHas('veth') ? undefined : 'the kernel has no veth devices to reach another engine by';
}

/** Why there can be no Swarm of several nodes here; undefined where there can. */
export function whyNoSwarm(): string | undefined {
  return whyNoOwnEngine() ?? (kernelHas('vxlan') ? undefined : 'the kernel has no vxlan devices for overlay networks');
}

/** In a network that goes with the question. A kernel that knows the kind may still want more words. */
function kernelHas(kind: string): boolean {
  const asked = ['--net', 'busybox', 'ip', 'link', 'add', 'name', 'probe', 'type', kind];
  return !/not supported|unknown|permitted/i.test(spawnSync('unshare', asked, { encoding: 'utf8' }).stderr);
}

/**
 * `sh -c PLACE sh FOLDER` runs until its input ends, which it does with this process, and removes the folder then. PID 1 of the
 * namespaces is a shell, because it reaps orphans; when it goes, the kernel ends everything in them. It says what it is called
 * outside of them, which it reads before it mounts a /proc of its own.
 */
const INIT = 'read pid rest < /proc/self/stat; echo "$pid"; busybox mount -t proc proc /proc; busybox cat; exit';
const PLACE = `unshare --net --mount --pid --fork --kill-child sh -c '${INIT}'; exec rm -rf "$1"`;

export class OwnEngine {
  /** As another host's. */
  readonly endpoint: string;
  /** As its own machine knows it. */
  readonly host: string;
  private readonly number: number;
  private readonly wireName: string;
  private readonly folder: string;
  private readonly place: ChildProcess;
  /** The namespaces' PID 1, as it is called out here. */
  private init = '';
  private daemon: ChildProcess | undefined = undefined;

  /** `number`: which host it is, where there are several. */
  constructor(number: number = 0) {
    this.number = number;
    this.wireName = `${WIRE}${number}`;
    this.endpoint = `tcp://${THEIRS(number)}:2375`;
    this.folder = mkdtempSync(join(tmpdir(), 'fairlead-own-engine-'));
    this.host = `unix://${join(this.folder, 'docker.sock')}`;
    // In a group of its own: Ctrl-C must not keep it from tidying up.
    this.place = spawn('sh', ['-c', PLACE, 'sh', this.folder], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  }

  /** Resolves when it answers. `words` are further arguments of dockerd's. */
  async start(...words: readonly string[]): Promise<void> {
    const { folder } = this;
    if (this.init === '') await this.wire();
    const log = openSync(join(folder, 'log'), 'a');
    const where = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'pid')];
    const hosts = ['--host', this.host, '--host', this.endpoint, '--tls=false'];
    const daemon = spawn('nsenter', [...this.namespaces, 'dockerd', ...where, ...hosts, ...NETWORKS(this.number), ...words], {
      stdio: ['ignore', log, log],
      // containerd writes its last words into the folder for temporary files.
      env: { ...process.env, TMPDIR: this.temporary },
    });
    closeSync(log);
    this.daemon = daemon;
    const answers = async () => {
      if (daemon.exitCode !== null) throw new Error(`dockerd ended:\n${readFileSync(join(folder, 'log'), 'utf8').slice(-4000)}`);
      return (await this.docker('version')) !== '';
    };
    await until('the second engine answers', answers, 60_000);
    // The engine's own rules are for its published ports alone.
    this.inside('iptables', '-I', 'DOCKER-USER', '-j', 'ACCEPT');
  }

  private async wire(): Promise<void> {
    const [said] = await once(this.place.stdout as Readable, 'data');
    this.init = String(said).trim();
    mkdirSync(this.temporary);
    const { number, wireName } = this;
    const other = layWire(wireName);
    ip('addr', 'add', `${OURS(number)}/24`, 'dev', wireName);
    ip('link', 'set', wireName, 'up');
    ip('link', 'set', other, 'netns', this.init);
    ip('route', 'add', ROUTED(number), 'via', THEIRS(number));
    this.attach(other, THEIRS(number));
    this.inside('busybox', 'ip', 'link', 'set', 'lo', 'up');
  }

  /** A wire from it to another host; both have been started. `addresses`: its end, and the other's. */
  connect(other: OwnEngine, addresses: readonly [string, string]): void {
    const cable = 'fairlead-cable';
    const end = layWire(cable);
    ip('link', 'set', cable, 'netns', this.init);
    ip('link', 'set', end, 'netns', other.init);
    this.attach(cable, addresses[0]);
    other.attach(end, addresses[1]);
  }

  private attach(device: string, address: string): void {
    this.inside('busybox', 'ip', 'addr', 'add', `${address}/24`, 'dev', device);
    this.inside('busybox', 'ip', 'link', 'set', device, 'up');
  }

  /** Ends the daemon, not necessarily its containers. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const { daemon } = this;
    this.daemon = undefined;
    if (daemon === undefined || daemon.exitCode !== null) return;
    const exit = once(daemon, 'exit');
    const containerd = this.pidIn('exec', 'containerd', 'containerd.pid');
    this.inside('busybox', 'kill', `-${signal.slice('SIG'.length)}`, this.pidIn('pid'));
    await exit;
    // It dies with its daemon, a moment later. The next one would take it for alive, and wait for it.
    await until(
      'its containerd has gone',
      () => spawnSync('nsenter', [...this.namespaces, 'busybox', 'kill', '-0', containerd]).status !== 0,
    );
  }

  /** A number that a process of its place wrote. */
  private pidIn(...path: readonly string[]): string {
    return readFileSync(join(this.folder, ...path), 'utf8').trim();
  }

  /** The docker command line for it. */
  async docker(...args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)('docker', ['-H', this.host, ...args], { timeout: 60_000 });
    return stdout.trimEnd();
  }

  /** Takes `image` over from the shared engine. */
  async take(image: string): Promise<void> {
    const archive = join(this.folder, 'image.tar');
    await dockerAsync('save', '--output', archive, image);
    await this.docker('load', '--input', archive);
    rmSync(archive);
  }

  /** With everything that it has. */
  async stop(): Promise<void> {
    // The kernel would end the containers, and leave their control groups behind.
    const remove = async () => this.docker('rm', '-f', ...(await this.docker('ps', '-aq')).split('\n'));
    if (this.daemon !== undefined) await remove().catch(() => undefined);
    const exit = once(this.place, 'exit');
    this.place.stdin?.end();
    await exit;
    spawnSync('busybox', ['ip', 'link', 'del', this.wireName], { stdio: 'ignore' });
  }

  private get temporary(): string {
    return join(this.folder, 'tmp');
  }

  private get namespaces(): readonly string[] {
    return ['--net', '--mount', '--pid', '--target', this.init];
  }

  private inside(...words: readonly string[]): string {
    return run('nsenter', [...this.namespaces, ...words]);
  }
}

/** A wire of that name, instead of one that is left over; answers what its other end is called. */
function layWire(name: string): string {
  spawnSync('busybox', ['ip', 'link', 'del', name], { stdio: 'ignore' });
  ip('link', 'add', 'name', name, 'type', 'veth');
  const end = `${name}x`;
  ip('link', 'set', new RegExp(`(\\S+)@${name}`).exec(ip('link'))?.[1] ?? '', 'name', end);
  return end;
}

function ip(...words: readonly string[]): string {
  return run('busybox', ['ip', ...words]);
}

function run(command: string, words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${words.join(' ')}: ${stderr}`);
  return stdout;
}
