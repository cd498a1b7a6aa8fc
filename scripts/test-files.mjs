/** Which compiled tests there are. Node 20 knows no patterns on `node --test`, so they are listed one by one. */

import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join, relative, sep } from 'node:path';
import { filesBelow, root } from './ensure.mjs';

export const built = join(root, 'dist', 'test');

/** Folders under test/ that need more than Node, and what they need. */
export const groups = {
  browser: 'the browser chromium',
  clients: 'the programs that are compared and asked: haproxy, perl, and what watches HAProxy',
  docker: 'a Docker engine, or dockerd and root to start one',
  haproxy: 'the program haproxy, to compare with side by side',
};

function testFiles(folder) {
  return filesBelow(folder).filter((file) => file.endsWith('.test.js'));
}

/** Test files of a group; without one, of everything that needs nothing but Node. */
export function filesOf(group) {
  if (group !== undefined) return testFiles(join(built, group));
  return longFirst(testFiles(built).filter((file) => !(relative(built, file).split(sep)[0] in groups)));
}

/** Scenarios wait a lot: begun first, they leave nobody waiting for the last of them. */
function longFirst(files) {
  const scenarios = files.filter((file) => relative(built, file).startsWith(`scenarios${sep}`));
  return [...scenarios.reverse(), ...files.filter((file) => !scenarios.includes(file))];
}

/** Files at a time: more than there are cores, because most tests wait for a while. */
const atATime = 2 * availableParallelism();

/** What is measured here must have the machine to itself: bytes that come one by one are read one by one by nobody who is busy. */
const alone = [join(built, 'scenarios', 'memory.test.js'), join(built, 'discovery', 'docker', 'figures.test.js')];

/** Everything that needs nothing but Node. True when nothing failed. */
export function runUsual() {
  const quiet = run(process.execPath, 1, alone);
  return runSideBySide(process.execPath) && quiet;
}

/** The same on `node`, but for what is measured: figures are taken on the Node that we are run with. */
export function runSideBySide(node) {
  return run(node, atATime, notMeasured());
}

/** Of that, what stands on Node's insides or its sockets, TLS and HTTP/2: the rest is computing, which is the same on every version. */
export function runInside(node) {
  return run(node, atATime, notMeasured().filter(isInside));
}

function notMeasured() {
  return filesOf(undefined).filter((file) => !alone.includes(file));
}

const insideFolders = new Set(['core', 'http', 'proxy', 'tls', 'main']);
const insideScenarios =
  /^(cli|checks|embedding|events|flow|h2|http2|idle-clients|interim|limits|long-replies|process|retries|reuse|servers|shutdown|tcp|tls|trailers|transfers|tunnel|websocket)/;

function isInside(file) {
  const [folder, name] = relative(built, file).split(sep);
  return insideFolders.has(folder) || (folder === 'scenarios' && insideScenarios.test(name));
}

function run(node, concurrency, files) {
  return spawnSync(node, [...testOptions(concurrency), ...files], { cwd: root, stdio: 'inherit' }).status === 0;
}

/** A file that takes longer than this hangs: it is ended and counted as failed. */
const fileLimitMs = 180_000;

/** How every group is run; `concurrency` files at a time. */
export function testOptions(concurrency) {
  return ['--test', '--test-reporter=spec', `--test-timeout=${fileLimitMs}`, `--test-concurrency=${concurrency}`];
}
