/**
 * TLS words while they are read: what both ends may say, what `global` says for all of them, and the way from them to what they
 * mean. As in HAProxy, `ssl-default-*`, `crt-base` and `ca-base` count for the lines below them.
 */

import { resolve } from 'node:path';
import type { Mutable } from './draft.ts';
import type {
  BindSslConfig,
  GlobalTlsConfig,
  PathBases,
  ServerSslConfig,
  TlsDefaults,
  TlsOptions,
  TlsVersion,
  VersionWords,
} from './model-tls.ts';
import type { Read } from './values.ts';

/** From old to new. No OpenSSL of today has SSLv3. */
export const TLS_VERSIONS: readonly TlsVersion[] = ['SSLv3', 'TLSv1.0', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];

const OLDEST = 1;
const NEWEST = TLS_VERSIONS.length - 1;

/** Undefined is "not said", so that `global` can say it. */
export interface TlsWords {
  readonly versions: VersionWords;
  readonly ciphers: string | undefined;
  readonly ciphersuites: string | undefined;
  /** `curves` wins over `ecdhe`, wherever it stands. */
  readonly curves: string | undefined;
  readonly ecdhe: string | undefined;
  readonly alpn: readonly string[];
  readonly tickets: boolean | undefined;
  readonly caFile: string | undefined;
  readonly crlFile: string | undefined;
  readonly bases: PathBases;
}

/** While `global` is read; the parts are replaced, never changed, so that lines can keep what counted for them. */
export type TlsGlobals = Mutable<GlobalTlsConfig>;

export const NO_VERSIONS: VersionWords = { disabled: [], min: undefined, max: undefined };

export const NO_DEFAULTS: TlsDefaults = {
  versions: NO_VERSIONS,
  ciphers: undefined,
  ciphersuites: undefined,
  curves: undefined,
  tickets: undefined,
  preferClientCiphers: false,
  verify: 'required',
};

export function newTlsGlobals(cwd: string): TlsGlobals {
  return { bases: { crt: cwd, ca: cwd, cwd }, bind: NO_DEFAULTS, server: NO_DEFAULTS, lifetime: 300_000 };
}

export function newTlsWords(bases: PathBases): TlsWords {
  const nothing = { ciphers: undefined, ciphersuites: undefined, curves: undefined, ecdhe: undefined, tickets: undefined };
  return { ...nothing, versions: NO_VERSIONS, alpn: [], caFile: undefined, crlFile: undefined, bases };
}

export interface BindSslWords extends TlsWords {
  /** `ssl`: without it the others are of no effect. */
  readonly on: boolean;
  readonly crt: readonly string[];
  readonly crtLists: readonly string[];
  readonly crtOrder: readonly ('crt' | 'crt-list')[];
  readonly selfSigned: boolean;
  readonly verify: BindSslConfig['verify'] | undefined;
  readonly caVerifyFile: string | undefined;
  readonly caNames: boolean;
  readonly caIgnoreErrors: BindSslConfig['caIgnoreErrors'];
  readonly crtIgnoreErrors: BindSslConfig['crtIgnoreErrors'];
  readonly strictSni: boolean;
  readonly preferClientCiphers: boolean;
  readonly ticketKeys: string | undefined;
  readonly defaults: TlsDefaults;
}

export function newBindSslWords(globals: TlsGlobals): BindSslWords {
  return {
    ...newTlsWords(globals.bases),
    defaults: globals.bind,
    on: false,
    crt: [],
    crtLists: [],
    crtOrder: [],
    selfSigned: false,
    verify: undefined,
    caVerifyFile: undefined,
    caNames: true,
    caIgnoreErrors: [],
    crtIgnoreErrors: [],
    strictSni: false,
    preferClientCiphers: false,
    ticketKeys: undefined,
  };
}

export interface ServerSslWords extends TlsWords {
  readonly verify: ServerSslConfig['verify'] | undefined;
  readonly crt: string | undefined;
  readonly sni: string | undefined;
  readonly verifyhost: string | undefined;
  readonly reuse: boolean;
  readonly defaults: TlsDefaults;
}

export function newServerSslWords(globals: TlsGlobals): ServerSslWords {
  const nothing = { verify: undefined, crt: undefined, sni: undefined, verifyhost: undefined };
  return { ...newTlsWords(globals.bases), ...nothing, reuse: true, defaults: globals.server };
}

/** A file of certificates under `crt-base`. */
export function crtPath(bases: PathBases, name: string): string {
  return resolve(bases.crt, name);
}

/** A file of authorities or revocations under `ca-base`; `@system-ca` is none. */
export function caPath(bases: PathBases, name: string): string {
  return name.startsWith('@') ? name : resolve(bases.ca, name);
}

/** `h2,http/1.1` */
export function readAlpn(value: string): Read<readonly string[]> {
  const names = value.split(',').filter((name) => name !== '');
  const long = names.find((name) => Buffer.byteLength(name) > 255);
  return long === undefined ? { value: names } : { error: "'alpn' : one protocol name is longer than 255" };
}

/** A line's words before those of `global`. */
function laidOver(words: VersionWords, defaults: VersionWords): VersionWords {
  return {
    disabled: [...new Set([...defaults.disabled, ...words.disabled])],
    min: words.min ?? defaults.min,
    max: words.max ?? defaults.max,
  };
}

