/** Certificates and keys as text (RFC 7468), in the files that HAProxy reads them from (manual 5.1 `crt`). */

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** What one `crt` names: a certificate, those between it and its authority, and its key. */
export interface Bundle {
  readonly file: string;
  readonly certificate: X509Certificate;
  readonly chain: readonly X509Certificate[];
  readonly key: KeyObject;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;

/** Throws an Error that says what is wrong with it. */
export function readBundle(file: string): Bundle {
  const text = readFileSync(file, 'latin1');
  const blocks = [...text.matchAll(BLOCK)].map(([block, label = '']) => ({ block, label }));
  const [certificate, ...chain] = blocks.filter(({ label }) => label === 'CERTIFICATE').map(({ block }) => new X509Certificate(block));
  if (certificate === undefined) throw new Error(`unable to load certificate from file '${file}'.`);
  const key = blocks.find(({ label }) => label.endsWith('PRIVATE KEY'));
  if (key === undefined) throw new Error(`No Private Key found in '${file}'.`);
  return { file, certificate, chain, key: createPrivateKey(key.block) };
}
