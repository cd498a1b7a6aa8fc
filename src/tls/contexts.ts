/**
 * What OpenSSL is told of a listener: versions, ciphers, certificates, who is asked for one.
 *
 * One context is made for all lines that say the same of the same certificate, and kept for as long as somebody has that
 * certificate: what is built anew because another file has changed costs nothing for the rest.
 */

import { constants, createHash, randomBytes } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions, type SecureVersion } from 'node:tls';
import type { BindSslConfig, TlsVersion } from '../config/model.ts';
import type { Authorities } from './authorities.ts';
import type { Bundle } from './pem.ts';

/** SSLv3 Node does not have. */
export const VERSIONS: Readonly<Record<TlsVersion, SecureVersion>> = {
  SSLv3: 'TLSv1',
  'TLSv1.0': 'TLSv1',
  'TLSv1.1': 'TLSv1.1',
  'TLSv1.2': 'TLSv1.2',
  'TLSv1.3': 'TLSv1.3',
};

export const SUITES = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256';

/** What a line names besides its certificates. */
export interface Material {
  readonly authorities: readonly Authorities[];
  readonly revocations: Authorities | undefined;
  /** 48 bytes. */
  readonly ticketKeys: Buffer;
  /** PEM, or `auto`; undefined is no Diffie-Hellman but on curves. */
  readonly dh: string | undefined;
  /** For how long a session may be resumed, seconds. */
  readonly lifetime: number;
}

/** What is wrong with the words of a line, in HAProxy's words; undefined where nothing is. */
export function wordsProblem({ ciphers, ciphersuites, curves }: BindSslConfig): string | undefined {
  if (ciphers !== undefined && !works({ ciphers: `${SUITES}:${listOf(ciphers)}` }, listOf(ciphers))) {
    return `unable to set SSL cipher list to '${ciphers}'`;
  }
  if (ciphersuites !== undefined && !works({ ciphers: `${suitesOf(ciphersuites)}:DEFAULT` }, suitesOf(ciphersuites))) {
    return `unable to set TLS 1.3 cipher suites to '${ciphersuites}'`;
  }
  if (curves !== undefined && !works({ ecdhCurve: curves }, curves)) return `unable to set SSL curves list to '${curves}'`;
  return undefined;
}

function works(options: SecureContextOptions, words: string): boolean {
  if (words === '') return false;
  try {
    createSecureContext({ ca: [], ...options });
    return true;
  } catch {
    return false;
  }
}

/** Node sorts suites of TLSv1.3 from ciphers by their names alone, wherever they stand; HAProxy ignores those that stand in the wrong list. */
function listOf(ciphers: string): string {
  const own = ciphers.split(':').filter((name) => !name.startsWith('TLS_'));
  return own.join(':');
}

function suitesOf(ciphersuites: string): string {
  const own = ciphersuites.split(':').filter((name) => name.startsWith('TLS_'));
  return own.join(':');
}

/** Without a bundle, one for connections to begin with. Throws OpenSSL's error. */
export function listenerContext(ssl: BindSslConfig, bundle: Bundle | undefined, material: Material): SecureContext {
  const asked = ssl.verify !== 'none';
  const { authorities, revocations, ticketKeys, dh, lifetime } = material;
  // Those that stand among authorities count with a `crl-file` alone.
  const revoked = revocations === undefined ? [] : [...authorities, revocations].flatMap((one) => one.revocations);
  const tickets = ssl.tickets && !choosesErrors(ssl);
  const dhparam = bundle?.dh ?? dh;
  return createSecureContext({
    minVersion: VERSIONS[ssl.minVersion],
    maxVersion: VERSIONS[ssl.maxVersion],
    ciphers: `${suitesOf(ssl.ciphersuites ?? SUITES)}:${listOf(ssl.ciphers ?? 'DEFAULT')}`,
    honorCipherOrder: !ssl.preferClientCiphers,
    secureOptions: optionsOf({ ...ssl, tickets }),
    ...(bundle === undefined
      ? {}
      : { cert: [bundle.certificate, ...bundle.chain].map(String).join(''), key: bundle.key.export({ type: 'pkcs8', format: 'pem' }) }),
    // Without any, Node takes those that it brings.
    ca: asked ? authorities.flatMap(({ certificates }) => [...certificates]) : [],
    ...(asked && revoked.length > 0 ? { crl: revoked } : {}),
    ...(ssl.curves === undefined ? {} : { ecdhCurve: ssl.curves }),
    ...(dhparam === undefined ? {} : { dhparam }),
    ...(tickets ? { ticketKeys } : {}),
    sessionIdContext: sessionContextOf(ssl, material),
    sessionTimeout: lifetime,
  });
}

/** As HAProxy: nobody negotiates twice on one connection, and who prefers ChaCha20 (a phone) gets it. */
function optionsOf({ preferClientCiphers, tickets }: BindSslConfig): number {
  const { SSL_OP_NO_RENEGOTIATION, SSL_OP_PRIORITIZE_CHACHA, SSL_OP_NO_TICKET } = constants;
  return SSL_OP_NO_RENEGOTIATION | (preferClientCiphers ? 0 : SSL_OP_PRIORITIZE_CHACHA) | (tickets ? 0 : SSL_OP_NO_TICKET);
}

/**
 * Some errors of clients' certificates are to be ignored, others not: a session has only the last one and not the whole chain, so nobody
 * goes on with one, who was turned away least of all.
 */
function choosesErrors({ verify, caIgnoreErrors, crtIgnoreErrors }: BindSslConfig): boolean {
  if (verify === 'none' || (caIgnoreErrors === 'all' && crtIgnoreErrors === 'all')) return false;
  return caIgnoreErrors.length + crtIgnoreErrors.length > 0;
}

/** A session is resumed without asking for a certificate again: only where the same would be asked. */
function sessionContextOf({ verify, caIgnoreErrors, crtIgnoreErrors }: BindSslConfig, { authorities, revocations }: Material): string {
  const hash = createHash('sha256').update(JSON.stringify([verify, caIgnoreErrors, crtIgnoreErrors]));
  if (verify !== 'none') for (const one of [...authorities, revocations]) hash.update(JSON.stringify(one ?? null));
  return hash.digest('hex').slice(0, 32);
}

export function newTicketKeys(): Buffer {
  return randomBytes(48);
}
