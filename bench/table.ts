/** Markdown: tables in general, and that of the closed-loop rounds with its ratios to HAProxy. */

import type { Round } from './measure.ts';
import { median } from './statistics.ts';

/** The peer that the others are compared with. */
export const yardstick = 'haproxy';

/** The first column is text, the others are numbers. */
export function markdown(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [columns, columns.map((_, at) => (at === 0 ? '---' : '--:')), ...rows];
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** A dash for what was not measured. */
export function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '-';
}

/** `results`: rounds by the peer's name, in the order to print. */
export function table(results: ReadonlyMap<string, readonly Round[]>): string {
  const base = medians(results.get(yardstick) ?? []);
  const columns = ['proxy', 'µs CPU / request', '× HAProxy', 'requests/s', '× HAProxy', 'p99 ms', 'RSS MiB', 'rounds'];
  return markdown(
    columns,
    [...results].map(([name, rounds]) => row(name, rounds, base)),
  );
}

/** How many of the rounds count. */
export function counted(rounds: readonly { readonly invalid: string | undefined }[]): string {
  const valid = rounds.filter((round) => round.invalid === undefined).length;
  return valid === rounds.length ? String(valid) : `${valid} of ${rounds.length}`;
}

interface Medians {
  readonly micros: number;
  readonly rate: number;
  readonly p99: number;
  readonly rss: number;
}

function row(name: string, rounds: readonly Round[], base: Medians): string[] {
  const own = medians(rounds);
  return [
    name,
    fixed(own.micros, 1),
    fixed(own.micros / base.micros, 2),
    fixed(own.rate, 0),
    fixed(own.rate / base.rate, 2),
    fixed(own.p99, 2),
    fixed(own.rss, 0),
    counted(rounds),
  ];
}

/** Of the rounds that count. */
export function medians(rounds: readonly Round[]): Medians {
  const valid = rounds.filter((round) => round.invalid === undefined);
  const of = (read: (round: Round) => number) => median(valid.map(read));
  return {
    micros: of((round) => round.microsPerRequest),
    rate: of((round) => round.requestsPerSecond),
    p99: of((round) => round.p99Millis),
    rss: of((round) => round.residentMebibytes),
  };
}
