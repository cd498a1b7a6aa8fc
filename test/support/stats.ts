/** The statistics as their consumers read them: the CSV, by column name. */

import assert from 'node:assert/strict';
import { ask } from './client.ts';

export type StatsRow = Readonly<Record<string, string>>;

export interface StatsAccess {
  readonly host?: string;
  /** The `stats uri`, without `;csv`. */
  readonly uri: string;
  readonly auth?: string;
}

/** Rows of `GET <uri>;csv`, in order. */
export async function readStats(port: number, { uri, ...access }: StatsAccess): Promise<readonly StatsRow[]> {
  const answer = await ask(port, { ...access, path: `${uri};csv` });
  assert.equal(answer.status, 200, answer.body);
  return parseStats(answer.body);
}

/** No column that these tests read is ever quoted, so commas are enough. */
export function parseStats(csv: string): readonly StatsRow[] {
  const [header = '', ...lines] = csv.trimEnd().split('\n');
  const names = header.replace(/^# /, '').split(',');
  return lines
    .filter((line) => line !== '')
    .map((line) => Object.fromEntries(line.split(',').map((value, at) => [names[at] ?? '', value])));
}

/** Names of the servers of a proxy, in the order of the statistics. */
export function serverNames(rows: readonly StatsRow[], proxy: string): string[] {
  return servers(rows, proxy).map((row) => row.svname ?? '');
}

export function servers(rows: readonly StatsRow[], proxy: string): readonly StatsRow[] {
  return rows.filter((row) => row.pxname === proxy && row.svname !== 'FRONTEND' && row.svname !== 'BACKEND');
}

export function rowOf(rows: readonly StatsRow[], proxy: string, name: string): StatsRow {
  const row = rows.find((candidate) => candidate.pxname === proxy && candidate.svname === name);
  assert.ok(row, `no row ${proxy}/${name}`);
  return row;
}

export function sum(rows: readonly StatsRow[], column: string): number {
  return rows.reduce((total, row) => total + Number(row[column]), 0);
}
