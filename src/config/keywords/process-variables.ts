/** `set-var` and `set-var-fmt` of `global` (manual 3.1); their grammar belongs to `rules/`. */

import type { GlobalDraft } from '../draft.ts';
import type { Row } from '../row.ts';

function row(name: 'set-var' | 'set-var-fmt', syntax: string, what: string, doc: string): Row<GlobalDraft> {
  return {
    name,
    sections: ['global'],
    syntax,
    chapter: '3.1',
    doc,
    bytes: true,
    min: 2,
    missing: `'${name}' requires a process-wide variable name ('proc.<name>') and ${what}.`,
    parse: (global, line) => {
      const [variable = '', text = ''] = line.words;
      global.variables.push({ place: line.place, keyword: name, name: variable, text });
    },
  };
}

export const globalVariableRows: readonly Row<GlobalDraft>[] = [
  row(
    'set-var',
    '<name> <sample>',
    'a sample expression',
    'Gives a variable of the process (`proc.x`) a value, at the start and at each reload; samples are those that need no request.',
  ),
  row('set-var-fmt', '<name> <fmt>', 'a format string', 'The same with a text.'),
];
