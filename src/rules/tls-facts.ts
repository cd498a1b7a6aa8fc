/**
 * What is known of a TLS connection (manual 7.3.4): that of a client, or that to a server. `proxy/` implements it, with getters:
 * most of it is asked for rarely, some of it (session, certificates) costs a copy each time.
 */

import type { ConnectionError } from '../core/connection-errors.ts';

export interface TlsFacts {
  /** `TLSv1.3`; before it is agreed upon, the highest that may be. */
  readonly protocol: string;
  /** OpenSSL's name: `TLS_AES_256_GCM_SHA384`; `(NONE)` before it is agreed upon. */
  readonly cipher: string;
  /** The name that was asked for; undefined without one. */
  readonly sni: string | undefined;
  /** The protocol that was agreed upon; undefined without ALPN. */
  readonly alpn: string | undefined;
  /** The session of an earlier connection went on. */
  readonly resumed: boolean;
  /** Of the peer's certificate: what OpenSSL says of the session, an X509_V_ERR_* number; 0 for no error, and without a certificate. */
  readonly verifyResult: number;
  /** The first error of all, and how far above the peer's certificate it was: 0 is at it. On a session that is resumed there is none. */
  readonly verifyError: { readonly number: number; readonly depth: number } | undefined;
  /** The peer's certificate in DER form, and those above it that it has sent; empty where it has none. A resumed session has the first alone. */
  readonly peerChain: readonly Buffer[];
  /** Ours, in DER form; undefined where we have shown none. */
  readonly ownCertificate: Buffer | undefined;
  /** The session as OpenSSL writes it (`getSession()` of Node's socket); undefined where there is none. */
  readonly session: Buffer | undefined;
  /** The peer's Finished message, on a session that is resumed ours (RFC 5929 3); undefined before there is one. */
  readonly finished: Buffer | undefined;
  /** How long the handshake of a client's connection took, ms; undefined of a server's. */
  readonly handshakeTime?: number;
  /** What ended the handshake, as HAProxy numbers it; 0 where it has succeeded. */
  readonly error: ConnectionError;
  /** What OpenSSL says of that; undefined where it says nothing. */
  readonly failure: TlsFailure | undefined;
}

/** An error of OpenSSL's. */
export interface TlsFailure {
  /** As `openssl errstr` takes it: 0x0A000076. */
  readonly number: number;
  /** `error:0A000076:SSL routines::no suitable signature algorithm` */
  readonly text: string;
}

/** Of what Node's TLS says in an error: `...:error:0A000102:SSL routines:function:unsupported protocol:file:line:`. Undefined where it is no error of OpenSSL's. */
export function tlsFailure(error: Error): TlsFailure | undefined {
  const found = /(?:^|:)error:([0-9A-F]{8}):([^:]*):[^:]*:([^:\n]*)/.exec(error.message);
  if (found === null) return undefined;
  const [, number = '', library = '', reason = ''] = found;
  return { number: Number.parseInt(number, 16), text: `error:${number}:${library}::${reason}` };
}
