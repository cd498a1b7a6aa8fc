/** What a certificate says, in HAProxy's words (manual 7.3.4). Binary values are their bytes, one character each. */

import { createHash } from 'node:crypto';
import { DER, type DerValue, derChildren, derValues, oidText } from '../core/der.ts';
import { type DistinguishedName, readName } from './distinguished-name.ts';
import { objectName } from './object-names.ts';

export interface CertificateFacts {
  readonly der: string;
  readonly sha1: string;
  /** 3, mostly. */
  readonly version: number;
  readonly serial: string;
  readonly issuer: DistinguishedName;
  readonly subject: DistinguishedName;
  /** `261122031802Z`; undefined where HAProxy does not write it. */
  readonly notBefore: string | undefined;
  readonly notAfter: string | undefined;
  /** `rsaEncryption` */
  readonly keyAlgorithm: string | undefined;
  /** `RSA-SHA256` */
  readonly signatureAlgorithm: string | undefined;
}

const known = new WeakMap<Buffer, CertificateFacts>();

/** Read once for each buffer. Undefined for what is no certificate. */
export function certificateFacts(der: Buffer): CertificateFacts | undefined {
  const remembered = known.get(der);
  if (remembered !== undefined) return remembered;
  const facts = readCertificate(der);
  if (facts !== undefined) known.set(der, facts);
  return facts;
}

/** RFC 5280 4.1 */
function readCertificate(der: Buffer): CertificateFacts | undefined {
  const [toBeSigned, signature] = derChildren(derValues(der)?.[0]) ?? [];
  const fields = derChildren(toBeSigned);
  if (fields === undefined) return undefined;
  const explicit = fields[0]?.tag === EXPLICIT_VERSION ? fields[0] : undefined;
  const [serial, , issuer, validity, subject, key] = explicit === undefined ? fields : fields.slice(1);
  if (serial?.tag !== DER.integer) return undefined;
  const [notBefore, notAfter] = derChildren(validity) ?? [];
  return {
    der: der.toString('latin1'),
    sha1: createHash('sha1').update(der).digest().toString('latin1'),
    version: (derChildren(explicit)?.[0]?.content[0] ?? 0) + 1,
    serial: magnitude(serial.content).toString('latin1'),
    issuer: readName(issuer),
    subject: readName(subject),
    notBefore: timeText(notBefore),
    notAfter: timeText(notAfter),
    keyAlgorithm: algorithm(derChildren(key)?.[0]),
    signatureAlgorithm: algorithm(signature),
  };
}

const EXPLICIT_VERSION = 0xa0;

/** Without its sign, and the zeros before it. */
function magnitude(content: Buffer): Buffer {
  const bytes = Buffer.from(content);
  if ((bytes[0] ?? 0) >= 0x80) {
    let carry = 1;
    for (let at = bytes.length - 1; at >= 0; at--) {
      const inverse = (~(bytes[at] as number) & 0xff) + carry;
      bytes[at] = inverse & 0xff;
      carry = inverse >> 8;
    }
  }
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from++;
  return bytes.subarray(from);
}

/** Without the century, which must be this one. */
function timeText(time: DerValue | undefined): string | undefined {
  const text = time?.content.toString('latin1') ?? '';
  if (time?.tag === DER.generalizedTime) return text.length >= 12 && text.startsWith('20') ? text.slice(2) : undefined;
  // Years from 50 on are of the last century (RFC 5280 4.1.2.5.1).
  return time?.tag === DER.utcTime && text.length >= 10 && text < '5' ? text : undefined;
}

function algorithm(identifier: DerValue | undefined): string | undefined {
  const oid = derChildren(identifier)?.[0];
  return oid?.tag === DER.oid ? objectName(oidText(oid.content)) : undefined;
}
