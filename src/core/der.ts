/**
 * DER (X.690), as much of it as certificates and OpenSSL's sessions are made of. What is read has been accepted by OpenSSL, but
 * may still be odd: whatever is not as expected reads as undefined, and nothing is read outside of its parent.
 */

export const DER = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** One value. */
export interface DerValue {
  readonly tag: number;
  readonly content: Buffer;
  /** With its tag and length. */
  readonly whole: Buffer;
}

/** All values of `bytes`, one behind the other; undefined where they are not well formed. */
export function derValues(bytes: Buffer): readonly DerValue[] | undefined {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length; ) {
    const value = derValue(bytes, at);
    if (value === undefined) return undefined;
    values.push(value);
    at += value.whole.length;
  }
  return values;
}

/** The values within one that is made of others (SEQUENCE, SET); undefined where it is none. */
export function derChildren(value: DerValue | undefined): readonly DerValue[] | undefined {
  return value === undefined || !isConstructed(value) ? undefined : derValues(value.content);
}

export function isConstructed({ tag }: DerValue): boolean {
  return (tag & 0x20) !== 0;
}

function derValue(bytes: Buffer, from: number): DerValue | undefined {
  const tag = bytes[from];
  const first = bytes[from + 1];
  // Tags of several bytes, and lengths of more than four, stand in no certificate.
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return undefined;
  const octets = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || octets > 4 || from + 2 + octets > bytes.length) return undefined;
  const length = octets === 0 ? first : bytes.readUIntBE(from + 2, octets);
  const begin = from + 2 + octets;
  if (begin + length > bytes.length) return undefined;
  return { tag, content: bytes.subarray(begin, begin + length), whole: bytes.subarray(from, begin + length) };
}

/** OpenSSL's bound, bytes (CVE-2023-2650): certificates come from strangers, and the decimal digits of long arcs are dear. */
const OID_LIMIT = 586;

/** `1.2.840.113549.1.1.1`; empty, as OpenSSL has it, for one that is longer than anybody's. */
export function oidText(content: Buffer): string {
  if (content.length > OID_LIMIT) return '';
  const arcs: bigint[] = [];
  let bits = '';
  for (const byte of content) {
    bits += (byte & 0x7f).toString(2).padStart(7, '0');
    if (byte >= 0x80) continue;
    const arc = BigInt(`0b${bits}`);
    bits = '';
    if (arcs.length === 0) {
      const root = arc < 80n ? arc / 40n : 2n;
      arcs.push(root, arc - root * 40n);
    } else arcs.push(arc);
  }
  return arcs.join('.');
}
