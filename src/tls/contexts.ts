/** What OpenSSL is told of a listener: versions, ciphers, certificates. */

import { createSecureContext, type SecureContext, type SecureContextOptions, type SecureVersion } from 'node:tls';
import type { BindSslConfig, TlsVersion } from '../config/model.ts';
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

/** Throws OpenSSL's error. */
export function listenerContext(ssl: BindSslConfig, bundle: Bundle): SecureContext {
  const options: SecureContextOptions = {
    minVersion: VERSIONS[ssl.minVersion],
    maxVersion: VERSIONS[ssl.maxVersion],
    ciphers: `${ssl.ciphersuites ?? SUITES}:${ssl.ciphers ?? 'DEFAULT'}`,
    honorCipherOrder: !ssl.preferClientCiphers,
    cert: [bundle.certificate, ...bundle.chain].map(String).join(''),
    key: bundle.key.export({ type: 'pkcs8', format: 'pem' }),
  };
  return createSecureContext(options);
}
