/** Which files a `crt` means (manual 5.1 `crt`, 3.1 `ssl-load-extra-files`): itself, those of a directory, or one for each kind of key. */

import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import type { TlsFilesConfig } from '../config/model.ts';
import { type Parts, parseParts } from './pem.ts';

/** `site.pem.rsa`, ...: in this order, as HAProxy looks for them. */
const BUNDLE: readonly string[] = ['.dsa', '.ecdsa', '.rsa'];

/** What a directory has besides certificates. */
const RESERVED = /\.(?:key|issuer|ocsp|sctl)$/;

/** Where there is nothing of that name, the name itself: who reads it has the error. */
export function filesOf(path: string, { extraFiles }: Pick<TlsFilesConfig, 'extraFiles'>): readonly string[] {
  const there = stat(path);
  if (there?.isDirectory() === true) return certificatesIn(path);
  if (there !== undefined || !extraFiles.has('bundle')) return [path];
  const bundled = BUNDLE.map((end) => path + end).filter((file) => stat(file)?.isFile() === true);
  return bundled.length > 0 ? bundled : [path];
}

export function isDirectory(path: string): boolean {
  return stat(path)?.isDirectory() === true;
}

function certificatesIn(directory: string): readonly string[] {
  const names = readdirSync(directory).filter((name) => !name.startsWith('.') && !RESERVED.test(name));
  return names
    .sort()
    .map((name) => join(directory, name))
    .filter((file) => stat(file)?.isFile() === true);
}

/**
 * The chains of `issuers-chain-path`, by the subject of the first certificate of each. A file that has none is not looked at: it
 * cannot be meant.
 */
export function readIssuers(directory: string): ReadonlyMap<string, Parts['chain']> {
  const issuers = new Map<string, Parts['chain']>();
  for (const name of readdirSync(directory).sort()) {
    const file = join(directory, name);
    if (name.startsWith('.') || stat(file)?.isFile() !== true) continue;
    const { certificate, chain } = parseParts(readFileSync(file, 'latin1'), file);
    if (certificate !== undefined) issuers.set(certificate.subject, [certificate, ...chain]);
  }
  return issuers;
}

function stat(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
