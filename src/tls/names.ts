/** Who a certificate is for, and of what kind its key is. */

import type { KeyObject, X509Certificate } from 'node:crypto';

/** Of a key: what decides whether a client can use it. `other` is Ed25519 and its like. */
export type KeyKind = 'ecdsa' | 'rsa' | 'other';

export function kindOf({ asymmetricKeyType }: KeyObject): KeyKind {
  if (asymmetricKeyType === 'ec') return 'ecdsa';
  return asymmetricKeyType === 'rsa' || asymmetricKeyType === 'rsa-pss' ? 'rsa' : 'other';
}

/** The names that a client may ask for, as HAProxy takes them: DNS names and common names, no addresses. */
export function namesOf(certificate: X509Certificate): readonly string[] {
  const alternative = splitNames(certificate.subjectAltName ?? '').flatMap((name) => (name.startsWith('DNS:') ? [name.slice(4)] : []));
  const common = commonNames(certificate);
  return [...new Set([...alternative, ...common].map((name) => name.toLowerCase()))];
}

function commonNames(certificate: X509Certificate): readonly string[] {
  const lines = certificate.subject?.split('\n') ?? [];
  return lines.flatMap((line) => (line.startsWith('CN=') ? [line.slice(3)] : []));
}

/** Node writes `DNS:a, DNS:"b, c"`: what could be mistaken stands in quotes, as in JSON. */
function splitNames(text: string): string[] {
  const names: string[] = [];
  for (const [, kind = '', quoted, plain = ''] of text.matchAll(/([A-Za-z0-9 ]+:)(?:("(?:[^"\\]|\\.)*")|([^,]*))(?:, |$)/g)) {
    names.push(kind + (quoted === undefined ? plain : (JSON.parse(quoted) as string)));
  }
  return names;
}
