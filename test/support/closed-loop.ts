/** A closed loop of requests, from a process of its own, that goes on while things happen; and what became of each of them, by phase. */

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Order, Outcomes, PhaseTally, Report, Target } from './closed-loop-client.ts';
import { until } from './wait.ts';

export interface ClosedLoop {
  /** What ends from here on is counted under this name. */
  phase(name: string): Promise<void>;
  /** Resolves when `count` more requests have ended than at the time of the call. */
  more(count: number): Promise<void>;
}

/** Keeps `connections` busy while `work` runs. */
export async function inClosedLoop(target: Target, work: (loop: ClosedLoop) => Promise<void>): Promise<readonly PhaseTally[]> {
  const child = fork(fileURLToPath(new URL('closed-loop-client.js', import.meta.url)), [JSON.stringify(target)]);
  const exit = once(child, 'exit');
  let ended = 0;
  let entered = '';
  let phases: readonly PhaseTally[] | undefined;
  child.on('message', (report: Report) => {
    if ('ended' in report) ended = report.ended;
    else if ('entered' in report) entered = report.entered;
    else phases = report.phases;
  });
  const tell = (order: Order) => child.send(order);
  const more = async (count: number) => {
    const goal = ended + count;
    await until(`${count} more requests have ended`, () => ended >= goal, 60_000);
  };
  const phase = async (name: string) => {
    tell({ phase: name });
    await until(`${name} is entered`, () => entered === name);
  };
  try {
    await more(1);
    await work({ phase, more });
    tell({ stop: true });
    await until('every request has ended', () => phases !== undefined, 60_000);
  } finally {
    child.kill('SIGKILL');
    await exit;
  }
  return phases as readonly PhaseTally[];
}

const total = (outcomes: Outcomes): number => Object.values(outcomes).reduce((sum, count) => sum + count, 0);

/** How many were not answered with 200. */
export const failures = (outcomes: Outcomes): number => total(outcomes) - (outcomes['200'] ?? 0);

/** A line for each phase: requests, failures, and what these were. */
export function tell(phases: readonly PhaseTally[]): string {
  const line = (name: string, outcomes: Outcomes) => {
    const failed = Object.entries(outcomes).filter(([outcome]) => outcome !== '200');
    const words = failed.map(([outcome, count]) => `${outcome}: ${count}`).join(', ');
    return `${name} ${total(outcomes)} requests, ${failures(outcomes)} failed${words === '' ? '' : ` (${words})`}`;
  };
  return phases.map(({ name, GET, POST }) => `${name}: ${line('GET', GET)}; ${line('POST', POST)}`).join('\n');
}

/** One in so many clients posts (closed-loop-client.ts). */
const POSTING = 8;

/** What happens meanwhile, and how many containers go with it. */
export type Phase = readonly [name: string, gone: number, happens: (loop: ClosedLoop) => Promise<void>];

/**
 * Plays `phases`, one after the other; `say` hears how long each took and what became of its requests. No GET may be lost, and
 * no more POSTs than those that went had on their wires; else `log` is told, too.
 */
export async function losesNothing(
  target: Target,
  phases: readonly Phase[],
  say: (line: string) => void,
  log: () => string,
): Promise<void> {
  const tally = await inClosedLoop(target, async (loop) => {
    for (const [name, , happens] of phases) {
      await loop.phase(name);
      const begun = performance.now();
      await happens(loop);
      say(`${name}: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    }
  });
  const table = tell(tally);
  for (const line of table.split('\n')) say(line);
  const gone = new Map(phases.map(([name, count]) => [name, count]));
  for (const { name, GET, POST } of tally) {
    const lost = Math.ceil(target.connections / POSTING) * (gone.get(name) ?? 0);
    assert.ok(failures(GET) === 0 && failures(POST) <= lost, `${name}\n${table}\n${log()}`);
  }
}
