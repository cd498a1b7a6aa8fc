/** `balance hash <sample>` (manual 4.2): the bytes that a request is hashed by. */

import { textOf } from '../core/bytes.ts';
import { RuleError } from './error.ts';
import { compileFetch, readConverters, readFetch, within } from './expression.ts';
import { asBytes } from './sample.ts';
import { available, nameOf, persistenceScope } from './scope.ts';
import type { RuleContext } from './types.ts';

/** Undefined where a request has no such value. */
export function compileHashed(expression: string): (context: RuleContext) => string | undefined {
  const scope = persistenceScope('use');
  return within(`failed to parse 'balance hash' expression '${textOf(expression)}' in : `, () => {
    const call = readFetch(expression, 0);
    if (!available(call.row.needs, scope)) {
      throw new RuleError(`it requires information from ${nameOf(call.row.needs)}, which is not available here`);
    }
    const { sample, end } = readConverters(expression, call.end, compileFetch(call, scope));
    if (end < expression.length) throw new RuleError(`unexpected '${expression.slice(end)}' behind the sample`);
    return asBytes(sample).get;
  });
}
