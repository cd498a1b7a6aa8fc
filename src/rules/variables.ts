/**
 * Variables (manual 7.3.2 "var", 4.2 "http-request set-var"): the fetch that reads them, and converters that set them on the way;
 * `actions-variables.ts` has the actions. A value keeps its type for conditions on integers, and is text for everybody else.
 *
 *     proc.x   the whole process      req.x   while the request is handled
 *     sess.x   the connection         res.x   while the response is handled
 *     txn.x    request and response
 */

import type { ConverterRow } from './converters.ts';
import { RuleError } from './error.ts';
import type { FetchRow } from './fetch.ts';
import { integer64, type Sample, single } from './sample.ts';
import type { RuleContext } from './types.ts';

export type VariableValue = string | number | boolean;

const SCOPES = ['proc', 'sess', 'txn', 'req', 'res', 'check'];

/** `txn.x`, checked; throws in HAProxy's words. */
export function checkedName(name: string): string {
  const [scope = '', ...rest] = name.split('.');
  if (!SCOPES.includes(scope) || rest.join('.') === '') {
    throw new RuleError(
      `invalid variable name '${name}'. A variable name must be start by its scope. The scope can be 'proc', 'sess', 'txn', 'req', 'res' or 'check'`,
    );
  }
  const bad = /[^A-Za-z0-9_.]/.exec(name);
  if (bad !== null) throw new RuleError(`invalid syntax at char '${name.slice(bad.index)}'`);
  return name;
}

/** False where it was not stored. */
type Store = (context: RuleContext, value: VariableValue) => boolean;

/** Those of the process exist as soon as the configuration names them, whether they have a value or not. */
function isMade(name: string): boolean {
  return name.startsWith('proc.');
}

const TESTS: Readonly<Record<string, (old: VariableValue | undefined, value: VariableValue, name: string) => boolean>> = {
  ifexists: (old, _, name) => old !== undefined || isMade(name),
  ifnotexists: (old, _, name) => old === undefined && !isMade(name),
  ifset: (old) => old !== undefined,
  ifnotset: (old) => old === undefined,
  ifempty: (_, value) => value === '',
  ifnotempty: (_, value) => value !== '',
  ifgt: (old, value) => typeof old !== 'number' || typeof value !== 'number' || old > value,
  iflt: (old, value) => typeof old !== 'number' || typeof value !== 'number' || old < value,
};

/** `txn.x,ifexists,ifgt`: what the parentheses of a set-var hold. */
export function storing(parameter: string): Store {
  const [written = '', ...conditions] = parameter.split(',');
  const name = checkedName(written);
  const tests = conditions.map((condition) => {
    const test = TESTS[condition.trim()];
    if (test === undefined) throw new RuleError(`unknown condition "${condition.trim()}"`);
    return test;
  });
  return (context, value) => {
    if (tests.length > 0) {
      const old = context.variable(name);
      if (!tests.every((test) => test(old, value, name))) return false;
    }
    return context.setVariable(name, value);
  };
}

/** As a variable keeps it. */
export function keptValue(sample: Sample): (context: RuleContext) => VariableValue | undefined {
  return sample.source.get;
}

/** As everybody sees it who does not compare integers. */
export function variableText(value: VariableValue): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'string') return value;
  return String(Number.isSafeInteger(value) ? value : integer64(value));
}

export const VARIABLE_FETCH: FetchRow = {
  names: ['var'],
  arguments: [
    { name: 'name', type: 'string' },
    { name: 'default', type: 'string', optional: true },
  ],
  type: 'str',
  needs: 'nothing',
  chapter: '7.3.2',
  help: 'Value of a variable: `proc.x` of the process, `sess.x` of the connection, `txn.x` of the request and its response, `req.x` and `res.x` of one of them.',
  compile: ([written = '', otherwise]) => {
    const name = checkedName(written);
    const get = (context: RuleContext): string | undefined => {
      const value = context.variable(name);
      return value === undefined ? otherwise : variableText(value);
    };
    return { type: 'str', source: single(get) };
  },
};

/** Passes its value on where it was stored. */
function passing(name: string, help: string, more: readonly string[], build: (args: readonly string[]) => Store): ConverterRow {
  const compile = (args: readonly (string | undefined)[]) => {
    const store = build(args.filter((arg) => arg !== undefined));
    return (sample: Sample): Sample => {
      const get = keptValue(sample);
      const source = single((context: RuleContext) => {
        const value = get(context);
        return value !== undefined && store(context, value) ? value : undefined;
      });
      return { type: sample.type, source } as Sample;
    };
  };
  const optional = more.map((condition) => ({ name: condition, type: 'string', optional: true }) as const);
  return { name, arguments: [{ name: 'name', type: 'string' }, ...optional], type: 'str', help, compile };
}

export const VARIABLE_CONVERTERS: readonly ConverterRow[] = [
  passing('set-var', 'Gives a variable this value, and passes it on.', ['cond', 'cond', 'cond', 'cond'], (args) => storing(args.join(','))),
  passing('unset-var', 'Takes the value of a variable away, and passes its own on.', [], ([name = '']) => {
    const checked = checkedName(name);
    return (context) => context.setVariable(checked, undefined);
  }),
];
