/** How rows of `global` are made. */

import type { GlobalDraft } from '../draft.ts';
import { ignored, type Row } from '../row.ts';
import type { Read } from '../values.ts';

export type GlobalRow = Omit<Row<GlobalDraft>, 'sections' | 'chapter'> & { readonly chapter?: string };

export function row(fields: GlobalRow): Row<GlobalDraft> {
  return { chapter: '3.1', ...fields, sections: ['global'] };
}

/** A row of one argument whose value goes into one field. */
export function valueRow<T>(
  fields: Omit<GlobalRow, 'parse'>,
  read: (word: string) => Read<T>,
  set: (global: GlobalDraft, value: T) => void,
): Row<GlobalDraft> {
  return row({
    min: 1,
    max: 1,
    ...fields,
    parse: (global, line) => {
      const value = line.value(read(line.first));
      if (value !== undefined) set(global, value);
    },
  });
}

export function word(value: string): Read<string> {
  return { value };
}

export function noEffect(names: string, syntax: string, why: string, chapter = '3.1'): readonly Row<GlobalDraft>[] {
  return names.split(/\s+/).map((name) => ignored<GlobalDraft>({ name, sections: ['global'], syntax, chapter, why }));
}
