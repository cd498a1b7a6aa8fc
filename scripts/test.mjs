/**
 * Runs tests of the build: `node scripts/test.mjs` everything that needs nothing but Node,
 * `node scripts/test.mjs docker` one of the groups of test-files.mjs.
 */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensure, root } from './ensure.mjs';
import { built, filesOf, groups, runUsual, testOptions } from './test-files.mjs';

/**
 * The Docker group shares one engine and its images, and one file at a time keeps its names and ports apart. Who is compared
 * with another program gets the cores to themselves.
 */
function run(group, files) {
  const docker = group === 'docker';
  const around = docker ? [join(built, 'support', 'engine.js'), process.execPath] : [];
  const args = [...around, ...testOptions(docker ? 1 : 2), ...files];
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
process.exitCode = group === undefined ? Number(!runUsual()) : run(group, files);
if (group === undefined) {
  for (const [name, needs] of Object.entries(groups)) {
    if (filesOf(name).length > 0) process.stdout.write(`skipped: test/${name}, which needs ${needs}: npm run test:${name}\n`);
  }
}
