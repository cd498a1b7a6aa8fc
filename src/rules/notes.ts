/** What rules and captures have written down of one exchange for its log line. Made when something is. */

import type { Level } from '../core/log.ts';
import type { CompiledRules, RuleContext } from './types.ts';

export class Notes {
  /** By the number of the capture; cut to its length. */
  readonly request: (string | undefined)[] = [];
  readonly response: (string | undefined)[] = [];
  /** `capture cookie`: `name=value` of either side. */
  requestCookie: string | undefined = undefined;
  responseCookie: string | undefined = undefined;
  uniqueId: string | undefined = undefined;
  /** `set-log-level`. */
  level: Level | 'silent' | undefined = undefined;
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
