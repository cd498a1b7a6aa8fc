/** What a list of revoked certificates says (RFC 5280 5.1), which Node does not tell. */

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

interface Element {
  readonly tag: number;
  readonly body: Buffer;
}

const INTEGER = 0x02;
const SEQUENCE = 0x30;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const BMP_STRING = 0x1e;

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
  const der = Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
  const [list] = elements(der);
  const [signed] = elements(bodyOf(list));
  const fields = [...elements(bodyOf(signed))];
  const version = fields[0]?.tag === INTEGER ? (fields.shift()?.body.readUInt8(0) ?? 0) + 1 : 1;
  const [algorithm, issuer, last, ...rest] = fields;
  const next = isTime(rest[0]) ? rest.shift() : undefined;
  const revoked = rest[0]?.tag === SEQUENCE ? elements(rest[0].body) : [];
  return {
    version,
    signature: named(SIGNATURES, elements(bodyOf(algorithm))[0]),
    issuer: elements(bodyOf(issuer)).map(partOfName).join(''),
    lastUpdate: timeOf(last),
    nextUpdate: next === undefined ? undefined : timeOf(next),
    revoked: revoked.map(({ body }) => {
      const [serial, date] = elements(body);
      return { serial: bodyOf(serial).toString('hex').toUpperCase().replace(/^00/, ''), date: timeOf(date) };
    }),
  };
}

function partOfName({ body }: Element): string {
  return elements(body)
    .map((attribute) => {
      const [type, value] = elements(attribute.body);
      const text = value?.tag === BMP_STRING ? Buffer.from(value.body).swap16().toString('utf16le') : value?.body.toString('utf8');
      return `/${named(ATTRIBUTES, type)}=${text}`;
    })
    .join('');
}

function isTime(element: Element | undefined): boolean {
  return element?.tag === UTC_TIME || element?.tag === GENERALIZED_TIME;
}

function timeOf(element: Element | undefined): Date {
  const text = bodyOf(element).toString('latin1');
  const year = element?.tag === UTC_TIME ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text;
  const [, years, months, days, hours, minutes, seconds] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(year) ?? [];
  return new Date(Date.UTC(Number(years), Number(months) - 1, Number(days), Number(hours), Number(minutes), Number(seconds)));
}

function named(names: Readonly<Record<string, string>>, element: Element | undefined): string {
  const number = numberOf(bodyOf(element));
  return names[number] ?? number;
}

/** An object identifier, X.690 8.19. */
function numberOf(body: Buffer): string {
  const parts: number[] = [];
  let part = 0;
  for (const byte of body) {
    part = part * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    parts.push(part);
    part = 0;
  }
  const [first = 0, ...rest] = parts;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - 40 * root, ...rest].join('.');
}

function bodyOf(element: Element | undefined): Buffer {
  if (element === undefined) throw new Error('a list of revoked certificates is cut short');
  return element.body;
}

/** X.690 8.1: a byte of kind, the length in one byte, or in as many as the first says. */
function elements(der: Buffer): readonly Element[] {
  const found: Element[] = [];
  let at = 0;
  while (at + 1 < der.length) {
    const [tag = 0, first = 0] = der.subarray(at, at + 2);
    const bytes = first < 0x80 ? 0 : first & 0x7f;
    const start = at + 2 + bytes;
    const length = bytes === 0 ? first : der.readUIntBE(at + 2, bytes);
    if (start + length > der.length) throw new Error('a list of revoked certificates is cut short');
    found.push({ tag, body: der.subarray(start, start + length) });
    at = start + length;
  }
  return found;
}
