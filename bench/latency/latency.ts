/**
 * `npm run bench -- --latency`: how long a request takes when every proxy gets the same number of them a second, a share of
 * what HAProxy reaches when it is kept busy. See README.md for the method.
 */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Arena, print } from '../arena.ts';
import { type Contestant, complaints, contest, inTurns } from '../contest.ts';
import { measure } from '../measure.ts';
import type { Peer } from '../peers.ts';
import { cpuMicros, loadCore } from '../process.ts';
import type { Scenario } from '../scenarios.ts';
import { median } from '../statistics.ts';
import { counted, fixed, markdown, medians, yardstick } from '../table.ts';
import type { ClientReport, ClientSpec } from './client.ts';

export interface LatencyOptions {
  readonly scenarios: readonly Scenario[];
  readonly peers: readonly Peer[];
  readonly rounds: number;
  readonly seconds: number;
  /** Percents of HAProxy's closed-loop rate. */
  readonly shares: readonly number[];
  /** Requests a second instead; undefined to go by `shares`. */
  readonly rate: number | undefined;
}

interface LatencyRound extends ClientReport {
  readonly microsPerRequest: number;
}

/** The servers themselves, without a proxy: what the method adds to every figure. */
const floor = 'no proxy';
const warmUpSeconds = 1;
/** Closed-loop rounds of HAProxy that say what its rate is. */
const rateRounds = 3;
/** A proxy that leaves more of the requests than this unanswered does not keep up. */
const tolerated = 0.001;

const client = fileURLToPath(new URL('client.js', import.meta.url));

export async function compareLatency(arena: Arena, options: LatencyOptions): Promise<void> {
  for (const scenario of options.scenarios) {
    await contest(arena, { ...options, scenario }, async (contestants) => {
      for (const { rate, words } of await rates(contestants, options)) {
        const results = await playRounds(arena, contestants, scenario, rate, options);
        print(`\n### ${scenario.title}: ${rate} requests/s${words}\n`);
        print(latencyTable(results));
        for (const line of [...complaints(results), ...remarks(results)]) print(`\n${line}`);
      }
    });
  }
}

async function rates(contestants: readonly Contestant[], { rate, shares }: LatencyOptions): Promise<{ rate: number; words: string }[]> {
  if (rate !== undefined) return [{ rate, words: '' }];
  const haproxy = contestants.find(({ peer }) => peer.name === yardstick);
  if (haproxy === undefined) throw new Error('without haproxy there is no rate to take a share of: give --rate');
  const rounds = await inTurns([haproxy], rateRounds, ({ pid, load }) => measure(pid, load));
  const reached = medians(rounds.get(yardstick) ?? []).rate;
  if (Number.isNaN(reached)) throw new Error(`no round of haproxy counts: ${rounds.get(yardstick)?.[0]?.invalid}`);
  return shares.map((share) => ({
    rate: Math.round((reached * share) / 100),
    words: `, ${share} % of the ${Math.round(reached)} that HAProxy reaches`,
  }));
}

async function playRounds(
  arena: Arena,
  contestants: readonly Contestant[],
  scenario: Scenario,
  rate: number,
  { rounds, seconds }: LatencyOptions,
): Promise<ReadonlyMap<string, readonly LatencyRound[]>> {
  const spec = { path: scenario.path, postBytes: scenario.postBytes, connections: scenario.connections, rate, warmUpSeconds, seconds };
  const server = Number(arena.servers[0]?.split(':')[1]);
  const targets = [
    { peer: { name: floor }, port: server, pid: undefined },
    ...contestants.map(({ peer, port, pid }) => ({ peer, port, pid })),
  ];
  return inTurns(targets, rounds, async ({ port, pid }) => {
    const before = pid === undefined ? Number.NaN : cpuMicros(pid);
    const report = await drive({ ...spec, port });
    const used = pid === undefined ? Number.NaN : cpuMicros(pid) - before;
    return { ...report, microsPerRequest: used / report.answered };
  });
}

/** The client never sleeps: as an idle task it runs only where the servers, on the same core, have nothing to do. */
async function drive(spec: ClientSpec): Promise<ClientReport> {
  const command = ['-c', String(loadCore), 'chrt', '--idle', '0', process.execPath, client, JSON.stringify(spec)];
  const { stdout } = await promisify(execFile)('taskset', command);
  return JSON.parse(stdout) as ClientReport;
}

function latencyTable(results: ReadonlyMap<string, readonly LatencyRound[]>): string {
  const percentiles = ['p50', 'p99', 'p999'] as const;
  const of = (name: string, read: (round: LatencyRound) => number) =>
    median((results.get(name) ?? []).filter(({ invalid }) => invalid === undefined).map(read));
  const columns = ['proxy', ...['p50', 'p99', 'p99.9'].flatMap((name) => [`${name} µs`, '× HAProxy']), 'µs CPU / request', 'rounds'];
  const rows = [...results].map(([name, rounds]) => [
    name,
    ...percentiles.flatMap((which) => {
      const value = of(name, (round) => round[which]);
      const base = name === floor ? Number.NaN : of(yardstick, (round) => round[which]);
      return [fixed(value, 0), fixed(value / base, 2)];
    }),
    fixed(
      of(name, (round) => round.microsPerRequest),
      1,
    ),
    counted(rounds),
  ]);
  return markdown(columns, rows);
}

/** Who does not keep up, and how late the requests were sent. */
function remarks(results: ReadonlyMap<string, readonly LatencyRound[]>): string[] {
  const slow = [...results].flatMap(([name, rounds]) => {
    const missing = median(rounds.map(({ answered, unanswered }) => unanswered / (answered + unanswered)));
    if (!(missing > tolerated)) return [];
    return [`- ${name} does not keep up: ${fixed(missing * 100, 1)} % unanswered, so its latencies are those of a queue that grows`];
  });
  const lag = median([...results.values()].flat().map((round) => round.lag));
  return [...slow, `The load itself was late by at most ${fixed(lag, 0)} µs in 99 % of the requests.`];
}
