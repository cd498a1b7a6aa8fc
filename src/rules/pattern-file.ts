/** Files of patterns (manual 7.1 `-f`, 7.3.1 `map`). */

import { readFileSync } from 'node:fs';
import { RuleError } from './error.ts';
import { PatternSet } from './pattern-set.ts';

/**
 * One pattern a line; blanks in front are dropped, and lines that are empty or begin with `#`. With two columns, the first
 * word is the pattern, and what follows it the value, without the blanks around it.
 */
export function readSet(name: string, columns: 1 | 2): PatternSet {
  const set = new PatternSet(name, '', -1);
  for (const [index, line] of readLines(name).entries()) {
    if (line.startsWith('#')) continue;
    const text = line.replace(/^[ \t]+/, '');
    if (text === '') continue;
    if (columns === 1) set.fill(text, undefined, index + 1);
    else {
      const [, key = '', value = ''] = /^([^ \t]+)[ \t]*(.*?)[ \t]*$/.exec(text) ?? [];
      set.fill(key, value, index + 1);
    }
  }
  return set;
}

/** The path is bytes, as rules have it. */
function readLines(path: string): readonly string[] {
  try {
    return readFileSync(Buffer.from(path, 'latin1'), 'latin1').split(/\r?\n/);
  } catch (error) {
    const directory = (error as NodeJS.ErrnoException).code === 'EISDIR';
    throw new RuleError(
      directory ? `error encountered while reading  <${path}> : Is a directory` : `failed to open pattern file <${path}>`,
    );
  }
}
