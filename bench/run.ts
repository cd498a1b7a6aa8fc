/**
 * `npm run bench`: proxies side by side, in the closed loop, at equal load (`--latency`), holding idle connections
 * (`--idle`), or with and without a log (`--logging`). See README.md beside this file for the method.
 */

import { Arena, lacking, machine, print } from './arena.ts';
import { closedLoop, complaints } from './contest.ts';
import { compareIdle } from './idle/idle.ts';
import { compareLatency } from './latency/latency.ts';
import { compareLogging } from './logging/logging.ts';
import { type Options, readOptions, usage } from './options.ts';
import { table } from './table.ts';

async function bench(options: Options, arena: Arena): Promise<void> {
  print(describeRun(options, arena));
  const { idle } = options;
  if (idle !== undefined) return compareIdle(arena, { ...options, connections: idle });
  if (options.logging) return compareLogging(arena, options);
  if (options.latency) return compareLatency(arena, options);
  for (const scenario of options.scenarios) {
    const results = await closedLoop(arena, { ...options, scenario });
    print(`\n### ${scenario.title}\n\n${table(results)}`);
    for (const line of complaints(results)) print(`\n${line}`);
  }
}

function describeRun(options: Options, arena: Arena): string {
  const rounds = options.idle === undefined ? `Medians of ${options.rounds} rounds of ${options.seconds} s, ` : '';
  const lines = [
    `Machine: ${machine()}.`,
    `${rounds}${arena.serverKind} as the two servers.`,
    ...options.peers.map((peer) => `- ${peer.name}: ${peer.version() ?? 'not installed, left out'}`),
  ];
  return lines.join('\n');
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const wires = options.scenarios.map(({ wire }) => wire);
  const loads = [
    ...(wires.some((wire) => wire === 'tls' || wire === 'h2') ? ['openssl'] : []),
    ...(wires.some((wire) => wire.startsWith('h2')) ? ['h2load'] : []),
    ...(options.scenarios.some(({ wire, keepAlive }) => wire === 'tls' && !keepAlive) ? ['ab'] : []),
  ];
  const missing = lacking(...(options.latency ? ['chrt'] : loads));
  if (missing.length > 0) throw new Error(`missing ${missing.join(', ')}`);
  await Arena.open((arena) => bench(options, arena));
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n\n${usage}`);
  process.exitCode = 1;
}
