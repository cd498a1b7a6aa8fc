/** What is no reason not to start, and still nothing that anybody wants: HAProxy says nothing of it. */

import type { BindSslConfig } from '../config/model.ts';
import type { Bundle } from './pem.ts';

/** @param now ms since the epoch */
export function doubtsOfValidity({ file, certificate }: Bundle, now: number = Date.now()): readonly string[] {
  const from = Date.parse(certificate.validFrom);
  const to = Date.parse(certificate.validTo);
  if (to < now) return [`the certificate in '${file}' has expired: it was valid until ${dateText(to)}.`];
  return from > now ? [`the certificate in '${file}' is not valid yet: it will be from ${dateText(from)} on.`] : [];
}

function dateText(time: number): string {
  return new Date(time).toISOString().replace('.000Z', 'Z');
}

const EARLY = ['minVersion', 'maxVersion', 'ciphersuites', 'curves'] as const;
const WORDS: Readonly<Record<(typeof EARLY)[number], string>> = {
  minVersion: 'ssl-min-ver',
  maxVersion: 'ssl-max-ver',
  ciphersuites: 'ciphersuites',
  curves: 'curves',
};

/** Words of a list's line that Node settles before anybody knows which name is asked for. */
export function doubtsOfWords(ssl: BindSslConfig, base: BindSslConfig): readonly string[] {
  return EARLY.filter((key) => ssl[key] !== base[key]).map(
    (key) => `'${WORDS[key]}' has no effect here, the bind line's counts: it is agreed upon before the name is known.`,
  );
}