/** What HAProxy says of versions that do not fit each other. */
export type VersionsProblem =
  | { readonly kind: 'ignored' }
  | { readonly kind: 'ambiguous'; readonly min: TlsVersion }
  | { readonly kind: 'hole'; readonly version: TlsVersion }
  | { readonly kind: 'none' };

export interface VersionRange extends Pick<TlsOptions, 'minVersion' | 'maxVersion'> {
  readonly problems: readonly VersionsProblem[];
}

/** @param least what is the oldest where no word says it: clients get TLSv1.2 and later, servers all that OpenSSL has */
export function versionRange(words: VersionWords, defaults: VersionWords, least: TlsVersion): VersionRange {
  const { disabled, min, max } = laidOver(words, defaults);
  const problems: VersionsProblem[] = [];
  const bounded = min !== undefined || max !== undefined;
  if (bounded && disabled.length > 0) problems.push({ kind: 'ignored' });
  const top = max === undefined ? NEWEST : TLS_VERSIONS.indexOf(max);
  let bottom = TLS_VERSIONS.indexOf(min ?? least);
  if (min === undefined && top < bottom) {
    bottom = top;
    problems.push({ kind: 'ambiguous', min: versionAt(top) });
  }
  const usable = (index: number): boolean => index >= bottom && index <= top && (bounded || !disabled.includes(versionAt(index)));
  let first: number | undefined;
  let last = NEWEST;
  let hole: number | undefined;
  for (let index = OLDEST; index <= NEWEST; index++) {
    if (usable(index)) {
      if (hole !== undefined) problems.push({ kind: 'hole', version: versionAt(hole) });
      hole = undefined;
      first ??= index;
      last = index;
    } else if (first !== undefined) hole = index;
  }
  if (first === undefined) problems.push({ kind: 'none' });
  return { minVersion: versionAt(first ?? NEWEST), maxVersion: versionAt(last), problems };
}

function versionAt(index: number): TlsVersion {
  return TLS_VERSIONS[index] ?? 'TLSv1.3';
}

export function bindVersions(words: BindSslWords): VersionRange {
  return versionRange(words.versions, words.defaults.versions, 'TLSv1.2');
}

export function serverVersions(words: ServerSslWords): VersionRange {
  return versionRange(words.versions, words.defaults.versions, 'TLSv1.0');
}

function finishTls(words: TlsWords, defaults: TlsDefaults, { minVersion, maxVersion }: VersionRange): TlsOptions {
  return {
    minVersion,
    maxVersion,
    ciphers: words.ciphers ?? defaults.ciphers,
    ciphersuites: words.ciphersuites ?? defaults.ciphersuites,
    curves: words.curves ?? defaults.curves ?? words.ecdhe,
    alpn: words.alpn,
    tickets: words.tickets ?? defaults.tickets ?? true,
  };
}

/** The same words have one meaning, so that what is made of it is made once. */
function remembering<Words extends object, Meaning>(finish: (words: Words) => Meaning): (words: Words) => Meaning {
  const known = new WeakMap<Words, Meaning>();
  return (words) => {
    const before = known.get(words);
    if (before !== undefined) return before;
    const meaning = finish(words);
    known.set(words, meaning);
    return meaning;
  };
}

/** The sockets of a line share it. */
export const finishBindSsl = remembering((words: BindSslWords): BindSslConfig => {
  const { defaults, preferClientCiphers, verify = 'none', crt, crtLists, selfSigned, caFile, crlFile, ticketKeys, bases } = words;
  const { crtOrder, caVerifyFile, caNames, caIgnoreErrors, crtIgnoreErrors, strictSni } = words;
  return {
    ...finishTls(words, defaults, bindVersions(words)),
    ...{ crt, crtLists, crtOrder, selfSigned, verify, caFile, crlFile, caVerifyFile, caNames, caIgnoreErrors, crtIgnoreErrors },
    ...{ strictSni, ticketKeys, bases },
    preferClientCiphers: preferClientCiphers || defaults.preferClientCiphers,
  };
});

/** Servers under the same `default-server` without words of their own share it. */
export const finishServerSsl = remembering((words: ServerSslWords): ServerSslConfig => {
  const { defaults, verify, caFile, crlFile, crt, sni, verifyhost, reuse, bases } = words;
  return {
    ...finishTls(words, defaults, serverVersions(words)),
    ...{ verify: verify ?? defaults.verify, caFile, crlFile, crt, sni, verifyhost, reuse, bases },
    ...(verify === undefined ? {} : { verifySaid: true }),
  };
});

/** The way back: all that counts for it has been said. */
export function reopenServerSsl(config: ServerSslConfig): ServerSslWords {
  const { minVersion, maxVersion, verifySaid: _said, ...rest } = config;
  const versions = {
    disabled: [],
    min: minVersion === 'TLSv1.0' ? undefined : minVersion,
    max: maxVersion === 'TLSv1.3' ? undefined : maxVersion,
  };
  return { ...rest, versions, ecdhe: undefined, defaults: NO_DEFAULTS };
}
