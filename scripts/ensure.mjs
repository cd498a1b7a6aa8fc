/**
 * Makes a clone ready to run: installs from the lock file and compiles, each only where it has not been done or is stale.
 * Plain JavaScript without dependencies, because it runs before there are any. Quiet when there is nothing to do.
 *
 * A stamp file in each result names what it was made from; without one (somebody ran npm by hand) times decide.
 */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const lockFile = join(root, 'package-lock.json');
const modules = join(root, 'node_modules');
const modulesStamp = join(modules, '.fairlead-lock');
const dist = join(root, 'dist');
const distStamp = join(dist, '.fairlead-sources');

/** npm's own file in node_modules and the lock file are written within the same second by `npm install`. */
const sameWriteMs = 2000;

/** Installs and compiles what is missing or stale. Ends the process with the failing command's exit code. */
export function ensure() {
  ensureModules();
  ensureBuild();
}

function ensureModules() {
  const wanted = createHash('sha256').update(readFileSync(lockFile)).digest('hex');
  if (modulesAreCurrent(wanted)) return;
  // Nothing here needs an install script: those of ssh2 only try to compile something faster.
  run('installing dependencies from package-lock.json', 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
  writeFileSync(modulesStamp, wanted);
}

function modulesAreCurrent(wanted) {
  if (existsSync(modulesStamp)) return readFileSync(modulesStamp, 'utf8') === wanted;
  const installed = join(modules, '.package-lock.json');
  return existsSync(installed) && statSync(installed).mtimeMs + sameWriteMs >= statSync(lockFile).mtimeMs;
}

function ensureBuild() {
  const wanted = fingerprint();
  if (existsSync(distStamp) && readFileSync(distStamp, 'utf8') === wanted) return;
  // What was deleted from the sources must not live on in the build: its tests would still run.
  rmSync(dist, { recursive: true, force: true });
  run('compiling', 'npm', ['run', '--silent', 'build']);
  writeFileSync(distStamp, wanted);
}

/** Names, sizes and times of everything that the compiler reads. */
function fingerprint() {
  const hash = createHash('sha256');
  const add = (path) => {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${relative(root, path)} ${size} ${mtimeMs}\n`);
  };
  for (const folder of ['src', 'test', 'bench']) for (const path of filesBelow(join(root, folder))) add(path);
  for (const file of ['tsconfig.json', 'package-lock.json']) add(join(root, file));
  return hash.digest('hex');
}

/** Every file below a folder, in a stable order; nothing where there is no such folder. */
export function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}${sep}${entry.name}`)
    .sort();
}

function run(what, command, args) {
  process.stderr.write(`fairlead: ${what} ...\n`);
  // npm is a batch file on Windows, which only a shell starts.
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (result.status === 0) return;
  process.stderr.write(
    `fairlead: ${[command, ...args].join(' ')} failed${result.error === undefined ? '' : `: ${result.error.message}`}\n`,
  );
  process.exit(result.status ?? 1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ensure();
