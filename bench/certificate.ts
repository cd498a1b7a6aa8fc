/** A certificate of a moment for proxies that speak TLS, made by the program `openssl`. */

import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  /** The certificate and behind it its key, as HAProxy reads them. */
  readonly bundle: string;
  readonly key: string;
}

/** PEM files in `folder`; `kind`: RSA of 2048 bits, or ECDSA on P-256. */
export function makeCertificate(folder: string, kind: 'rsa' | 'ecdsa'): Certificate {
  const bundle = join(folder, 'certificate.pem');
  const key = join(folder, 'certificate.key');
  const algorithm = kind === 'rsa' ? ['rsa:2048'] : ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', '-nodes', '-days', '2', '-newkey', ...algorithm, '-keyout', key, '-out', bundle, ...subject], {
    stdio: 'ignore',
  });
  appendFileSync(bundle, readFileSync(key));
  return { bundle, key };
}
