/** Distinguished names of certificates (X.501), as HAProxy writes them: values are their bytes, one character each. */

import { DER, type DerValue, derChildren, isConstructed, oidText } from '../core/der.ts';
import { objectName } from './object-names.ts';

export interface NameEntry {
  /** OpenSSL's short name, `CN`; the OID where it has none. */
  readonly key: string;
  readonly named: boolean;
  readonly value: DerValue;
  /** It is of the same RDN as the entry before it. */
  readonly joined: boolean;
}

export type DistinguishedName = readonly NameEntry[];

/** HAProxy's buffer for the OID of an attribute that has no name, characters. */
const OID_TEXT = 127;

/** @param name RDNSequence */
export function readName(name: DerValue | undefined): DistinguishedName {
  const entries: NameEntry[] = [];
  for (const rdn of derChildren(name) ?? []) {
    let joined = false;
    for (const attribute of derChildren(rdn) ?? []) {
      const [type, value] = derChildren(attribute) ?? [];
      if (type?.tag !== DER.oid || value === undefined) continue;
      const oid = oidText(type.content);
      const key = objectName(oid);
      entries.push({ key: key ?? oid.slice(0, OID_TEXT), named: key !== undefined, value, joined });
      joined = true;
    }
  }
  return entries;
}

/** `/C=FR/O=x/CN=y`; undefined for an empty name. */
export function oneLine(name: DistinguishedName): string | undefined {
  return name.length === 0 ? undefined : name.map(({ key, value }) => `/${key}=${valueText(value)}`).join('');
}

/** OpenSSL keeps what is made of other values with its tag and length. */
function valueText(value: DerValue): string {
  return (isConstructed(value) ? value.whole : value.content).toString('latin1');
}

/** @param occurrence from 1 for the first, from -1 for the last; there is no 0th */
export function entryOf(name: DistinguishedName, wanted: string, occurrence: number): string | undefined {
  const found = name.filter(({ key }) => key.toLowerCase() === wanted.toLowerCase());
  const entry = occurrence === 0 ? undefined : found.at(occurrence < 0 ? occurrence : occurrence - 1);
  const text = entry === undefined ? '' : valueText(entry.value);
  return text === '' ? undefined : text;
}

/** For LDAP: the last one first, `CN=y,O=x,C=FR`; undefined for an empty name. */
export function rfc2253(name: DistinguishedName): string | undefined {
  if (name.length === 0) return undefined;
  let text = '';
  for (let index = name.length - 1; index >= 0; index--) {
    const entry = name[index] as NameEntry;
    if (text !== '') text += name[index + 1]?.joined === true ? '+' : ',';
    text += `${entry.key}=${ldapValue(entry)}`;
  }
  return text;
}

function ldapValue({ named, value }: NameEntry): string {
  const characters = named ? decoded(value) : undefined;
  if (characters === undefined) return `#${value.whole.toString('hex').toUpperCase()}`;
  const bytes = Buffer.from(characters, 'utf8').toString('latin1');
  return bytes.replace(/[,+"\\<>;]|^[# ]| $|[^ -~]/g, (char) =>
    char < ' ' || char > '~' ? `\\${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}` : `\\${char}`,
  );
}

/** Undefined for what is no string of characters. */
function decoded({ tag, content }: DerValue): string | undefined {
  switch (tag) {
    case DER.utf8String:
      return content.toString('utf8');
    case DER.bmpString:
      return content.length % 2 === 0 ? Buffer.from(content).swap16().toString('utf16le') : undefined;
    case DER.universalString:
      return universal(content);
    default:
      return ONE_BYTE.has(tag) ? content.toString('latin1') : undefined;
  }
}

/** Numeric, printable, teletex, IA5, both times, visible: OpenSSL reads a character of each byte. */
const ONE_BYTE: ReadonlySet<number> = new Set([18, 19, 20, 22, 23, 24, 26]);

function universal(content: Buffer): string | undefined {
  if (content.length % 4 !== 0) return undefined;
  let text = '';
  for (let at = 0; at < content.length; at += 4) {
    const point = content.readUInt32BE(at);
    if (point > 0x10ffff) return undefined;
    text += String.fromCodePoint(point);
  }
  return text;
}
