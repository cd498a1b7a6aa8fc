/** Medians of the rounds as a Markdown table, with ratios to HAProxy. */

import type { Round } from './measure.ts';

/** The peer that the others are compared with. */
const yardstick = 'haproxy';

const columns = ['proxy', 'µs CPU / request', '× HAProxy', 'requests/s', '× HAProxy', 'p99 ms', 'RSS MiB', 'rounds'] as const;

/** `results`: rounds by the peer's name, in the order to print. */
export function table(results: ReadonlyMap<string, readonly Round[]>): string {
  const lines = [columns.join(' | '), columns.map((_, at) => (at === 0 ? '---' : '--:')).join(' | ')];
  const base = medians(results.get(yardstick) ?? []);
  for (const [name, rounds] of results) lines.push(row(name, rounds, base).join(' | '));
  return lines.map((line) => `| ${line} |`).join('\n');
}

interface Medians {
  readonly micros: number;
  readonly rate: number;
  readonly p99: number;
  readonly rss: number;
}

function row(name: string, rounds: readonly Round[], base: Medians): string[] {
  const own = medians(rounds);
  const valid = rounds.filter((round) => round.invalid === undefined).length;
  return [
    name,
    fixed(own.micros, 1),
    fixed(own.micros / base.micros, 2),
    fixed(own.rate, 0),
    fixed(own.rate / base.rate, 2),
    fixed(own.p99, 2),
    fixed(own.rss, 0),
    valid === rounds.length ? String(valid) : `${valid} of ${rounds.length}`,
  ];
}

function medians(rounds: readonly Round[]): Medians {
  const valid = rounds.filter((round) => round.invalid === undefined);
  const of = (read: (round: Round) => number) => median(valid.map(read));
  return {
    micros: of((round) => round.microsPerRequest),
    rate: of((round) => round.requestsPerSecond),
    p99: of((round) => round.p99Millis),
    rss: of((round) => round.residentMebibytes),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] ?? Number.NaN;
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '-';
}
