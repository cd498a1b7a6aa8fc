/**
 * How servers are spoken to by TLS: what OpenSSL is told, made of what their words say and of the files that these name. Servers
 * with the same words share it, a thousand of them as well as two.
 *
 * What a configuration says is read while it is prepared (`check`), so that `-c`, the start and a reload agree on it, and counts when
 * that configuration does (`adopt`). What comes later, from a source or an operator, is read when it comes (`refusal`): a file
 * that is no good keeps that server down and nobody else.
 */

import { createHash } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { ServerSslConfig } from '../config/model.ts';
import { TlsCounters } from '../core/tls-counters.ts';
import { type Authorities, readAuthorities } from './authorities.ts';
import { SUITES, VERSIONS } from './contexts.ts';
import type { AuthorityKind } from './library.ts';
import { type Bundle, readBundle } from './pem.ts';

interface Made {
  readonly context: SecureContext | undefined;
  /** Of all that OpenSSL was told, a digest; empty where there is no context. */
  readonly content: string;
  /** Why there is none. */
  readonly error: string | undefined;
  /** What is doubtful of its files, and no reason not to use it. */
  readonly doubts: readonly string[];
}

/** Where files are read, that they can be replaced there. All throw an Error in HAProxy's words. */
export interface ServerFiles {
  bundleOfServer(file: string): Bundle;
  authoritiesOfServer(kind: AuthorityKind, path: string): Authorities;
}

const FROM_DISK: ServerFiles = { bundleOfServer: (file) => readBundle(file), authoritiesOfServer: (_kind, path) => readAuthorities(path) };

/** Words of labels may be anything: beyond so many different ones, those of the past are forgotten. */
const MOST = 1000;

export class ServerContexts {
  /** Of connections to servers, those of checks included. */
  counters: TlsCounters = new TlsCounters();
  private files: ServerFiles;
  private byWords = new Map<string, Made>();
  private byConfig = new WeakMap<ServerSslConfig, Made>();

  constructor(files: ServerFiles = FROM_DISK) {
    this.files = files;
  }

  /** Undefined where there is none: `refusal` says why. */
  of(ssl: ServerSslConfig): SecureContext | undefined {
    return this.made(ssl).context;
  }

  /** The same for as long as the files that are named say the same. */
  contentOf(ssl: ServerSslConfig): string {
    return this.made(ssl).content;
  }

  /** What is wrong with a server of these words; undefined where nothing is. What was wrong before is looked at again. */
  refusal(ssl: ServerSslConfig): string | undefined {
    if (this.made(ssl).error === undefined) return undefined;
    this.byConfig.delete(ssl);
    this.byWords.delete(wordsOf(ssl));
    return this.made(ssl).error;
  }

  /** As `refusal`, and what is doubtful. */
  check(ssl: ServerSslConfig): Pick<Made, 'error' | 'doubts'> {
    return this.made(ssl);
  }

  /** What `prepared` has read counts from now on. */
  adopt(prepared: ServerContexts): void {
    this.files = prepared.files;
    this.byWords = prepared.byWords;
    this.byConfig = prepared.byConfig;
  }

  private made(ssl: ServerSslConfig): Made {
    const known = this.byConfig.get(ssl);
    if (known !== undefined) return known;
    const words = wordsOf(ssl);
    const made = this.byWords.get(words) ?? make(ssl, this.files);
    if (this.byWords.size >= MOST) this.byWords.clear();
    this.byWords.set(words, made);
    this.byConfig.set(ssl, made);
    return made;
  }
}

/** All that a context is made of; what else is said counts for each connection. */
function wordsOf({
  minVersion,
  maxVersion,
  ciphers,
  ciphersuites,
  curves,
  tickets,
  caFile,
  crlFile,
  crt,
  verify,
}: ServerSslConfig): string {
  return JSON.stringify([minVersion, maxVersion, ciphers, ciphersuites, curves, tickets, caFile, crlFile, crt, verify]);
}

function make(ssl: ServerSslConfig, files: ServerFiles): Made {
  const doubts: string[] = [];
  try {
    const options = optionsOf(ssl, files, doubts);
    const content = createHash('sha256').update(JSON.stringify(options)).digest('base64');
    return { context: createSecureContext(options), content, error: undefined, doubts };
  } catch (error) {
    return { context: undefined, content: '', error: (error as Error).message, doubts };
  }
}

const NO_AUTHORITY =
  "verify is enabled by default but no CA file specified. If you're running on a LAN where you're certain to trust the server's " +
  "certificate, please set an explicit 'verify none' statement on the 'server' line, or use 'ssl-server-verify none' in the global section " +
  'to disable server-side verifications by default.';

/** OpenSSL's `SSL_OP_NO_TICKET`. */
const NO_TICKET = 0x4000;

/** Throws an Error in HAProxy's words. */
function optionsOf(ssl: ServerSslConfig, files: ServerFiles, doubts: string[]): SecureContextOptions {
  const { minVersion, maxVersion, ciphers, ciphersuites, curves, tickets, caFile, crlFile, crt, verify } = ssl;
  const authorities = caFile === undefined ? undefined : files.authoritiesOfServer('ca-file', caFile);
  const revoked = crlFile === undefined ? undefined : files.authoritiesOfServer('crl-file', crlFile);
  doubts.push(...(authorities?.doubts ?? []), ...(revoked?.doubts ?? []));
  if (verify === 'required' && authorities === undefined) throw new Error(NO_AUTHORITY);
  const bundle = crt === undefined ? undefined : files.bundleOfServer(crt);
  // Without `verify` nobody asks, and authorities take their time to be read.
  const asked = verify === 'required';
  // As HAProxy: those in a `ca-file` count where there is a `crl-file`. OpenSSL wants one of every authority as soon as there is any.
  const revocations = revoked === undefined ? [] : [...(authorities?.revocations ?? []), ...revoked.revocations];
  const options: SecureContextOptions = {
    minVersion: VERSIONS[minVersion],
    maxVersion: VERSIONS[maxVersion],
    ca: asked ? [...(authorities?.certificates ?? [])] : [],
    ...(asked && revocations.length > 0 ? { crl: revocations } : {}),
    ...(curves === undefined ? {} : { ecdhCurve: curves }),
    ...(tickets ? {} : { secureOptions: NO_TICKET }),
    ...(bundle === undefined
      ? {}
      : { cert: [bundle.certificate, ...bundle.chain].map(String).join(''), key: bundle.key.export({ type: 'pkcs8', format: 'pem' }) }),
  };
  const suites = ciphersuites ?? SUITES;
  const list = ciphers ?? 'DEFAULT';
  if (ciphers !== undefined) attempt({ ciphers: `${SUITES}:${ciphers}` }, `unable to set SSL cipher list to '${ciphers}'.`);
  if (ciphersuites !== undefined) {
    attempt({ ciphers: `${ciphersuites}:DEFAULT` }, `unable to set TLS 1.3 cipher suites to '${ciphersuites}'.`);
  }
  if (curves !== undefined) attempt({ ecdhCurve: curves }, `unable to set elliptic named curve to '${curves}'.`);
  return { ...options, ciphers: `${suites}:${list}` };
}

/** Which of several words is wrong OpenSSL does not tell. */
function attempt(options: SecureContextOptions, complaint: string): void {
  try {
    createSecureContext(options);
  } catch {
    throw new Error(complaint);
  }
}
