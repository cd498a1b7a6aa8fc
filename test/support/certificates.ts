/** Certificates of a moment, made by the program `openssl`. */

import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export function hasOpenssl(): boolean {
  return spawnSync('openssl', ['version'], { stdio: 'ignore' }).status === 0;
}

/** PEM files in a folder, `<name>.pem` and `<name>.key`. */
export class Certificates {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  read(name: string): string {
    return readFileSync(this.file(name), 'utf8');
  }

  authority(name: string): void {
    this.openssl('req', '-x509', '-days', '2', ...this.keyOf(name), '-out', this.file(`${name}.pem`));
  }

  /** @param extension `subjectAltName=IP:127.0.0.1` */
  certificate(name: string, authority: string, extension: string): void {
    this.openssl('req', '-new', ...this.keyOf(name), '-out', this.file(`${name}.csr`));
    writeFileSync(this.file(`${name}.ext`), `${extension}\n`);
    const signed = ['-CA', this.file(`${authority}.pem`), '-CAkey', this.file(`${authority}.key`), '-CAcreateserial', '-days', '2'];
    this.openssl(
      'x509',
      '-req',
      '-in',
      this.file(`${name}.csr`),
      ...signed,
      '-extfile',
      this.file(`${name}.ext`),
      '-out',
      this.file(`${name}.pem`),
    );
  }

  private keyOf(name: string): readonly string[] {
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    return [...kind, '-subj', `/CN=${name}`, '-keyout', this.file(`${name}.key`)];
  }

  private openssl(...args: readonly string[]): void {
    execFileSync('openssl', args, { stdio: 'pipe' });
  }
}
