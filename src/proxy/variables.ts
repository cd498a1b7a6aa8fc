/** Where variables of rules live (manual 7.3.2, "var"): each scope has a map of its own, made when something is set. */

import { detached } from '../core/bytes.ts';
import { Notes } from '../rules/notes.ts';
import type { RuleContext } from '../rules/types.ts';
import type { VariableValue } from '../rules/variables.ts';

/** Of a process, and of a connection. */
export interface VariableHolder {
  variables: Map<string, VariableValue> | undefined;
}

/** Whose variables they are; `answered`: its response is on its way, whoever has made it. */
interface Owner extends RuleContext {
  readonly answered: boolean;
}

interface Holders {
  readonly process: VariableHolder;
  readonly session: VariableHolder;
}

export function readVariable(context: Owner, holders: Holders, name: string): VariableValue | undefined {
  return visible(context, name) ? holderOf(context, holders, name)?.variables?.get(name) : undefined;
}

export function writeVariable(context: Owner, holders: Holders, name: string, value: VariableValue | undefined): boolean {
  if (!visible(context, name)) return false;
  const holder = holderOf(context, holders, name);
  if (value === undefined) {
    holder?.variables?.delete(name);
    return true;
  }
  const keeper = holder ?? new Notes();
  if (keeper instanceof Notes) context.notes = keeper;
  keeper.variables ??= new Map();
  // What outlives the request must not keep its head.
  keeper.variables.set(name, typeof value === 'string' && !(keeper instanceof Notes) ? detached(value) : value);
  return true;
}

function holderOf(context: RuleContext, { process, session }: Holders, name: string): VariableHolder | undefined {
  if (name.startsWith('proc.')) return process;
  return name.startsWith('sess.') ? session : context.notes;
}

/** Those of the request are gone once its response has come, and those of the response are none before. */
function visible({ response, answered }: Owner, name: string): boolean {
  if (name.startsWith('req.')) return !answered;
  if (name.startsWith('check.')) return false;
  return !name.startsWith('res.') || response !== undefined;
}
