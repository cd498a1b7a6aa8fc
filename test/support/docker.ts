/** The docker command line, as the tests' scripts use it. The engine is the one of DOCKER_HOST (see engine.ts). */

import { execFile, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** Names of the images that engine.ts makes before the tests run (images.ts). */
export const baseImage = 'fairlead-test/node:local';
export const appImage = 'eviking/mydockerapp';
/** From the project's Dockerfile. */
export const balancerImage = 'fairlead-test/fairlead:local';

// Debian's engine has the classic builder only; a newer client would look for its buildx plugin first.
const environment = () => ({ ...process.env, DOCKER_BUILDKIT: '0' });
const limits = () => ({ encoding: 'utf8', timeout: 240_000, maxBuffer: 64 << 20, env: environment() }) as const;

/** Runs `docker <args>` and returns what it printed, without the last line end. Throws with what it said. */
export function docker(...args: readonly string[]): string {
  return run('docker', args);
}

/** Like `docker`, without blocking this process: for what happens under load. */
export async function dockerAsync(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('docker', args, limits());
  return stdout.trimEnd();
}

/** Runs docker-compose, or the plugin where there is only that, without blocking this process. */
export async function compose(file: string, project: string, ...args: readonly string[]): Promise<string> {
  const common = ['-f', file, '-p', project, ...args];
  const standalone = spawnSync('docker-compose', ['version'], { stdio: 'ignore' }).status === 0;
  const [command, words] = standalone ? ['docker-compose', common] : ['docker', ['compose', ...common]];
  const { stdout } = await promisify(execFile)(command, words, limits());
  return stdout.trimEnd();
}

/** Address of a container on one of its networks; the default bridge where none is named. */
export function addressOf(container: string, network = 'bridge'): string {
  return docker('inspect', '--format', `{{ (index .NetworkSettings.Networks "${network}").IPAddress }}`, container);
}

/** What Docker, HAProxy's users and the statistics call it: the first twelve digits of its id. */
export function shortId(container: string): string {
  return docker('inspect', '--format', '{{ .Id }}', container).slice(0, 12);
}

/** Removes containers, running or not, and does not mind when they are gone. */
export function removeContainers(...names: readonly string[]): void {
  spawnSync('docker', ['rm', '-f', '-v', ...names], { stdio: 'ignore', env: environment() });
}

export function removeNetwork(name: string): void {
  spawnSync('docker', ['network', 'rm', name], { stdio: 'ignore', env: environment() });
}

/** Everything a container wrote, for the message of a test that fails. */
export function logsOf(container: string): string {
  const result = spawnSync('docker', ['logs', container], { encoding: 'utf8', env: environment() });
  return result.stdout + result.stderr;
}

/**
 * `docker run` arguments that let the balancer read the engine: the folder of the socket (a mounted socket file would
 * keep its dead inode after the engine restarts) and the group that may use it.
 */
export function engineAccess(): readonly string[] {
  const socket = socketPath();
  const inside = '/run/engine';
  return [
    '--volume',
    `${dirname(socket)}:${inside}`,
    '--env',
    `DOCKER_HOST=unix://${join(inside, socket.slice(dirname(socket).length))}`,
    '--group-add',
    String(statSync(socket).gid),
  ];
}

/** The engine's socket on this machine. */
export function socketPath(): string {
  const host = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';
  if (!host.startsWith('unix://')) throw new Error(`these tests mount the engine's socket, and ${host} is none`);
  return host.slice('unix://'.length);
}

function run(command: string, args: readonly string[]): string {
  const result = spawnSync(command, args, limits());
  if (result.status === 0) return result.stdout.trimEnd();
  throw new Error(`${command} ${args.join(' ')}: exit ${result.status}\n${result.stdout}${result.stderr}`, { cause: result.error });
}
