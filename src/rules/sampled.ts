/** A sample that is a word of its own in a rule: `http-request capture <sample>`, `set-var(x) <sample>`. */

import { RuleError } from './error.ts';
import { compileFetch, readConverters, readFetch } from './expression.ts';
import type { Sample } from './sample.ts';
import { available, nameOf, type Scope } from './scope.ts';

export function compileSample(text: string, scope: Scope): Sample {
  const call = readFetch(text, 0);
  if (!available(call.row.needs, scope)) {
    const what = text.slice(0, call.end);
    throw new RuleError(`fetch method '${what}' extracts information from '${nameOf(call.row.needs)}', none of which is available here`);
  }
  const { sample, end } = readConverters(text, call.end, compileFetch(call, scope));
  if (end < text.length) throw new RuleError(`missing comma after '${text.slice(0, end)}'`);
  return sample;
}
