/**
 * What OpenSSL found wrong with a client's certificate. Node lets every handshake go on and tells the last error of it, by a name of
 * its own and without the place in the chain; the first error and its place are concluded from that.
 */

import { X509Certificate } from 'node:crypto';

/** OpenSSL's X509_V_ERR_* by Node's name for it. */
const NUMBERS: Readonly<Record<string, number>> = {
  UNABLE_TO_GET_ISSUER_CERT: 2,
  UNABLE_TO_GET_CRL: 3,
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: 4,
  UNABLE_TO_DECRYPT_CRL_SIGNATURE: 5,
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: 6,
  CERT_SIGNATURE_FAILURE: 7,
  CRL_SIGNATURE_FAILURE: 8,
  CERT_NOT_YET_VALID: 9,
  CERT_HAS_EXPIRED: 10,
  CRL_NOT_YET_VALID: 11,
  CRL_HAS_EXPIRED: 12,
  ERROR_IN_CERT_NOT_BEFORE_FIELD: 13,
  ERROR_IN_CERT_NOT_AFTER_FIELD: 14,
  ERROR_IN_CRL_LAST_UPDATE_FIELD: 15,
  ERROR_IN_CRL_NEXT_UPDATE_FIELD: 16,
  OUT_OF_MEM: 17,
  DEPTH_ZERO_SELF_SIGNED_CERT: 18,
  SELF_SIGNED_CERT_IN_CHAIN: 19,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 20,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 21,
  CERT_CHAIN_TOO_LONG: 22,
  CERT_REVOKED: 23,
  INVALID_CA: 24,
  PATH_LENGTH_EXCEEDED: 25,
  INVALID_PURPOSE: 26,
  CERT_UNTRUSTED: 27,
  CERT_REJECTED: 28,
  HOSTNAME_MISMATCH: 62,
};
const UNSPECIFIED = 1;
const { CERT_NOT_YET_VALID, CERT_HAS_EXPIRED, UNABLE_TO_VERIFY_LEAF_SIGNATURE, UNABLE_TO_GET_ISSUER_CERT_LOCALLY, INVALID_PURPOSE } =
  NUMBERS;
/** Those of who issued the last certificate that is known. */
const OF_THE_LAST: readonly number[] = ['UNABLE_TO_GET_ISSUER_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'].map(
  (name) => NUMBERS[name] as number,
);

/** Of what Node calls `code`. */
export function verifyNumber(code: string): number {
  return NUMBERS[code] ?? UNSPECIFIED;
}

/** How OpenSSL tells a peer of it (RFC 8446 6.2): certificate_expired, certificate_revoked, unsupported_certificate, unknown_ca, bad_certificate. */
const ALERTS: Readonly<Record<number, number>> = {
  10: 45,
  12: 45,
  23: 44,
  26: 43,
  2: 48,
  3: 48,
  18: 48,
  19: 48,
  20: 48,
  21: 48,
  22: 48,
  24: 48,
  25: 48,
};
const BAD_CERTIFICATE = 42;

/** The alert for an error's number. */
export function alertOf(number: number): number {
  return ALERTS[number] ?? BAD_CERTIFICATE;
}

/** Of the last error's number: the first one, and how far above the client's own certificate it was. `chain`: in DER form. */
export function firstError(last: number, chain: readonly Buffer[]): { readonly number: number; readonly depth: number } {
  // OpenSSL gets there from the issuer that it did not find.
  if (last === UNABLE_TO_VERIFY_LEAF_SIGNATURE) return { number: UNABLE_TO_GET_ISSUER_CERT_LOCALLY as number, depth: 0 };
  if (OF_THE_LAST.includes(last)) return { number: last, depth: Math.max(0, chain.length - 1) };
  if (last !== CERT_HAS_EXPIRED && last !== CERT_NOT_YET_VALID) return { number: last, depth: 0 };
  // Purposes are looked at before times.
  if (chain[0] !== undefined && isForServers(chain[0])) return { number: INVALID_PURPOSE as number, depth: 0 };
  // OpenSSL goes from the authority down.
  return { number: last, depth: Math.max(0, chain.findLastIndex(outOfTime)) };
}

/** It says what it is for, and clients are not among that (RFC 5280 4.2.1.12). */
function isForServers(certificate: Buffer): boolean {
  const { keyUsage } = new X509Certificate(certificate);
  return keyUsage !== undefined && keyUsage.length > 0 && !keyUsage.includes(CLIENT_AUTHENTICATION);
}

const CLIENT_AUTHENTICATION = '1.3.6.1.5.5.7.3.2';

function outOfTime(certificate: Buffer): boolean {
  const { validFrom, validTo } = new X509Certificate(certificate);
  const now = Date.now();
  return now < Date.parse(validFrom) || now > Date.parse(validTo);
}
