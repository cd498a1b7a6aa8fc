/**
 * Stands in for npm in the tests' base image, where no registry can be reached: `npm ci [--omit=dev]` installs what
 * package-lock.json lists from /opt/node_modules, `npm run NAME` runs the script of that name.
 * It stands alone in the image, so it imports nothing but Node.
 */

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const source = '/opt';

function ci(productionOnly: boolean): number {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, { dev?: boolean; optional?: boolean }> };
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path === '' || (productionOnly && entry.dev === true)) continue;
    if (existsSync(join(source, path))) cpSync(join(source, path), path, { recursive: true });
    else if (entry.dev !== true && entry.optional !== true) throw new Error(`${path} is not in the base image`);
  }
  const links = join(source, 'node_modules/.bin');
  if (!productionOnly) cpSync(links, 'node_modules/.bin', { recursive: true, verbatimSymlinks: true });
  return 0;
}

function runScript(name: string): number {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  const env = { ...process.env, PATH: `${join(process.cwd(), 'node_modules/.bin')}:${process.env.PATH}` };
  return spawnSync('sh', ['-c', scripts[name] ?? 'false'], { stdio: 'inherit', env }).status ?? 1;
}

const words = process.argv.slice(2).filter((word) => !word.startsWith('-'));
if (words[0] === 'ci') process.exitCode = ci(process.argv.includes('--omit=dev'));
else if (words[0] === 'run' && words[1] !== undefined) process.exitCode = runScript(words[1]);
else throw new Error(`offline-npm: npm ${process.argv.slice(2).join(' ')} is not needed by the Dockerfile, so it is not here`);
