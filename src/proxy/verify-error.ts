/**
 * What OpenSSL found wrong with a client's certificate. Node lets every handshake go on and tells the last error of it, by a name of
 * its own and without the place in the chain; those before it and their places are concluded from that.
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
const { UNABLE_TO_GET_CRL, CERT_SIGNATURE_FAILURE, CERT_NOT_YET_VALID, CERT_HAS_EXPIRED, CERT_REVOKED, INVALID_CA, INVALID_PURPOSE } =
  NUMBERS;
const { DEPTH_ZERO_SELF_SIGNED_CERT, SELF_SIGNED_CERT_IN_CHAIN, UNABLE_TO_GET_ISSUER_CERT_LOCALLY, UNABLE_TO_VERIFY_LEAF_SIGNATURE } =
  NUMBERS;
/** Those of who issued the last certificate that is known. */
const OF_THE_LAST: readonly (number | undefined)[] = [
  ...[NUMBERS.UNABLE_TO_GET_ISSUER_CERT, SELF_SIGNED_CERT_IN_CHAIN, UNABLE_TO_GET_ISSUER_CERT_LOCALLY],
];
/** As the last error they tell that revocation was looked at afterwards and found nothing. */
const BEFORE_REVOCATION: readonly (number | undefined)[] = [
  ...[DEPTH_ZERO_SELF_SIGNED_CERT, SELF_SIGNED_CERT_IN_CHAIN, UNABLE_TO_GET_ISSUER_CERT_LOCALLY, INVALID_CA, INVALID_PURPOSE],
];
const OF_REVOCATION: readonly (number | undefined)[] = [UNABLE_TO_GET_CRL, CERT_REVOKED];

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

export interface VerifyError {
  readonly number: number;
  /** How far above the client's own certificate. */
  readonly depth: number;
}

/** What certificates are looked at with. */
export interface Trust {
  /** PEM, each one by itself. */
  readonly authorities: readonly string[];
  /** Lists of revoked certificates count. */
  readonly revoking: boolean;
}

/**
 * All that may be wrong, the first of OpenSSL's order first, concluded from the `last` error: OpenSSL goes on behind each one, and a
 * later one hides those before it. So the chain is walked again; what cannot be seen here is suspected. `chain`: in DER form. Without
 * `trust` nothing is known of authorities.
 */
export function verifyErrors(last: number, chain: readonly Buffer[], trust: Trust | undefined): readonly VerifyError[] {
  const certificates = chain.map((der) => new X509Certificate(der));
  const errors = [...(trust === undefined ? [] : issuerErrors(last, certificates, trust)), ...purposeErrors(certificates)];
  errors.push(...timeErrors(certificates));
  if (!errors.some(({ number }) => number === last)) {
    // OpenSSL gets there from the issuer that it did not find.
    if (last !== UNABLE_TO_VERIFY_LEAF_SIGNATURE) errors.push(...everywhere(last));
    else errors.push({ number: UNABLE_TO_GET_ISSUER_CERT_LOCALLY as number, depth: 0 }, { number: last, depth: 0 });
  }
  if (trust?.revoking === true && !BEFORE_REVOCATION.includes(last)) {
    if (!OF_REVOCATION.includes(last)) errors.push(...everywhere(UNABLE_TO_GET_CRL as number));
    if (last !== CERT_REVOKED) errors.push(...everywhere(CERT_REVOKED as number));
  }
  return errors;
}

/** Its place is not known: it has to be forgiven in each. */
function everywhere(number: number): readonly VerifyError[] {
  return [
    { number, depth: 0 },
    { number, depth: 1 },
  ];
}

/** Up to an authority that vouches for itself, by signatures, not by names alone. */
function issuerErrors(last: number, chain: readonly X509Certificate[], { authorities }: Trust): readonly VerifyError[] {
  const errors: VerifyError[] = [];
  for (const [depth, certificate] of chain.entries()) {
    const issuer = chain[depth + 1];
    if (issuer !== undefined) {
      if (!certificate.checkIssued(issuer) || !signed(certificate, issuer))
        errors.push({ number: CERT_SIGNATURE_FAILURE as number, depth });
      continue;
    }
    const ofItself = certificate.checkIssued(certificate);
    const text = certificate.toString().trim();
    if (ofItself && authorities.some((authority) => authority.trim() === text)) continue;
    if (OF_THE_LAST.includes(last)) errors.push({ number: last, depth });
    else if (!ofItself) errors.push({ number: UNABLE_TO_GET_ISSUER_CERT_LOCALLY as number, depth });
    else errors.push({ number: (depth === 0 ? DEPTH_ZERO_SELF_SIGNED_CERT : SELF_SIGNED_CERT_IN_CHAIN) as number, depth });
  }
  return errors;
}

function signed(certificate: X509Certificate, { publicKey }: X509Certificate): boolean {
  try {
    return certificate.verify(publicKey);
  } catch {
    return false;
  }
}

function purposeErrors(chain: readonly X509Certificate[]): readonly VerifyError[] {
  return chain.flatMap((certificate, depth) => {
    if (depth === 0) return isForOthers(certificate) ? [{ number: INVALID_PURPOSE as number, depth }] : [];
    return certificate.ca ? [] : [{ number: INVALID_CA as number, depth }];
  });
}

/** From the authority down. */
function timeErrors(chain: readonly X509Certificate[]): readonly VerifyError[] {
  const now = Date.now();
  const errors = chain.flatMap(({ validFrom, validTo }, depth) => {
    if (now < Date.parse(validFrom)) return [{ number: CERT_NOT_YET_VALID as number, depth }];
    return now > Date.parse(validTo) ? [{ number: CERT_HAS_EXPIRED as number, depth }] : [];
  });
  return errors.reverse();
}

/** It says what it is for, and clients are not among that (RFC 5280 4.2.1.12). */
function isForOthers({ keyUsage }: X509Certificate): boolean {
  return keyUsage !== undefined && keyUsage.length > 0 && !keyUsage.includes(CLIENT_AUTHENTICATION);
}

const CLIENT_AUTHENTICATION = '1.3.6.1.5.5.7.3.2';
