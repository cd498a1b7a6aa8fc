/**
 * How much of our own code runs: V8 counts how often each block is executed, so that "does not depend on n" can be asserted
 * without a clock. What the engine does by itself (Map, sort) is not seen.
 */

import { Session } from 'node:inspector';
import { setFlagsFromString } from 'node:v8';

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly ranges: readonly { readonly count: number }[] }[];
  }[];
}

// Code that is thrown away, or compiled anew by another thread meanwhile, takes counts with it.
for (const flag of ['--no-flush-bytecode', '--no-opt', '--no-maglev', '--no-sparkplug']) setFlagsFromString(flag);
const session = new Session();
session.connect();
// Before anything of what will be counted is compiled, which is when it is first called: only then are the counts exact.
post('Profiler.enable');
post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

/** Blocks that `work` executes in files whose URL matches `files`. */
export function stepsOf(files: RegExp, work: () => void): number {
  post('Profiler.takePreciseCoverage');
  work();
  const { result } = post('Profiler.takePreciseCoverage') as Coverage;
  const counts = result.filter(({ url }) => files.test(url)).flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges));
  return counts.reduce((sum, { count }) => sum + count, 0);
}

/** In a session of this very thread the answer is there before `post` returns. */
function post(method: string, parameters: object = {}): unknown {
  let answer: unknown;
  session.post(method, parameters, (error, result) => {
    if (error !== null) throw error;
    answer = result;
  });
  return answer;
}
