/** HAProxy's regular expressions (core/regex.ts) as rules have them: what is wrong with one is a RuleError. */

import { compilePattern, RegexError } from '../core/regex.ts';
import { RuleError } from './error.ts';

/** Compiles a PCRE pattern; throws a RuleError in HAProxy's wording. */
export function compileRegex(pattern: string, ignoreCase: boolean): RegExp {
  try {
    return compilePattern(pattern, ignoreCase);
  } catch (error) {
    throw error instanceof RegexError ? new RuleError(error.message) : error;
  }
}
