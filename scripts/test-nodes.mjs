/**
 * `npm run test:nodes [-- [--inside] 24 26]`: the tests that need nothing but Node, on newer versions of it; with `--inside`
 * those alone that stand on Node's insides or its sockets. Each version's binary comes from the npm package `node`, into a
 * temporary folder. A version that cannot be installed is skipped, with the reason.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensure } from './ensure.mjs';
import { runInside, runSideBySide } from './test-files.mjs';

const usual = ['22', '24', '26'];
const inside = process.argv.includes('--inside');

/** Path of that version's binary; undefined, after saying why, when there is none to be had. */
function install(version, folder) {
  const args = ['install', '--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts=false', `node@${version}`];
  const result = spawnSync('npm', args, { cwd: folder, encoding: 'utf8', timeout: 120_000 });
  const binary = join(folder, 'node_modules', 'node', 'bin', 'node');
  const works = result.status === 0 && spawnSync(binary, ['--version']).status === 0;
  if (works) return binary;
  process.stdout.write(`skipped: Node ${version}: cannot be installed: ${(result.stderr ?? '').trim().split('\n').pop()}\n`);
  return undefined;
}

function testOn(version) {
  const folder = mkdtempSync(join(tmpdir(), `fairlead-node-${version}-`));
  try {
    const node = install(version, folder);
    if (node === undefined) return true;
    process.stdout.write(`Node ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout}`);
    return inside ? runInside(node) : runSideBySide(node);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

ensure();
const named = process.argv.slice(2).filter((word) => word !== '--inside');
const versions = named.length > 0 ? named : usual;
const results = versions.map(testOn);
process.exitCode = results.every(Boolean) ? 0 : 1;
