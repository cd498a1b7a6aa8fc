/** What a list of revoked certificates says (RFC 5280 5.1), which Node does not tell. */

import { DER, type DerValue, derChildren, derValues, oidText } from '../core/der.ts';

export interface Revocations {
  /** From 1. */
  readonly version: number;
  /** OpenSSL's name where it is known, else its number: `ecdsa-with-SHA256`. */
  readonly signature: string;
  /** `/O=a/CN=b` */
  readonly issuer: string;
  readonly lastUpdate: Date;
  readonly nextUpdate: Date | undefined;
  readonly revoked: readonly { readonly serial: string; readonly date: Date }[];
}

const SIGNATURES: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.5': 'sha1WithRSAEncryption',
  '1.2.840.113549.1.1.10': 'rsassaPss',
  '1.2.840.113549.1.1.11': 'sha256WithRSAEncryption',
  '1.2.840.113549.1.1.12': 'sha384WithRSAEncryption',
  '1.2.840.113549.1.1.13': 'sha512WithRSAEncryption',
  '1.2.840.10045.4.3.2': 'ecdsa-with-SHA256',
  '1.2.840.10045.4.3.3': 'ecdsa-with-SHA384',
  '1.2.840.10045.4.3.4': 'ecdsa-with-SHA512',
  '1.3.101.112': 'ED25519',
};

const ATTRIBUTES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'emailAddress',
};

/** Throws an Error for what is none. */
export function readRevocations(pem: string): Revocations {
  const [list] = derValues(Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64')) ?? [];
  const fields = [...within(within(list)[0])];
  const version = fields[0]?.tag === DER.integer ? (fields.shift()?.content[0] ?? 0) + 1 : 1;
  const [algorithm, issuer, last, ...rest] = fields;
  const next = isTime(rest[0]) ? rest.shift() : undefined;
  const revoked = rest[0]?.tag === DER.sequence ? within(rest[0]) : [];
  return {
    version,
    signature: named(SIGNATURES, within(algorithm)[0]),
    issuer: within(issuer).map(partOfName).join(''),
    lastUpdate: timeOf(last),
    nextUpdate: next === undefined ? undefined : timeOf(next),
    revoked: revoked.map((entry) => {
      const [serial, date] = within(entry);
      return { serial: (serial?.content.toString('hex') ?? '').toUpperCase().replace(/^00(?=.)/, ''), date: timeOf(date) };
    }),
  };
}

function within(value: DerValue | undefined): readonly DerValue[] {
  const children = derChildren(value);
  if (children === undefined) throw new Error('this is no list of revoked certificates');
  return children;
}

function partOfName(part: DerValue): string {
  return within(part)
    .map((attribute) => {
      const [type, value] = within(attribute);
      const bytes = value?.content ?? Buffer.alloc(0);
      const text =
        value?.tag === DER.bmpString && bytes.length % 2 === 0 ? Buffer.from(bytes).swap16().toString('utf16le') : bytes.toString();
      return `/${named(ATTRIBUTES, type)}=${text}`;
    })
    .join('');
}

function isTime(value: DerValue | undefined): boolean {
  return value?.tag === DER.utcTime || value?.tag === DER.generalizedTime;
}

/** RFC 5280 5.1.2.4: two digits of the year until 2049. */
function timeOf(value: DerValue | undefined): Date {
  const text = value?.content.toString('latin1') ?? '';
  const year = value?.tag === DER.utcTime ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text;
  const [, years, months, days, hours, minutes, seconds] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(year) ?? [];
  return new Date(Date.UTC(Number(years), Number(months) - 1, Number(days), Number(hours), Number(minutes), Number(seconds)));
}

function named(names: Readonly<Record<string, string>>, type: DerValue | undefined): string {
  const number = oidText(type?.content ?? Buffer.alloc(0));
  return names[number] ?? number;
}
