/**
 * `node engine.js COMMAND...` runs COMMAND with a Docker engine that has the tests' images.
 *
 * The engine that answers is used. Where none does, root gets one of its own: dockerd with everything it owns in a temporary
 * folder, in namespaces of its own for network, mounts and processes. So it needs no free address, port or bridge, leaves the
 * machine's firewall alone, and the kernel itself ends whatever is left when this program goes, however it goes.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeImages } from './images.ts';
import { until } from './wait.ts';

const inside = '--inside';

/** PID 1 of the namespaces. A shell, because it reaps the orphans that containerd's shims become. */
const init = 'busybox ip link set lo up && "$@"; exit $?';

function engineAnswers(host?: string): boolean {
  const env = host === undefined ? process.env : { ...process.env, DOCKER_HOST: host };
  return spawnSync('docker', ['version'], { stdio: 'ignore', timeout: 20_000, env }).status === 0;
}

function missing(): string[] {
  const lacking = ['dockerd', 'unshare', 'busybox', 'iptables'].filter(
    (name) => spawnSync('which', [name], { stdio: 'ignore' }).status !== 0,
  );
  return process.getuid?.() === 0 ? lacking : ['root', ...lacking];
}

/** Runs this program again in fresh namespaces; resolves to its exit code. */
async function withOwnEngine(command: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-engine-'));
  const self = [process.execPath, fileURLToPath(import.meta.url), inside, folder, ...command];
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const child = spawn('unshare', [...namespaces, 'sh', '-c', init, 'sh', ...self], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  // unshare is deaf to every other signal while it waits.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill('SIGKILL'));
  const code = await exitOf(child);
  rmSync(folder, { recursive: true, force: true });
  return code;
}

async function insideNamespaces(folder: string, command: readonly string[]): Promise<number> {
  // Ends with whoever has started it, also when that is killed; PID 1 follows, and with it all that there is.
  process.stdin
    .on('end', () => process.exit(1))
    .resume()
    .unref();
  const runFolder = join(folder, 'run');
  mkdirSync(runFolder);
  const host = `unix://${join(runFolder, 'docker.sock')}`;
  const log = openSync(join(folder, 'dockerd.log'), 'w');
  const where = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'docker.pid')];
  const dockerd = spawn('dockerd', [...where, '--host', host], { stdio: ['ignore', log, log] });
  closeSync(log);
  const ended = exitOf(dockerd);
  try {
    await until(
      'dockerd answers',
      () => {
        if (dockerd.exitCode !== null) throw new Error(`it ended:\n${readFileSync(join(folder, 'dockerd.log'), 'utf8').slice(-4000)}`);
        return engineAnswers(host);
      },
      60_000,
    );
    process.env.DOCKER_HOST = host;
    return await runWithImages(command);
  } finally {
    dockerd.kill('SIGTERM');
    await ended;
  }
}

async function runWithImages(command: readonly string[]): Promise<number> {
  makeImages();
  const [program = 'true', ...args] = command;
  return exitOf(spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] }));
}

async function exitOf(child: ChildProcess): Promise<number> {
  const [code] = await once(child, 'exit');
  return typeof code === 'number' ? code : 1;
}

async function main(args: readonly string[]): Promise<number> {
  if (args[0] === inside) return insideNamespaces(args[1] ?? '', args.slice(2));
  if (engineAnswers()) return runWithImages(args);
  const lacking = missing();
  if (lacking.length === 0) return withOwnEngine(args);
  process.stderr.write(`no Docker engine answers, and starting one needs ${lacking.join(', ')}\n`);
  return 1;
}

process.exitCode = await main(process.argv.slice(2));
