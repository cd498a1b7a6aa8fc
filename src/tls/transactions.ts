/**
 * What operators have handed in and not yet put into force (management 9.3 `set ssl cert`, `set ssl ca-file`, `set ssl crl-file`): one
 * of each kind at a time, as in HAProxy. What is put into force counts from the next handshake on, until its file changes or the
 * configuration is read again.
 *
 * Invariant: what cannot be used by every line that names it changes nothing.
 */

import { createSecureContext } from 'node:tls';
import type { Authorities } from './authorities.ts';
import type { Certificates } from './certificates.ts';
import type { CrtList } from './crt-list.ts';
import { type Parts, whole } from './pem.ts';

class Transaction<T> {
  private pending: { readonly file: string; readonly value: T } | undefined = undefined;

  /** Whose it is. */
  get file(): string | undefined {
    return this.pending?.file;
  }

  /** What is handed in. */
  get value(): T | undefined {
    return this.pending?.value;
  }

  set(file: string, value: T): 'created' | 'updated' {
    const before = this.pending;
    this.pending = { file, value };
    return before === undefined ? 'created' : 'updated';
  }

  end(): void {
    this.pending = undefined;
  }
}

export class Transactions {
  readonly cert: Transaction<Parts> = new Transaction<Parts>();
  readonly 'ca-file': Transaction<Authorities> = new Transaction<Authorities>();
  readonly 'crl-file': Transaction<Authorities> = new Transaction<Authorities>();
  private readonly certificates: Certificates;

  constructor(certificates: Certificates) {
    this.certificates = certificates;
  }

  /** Throws an Error in HAProxy's words, as all that follow. */
  commitCertificate(): void {
    const { file, value: parts } = this.cert;
    if (file === undefined || parts === undefined) return;
    const { library } = this.certificates;
    if (parts.certificate === undefined || parts.key === undefined) {
      throw new Error('The transaction must contain at least a certificate and a private key!');
    }
    const bundle = library.completed(whole(parts, file, undefined));
    // OpenSSL's own opinion: no line may use it so far.
    const { certificate, key } = bundle;
    createSecureContext({ cert: String(certificate), key: key.export({ type: 'pkcs8', format: 'pem' }) });
    this.put(library.bundles, file, bundle);
    library.empty.delete(file);
    this.cert.end();
  }

  commitAuthorities(kind: 'ca-file' | 'crl-file'): void {
    const { file, value } = this[kind];
    if (file === undefined || value === undefined) return;
    this.put(this.certificates.library.authorities, file, value);
    this[kind].end();
  }

  replaceList(path: string, list: CrtList): void {
    this.put(this.certificates.library.lists, path, list);
  }

  /** What was left out of a line already is no reason. */
  private put<T>(table: Map<string, T>, name: string, value: T): void {
    const { certificates } = this;
    const before = table.get(name);
    const known = new Set(certificates.rebuild());
    table.set(name, value);
    const problem = certificates.rebuild().find((one) => !known.has(one));
    if (problem !== undefined) {
      if (before === undefined) table.delete(name);
      else table.set(name, before);
      certificates.rebuild();
      throw new Error(problem);
    }
    if (certificates.library.ofServers.has(name)) certificates.ofServersChanged();
  }
}
