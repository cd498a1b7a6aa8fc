/**
 * Certificates and keys as text (RFC 7468), in the files that HAProxy reads them from (manual 5.1 `crt`): one file has the
 * certificate, those between it and its authority, and the key, in whatever order; or the key lies beside it.
 */

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ExtraFile, TlsFilesConfig } from '../config/model.ts';

/** What one `crt` names: a certificate, those between it and its authority, and its key. */
export interface Bundle {
  readonly file: string;
  readonly certificate: X509Certificate;
  readonly chain: readonly X509Certificate[];
  readonly key: KeyObject;
  /** Parameters of Diffie-Hellman, PEM. */
  readonly dh?: string | undefined;
}

/** What a text has of it. */
export interface Parts {
  readonly certificate: X509Certificate | undefined;
  readonly chain: readonly X509Certificate[];
  readonly key: KeyObject | undefined;
  readonly dh: string | undefined;
}

/** Which files beside it count: HAProxy's defaults. */
const EVERY: ReadonlySet<ExtraFile> = new Set<ExtraFile>(['bundle', 'sctl', 'ocsp', 'issuer', 'key']);
export const ALL_FILES: Pick<TlsFilesConfig, 'extraFiles' | 'extraDelExt'> = { extraFiles: EVERY, extraDelExt: false };

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;
const CERTIFICATE = /^(?:X509 |TRUSTED )?CERTIFICATE$/;

/** Throws an Error in HAProxy's words, `file` in them. */
export function parseParts(text: string, file: string): Parts {
  const blocks = [...text.matchAll(BLOCK)].map(([block, label = '']) => ({ block, label }));
  const key = blocks.find(({ label }) => label.endsWith('PRIVATE KEY'));
  const [first, ...others] = blocks.filter(({ label }) => CERTIFICATE.test(label));
  const read = (block: string, what: string): X509Certificate => {
    try {
      return new X509Certificate(block);
    } catch {
      throw new Error(`unable to load ${what} from file '${file}'.`);
    }
  };
  return {
    certificate: first === undefined ? undefined : read(first.block, 'certificate'),
    chain: others.map(({ block }) => read(block, 'certificate chain')),
    key: key === undefined ? undefined : readKey(key.block, file),
    dh: blocks.find(({ label }) => label === 'DH PARAMETERS')?.block,
  };
}

function readKey(block: string, file: string): KeyObject {
  try {
    return createPrivateKey(block);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const encrypted = code === 'ERR_MISSING_PASSPHRASE' || block.includes('ENCRYPTED');
    const why = encrypted ? 'it is encrypted, and nobody is asked for its pass phrase' : 'it cannot be parsed';
    throw new Error(`unable to load private key from file '${file}': ${why}.`);
  }
}

/** Reads what `crt` says. Throws an Error in HAProxy's words. */
export function readBundle(file: string, files: Pick<TlsFilesConfig, 'extraFiles' | 'extraDelExt'> = ALL_FILES): Bundle {
  const parts = parseParts(readText(file), file);
  const beside = files.extraFiles.has('key') ? keyFileOf(file, files.extraDelExt) : undefined;
  return whole(parts, file, parts.certificate === undefined || parts.key !== undefined ? undefined : readKeyBeside(beside, file));
}

/** The file beside it that may have the key. */
export function keyFileOf(file: string, extraDelExt: boolean): string {
  return extraDelExt ? `${file.replace(/\.crt$/, '')}.key` : `${file}.key`;
}

/** A bundle that is fit for use. Throws an Error in HAProxy's words for what is none. `key`: where the parts have none. */
export function whole({ certificate, chain, key: own, dh }: Parts, file: string, key: KeyObject | undefined): Bundle {
  const used = own ?? key;
  if (certificate === undefined) throw new Error(`unable to load certificate from file '${file}'.`);
  if (used === undefined) throw new Error(`No Private Key found in '${file}'.`);
  if (!certificate.checkPrivateKey(used)) {
    throw new Error(`inconsistencies between private key and certificate loaded '${file}'.`);
  }
  return { file, certificate, chain, key: used, dh };
}

function readKeyBeside(path: string | undefined, file: string): KeyObject {
  let text: string;
  try {
    if (path === undefined) throw new Error();
    text = readFileSync(path, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || code === 'ENOENT') throw new Error(`No Private Key found in '${path ?? file}'.`);
    throw new Error(`unable to load private key from file '${path}': ${systemWords(error)}.`);
  }
  const { key } = parseParts(text, path);
  if (key === undefined) throw new Error(`No Private Key found in '${path}'.`);
  return key;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new Error(`unable to stat SSL certificate from file '${file}' : ${systemWords(error)}.`);
    }
    throw new Error(`unable to load certificate from file '${file}': ${systemWords(error)}.`);
  }
}

const SYSTEM_WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
  ENOTDIR: 'Not a directory',
  EISDIR: 'Is a directory',
};

/** The system's sentence. */
export function systemWords(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return SYSTEM_WORDS[code] ?? message;
}
