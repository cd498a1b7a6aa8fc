/**
 * Images without a registry: a base with this very Node, its libraries and busybox, and on top of it the application of the
 * story, and the product from the project's Dockerfile. The base stands in for Docker Hub's `node` image under that, so it has
 * an `npm` too: one that installs from a copy of this clone's node_modules (offline-npm.ts).
 */

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { appImage, balancerImage, baseImage, docker } from './docker.ts';
import { root } from './paths.ts';

/** Where the base keeps the packages; offline-npm.ts installs from there. */
const packages = 'opt/node_modules';

/** What the build stage needs of the development dependencies. The rest is left out for size. */
const buildTools = /^node_modules\/(typescript|@typescript\/|@types\/)/;

export function makeImages(): void {
  inTemporaryFolder((folder) => {
    fillRoot(folder);
    importBase(folder);
  });
  inTemporaryFolder((folder) => {
    copyFileSync(fileURLToPath(new URL('mydockerapp.js', import.meta.url)), join(folder, 'app.mjs'));
    writeFileSync(join(folder, 'Dockerfile'), `FROM ${baseImage}\nCOPY app.mjs /app.mjs\nEXPOSE 8089\nCMD ["node", "/app.mjs"]\n`);
    docker('build', '--tag', appImage, folder);
  });
  docker('build', '--build-arg', `NODE_IMAGE=${baseImage}`, '--tag', balancerImage, root);
}

function inTemporaryFolder(work: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-image-'));
  try {
    work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function fillRoot(folder: string): void {
  for (const name of ['bin', 'usr/bin', 'usr/local/bin', 'usr/local/lib', 'etc', 'tmp', 'opt', 'home/node', 'root']) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  chmodSync(join(folder, 'tmp'), 0o1777);
  addProgram(folder, process.execPath, '/usr/local/bin/node');
  addBusybox(folder);
  writeFileSync(join(folder, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n');
  writeFileSync(join(folder, 'etc/group'), 'root:x:0:\nnode:x:1000:\n');
  addNpm(folder);
  addPackages(folder);
}

/** A program and every library that the dynamic loader would look for. */
function addProgram(folder: string, source: string, target: string): void {
  copyFileSync(source, join(folder, target));
  const listed = spawnSync('ldd', [source], { encoding: 'utf8' }).stdout;
  for (const [library] of listed.matchAll(/\/\S+(?= \(0x)/g)) {
    mkdirSync(join(folder, dirname(library)), { recursive: true });
    copyFileSync(library, join(folder, library));
  }
}

function addBusybox(folder: string): void {
  const path = spawnSync('which', ['busybox'], { encoding: 'utf8' }).stdout.trim();
  if (path === '') throw new Error('the base image needs busybox (Debian: busybox-static)');
  addProgram(folder, path, '/bin/busybox');
  for (const applet of spawnSync(path, ['--list'], { encoding: 'utf8' }).stdout.trim().split('\n')) {
    if (applet !== 'busybox') symlinkSync('/bin/busybox', join(folder, 'bin', applet));
  }
  symlinkSync('/bin/busybox', join(folder, 'usr/bin/env'));
}

function addNpm(folder: string): void {
  const script = '/usr/local/lib/offline-npm.mjs';
  copyFileSync(fileURLToPath(new URL('offline-npm.js', import.meta.url)), join(folder, script));
  writeFileSync(join(folder, 'usr/local/bin/npm'), `#!/bin/sh\nexec node ${script} "$@"\n`, { mode: 0o755 });
}

function addPackages(folder: string): void {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, { dev?: boolean }> };
  for (const [path, { dev }] of Object.entries(lock.packages)) {
    const wanted = path !== '' && (dev !== true || buildTools.test(path));
    if (!wanted || !existsSync(join(root, path))) continue;
    cpSync(join(root, path), join(folder, 'opt', path), { recursive: true });
  }
  cpSync(join(root, 'node_modules/.bin/tsc'), join(folder, packages, '.bin/tsc'), { verbatimSymlinks: true });
}

function importBase(folder: string): void {
  const path = 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const archive = `${folder}.tar`;
  try {
    const tar = spawnSync('tar', ['--owner=0', '--group=0', '-C', folder, '-cf', archive, '.'], { encoding: 'utf8' });
    if (tar.status !== 0) throw new Error(`tar: ${tar.stderr}`);
    docker('import', '--change', path, archive, baseImage);
  } finally {
    rmSync(archive, { force: true });
  }
}
