/**
 * Runs tests of the build: `node scripts/test.mjs` everything that needs nothing but Node,
 * `node scripts/test.mjs docker` one of the groups below. Node 20 knows no patterns on its command line and
 * later versions take a folder differently, so the files are listed one by one.
 */

import { spawnSync } from 'node:child_process';
import { join, relative, sep } from 'node:path';
import { ensure, filesBelow, root } from './ensure.mjs';

/** Folders under test/ that need more than Node, and what they need. */
const groups = {
  docker: 'a Docker engine, or dockerd and root to start one',
  haproxy: 'the program haproxy, to compare with side by side',
  browser: 'a browser',
};

const built = join(root, 'dist', 'test');

function testFiles(folder) {
  return filesBelow(folder).filter((file) => file.endsWith('.test.js'));
}

function filesOf(group) {
  if (group !== undefined) return testFiles(join(built, group));
  return testFiles(built).filter((file) => !(relative(built, file).split(sep)[0] in groups));
}

/** Those groups that have tests at all. */
function otherGroups(group) {
  return Object.keys(groups).filter((name) => name !== group && filesOf(name).length > 0);
}

/** The Docker group shares one engine and its images, and one file at a time keeps its names and ports apart. */
function run(group, files) {
  const around = group === 'docker' ? [join(built, 'support', 'engine.js'), process.execPath] : [];
  const args = [...around, '--test', '--test-reporter=spec', `--test-concurrency=${group === 'docker' ? 1 : 2}`, ...files];
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
}

const group = process.argv[2];
if (group !== undefined && !(group in groups)) {
  process.stderr.write(
    `test: no group '${group}'; there are ${Object.keys(groups).join(', ')}, and without a name everything that needs only Node\n`,
  );
  process.exit(2);
}
ensure();
const files = filesOf(group);
if (files.length === 0) {
  process.stderr.write(`test: no test files${group === undefined ? '' : ` in test/${group}`}\n`);
  process.exit(1);
}
process.exitCode = run(group, files);
if (group === undefined) {
  for (const name of otherGroups(group)) process.stdout.write(`skipped: test/${name}, which needs ${groups[name]}: npm run test:${name}\n`);
}
