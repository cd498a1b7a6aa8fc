/**
 * All that listeners' lines name, by the name that they call it: certificates, lists, authorities. What was read stays until
 * `refresh` reads it anew, so that all lines that name one file have the same of it; the Runtime API changes it here, too.
 *
 * Invariant: what is here is good. A file that has become bad leaves what was read of it before.
 */

import { readFileSync, type Stats, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { PathBases, TlsFilesConfig } from '../config/model.ts';
import { type Authorities, readAuthorities } from './authorities.ts';
import { filesOf, isDirectory, readIssuers } from './bundle-files.ts';
import { type CrtList, type CrtListLine, parseCrtList } from './crt-list.ts';
import { ALL_FILES, type Bundle, keyFileOf, readBundle, systemWords } from './pem.ts';

export const DEFAULT_FILES: TlsFilesConfig = {
  ...ALL_FILES,
  issuersChainPath: undefined,
  skipSelfIssuedCa: false,
  dhParamFile: undefined,
  defaultDhParam: undefined,
};

/** As words name them. */
export type AuthorityKind = 'ca-file' | 'crl-file';

export class Library {
  readonly files: TlsFilesConfig;
  /** Where names begin that an operator gives. */
  private readonly bases: PathBases;
  /** Also those that nobody uses (`new ssl cert`). */
  readonly bundles = new Map<string, Bundle>();
  /** Names of certificates that an operator is about to bring. */
  readonly empty = new Set<string>();
  /** What servers' lines name. */
  readonly ofServers = new Set<string>();
  /** Files that lists and directories name, and that are no good so far. */
  private readonly awaited = new Set<string>();
  /** Lists of `crt-list`; directories of `crt` count as such, without words and names. */
  readonly lists = new Map<string, CrtList>();
  readonly authorities = new Map<string, Authorities>();
  /** Which of them are named as what. */
  readonly named: Readonly<Record<AuthorityKind, Set<string>>> = { 'ca-file': new Set(), 'crl-file': new Set() };
  private issuers: ReturnType<typeof readIssuers> = new Map();
  /** What `crt` names that are no file have meant: `site.pem.rsa`, ... */
  private readonly several = new Map<string, readonly string[]>();

  /** Throws an Error for chains of issuers that cannot be read. */
  constructor(files: TlsFilesConfig, bases: PathBases) {
    this.files = files;
    this.bases = bases;
  }

  /** What an operator calls so: by its path, or as the configuration does. */
  certificateNamed(name: string): string {
    const found = [this.bases.crt, this.bases.cwd].map((base) => resolve(base, name));
    return (found.find((file) => this.bundles.has(file) || this.empty.has(file)) ?? found[0]) as string;
  }

  listNamed(name: string): string {
    return resolve(this.bases.cwd, name);
  }

  authoritiesNamed(name: string): string {
    if (name.startsWith('@')) return name;
    const found = [this.bases.ca, this.bases.cwd].map((base) => resolve(base, name));
    return (found.find((path) => this.authorities.has(path)) ?? found[0]) as string;
  }

  /** Throws an Error, as all that follow. */
  readIssuers(): void {
    const { issuersChainPath } = this.files;
    if (issuersChainPath === undefined) return;
    try {
      this.issuers = readIssuers(issuersChainPath);
    } catch (error) {
      throw new Error(`issuers-chain-path: unable to load '${issuersChainPath}': ${systemWords(error)}.`);
    }
  }

  /** The files of `crt <path>`. */
  filesOf(path: string): readonly string[] {
    const known = this.several.get(path);
    if (known !== undefined) return known;
    if (this.bundles.has(path)) return [path];
    const files = filesOf(path, this.files);
    if (isDirectory(path)) this.lists.set(path, { lines: files.map(plainLine), warnings: [] });
    else if (files[0] !== path) this.several.set(path, files);
    return files;
  }

  bundle(file: string): Bundle {
    return this.bundles.get(file) ?? this.readBundle(file);
  }

  readBundle(file: string): Bundle {
    this.awaited.add(file);
    const bundle = this.completed(readBundle(file, this.files));
    this.awaited.delete(file);
    this.bundles.set(file, bundle);
    return bundle;
  }

  /** Of a server's line. It is not waited for: whoever named it is told. */
  bundleOfServer(file: string): Bundle {
    this.ofServers.add(file);
    const bundle = this.bundles.get(file) ?? this.completed(readBundle(file, this.files));
    this.bundles.set(file, bundle);
    return bundle;
  }

  authoritiesOfServer(kind: AuthorityKind, path: string): Authorities {
    this.ofServers.add(path);
    return this.authoritiesOf(kind, path);
  }

  list(path: string): CrtList {
    return this.lists.get(path) ?? this.readList(path);
  }

  readList(path: string): CrtList {
    const list = isDirectory(path) ? { lines: filesOf(path, this.files).map(plainLine), warnings: [] } : parseCrtList(textOf(path), path);
    this.lists.set(path, list);
    return list;
  }

  authoritiesOf(kind: AuthorityKind, path: string): Authorities {
    const authorities = this.authorities.get(path) ?? this.readAuthorities(path);
    if (kind === 'crl-file') mustRevoke(authorities, path);
    this.named[kind].add(path);
    return authorities;
  }

  readAuthorities(path: string): Authorities {
    const authorities = readAuthorities(path);
    if (this.named['crl-file'].has(path)) mustRevoke(authorities, path);
    this.authorities.set(path, authorities);
    return authorities;
  }

  /** Answers whether it says anything else than before. `file`: the certificate that it belongs to. Throws what is wrong with it. */
  reread(path: string, file: string | undefined): boolean {
    if (file !== undefined) {
      const before = this.bundles.get(file);
      return !sameBundle(before, this.readBundle(file));
    }
    if (this.lists.has(path)) {
      const before = this.lists.get(path);
      return !isDeepStrictEqual(before, this.readList(path));
    }
    const before = this.authorities.get(path);
    return before !== undefined && !isDeepStrictEqual(before, this.readAuthorities(path));
  }

  /** The chain that a certificate without one lacks. */
  completed(bundle: Bundle): Bundle {
    const issued = bundle.chain.length > 0 ? undefined : this.issuers.get(bundle.certificate.issuer);
    const chain = issued ?? bundle.chain;
    const isRoot = chain.length === 1 && chain[0]?.subject === chain[0]?.issuer;
    if (this.files.skipSelfIssuedCa && isRoot) return { ...bundle, chain: [] };
    return issued === undefined ? bundle : { ...bundle, chain };
  }

  /** Everything whose change is to be noticed: what was read, what lies beside it, and where it lies. */
  watched(): Set<string> {
    const paths = new Set<string>([...this.lists.keys(), ...this.authorities.keys()]);
    for (const file of [...this.bundles.keys(), ...this.awaited]) {
      paths.add(file);
      if (this.files.extraFiles.has('key')) paths.add(keyFileOf(file, this.files.extraDelExt));
    }
    return paths;
  }

  /** What its list no longer names is not looked at any more; what an operator has brought, or taken off a list, stays. */
  drop(unused: Iterable<string>): void {
    for (const file of unused) if (!this.ofServers.has(file)) this.bundles.delete(file);
    const listed = new Set([...this.lists.values()].flatMap(({ lines }) => lines.map(({ file }) => file)));
    for (const file of this.awaited) if (!listed.has(file)) this.awaited.delete(file);
  }

  /** How each of them is now, to be compared. */
  stamps(): ReadonlyMap<string, string> {
    return new Map([...this.watched()].map((path) => [path, stampText(statSync(path, { throwIfNoEntry: false }))]));
  }

  /** The certificate whose file, or key, this is. */
  bundleOf(path: string): string | undefined {
    if (this.bundles.has(path) || this.awaited.has(path)) return path;
    return [...this.bundles.keys(), ...this.awaited].find((file) => keyFileOf(file, this.files.extraDelExt) === path);
  }
}

/** Without any list HAProxy turns every client away, and OpenSSL none, the revoked ones included. */
function mustRevoke({ revocations }: Authorities, path: string): void {
  if (revocations.length === 0) throw new Error(`no list of revoked certificates (X509 CRL) in '${path}'`);
}

/** Those of a directory have no number, as for HAProxy. */
function plainLine(file: string): CrtListLine {
  return { file, words: [], filters: [], line: 0 };
}

/** Of what a path leads to: `..data` of a mounted secret is a link that points elsewhere one day. */
export function stampText(stats: Stats | undefined): string {
  return stats === undefined ? 'none' : [stats.dev, stats.ino, stats.size, stats.mtimeMs, stats.ctimeMs].join(' ');
}

function sameBundle(one: Bundle | undefined, other: Bundle): boolean {
  if (one === undefined || one.dh !== other.dh || !one.key.equals(other.key)) return false;
  const textOf = ({ certificate, chain }: Bundle) => [certificate, ...chain].map(String).join('');
  return textOf(one) === textOf(other);
}

/** The path of a list's certificate. */
export function underBase(base: string, file: string): string {
  return file.startsWith('/') ? file : join(base, file);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    throw new Error(`cannot open file '${path}' : ${systemWords(error)}`);
  }
}
