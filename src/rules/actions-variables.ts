/** `set-var`, `set-var-fmt`, `unset-var` (manual 4.2). */

import type { ActionRow, Run, Words } from './action.ts';
import { RuleError } from './error.ts';
import { compileSample } from './sampled.ts';
import { checkedName, keptValue, storing } from './variables.ts';

function setVar(words: Words): Run {
  const store = storing(named(words));
  const get = keptValue(compileSample(words.argument('missing fetch method'), words.scope));
  return (context) => {
    const value = get(context);
    if (value !== undefined) store(context, value);
    return undefined;
  };
}

function setVarFormat(words: Words): Run {
  const store = storing(named(words));
  const { render } = words.format(words.peek() === undefined ? '' : words.argument(''));
  return (context) => {
    store(context, render(context));
    return undefined;
  };
}

function unsetVar(words: Words): Run {
  const name = checkedName(named(words));
  return (context) => {
    context.setVariable(name, undefined);
    return undefined;
  };
}

function named({ parameter }: Words): string {
  if (parameter !== '') return parameter;
  throw new RuleError("invalid or incomplete action. Expects 'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'");
}

const PARAMETER = 'name[,<condition>...]';

export const VARIABLE_ACTIONS: readonly ActionRow[] = [
  {
    name: 'set-var',
    parameter: PARAMETER,
    on: 'both',
    syntax: '<sample>',
    help: 'Gives a variable the value of a sample, if it has one and all conditions hold: `ifexists`, `ifempty`, `ifset`, `ifgt` and their opposites.',
    compile: setVar,
  },
  {
    name: 'set-var-fmt',
    parameter: PARAMETER,
    on: 'both',
    syntax: '<fmt>',
    help: 'The same with a text.',
    compile: setVarFormat,
  },
  { name: 'unset-var', parameter: 'name', on: 'both', syntax: '', help: 'The variable has no value any more.', compile: unsetVar },
];
