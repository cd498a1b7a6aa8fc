/** What lines that ask a source for servers have in common: `key=value` words before the parameters of a server, domains, names of sections. */

import { resolve } from 'node:path';
import { isHostName } from '../address.ts';
import type { Row, Section, Statement } from '../row.ts';
import type { Read } from '../values.ts';

/** Splits `key=value flag key=value maxconn 32 check` where the server parameters begin. */
export function splitWords(
  words: readonly string[],
  flags: readonly string[],
): { readonly pairs: readonly string[]; readonly parameters: readonly string[] } {
  const at = words.findIndex((word) => !word.includes('=') && !flags.includes(word));
  return at < 0 ? { pairs: words, parameters: [] } : { pairs: words.slice(0, at), parameters: words.slice(at) };
}

export function splitPair(word: string): readonly [key: string, value: string] {
  const equals = word.indexOf('=');
  return equals < 0 ? [word, ''] : [word.slice(0, equals), word.slice(equals + 1)];
}

export function report(line: Statement, error: string | undefined): void {
  if (error !== undefined) line.fail(`'${line.keyword}' : ${error}.`);
}

/** `east` or `east,west`: names of sections of that kind. */
export function sectionNames(value: string, word: string, section: Section): Read<readonly string[]> {
  const names = value.split(',');
  if (names.includes(''))
    return { error: `'${word}' is the name of a ${section} section, or several with commas between them, not '${value}'` };
  return { value: [...new Set(names)] };
}

/** Of `domain=`, in lower case. */
export function readDomains(line: Statement, value: string): readonly string[] {
  const domains = value.split(',').map((domain) => domain.toLowerCase().replace(/^\./, ''));
  // A domain may well be digits at its beginning: 127.0.0.1.nip.io.
  for (const domain of domains) if (!isHostName(domain)) line.fail(`'${line.keyword}' : '${domain}' is not a domain.`);
  return domains;
}

/** A row of a section whose value is a file that must be readable now; its absolute path is kept. */
export function fileRow<Key extends string>(section: Section, name: string, key: Key, doc: string): Row<Record<Key, string | undefined>> {
  return {
    name,
    sections: [section],
    syntax: '<file>',
    chapter: '',
    doc,
    min: 1,
    max: 1,
    parse: (target, line) => {
      const path = resolve(line.cwd, line.first);
      const file = line.surroundings.readFile(path);
      if ('error' in file) line.fail(`'${name}' : error opening file '${line.first}': ${file.error}.`);
      target[key] = path;
    },
  };
}
