/**
 * What a log line costs: every proxy runs twice, with `option httplog` to UDP and without a log, and all of them take turns.
 * The cost is the median of the differences within the rounds: what one round has in common goes out of them.
 */

import { type Arena, print } from '../arena.ts';
import { type Contestant, complaints, contest, inTurns, type Plan } from '../contest.ts';
import { measure, type Round } from '../measure.ts';
import { type Scenario, scenarios } from '../scenarios.ts';
import { median } from '../statistics.ts';
import { fixed, markdown, medians, yardstick } from '../table.ts';

type Rounds = ReadonlyMap<string, readonly Round[]>;

interface Cost {
  readonly name: string;
  readonly without: number;
  readonly with: number;
  readonly added: number;
}

export async function compareLogging(arena: Arena, { peers, rounds, seconds }: Omit<Plan, 'scenario'>): Promise<void> {
  const plan = { peers: peers.filter((peer) => peer.logs), rounds, seconds };
  const results = await contest(arena, { ...plan, scenario: named('small') }, (without) =>
    contest(arena, { ...plan, scenario: named('httplog') }, (logging) =>
      inTurns([...without, ...logging.map(asLogging)], rounds, ({ pid, load }) => measure(pid, load)),
    ),
  );
  const costs = plan.peers.flatMap(({ name }) => costOf(name, results));
  print(`\n### what a line of option httplog to UDP adds\n\n${table(costs)}\n\n${sentence(costs)}`);
  for (const line of complaints(results)) print(`\n${line}`);
}

function named(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found === undefined) throw new Error(`no scenario '${name}'`);
  return found;
}

const logging = (name: string): string => `${name} with log`;

function asLogging(contestant: Contestant): Contestant {
  return { ...contestant, peer: { ...contestant.peer, name: logging(contestant.peer.name) } };
}

/** None of one that is not installed. */
function costOf(name: string, results: Rounds): Cost[] {
  const without = results.get(name) ?? [];
  const lines = results.get(logging(name)) ?? [];
  const added = without.flatMap((round, at) => {
    const other = lines[at];
    const counts = other !== undefined && round.invalid === undefined && other.invalid === undefined;
    return counts ? [other.microsPerRequest - round.microsPerRequest] : [];
  });
  if (added.length === 0) return [];
  return [{ name, without: medians(without).micros, with: medians(lines).micros, added: median(added) }];
}

function table(costs: readonly Cost[]): string {
  const base = costs.find(({ name }) => name === yardstick)?.added ?? Number.NaN;
  const rows = costs.map((cost) => [
    cost.name,
    fixed(cost.without, 1),
    fixed(cost.with, 1),
    fixed(cost.added, 1),
    fixed(cost.added / base, 2),
  ]);
  return markdown(['proxy', 'µs CPU / request', 'with log', 'added', '× HAProxy'], rows);
}

function sentence(costs: readonly Cost[]): string {
  const parts = costs.map(({ name, added }) => `${fixed(added, 1)} µs to ${name}`);
  return `httplog adds ${parts.join(', ')}`;
}
