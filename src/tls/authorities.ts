/** Authorities and revocations (manual 5.1, 5.2 `ca-file`, `crl-file`): of a file, of a directory of files, or of the system. */

import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';

export interface Authorities {
  /** PEM, each one by itself. */
  readonly certificates: readonly string[];
  readonly revocations: readonly string[];
  /** Files of a directory that were left out, in HAProxy's words. */
  readonly doubts: readonly string[];
}

const NOTHING = 'no certificate or crl found';

const BLOCK = /-----BEGIN (CERTIFICATE|TRUSTED CERTIFICATE|X509 CERTIFICATE|X509 CRL)-----[\s\S]*?-----END \1-----/g;

/** Where systems keep all of theirs in one file. */
const SYSTEM: readonly string[] = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** Those that HAProxy takes out of a directory. */
const IN_DIRECTORY = /^[^.].*\.(?:pem|crt|cer|crl)$/;

/** Throws an Error in HAProxy's words. */
export function readAuthorities(path: string): Authorities {
  if (path === '@system-ca') return systemAuthorities();
  try {
    return statSync(path).isDirectory() ? readDirectory(path) : { ...readPem(path), doubts: [] };
  } catch (error) {
    throw new Error(`Couldn't open the ca-file '${path}' (${reasonOf(error)}).`);
  }
}

/** A machine without any has those that Node brings. */
function systemAuthorities(): Authorities {
  const file = SYSTEM.find((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);
  return file === undefined ? { certificates: rootCertificates, revocations: [], doubts: [] } : { ...readPem(file), doubts: [] };
}

function readDirectory(path: string): Authorities {
  const certificates: string[] = [];
  const revocations: string[] = [];
  const doubts: string[] = [];
  for (const name of readdirSync(path).sort()) {
    if (!IN_DIRECTORY.test(name)) continue;
    const file = join(path, name);
    try {
      const read = readPem(file);
      if (read.certificates.length === 0) doubts.push(doubtOf(path, file));
      certificates.push(...read.certificates);
      revocations.push(...read.revocations);
    } catch (error) {
      doubts.push(doubtOf(path, file, error));
    }
  }
  if (certificates.length === 0) doubts.push(`ca-file: 0 CA were loaded from '${path}'`);
  return { certificates, revocations, doubts };
}

/** As HAProxy, which looks for certificates there. */
function doubtOf(path: string, file: string, error?: unknown): string {
  const reason = error === undefined || (error as Error).message === NOTHING ? 'no start line' : reasonOf(error);
  return `ca-file: '${path}' couldn't load '${file}' (${reason})`;
}

function readPem(file: string): Omit<Authorities, 'doubts'> {
  return parseAuthorities(readFileSync(file, 'latin1'));
}

/** Throws an Error, without a name, for a text that has none or bad ones. */
export function parseAuthorities(pem: string): Omit<Authorities, 'doubts'> {
  const blocks = [...pem.matchAll(BLOCK)].map(([text, label]) => ({ text, label }));
  const isRevocation = ({ label }: (typeof blocks)[number]): boolean => label === 'X509 CRL';
  if (blocks.length === 0) throw new Error(NOTHING);
  const certificates = blocks.filter((block) => !isRevocation(block)).map(({ text }) => String(new X509Certificate(text)));
  return { certificates, revocations: blocks.filter(isRevocation).map(({ text }) => text) };
}

const SYSTEM_WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
  ENOTDIR: 'Not a directory',
  EISDIR: 'Is a directory',
};

/** Of the system's errors its sentence, of OpenSSL's the last part: `wrong tag`. */
function reasonOf(error: unknown): string {
  const { code = '', message, reason = message } = error as NodeJS.ErrnoException & { readonly reason?: string };
  return SYSTEM_WORDS[code] ?? reason;
}
