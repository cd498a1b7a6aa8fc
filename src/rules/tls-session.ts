/** What OpenSSL's form of a session says (`i2d_SSL_SESSION`): its version, those of TLS and of its cipher, its id, its key. */

import { DER, derChildren, derValues } from '../core/der.ts';

export interface TlsSession {
  /** Bytes, one character each; empty where it has none. */
  readonly id: string;
  readonly key: string;
}

export function tlsSession(der: Buffer): TlsSession | undefined {
  const [, , , id, key] = derChildren(derValues(der)?.[0]) ?? [];
  if (id?.tag !== DER.octetString || key?.tag !== DER.octetString) return undefined;
  return { id: id.content.toString('latin1'), key: key.content.toString('latin1') };
}
