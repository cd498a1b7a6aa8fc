/** What rules and captures have written down of one exchange for its log line. Made when something is. */

import type { CapturesConfig } from '../config/model.ts';
import type { Level } from '../core/log.ts';
import type { CompiledRules, RuleContext } from './types.ts';
import type { VariableValue } from './variables.ts';

export class Notes {
  /** By the number of the capture; cut to its length. */
  readonly request: (string | undefined)[] = [];
  readonly response: (string | undefined)[] = [];
  /** `capture cookie`: `name=value` of either side. */
  requestCookie: string | undefined = undefined;
  responseCookie: string | undefined = undefined;
  uniqueId: string | undefined = undefined;
  /** `txn.x`, `req.x`, `res.x`. */
  variables: Map<string, VariableValue> | undefined = undefined;
  /** `set-log-level`. */
  level: Level | 'silent' | undefined = undefined;
}

/** Every number up to the last is there, whatever is known of it: `{a||}`. */
export function notesFor(context: Pick<RuleContext, 'notes'>, captures: CapturesConfig): Notes {
  context.notes ??= new Notes();
  const { notes } = context;
  notes.request.length = captures.request.length;
  notes.response.length = captures.response.length;
  return notes;
}

/** False where there is no such number. */
export function keep(
  context: Pick<RuleContext, 'notes'>,
  captures: CapturesConfig,
  side: 'request' | 'response',
  index: number,
  value: string,
): boolean {
  const capture = captures[side][index];
  if (capture === undefined) return false;
  notesFor(context, captures)[side][index] = value.slice(0, capture.length);
  return true;
}

/** Made once. A format that asks for itself finds nothing. */
export function uniqueIdOf(context: RuleContext, make: CompiledRules['uniqueId']): string | undefined {
  if (make === undefined) return undefined;
  context.notes ??= new Notes();
  const { notes } = context;
  if (notes.uniqueId === undefined) {
    notes.uniqueId = '';
    notes.uniqueId = make(context);
  }
  return notes.uniqueId;
}
