/** `compat` of a `docker-routes` line: which other tools' labels and environment are read. */

import { didYouMean } from '../../core/suggest.ts';
import type { CompatName } from '../model.ts';

export const COMPAT_NAMES: readonly CompatName[] = ['traefik', 'caddy', 'easyhaproxy', 'nginx-proxy', 'camptocamp', 'registrator'];

const WORDS: readonly string[] = [...COMPAT_NAMES, 'all'];

/** Writes `compat a,b c` among the words before the server parameters as `compat=a,b,c`. */
export function joinCompat(words: readonly string[], flags: readonly string[]): readonly string[] {
  const at = words.indexOf('compat');
  if (at < 0 || words.slice(0, at).some((word) => !word.includes('=') && !flags.includes(word))) return words;
  // The first name may be a mistake; whatever follows may be a server parameter as well.
  const named = words[at + 1]?.includes('=') === false ? 1 : 0;
  const more = words.slice(at + 1 + named).findIndex((word) => !word.split(',').every((name) => WORDS.includes(name)));
  const end = more < 0 ? words.length : at + 1 + named + more;
  return [...words.slice(0, at), `compat=${words.slice(at + 1, end).join(',')}`, ...words.slice(end)];
}

/** `traefik,caddy` or `all`; an error is a whole sentence. */
export function readCompat(value: string): { readonly value: readonly CompatName[] } | { readonly error: string } {
  const words = value.split(',');
  const unknown = words.find((word) => !WORDS.includes(word));
  if (unknown !== undefined) {
    const known = `: ${COMPAT_NAMES.join(', ')} and all are known.`;
    return { error: `'compat' does not know '${unknown}'${didYouMean(unknown, WORDS) || known}` };
  }
  return { value: COMPAT_NAMES.filter((name) => words.includes(name) || words.includes('all')) };
}
