/**
 * `npm run bench:micro`: what single operations of the request path cost. Each runs in a process of its own, so that none finds
 * code that was optimised, or spoiled, for another.
 */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fixed, markdown } from '../table.ts';
import { type Timing, time } from './runner.ts';
import { subjects } from './subjects.ts';

const usage = `npm run bench:micro -- [options]
  --only TEXT     operations whose name holds TEXT
  --list          their names
`;

/** What an operation may take in its own process before it is given up, with start and warm-up. */
const limitMs = 60_000;

/** Times one operation and prints the Timing as JSON. */
function child(name: string): void {
  const found = subjects.find((subject) => subject.name === name);
  if (found === undefined) throw new Error(`no operation '${name}'`);
  const { op, verify, end } = found.make();
  verify(op());
  process.stdout.write(JSON.stringify(time(op)));
  end?.();
}

function timingOf(name: string): Timing {
  const self = fileURLToPath(import.meta.url);
  const { stdout, stderr, status, error } = spawnSync(process.execPath, ['--expose-gc', self, '--child', name], {
    encoding: 'utf8',
    timeout: limitMs,
  });
  if (status !== 0) throw new Error(`${name}: ${error?.message ?? stderr}`);
  return JSON.parse(stdout, (_, value: unknown) => value ?? Number.NaN) as Timing;
}

function main(): void {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { only: text, child: text, list: { type: 'boolean' } } });
  if (values.child !== undefined) {
    child(values.child);
    return;
  }
  const { only = '' } = values;
  const names = subjects.map(({ name }) => name).filter((name) => name.includes(only));
  if (names.length === 0) throw new Error(`no operation's name holds '${only}'`);
  if (values.list === true) {
    process.stdout.write(`${names.join('\n')}\n`);
    return;
  }
  process.stdout.write(`Node ${process.version}, medians of batches in a process each\n\n`);
  process.stdout.write(`${markdown(['operation', 'ns', '± %', 'bytes allocated'], [])}\n`);
  for (const name of names) {
    const { nanos, spread, bytes } = timingOf(name);
    process.stdout.write(`| ${name} | ${fixed(nanos, nanos < 100 ? 1 : 0)} | ${fixed(spread * 100, 1)} | ${fixed(bytes, 0)} |\n`);
  }
}

try {
  main();
} catch (error) {
  process.stderr.write(`bench:micro: ${error instanceof Error ? error.message : error}\n\n${usage}`);
  process.exitCode = 1;
}
