/** `add-acl`, `del-acl`, `set-map`, `del-map`: rules that change what is looked up (manual 4.2). */

import type { ActionRow, Words } from './action.ts';
import { RuleError } from './error.ts';
import type { PatternSet } from './pattern-set.ts';
import { filled } from './patterns.ts';
import type { RuleContext } from './types.ts';

type Change = (set: PatternSet, context: RuleContext) => void;

/** A file that no ACL or converter reads changes nothing. Nor does what its sets cannot have. */
function onFile(words: Words, change: Change): (context: RuleContext) => undefined {
  const { parameter: file } = words;
  const patterns = filled();
  let set: PatternSet | undefined;
  return (context) => {
    set ??= patterns.byFile(file);
    if (set === undefined) return undefined;
    try {
      change(set, context);
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
    }
    return undefined;
  };
}

function onKey(change: (set: PatternSet, key: string) => void): ActionRow['compile'] {
  return (words) => {
    const [text = ''] = words.exactly(1, 'expects exactly 1 arguments');
    const key = words.format(text);
    return onFile(words, (set, context) => change(set, key.render(context)));
  };
}

function compileSet(words: Words): ReturnType<ActionRow['compile']> {
  const [keyText = '', valueText = ''] = words.exactly(2, 'expects exactly 2 arguments');
  const key = words.format(keyText);
  const value = words.format(valueText);
  return onFile(words, (set, context) => {
    const text = key.render(context);
    if (!set.set({ text }, value.render(context))) set.add(text, value.render(context));
  });
}

const addKey = onKey((set, key) => {
  if (!set.has(key)) set.add(key, undefined);
});
const removeKey = onKey((set, text) => {
  set.remove({ text });
});

function row(name: string, syntax: string, help: string, compile: ActionRow['compile']): ActionRow {
  return { name, parameter: 'file', on: 'both', syntax, help, compile };
}

export const PATTERN_ACTIONS: readonly ActionRow[] = [
  row('add-acl', '<key fmt>', 'Adds a pattern to the ACLs of that file, if it is not there.', addKey),
  row('del-acl', '<key fmt>', 'Removes a pattern from the ACLs of that file.', removeKey),
  row('del-map', '<key fmt>', 'Removes a key from the maps of that file.', removeKey),
  row('set-map', '<key fmt> <value fmt>', 'Gives a key of the maps of that file another value, or adds it.', compileSet),
];
