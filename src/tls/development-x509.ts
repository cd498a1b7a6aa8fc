/**
 * The certificates of development, made: the authority's own, and one of a host that it vouches for. Keys are ECDSA on P-256.
 *
 * It is the one place that knows `pkijs` (and `asn1js`, which that stands on): they are loaded for `ssl self-signed` alone, and write
 * X.509 (RFC 5280); keys and signatures are Node's.
 *
 * People trust the authority on machines of theirs, so it is as harmless as one can be: it may vouch for TLS servers alone (its
 * extended key usage, which OpenSSL, NSS, Chromium and others heed), for no further authority (path length 0), and for two years.
 * Names are not constrained, as hosts under development are called anything.
 */

import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP, isIPv4 } from 'node:net';
import { BitString, Integer, OctetString, Utf8String } from 'asn1js';
import {
  AlgorithmIdentifier,
  AltName,
  AttributeTypeAndValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  Extension,
  ExtKeyUsage,
  GeneralName,
  PublicKeyInfo,
  type RelativeDistinguishedNames,
  Time,
  TimeType,
} from 'pkijs';

/** A certificate with its key. */
export interface Made {
  /** PEM. */
  readonly certificate: string;
  readonly key: KeyObject;
}

/** From, to: ms since the epoch. */
export type Period = readonly [from: number, to: number];

/** Who makes them: this module, once it is loaded. */
export interface Maker {
  makeAuthority(name: string, period: Period): Made;
  makeCertificate(authority: Made, hosts: readonly string[], period: Period): Made;
}

/** RFC 5280 appendix A.1: letters of a common name. */
const LONGEST_NAME = 64;

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const COMMON_NAME = '2.5.4.3';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
/** Of extensions (RFC 5280 4.2.1). */
const Id = {
  SubjectKey: '2.5.29.14',
  KeyUsage: '2.5.29.15',
  AltName: '2.5.29.17',
  BasicConstraints: '2.5.29.19',
  AuthorityKey: '2.5.29.35',
  ExtKeyUsage: '2.5.29.37',
} as const;
/** Of `GeneralName`. */
const DNS_NAME = 2;
const IP_ADDRESS = 7;

/** @param name what people see in their browser's list of authorities */
export function makeAuthority(name: string, period: Period): Made {
  const { publicKey, privateKey } = newKey();
  const certificate = begun(publicKey, period);
  setName(certificate.subject, name);
  setName(certificate.issuer, name);
  const id = keyId(publicKey);
  certificate.extensions = [
    extension(Id.BasicConstraints, new BasicConstraints({ cA: true, pathLenConstraint: 0 }), true),
    // keyCertSign, cRLSign
    extension(Id.KeyUsage, bits(0b00000110, 1), true),
    extension(Id.ExtKeyUsage, new ExtKeyUsage({ keyPurposes: [SERVER_AUTH] })),
    extension(Id.SubjectKey, { toSchema: () => new OctetString({ valueHex: id }) }),
  ];
  return { certificate: signed(certificate, privateKey), key: privateKey };
}

/** @param hosts names and addresses; the first is what people see */
export function makeCertificate({ certificate: pem, key }: Made, hosts: readonly string[], period: Period): Made {
  const authority = Certificate.fromBER(bytesOf(pem));
  const { publicKey, privateKey } = newKey();
  const certificate = begun(publicKey, period);
  setName(certificate.subject, hosts[0] ?? '');
  certificate.issuer = authority.subject;
  const authorityId = authority.extensions?.find(({ extnID }) => extnID === Id.SubjectKey)?.parsedValue as OctetString | undefined;
  certificate.extensions = [
    extension(Id.BasicConstraints, new BasicConstraints({ cA: false }), true),
    // digitalSignature
    extension(Id.KeyUsage, bits(0b10000000, 7), true),
    extension(Id.ExtKeyUsage, new ExtKeyUsage({ keyPurposes: [SERVER_AUTH] })),
    extension(Id.AltName, new AltName({ altNames: hosts.map(generalName) })),
    ...(authorityId === undefined ? [] : [extension(Id.AuthorityKey, new AuthorityKeyIdentifier({ keyIdentifier: authorityId }))]),
  ];
  return { certificate: signed(certificate, key), key: privateKey };
}

function newKey(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

/** With what both kinds have. */
function begun(publicKey: KeyObject, [from, to]: Period): Certificate {
  return new Certificate({
    version: 2,
    serialNumber: new Integer({ valueHex: serial() }),
    signature: new AlgorithmIdentifier({ algorithmId: ECDSA_WITH_SHA256 }),
    signatureAlgorithm: new AlgorithmIdentifier({ algorithmId: ECDSA_WITH_SHA256 }),
    notBefore: time(from),
    notAfter: time(to),
    subjectPublicKeyInfo: PublicKeyInfo.fromBER(publicKey.export({ type: 'spki', format: 'der' })),
  });
}

/** Positive, and never 0 (RFC 5280 4.1.2.2). */
function serial(): Uint8Array {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40;
  return bytes;
}

/** Times from 2050 on have another form (RFC 5280 4.1.2.5). */
function time(ms: number): Time {
  const value = new Date(ms);
  return new Time({ type: value.getUTCFullYear() < 2050 ? TimeType.UTCTime : TimeType.GeneralizedTime, value });
}

function setName(into: RelativeDistinguishedNames, name: string): void {
  into.typesAndValues.push(new AttributeTypeAndValue({ type: COMMON_NAME, value: new Utf8String({ value: name.slice(0, LONGEST_NAME) }) }));
}

function generalName(host: string): GeneralName {
  if (isIP(host) === 0) return new GeneralName({ type: DNS_NAME, value: host });
  return new GeneralName({ type: IP_ADDRESS, value: new OctetString({ valueHex: octets(host) }) });
}

function octets(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split('.'), Number);
  // The shortest form has no dotted quad at its end.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string | undefined) => (text === undefined || text === '' ? [] : text.split(':'));
  const [before, behind] = [groups(head), groups(tail)];
  const all = [...before, ...Array<string>(8 - before.length - behind.length).fill('0'), ...behind];
  return Uint8Array.from(all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]));
}

function keyId(publicKey: KeyObject): Uint8Array {
  return createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
}

function bits(byte: number, unusedBits: number): { toSchema(): BitString } {
  return { toSchema: () => new BitString({ valueHex: Uint8Array.of(byte), unusedBits }) };
}

function extension(extnID: string, value: { toSchema(): { toBER(): ArrayBuffer } }, critical = false): Extension {
  return new Extension({ extnID, critical, extnValue: value.toSchema().toBER() });
}

/** PEM. */
function signed(certificate: Certificate, key: KeyObject): string {
  const tbs = certificate.encodeTBS();
  certificate.tbsView = new Uint8Array(tbs.toBER());
  certificate.signatureValue = new BitString({ valueHex: sign('sha256', certificate.tbsView, key) });
  const base64 = Buffer.from(certificate.toSchema().toBER()).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}

function bytesOf(pem: string): Uint8Array {
  return Buffer.from(pem.replace(/-----[^-]*-----|\s/g, ''), 'base64');
}
