/** The certificates in test/fixtures/tls: its README says what each is. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.ts';

export type TlsFixture =
  | 'ca'
  | 'ca-and-crl'
  | 'intermediate'
  | 'server'
  | 'server-ecdsa'
  | 'wildcard'
  | 'chained'
  | 'names'
  | 'no-san'
  | 'expired'
  | 'future'
  | 'mismatched'
  | 'encrypted'
  | 'stray.key'
  | 'client-ca'
  | 'client-ca.crl'
  | 'client'
  | 'client-revoked'
  | 'late-ca'
  | 'late-ca.crl'
  | 'late'
  | 'late-revoked'
  | 'late-forged'
  | 'late-own'
  | 'other-ca'
  | 'client-other'
  | 'odd';

/** The path of its PEM file. */
export function tlsFile(name: TlsFixture): string {
  return join(root, 'test', 'fixtures', 'tls', `${name}.pem`);
}

export function tlsText(name: TlsFixture): string {
  return readFileSync(tlsFile(name), 'utf8');
}
