/** `near=` and `far=` of a line that asks a source: which of what it tells is close to us, and what the rest gets. */

import type { NearConfig } from '../model.ts';
import type { Statement } from '../row.ts';
import { splitPair } from './line-words.ts';

export const NEAR_WORDS: readonly string[] = ['near', 'far'];

/** As the rows of the lines write it. */
export const NEAR_SYNTAX = '[near={engine|node|<name>} [far={backup|<percent>%}]]';

/** What the line says about it, and the words that are about something else. `places`: what `near` may be, for people. */
export function takeNear(
  line: Statement,
  pairs: readonly string[],
  places = "'engine', 'node' or the name of a docker section",
): { readonly near: NearConfig | undefined; readonly others: readonly string[] } {
  const words = new Map(pairs.map(splitPair).filter(([key]) => NEAR_WORDS.includes(key)));
  const others = pairs.filter((word) => !NEAR_WORDS.includes(splitPair(word)[0]));
  const to = words.get('near');
  const far = words.get('far');
  if (to === undefined) {
    if (far !== undefined) line.fail(`'${line.keyword}' : 'far' says what those get that are not near, so it needs a 'near'.`);
    return { near: undefined, others };
  }
  if (to === '') {
    line.fail(`'${line.keyword}' : 'near' expects ${places}.`);
    return { near: undefined, others };
  }
  return { near: { to, share: far === undefined ? undefined : readShare(line, far) }, others };
}

function readShare(line: Statement, word: string): number | undefined {
  if (word === 'backup') return undefined;
  const percent = /^(\d{1,3})%$/.test(word) ? Number(word.slice(0, -1)) : 0;
  if (percent < 1 || percent > 100)
    line.fail(`'${line.keyword}' : 'far' is 'backup', or a share of the weight from 1% to 100%, not '${word}'.`);
  return percent;
}
