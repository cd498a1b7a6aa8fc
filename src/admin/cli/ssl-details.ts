/** What `show ssl cert` and `show ssl ca-file` tell of a certificate. */

import type { KeyObject, X509Certificate } from 'node:crypto';

export function* detailsOf(certificate: X509Certificate): Generator<string> {
  const names = (certificate.subjectAltName ?? '').split(', ').filter((one) => one.startsWith('DNS:'));
  yield `Serial: ${certificate.serialNumber}\nnotBefore: ${certificate.validFrom}\nnotAfter: ${certificate.validTo}\n`;
  yield `Subject Alternative Name: ${names.join(', ')}\n`;
  yield `Algorithm: ${algorithmOf(certificate.publicKey)}\nSHA1 FingerPrint: ${certificate.fingerprint.replaceAll(':', '')}\n`;
  yield `Subject: ${lineOf(certificate.subject)}\nIssuer: ${lineOf(certificate.issuer)}\n`;
}

const CURVES: Readonly<Record<string, number>> = { prime256v1: 256, secp384r1: 384, secp521r1: 521 };

/** `RSA2048`, `EC256` */
function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  if (asymmetricKeyType === 'ec') return `EC${CURVES[asymmetricKeyDetails?.namedCurve ?? ''] ?? ''}`;
  return `${(asymmetricKeyType ?? '').toUpperCase()}${asymmetricKeyDetails?.modulusLength ?? ''}`;
}

/** `/O=a/CN=b` */
export function lineOf(name: string): string {
  return `/${name.replaceAll('\n', '/')}`;
}
