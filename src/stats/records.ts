/** The statistics for programs in this process: a record for each row, by HAProxy's names of the columns. */

import type { Reading } from './field.ts';
import { FIELDS } from './fields.ts';
import { type Row, read } from './rows.ts';

/** Only what has a value is in it: `{ pxname: 'app', svname: 's1', status: 'UP', scur: 3, ... }`. */
export type StatsRecord = Readonly<Record<string, string | number>>;

export function records(rows: Iterable<Row>, at: Reading): StatsRecord[] {
  return Array.from(rows, (row) => {
    const record: Record<string, string | number> = {};
    for (const field of FIELDS) {
      const value = read(field, row, at);
      if (value !== undefined) record[field.name] = value;
    }
    return record;
  });
}
