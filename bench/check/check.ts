/**
 * `npm run bench:check`: fails when a request has become more expensive. Measures Fairlead and HAProxy in turns and compares
 * the ratio of their CPU time per request with bench/recorded.json; `--record` writes that file instead.
 *
 * A scenario that comes out worse is measured once more, with more rounds, before it counts.
 * Exit codes: 0 as good as recorded, 1 worse, or nothing to compare with, 2 what it needs is not installed.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Arena, lacking, machine, print } from '../arena.ts';
import { closedLoop, complaints } from '../contest.ts';
import { chosen, positive } from '../options.ts';
import { type Peer, peers } from '../peers.ts';
import { type Scenario, scenarios } from '../scenarios.ts';
import { fixed, markdown, medians, yardstick } from '../table.ts';
import { type BenchRecord, differences, fails, judge, parseRecord, tolerance, type Verdict } from './record.ts';

const subject = 'fairlead';
const contestants: readonly Peer[] = peers.filter(({ name }) => name === subject || name === yardstick);
/** How many times the rounds a second look has. */
const secondLook = 2;

interface Options {
  readonly scenarios: readonly Scenario[];
  readonly whole: boolean;
  readonly rounds: number;
  readonly seconds: number;
  readonly record: boolean;
}

const usage = `npm run bench:check -- [options]
  --record        write bench/recorded.json instead of comparing with it
  --rounds N      rounds per proxy and scenario (5); a scenario that is worse gets ${secondLook} times as many
  --seconds N     length of a round (4)
  --only A,B      scenarios: ${scenarios.map(({ name }) => name).join(', ')}
`;

function readOptions(args: readonly string[]): Options {
  const text = { type: 'string' } as const;
  const options = { rounds: text, seconds: text, only: text, record: { type: 'boolean' } } as const;
  const { values } = parseArgs({ args: [...args], options });
  return {
    scenarios: chosen('--only', values.only, scenarios),
    whole: values.only === undefined,
    rounds: positive('--rounds', values.rounds ?? '5'),
    seconds: positive('--seconds', values.seconds ?? '4'),
    record: values.record ?? false,
  };
}

/** In the project's folder, which is the nearest one above with a package.json wherever the compiler has put this file. */
const file: string = (() => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return join(folder, 'bench', 'recorded.json');
})();

function readRecord(): BenchRecord | undefined {
  return existsSync(file) ? parseRecord(readFileSync(file, 'utf8')) : undefined;
}

function present(): Omit<BenchRecord, 'ratios'> {
  const versions = contestants.map((peer) => [peer.name, peer.version() ?? '-'] as const);
  return { machine: machine(), versions: Object.fromEntries(versions) };
}

/** Fairlead's CPU time per request divided by HAProxy's; NaN when no round counts. */
async function ratioOf(arena: Arena, scenario: Scenario, rounds: number, seconds: number): Promise<number> {
  const results = await closedLoop(arena, { scenario, peers: contestants, rounds, seconds });
  for (const line of complaints(results)) print(`${scenario.name}: ${line.slice(2)}`);
  const micros = (name: string) => medians(results.get(name) ?? []).micros;
  const ratio = micros(subject) / micros(yardstick);
  const costs = `${fixed(micros(subject), 1)} / ${fixed(micros(yardstick), 1)} µs CPU per request`;
  print(`${scenario.name}: ${fixed(ratio, 3)} × HAProxy (${costs}, ${rounds} rounds)`);
  return ratio;
}

/** `old`: what is kept of scenarios that are not measured now. */
async function record(arena: Arena, options: Options, old: BenchRecord | undefined): Promise<boolean> {
  const now = present();
  if (old !== undefined && differences(old, now).length > 0) {
    throw new Error('what is recorded is of another machine or other versions: record all scenarios, without --only');
  }
  const ratios: Record<string, number> = { ...old?.ratios };
  for (const scenario of options.scenarios) {
    const ratio = await ratioOf(arena, scenario, options.rounds, options.seconds);
    if (!Number.isFinite(ratio)) {
      print(`\n${scenario.name} could not be measured: nothing is written.`);
      return false;
    }
    ratios[scenario.name] = Number(ratio.toFixed(3));
  }
  writeFileSync(file, `${JSON.stringify({ ...now, ratios }, null, 2)}\n`);
  print(`\nwritten: ${file}`);
  return true;
}

async function check(arena: Arena, options: Options, recorded: BenchRecord): Promise<boolean> {
  const rows: string[][] = [];
  let good = true;
  for (const scenario of options.scenarios) {
    const { verdict, seen, then } = await look(arena, scenario, options, recorded.ratios[scenario.name]);
    good &&= !fails(verdict);
    const looks = seen.map((ratio) => fixed(ratio, 3)).join(', then ');
    rows.push([scenario.name, fixed(then, 3), looks, percent((seen.at(-1) ?? Number.NaN) / then), verdict]);
  }
  print(`\n${markdown(['scenario', 'recorded × HAProxy', 'measured', 'change', 'verdict'], rows)}\n`);
  const stale = Object.keys(recorded.ratios).filter((name) => !scenarios.some((scenario) => scenario.name === name));
  for (const name of stale) print(`${name} is recorded, but there is no such scenario: record anew.`);
  const failed = rows.filter((row) => fails(row.at(-1) as Verdict));
  for (const [name, , , , verdict] of failed) print(`FAILED ${name}: ${explain(verdict as Verdict)}`);
  return good && stale.length === 0;
}

interface Look {
  readonly verdict: Verdict;
  /** The ratios measured, the second only after a bad first. */
  readonly seen: readonly number[];
  /** NaN when there is none. */
  readonly then: number;
}

async function look(arena: Arena, scenario: Scenario, { rounds, seconds }: Options, recorded: number | undefined): Promise<Look> {
  const first = await ratioOf(arena, scenario, rounds, seconds);
  const then = recorded ?? Number.NaN;
  const verdict = judge(recorded, first);
  if (verdict !== 'worse' && verdict !== 'not measured') return { verdict, seen: [first], then };
  print(`${scenario.name}: ${verdict} (recorded ${fixed(then, 3)}), measured again`);
  const second = await ratioOf(arena, scenario, rounds * secondLook, seconds);
  return { verdict: judge(recorded, second), seen: [first, second], then };
}

/** How much more or less than 1. */
function percent(share: number): string {
  return Number.isFinite(share) ? `${share > 1 ? '+' : ''}${fixed((share - 1) * 100, 0)} %` : '-';
}

function explain(verdict: Verdict): string {
  switch (verdict) {
    case 'worse':
      return `more than ${Math.round((tolerance - 1) * 100)} % worse than recorded, twice`;
    case 'not recorded':
      return 'bench/recorded.json has no ratio of it: npm run bench:check -- --record';
    default:
      return 'no round counts; see above';
  }
}

/** The exit code. */
async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const missing = lacking(yardstick, 'openssl', 'h2load', 'ab');
  if (missing.length > 0) {
    process.stderr.write(`bench:check: missing ${missing.join(', ')}\n`);
    return 2;
  }
  const recorded = options.record && options.whole ? undefined : readRecord();
  if (recorded === undefined && !options.record) {
    throw new Error('there is no bench/recorded.json to compare with: npm run bench:check -- --record');
  }
  let good = false;
  await Arena.open(async (arena) => {
    if (options.record || recorded === undefined) good = await record(arena, options, recorded);
    else {
      for (const line of differences(recorded, present())) print(line);
      good = await check(arena, options, recorded);
    }
  });
  return good ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`bench:check: ${error instanceof Error ? error.message : error}\n\n${usage}`);
  process.exitCode = 1;
}
