/** What stands behind a key of a map, as the type that its converter yields (manual 7.3.1 `map`). */

import { isAddress } from './address.ts';
import { RuleError } from './error.ts';

/** `none`: an ACL's, which looks at the keys alone. */
export type Output = 'none' | 'str' | 'int' | 'ip';

/** Throws a RuleError for a text that is no value of that type. */
export function checkValue(value: string, output: Output): void {
  const wrong = (output === 'int' && !/^[+-]?\d*$/.test(value)) || (output === 'ip' && !isAddress(value));
  if (wrong) throw new RuleError(`unable to parse '${value}'`);
}
