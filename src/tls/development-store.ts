/**
 * The development authority on disk: what people trusted once is the same after a restart, and for every process.
 *
 *     <folder>/ca-key.pem    its key and its certificate, for the owner alone: this file is the authority
 *     <folder>/ca.pem        the certificate again, for people to give to their programs
 *
 * The first is written whole under another name and linked to its own, which one of several processes can do: the others read
 * what that one has made. One that has expired gives way to a new one, and stays beside it.
 */

import { createPrivateKey, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { platform, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Made, Maker } from './development-x509.ts';

export const DAY = 24 * 3600 * 1000;
const LIFE = 730 * DAY;

/** What people need to trust it. */
export interface AuthorityCertificate {
  /** PEM. */
  readonly certificate: string;
  /** `Fairlead development CA lab 2026-11-22` */
  readonly name: string;
  /** Until when it counts, ms since the epoch. */
  readonly until: number;
}

export interface Authority extends AuthorityCertificate, Made {}

/** What a run vouches with. */
export interface Opened {
  readonly authority: Authority;
  /** It was not there before. */
  readonly made: boolean;
  /** Why the next run will have another one; undefined: it is kept. */
  readonly trouble: string | undefined;
}

/** Where people find the certificate. */
export function certificateFile(folder: string): string {
  return join(folder, 'ca.pem');
}

function keyFile(folder: string): string {
  return join(folder, 'ca-key.pem');
}

/**
 * Of what stands there nothing can be made. Nobody's guess mends it: a new authority in its place would be one that nobody trusts,
 * and whoever does not notice looks for the fault in browsers.
 */
export class Damaged extends Error {}

/** The authority of a folder; undefined where there is none yet, or an expired one. Throws the system's error, and Damaged. */
export function readAuthority(folder: string, now: number): Authority | undefined {
  const there = readAny(folder);
  return there === undefined || hasExpired(there, now) ? undefined : there;
}

/** The same without its key, which may be for others to read; undefined where there is none. Throws the system's error, and Damaged. */
export function readCertificate(folder: string, now: number): AuthorityCertificate | undefined {
  try {
    return readAuthority(folder, now);
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    try {
      const certificate = new X509Certificate(readFileSync(certificateFile(folder)));
      return { certificate: certificate.toString(), ...factsOf(certificate) };
    } catch {
      throw error;
    }
  }
}

function factsOf({ subject, validTo }: X509Certificate): Pick<Authority, 'name' | 'until'> {
  return { name: /^CN=(.*)$/m.exec(subject)?.[1] ?? '', until: Date.parse(validTo) };
}

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

/** Why others than its owner may vouch with what is kept there, or it for more than ours does; empty where all is well. */
export function doubtsOfKeeping(folder: string, { certificate }: AuthorityCertificate): readonly string[] {
  const doubts: string[] = [];
  const file = keyFile(folder);
  if (!new X509Certificate(certificate).keyUsage?.includes(SERVER_AUTH)) doubts.push(`'${file}' may vouch for more than TLS servers`);
  // Windows keeps rights elsewhere.
  if (platform() === 'win32') return doubts;
  const users = [0, ownId()];
  for (const [path, forbidden] of [
    [file, 0o026],
    [folder, 0o022],
  ] as const) {
    try {
      const { mode, uid } = statSync(path);
      // In a directory as /tmp nobody replaces the files of others.
      const isShared = path === folder && (mode & 0o1000) !== 0;
      if (!isShared && (mode & forbidden) !== 0)
        doubts.push(`'${path}' is open to others (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`);
      if (!isShared && users.every((user) => user !== uid)) doubts.push(`'${path}' belongs to another user (${uid})`);
    } catch {
      // It has gone meanwhile.
    }
  }
  return doubts;
}

/** Who has no name has no number here, and is taken for root. */
function ownId(): number {
  try {
    return userInfo().uid;
  } catch {
    return 0;
  }
}

/** A day before: what it vouches for counts no longer than itself. */
function hasExpired({ until }: AuthorityCertificate, now: number): boolean {
  return until - DAY <= now;
}

function readAny(folder: string): Authority | undefined {
  const file = keyFile(folder);
  try {
    return parse(readFileSync(file, 'latin1'), file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(text: string, file: string): Authority {
  let certificate: X509Certificate;
  let key: KeyObject;
  try {
    certificate = new X509Certificate(text);
    key = createPrivateKey(text);
  } catch {
    throw new Damaged(`'${file}' is not the key and the certificate of an authority any more: remove it, and a new one will be made`);
  }
  if (!certificate.checkPrivateKey(key) || !certificate.ca || key.asymmetricKeyType !== 'ec')
    throw new Damaged(`'${file}' holds a key and a certificate that do not make an authority: remove it, and a new one will be made`);
  return { certificate: certificate.toString(), key, ...factsOf(certificate) };
}

/**
 * Reads the authority, or makes it. Where it cannot be kept there is one for this run, and so there is where what stands there is
 * damaged: whoever has asked `readAuthority` before has been told.
 * @param host what this machine is called
 */
export function openAuthority(folder: string, host: string, now: number, maker: Maker): Opened {
  try {
    const there = readAuthority(folder, now);
    if (there === undefined) return keep(folder, make(host, now, maker), now);
    publish(folder, there);
    return { authority: there, made: false, trouble: undefined };
  } catch (error) {
    return { authority: make(host, now, maker), made: true, trouble: (error as Error).message };
  }
}

/**
 * What stands there counts. Where there is nothing any more the authority of this run is put there: people trust it already. What cannot
 * be read or kept leaves it alone, with the `trouble`.
 */
export function reopenAuthority(folder: string, living: Opened, now: number): Opened {
  try {
    const there = readAuthority(folder, now);
    if (there === undefined) return { ...keep(folder, living.authority, now), made: living.made && living.trouble !== undefined };
    publish(folder, there);
    const isSame = there.certificate === living.authority.certificate;
    return { authority: isSame ? living.authority : there, made: false, trouble: undefined };
  } catch (error) {
    return { ...living, trouble: (error as Error).message };
  }
}

function make(host: string, now: number, maker: Maker): Authority {
  const name = `Fairlead development CA ${host.slice(0, 24)} ${new Date(now).toISOString().slice(0, 10)}`;
  const until = now + LIFE;
  // Clocks of other machines may be behind.
  return { ...maker.makeAuthority(name, [now - DAY, until]), name, until };
}

/** `mine`, or what another process has made meanwhile. */
function keep(folder: string, mine: Authority, now: number): Opened {
  // The certificate is for everybody; the key has rights of its own.
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const file = keyFile(folder);
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  writeFileSync(draft, `${mine.key.export({ type: 'pkcs8', format: 'pem' })}${mine.certificate}`, { mode: 0o600, flag: 'wx' });
  try {
    setAside(folder, now);
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft);
  }
  const kept = readAuthority(folder, now);
  if (kept === undefined) return { authority: mine, made: true, trouble: `'${file}' is there and leads nowhere` };
  publish(folder, kept);
  return { authority: kept, made: kept.certificate === mine.certificate, trouble: undefined };
}

/** The one that has expired, if it is still there: another process may have been faster. */
function setAside(folder: string, now: number): void {
  const old = readAny(folder);
  if (old !== undefined && hasExpired(old, now)) renameSync(keyFile(folder), join(folder, 'ca-key.expired.pem'));
}

/** For people: who cannot write there has read what somebody else has published. */
function publish(folder: string, { certificate }: Authority): void {
  const file = certificateFile(folder);
  try {
    if (readFileSync(file, 'latin1') === certificate) return;
  } catch {
    // It is not there yet.
  }
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(draft, certificate, { mode: 0o644, flag: 'wx' });
    renameSync(draft, file);
  } catch {
    // What vouches is the other file.
  }
}
