/** The rows of one kind of section, looked up by the words of a line, and what to say when there is none. */

import { didYouMean } from '../core/suggest.ts';
import { keywordRefusal, type Refused, refusedKeywords } from './keywords/refused.ts';
import type { Row, Section, Statement } from './row.ts';

export class Keywords<Target> {
  private readonly rows: ReadonlyMap<string, Row<Target>>;

  constructor(rows: readonly Row<Target>[]) {
    this.rows = new Map(rows.map((row) => [row.name, row]));
  }

  /** The row of `option httplog` before that of `option`, and how many words its name has. */
  find(words: readonly string[]): { readonly row: Row<Target>; readonly length: number } | undefined {
    const [first = '', second] = words;
    const pair = second === undefined ? undefined : this.rows.get(`${first} ${second}`);
    if (pair !== undefined) return { row: pair, length: 2 };
    const single = this.rows.get(first);
    return single === undefined ? undefined : { row: single, length: 1 };
  }

  /** Second words of a family: `client`, `connect`, ... for `timeout`; empty when there is no such family. */
  family(first: string): readonly string[] {
    const prefix = `${first} `;
    return [...this.rows.keys()].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  }

  /** First words of rows that this section may have. */
  names(section: Section): readonly string[] {
    const allowed = [...this.rows.values()].filter((row) => row.sections.includes(section));
    return allowed.map((row) => row.name.split(' ', 1)[0] ?? '');
  }
}

/** HAProxy's keyword of these words where that kind of section has it. */
export function findRefused(words: readonly string[], sections: readonly Section[]): Refused | undefined {
  const [first = '', second = ''] = words;
  const here = refusedKeywords.filter((entry) => entry.sections.some((section) => sections.includes(section)));
  // `http-check set-var(check.port) int(80)`
  const bare = second.replace(/\(.*$/s, '');
  return here.find((entry) => entry.name === `${first} ${bare}`) ?? here.find((entry) => entry.name === first);
}

/** Second words of HAProxy's that a family refuses. */
function refusedFamily(first: string): readonly string[] {
  const prefix = `${first} `;
  return refusedKeywords.filter((entry) => entry.name.startsWith(prefix)).map((entry) => entry.name.slice(prefix.length));
}

export function reportRefused(line: Statement, refused: Refused, section: Section): void {
  line.fail(keywordRefusal(refused, section));
}

/** HAProxy's sentence where it has one for the family, and the nearest word. */
export function reportUnknown<Target>(
  line: Statement,
  words: readonly string[],
  keywords: Keywords<Target>,
  section: Section,
  elsewhere: string,
): void {
  const [first = '', second = ''] = words;
  const family = keywords.family(first);
  if (family.length === 0) {
    const known = new Set([...keywords.names(section), ...refusedNames(section), ...SECTION_NAMES]);
    line.fail(`unknown keyword '${first}' in '${section}' section${didYouMean(first, known) || elsewhere}`);
  } else if (first === 'option') {
    if (second === '') line.fail("'option' expects an option name.");
    else line.fail(`unknown option '${second}'${didYouMean(second, [...family, ...refusedFamily(first)]) || '.'}`);
  } else {
    const list = family.map((word) => `'${word}'`).join(', ');
    line.fail(`'${first}' only supports ${list} (got '${second}')${didYouMean(second, [...family, ...refusedFamily(first)]) || '.'}`);
  }
}

const SECTION_NAMES = ['global', 'defaults', 'frontend', 'listen', 'backend', 'userlist', 'resolvers', 'docker', 'consul'];

function refusedNames(section: Section): readonly string[] {
  return refusedKeywords.filter((entry) => entry.sections.includes(section)).map((entry) => entry.name.split(' ', 1)[0] ?? '');
}
