/**
 * Variables of the process that no rule sets: `set-var` and `set-var-fmt` of `global` (manual 3.1), `set var` of the Runtime
 * API (management manual 9.3). Nobody's request is there to be asked.
 */

import { detached } from '../core/bytes.ts';
import { wall } from '../core/clock.ts';
import { RuleError } from './error.ts';
import { compileFormat } from './format.ts';
import type { LogFacts } from './log-facts.ts';
import { compileSample } from './sampled.ts';
import type { Scope } from './scope.ts';
import type { RuleContext } from './types.ts';
import { checkedName, keptValue, storing, type VariableValue, variableText } from './variables.ts';

/** By their names, `proc.x`. */
export type ProcessVariables = Map<string, VariableValue>;

/** What gives a variable its value. */
export interface Setting {
  /** As it is called: `set-var`. */
  readonly keyword: string;
  /** Behind "is permitted". */
  readonly where: string;
  /** With its conditions, `proc.x,ifnotexists`. */
  readonly name: string;
  readonly kind: 'expr' | 'fmt';
  readonly text: string;
  /** Of this process, for `%pid`. */
  readonly pid: number;
}

const SCOPE: Scope = { phase: 'log', backend: false, name: 'set-var' };

/** At once. Throws a RuleError in HAProxy's words where it is wrong, or asks for what is not there. */
export function setProcessVariable(variables: ProcessVariables, setting: Setting): void {
  const { keyword, where, name, kind, text, pid } = setting;
  const [bare = ''] = name.split(',');
  if (!checkedName(bare).startsWith('proc.')) {
    throw new RuleError(`'${keyword}': cannot set variable '${bare}', only scope 'proc' is permitted ${where}.`);
  }
  const store = storing(name);
  const get = kind === 'fmt' ? compileFormat(text, SCOPE).render : keptValue(compileSample(text, SCOPE));
  const context = contextOf(variables, text, pid);
  const value = get(context);
  if (value !== undefined) store(context, typeof value === 'string' ? detached(value) : value);
}

/** As `get var` of the Runtime API tells it. */
export function describeVariable(value: VariableValue): string {
  const type = typeof value === 'string' ? 'str' : typeof value === 'number' ? 'sint' : 'bool';
  return `type=${type} value=<${variableText(value)}>`;
}

/** What of a context is there without a request. All the rest is refused as soon as it is looked at. */
function contextOf(variables: ProcessVariables, text: string, pid: number): RuleContext {
  const now = wall();
  const context: Partial<RuleContext> = {
    facts: guarded<LogFacts>({ pid, wallReady: now, wallStart: now }, text),
    variable: (name) => variables.get(name),
    setVariable: (name, value) => {
      if (!name.startsWith('proc.')) return false;
      if (value === undefined) variables.delete(name);
      else variables.set(name, value);
      return true;
    },
  };
  return guarded<RuleContext>(context, text);
}

function guarded<T extends object>(known: Partial<T>, text: string): T {
  return new Proxy(known, {
    get: (target, key) => {
      if (key in target) return Reflect.get(target, key);
      throw new RuleError(`'${text}' extracts information from a request or connection, none of which is available here`);
    },
  }) as T;
}
